// A lane over the in-memory queue with work that a test makes up: nobody waits beside it for ever, and a queue that is away is asked ever more rarely.
import { expect, test } from '@jest/globals';
import type { LaneWork } from '../../src/flow/lane-work.ts';
import { Lanes } from '../../src/flow/lanes.ts';
import { as, type LaneId } from '../../src/model/ids.ts';
import { memoryStore } from '../support/memory-store.ts';
import { quiet } from '../support/quiet.ts';

test('an entry that waits beside its lane has its turn although the lane is never empty', async () => {
  const store = memoryStore();
  const worker = await store.leases.enlist();
  const { queue, leases, clock } = store;
  const lane = as<LaneId>('n:busy');
  let serial = 0;
  const more = async (): Promise<void> => {
    serial += 1;
    await queue.accept({ entries: [{ key: `more-${serial}`, lane, payload: { from: 'matrix', event: {} } }] });
  };
  const turns: number[] = [];
  let done = (): void => undefined;
  const seen = new Promise<void>((resolve) => {
    done = resolve;
  });
  const work: LaneWork = {
    run: async (claim, entry) => {
      if (entry.key === 'patient') {
        turns.push(serial);
        if (turns.length === 2) done();
        else return { do: 'wait', ms: 250, code: 'target', beside: true };
      } else if (serial < 200 && turns.length < 2) {
        // Whatever is done here, somebody has written something else meanwhile.
        await more();
        clock.pass(50);
      } else done();
      await queue.settle(claim, entry, {});
      return { do: 'settled' };
    },
    tell: async () => await Promise.resolve(),
    staleAt: () => undefined,
    isFree: () => false,
  };
  await queue.accept({ entries: [{ key: 'patient', lane, payload: { from: 'matrix', event: {} } }] });
  await more();
  const lanes = new Lanes(
    { queue, leases, clock, log: quiet, worker, work },
    { concurrency: 4, run: 20, slowMs: 600_000, idleMs: 5 },
  );
  lanes.start();
  await seen;
  await lanes.drain();
  expect(turns).toHaveLength(2);
  expect(turns[1]).toBeLessThan(20);
});

test('a queue that cannot be read is asked ever more rarely, and the log hears of it each ten seconds', async () => {
  const { leases } = memoryStore();
  const worker = await leases.enlist();
  let now = 0;
  const waits: number[] = [];
  const said: number[] = [];
  let enough = (): void => undefined;
  const seen = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const away = { ...quiet, warn: () => void said.push(now) };
  const clock = {
    now: () => now,
    sleep: async (ms: number, signal?: AbortSignal) => {
      waits.push(ms);
      now += ms;
      if (waits.length < 12) return;
      enough();
      // The last wait ends only because it is told to.
      await new Promise<void>((resolve) => {
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  };
  const { queue } = memoryStore();
  const blind = Object.assign(Object.create(queue) as typeof queue, {
    onWork: () => () => undefined,
    claim: async () => await Promise.reject(new Error('the database is away')),
  });
  const work: LaneWork = {
    run: async () => await Promise.resolve({ do: 'settled' }),
    tell: async () => await Promise.resolve(),
    staleAt: () => undefined,
    isFree: () => false,
  };
  const lanes = new Lanes(
    { queue: blind, leases, clock, log: away, worker, work },
    { concurrency: 4, run: 20, slowMs: 600_000, idleMs: 0 },
  );
  lanes.start();
  await seen;
  await lanes.drain();
  expect(waits).toEqual([200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000, 5000, 5000]);
  expect(said).toHaveLength(4);
  expect(said.slice(1).every((at, index) => at - (said[index] ?? 0) >= 10_000)).toBe(true);
});

test('a worker whose place is lost waits for it, and lets the process do other things meanwhile', async () => {
  const { queue, leases, clock } = memoryStore();
  const worker = await leases.enlist();
  let looks = 0;
  const lost = {
    ...leases,
    alive: () => {
      looks += 1;
      // A loop that never rests would also keep this test from failing.
      if (looks > 1000) throw new Error('the lanes spin');
      return false;
    },
  };
  const work: LaneWork = {
    run: async () => await Promise.reject(new Error('nothing may be taken')),
    tell: async () => await Promise.resolve(),
    staleAt: () => undefined,
    isFree: () => false,
  };
  const lanes = new Lanes(
    { queue, leases: lost, clock, log: quiet, worker, work },
    { concurrency: 4, run: 20, slowMs: 600_000, idleMs: 5 },
  );
  lanes.start();
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  await lanes.drain();
  expect(looks).toBeLessThan(1000);
});
