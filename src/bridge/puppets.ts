// Keeps the live lines of logged-in people: takes leases, opens sessions, closes what is lost, paused or refused; knows no events' meaning.
import { BridgeError } from '../model/errors.ts';
import { loginOwner, type NetworkId, type OwnerId, type PuppetId } from '../model/ids.ts';
import type { Puppet, PuppetState } from '../model/records.ts';
import { say, type Say } from '../model/say.ts';
import type { NetworkAdapter, NetworkSession, NetworkSink } from '../ports/network.ts';
import type { Fence } from '../ports/queue.ts';
import type { Clock, Leases, Logger, PuppetStore } from '../ports/stores.ts';
import { PuppetStates, type PuppetStateDoors } from './puppet-states.ts';
import { sinkOf, type SinkDoors } from './sink.ts';
import { isPast } from './waits.ts';

/** What other rooms need of the keeper. */
export interface SessionKeeper {
  session(puppet: PuppetId): NetworkSession | undefined;
  anySession(network: NetworkId): NetworkSession | undefined;
}

export interface PuppetDoors extends SinkDoors, PuppetStateDoors {
  readonly adapters: ReadonlyMap<NetworkId, NetworkAdapter>;
  readonly puppets: PuppetStore;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Logger;
  /** May this login be open now? The reason when not. */
  readonly mayStay: (puppet: Puppet) => Promise<Say | undefined>;
  /** Its line is open: what slept because it was not may go. */
  readonly opened: (puppet: PuppetId) => Promise<unknown>;
  /** The network refuses the bridge itself: whoever runs it has to act. */
  readonly alert: (puppet: Puppet, why: BridgeError) => Promise<void>;
}

interface Line {
  readonly puppet: Puppet;
  readonly fence: Fence;
  readonly session: NetworkSession;
  live: boolean;
  /** What the network lets the account not do while the line is open. */
  limit?: BridgeError | undefined;
}

/** First and longest wait between tries to open a session, in ms. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10 * 60_000;

export class PuppetKeeper implements SessionKeeper {
  readonly #doors: PuppetDoors;
  readonly #states: PuppetStates;
  readonly #lines = new Map<PuppetId, Line>();
  readonly #fences = new Map<OwnerId, Fence>();
  readonly #retryAt = new Map<PuppetId, { at: number; wait: number }>();
  readonly #opening = new Map<PuppetId, Promise<void>>();
  #stopped = false;

  constructor(doors: PuppetDoors) {
    this.#doors = doors;
    this.#states = new PuppetStates(doors);
  }

  session(puppet: PuppetId): NetworkSession | undefined {
    const line = this.#lines.get(puppet);
    return line?.live === true ? line.session : undefined;
  }

  /** Its line is just being opened here: until that has come to an end. Never fails. */
  opening(puppet: PuppetId): Promise<void> | undefined {
    return this.#opening.get(puppet);
  }

  anySession(network: NetworkId): NetworkSession | undefined {
    for (const line of this.#lines.values()) {
      if (line.live && line.puppet.network === network) return line.session;
    }
    return undefined;
  }

  /** Is this login's lease held here? */
  holds(puppet: PuppetId): boolean {
    return this.#fences.has(loginOwner(puppet));
  }

  /**
   * One round, to be called every few seconds and after a login: renews what is held, gives up what is lost or more than
   * a fair share, takes what is free, and opens or closes sessions accordingly. Never throws for one login's trouble.
   */
  async tend(): Promise<void> {
    if (this.#stopped) return;
    let held: readonly Fence[];
    try {
      held = await this.#doors.leases.beat();
    } catch (error) {
      // Nobody heard our heartbeat: once the leases may have run out, another worker opens these lines.
      if (!this.#doors.leases.alive()) await this.#closeAll();
      throw error;
    }
    this.#keepFences(held);
    const puppets = (await this.#doors.puppets.all()).filter((puppet) => this.#doors.adapters.has(puppet.network));
    await this.#balance(puppets);
    await Promise.all(puppets.map(async (puppet) => await this.#tendSafely(puppet)));
    await this.#closeUnheld(puppets);
  }

  /** Opens a session right after its login, or anew on its person's word, without waiting for the next round. */
  async welcome(puppet: Puppet): Promise<void> {
    this.#retryAt.delete(puppet.id);
    const fence = this.#fences.get(loginOwner(puppet.id)) ?? (await this.#doors.leases.acquire(loginOwner(puppet.id)));
    if (fence === undefined) return;
    this.#fences.set(fence.owner, fence);
    await this.#close(puppet.id);
    // A line that was still opening sees that it is not wanted any more, and ends.
    await this.#opening.get(puppet.id);
    await this.#tendOne(puppet, 'asked');
  }

  /** Ends a login on its network and here. */
  async logout(puppet: Puppet): Promise<void> {
    const line = this.#lines.get(puppet.id);
    if (line !== undefined) await line.session.logout();
    await this.#close(puppet.id);
    await this.#states.end(puppet);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#closeAll();
    await Promise.all(this.#opening.values());
    for (const fence of this.#fences.values()) await this.#doors.leases.release(fence);
    this.#fences.clear();
  }

  #keepFences(held: readonly Fence[]): void {
    const now = new Map(held.map((fence) => [fence.owner, fence]));
    for (const owner of this.#fences.keys()) {
      if (owner.startsWith('login:') && !now.has(owner)) this.#fences.delete(owner);
    }
    for (const [owner, fence] of now) {
      if (owner.startsWith('login:')) this.#fences.set(owner, fence);
    }
  }

  async #balance(puppets: readonly Puppet[]): Promise<void> {
    const workers = await this.#doors.leases.workers();
    const share = Math.ceil(puppets.length / Math.max(1, workers.length));
    const mine = puppets.filter((puppet) => this.holds(puppet.id));
    for (const puppet of mine.slice(share)) {
      const fence = this.#fences.get(loginOwner(puppet.id));
      if (fence === undefined) continue;
      await this.#close(puppet.id);
      this.#fences.delete(fence.owner);
      await this.#doors.leases.release(fence);
    }
    let room = share - mine.length;
    if (room <= 0) return;
    const free = await this.#doors.leases.free(puppets.map((puppet) => loginOwner(puppet.id)));
    for (const owner of free) {
      if (room <= 0) return;
      const fence = await this.#doors.leases.acquire(owner);
      if (fence === undefined) continue;
      this.#fences.set(owner, fence);
      room -= 1;
    }
  }

  async #tendSafely(puppet: Puppet): Promise<void> {
    try {
      await this.#tendOne(puppet);
    } catch (error) {
      this.#doors.log.warn({ puppet: puppet.id, error }, 'a login could not be tended, will try again');
    }
  }

  async #tendOne(puppet: Puppet, asked?: 'asked'): Promise<void> {
    const fence = this.#fences.get(loginOwner(puppet.id));
    const line = this.#lines.get(puppet.id);
    if (line !== undefined && (fence === undefined || fence.epoch !== line.fence.epoch)) await this.#close(puppet.id);
    if (fence === undefined) return;
    if (puppet.state === 'signed-out') {
      // Another process may have ended the login; asked anew, since the list is a moment old and a new login may stand by now.
      const now = await this.#doors.puppets.find(puppet.id);
      if (now === undefined || now.state === 'signed-out') await this.#close(puppet.id);
      return;
    }
    const refused = await this.#doors.mayStay(puppet);
    if (refused !== undefined) {
      await this.#close(puppet.id);
      if (puppet.state !== 'paused') await this.#states.change(puppet, 'paused', refused);
      return;
    }
    if (isPast(puppet, this.session(puppet.id) !== undefined, this.#doors.clock.now()))
      await this.#states.heedTime(puppet);
    const retry = this.#retryAt.get(puppet.id);
    if (this.#lines.has(puppet.id) || this.#opening.has(puppet.id)) return;
    if (this.#stopped || (retry !== undefined && retry.at > this.#doors.clock.now())) return;
    const opening = this.#open(puppet, fence, asked)
      .catch((error: unknown) => {
        this.#doors.log.error({ puppet: puppet.id, error }, 'a login could not be opened');
      })
      .finally(() => this.#opening.delete(puppet.id));
    this.#opening.set(puppet.id, opening);
  }

  async #open(puppet: Puppet, fence: Fence, asked?: 'asked'): Promise<void> {
    const adapter = this.#doors.adapters.get(puppet.network);
    if (adapter === undefined) return;
    const session = adapter.openSession(puppet, this.#sink(puppet, fence));
    const line: Line = { puppet, fence, session, live: false };
    this.#lines.set(puppet.id, line);
    try {
      await session.connect(asked);
      if (this.#lines.get(puppet.id) !== line) {
        // Given up while it was opening: whoever gave it up may have closed it too early to count.
        await session.disconnect();
        return;
      }
      line.live = true;
      this.#retryAt.delete(puppet.id);
      await this.#states.change(puppet, 'online', line.limit?.human, line.limit?.notBefore);
      await this.#wake(puppet);
    } catch (error) {
      await this.#failed(puppet, line, error);
    }
  }

  async #failed(puppet: Puppet, line: Line, error: unknown): Promise<void> {
    if (this.#lines.get(puppet.id) !== line) return;
    await this.#close(puppet.id);
    const human = error instanceof BridgeError ? error.human : say('fault.internal');
    if (error instanceof BridgeError && error.retry === 'after-login') {
      await this.#states.change(puppet, 'signed-out', human);
      return;
    }
    const wait = Math.min(LONGEST_RETRY_MS, (this.#retryAt.get(puppet.id)?.wait ?? FIRST_RETRY_MS / 2) * 2);
    const notBefore = error instanceof BridgeError ? (error.notBefore ?? 0) : 0;
    const at = Math.max(notBefore, this.#doors.clock.now() + wait * (0.75 + Math.random() / 2));
    this.#retryAt.set(puppet.id, { at, wait });
    this.#doors.log.warn(
      { puppet: puppet.id, network: puppet.network, error, ms: Math.round(wait) },
      'login not opened, will try again',
    );
  }

  #sink(puppet: Puppet, fence: Fence): NetworkSink {
    return sinkOf(this.#doors, puppet, fence, (state, why) => {
      void this.#reported(puppet, fence, state, why);
    });
  }

  async #reported(puppet: Puppet, fence: Fence, state: PuppetState, why: BridgeError | undefined): Promise<void> {
    try {
      const line = this.#lines.get(puppet.id);
      if (line === undefined || line.fence.epoch !== fence.epoch) return;
      if (!this.#doors.leases.alive()) {
        // Another worker may have the login, and this be the end that it made of our line: whoever opens it next says how it is.
        await this.#close(puppet.id);
        return;
      }
      if (state === 'online') line.limit = why;
      if (state === 'signed-out') await this.#close(puppet.id);
      await this.#states.change(puppet, state, why?.human, why?.notBefore);
      if (why?.alert === true) await this.#doors.alert(puppet, why);
      if (state === 'online') await this.#wake(puppet);
    } catch (error) {
      this.#doors.log.error({ puppet: puppet.id, error }, 'login state could not be kept');
    }
  }

  /** Whoever is not woken comes when it meant to. */
  async #wake(puppet: Puppet): Promise<void> {
    try {
      await this.#doors.opened(puppet.id);
    } catch (error) {
      this.#doors.log.info({ puppet: puppet.id, error }, 'what waits for this login was not woken');
    }
  }

  async #closeUnheld(puppets: readonly Puppet[]): Promise<void> {
    const known = new Set(puppets.map((puppet) => puppet.id));
    for (const id of this.#lines.keys()) {
      if (!known.has(id) || !this.holds(id)) await this.#close(id);
    }
  }

  async #closeAll(): Promise<void> {
    await Promise.all([...this.#lines.keys()].map(async (id) => await this.#close(id)));
  }

  async #close(id: PuppetId): Promise<void> {
    const line = this.#lines.get(id);
    if (line === undefined) return;
    this.#lines.delete(id);
    line.live = false;
    try {
      await line.session.disconnect();
    } catch (error) {
      this.#doors.log.warn({ puppet: id, error }, 'session did not close cleanly');
    }
  }
}
