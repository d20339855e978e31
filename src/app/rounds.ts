// Repeats the house's chores, each at its own pace, one run of each at a time; a chore that fails is done again later.
import type { Clock, Logger } from '../ports/stores.ts';

export interface RoundDoors {
  readonly clock: Clock;
  readonly log: Logger;
}

export type Chore = (signal: AbortSignal) => Promise<void>;

export class Rounds {
  readonly #doors: RoundDoors;
  readonly #stops = new Set<() => Promise<void>>();

  constructor(doors: RoundDoors) {
    this.#doors = doors;
  }

  /**
   * Does it now and then again `ms` after each end; returns how to stop it, which tells the chore so. `kind` names it in the log.
   */
  every(ms: number, kind: string, chore: Chore): () => Promise<void> {
    const control = new AbortController();
    const running = this.#run(ms, kind, chore, control.signal);
    const stop = async (): Promise<void> => {
      this.#stops.delete(stop);
      control.abort();
      await running;
    };
    this.#stops.add(stop);
    return stop;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#stops].map(async (stop) => await stop()));
  }

  async #run(ms: number, kind: string, chore: Chore, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await chore(signal);
      } catch (error) {
        this.#doors.log.warn({ kind, error }, 'a chore failed, will try again');
      }
      // An aborted sleep is how a chore ends.
      await this.#doors.clock.sleep(ms, signal).catch(() => undefined);
    }
  }
}
