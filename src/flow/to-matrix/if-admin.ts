// Whether somebody may take back what another said, asked of their network for as long as it takes; knows no wire.
import type { QueueEntry } from '../../model/entry.ts';
import { BridgeError } from '../../model/errors.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { Puppet } from '../../model/records.ts';
import { describedNow } from '../described.ts';
import type { FlowDoors, Plan } from '../doors.ts';
import { nextLook } from '../looks.ts';

/** Between two questions that are not answered, in ms. */
const LOOKS_MS = [1_000, 60_000] as const;

/** Nobody else's message waits for it. @returns what to do instead, unless they are an admin now */
export async function unlessAdmin(
  doors: FlowDoors,
  entry: QueueEntry,
  { portal, sender }: NetworkEvent,
  puppet: Puppet,
): Promise<Plan | undefined> {
  const ms = nextLook(doors, entry.receivedAt, LOOKS_MS);
  const later: Plan = { do: 'wait', ms, code: 'admins-not-told', beside: true };
  const plan = await described(doors, entry, puppet, portal.chat, later);
  if ('plan' in plan) return plan.plan;
  const role = plan.chat.members?.find(({ person }) => person === sender)?.role ?? 'member';
  return role === 'member' ? { do: 'nothing', code: 'not-admin' } : undefined;
}

async function described(...asked: Parameters<typeof describedNow>): ReturnType<typeof describedNow> {
  try {
    return await describedNow(...asked);
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    // Never told to this login, which is out of the chat: what can't be learnt is no proof.
    return { plan: { do: 'nothing', code: 'not-admin' } };
  }
}
