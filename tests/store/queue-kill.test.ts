// The queue's promise under kill -9 of workers and of Postgres: nothing lost, nothing out of order; repeats are allowed.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import { as, type LaneId } from '../../src/model/ids.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { testPostgres, type TestPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

const script = join(import.meta.dirname, 'support', 'kill-worker.ts');
const LEASE_MS = 2000;
let postgres: TestPostgres;
let url: string;
let effects: string;
const workers = new Map<string, ChildProcess>();

beforeEach(async () => {
  postgres = await testPostgres({ fsync: true });
  url = await postgres.database();
  effects = join(postgres.dir, 'effects');
}, 60_000);

afterEach(async () => {
  await Promise.all([...workers.keys()].map(async (slot) => await kill(slot)));
  await postgres.stop();
}, 60_000);

function start(slot: string, pause = 0): void {
  const args = [script, url, slot, effects, String(LEASE_MS), String(pause)];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], { stdio: 'inherit' });
  workers.set(slot, child);
}

async function kill(slot: string): Promise<void> {
  const child = workers.get(slot);
  workers.delete(slot);
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

function lines(): readonly string[] {
  return existsSync(effects) ? readFileSync(effects, 'utf8').split('\n').slice(0, -1) : [];
}

async function condition(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  const until = Date.now() + 60_000;
  while (!(await test())) {
    if (Date.now() > until) throw new Error(`waited in vain until ${what}`);
    await sleep(25);
  }
}

async function producer(): Promise<Store> {
  return await openStore({
    database: { url },
    vaultKey: new Uint8Array(32).fill(7),
    slot: 'producer',
    log: quiet,
    connections: 4,
  });
}

/** Accepts until it is certain: the same batch again after a lost answer. */
async function accept(store: Store, lane: string, keys: readonly string[]): Promise<void> {
  const entries = keys.map((key) => ({
    key,
    lane: as<LaneId>(lane),
    payload: { from: 'matrix' as const, event: {} },
  }));
  for (;;) {
    try {
      await store.queue.accept({ entries });
      return;
    } catch (error) {
      if (!(error instanceof BridgeError) || error.retry !== 'later') throw error;
      await sleep(50);
    }
  }
}

/** First appearances per lane, which must be 0, 1, 2 … */
function disorder(rooms: number, each: number): { lost: number; disordered: number } {
  const seen = new Map<string, number[]>();
  for (const line of lines()) {
    const match = /^(n:\S+) n:\S+#(\d+)$/.exec(line);
    const lane = match?.[1];
    if (lane === undefined) continue;
    const list = seen.get(lane) ?? [];
    const number = Number(match?.[2]);
    if (!list.includes(number)) list.push(number);
    seen.set(lane, list);
  }
  let lost = rooms * each;
  let disordered = 0;
  for (const list of seen.values()) {
    lost -= list.length;
    for (const [index, number] of list.entries()) if (number !== index) disordered += 1;
  }
  return { lost, disordered };
}

test('12 kills of workers and 3 of Postgres cost nothing and change no order', async () => {
  const rooms = 60;
  const each = 30;
  const store = await producer();
  for (const slot of ['a', 'b', 'c']) start(slot);
  await condition('the workers are ready', () => lines().filter((line) => line.startsWith('ready')).length === 3);
  const produce = async (from: number): Promise<void> => {
    for (let number = 0; number < each; number += 2) {
      for (let room = from; room < rooms; room += 4) {
        const lane = `n:room${room}`;
        await accept(store, lane, [`${lane}#${number}`, `${lane}#${number + 1}`]);
      }
    }
  };
  const producing = Promise.all([0, 1, 2, 3].map(produce));
  let restarts = 0;
  for (let round = 0; round < 12; round += 1) {
    const before = lines().length;
    await condition(
      'some work was done since the last kill',
      () => lines().length > before + 30 || disorder(rooms, each).lost === 0,
    );
    const slot = ['a', 'b', 'c'][round % 3] ?? 'a';
    await kill(slot);
    start(slot);
    if (round % 4 !== 3) continue;
    postgres.kill();
    await postgres.restart();
    restarts += 1;
  }
  await producing;
  await condition('everything is settled', async () => (await store.queue.depth()).queued === 0);
  expect(disorder(rooms, each)).toEqual({ lost: 0, disordered: 0 });
  const counters = await postgres.query<{ n: number }>(url, 'select count(*)::int as n from lane where pending <> 0');
  expect(counters).toEqual([{ n: 0 }]);
  expect(restarts).toBe(3);
  await Promise.all([...workers.keys()].map(async (slot) => await kill(slot)));
  await store.close();
}, 120_000);

test('a worker stopped beyond its lease and continued can write nothing', async () => {
  const store = await producer();
  start('a', 300);
  await condition('the worker is ready', () => lines().includes('ready a'));
  for (let room = 0; room < 4; room += 1) await accept(store, `n:room${room}`, [`n:room${room}#0`, `n:room${room}#1`]);
  await condition('it has entries in hand', () => lines().filter((line) => line.startsWith('n:')).length === 4);
  workers.get('a')?.kill('SIGSTOP');
  // The other one takes the lanes and settles nothing: what the stopped one has in hand is still there to be settled.
  start('b', 600_000);
  await condition('another has the lanes in hand', () => lines().filter((line) => line.startsWith('n:')).length === 8);
  expect((await store.queue.depth()).queued).toBe(8);
  workers.get('a')?.kill('SIGCONT');
  await condition(
    'it noticed',
    () => lines().filter((line) => line.startsWith('fenced') && line.endsWith(' a')).length === 4,
  );
  expect(lines().filter((line) => line.startsWith('settled'))).toEqual([]);
  expect((await store.queue.depth()).queued).toBe(8);
  await kill('a');
  await kill('b');
  await store.close();
}, 60_000);

test('a worker that is slow in all that it holds keeps nothing else from the other, which takes it over at its end', async () => {
  const [rooms, each, held] = [40, 10, 6];
  const store = await producer();
  for (let room = 0; room < rooms; room += 1) {
    await accept(
      store,
      `n:room${room}`,
      Array.from({ length: each }, (_, number) => `n:room${room}#${number}`),
    );
  }
  const begun = (): number => new Set(lines().flatMap((line) => /^n:\S+/.exec(line)?.[0] ?? [])).size;
  const settledBy = (slot: string): number =>
    lines().filter((line) => line.startsWith('settled') && line.endsWith(` ${slot}`)).length;
  start('slow', 600_000);
  await condition('it holds what it can', () => begun() === held);
  start('quick');
  await condition('the rest is settled', () => settledBy('quick') >= (rooms - held) * each);
  expect([begun(), settledBy('slow')]).toEqual([rooms, 0]);
  await kill('slow');
  await condition('everything is settled', async () => (await store.queue.depth()).queued === 0);
  expect(disorder(rooms, each)).toEqual({ lost: 0, disordered: 0 });
  await store.close();
}, 60_000);
