// A room where people are already becomes a group of a network: who of them can be brought in, and that nothing said meanwhile is lost.
import { portalKeyOf } from '../bridge/sink.ts';
import { effectId } from '../model/effect.ts';
import type { BridgeAct, QueueEntry } from '../model/entry.ts';
import { BridgeError } from '../model/errors.ts';
import { as, loginOwner, type EventId, type LaneId, type NetworkId, type RoomId, type UserId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/matrix-event.ts';
import type { Puppet } from '../model/records.ts';
import { say, type Say } from '../model/say.ts';
import { chatRefusal } from '../policy/refusal.ts';
import type { RoomLook } from '../ports/matrix.ts';
import type { NetworkSession, ResolvedChat } from '../ports/network.ts';
import { mayBridge, titleOf, type FlowDoors, type Plan } from './doors.ts';
import { nextLook } from './looks.ts';
import { forgetRoom, lookAt, managementRoom } from './management.ts';
import { openingKey, openPortalLater, toldInManagement } from './tellings.ts';
import { notice } from './to-network/report.ts';

type MakeGroup = Extract<BridgeAct, { kind: 'make-group' }>;
type Brought = MakeGroup['people'][number];

/** Between two looks whether the room has become the group's, in ms. */
const MADE_MS = [100, 5_000] as const;
/** What is said in the room waits no longer than this for a network that does not answer, in ms. */
const PATIENCE_MS = 10 * 60_000;
/** Of a group to come only its kind is known: a rule for groups as a whole must allow it. */
const TO_COME = ['group:new'];
const SPOKEN: ReadonlySet<MatrixEvent['kind']> = new Set(['message', 'edit', 'removal', 'reaction']);

export interface RoomAsked {
  readonly puppet: Puppet;
  readonly room: RoomId;
  /** The line that asks for it: heard once. */
  readonly cause: EventId;
}

/** Looks at the room and has the group made of it, if it may be. @returns what its person is told at once */
export async function roomToGroup(doors: FlowDoors, { puppet, room, cause }: RoomAsked): Promise<readonly Say[]> {
  const network = titleOf(doors, puppet.network);
  const look = await lookAt(doors, room);
  const { bot } = doors.matrix;
  // Whoever is not in it learns nothing of it, not even that it is there.
  if (look?.members.get(puppet.owner) !== 'join') return [say('group.room-not-there', { bot: bot.user })];
  if (look.bridged || look.tombstoned || (await doors.portals.byRoom(room)) !== undefined) {
    return [say('group.room-taken')];
  }
  if (look.encrypted) return [say('group.room-encrypted')];
  // It is theirs to give who lead it; without power the bot could let nobody in or out.
  if (!look.leaders.has(puppet.owner) || !look.leaders.has(bot.user)) {
    return [say('group.room-powers', { bot: bot.user })];
  }
  const { name } = look;
  if (name === undefined) return [say('group.room-nameless')];
  const session = doors.session(puppet.id);
  if (session === undefined) return [say('chat.not-connected', { network })];
  const { people: known, left: unknown } = await peopleOf(doors, puppet, look);
  const { people, kept } = await toBegin(doors, { puppet, session }, known);
  const left = [...unknown, ...kept.map(({ user }) => user)];
  const without = left.length === 0 ? [] : [say('group.room-left', { network, people: left.join(', ') })];
  if (people.length === 0) return [say('group.room-nobody', { network }), ...without];
  // Where the bot was alone with its person at first, it took the room for their private one.
  await forgetRoom(doors, room);
  const act: MakeGroup = { kind: 'make-group', puppet: puppet.id, for: puppet.owner, room, name, people };
  const [lane, owner] = [makingLane(room), loginOwner(puppet.id)];
  await doors.queue.accept({ entries: [{ key: `group:${cause}`, lane, owner, payload: { from: 'bridge', act } }] });
  return [say('group.room-making', { network, name, count: people.length }), ...without];
}

/** Who of a room's people the network knows; the rest by their Matrix ids. */
async function peopleOf(
  doors: FlowDoors,
  puppet: Puppet,
  { members }: RoomLook,
): Promise<{ readonly people: readonly Brought[]; readonly left: readonly UserId[] }> {
  const people = new Map<string, Brought>();
  const left: UserId[] = [];
  for (const [user, now] of members) {
    const ours = doors.matrix.isOurs(user);
    // A ghost that is invited is on its way in; a person who is may not want to come.
    if (user === doors.matrix.bot.user || user === puppet.owner || !(now === 'join' || (ours && now === 'invite')))
      continue;
    const person = ours ? await ghostIn(doors, puppet.network, user) : await accountOf(doors, puppet.network, user);
    if (person === undefined) left.push(user);
    else if (person !== puppet.self) people.set(person, { person, user });
  }
  return { people: [...people.values()], left };
}

async function ghostIn(doors: FlowDoors, network: NetworkId, user: UserId): Promise<Brought['person'] | undefined> {
  const ghost = await doors.ghosts.byUser(user);
  return ghost?.network === network ? ghost.person : undefined;
}

/** The account of somebody here, where the rules let them have groups. */
async function accountOf(doors: FlowDoors, network: NetworkId, user: UserId): Promise<Brought['person'] | undefined> {
  const own = await doors.puppets.ofOwner(user, network);
  for (const one of own) {
    if (one.state === 'signed-out' || one.state === 'paused') continue;
    if ((await mayBridge(doors, one, TO_COME)).effect === 'allow') return one.self;
  }
  return undefined;
}

/** A group would be another way to write to somebody new. @returns those whom their person may write to, and the rest @throws BridgeError */
async function toBegin(
  { beginnings }: FlowDoors,
  { puppet, session }: { readonly puppet: Puppet; readonly session: NetworkSession },
  all: readonly Brought[],
): Promise<{ readonly people: readonly Brought[]; readonly kept: readonly Brought[] }> {
  const people: Brought[] = [];
  const kept: Brought[] = [];
  for (const one of all) {
    const found = await session.describeChat(session.directChat(one.person));
    const why = await beginnings.refusalOf(puppet, session, found);
    (why === undefined ? people : kept).push(one);
  }
  return { people, kept };
}

/** Again after a crash: the network's side finds the group that it made for this entry, and the opening is kept once. */
export async function makeGroup(doors: FlowDoors, entry: QueueEntry, act: MakeGroup): Promise<Plan> {
  const opening = openingKey(entry.key);
  if ((await doors.queue.seen([opening])).has(opening)) return await opened(doors, entry, act);
  const puppet = await doors.puppets.find(act.puppet);
  if (puppet === undefined) return { do: 'nothing', code: 'login-gone' };
  const verdict = await mayBridge(doors, puppet, TO_COME);
  if (verdict.effect === 'deny') return await ended(doors, entry, act, chatRefusal(verdict));
  const session = doors.session(puppet.id);
  const late = doors.clock.now() - entry.receivedAt >= PATIENCE_MS;
  if (session === undefined && !late) return { do: 'reroute', owner: loginOwner(puppet.id) };
  const network = titleOf(doors, puppet.network);
  if (session === undefined) return await ended(doors, entry, act, say('chat.not-connected', { network }));
  let group: ResolvedChat | undefined;
  try {
    // Judged anew: rules may have changed since it was asked for.
    const { people, kept } = await toBegin(doors, { puppet, session }, act.people);
    if (people.length === 0) return await ended(doors, entry, act, say('group.room-nobody', { network }));
    const ask = { kind: 'create', name: act.name, people: people.map(({ person }) => person) } as const;
    const made = (await session.askGroup?.(ask, effectId(entry.key, 'create'))) ?? {};
    group = made.group;
    const out = new Set(made.failed ?? []);
    const failed = people.filter(({ person }) => out.has(person));
    await tellMissing(doors, { entry, act }, 'room-left', network, kept);
    await tellMissing(doors, { entry, act }, 'room-not-all', network, failed);
  } catch (error) {
    // What is said in the room waits for this: only for a network that may answer soon.
    const soon = error instanceof BridgeError && error.retry !== 'never' && error.notBefore === undefined && !late;
    if (!(error instanceof BridgeError) || soon) throw error;
    return await ended(doors, entry, act, error.human);
  }
  if (group === undefined) return await ended(doors, entry, act, say('group.cannot', { network }));
  const portal = portalKeyOf(puppet, group.chat.id, group.chat.kind);
  await openPortalLater(doors, { cause: entry.key, puppet, portal, user: act.for, room: act.room });
  return making(doors, entry);
}

async function tellMissing(
  doors: FlowDoors,
  { entry, act }: { readonly entry: QueueEntry; readonly act: MakeGroup },
  why: 'room-left' | 'room-not-all',
  network: string,
  missing: readonly Brought[],
): Promise<void> {
  if (missing.length === 0) return;
  const people = missing.map(({ user }) => user).join(', ');
  await toldInManagement(doors, act.for, `${why}:${entry.key}`, say(`group.${why}`, { network, people }));
}

async function opened(doors: FlowDoors, entry: QueueEntry, act: MakeGroup): Promise<Plan> {
  const opening = await doors.queue.find(openingKey(entry.key));
  if (opening?.parked === false) return making(doors, entry);
  const portal = await doors.portals.byRoom(act.room);
  if (opening?.parked === true) return await ended(doors, entry, act, say('fault.internal'));
  // A rule that came meanwhile: said by the opening.
  if (portal === undefined) return { do: 'nothing', code: 'not-opened' };
  const network = titleOf(doors, portal.key.network);
  return await ended(doors, entry, act, say('group.room-made', { network, name: act.name, room: act.room }));
}

async function ended(doors: FlowDoors, entry: QueueEntry, act: MakeGroup, words: Say): Promise<Plan> {
  const room = await managementRoom(doors, act.for);
  return { do: 'deliver', deliveries: [notice(effectId(entry.key, 'ended'), room, act.for, words)] };
}

function making(doors: FlowDoors, { receivedAt }: Pick<QueueEntry, 'receivedAt'>): Plan {
  return { do: 'wait', ms: nextLook(doors, receivedAt, MADE_MS), code: 'group-in-the-making' };
}

/** What is said in a room of which a group is being made waits for it. */
export async function heldForGroup(doors: FlowDoors, entry: QueueEntry, event: MatrixEvent): Promise<Plan | undefined> {
  if (!SPOKEN.has(event.kind) || !('room' in event)) return undefined;
  const [first] = await doors.queue.unsettled(makingLane(event.room), undefined, 1);
  return first === undefined ? undefined : making(doors, entry);
}

/** The networks on which this person may make a group. */
export async function groupNetworks(doors: FlowDoors, user: UserId): Promise<readonly NetworkId[]> {
  const networks = new Set<NetworkId>();
  for (const puppet of await doors.puppets.ofOwner(user)) {
    if (puppet.state === 'signed-out' || puppet.state === 'paused') continue;
    if (doors.adapters.get(puppet.network)?.capabilities.groupAsks?.has('create') !== true) continue;
    if ((await mayBridge(doors, puppet, TO_COME)).effect === 'allow') networks.add(puppet.network);
  }
  return [...networks];
}

function makingLane(room: RoomId): LaneId {
  return as<LaneId>(`group:${room}`);
}
