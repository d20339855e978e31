// What a chat is now, for what the bridge does by itself in the chat's lane: messages there wait no longer than a moment for it. Knows
// no wire.
import type { ChatSnapshot } from '../model/chat.ts';
import { BridgeError } from '../model/errors.ts';
import type { ChatId } from '../model/ids.ts';
import type { QueueEntry } from '../model/entry.ts';
import type { Puppet } from '../model/records.ts';
import type { FlowDoors, Plan } from './doors.ts';
import { nextLook } from './looks.ts';

/** Between two looks for a line that is not open, in ms: the lane is woken when it opens. */
const LOOKS_MS = [500, 10_000] as const;

/** @param unanswered when the network does not tell now @returns the plan to return instead, when there is nothing to go by */
export async function describedNow(
  doors: FlowDoors,
  entry: Pick<QueueEntry, 'receivedAt'>,
  puppet: Puppet,
  chat: ChatId,
  unanswered: Plan,
): Promise<{ readonly chat: ChatSnapshot } | { readonly plan: Plan }> {
  const session = doors.session(puppet.id);
  if (session === undefined) {
    const gone = puppet.state === 'signed-out' || puppet.state === 'paused' || puppet.state === 'stopped';
    if (gone) return { plan: { do: 'nothing', code: 'login-gone' } };
    const ms = nextLook(doors, entry.receivedAt, LOOKS_MS);
    return { plan: { do: 'wait', ms, code: 'login-offline', beside: true } };
  }
  try {
    return { chat: (await session.describeChat(chat)).chat };
  } catch (error) {
    if (!(error instanceof BridgeError) || error.retry === 'never') throw error;
    doors.log.info({ puppet: puppet.id, code: error.code }, 'a chat could not be looked at now');
    return { plan: unanswered };
  }
}
