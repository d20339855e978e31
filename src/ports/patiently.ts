// Does a piece of work again and again while the database is away: how every network waits for the house. Knows nothing of the work.
import { FencedError, RefusedError } from '../model/errors.ts';
import type { Clock, LogFacts, Logger } from './stores.ts';

export interface Patience {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whose work it is. */
  readonly facts: LogFacts;
  /** Aborted when nobody waits any more. */
  readonly closing: AbortSignal;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;

/**
 * @param line what the log says of each failure, a fixed text
 * @throws FencedError; RefusedError, for another try would end alike; the last failure when nobody waits any more
 */
export async function patiently<T>(patience: Patience, line: string, work: () => Promise<T>): Promise<T> {
  const { clock, log, facts, closing } = patience;
  for (let wait = FIRST_RETRY_MS; ; wait = Math.min(LONGEST_RETRY_MS, wait * 2)) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof FencedError || error instanceof RefusedError || closing.aborted) throw error;
      log.warn({ ...facts, error, ms: wait }, line);
      await clock.sleep(wait, closing);
    }
  }
}
