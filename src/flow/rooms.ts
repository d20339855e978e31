// First contact and comings and goings: who invited whom, who left, which room became encrypted; each case decided here (docs/rooms.md).
import { effectId } from '../model/effect.ts';
import type { Delivery } from '../model/delivery.ts';
import type { QueueEntry } from '../model/entry.ts';
import { loginOwner, toMatrixLane, type RoomId, type UserId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/matrix-event.ts';
import type { Portal, Puppet } from '../model/records.ts';
import { plainText } from '../model/message.ts';
import { say, type Say } from '../model/say.ts';
import type { Speaker } from '../ports/matrix.ts';
import { render } from '../words/index.ts';
import { portalKeyOf } from '../bridge/puppets.ts';
import { languageOf, mayBridge, titleOf, type FlowDoors, type Plan } from './doors.ts';
import { isPrivate, managementRoom } from './management.ts';
import { notice, refusal } from './to-network/report.ts';

type Membership = Extract<MatrixEvent, { kind: 'membership' }>;
type RoomChange = Extract<MatrixEvent, { kind: 'encryption-on' | 'encrypted' | 'tombstone' }>;

export async function handleMembership(doors: FlowDoors, entry: QueueEntry, event: Membership): Promise<Plan> {
  const bot = doors.matrix.bot.user;
  if (doors.matrix.isOurs(event.sender)) return none('own');
  if (event.now === 'invite' && event.user === bot) return await botInvited(doors, entry, event);
  if (event.now === 'invite' && doors.matrix.isOurs(event.user)) return await ghostInvited(doors, entry, event);
  if (event.now === 'join' && !doors.matrix.isOurs(event.user)) return await personCame(doors, event);
  if (event.now === 'leave' || event.now === 'ban') return await someoneLeft(doors, event);
  return none('membership');
}

/** The bot in a private room becomes its person's management room; in an encrypted one it says so and opens its own. */
async function botInvited(doors: FlowDoors, entry: QueueEntry, event: Membership): Promise<Plan> {
  await doors.matrix.bot.join(event.room);
  const members = await doors.matrix.members(event.room);
  const encrypted = event.encrypted || (await doors.matrix.isEncrypted(event.room));
  if (!isPrivate(members, event.sender, doors.matrix.bot.user)) {
    await speak(doors, doors.matrix.bot, entry, event.room, event.sender, say('room.not-private'));
    await doors.matrix.bot.leave(event.room);
    return none('not-private');
  }
  if (encrypted) {
    await speak(doors, doors.matrix.bot, entry, event.room, event.sender, say('room.encrypted-invite'));
    const room = await managementRoom(doors, event.sender);
    return { do: 'deliver', deliveries: [greeting(entry, room, event.sender)] };
  }
  const person = await doors.persons.find(event.sender);
  const language = person?.language ?? doors.settings.defaultLanguage;
  await doors.persons.save({ user: event.sender, language, managementRoom: event.room });
  return { do: 'deliver', deliveries: [greeting(entry, event.room, event.sender)] };
}

/** Somebody's "Message" button on a ghost: the room becomes the portal if the rules allow, else the ghost says why and leaves. */
async function ghostInvited(doors: FlowDoors, entry: QueueEntry, event: Membership): Promise<Plan> {
  const whom = await doors.ghosts.byUser(event.user);
  if (whom === undefined) return none('unknown-ghost');
  const ghost = await doors.matrix.ghost(whom.network, whom.person);
  if ((await doors.portals.byRoom(event.room)) !== undefined) {
    await ghost.join(event.room);
    return none('ghost-in-portal');
  }
  const network = titleOf(doors, whom.network);
  await ghost.join(event.room);
  const members = await doors.matrix.members(event.room);
  const refuse = async (why: Say): Promise<Plan> => {
    await speak(doors, ghost, entry, event.room, event.sender, why);
    await ghost.leave(event.room);
    return none('ghost-refused');
  };
  if (!isPrivate(members, event.sender, ghost.user)) return await refuse(say('room.ghost-direct-only', { network }));
  if (event.encrypted || (await doors.matrix.isEncrypted(event.room))) return await refuse(say('room.ghost-encrypted'));
  const puppet = (await doors.puppets.ofOwner(event.sender)).find((one) => one.network === whom.network);
  if (puppet === undefined) {
    return await refuse(say('portal.no-login', { network, login: whom.network, bot: doors.matrix.bot.user }));
  }
  const session = doors.session(puppet.id);
  if (session === undefined) return { do: 'reroute', owner: loginOwner(puppet.id) };
  const key = portalKeyOf(puppet, session.directChat(whom.person), 'direct');
  const portal = await doors.keeper.know(key, puppet);
  const verdict = await mayBridge(doors, puppet, portal.facts);
  if (verdict.effect === 'deny') {
    const reason = verdict.because[0]?.reason;
    return await refuse(
      reason === undefined ? say('policy.chat-denied-default') : say('policy.chat-denied', { reason }),
    );
  }
  if (portal.room !== undefined) {
    await doors.keeper.bringIn({ ...portal, room: portal.room }, event.sender);
    return await refuse(say('room.ghost-elsewhere', { room: portal.room }));
  }
  await openPortalLater(doors, { cause: entry.key, puppet, portal: key, user: event.sender, room: event.room });
  return none('adopting');
}

export interface OpenLater {
  readonly cause: string;
  readonly puppet: Puppet;
  readonly portal: Portal['key'];
  readonly user: UserId;
  readonly room?: RoomId;
}

/** Rooms are made only in their chat's own lane, so that two causes never make two. */
export async function openPortalLater(doors: Pick<FlowDoors, 'queue'>, open: OpenLater): Promise<void> {
  const act = { kind: 'open-portal', portal: open.portal, puppet: open.puppet.id, for: open.user } as const;
  await doors.queue.accept({
    entries: [
      {
        key: `open:${open.cause}`,
        lane: toMatrixLane(open.portal),
        owner: loginOwner(open.puppet.id),
        payload: { from: 'bridge', act: open.room === undefined ? act : { ...act, room: open.room } },
      },
    ],
  });
}

/** A person is back in their portal. */
async function personCame(doors: FlowDoors, event: Membership): Promise<Plan> {
  const portal = await doors.portals.byRoom(event.room);
  if (portal?.away === true && (await isPortalPerson(doors, portal, event.user)))
    await doors.portals.save({ ...portal, away: false });
  return none('came');
}

async function someoneLeft(doors: FlowDoors, event: Membership): Promise<Plan> {
  if (doors.matrix.isOurs(event.user)) return none('ghost-left');
  const person = await doors.persons.find(event.user);
  if (person?.managementRoom === event.room) {
    await doors.persons.save({ user: person.user, language: person.language });
    await doors.matrix.bot.leave(event.room);
    return none('management-left');
  }
  const portal = await doors.portals.byRoom(event.room);
  if (portal === undefined) return none('left');
  // The room stays connected: the next message invites its person again. Nobody's contacts are told.
  if (await isPortalPerson(doors, portal, event.user)) await doors.portals.save({ ...portal, away: true });
  return none('person-left');
}

async function isPortalPerson(doors: FlowDoors, portal: Portal, user: UserId): Promise<boolean> {
  const own = await doors.puppets.ofOwner(user);
  if (portal.key.receiver !== undefined) return own.some((puppet) => puppet.id === portal.key.receiver);
  return portal.reader !== undefined && own.some((puppet) => puppet.id === portal.reader);
}

/** Encryption switched on, an encrypted message, an upgraded room. */
export async function handleRoomChange(
  doors: FlowDoors,
  entry: QueueEntry,
  event: RoomChange,
  portal: Portal | undefined,
): Promise<Plan> {
  if (event.kind === 'encrypted' && portal !== undefined) return refusal(entry, event, say('portal.cannot-decrypt'));
  if (event.kind === 'encrypted') return await encryptedOutsidePortal(doors, event);
  if (event.kind === 'encryption-on' && portal !== undefined) {
    await doors.portals.save({ ...portal, encrypted: true });
    const words = say('portal.encryption-forced');
    return { do: 'deliver', deliveries: [notice(effectId(entry.key, 'forced'), event.room, event.sender, words)] };
  }
  return none(event.kind);
}

/** Said once per room: an encrypted room with the bot is answered in clear, and a readable room is opened. */
async function encryptedOutsidePortal(doors: FlowDoors, event: RoomChange): Promise<Plan> {
  const members = await doors.matrix.members(event.room);
  if (!isPrivate(members, event.sender, doors.matrix.bot.user)) return none('encrypted-elsewhere');
  await managementRoom(doors, event.sender);
  const words = say('room.encrypted-invite');
  return {
    do: 'deliver',
    deliveries: [notice(effectId(`encrypted:${event.room}`, 0), event.room, event.sender, words)],
  };
}

function greeting(entry: QueueEntry, room: RoomId, user: UserId): Delivery {
  return notice(effectId(entry.key, 'greeting'), room, user, say('room.management'));
}

async function speak(
  doors: FlowDoors,
  as_: Speaker,
  entry: QueueEntry,
  room: RoomId,
  to: UserId,
  words: Say,
): Promise<void> {
  const text = plainText(render(words, await languageOf(doors, to)));
  await as_.send(room, effectId(entry.key, 'word'), { kind: 'text', as: 'notice', text });
}

function none(code: string): Plan {
  return { do: 'nothing', code };
}
