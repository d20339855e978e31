// Rooms of the bridge on the homeserver: made once under a deterministic alias, adopted with care; knows no flow.
import { BridgeError } from '../model/errors.ts';
import { as, type RoomId, type UserId } from '../model/ids.ts';
import type { Membership } from '../model/matrix-event.ts';
import type { MadeRoom, RoomLook, RoomPowers, RoomSpec, Speaker } from '../ports/matrix.ts';
import type { Logger } from '../ports/stores.ts';
import { AliasedRooms, stateThrough } from './aliased-rooms.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import { stateOf } from './errands.ts';
import type { OurIds } from './ids.ts';
import type { Intents } from './intents.ts';
import { field, isObject, objectAt, textAt, type Json } from './json.ts';
import { isSame, leadersIn, shaped } from './powers.ts';
import {
  bridgeState,
  contentOf,
  creatorIn,
  creatorsIn,
  isBridgedTo,
  isEncryptedIn,
  isTombstonedIn,
  membersOf,
  shownName,
  shownTopic,
} from './state.ts';

export interface RoomOptions {
  readonly client: MatrixClient;
  readonly intents: Pick<Intents, 'setState'>;
  readonly ids: OurIds;
  readonly who: As;
  readonly bot: Speaker;
  /** Client with `user_id` of a speaker of ours. */
  readonly asUser: (user: UserId) => As;
  readonly federate: boolean;
  readonly botPower: number;
  readonly ghostPower: boolean;
  readonly roomVersion?: string | undefined;
  readonly log: Logger;
}

const API = '/_matrix/client/v3';
/** Pages of a hundred events that are read of what was said before we came. */
const EARLIER_PAGES = 3;

export class MatrixRooms {
  readonly #options: RoomOptions;
  readonly #aliased: AliasedRooms;
  readonly #making = new Map<UserId, Promise<RoomId>>();

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#aliased = new AliasedRooms(options.client, options.who);
  }

  async ensure(spec: RoomSpec): Promise<MadeRoom> {
    const { bot, ids } = this.#options;
    const { room, state } = await this.#aliased.ensure({
      localpart: ids.aliasLocalpart(spec.portal),
      serverName: ids.serverName,
      body: async () => await this.#portalBody(spec),
      isIt: (found) => creatorIn(found) === bot.user && isBridgedTo(found, ids, spec) && !isTombstonedIn(found),
    });
    const members = membersOf(state ?? []);
    for (const user of spec.invite) {
      const now = members.get(user);
      if (now !== 'join' && now !== 'invite' && now !== 'ban') await bot.invite(room, user, spec.direct);
    }
    if (state === undefined) return { room, encrypted: await this.isEncrypted(room), adopted: false };
    return { room, encrypted: isEncryptedIn(state), adopted: true };
  }

  /** Not `is_direct`: its invitations say so, and a homeserver with access rules lets no third into a room made as direct. */

  async #portalBody(spec: RoomSpec): Promise<Json> {
    const { bot, ids, roomVersion, federate } = this.#options;
    return {
      preset: 'private_chat',
      visibility: 'private',
      creation_content: { 'm.federate': federate },
      power_level_content_override: await this.#powers(),
      initial_state: [...bridgeState(ids, spec), ...unnamed(bot.user)],
      ...(spec.name === undefined ? {} : { name: shownName(spec.name) }),
      ...(spec.topic === undefined ? {} : { topic: shownTopic(spec.topic) }),
      ...(roomVersion === undefined ? {} : { room_version: roomVersion }),
    };
  }

  /** One for a person, whoever asks for it and however often; another when they left it, or when it became unreadable. */
  async makeManagement(user: UserId, name: string): Promise<RoomId> {
    const making = this.#making.get(user) ?? this.#management(user, name).finally(() => this.#making.delete(user));
    this.#making.set(user, making);
    return await making;
  }

  async #management(user: UserId, name: string): Promise<RoomId> {
    const { bot, ids } = this.#options;
    const { room } = await this.#aliased.ensure({
      localpart: ids.managementLocalpart(user),
      serverName: ids.serverName,
      body: async () =>
        await Promise.resolve({
          preset: 'private_chat',
          visibility: 'private',
          is_direct: true,
          invite: [user],
          name,
        }),
      isIt: (state) =>
        creatorIn(state) === bot.user &&
        ['join', 'invite'].includes(membersOf(state).get(user) ?? '') &&
        !isEncryptedIn(state) &&
        !isTombstonedIn(state),
    });
    return room;
  }

  /** From room version 12 on creators hold infinite power and must not be listed. */
  async #powers(): Promise<Json> {
    const { botPower, bot } = this.#options;
    const listed = botPower !== 100 && Number(await this.#version()) < 12;
    return {
      events: {
        'm.room.encryption': botPower,
        'm.room.power_levels': botPower,
        'm.room.tombstone': botPower,
        'm.room.server_acl': botPower,
        'm.room.history_visibility': botPower,
        'm.bridge': botPower,
        'uk.half-shot.bridge': botPower,
      },
      users_default: 0,
      events_default: 0,
      // Nobody but the bot has power; access rules demand that others than the highest may change nothing.
      state_default: botPower,
      invite: Math.min(50, botPower),
      ...(listed ? { users: { [bot.user]: botPower } } : {}),
    };
  }

  async #version(): Promise<string> {
    if (this.#options.roomVersion !== undefined) return this.#options.roomVersion;
    const answer = await this.#options.client.ask(this.#options.who, 'GET', `${API}/capabilities`);
    return textAt(objectAt(objectAt(answer, 'capabilities'), 'm.room_versions'), 'default') ?? '11';
  }

  async adopt(room: RoomId, ghost: Speaker, spec: RoomSpec): Promise<MadeRoom | undefined> {
    const { bot, ids, client, who, asUser } = this.#options;
    await ghost.join(room);
    await tolerate(403, async () => await ghost.invite(room, bot.user));
    if (!(await tolerate(403, async () => await bot.join(room)))) return undefined;
    const alias = ids.alias(spec.portal);
    try {
      await client.ask(who, 'PUT', `${API}/directory/room/${encode(alias)}`, { body: { room_id: room } });
    } catch (error) {
      if (!(error instanceof MatrixRefusal) || !error.said(409)) throw error;
      if ((await this.#aliased.resolve(alias)) !== room)
        throw new BridgeError('matrix-alias', 'never', 'fault.homeserver');
    }
    await tolerate(403, async () => await this.#handPower(room, asUser(ghost.user), ghost.user));
    await this.declare(room, spec);
    return { room, encrypted: await this.isEncrypted(room), adopted: true };
  }

  /** Without power the room works all the same; it merely does not say what it is. */
  async declare(room: RoomId, spec: RoomSpec): Promise<void> {
    const { bot, ids, intents } = this.#options;
    for (const one of bridgeState(ids, spec)) {
      await tolerate(403, async () => {
        await intents.setState(bot.user, room, one.type, one.state_key, one.content);
      });
    }
  }

  /** A ghost that was invited with power gives it to the bot and keeps none, unless it was made a creator (room version 12). */
  async #handPower(room: RoomId, ghost: As, user: UserId): Promise<void> {
    const { client, intents, botPower, bot } = this.#options;
    const state = await stateThrough(client, ghost, room);
    const content = (type: string): Json => contentOf(state, type);
    const levels = content('m.room.power_levels');
    const users = objectAt(levels, 'users');
    const creators = field(content('m.room.create'), 'additional_creators');
    const creates = Array.isArray(creators) && creators.includes(user);
    const own = creates ? botPower : Number(field(users, user) ?? 0);
    if (own < 50 || Number(field(users, bot.user) ?? 0) >= own) return;
    const rest = Object.fromEntries(Object.entries(users).filter(([name]) => name !== user));
    const body = {
      ...levels,
      users: { ...rest, [bot.user]: Math.min(own, botPower) },
      ...(own >= botPower ? { events: { ...objectAt(levels, 'events'), 'm.room.encryption': botPower } } : {}),
    };
    await intents.setState(user, room, 'm.room.power_levels', '', body);
  }

  /** Back to the beginning of the room, or as far as that one may see; a room that is older than its pages is no new one. */
  async saidBefore(room: RoomId, through: As): Promise<readonly Json[]> {
    const { client } = this.#options;
    const found: Json[] = [];
    let from: string | undefined;
    for (let page = 0; page < EARLIER_PAGES; page += 1) {
      const query = { dir: 'b', limit: 100, from };
      const answer: Json = await client.ask(through, 'GET', `${API}/rooms/${encode(room)}/messages`, { query });
      const chunk = field(answer, 'chunk');
      const events = Array.isArray(chunk) ? chunk.filter(isObject) : [];
      found.push(...events);
      from = textAt(answer, 'end', 1000);
      if (from === undefined || events.length === 0) break;
    }
    return found.toReversed().filter((event) => field(event, 'state_key') === undefined);
  }

  async setPowers(room: RoomId, powers: RoomPowers): Promise<boolean> {
    const { client, who, bot, botPower, ghostPower, ids, intents } = this.#options;
    const levels = await stateOf(client, who, room, 'm.room.power_levels');
    const isGhost = (user: UserId): boolean => ids.isOurs(user) && user !== bot.user;
    const wanted = shaped(levels, powers, { botPower, ghostPower, isGhost });
    if (isSame(levels, wanted)) return true;
    return await tolerate(403, async () => {
      await intents.setState(bot.user, room, 'm.room.power_levels', '', wanted);
    });
  }

  async members(room: RoomId): Promise<ReadonlyMap<UserId, Membership>> {
    const answer = await this.#options.client.ask(this.#options.who, 'GET', `${API}/rooms/${encode(room)}/members`);
    const chunk = field(answer, 'chunk');
    return membersOf(Array.isArray(chunk) ? chunk.filter(isObject) : []);
  }

  async isEncrypted(room: RoomId): Promise<boolean> {
    try {
      await this.#options.client.ask(this.#options.who, 'GET', `${API}/rooms/${encode(room)}/state/m.room.encryption/`);
      return true;
    } catch (error) {
      if (error instanceof MatrixRefusal && error.said(404)) return false;
      throw error;
    }
  }

  /** @throws MatrixRefusal when that user is not in the room */
  async look(room: RoomId, through: As): Promise<RoomLook> {
    const state = await stateThrough(this.#options.client, through, room);
    const content = (type: string): Json => contentOf(state, type);
    const predecessor = textAt(objectAt(content('m.room.create'), 'predecessor'), 'room_id', 255);
    const successor = textAt(content('m.room.tombstone'), 'replacement_room', 255);
    const { bot, botPower } = this.#options;
    const members = membersOf(state);
    const leaders = leadersIn(content('m.room.power_levels'), members.keys(), creatorsIn(state));
    const name = textAt(content('m.room.name'), 'name');
    return {
      members,
      leaders: new Set([...leaders].flatMap(([user, level]) => (user !== bot.user || level >= botPower ? [user] : []))),
      ...(name === undefined ? {} : { name: shownName(name) }),
      encrypted: isEncryptedIn(state),
      bridged: state.some(
        (one) => field(one, 'type') === 'm.bridge' && field(one, 'sender') === this.#options.bot.user,
      ),
      tombstoned: isTombstonedIn(state),
      ...(predecessor === undefined ? {} : { predecessor: as<RoomId>(predecessor) }),
      ...(successor === undefined ? {} : { successor: as<RoomId>(successor) }),
    };
  }
}
/** For steps that a room may lawfully forbid. @returns whether it did not */
async function tolerate(status: number, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof MatrixRefusal) || !error.said(status)) throw error;
    return false;
  }
}

/** A room without a name is called by the person in it, and neither by its opaque alias nor by the bot. */
function unnamed(
  bot: UserId,
): readonly { readonly type: string; readonly state_key: string; readonly content: Json }[] {
  return [
    { type: 'm.room.canonical_alias', state_key: '', content: {} },
    { type: 'io.element.functional_members', state_key: '', content: { service_members: [bot] } },
  ];
}
