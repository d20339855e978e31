// Waits for something, but not for long; knows nothing of what it is.
import type { Clock } from './stores.ts';

/** Resolves when the work is done or `ms` have passed. @throws what the work throws meanwhile */
export async function atMost(clock: Pick<Clock, 'sleep'>, ms: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  // Called off below.
  const slept = clock.sleep(ms, enough.signal).catch(() => undefined);
  try {
    await Promise.race([work, slept]);
  } finally {
    enough.abort();
  }
}
