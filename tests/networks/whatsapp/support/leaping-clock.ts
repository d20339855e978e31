// A clock that stands still until a test moves it, for logins on the simulator: what pauses for a moment pauses really. Keeps what was asked.
import type { Clock } from '../../../../src/ports/stores.ts';
import { realClock } from '../../../support/house.ts';
import { MemoryClock } from '../../../support/memory-clock.ts';

/** Shorter pauses are the adapter's own breath, not a wait, in ms. */
const MOMENT_MS = 100;

export class LeapingClock implements Clock {
  readonly #clock = new MemoryClock(Date.now());
  /** How long whoever sleeps meant to, in ms, oldest first. */
  readonly slept: number[] = [];

  now(): number {
    return this.#clock.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms < MOMENT_MS) {
      await realClock.sleep(Math.max(0, ms), signal);
      return;
    }
    this.slept.push(ms);
    await this.#clock.sleep(ms, signal);
  }

  /** Lets so much pass in steps; whoever wakes up has time to act before the next. */
  async pass(ms: number, step = ms): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      this.#clock.pass(Math.min(step, left));
      await realClock.sleep(5);
    }
  }

  /** Lets time pass in steps until there is something. @throws after ten real seconds */
  async passUntil(look: () => unknown, step: number): Promise<void> {
    const limit = AbortSignal.timeout(10_000);
    while (look() !== true) {
      limit.throwIfAborted();
      await this.pass(step);
    }
  }
}
