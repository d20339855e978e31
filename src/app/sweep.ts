// Once a day throws away what is older than it may be: one worker of all, a little at a time. Knows ages and pace, and no table.
import type { RawConfig } from '../config/schema.ts';
import { as, type OwnerId } from '../model/ids.ts';
import type { Clock, Leases, Logger } from '../ports/stores.ts';
import type { Age, Steps, Upkeep } from '../ports/upkeep.ts';

export interface SweepDoors {
  readonly upkeep: Upkeep;
  readonly leases: Pick<Leases, 'acquire' | 'release'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retention: RawConfig['retention'];
  /** Addresses of the homeserver's media that can be filled no more. @returns how many were forgotten */
  readonly media: () => Promise<number>;
}

const DAY_MS = 24 * 60 * 60_000;
/** Between two steps, in ms: deliveries have the database to themselves most of the time. */
const PAUSE_MS = 50;
/** A homeserver that pushes again, and a network that tells again, do so within this. */
const SEEN_DAYS = 90;
const LANE_DAYS = 90;
/** A worker that nobody has heard of for so long has no login in the making, nor comes back by itself. */
const WORKER_DAYS = 30;
const ATTEMPT_DAYS = 1;

const OWNER = as<OwnerId>('sweep');

export class Sweep {
  readonly #doors: SweepDoors;

  constructor(doors: SweepDoors) {
    this.#doors = doors;
  }

  /** To be called now and then by every worker. Stopped half-way, what is left is done next time. @throws BridgeError without the database */
  async tend(signal: AbortSignal): Promise<void> {
    if (!(await this.#isDue())) return;
    const fence = await this.#doors.leases.acquire(OWNER);
    if (fence === undefined) return;
    try {
      // Another worker may have ended with it in this very moment.
      if (await this.#isDue()) await this.#sweep(signal);
    } finally {
      await this.#doors.leases.release(fence);
    }
  }

  async #isDue(): Promise<boolean> {
    const last = await this.#doors.upkeep.lastAt();
    const now = this.#doors.clock.now();
    // A clock that was set back must not stop it.
    return last === undefined || last > now || now - last >= DAY_MS;
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const { upkeep, clock, log } = this.#doors;
    const now = clock.now();
    let count = 0;
    for (const [kind, steps] of this.#chores(now)) {
      const gone = await this.#walk(steps, signal);
      if (signal.aborted) return;
      if (kind === 'parked' && gone > 0)
        log.warn({ count: gone }, 'what nobody has decided on for long was thrown away');
      count += gone;
    }
    count += await this.#doors.media();
    await upkeep.finished(now);
    log.info({ kind: 'sweep', count, ms: clock.now() - now }, 'what is too old was thrown away');
  }

  #chores(now: number): readonly (readonly [kind: string, steps: Steps])[] {
    const { upkeep, retention } = this.#doors;
    const age = (days: number): Age => ({ now, days });
    return [
      ['links', upkeep.links(age(retention.linkDays))],
      ['parked', upkeep.parked(age(retention.parkedDays))],
      ['keys', upkeep.keys(age(SEEN_DAYS))],
      ['workers', upkeep.workers(age(WORKER_DAYS))],
      ['attempts', upkeep.attempts(age(ATTEMPT_DAYS))],
      ['secrets', upkeep.secrets(age(ATTEMPT_DAYS))],
      ['lanes', upkeep.lanes(age(LANE_DAYS))],
    ];
  }

  async #walk(steps: Steps, signal: AbortSignal): Promise<number> {
    let count = 0;
    for await (const gone of steps) {
      count += gone;
      // An aborted sleep is how a sweep ends half-way.
      await this.#doors.clock.sleep(PAUSE_MS, signal).catch(() => undefined);
      if (signal.aborted) break;
    }
    return count;
  }
}
