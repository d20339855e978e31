// Whether a login's line may be opened now: not while the account is banned, not by itself when it was too often today. Knows no line.
import type { Clock } from '../../ports/stores.ts';
import { stillBanned, type Parting } from './errors.ts';
import type { Pacing } from './pacing.ts';
import type { Reconnects } from './reconnects.ts';

export interface Measures {
  readonly pacing: Pick<Pacing, 'banned'> | undefined;
  readonly reconnects: Pick<Reconnects, 'refusal' | 'tell'>;
}

/**
 * @param asked its person wants it: no measure of ours holds it back
 * @returns what the login's state is instead; undefined when it may be opened @throws FencedError, BridgeError (database)
 */
export async function closedNow(
  { pacing, reconnects }: Measures,
  clock: Clock,
  asked: boolean,
): Promise<Pick<Parting, 'state' | 'error'> | undefined> {
  const ban = pacing?.banned(clock.now());
  if (ban !== undefined) return stillBanned(ban, clock.now());
  const error = asked ? undefined : reconnects.refusal();
  if (error === undefined) return undefined;
  await reconnects.tell(error);
  return { state: 'offline', error };
}
