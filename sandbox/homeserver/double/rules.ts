// Who may do what in a room (authorisation rules of room versions 11 and 12); it must not know HTTP or write anything.
import { forbidden, isObject, MatrixError, numberAt, objectAt, sameJson, textAt, textsAt, type Json } from './json.ts';
import { World, type Room, type StoredEvent } from './world.ts';

/** A state map in force while a batch is checked. */
export type State = ReadonlyMap<string, StoredEvent>;

export function creatorsOf(room: Room, state: State): Set<string> {
  const create = state.get(World.slot('m.room.create', ''));
  if (create === undefined || room.version !== '12') return new Set();
  return new Set([create.sender, ...textsAt(create.content, 'additional_creators')]);
}

function levels(state: State): Json | undefined {
  return state.get(World.slot('m.room.power_levels', ''))?.content;
}

export function powerOf(room: Room, state: State, userId: string): number {
  if (creatorsOf(room, state).has(userId)) return Number.POSITIVE_INFINITY;
  const content = levels(state);
  if (content === undefined) {
    return state.get(World.slot('m.room.create', ''))?.sender === userId ? 100 : 0;
  }
  return numberAt(objectAt(content, 'users'), userId, numberAt(content, 'users_default', 0));
}

export function namedLevel(state: State, name: string, otherwise: number): number {
  const content = levels(state);
  return content === undefined ? otherwise : numberAt(content, name, otherwise);
}

function sendLevel(state: State, type: string, isState: boolean): number {
  const content = levels(state);
  if (content === undefined) return 0;
  const otherwise = isState ? numberAt(content, 'state_default', 50) : numberAt(content, 'events_default', 0);
  return numberAt(objectAt(content, 'events'), type, otherwise);
}

function membershipIn(state: State, userId: string): string | undefined {
  const event = state.get(World.slot('m.room.member', userId));
  return event === undefined ? undefined : textAt(event.content, 'membership');
}

/** May this user send this event now? Throws the 403 that Synapse would answer. */
export function checkSend(
  room: Room,
  state: State,
  sender: string,
  type: string,
  stateKey: string | undefined,
  content: Json,
): void {
  if (membershipIn(state, sender) !== 'join') {
    const is = membershipIn(state, sender);
    throw forbidden(`User ${sender} not in room ${room.roomId} (${is ?? 'None'})`);
  }
  const level = powerOf(room, state, sender);
  const needed = sendLevel(state, type, stateKey !== undefined);
  if (level < needed) {
    throw forbidden(
      `You don't have permission to post that to the room. user_level (${level}) < send_level (${needed})`,
    );
  }
  if (stateKey?.startsWith('@') === true && stateKey !== sender) {
    throw forbidden('You are not allowed to set others state');
  }
  if (type === 'm.room.power_levels') checkPowerLevels(room, state, sender, level, content);
}

const NAMED = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'];

function checkPowerLevels(room: Room, state: State, sender: string, level: number, content: Json): void {
  for (const name of NAMED) {
    if (name in content && !Number.isInteger(content[name])) {
      throw new MatrixError(400, 'M_BAD_JSON', `'${content[name] as string}' must be an integer.`);
    }
  }
  const creators = creatorsOf(room, state);
  for (const userId of Object.keys(objectAt(content, 'users'))) {
    if (creators.has(userId)) {
      throw new MatrixError(400, 'M_BAD_JSON', `Creator user ${userId} must not appear in content.users`);
    }
  }
  const old = levels(state);
  if (old === undefined) return;
  const pairs: { readonly before: unknown; readonly after: unknown; readonly user?: string }[] = [
    ...NAMED.map((name) => ({ before: old[name], after: content[name] })),
    ...keysOfBoth(old, content, 'users').map((user) => ({
      before: objectAt(old, 'users')[user],
      after: objectAt(content, 'users')[user],
      user,
    })),
    ...keysOfBoth(old, content, 'events').map((type) => ({
      before: objectAt(old, 'events')[type],
      after: objectAt(content, 'events')[type],
    })),
  ];
  for (const { before, after, user } of pairs) {
    if (before === after) continue;
    if (user !== undefined && user !== sender && before === level) {
      throw forbidden("You don't have permission to remove ops level equal to your own");
    }
    if ((typeof before === 'number' && before > level) || (typeof after === 'number' && after > level)) {
      throw forbidden("You don't have permission to add ops level greater than your own");
    }
  }
}

function keysOfBoth(a: Json, b: Json, key: string): string[] {
  return [...new Set([...Object.keys(objectAt(a, key)), ...Object.keys(objectAt(b, key))])];
}

/** What a member event would change; `action` is the verb of the endpoint. */
export interface MemberChange {
  readonly sender: string;
  readonly target: string;
  readonly membership: string;
  readonly action: string;
}

/** May this membership change happen now? Throws the 403 that Synapse would answer. */
export function checkMembership(room: Room, state: State, change: MemberChange): void {
  const { sender, target, membership, action } = change;
  const before = membershipIn(state, target);
  if (before !== undefined) {
    if (action === 'unban' && before !== 'ban') {
      throw new MatrixError(403, 'M_BAD_STATE', `Cannot unban user who was not banned (membership=${before})`);
    }
    if (before === 'ban' && !['ban', 'unban', 'leave'].includes(action)) {
      throw new MatrixError(403, 'M_BAD_STATE', `Cannot ${action} user who was banned`);
    }
  }
  if (action === 'kick' && (before === undefined || before === 'ban' || before === 'leave')) {
    throw forbidden('The target user is not in the room');
  }
  const own = membershipIn(state, sender);
  if (membership !== 'join') {
    if (own === 'invite' && membership === 'leave' && target === sender) return;
    if (own !== 'join') throw forbidden(`${sender} not in room ${room.roomId}.`);
  }
  const level = powerOf(room, state, sender);
  const targetLevel = powerOf(room, state, target);
  if (membership === 'invite') {
    if (before === 'ban') throw forbidden(`${target} is banned from the room`);
    if (before === 'join') throw forbidden(`${target} is already in the room.`);
    if (level < namedLevel(state, 'invite', 0)) {
      throw forbidden("You don't have permission to invite users");
    }
  } else if (membership === 'join') {
    if (sender !== target) throw forbidden('Cannot force another user to join.');
    if (before === 'ban') throw forbidden('You are banned from this room');
    const rule = textAt(state.get(World.slot('m.room.join_rules', ''))?.content ?? {}, 'join_rule') ?? 'invite';
    if (rule !== 'public' && own !== 'join' && own !== 'invite') throw forbidden('You are not invited to this room.');
  } else if (membership === 'leave') {
    if (before === 'ban' && level < namedLevel(state, 'ban', 50)) {
      throw forbidden(`You cannot unban user ${target}.`);
    }
    if (target !== sender && (level < namedLevel(state, 'kick', 50) || level <= targetLevel)) {
      throw forbidden(`You cannot kick user ${target}.`);
    }
  } else if (membership === 'ban') {
    if (level < namedLevel(state, 'ban', 50) || level <= targetLevel) {
      throw forbidden("You don't have permission to ban");
    }
  }
}

/** May this user take back that event (own event, or the redact level)? */
export function mayRedact(room: Room, state: State, sender: string, target: StoredEvent): boolean {
  return target.sender === sender || powerOf(room, state, sender) >= namedLevel(state, 'redact', 50);
}

// What survives a redaction (room versions 11 and 12, "Redactions").
const KEPT: Readonly<Record<string, readonly string[] | 'all'>> = {
  'm.room.create': 'all',
  'm.room.member': ['membership', 'join_authorised_via_users_server'],
  'm.room.join_rules': ['join_rule', 'allow'],
  'm.room.power_levels': [
    'ban',
    'events',
    'events_default',
    'invite',
    'kick',
    'redact',
    'state_default',
    'users',
    'users_default',
  ],
  'm.room.history_visibility': ['history_visibility'],
  'm.room.redaction': ['redacts'],
};

/** The content that is left of a redacted event. */
export function prune(type: string, content: Json): Json {
  const kept = KEPT[type] ?? [];
  if (kept === 'all') return content;
  return Object.fromEntries(Object.entries(content).filter(([key]) => kept.includes(key)));
}

/** May this person read this event (history visibility, as the person's memberships were)? */
export function maySee(world: World, room: Room, userId: string, event: StoredEvent): boolean {
  if (event.type === 'm.room.member' && event.stateKey === userId) return true;
  if (room.openHistory && world.membership(room, userId) === 'join') return true;
  const history = room.stateEvents;
  let visibility = 'shared';
  let at: string | undefined;
  for (const entry of history) {
    if (entry.stream > event.stream) break;
    if (entry.type === 'm.room.history_visibility') {
      visibility = textAt(entry.content, 'history_visibility') ?? 'shared';
    } else if (entry.type === 'm.room.member' && entry.stateKey === userId) at = textAt(entry.content, 'membership');
  }
  if (visibility === 'world_readable' || at === 'join') return true;
  if (visibility === 'invited' && at === 'invite') return true;
  if (visibility !== 'shared') return false;
  // Shared: whoever is or becomes a member later may read back, but not beyond their leaving.
  return (
    history.some(
      (entry) =>
        entry.type === 'm.room.member' &&
        entry.stateKey === userId &&
        entry.stream > event.stream &&
        entry.content['membership'] === 'join',
    ) || world.membership(room, userId) === 'join'
  );
}

/** Is this the state the room already has, from the same sender (Synapse then answers the old event)? */
export function isSameState(existing: StoredEvent | undefined, sender: string, content: Json): boolean {
  return existing !== undefined && existing.sender === sender && sameJson(existing.content, content);
}

/** Reject content that is no object or carries floats beyond canonical JSON. */
export function checkContent(content: unknown): asserts content is Json {
  if (!isObject(content)) throw new MatrixError(400, 'M_BAD_JSON', 'Content must be a JSON object.');
  if (hasFloat(content)) throw new MatrixError(400, 'M_BAD_JSON', 'Bad JSON value: float');
}

function hasFloat(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isSafeInteger(value);
  if (Array.isArray(value)) return value.some(hasFloat);
  return isObject(value) && Object.values(value).some(hasFloat);
}
