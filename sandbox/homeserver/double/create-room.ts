// Makes rooms in Synapse's order, the alias before the room is finished; it must not know HTTP.
import { isObject, listAt, MatrixError, objectAt, textAt, textsAt, type Json } from './json.ts';
import { exclusiveOwner, ownsAlias, type Appservice } from './registration.ts';
import type { Requester } from './requester.ts';
import type { Rooms } from './rooms.ts';
import { checkContent, checkSend } from './rules.ts';
import { hashId, randomId, World, type Room } from './world.ts';

const PRESETS: Readonly<Record<string, { join: string; ops: boolean; guests: boolean; override: Json }>> = {
  private_chat: { join: 'invite', ops: false, guests: true, override: { invite: 0 } },
  trusted_private_chat: { join: 'invite', ops: true, guests: true, override: { invite: 0 } },
  public_chat: { join: 'public', ops: false, guests: false, override: { events: { 'm.call.invite': 50 } } },
};

export interface CreateOptions {
  readonly services: readonly Appservice[];
  readonly defaultVersion: string;
}

/** POST /createRoom. Returns the room id; throws what Synapse throws, in the same half-done states. */
export function createRoom(rooms: Rooms, requester: Requester, body: Json, options: CreateOptions): string {
  const { world } = rooms;
  const version = body['room_version'] ?? options.defaultVersion;
  if (typeof version !== 'string') throw new MatrixError(400, 'M_BAD_JSON', 'room_version must be a string');
  if (version !== '11' && version !== '12') {
    throw new MatrixError(400, 'M_UNSUPPORTED_ROOM_VERSION', 'Your homeserver does not support this room version');
  }
  const v12 = version === '12';
  const creator = requester.userId;
  const aliasName = textAt(body, 'room_alias_name');
  const alias = aliasName === undefined ? undefined : `#${aliasName}:${world.serverName}`;
  if (aliasName !== undefined && /[\s:]/.test(aliasName)) {
    throw new MatrixError(400, 'M_UNKNOWN', 'Invalid characters in room alias');
  }
  if (alias !== undefined && world.aliases.has(alias)) {
    throw new MatrixError(400, 'M_ROOM_IN_USE', 'Room alias already taken');
  }
  const invitees = textsAt(body, 'invite');
  for (const userId of invitees) {
    if (!/^@[^:]*:.+$/.test(userId)) throw new MatrixError(400, 'M_UNKNOWN', `Invalid user_id: ${userId}`);
  }
  const override = body['power_level_content_override'];
  if (!v12 && isObject(override) && 'users' in override && !(creator in objectAt(override, 'users'))) {
    throw new MatrixError(
      400,
      'M_UNKNOWN',
      `Not a valid power_level_content_override: 'users' did not contain ${creator}`,
    );
  }
  const presetName = textAt(body, 'preset') ?? (body['visibility'] === 'public' ? 'public_chat' : 'private_chat');
  const preset = PRESETS[presetName];
  if (preset === undefined) throw new MatrixError(400, 'M_UNKNOWN', `'${presetName}' is not a valid preset`);

  const creation: Json = { ...objectAt(body, 'creation_content'), room_version: version };
  if (v12 && preset.ops && invitees.length > 0) {
    creation['additional_creators'] = [...new Set([...textsAt(creation, 'additional_creators'), ...invitees])];
  }
  const room: Room = {
    roomId: v12
      ? `!${hashId({ creation, creator, stream: world.next(), salt: randomId(8) })}`
      : `!${randomId(18)}:${world.serverName}`,
    version,
    events: [],
    stateEvents: [],
    state: new Map(),
    receipts: new Map(),
    forgotten: new Set(),
    changed: 0,
    openHistory: true,
  };
  world.rooms.set(room.roomId, room);
  if (alias !== undefined) {
    checkAliasOwner(options.services, requester, alias);
    world.setAlias(alias, room.roomId, creator);
  }
  rooms.write(room, { type: 'm.room.create', sender: creator, stateKey: '', content: creation });
  const profile = world.users.get(creator);
  rooms.write(room, {
    type: 'm.room.member',
    sender: creator,
    stateKey: creator,
    content: {
      membership: 'join',
      ...(profile?.displayName === undefined ? {} : { displayname: profile.displayName }),
      ...(profile?.avatarUrl === undefined ? {} : { avatar_url: profile.avatarUrl }),
    },
  });
  writeSettings(rooms, room, creator, settingsOf(body, { v12, creator, alias, preset, invitees, override }));
  const direct = body['is_direct'] === true ? { is_direct: true } : {};
  for (const userId of invitees) rooms.setMembership(requester, room.roomId, userId, 'invite', { ...direct });
  return room.roomId;
}

interface Setting {
  readonly type: string;
  readonly stateKey: string;
  readonly content: Json;
}

// Synapse makes these events one after the other, each checked against the state so far, and stores
// them in one go: when one is refused, the room keeps only its creation and its creator's joining.
function writeSettings(rooms: Rooms, room: Room, creator: string, settings: readonly Setting[]): void {
  const state = new Map(room.state);
  for (const { type, stateKey, content } of settings) {
    checkContent(content);
    checkSend(room, state, creator, type, stateKey, content);
    state.set(World.slot(type, stateKey), {
      type,
      stateKey,
      content,
      sender: creator,
      ...PLACEHOLDER,
      roomId: room.roomId,
    });
  }
  for (const { type, stateKey, content } of settings) rooms.write(room, { type, sender: creator, stateKey, content });
}

const PLACEHOLDER = {
  eventId: '',
  ts: 0,
  stream: 0,
  redacts: undefined,
  redactedBy: undefined,
  replaces: undefined,
  txn: undefined,
  strippedState: undefined,
};

function settingsOf(
  body: Json,
  made: {
    readonly v12: boolean;
    readonly creator: string;
    readonly alias: string | undefined;
    readonly preset: { join: string; ops: boolean; guests: boolean; override: Json };
    readonly invitees: readonly string[];
    readonly override: unknown;
  },
): Setting[] {
  const initial = new Map<string, Setting>();
  for (const entry of listAt(body, 'initial_state').filter(isObject)) {
    const type = textAt(entry, 'type') ?? '';
    const stateKey = textAt(entry, 'state_key') ?? '';
    initial.set(World.slot(type, stateKey), { type, stateKey, content: objectAt(entry, 'content') });
  }
  const settings: Setting[] = [];
  const add = (type: string, content: Json): void => void settings.push({ type, stateKey: '', content });
  const unlessInitial = (type: string, content: Json): void => {
    if (!initial.has(World.slot(type, ''))) add(type, content);
  };
  const levelsKey = World.slot('m.room.power_levels', '');
  const given = initial.get(levelsKey);
  initial.delete(levelsKey);
  add('m.room.power_levels', given?.content ?? levelsOf(made));
  if (made.alias !== undefined) unlessInitial('m.room.canonical_alias', { alias: made.alias });
  unlessInitial('m.room.join_rules', { join_rule: made.preset.join });
  unlessInitial('m.room.history_visibility', { history_visibility: 'shared' });
  if (made.preset.guests) unlessInitial('m.room.guest_access', { guest_access: 'can_join' });
  settings.push(...initial.values());
  const name = textAt(body, 'name');
  if (name !== undefined) add('m.room.name', { name });
  const topic = textAt(body, 'topic');
  if (topic !== undefined) add('m.room.topic', { topic, 'm.topic': { 'm.text': [{ body: topic }] } });
  return settings;
}

function levelsOf(made: Parameters<typeof settingsOf>[1]): Json {
  const users: Record<string, number> = made.v12 ? {} : { [made.creator]: 100 };
  if (made.preset.ops && !made.v12) for (const userId of made.invitees) users[userId] = 100;
  const base: Json = {
    users,
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      'm.room.tombstone': made.v12 ? 150 : 100,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: 50,
    historical: 100,
  };
  const events = { ...objectAt(base, 'events'), ...objectAt(made.preset.override, 'events') };
  return { ...base, ...made.preset.override, events, ...(isObject(made.override) ? made.override : {}) };
}

/** An alias of somebody's exclusive namespace is his alone; an appservice keeps to its own. */
export function checkAliasOwner(services: readonly Appservice[], requester: Requester, alias: string): void {
  const { service } = requester;
  if (service !== undefined && !ownsAlias(service, alias)) {
    throw new MatrixError(400, 'M_EXCLUSIVE', 'This application service has not reserved this kind of alias.');
  }
  if (exclusiveOwner(services, 'aliases', alias, service) !== undefined) {
    throw new MatrixError(400, 'M_EXCLUSIVE', 'This alias is reserved by an application service.');
  }
}
