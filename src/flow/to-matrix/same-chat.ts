// Two direct chats that turned out to be one person's: the room goes over, or says where the conversation goes on; knows no network.
import type { Delivery } from '../../model/delivery.ts';
import { originKey } from '../../model/effect.ts';
import type { BridgeAct, NewEntry, QueueEntry } from '../../model/entry.ts';
import { loginOwner, portalKeyText, toMatrixLane, type ChatId, type LaneId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { Portal, Puppet } from '../../model/records.ts';
import { say } from '../../model/say.ts';
import type { FlowDoors, Plan } from '../doors.ts';
import { isDone } from '../done.ts';
import { nextLook } from '../looks.ts';
import { sayOnce } from '../tellings.ts';

type Owed = Extract<Delivery, { to: 'matrix' }>;
type SameChat = Extract<NetworkEvent, { kind: 'same-chat' }>;
type Wake = Extract<BridgeAct, { kind: 'wake' }>;

/** How long what is on its way in a former chat that has its room keeps the other waiting, in ms. */
const FORMER_PATIENCE_MS = 60_000;
/** Between two looks for it, should nobody say that it is done, in ms. */
const LOOKS_MS = [100, 10_000] as const;
/** The same, for what waits beside the former chat's own lane. */
const BESIDE_MS = 500;

/**
 * What has to be said and done before this login's chats are joined. What is still on its way in the former chat may be about to open
 * the room that goes over, and comes before whatever is said from now on. Behind it an act is put that wakes this lane; what comes
 * there later is not waited for. A former chat that has its room is waited for a minute: then only the order is at stake.
 * @returns undefined when they may be joined now
 */
export async function beforeJoining(doors: FlowDoors, entry: QueueEntry, event: SameChat): Promise<Plan | undefined> {
  const former = { ...event.portal, chat: event.before };
  const since = await formerFirst(doors, entry, event, toMatrixLane(former));
  const portal = await doors.portals.byKey(former);
  if (since !== undefined && (portal?.room === undefined || doors.clock.now() - since < FORMER_PATIENCE_MS)) {
    return { do: 'wait', ms: nextLook(doors, since, LOOKS_MS), code: 'former-first' };
  }
  return portal === undefined ? { do: 'nothing', code: 'no-former' } : undefined;
}

/** @returns since when (epoch ms) something that came before in that lane is waited for; undefined when there is nothing (any more) */
async function formerFirst(
  doors: FlowDoors,
  entry: QueueEntry,
  event: SameChat,
  lane: LaneId,
): Promise<number | undefined> {
  const key = `former-first:${entry.key}`;
  const waking = await doors.queue.find(key);
  if (waking !== undefined) {
    const [first] = await doors.queue.unsettled(lane, waking.id, 1);
    return first === undefined ? undefined : waking.receivedAt;
  }
  await tellOtherLogins(doors, event);
  const [first] = await doors.queue.unsettled(lane, undefined, 1);
  if (first === undefined) return undefined;
  const act = { kind: 'wake', lane: entry.lane } as const;
  const owner = event.portal.receiver === undefined ? {} : { owner: loginOwner(event.portal.receiver) };
  const accepted = await doors.queue.accept({ entries: [{ key, lane, ...owner, payload: { from: 'bridge', act } }] });
  return accepted.fresh > 0 ? doors.clock.now() : undefined;
}

/** What waits beside this lane came before as well. */
export async function wake(doors: FlowDoors, entry: QueueEntry, act: Wake): Promise<Plan> {
  const [first] = await doors.queue.unsettled(entry.lane, entry.id, 1);
  if (first !== undefined) return { do: 'wait', ms: BESIDE_MS, code: 'former-first', beside: true };
  await doors.queue.hasten({ lane: act.lane });
  return { do: 'nothing', code: 'woken' };
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
