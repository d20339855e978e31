// Rooms of the bridge on the homeserver: made once under a deterministic alias, adopted with care; knows no flow.
import { BridgeError } from '../model/errors.ts';
import { as, type RoomId, type UserId } from '../model/ids.ts';
import type { Membership } from '../model/matrix-event.ts';
import type { MadeRoom, RoomSpec, Speaker } from '../ports/matrix.ts';
import type { Logger } from '../ports/stores.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import type { OurIds } from './ids.ts';
import { field, isObject, objectAt, textAt, type Json } from './json.ts';
import { isMembership } from './read.ts';

export interface RoomOptions {
  readonly client: MatrixClient;
  readonly ids: OurIds;
  readonly who: As;
  readonly bot: Speaker;
  /** Client with `user_id` of a speaker of ours. */
  readonly asUser: (user: UserId) => As;
  readonly federate: boolean;
  readonly botPower: number;
  readonly roomVersion?: string | undefined;
  readonly log: Logger;
}

const API = '/_matrix/client/v3';

export class MatrixRooms {
  readonly #options: RoomOptions;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  async ensure(spec: RoomSpec): Promise<MadeRoom> {
    for (let round = 0; round < 2; round += 1) {
      try {
        const made = await this.#create(spec);
        return { room: made, encrypted: await this.isEncrypted(made), adopted: false };
      } catch (error) {
        if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_ROOM_IN_USE') throw error;
        const found = await this.#adoptMade(spec);
        if (found !== undefined) return found;
      }
    }
    throw new BridgeError('matrix-alias', 'later', 'fault.homeserver');
  }

  /** The homeserver writes an alias before the room is whole: without our m.bridge it is not the room. */
  async #adoptMade(spec: RoomSpec): Promise<MadeRoom | undefined> {
    const { bot, ids, client, who } = this.#options;
    const room = await this.#resolve(ids.alias(spec.portal));
    if (room === undefined) return undefined;
    const state = await this.#state(room);
    const create = state.find((one) => field(one, 'type') === 'm.room.create');
    const bridge = state.find((one) => field(one, 'type') === 'm.bridge' && field(one, 'sender') === bot.user);
    const same = textAt(objectAt(objectAt(bridge, 'content'), 'channel'), 'id') === ids.channel(spec.portal);
    if (textAt(create, 'sender') === bot.user && same) {
      const members = membersOf(state);
      for (const user of spec.invite) {
        const now = members.get(user);
        if (now !== 'join' && now !== 'invite' && now !== 'ban') await bot.invite(room, user, spec.direct);
      }
      return { room, encrypted: isEncryptedIn(state), adopted: true };
    }
    try {
      await client.ask(who, 'DELETE', `${API}/directory/room/${encode(ids.alias(spec.portal))}`);
    } catch (error) {
      // Gone already: then the next round makes it.
      if (!(error instanceof MatrixRefusal) || error.status !== 404) throw error;
    }
    return undefined;
  }

  async #create(spec: RoomSpec): Promise<RoomId> {
    const { ids, roomVersion, federate } = this.#options;
    return await this.#make({
      preset: 'private_chat',
      visibility: 'private',
      room_alias_name: ids.aliasLocalpart(spec.portal),
      is_direct: spec.direct,
      invite: spec.invite,
      creation_content: { 'm.federate': federate },
      power_level_content_override: await this.#powers(),
      initial_state: bridgeState(ids, spec),
      ...(spec.name === undefined ? {} : { name: spec.name }),
      ...(spec.topic === undefined ? {} : { topic: spec.topic }),
      ...(roomVersion === undefined ? {} : { room_version: roomVersion }),
    });
  }

  async #make(body: Json): Promise<RoomId> {
    const answer = await this.#options.client.ask(this.#options.who, 'POST', `${API}/createRoom`, { body });
    const room = textAt(answer, 'room_id', 255);
    if (room === undefined) {
      throw new BridgeError('matrix-answer', 'now', 'fault.homeserver', { mayHaveHappened: true });
    }
    return as<RoomId>(room);
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
      state_default: Math.min(50, botPower),
      invite: Math.min(50, botPower),
      ...(listed ? { users: { [bot.user]: botPower } } : {}),
    };
  }

  async #version(): Promise<string> {
    if (this.#options.roomVersion !== undefined) return this.#options.roomVersion;
    const answer = await this.#options.client.ask(this.#options.who, 'GET', `${API}/capabilities`);
    return textAt(objectAt(objectAt(answer, 'capabilities'), 'm.room_versions'), 'default') ?? '11';
  }

  async adopt(room: RoomId, ghost: Speaker, spec: RoomSpec): Promise<MadeRoom> {
    const { bot, ids, client, who, asUser } = this.#options;
    await ghost.join(room);
    await tolerate(403, async () => await ghost.invite(room, bot.user));
    await bot.join(room);
    const alias = ids.alias(spec.portal);
    try {
      await client.ask(who, 'PUT', `${API}/directory/room/${encode(alias)}`, { body: { room_id: room } });
    } catch (error) {
      if (!(error instanceof MatrixRefusal) || error.status !== 409) throw error;
      if ((await this.#resolve(alias)) !== room) throw new BridgeError('matrix-alias', 'never', 'fault.homeserver');
    }
    await tolerate(403, async () => await this.#handPower(room, asUser(ghost.user), ghost.user));
    for (const one of bridgeState(ids, spec)) {
      const path = `${API}/rooms/${encode(room)}/state/${one.type}/${encode(one.state_key)}`;
      // Without power the room works all the same; it merely does not say what it is.
      await tolerate(403, async () => {
        await client.ask(who, 'PUT', path, { body: one.content });
      });
    }
    return { room, encrypted: await this.isEncrypted(room), adopted: true };
  }

  /** A ghost that was invited with power gives it to the bot and keeps none. */
  async #handPower(room: RoomId, ghost: As, user: UserId): Promise<void> {
    const { client, botPower, bot } = this.#options;
    const path = `${API}/rooms/${encode(room)}/state/m.room.power_levels/`;
    const levels = await client.ask(ghost, 'GET', path);
    const users = objectAt(levels, 'users');
    const own = Number(field(users, user) ?? 0);
    if (own < 50) return;
    const rest = Object.fromEntries(Object.entries(users).filter(([name]) => name !== user));
    const body = {
      ...levels,
      users: { ...rest, [bot.user]: Math.min(own, botPower) },
      ...(own >= botPower ? { events: { ...objectAt(levels, 'events'), 'm.room.encryption': botPower } } : {}),
    };
    await client.ask(ghost, 'PUT', path, { body });
  }

  async makeManagement(user: UserId, name: string): Promise<RoomId> {
    return await this.#make({
      preset: 'private_chat',
      visibility: 'private',
      is_direct: true,
      invite: [user],
      name,
    });
  }

  async setName(room: RoomId, name: string): Promise<void> {
    const path = `${API}/rooms/${encode(room)}/state/m.room.name/`;
    await this.#options.client.ask(this.#options.who, 'PUT', path, { body: { name } });
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
      if (error instanceof MatrixRefusal && error.status === 404) return false;
      throw error;
    }
  }

  async #resolve(alias: string): Promise<RoomId | undefined> {
    try {
      const path = `${API}/directory/room/${encode(alias)}`;
      const room = textAt(await this.#options.client.ask(this.#options.who, 'GET', path), 'room_id', 255);
      return room === undefined ? undefined : as<RoomId>(room);
    } catch (error) {
      if (error instanceof MatrixRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Empty when the bot is not in the room. */
  async #state(room: RoomId): Promise<readonly Json[]> {
    try {
      const { client, who, bot } = this.#options;
      const answer = await client.raw(who, 'GET', `${API}/rooms/${encode(room)}/state`, {});
      const events: unknown = await answer.body.json();
      const state = Array.isArray(events) ? events.filter(isObject) : [];
      return membersOf(state).get(bot.user) === 'join' ? state : [];
    } catch (error) {
      if (error instanceof MatrixRefusal && (error.status === 403 || error.status === 404)) return [];
      throw error;
    }
  }
}

function membersOf(state: readonly Json[]): ReadonlyMap<UserId, Membership> {
  const members = new Map<UserId, Membership>();
  for (const one of state) {
    const now = field(objectAt(one, 'content'), 'membership');
    const user = textAt(one, 'state_key', 255);
    if (field(one, 'type') === 'm.room.member' && user !== undefined && isMembership(now)) {
      members.set(as<UserId>(user), now);
    }
  }
  return members;
}

function isEncryptedIn(state: readonly Json[]): boolean {
  return state.some((one) => field(one, 'type') === 'm.room.encryption');
}

/** MSC2346 in both spellings that clients read; the channel's id is opaque. */
function bridgeState(
  ids: OurIds,
  spec: RoomSpec,
): readonly { readonly type: string; readonly state_key: string; readonly content: Json }[] {
  const channel = ids.channel(spec.portal);
  const content = {
    bridgebot: ids.bot,
    creator: ids.bot,
    protocol: { id: spec.portal.network, displayname: spec.networkTitle },
    channel: { id: channel, ...(spec.name === undefined ? {} : { displayname: spec.name }) },
    'com.beeper.room_type': spec.direct ? 'dm' : 'default',
  };
  const key = `fr.passerelle://${spec.portal.network}/${channel}`;
  return ['m.bridge', 'uk.half-shot.bridge'].map((type) => ({ type, state_key: key, content }));
}

/** For steps that a room may lawfully forbid. */
async function tolerate(status: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof MatrixRefusal) || error.status !== status) throw error;
  }
}
