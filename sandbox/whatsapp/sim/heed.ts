// What phones leave out of what others change: edits and deletions that come too late, and those of other people's words by who may
// not. The server passes all of them on; nobody hears that they were left out. Pure.

import type { LoggedMessage } from '../control-types.ts';

/** Phones take no edit of a message that is older. */
const EDIT_MS = 15 * 60_000;
/** Nor a deletion for everyone by its author: two days and twelve hours. */
const REVOKE_MS = 60 * 3_600_000;

/**
 * @param target what it changes, as the phone has it; a phone that has not got it yet cannot judge
 * @param isAdmin whether its author is an admin of the group in which it was said
 * @returns why it is left out, or null
 */
export function leftOut(
  { kind, from, at }: LoggedMessage,
  target: LoggedMessage | undefined,
  isAdmin: boolean,
): string | null {
  if (target === undefined || (kind !== 'edit' && kind !== 'revoke')) return null;
  const own = from === target.from;
  if (kind === 'edit') return !own ? 'not the author' : at - target.at > EDIT_MS ? 'an edit too late' : null;
  if (!own) return isAdmin ? null : 'not an admin';
  return at - target.at > REVOKE_MS ? 'a deletion too late' : null;
}
