// Who speaks on which side: a remote person's ghost, a Matrix user's double puppet, a room member's own login; knows no events.
import type { PersonSnapshot } from '../model/chat.ts';
import type { NetworkId, PersonId, UserId } from '../model/ids.ts';
import type { Portal, Puppet } from '../model/records.ts';
import type { MatrixApi, Speaker } from '../ports/matrix.ts';
import type { GhostStore, PuppetStore } from '../ports/stores.ts';
import type { SessionKeeper } from './puppets.ts';

/** How long a ghost's profile is taken as fresh before the network is asked again, in ms. */
const PROFILE_FRESH_MS = 6 * 60 * 60 * 1000;

export interface SenderDoors {
  readonly matrix: MatrixApi;
  readonly puppets: PuppetStore;
  readonly ghosts: GhostStore;
  readonly sessions: SessionKeeper;
  now(): number;
}

export class Senders {
  readonly #doors: SenderDoors;
  /** person → epoch ms of the last description, so that a talkative ghost costs nothing. */
  readonly #described = new Map<string, number>();

  constructor(doors: SenderDoors) {
    this.#doors = doors;
  }

  /** The Matrix users in this portal whose own account `person` is. */
  async ownersOf(portal: Portal, person: PersonId): Promise<readonly Puppet[]> {
    const puppets = await this.#doors.puppets.ofAccount(portal.key.network, person);
    const receiver = portal.key.receiver;
    return receiver === undefined ? puppets : puppets.filter((puppet) => puppet.id === receiver);
  }

  /** Who says on Matrix what `person` said over there: their double puppet if they are here and it may, else their ghost. */
  async towardsMatrix(portal: Portal, person: PersonId): Promise<Speaker> {
    for (const puppet of await this.ownersOf(portal, person)) {
      const double = await this.#doors.matrix.double(puppet.owner);
      if (double !== undefined) return double;
    }
    return await this.ghost(portal.key.network, person, portal.key.receiver);
  }

  /** A ghost with its public name and picture, described at most every few hours. */
  async ghost(network: NetworkId, person: PersonId, through?: Puppet['id']): Promise<Speaker> {
    const key = `${network}/${person}`;
    const fresh = (this.#described.get(key) ?? 0) + PROFILE_FRESH_MS > this.#doors.now();
    if (fresh) return await this.#doors.matrix.ghost(network, person);
    const profile = await this.#describe(network, person, through);
    const speaker = await this.#doors.matrix.ghost(network, person, profile);
    if (profile !== undefined) this.#remember(key);
    return speaker;
  }

  /** The login that carries what `user` writes in this portal. */
  async towardsNetwork(portal: Portal, user: UserId): Promise<Puppet | undefined> {
    const own = await this.#doors.puppets.ofOwner(user, portal.key.network);
    if (portal.key.receiver !== undefined) return own.find((puppet) => puppet.id === portal.key.receiver);
    return own.find((puppet) => puppet.state === 'online') ?? own[0];
  }

  async #describe(network: NetworkId, person: PersonId, through?: Puppet['id']): Promise<PersonSnapshot | undefined> {
    const session =
      through === undefined ? this.#doors.sessions.anySession(network) : this.#doors.sessions.session(through);
    if (session === undefined) return undefined;
    try {
      return await session.describePerson(person);
    } catch {
      // A name is a nicety: the message goes out under the ghost's last known or neutral name, and is described next time.
      return undefined;
    }
  }

  #remember(key: string): void {
    if (this.#described.size > 20_000) this.#described.clear();
    this.#described.set(key, this.#doors.now());
  }
}
