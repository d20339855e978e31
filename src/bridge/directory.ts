// Remembers portals and logins for a moment, since every event asks for them. Other processes' changes of portals are heard of at once,
// or, where their notice is lost, seen after that moment like those of logins.
import {
  portalKeyText,
  type NetworkId,
  type PersonId,
  type PortalKey,
  type PuppetId,
  type RoomId,
  type UserId,
} from '../model/ids.ts';
import type { Portal, Puppet } from '../model/records.ts';
import type { Clock, PortalStore, PuppetStore } from '../ports/stores.ts';

/** How long another process's change may go unseen, in ms; rules promise 60 s. */
const MOMENT_MS = 2_000;
const MOST_PORTALS = 20_000;

/** Only what exists is remembered: a room that is no portal now may be one in the next moment. */
export class PortalDirectory implements PortalStore {
  readonly #store: PortalStore;
  readonly #clock: Clock;
  readonly #byKey = new Map<string, { portal: Portal; readAt: number }>();
  readonly #keyOfRoom = new Map<RoomId, string>();
  /** Changes heard of: what was asked before one, and answered after it, may be older than it. */
  #changes = 0;

  constructor(store: PortalStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    store.onChange((key) => this.#changed(key));
  }

  async byKey(key: PortalKey): Promise<Portal | undefined> {
    return this.#recall(portalKeyText(key)) ?? (await this.#ask(async () => await this.#store.byKey(key)));
  }

  async byRoom(room: RoomId): Promise<Portal | undefined> {
    const key = this.#keyOfRoom.get(room);
    const known = key === undefined ? undefined : this.#recall(key);
    return known?.room === room ? known : await this.#ask(async () => await this.#store.byRoom(room));
  }

  async add(portal: Portal): Promise<Portal> {
    return await this.#store.add(portal);
  }

  async change(...[key, ...how]: Parameters<PortalStore['change']>): Promise<Portal | undefined> {
    try {
      return await this.#store.change(key, ...how);
    } finally {
      this.#changed(portalKeyText(key));
    }
  }

  async join(from: PortalKey, to: PortalKey): Promise<Portal | undefined> {
    try {
      return await this.#store.join(from, to);
    } finally {
      for (const key of [from, to]) this.#changed(portalKeyText(key));
    }
  }

  onChange(changed: (key: string | undefined) => void): () => void {
    return this.#store.onChange(changed);
  }

  async list(filter: Parameters<PortalStore['list']>[0]): Promise<readonly Portal[]> {
    return await this.#store.list(filter);
  }

  async count(): Promise<number> {
    return await this.#store.count();
  }

  #recall(key: string): Portal | undefined {
    const kept = this.#byKey.get(key);
    return kept !== undefined && isFresh(kept.readAt, this.#clock) ? kept.portal : undefined;
  }

  #changed(key: string | undefined): void {
    this.#changes += 1;
    if (key === undefined) this.#byKey.clear();
    else this.#byKey.delete(key);
  }

  async #ask(store: () => Promise<Portal | undefined>): Promise<Portal | undefined> {
    const changes = this.#changes;
    const portal = await store();
    if (portal !== undefined && changes === this.#changes) this.#keep(portal);
    return portal;
  }

  #keep(portal: Portal): void {
    if (this.#byKey.size >= MOST_PORTALS) {
      this.#byKey.clear();
      this.#keyOfRoom.clear();
    }
    const key = portalKeyText(portal.key);
    this.#byKey.set(key, { portal, readAt: this.#clock.now() });
    if (portal.room !== undefined) this.#keyOfRoom.set(portal.room, key);
  }
}

/** A clock that was set back says nothing of how long ago it was. */
function isFresh(readAt: number, clock: Clock): boolean {
  const ms = clock.now() - readAt;
  return ms >= 0 && ms < MOMENT_MS;
}

/** Logins are few: all are read together and looked up in memory. */
export class PuppetDirectory implements PuppetStore {
  readonly #store: PuppetStore;
  readonly #clock: Clock;
  #all: Promise<readonly Puppet[]> | undefined;
  #readAt = 0;

  constructor(store: PuppetStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async all(): Promise<readonly Puppet[]> {
    if (this.#all === undefined || !isFresh(this.#readAt, this.#clock)) {
      this.#readAt = this.#clock.now();
      const reading = this.#store.all();
      this.#all = reading;
      reading.catch(() => {
        // The reader below gets the error; the next reader must ask again.
        if (this.#all === reading) this.#all = undefined;
      });
    }
    return await this.#all;
  }

  async find(id: PuppetId): Promise<Puppet | undefined> {
    const known = (await this.all()).find((puppet) => puppet.id === id);
    return known ?? (await this.#store.find(id));
  }

  /** Whoever is asked for on one network is about to be told that they have no login there: that has to be true now. */
  async ofOwner(owner: UserId, network?: NetworkId): Promise<readonly Puppet[]> {
    const known = (await this.all()).filter((puppet) => puppet.owner === owner);
    if (network === undefined) return known;
    const there = known.filter((puppet) => puppet.network === network);
    return there.length > 0 ? there : await this.#store.ofOwner(owner, network);
  }

  async ofNetwork(network: NetworkId): Promise<readonly Puppet[]> {
    return (await this.all()).filter((puppet) => puppet.network === network);
  }

  async ofAccount(network: NetworkId, self: PersonId): Promise<readonly Puppet[]> {
    return (await this.all()).filter((puppet) => puppet.network === network && puppet.self === self);
  }

  async save(puppet: Puppet): Promise<void> {
    await this.#store.save(puppet);
    this.#all = undefined;
  }

  async setState(...state: Parameters<PuppetStore['setState']>): Promise<void> {
    await this.#store.setState(...state);
    this.#all = undefined;
  }
}
