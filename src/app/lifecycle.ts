// Starts the house in order, keeps it, and stops it in order when asked; knows what comes after what, and nothing of messages.
import { keyBytes } from '../config/builders.ts';
import { fileRules } from '../config/rules.ts';
import type { Config, RunOptions } from '../config/schema.ts';
import { exitCodes, Refusal, type ExitCode } from './exit-codes.ts';
import type { Clock, Logger } from '../ports/stores.ts';
import { openStore, type Store } from '../store/index.ts';
import { TEND_MS } from '../flow/presences.ts';
import { buildHouse, buildPolicy, type Ground } from './build.ts';
import { realClock } from './clock.ts';
import { inSentences } from './database.ts';
import { startHealth, type Health } from './health.ts';
import { AUDIT_OWNER, awaitHomeserver, awaitPing, checkEra, HomeserverWatch, moveEra } from './homeserver.ts';
import { openNetworks } from './networks.ts';
import { Rounds } from './rounds.ts';
import { stopSignal } from './signals.ts';
import { Sweep } from './sweep.ts';

/** How long what is in hand may take to end when the bridge is asked to stop, in ms. */
const DRAIN_MS = 25_000;
/** How long one part of the house may take to close, the drain included, in ms. */
const LONGEST_ENDING_MS = 30_000;

/** Runs until SIGTERM or SIGINT. @throws Refusal, or what endingOf() knows how to say */
export async function runBridge(config: Config, log: Logger, options: RunOptions): Promise<ExitCode> {
  const stop = stopSignal(log);
  const { database, secrets, worker } = config;
  log.info({}, 'starting');
  const place = database.url === undefined ? { dir: database.embedded.dir } : { url: database.url.reveal() };
  const opening = {
    database: place,
    vaultKey: keyBytes(secrets.vaultKey),
    slot: options.slot ?? worker.slot,
    connections: database.connections,
    log,
  };
  const store = await inSentences(async () => await openStore(opening));
  try {
    log.info({ count: store.migrated.length }, 'the database is ready');
    await runOn(config, store, log, options, stop.signal);
  } finally {
    await store.close();
    stop.forget();
  }
  log.info({}, 'stopped');
  return exitCodes.ok;
}

/** Everything that was opened is closed again, the newest first, also when the start fails half-way. */
async function runOn(config: Config, store: Store, log: Logger, options: RunOptions, stop: AbortSignal): Promise<void> {
  const clock: Clock = realClock;
  const endings: (() => Promise<void>)[] = [];
  const onEnd = (end: () => Promise<void>): void => {
    endings.push(end);
  };
  const state = { open: false };
  const watch = new HomeserverWatch(log, async () => await store.queue.hasten('homeserver'));
  try {
    const me = await enlist(store);
    onEnd(async () => await store.leases.retire());
    if (config.health.enabled) onEnd(await openHealth(config, store, log, watch, () => state.open));

    const policy = buildPolicy({ config, store, clock, log });
    await policy.adopt(fileRules(config));
    const identityKey = keyBytes(config.secrets.identityKey);
    const adapters = await openNetworks(config, { vault: store.vault, identityKey, log, clock });
    onEnd(async () => {
      await Promise.all([...adapters.values()].map(async (adapter) => await adapter.close()));
    });

    let sessions: ReturnType<typeof buildHouse>['puppets'] | undefined;
    const rounds = new Rounds({ clock, log });
    onEnd(async () => await rounds.stop());
    // The heartbeat keeps this worker's place while it waits for the homeserver.
    const waiting = rounds.every(3_000, 'heartbeat', async () => void (await store.leases.beat()));
    const matrix = await awaitHomeserver({ config, store, adapters, clock, log }, () => sessions, stop);
    if (matrix === undefined) return;
    onEnd(async () => await matrix.close());
    onEnd(async () => await rounds.stop());
    const restoredAt = await checkEra(store, matrix, options.afterRestore === true, log, clock.now());

    const ground: Ground = { config, store, adapters, worker: me, clock, log, restoredAt };
    const house = buildHouse(ground, matrix, policy);
    sessions = house.puppets;
    onEnd(async () => await house.puppets.stop());
    onEnd(async () => {
      const late = 'not everything in hand ended in time; it is taken up at the next start';
      await within(DRAIN_MS, async () => await house.lanes.drain(), log, late);
    });
    onEnd(async () => await house.matrix.door.close());
    onEnd(async () => await house.logins.stop());

    await waiting();
    rounds.every(3_000, 'tend', async () => await house.puppets.tend());
    rounds.every(TEND_MS, 'presence', async () => await house.ephemeral.tend());
    rounds.every(60_000, 'bury', async () => await house.logins.bury());
    rounds.every(3_000, 'audit', async () => await tendAudit(store, house));
    rounds.every(60_000, 'era', async () => await tendEra(store, house));
    rounds.every(5_000, 'homeserver', async () => await watch.look(matrix));
    const { upkeep, leases } = store;
    const media = async (): Promise<number> => await matrix.prune();
    const sweep = new Sweep({ upkeep, leases, clock, log, retention: config.retention, media });
    rounds.every(60 * 60_000, 'sweep', async (signal) => await sweep.tend(signal));
    const fresh = new AbortController();
    const keptFresh = policy.keepFresh(fresh.signal);
    onEnd(async () => {
      fresh.abort();
      await keptFresh;
    });

    const { host } = config.appservice;
    const port = await matrix.door.listen(house.sink, { host, port: config.appservice.port });
    house.lanes.start();
    state.open = true;
    log.info({ port, worker: me, count: adapters.size, state: 'ready' }, 'the bridge is open');
    void awaitPing(matrix, clock, log, stop);
    await aborted(stop);
    log.info({}, 'stopping: what is in hand is finished first');
    state.open = false;
  } finally {
    for (const end of endings.toReversed()) {
      try {
        await within(LONGEST_ENDING_MS, end, log, 'something did not close in time and is left behind');
      } catch (error) {
        log.warn({ error }, 'something did not close cleanly');
      }
    }
  }
}

async function enlist(store: Store): Promise<ReturnType<Store['leases']['self']>> {
  try {
    return await store.leases.enlist();
  } catch (error) {
    if (error instanceof Error && error.message.includes('worker slot')) {
      throw new Refusal(exitCodes.inUse, error.message, error);
    }
    throw error;
  }
}

async function openHealth(
  config: Config,
  store: Store,
  log: Logger,
  watch: HomeserverWatch,
  isOpen: () => boolean,
): Promise<Health['close']> {
  const { host, port } = config.health;
  const health = await startHealth({
    host,
    port,
    live: { process: () => true },
    ready: {
      database: async () => (await store.ping()) >= 0,
      worker: () => store.leases.alive(),
      homeserver: () => watch.up,
      open: isOpen,
    },
  });
  log.info({ port: health.port }, 'health answers');
  return async () => await health.close();
}

/** One worker of all listens to the bot's sync. */
async function tendAudit(store: Store, house: ReturnType<typeof buildHouse>): Promise<void> {
  const fence = await store.leases.acquire(AUDIT_OWNER);
  if (fence === undefined) await house.matrix.audit.stop();
  else house.matrix.audit.start(house.sink);
}

/** A backup made while the bridge runs is known as older a minute later. One worker of all counts. */
async function tendEra(store: Store, house: ReturnType<typeof buildHouse>): Promise<void> {
  if ((await store.leases.holder(AUDIT_OWNER)) === store.leases.self()) await moveEra(store, house.matrix);
}

/** What does not end in time is left behind: the queue's claims and leases let another start take it up where it stood. */
async function within(ms: number, work: () => Promise<void>, log: Logger, otherwise: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  const how = await Promise.race([work().then(() => 'done' as const), late]).finally(() => clearTimeout(timer));
  if (how === 'late') log.warn({ ms }, otherwise);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
