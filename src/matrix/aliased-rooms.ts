// A room that is made once under an alias: whoever asks again finds it, unless it was left half made; knows no portals.
import { BridgeError } from '../model/errors.ts';
import { as, type RoomId } from '../model/ids.ts';
import { encode, MatrixRefusal, type As, type MatrixClient } from './client.ts';
import { isObject, textAt, type Json } from './json.ts';
import { membersOf } from './state.ts';

const API = '/_matrix/client/v3';

export interface AliasedRoom {
  readonly localpart: string;
  readonly serverName: string;
  /** The body of createRoom, without the alias. */
  readonly body: () => Promise<Json>;
  /** Is the room under the alias, by its state as the bot sees it, the one that was meant? */
  readonly isIt: (state: readonly Json[]) => boolean;
}

export interface Found {
  readonly room: RoomId;
  /** Its state when it was there already. */
  readonly state?: readonly Json[];
}

export class AliasedRooms {
  readonly #client: MatrixClient;
  readonly #who: As;

  constructor(client: MatrixClient, who: As) {
    this.#client = client;
    this.#who = who;
  }

  /** The homeserver writes an alias before the room is whole: what is not the room meant loses the alias, and one is made. */
  async ensure(wanted: AliasedRoom): Promise<Found> {
    const alias = `#${wanted.localpart}:${wanted.serverName}`;
    for (let round = 0; round < 2; round += 1) {
      try {
        return { room: await this.#make({ ...(await wanted.body()), room_alias_name: wanted.localpart }) };
      } catch (error) {
        if (!(error instanceof MatrixRefusal) || error.errcode !== 'M_ROOM_IN_USE') throw error;
        const room = await this.resolve(alias);
        const state = room === undefined ? [] : await this.#stateOf(room);
        if (room !== undefined && wanted.isIt(state)) return { room, state };
        await this.#forget(alias);
      }
    }
    throw new BridgeError('matrix-alias', 'later', 'fault.homeserver');
  }

  async resolve(alias: string): Promise<RoomId | undefined> {
    try {
      const path = `${API}/directory/room/${encode(alias)}`;
      const room = textAt(await this.#client.ask(this.#who, 'GET', path), 'room_id', 255);
      return room === undefined ? undefined : as<RoomId>(room);
    } catch (error) {
      if (error instanceof MatrixRefusal && error.said(404)) return undefined;
      throw error;
    }
  }

  async #make(body: Json): Promise<RoomId> {
    const answer = await this.#client.ask(this.#who, 'POST', `${API}/createRoom`, { body });
    const room = textAt(answer, 'room_id', 255);
    if (room === undefined) {
      throw new BridgeError('matrix-answer', 'now', 'fault.homeserver', { mayHaveHappened: true });
    }
    return as<RoomId>(room);
  }

  async #forget(alias: string): Promise<void> {
    try {
      await this.#client.ask(this.#who, 'DELETE', `${API}/directory/room/${encode(alias)}`);
    } catch (error) {
      // Gone already: then the next round makes it.
      if (!(error instanceof MatrixRefusal) || !error.said(404)) throw error;
    }
  }

  /** Empty when the bot is not in the room. */
  async #stateOf(room: RoomId): Promise<readonly Json[]> {
    try {
      const state = await stateThrough(this.#client, this.#who, room);
      const { user } = this.#who;
      return user !== undefined && membersOf(state).get(user) === 'join' ? state : [];
    } catch (error) {
      if (error instanceof MatrixRefusal && error.said(403, 404)) return [];
      throw error;
    }
  }
}

/** @throws MatrixRefusal when that one is not in the room */
export async function stateThrough(client: MatrixClient, through: As, room: RoomId): Promise<readonly Json[]> {
  const answer = await client.raw(through, 'GET', `${API}/rooms/${encode(room)}/state`, {});
  const events: unknown = await answer.body.json();
  return Array.isArray(events) ? events.filter(isObject) : [];
}
