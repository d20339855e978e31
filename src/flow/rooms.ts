// First contact and comings and goings: who invited whom, who left, which room changed; each case decided here (docs/rooms.md).
import { effectId } from '../model/effect.ts';
import type { Delivery } from '../model/delivery.ts';
import type { QueueEntry } from '../model/entry.ts';
import { loginOwner, type PuppetId, type RoomId, type UserId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/matrix-event.ts';
import { plainText } from '../model/message.ts';
import type { Portal, Puppet } from '../model/records.ts';
import { say, type Say } from '../model/say.ts';
import { chatRefusal } from '../policy/refusal.ts';
import type { RoomLook, Speaker } from '../ports/matrix.ts';
import { render } from '../words/index.ts';
import { portalKeyOf } from '../bridge/sink.ts';
import { languageOf, mayBridge, titleOf, type FlowDoors, type Plan } from './doors.ts';
import { isDone } from './done.ts';
import { Intake } from './intake.ts';
import { nextLook } from './looks.ts';
import { forgetRoom, isPrivate, lookAt, managementRoom, remember } from './management.ts';
import { groupNetworks } from './room-to-group.ts';
import { openingKey, openPortalLater, outOfSpacesLater, sayOnce, toldInManagement } from './tellings.ts';
import { planGroupActions } from './to-network/group.ts';
import { notice } from './to-network/report.ts';

type Membership = Extract<MatrixEvent, { kind: 'membership' }>;

/** Between two looks whether the room has become the chat's, in ms. */
const ADOPTED_MS = [100, 5_000] as const;

export async function handleMembership(doors: FlowDoors, entry: QueueEntry, event: Membership): Promise<Plan> {
  const bot = doors.matrix.bot.user;
  const gone = event.now === 'leave' || event.now === 'ban';
  if (doors.matrix.isOurs(event.sender)) return none('own');
  const moved =
    doors.matrix.isOurs(event.user) && event.user !== bot ? await ghostMoved(doors, entry, event) : undefined;
  if (moved !== undefined) return moved;
  if (event.now === 'invite' && event.user === bot) return await botInvited(doors, entry, event);
  if (event.now === 'invite' && doors.matrix.isOurs(event.user)) return await ghostInvited(doors, entry, event);
  if (gone && event.user === bot) return await botRemoved(doors, entry, event.room);
  // A ghost that was removed comes back with its next message.
  if (doors.matrix.isOurs(event.user)) return none('ghost');
  if (event.now === 'join') return await personCame(doors, event);
  return gone ? await personLeft(doors, event) : none('membership');
}

/** In a group's room, who brings a ghost in or sends one out does it to the group. */
async function ghostMoved(doors: FlowDoors, entry: QueueEntry, event: Membership): Promise<Plan | undefined> {
  const portal = await doors.portals.byRoom(event.room);
  if (portal === undefined || portal.kind === 'direct') return undefined;
  const ghost = await doors.ghosts.byUser(event.user);
  if (ghost === undefined || ghost.network !== portal.key.network) return none('unknown-ghost');
  const { chat } = portal.key;
  const { person } = ghost;
  if (event.now === 'invite')
    return await planGroupActions(doors, entry, event, portal, [{ kind: 'add', chat, person }]);
  const out = (event.now === 'leave' && event.before !== 'ban') || event.now === 'ban';
  if (!out) return none('ghost');
  return await planGroupActions(doors, entry, event, portal, [{ kind: 'expel', chat, person }], [person]);
}

/** The bot in a private room becomes its person's management room; in an encrypted one it says so and opens its own. */
async function botInvited(doors: FlowDoors, entry: QueueEntry, event: Membership): Promise<Plan> {
  const { bot } = doors.matrix;
  if (!(await isDone(async () => await bot.join(event.room)))) return none('cannot-join');
  if ((await doors.portals.byRoom(event.room)) !== undefined) return none('bot-is-back');
  const look = await lookAt(doors, event.room);
  if (look === undefined) return none('cannot-look');
  if (await followUpgrade(doors, event.room, look)) return none('upgraded');
  // The other lane was quicker: the old room's end led here already.
  if ((await doors.portals.byRoom(event.room)) !== undefined) return none('upgraded');
  if (!isPrivate(look.members, event.sender, bot.user)) {
    const [login] = event.encrypted || look.encrypted ? [] : await groupNetworks(doors, event.sender);
    if (login !== undefined) {
      const words = say('room.to-be-group', { network: titleOf(doors, login), login, room: event.room });
      await sayOnce(doors, { key: `not-private:${event.room}`, room: event.room, reader: event.sender, words });
      return none('to-be-group');
    }
    await speak(doors, bot, entry, event.room, event.sender, say('room.not-private'));
    await bot.leave(event.room);
    return none('not-private');
  }
  if (event.encrypted || look.encrypted) {
    await speak(doors, bot, entry, event.room, event.sender, say('room.encrypted-invite'));
    if ((await doors.persons.find(event.sender))?.managementRoom === event.room) await forgetRoom(doors, event.room);
    return { do: 'deliver', deliveries: [greeting(entry, await managementRoom(doors, event.sender), event.sender)] };
  }
  await remember(doors, event.sender, event.room);
  await takeFirstLines(doors, event);
  return { do: 'deliver', deliveries: [greeting(entry, event.room, event.sender)] };
}

/** Clients send the first line together with the invitation; what was said before that was not meant for the bot. */
async function takeFirstLines(doors: FlowDoors, invitation: Membership): Promise<void> {
  const earlier = await doors.matrix.saidBefore(invitation.room, doors.matrix.bot.user);
  const meant = earlier.filter((raw) => {
    const { sender, at } = doors.read(raw);
    return sender === invitation.sender && at >= invitation.at;
  });
  await new Intake({ ...doors, tooOldMs: doors.settings.tooOldMs }).fromMatrix(undefined, meant);
}

/** Somebody's "Message" button on a ghost: the room becomes the portal if the rules allow, else the ghost says why and leaves. */
async function ghostInvited(doors: FlowDoors, entry: QueueEntry, event: Membership): Promise<Plan> {
  const whom = await doors.ghosts.byUser(event.user);
  if (whom === undefined) return none('unknown-ghost');
  const ghost = await doors.matrix.ghost(whom.network, whom.person);
  const opening = await doors.queue.find(openingKey(entry.key));
  const adopting: Plan = { do: 'wait', ms: nextLook(doors, entry.receivedAt, ADOPTED_MS), code: 'adopting' };
  // What its person writes next stands behind this entry, and finds the portal open.
  if (opening?.parked === false) return adopting;
  if (!(await isDone(async () => await ghost.join(event.room)))) return none('cannot-join');
  if ((await doors.portals.byRoom(event.room)) !== undefined) return none('ghost-in-portal');
  // Clients send the first message together with the invitation; until the ghost is in, the homeserver pushes none.
  const earlier = await doors.matrix.saidBefore(event.room, ghost.user);
  await new Intake({ ...doors, tooOldMs: doors.settings.tooOldMs }).fromMatrix(undefined, earlier);
  const look = await lookAt(doors, event.room, ghost.user);
  const refuse = async (why: Say): Promise<Plan> => {
    await speak(doors, ghost, entry, event.room, event.sender, why);
    await ghost.leave(event.room);
    return none('ghost-refused');
  };
  const network = titleOf(doors, whom.network);
  const { bot } = doors.matrix;
  if (look === undefined || !isPrivate(look.members, event.sender, ghost.user, bot.user)) {
    const withBot = ['join', 'invite'].includes(look?.members.get(bot.user) ?? '') && look?.encrypted === false;
    if (withBot && (await groupNetworks(doors, event.sender)).includes(whom.network)) return none('to-be-group');
    return await refuse(say('room.ghost-direct-only', { network }));
  }
  if (event.encrypted || look.encrypted) return await refuse(say('room.ghost-encrypted'));
  const puppet = (await doors.puppets.ofOwner(event.sender)).find((one) => one.network === whom.network);
  if (puppet === undefined || puppet.state === 'signed-out') {
    const words = puppet === undefined ? 'portal.no-login' : 'portal.signed-out';
    return await refuse(say(words, { network, login: whom.network, bot: bot.user }));
  }
  if (puppet.state === 'paused') return await refuse(puppet.why ?? say('chat.denied-default'));
  const session = doors.session(puppet.id);
  if (session === undefined) return { do: 'reroute', owner: loginOwner(puppet.id) };
  const key = portalKeyOf(puppet, session.directChat(whom.person), 'direct');
  const portal = await doors.keeper.know(key, puppet);
  const verdict = await mayBridge(doors, puppet, portal.facts);
  if (verdict.effect === 'deny') return await refuse(chatRefusal(verdict));
  const why = await doors.beginnings.refusal(puppet, session, portal);
  if (why !== undefined) return await refuse(why);
  if (portal.room !== undefined) {
    await doors.keeper.bringIn({ ...portal, room: portal.room }, event.sender);
    return await refuse(say('room.ghost-elsewhere', { room: portal.room }));
  }
  if (opening?.parked === true) return await refuse(say('fault.internal'));
  const asked = { cause: entry.key, puppet, portal: key, user: event.sender, room: event.room };
  return (await openPortalLater(doors, asked)) ? adopting : none('adopted');
}

/** Whoever removes the bot ends that room; the conversation goes on in another one. */
async function botRemoved(doors: FlowDoors, entry: QueueEntry, room: RoomId): Promise<Plan> {
  if ((await forgetRoom(doors, room)) !== undefined) return none('management-gone');
  const portal = await doors.portals.byRoom(room);
  if (portal === undefined) return none('not-ours');
  await detachPortal(doors, portal, entry.key);
  return none('detached');
}

/** The chat has no room until its next message. */
export async function detachPortal(doors: FlowDoors, portal: Portal, cause: string): Promise<void> {
  const through: PuppetId | undefined = portal.key.receiver ?? portal.reader;
  const puppet = through === undefined ? undefined : await doors.puppets.find(through);
  if (puppet !== undefined) {
    const chat = portal.name ?? portal.kind;
    const words = say('portal.detached', { chat, network: titleOf(doors, portal.key.network) });
    await toldInManagement(doors, puppet.owner, `detached:${cause}`, words);
  }
  if (portal.room === undefined) return;
  await outOfSpacesLater(doors, { cause, portal: portal.key, room: portal.room });
  await doors.keeper.detach(portal.key, portal.room);
}

/** A person is back in their portal. */
async function personCame(doors: FlowDoors, event: Membership): Promise<Plan> {
  const portal = await doors.portals.byRoom(event.room);
  if (portal?.away === true && (await isPortalPerson(doors, portal, event.user)))
    await doors.keeper.change(portal.key, { away: false });
  return none('came');
}

async function personLeft(doors: FlowDoors, event: Membership): Promise<Plan> {
  const person = await doors.persons.find(event.user);
  if (person?.managementRoom === event.room) {
    await forgetRoom(doors, event.room);
    await isDone(async () => await doors.matrix.bot.leave(event.room));
    return none('management-left');
  }
  const portal = await doors.portals.byRoom(event.room);
  if (portal === undefined) return none('left');
  // The room stays connected: the next message invites its person again. Nobody's contacts are told.
  if (await isPortalPerson(doors, portal, event.user)) await doors.keeper.change(portal.key, { away: true });
  return none('person-left');
}

async function isPortalPerson(doors: FlowDoors, portal: Portal, user: UserId): Promise<boolean> {
  const own = await doors.puppets.ofOwner(user);
  const through = portal.key.receiver ?? portal.reader;
  return through !== undefined && own.some((puppet: Puppet) => puppet.id === through);
}

/** A room that replaces a portal's room, by the word of both, becomes the portal's room. */
export async function followUpgrade(doors: FlowDoors, room: RoomId, look: RoomLook): Promise<boolean> {
  if (look.predecessor === undefined) return false;
  const portal = await doors.portals.byRoom(look.predecessor);
  if (portal === undefined || (await lookAt(doors, look.predecessor))?.successor !== room) return false;
  const asked = { cause: `${look.predecessor}/${room}`, portal: portal.key, room: look.predecessor, instead: room };
  await outOfSpacesLater(doors, asked);
  await doors.keeper.move(portal, room, look.encrypted);
  return true;
}

/** Said once per room, whoever notices it first. */
export async function sayForced(doors: FlowDoors, portal: Portal & { room: RoomId }, reader: UserId): Promise<void> {
  const words = say('portal.encryption-forced');
  await sayOnce(doors, { key: `forced:${portal.room}`, room: portal.room, reader, words });
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
