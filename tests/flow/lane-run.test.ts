// One lane over the in-memory queue: what may run while the entry before it is being written down, and what follows when that fails.
import { expect, test } from '@jest/globals';
import { LaneRun } from '../../src/flow/lane-run.ts';
import type { LaneWork } from '../../src/flow/lane-work.ts';
import type { QueueEntry } from '../../src/model/entry.ts';
import { BridgeError, FencedError } from '../../src/model/errors.ts';
import { as, type LaneId } from '../../src/model/ids.ts';
import { memoryStore } from '../support/memory-store.ts';
import { quiet } from '../support/quiet.ts';

const lane = as<LaneId>('n:room');

/** Runs a lane of `keys` whose settlements wait for the test's word; keys that begin with `bound` look for what came before. */
async function house(...keys: readonly string[]) {
  const store = memoryStore();
  const { queue, leases, clock } = store;
  const worker = await leases.enlist();
  const happened: string[] = [];
  const words = new Map<string, { go: () => void; fail: (error: Error) => void }>();
  const wakers = new Set<() => void>();
  const note = (what: string): void => {
    happened.push(what);
    for (const wake of wakers) wake();
  };
  const happens = async (what: string): Promise<void> => {
    while (!happened.includes(what)) {
      await new Promise<void>((resolve) => {
        wakers.add(resolve);
      });
    }
  };
  const accept = async (...more: readonly string[]): Promise<void> => {
    await queue.accept({ entries: more.map((key) => ({ key, lane, payload: { from: 'matrix', event: {} } })) });
  };
  const work: LaneWork = {
    run: async (claim, entry) => {
      await Promise.resolve();
      note(`ran ${entry.key}`);
      const word = new Promise<void>((go, fail) => {
        words.set(entry.key, { go, fail });
      });
      const settle = async (): Promise<void> => {
        await word;
        await queue.settle(claim, entry, {});
        note(`settled ${entry.key}`);
      };
      return { do: 'settled', end: settle() };
    },
    isFree: (entry: QueueEntry) => !entry.key.startsWith('bound'),
    tell: async () => await Promise.resolve(),
    staleAt: () => undefined,
  };
  await accept(...keys);
  const run = async (): Promise<'over' | 'given-back'> => {
    const [claim] = await queue.claim(worker, { lanes: 1, entries: 20 });
    if (claim === undefined) throw new Error('no lane is due');
    const doors = { queue, leases, clock, log: quiet, worker, work };
    const settings = { concurrency: 1, run: 20, slowMs: 600_000, idleMs: 5 };
    return await new LaneRun(doors, settings, { stopping: () => false, settled: () => undefined }, claim).toEnd();
  };
  const word = (key: string) => {
    const given = words.get(key);
    if (given === undefined) throw new Error(`${key} has not run`);
    return given;
  };
  const left = async () => (await queue.unsettled(lane)).map(({ key, attempts }) => [key, attempts]);
  return { run, word, happened, happens, accept, left, clock };
}

test('a free entry begins while the one before is being written down, but only that one', async () => {
  const { run, word, happens, happened } = await house('1', '2', '3');
  const end = run();
  await happens('ran 2');
  expect(happened).toEqual(['ran 1', 'ran 2']);
  word('1').go();
  await happens('ran 3');
  expect(happened).toEqual(['ran 1', 'ran 2', 'settled 1', 'ran 3']);
  word('2').go();
  word('3').go();
  expect(await end).toBe('over');
  expect(happened.slice(4)).toEqual(['settled 2', 'settled 3']);
});

test('an entry that looks for what came before it waits until that is written down', async () => {
  const { run, word, happens, happened } = await house('1', 'bound');
  const end = run();
  await happens('ran 1');
  // Turns enough for anything that does not wait.
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  expect(happened).toEqual(['ran 1']);
  word('1').go();
  await happens('ran bound');
  expect(happened).toEqual(['ran 1', 'settled 1', 'ran bound']);
  word('bound').go();
  expect(await end).toBe('over');
});

test('what comes behind while the last is being written down begins at once', async () => {
  const { run, word, happens, happened, accept } = await house('1');
  const end = run();
  await happens('ran 1');
  await accept('2');
  await happens('ran 2');
  expect(happened).toEqual(['ran 1', 'ran 2']);
  word('1').go();
  word('2').go();
  expect(await end).toBe('over');
});

test('a settlement that fails is tried again for its own entry, and what ran after it is not blamed', async () => {
  const { run, word, happens, happened, left, clock } = await house('1', '2');
  const first = run();
  await happens('ran 2');
  word('1').fail(new BridgeError('database-unreachable', 'now', 'fault.internal'));
  word('2').go();
  expect(await first).toBe('given-back');
  expect(await left()).toContainEqual(['1', 1]);
  expect(await left()).not.toContainEqual(['2', 1]);
  clock.pass(1_000);
  happened.splice(0);
  const again = (await left()).map(([name]) => String(name));
  const second = run();
  for (const key of again) {
    await happens(`ran ${key}`);
    word(key).go();
  }
  expect(await second).toBe('over');
  expect(await left()).toEqual([]);
});

test('a lane that was lost meanwhile is left as it is', async () => {
  const { run, word, happens, left } = await house('1', '2');
  const end = run();
  await happens('ran 2');
  word('2').go();
  word('1').fail(new FencedError('settle'));
  await expect(end).rejects.toThrow(FencedError);
  expect(await left()).toContainEqual(['1', 0]);
});
