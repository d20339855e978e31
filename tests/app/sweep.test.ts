// The daily sweep by a clock that the test moves, on a real Postgres: once a day, by one worker of all, by the ages of the
// configuration, with pauses in which whoever delivers has the database, and ended at any step without harm.
import { beforeEach, expect, test } from '@jest/globals';
import { Sweep } from '../../src/app/sweep.ts';
import { Rounds } from '../../src/app/rounds.ts';
import type { Store } from '../../src/store/index.ts';
import type { LogFacts, Logger } from '../../src/ports/stores.ts';
import { at, claimOne, entry, LEASE_MS } from '../contracts/world.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { quiet } from '../support/quiet.ts';
import { postgres, setDatabase, url, worker } from '../support/workers.ts';

const DAY_MS = 86_400_000;
const NEVER = new AbortController().signal;

setDatabase();

let clock: MemoryClock;
let a: Store;
let b: Store;
let said: [string, LogFacts][];

const log: Logger = {
  ...quiet,
  info: (facts, line) => void said.push([line, facts]),
  warn: (facts, line) => void said.push([line, facts]),
};

beforeEach(async () => {
  clock = new MemoryClock();
  said = [];
  a = await worker('a', LEASE_MS);
  b = await worker('b', LEASE_MS);
});

const sweepOf = (store: Store): Sweep => {
  const retention = { linkDays: 100, parkedDays: 30 };
  const { upkeep, leases } = store;
  return new Sweep({ upkeep, leases, clock, log, retention, media: async () => await Promise.resolve(0) });
};

/** Of messages as many days old by the test's clock. */
async function links(...days: number[]): Promise<void> {
  await postgres.query(
    url,
    `insert into message_link select 'e' || d, 'pigeon/1', 'pigeon', null, 'm' || d, 0, '$' || d, '!r', 'to-matrix', '7', $1 - d * $2::bigint
       from unnest($3::int[]) d`,
    [clock.now(), DAY_MS, days],
  );
}
async function left(): Promise<readonly string[]> {
  const rows = await postgres.query<{ effect: string }>(url, 'select effect from message_link order by at desc');
  return rows.map(({ effect }) => effect);
}

const turn = async (): Promise<void> => {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
};
/** Resolves when a sweep pauses between two of its steps. */
const paused = async (): Promise<void> => {
  while (!clock.isAwaited()) await turn();
};

/** Lets whatever waits between two steps go on until `work` is over. */
async function through<T>(work: Promise<T>): Promise<T> {
  const state = { over: false };
  const end = work.finally(() => {
    state.over = true;
  });
  // Whoever asked for the work hears of a failure.
  end.catch(() => undefined);
  while (!state.over) {
    if (clock.isAwaited()) clock.pass(50);
    await turn();
  }
  return await end;
}

test('throws away once a day what is older than the configuration says', async () => {
  await links(99, 101, 102);
  await through(sweepOf(a).tend(NEVER));
  expect(await left()).toEqual(['e99']);
  expect(said.map(([, { kind, count }]) => [kind, count])).toEqual([['sweep', 2]]);
  clock.pass(DAY_MS - 60_000);
  await links(200);
  await through(sweepOf(a).tend(NEVER));
  expect(await left()).toEqual(['e99', 'e200']);
  clock.pass(60_000);
  await through(sweepOf(a).tend(NEVER));
  expect(await left()).toEqual([]);
});

test('says so when it throws away what somebody could still have decided on', async () => {
  await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
  const claim = await claimOne(a);
  for (const one of claim.entries) await a.queue.park(claim, one, { code: 'c', say: { key: 'fault.internal' } });
  await postgres.query(
    url,
    `update entry set received_at = to_timestamp($1::float8 / 1000) - interval '31 days' where key = '1'`,
    [clock.now()],
  );
  await through(sweepOf(a).tend(NEVER));
  expect((await a.queue.parked(9)).map(({ key }) => key)).toEqual(['2']);
  expect(said[0]).toEqual(['what nobody has decided on for long was thrown away', { count: 1 }]);
});

test('a clock that was set back does not stop it, and one that runs ahead throws nothing away', async () => {
  const start = clock.now();
  clock = new MemoryClock(Date.now() + 400_000 * DAY_MS);
  await links(399_999);
  await through(sweepOf(a).tend(NEVER));
  expect(await left()).toEqual(['e399999']);
  clock = new MemoryClock(start);
  await links(101);
  await through(sweepOf(a).tend(NEVER));
  expect(await left()).toEqual(['e399999']);
});

test('is done by one worker of all, and by the next one when that one is gone', async () => {
  await links(...Array.from({ length: 5 }, (_, n) => 101 + n));
  const first = sweepOf(a).tend(NEVER);
  await paused();
  await links(200);
  // It is held: nothing happens, and nobody waits.
  await sweepOf(b).tend(NEVER);
  expect(await left()).toEqual(['e200']);
  expect(await b.upkeep.lastAt()).toBeUndefined();
  await a.close();
  await expect(through(first)).rejects.toThrow();
  await postgres.query(url, `update worker set beat_at = '-infinity' where slot = 'a'`);
  await through(sweepOf(b).tend(NEVER));
  expect(await left()).toEqual([]);
  expect(await b.upkeep.lastAt()).toBeDefined();
  a = await worker('a', LEASE_MS);
  const done = await a.upkeep.lastAt();
  await through(sweepOf(a).tend(NEVER));
  expect(await a.upkeep.lastAt()).toBe(done);
});

test('stopped at any step it ends at once, gives its turn back, and does the rest next time', async () => {
  await postgres.query(
    url,
    `insert into message_link select 'e' || n, 'pigeon/1', 'pigeon', null, 'm' || n, 0, '$' || n, '!r', 'to-matrix', '7', 1
       from generate_series(1, 10000) n`,
  );
  const rounds = new Rounds({ clock, log });
  const sweep = sweepOf(a);
  const stop = rounds.every(3_600_000, 'sweep', async (signal) => await sweep.tend(signal));
  await paused();
  await stop();
  const some = (await left()).length;
  expect(some).toBeGreaterThan(0);
  expect(some).toBeLessThan(10_000);
  expect(said).toEqual([]);
  expect(await b.upkeep.lastAt()).toBeUndefined();
  await through(sweepOf(b).tend(NEVER));
  expect(await left()).toEqual([]);
});

test('while it pauses, messages come and go', async () => {
  await links(101, 102);
  const sweeping = sweepOf(a).tend(NEVER);
  await paused();
  await b.queue.accept({ entries: [entry('1', 'x')] });
  const claim = await claimOne(b);
  await b.queue.settle(claim, at(claim.entries, 0), {});
  expect(await b.queue.depth()).toMatchObject({ queued: 0 });
  await through(sweeping);
});
