// How a login's person keeps a chat on their phone, kept alike on Matrix, for them alone; knows no wire.
import type { ChatMarks } from '../../model/chat.ts';
import { effectId } from '../../model/effect.ts';
import type { BridgeAct, QueueEntry } from '../../model/entry.ts';
import type { PortalKey } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { Puppet } from '../../model/records.ts';
import { describedNow } from '../described.ts';
import { mayHaveIt, type FlowDoors, type Plan } from '../doors.ts';
import { isDone } from '../done.ts';

/** A chat without a room is asked how it is kept when it gets one: nothing is said, and nobody is asked, for its sake. */
export async function planMarks(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Extract<NetworkEvent, { kind: 'marks' }>,
  puppet: Puppet,
): Promise<Plan> {
  const { portal: key, sender, at, marks } = event;
  const portal = await doors.keeper.find(key);
  if (portal?.room === undefined) return { do: 'nothing', code: 'no-room' };
  if (!(await mayHaveIt(doors, portal, puppet))) return { do: 'nothing', code: 'denied' };
  const duty = { kind: 'marks', marks } as const;
  const delivery = {
    id: effectId(entry.key, 0),
    to: 'matrix',
    portal: key,
    sender,
    duty,
    at,
    late: entry.late,
  } as const;
  return { do: 'deliver', deliveries: [delivery] };
}

/**
 * Done again, it changes nothing. A person who is out of the room, or whom the bridge may not speak for, keeps it as it is; so does one
 * whom no rule lets have the chat, when this was written down before.
 */
export async function keepMarks(doors: FlowDoors, key: PortalKey, puppet: Puppet, marks: ChatMarks): Promise<void> {
  const portal = await doors.keeper.find(key);
  if (portal?.room === undefined || !(await mayHaveIt(doors, portal, puppet))) return;
  const { room } = portal;
  await isDone(async () => void (await doors.matrix.markRoom(puppet.owner, room, marks)));
}

/** They come with their next change: no message is kept waiting for them. */
const UNTOLD: Plan = { do: 'nothing', code: 'marks-not-told' };

export async function markNewRoom(
  doors: FlowDoors,
  entry: QueueEntry,
  act: Extract<BridgeAct, { kind: 'mark' }>,
): Promise<Plan> {
  const portal = await doors.keeper.find(act.portal);
  const puppet = await doors.puppets.find(act.puppet);
  if (portal?.room === undefined || puppet === undefined) return { do: 'nothing', code: 'no-room' };
  if (!(await mayHaveIt(doors, portal, puppet))) return { do: 'nothing', code: 'denied' };
  const described = await describedNow(doors, entry, puppet, act.portal.chat, UNTOLD);
  if ('plan' in described) return described.plan;
  const { marks = {} } = described.chat;
  await keepMarks(doors, act.portal, puppet, marks);
  return { do: 'nothing', code: 'marked' };
}
