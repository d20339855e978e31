// The real clock, which a test may put ahead: whoever has slept for long enough by then wakes. Knows nothing of what waits on it.
import type { Clock } from '../../src/ports/stores.ts';
import { realClock } from './house.ts';

export class AheadClock implements Clock {
  #ahead = 0;
  readonly #sleepers = new Set<AbortController>();

  now(): number {
    return Date.now() + this.#ahead;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.now() + ms;
    for (let left = ms; left > 0; left = until - this.now()) await this.#nap(left, signal);
  }

  /** Lets `ms` pass at once, besides what passes in truth. */
  pass(ms: number): void {
    this.#ahead += ms;
    for (const sleeper of this.#sleepers) sleeper.abort();
  }

  async #nap(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const woken = new AbortController();
    this.#sleepers.add(woken);
    try {
      await realClock.sleep(ms, signal === undefined ? woken.signal : AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!woken.signal.aborted) throw error;
      signal?.throwIfAborted();
    } finally {
      this.#sleepers.delete(woken);
    }
  }
}
