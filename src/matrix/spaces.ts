// One space for each person and network, in which their rooms are gathered; made with the first of them. Knows no portals.
import type { NetworkId, RoomId, UserId } from '../model/ids.ts';
import { AliasedRooms, stateThrough } from './aliased-rooms.ts';
import type { As, MatrixClient } from './client.ts';
import type { OurIds } from './ids.ts';
import type { Intents } from './intents.ts';
import { field, objectAt } from './json.ts';
import { creatorIn, isTombstonedIn } from './state.ts';

export interface SpaceOptions {
  readonly client: MatrixClient;
  readonly intents: Pick<Intents, 'setState'>;
  readonly ids: OurIds;
  readonly who: As;
  readonly federate: boolean;
  readonly botPower: number;
}

export interface Space {
  readonly room: RoomId;
  /** It was not there before: its person is invited. Who leaves one later is not called back. */
  readonly made: boolean;
}

export class Spaces {
  readonly #options: SpaceOptions;
  readonly #aliased: AliasedRooms;
  /** By person and network. */
  readonly #known = new Map<string, Promise<Space>>();

  constructor(options: SpaceOptions) {
    this.#options = options;
    this.#aliased = new AliasedRooms(options.client, options.who);
  }

  /** Again, it changes nothing. @param title the network's, which is the space's name @throws BridgeError */
  async gather(user: UserId, network: NetworkId, title: string, room: RoomId): Promise<Space> {
    const { ids, intents } = this.#options;
    const key = `${network}|${user}`;
    const known = this.#known.get(key);
    const opening = known ?? this.#ensure(user, network, title);
    this.#known.set(key, opening);
    try {
      const space = await opening;
      await intents.setState(ids.bot, space.room, 'm.space.child', room, { via: [ids.serverName] });
      return known === undefined ? space : { ...space, made: false };
    } catch (error) {
      // Whatever became of it is looked for anew the next time.
      this.#known.delete(key);
      throw error;
    }
  }

  /** Again, it changes nothing; a space that is not there is not made. @param instead takes its place @throws BridgeError */
  async release(user: UserId, network: NetworkId, room: RoomId, instead?: RoomId): Promise<void> {
    const { client, who, ids, intents } = this.#options;
    const space = await this.#aliased.resolve(`#${ids.spaceLocalpart(user, network)}:${ids.serverName}`);
    if (space === undefined) return;
    const state = await stateThrough(client, who, space);
    const child = state.find((one) => field(one, 'type') === 'm.space.child' && field(one, 'state_key') === room);
    // Without the servers to go to by, it is a child no more.
    if (field(objectAt(child, 'content'), 'via') === undefined) return;
    if (instead !== undefined)
      await intents.setState(ids.bot, space, 'm.space.child', instead, { via: [ids.serverName] });
    await intents.setState(ids.bot, space, 'm.space.child', room, {});
  }

  async #ensure(user: UserId, network: NetworkId, title: string): Promise<Space> {
    const { ids, federate, botPower } = this.#options;
    const { room, state } = await this.#aliased.ensure({
      localpart: ids.spaceLocalpart(user, network),
      serverName: ids.serverName,
      body: async () =>
        await Promise.resolve({
          preset: 'private_chat',
          visibility: 'private',
          creation_content: { type: 'm.space', 'm.federate': federate },
          // Nothing is said in it.
          power_level_content_override: { events_default: botPower, state_default: botPower, invite: botPower },
          invite: [user],
          name: title,
        }),
      isIt: (found) => {
        const create = found.find((one) => field(one, 'type') === 'm.room.create');
        const isSpace = field(objectAt(create, 'content'), 'type') === 'm.space';
        return isSpace && creatorIn(found) === ids.bot && !isTombstonedIn(found);
      },
    });
    return { room, made: state === undefined };
  }
}
