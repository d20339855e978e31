// A clock that stands still until a test moves it; sleepers wake in order. Knows nothing of what waits on it.
import type { Clock } from '../../src/ports/stores.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export class MemoryClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  /** @param start epoch ms */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  /** Does anybody sleep? */
  isAwaited(): boolean {
    return this.#sleepers.length > 0;
  }

  /** Lets `ms` pass and wakes whoever slept no longer than that. */
  pass(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter((sleeper) => sleeper.at <= this.#now).toSorted((a, b) => a.at - b.at);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at > this.#now);
    for (const sleeper of due) sleeper.wake();
  }
}
