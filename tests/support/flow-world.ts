// The whole corridor over in-memory twins: one homeserver, one network, one database, and houses that are started, killed and
// started again on them. Knows no wire.
import { Beginnings } from '../../src/bridge/beginnings.ts';
import { PortalKeeper } from '../../src/bridge/portals.ts';
import { PuppetKeeper } from '../../src/bridge/puppets.ts';
import { Senders } from '../../src/bridge/senders.ts';
import type { CommandRequest, CommandResult, FlowDoors } from '../../src/flow/doors.ts';
import { Ephemeral } from '../../src/flow/ephemeral.ts';
import { Intake } from '../../src/flow/intake.ts';
import { Lanes } from '../../src/flow/lanes.ts';
import { Pipelines } from '../../src/flow/pipelines.ts';
import { tellAlert, tellOver, tellState } from '../../src/flow/login-states.ts';
import { readEvent } from '../../src/matrix/read.ts';
import { as, type ChatId, type PersonId, type PuppetId, type RoomId, type UserId } from '../../src/model/ids.ts';
import type { Puppet } from '../../src/model/records.ts';
import type { Rule } from '../../src/model/rules.ts';
import { say, type Say } from '../../src/model/say.ts';
import type { NetworkAdapter } from '../../src/ports/network.ts';
import { PolicyDesk } from '../../src/policy/policy-desk.ts';
import { MemoryClock } from './memory-clock.ts';
import { MemoryDatabase } from './memory-database.ts';
import { MemoryMatrix } from './memory-matrix.ts';
import { MemoryNetwork, PIGEON } from './memory-network.ts';
import { memoryStore, type MemoryStore } from './memory-store.ts';
import { quiet } from './quiet.ts';

export const marie = as<UserId>('@marie:hs');
export const paul = as<UserId>('@paul:hs');
/** Marie's account over there, and a friend. */
export const MARIE = 'marie';
export const ZOE = 'zoe';

/** Put around every port of a house: a test may count the calls, or end the house at one of them. */
export type Wrap = <Port extends object>(port: Port) => Port;
const plain: Wrap = (port) => port;

export interface House {
  readonly store: MemoryStore;
  readonly flow: FlowDoors;
  readonly intake: Intake;
  readonly puppets: PuppetKeeper;
  readonly ephemeral: Ephemeral;
  readonly lanes: Lanes;
  stop(): Promise<void>;
}

export class FlowWorld {
  readonly clock: MemoryClock;
  readonly db: MemoryDatabase;
  readonly matrix: MemoryMatrix;
  readonly network: MemoryNetwork;
  /** A network of its own beside that one, for houses started from then on. */
  beside: ((store: MemoryStore) => NetworkAdapter) | undefined;
  readonly commands: CommandRequest[] = [];
  command: (request: CommandRequest) => CommandResult = () => ({ replies: [say('ping.pong')] });
  mayStay: (puppet: Puppet) => Say | undefined = () => undefined;
  house: House | undefined;
  /** When a backup was restored, for houses started from then on. */
  restoredAt: number | undefined;
  /** Of houses started from then on. */
  showDelivered = true;
  sendTyping = true;
  shownMembers = 100;
  #pushed = 0;
  #txn = 0;

  /** @param start epoch ms */
  constructor(start?: number) {
    this.clock = new MemoryClock(start);
    this.db = new MemoryDatabase(this.clock);
    this.network = new MemoryNetwork(this.clock);
    this.matrix = new MemoryMatrix(this.clock, (user, network, person) => {
      const ghost = { network: as<Puppet['network']>(network), person: as<PersonId>(person), user, registered: true };
      this.db.ghosts.set(JSON.stringify([network, person]), ghost);
    });
    this.rule('allow');
  }

  rule(
    effect: 'allow' | 'deny',
    more: { chat?: string; user?: UserId; reason?: string; id?: string; action?: Rule['action'] } = {},
  ): void {
    const id = more.id ?? `${effect}-${more.chat ?? 'all'}`;
    this.db.rules.set(id, { action: 'any', ...more, id, effect, source: 'file', by: 'file', madeAt: 0 });
    this.db.ruleVersion += 1;
  }

  login(owner: UserId, self: string, state: Puppet['state'] = 'offline'): PuppetId {
    const id = as<PuppetId>(`p-${owner}-${self}`);
    this.db.puppets.set(id, { id, network: PIGEON, owner, self: as<PersonId>(self), name: self, state });
    return id;
  }

  /** Starts a house; a former one of the same slot counts as dead. `work` is put around what its lanes do. */
  async start(slot = 'a', wrap: Wrap = plain, work: Wrap = plain): Promise<House> {
    for (const row of this.db.workers.values()) if (row.slot === slot) row.dead = true;
    const store = memoryStore(slot, this.db);
    const worker = await store.leases.enlist();
    const queue = wrap(store.queue);
    const matrix = wrap(this.matrix.api());
    const [portals, persons, links] = [wrap(store.portals), wrap(store.persons), wrap(store.links)];
    const { puppets: logins, ghosts, leases, clock } = store;
    const adapters = new Map([[PIGEON, this.network.adapter()]]);
    const beside = this.beside?.(store);
    if (beside !== undefined) adapters.set(beside.id, beside);
    const policy = new PolicyDesk({ rules: store.rules, clock, log: quiet, administrators: [] });
    const intake = new Intake({
      queue,
      matrix,
      portals,
      puppets: logins,
      adapters,
      clock,
      tooOldMs: 86_400_000,
      log: quiet,
    });
    const states = { queue, adapters, clock, log: quiet, administrators: [paul] };
    const puppets: PuppetKeeper = new PuppetKeeper({
      adapters: new Map(
        [...adapters].map(([id, adapter]) => [
          id,
          {
            ...adapter,
            openSession: (...of: Parameters<typeof adapter.openSession>) => wrap(adapter.openSession(...of)),
          },
        ]),
      ),
      puppets: logins,
      links,
      leases,
      clock,
      log: quiet,
      accept: async (puppet, fence, events, vault) => await intake.fromNetwork(puppet, fence, events, vault),
      glimpse: (puppet, event) => ephemeral.fromNetwork(puppet, event),
      tell: async (...of) => await intake.tellOwner(...of),
      mayStay: async (puppet) => await Promise.resolve(this.mayStay(puppet)),
      opened: async (puppet) => await queue.hasten(puppet),
      changed: async (...change) => await tellState(states, ...change),
      over: async (...wait) => await tellOver(states, ...wait),
      alert: async (puppet, why) => await tellAlert(states, puppet, why),
    });
    const session = (puppet: Pick<Puppet, 'id'>) => puppets.session(puppet.id);
    const senders = new Senders({ matrix, puppets: logins, ghosts, sessions: puppets, now: () => clock.now() });
    const keeper = new PortalKeeper({ matrix, portals, puppets: logins, senders, adapters, session, log: quiet });
    const flow: FlowDoors = {
      queue,
      matrix,
      read: readEvent,
      adapters,
      portals,
      puppets: logins,
      ghosts,
      persons,
      links,
      leases,
      keeper,
      beginnings: new Beginnings({ may: async (facts) => await policy.may(facts), links, queue, adapters, clock }),
      senders,
      session: (id) => puppets.session(id),
      may: async (facts) => await policy.may(facts),
      command: async (request) => {
        this.commands.push(request);
        return await Promise.resolve(this.command(request));
      },
      clock,
      log: quiet,
      settings: {
        defaultLanguage: 'en',
        tooOldMs: 86_400_000,
        slowMs: 600_000,
        linkDays: 730,
        showDelivered: this.showDelivered,
        sendTyping: this.sendTyping,
        shownMembers: this.shownMembers,
        restoredAt: this.restoredAt,
      },
    };
    const ephemeral = new Ephemeral(flow);
    const lanes = new Lanes(
      { queue, leases, clock, log: quiet, worker, work: work(new Pipelines(flow)) },
      { concurrency: 16, run: 20, slowMs: 600_000, idleMs: 50 },
    );
    const stop = async (): Promise<void> => {
      await lanes.drain();
      await puppets.stop();
      await leases.retire();
    };
    await puppets.tend();
    lanes.start();
    this.house = { store, flow, intake, puppets, ephemeral, lanes, stop };
    return this.house;
  }

  /** Hands over what the homeserver has not had acknowledged yet. @returns whether there was anything */
  async push(house: House): Promise<boolean> {
    const events = this.matrix.feed.slice(this.#pushed);
    if (events.length === 0) return false;
    await house.intake.fromMatrix(`t${this.#txn}`, events);
    this.#pushed += events.length;
    this.#txn += 1;
    return true;
  }

  /** Lets everything happen that can happen within `ms` of the house's time. */
  async run(ms = 5_000, house = this.house): Promise<void> {
    if (house === undefined) throw new Error('no house');
    const end = this.clock.now() + ms;
    for (let round = 0; ; round += 1) {
      if (round > 5_000) throw new Error('the house does not come to rest');
      await turns();
      await house.puppets.tend();
      const pushed = await this.push(house);
      await turns();
      const busy = pushed || !this.network.told || this.matrix.feed.length > this.#pushed;
      if (!busy && (await house.store.queue.depth()).queued === 0) return;
      if (busy) continue;
      if (this.clock.now() >= end) return;
      this.clock.pass(Math.min(250, end - this.clock.now()));
      this.db.wake();
    }
  }

  /** Lets time pass, a little at a time, so that nobody's lease runs out. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      this.clock.pass(Math.min(5_000, end - this.clock.now()));
      await this.house?.puppets.tend();
      this.db.wake();
      await turns();
    }
    await this.run();
  }

  room(chat: ChatId): RoomId {
    const portal = [...this.db.portals.values()].find((one) => one.key.chat === chat);
    if (portal?.room === undefined) throw new Error('no room');
    return portal.room;
  }

  /** The house has begun, Zoé has spoken, and Marie is in the room that was made for it. @returns that room */
  async begin(chat: ChatId, words = 'hello'): Promise<RoomId> {
    await this.start();
    this.network.say(chat, ZOE, words);
    await this.run();
    const room = this.room(chat);
    await this.join(room, marie);
    return room;
  }

  async join(room: RoomId, user: UserId): Promise<void> {
    this.matrix.member(room, user, user, 'join');
    await this.run();
  }
}

/** Lets what is under way in this process get as far as it can without time. */
export async function turns(count = 30): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
