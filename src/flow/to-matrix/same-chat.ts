// Two direct chats that turned out to be one person's: the room goes over, or says where the conversation goes on; knows no network.
import type { Delivery } from '../../model/delivery.ts';
import { originKey } from '../../model/effect.ts';
import type { NewEntry } from '../../model/entry.ts';
import { loginOwner, portalKeyText, toMatrixLane, type ChatId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { Portal, Puppet } from '../../model/records.ts';
import { say } from '../../model/say.ts';
import type { FlowDoors, Plan } from '../doors.ts';
import { isDone } from '../done.ts';
import { sayOnce } from '../tellings.ts';

type Owed = Extract<Delivery, { to: 'matrix' }>;
type SameChat = Extract<NetworkEvent, { kind: 'same-chat' }>;

/** What has to be said and done before this login's chats are joined. @returns undefined when they may be now */
export async function beforeJoining(doors: FlowDoors, event: SameChat): Promise<Plan | undefined> {
  await tellOtherLogins(doors, event);
  const former = { ...event.portal, chat: event.before };
  // It may be about to open the room that goes over, and comes before whatever is said from now on.
  const earlier = await doors.queue.unsettled(toMatrixLane(former));
  if (earlier.length > 0) return { do: 'wait', ms: 100, code: 'former-first' };
  return (await doors.portals.byKey(former)) === undefined ? { do: 'nothing', code: 'no-former' } : undefined;
}

/** A network learns it through one login, in one process; every login has rooms of its own with that person. */
async function tellOtherLogins(doors: FlowDoors, event: SameChat): Promise<void> {
  const { network, receiver: own } = event.portal;
  const formers = await doors.portals.list({ network, chat: event.before });
  const entries = formers.flatMap(({ key: { receiver }, into }): readonly NewEntry[] => {
    if (receiver === undefined || receiver === own || into !== undefined) return [];
    const portal = { ...event.portal, receiver };
    const key = originKey(portal, 'same-chat', event.before);
    const payload = { from: 'network', puppet: receiver, event: { ...event, key, portal } } as const;
    return [{ key, lane: toMatrixLane(portal), owner: loginOwner(receiver), payload }];
  });
  if (entries.length > 0) await doors.queue.accept({ entries });
}

/**
 * Where only the former chat has a room, this chat takes it over. Where both have one, the former stays open, so that nothing
 * written there is lost, and says where the conversation goes on. Again after a crash: what was done is done once more, in vain.
 */
export async function joinChats(doors: FlowDoors, owed: Owed, before: ChatId, puppet: Puppet): Promise<void> {
  const to = await doors.keeper.know(owed.portal, puppet);
  const former = { ...owed.portal, chat: before };
  const joined = await doors.keeper.join(former, to.key);
  const from = await doors.portals.byKey(former);
  if (joined?.room !== undefined) {
    await doors.keeper.declare({ ...joined, room: joined.room });
    if (from !== undefined) await sendAway(doors, from, { ...joined, room: joined.room });
    return;
  }
  const now = await doors.portals.byKey(to.key);
  if (joined !== undefined || from?.room === undefined || now?.room === undefined) return;
  const words = say('room.goes-on', { room: now.room });
  const key = `goes-on:${portalKeyText(from.key)}/${now.room}`;
  await sayOnce(doors, { key, room: from.room, reader: puppet.owner, words });
}

/** One person has one ghost from here on; the new one comes when it speaks. */
async function sendAway(
  doors: FlowDoors,
  { person, key: { network } }: Portal,
  joined: Portal & { readonly room: NonNullable<Portal['room']> },
): Promise<void> {
  if (person === undefined || person === joined.person) return;
  if ((await doors.ghosts.find(network, person))?.registered !== true) return;
  const ghost = await doors.matrix.ghost(network, person);
  await isDone(async () => await ghost.leave(joined.room));
}
