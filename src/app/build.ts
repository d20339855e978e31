// Makes each part of the house and hands it only its doors; starts nothing.
import { keyBytes } from '../config/builders.ts';
import type { Config } from '../config/schema.ts';
import { Commands } from '../commands/dispatcher.ts';
import { Beginnings } from '../bridge/beginnings.ts';
import { PortalDirectory, PuppetDirectory } from '../bridge/directory.ts';
import { LoginDesk } from '../bridge/logins.ts';
import { PortalKeeper } from '../bridge/portals.ts';
import { PuppetKeeper } from '../bridge/puppets.ts';
import { portalKeyOf } from '../bridge/sink.ts';
import { Senders } from '../bridge/senders.ts';
import type { FlowDoors } from '../flow/doors.ts';
import { Ephemeral } from '../flow/ephemeral.ts';
import { Intake } from '../flow/intake.ts';
import { Lanes } from '../flow/lanes.ts';
import { Pipelines } from '../flow/pipelines.ts';
import { tellAlert, tellOver, tellState, type StateDoors } from '../flow/login-states.ts';
import { roomToGroup } from '../flow/room-to-group.ts';
import { openPortalLater, toldInManagement } from '../flow/tellings.ts';
import { openMatrix, type MatrixWing } from '../matrix/index.ts';
import type { NetworkId, WorkerId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import type { MatrixSink } from '../ports/matrix.ts';
import type { NetworkAdapter } from '../ports/network.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, GhostStore, Logger, Vault } from '../ports/stores.ts';
import { PolicyDesk } from '../policy/policy-desk.ts';
import type { Store } from '../store/index.ts';
import { networkSections } from './network-sections.ts';

const SLOW_MS = 10 * 60_000;
const TOO_OLD_MS = 24 * 60 * 60_000;
/** Lanes at work at the same time in one process; each has at most one request under way. */
const LANES = 64;

/** What the house is built on. */
export interface Ground {
  readonly config: Config;
  readonly store: Store;
  readonly adapters: ReadonlyMap<NetworkId, NetworkAdapter>;
  readonly worker: WorkerId;
  readonly clock: Clock;
  readonly log: Logger;
  /** When the database was last brought back from a backup, epoch ms. */
  readonly restoredAt: number | undefined;
}

/** What the Matrix wing is opened on. */
export interface WingGround extends Pick<Ground, 'config' | 'adapters' | 'clock' | 'log'> {
  readonly store: { readonly ghosts: GhostStore; readonly vault: Vault; readonly queue: Pick<Queue, 'seen'> };
}

/** The parts that are started and stopped. */
export interface House {
  readonly matrix: MatrixWing;
  readonly policy: PolicyDesk;
  readonly logins: LoginDesk;
  readonly puppets: PuppetKeeper;
  readonly lanes: Lanes;
  readonly ephemeral: Pick<Ephemeral, 'tend'>;
  readonly sink: MatrixSink;
}

export function buildPolicy({
  config,
  store,
  clock,
  log,
}: Omit<Ground, 'adapters' | 'worker' | 'restoredAt'>): PolicyDesk {
  return new PolicyDesk({ rules: store.rules, clock, log, administrators: config.administrators });
}

/** @throws BridgeError when the homeserver does not answer or refuses us */
export async function openHomeserver(
  ground: WingGround,
  sessions: () => Pick<PuppetKeeper, 'anySession'> | undefined,
): Promise<MatrixWing> {
  const { config, store, adapters, clock, log } = ground;
  const { homeserver, appservice, doublePuppet, rooms, secrets } = config;
  const titles = Object.fromEntries([...adapters].map(([id, adapter]) => [id, adapter.title]));
  return await openMatrix({
    url: homeserver.url,
    serverName: homeserver.serverName,
    appserviceId: appservice.id,
    asToken: appservice.asToken.reveal(),
    hsToken: appservice.hsToken.reveal(),
    doublePuppetToken: doublePuppet.enabled ? doublePuppet.asToken?.reveal() : undefined,
    botLocalpart: appservice.botLocalpart,
    prefixes: Object.fromEntries(Object.entries(networkSections).map(([id, section]) => [id, section.prefix])),
    networkTitles: titles,
    identityKey: keyBytes(secrets.identityKey),
    federate: rooms.federate,
    botPower: rooms.botPower,
    ghostPower: rooms.ghostPower,
    spaces: rooms.spaces,
    roomVersion: rooms.version,
    stores: { ghosts: store.ghosts, vault: store.vault },
    queue: store.queue,
    log,
    clock,
    openNetworkMedia: async (network, source) => await sessions()?.anySession(network)?.openMedia(source),
  });
}

/** Puts the rooms of the house together around an open homeserver. */
export function buildHouse(ground: Ground, matrix: MatrixWing, policy: PolicyDesk): House {
  const { config, store, adapters, worker, clock, log } = ground;
  const portals = new PortalDirectory(store.portals, clock);
  const directory = new PuppetDirectory(store.puppets, clock);
  const queue = store.queue;
  const intake = new Intake({
    queue,
    matrix: matrix.api,
    portals,
    puppets: directory,
    adapters,
    clock,
    tooOldMs: TOO_OLD_MS,
    log,
  });

  const logins: LoginDesk = new LoginDesk({
    adapters,
    policy,
    puppets: directory,
    vault: store.vault,
    caps: config.logins,
    leases: store.leases,
    clock,
    log,
    onLogin: async (puppet) => await puppets.welcome(puppet),
    onNotice: async ({ user, cause, say, ...more }) => await toldInManagement({ queue }, user, cause, say, more),
  });

  const states: StateDoors = { queue, adapters, clock, log, administrators: config.administrators };
  const puppets: PuppetKeeper = new PuppetKeeper({
    adapters,
    puppets: directory,
    links: store.links,
    leases: store.leases,
    clock,
    log,
    accept: async (puppet, fence, events, vault) => await intake.fromNetwork(puppet, fence, events, vault),
    glimpse: (puppet, event) => ephemeral.fromNetwork(puppet, event),
    tell: async (...of) => await intake.tellOwner(...of),
    mayStay: async (puppet) => await logins.mayStay(puppet),
    opened: async (puppet) => await queue.hasten(puppet),
    changed: async (...change) => await tellState(states, ...change),
    over: async (...wait) => await tellOver(states, ...wait),
    alert: async (puppet, why) => await tellAlert(states, puppet, why),
  });

  const session = (puppet: Pick<Puppet, 'id'>): ReturnType<PuppetKeeper['session']> => puppets.session(puppet.id);
  const senders = new Senders({
    matrix: matrix.api,
    puppets: directory,
    ghosts: store.ghosts,
    sessions: puppets,
    now: () => clock.now(),
  });
  const keeper = new PortalKeeper({ matrix: matrix.api, portals, puppets: directory, senders, adapters, session, log });

  const beginnings = new Beginnings({
    may: async (facts) => await policy.may(facts),
    links: store.links,
    queue,
    adapters,
    clock,
  });

  const commands = new Commands({
    policy,
    beginnings,
    logins,
    adapters,
    puppets: directory,
    persons: store.persons,
    portals,
    queue,
    leases: store.leases,
    sessions: {
      session,
      opening: ({ id }) => puppets.opening(id),
      reconnect: async (puppet) => await puppets.welcome(puppet),
      logout: async (puppet) => await puppets.logout(puppet),
    },
    openChat: async (puppet, resolved, cause) => {
      const key = portalKeyOf(puppet, resolved.chat.id, resolved.chat.kind);
      const portal = await keeper.find(key);
      if (portal?.room === undefined) {
        await openPortalLater({ queue }, { cause, puppet, portal: key, user: puppet.owner });
        return undefined;
      }
      await keeper.bringIn({ ...portal, room: portal.room }, puppet.owner);
      return portal.room;
    },
    roomToGroup: async (asked) => await roomToGroup(flow, asked),
    clock,
    log,
  });

  const flow: FlowDoors = {
    queue,
    matrix: matrix.api,
    read: matrix.read,
    adapters,
    portals,
    puppets: directory,
    ghosts: store.ghosts,
    persons: store.persons,
    links: store.links,
    leases: store.leases,
    keeper,
    beginnings,
    senders,
    session: (id) => puppets.session(id),
    may: async (facts) => await policy.may(facts),
    command: async (request) => await commands.run(request),
    clock,
    log,
    settings: {
      defaultLanguage: config.language,
      tooOldMs: TOO_OLD_MS,
      slowMs: SLOW_MS,
      linkDays: config.retention.linkDays,
      showDelivered: config.rooms.showDelivered,
      sendTyping: config.rooms.sendTyping,
      shownMembers: config.rooms.shownMembers,
      restoredAt: ground.restoredAt,
    },
  };
  const ephemeral = new Ephemeral(flow);
  const lanes = new Lanes(
    { queue, leases: store.leases, clock, log, worker, work: new Pipelines(flow) },
    { concurrency: LANES, run: 20, slowMs: SLOW_MS, idleMs: 1000 },
  );
  const sink: MatrixSink = {
    accept: async (receipt, events, late) => await intake.fromMatrix(receipt, events, late),
    ephemeral: (event) => ephemeral.fromMatrix(event),
  };
  return { matrix, policy, logins, puppets, lanes, ephemeral, sink };
}
