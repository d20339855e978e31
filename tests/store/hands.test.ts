// What is accepted into an empty lane goes to whoever works lanes here, without a look: the same entries, once, in order, and fenced.
import { expect, test } from '@jest/globals';
import type { LaneClaim } from '../../src/model/entry.ts';
import type { Hands } from '../../src/ports/queue.ts';
import type { Store } from '../../src/store/index.ts';
import { TakingTurns } from '../../src/store/taking-turns.ts';
import { at, claimAll, claimOne, entry, keysOf, lane, moreOf, owner } from '../contracts/world.ts';
import { setDatabase, worker } from '../support/workers.ts';

setDatabase();

interface Hand {
  readonly store: Store;
  readonly taken: LaneClaim[];
  free: number;
  /** How often somebody said that there may be work. */
  rung: number;
  readonly stop: () => void;
}

async function hand(slot: string): Promise<Hand> {
  const store = await worker(slot);
  const taken: LaneClaim[] = [];
  const hands: Hands = {
    worker: store.leases.self(),
    free: () => made.free,
    take: (claims) => void taken.push(...claims),
  };
  const stop = store.queue.onWork(() => void (made.rung += 1), hands);
  const made: Hand = { store, taken, free: 10, rung: 0, stop };
  return made;
}

test('the lane comes as claiming would have brought it, and to nobody else', async () => {
  const [a, b] = [await hand('a'), await hand('b')];
  const event = { body: 'nul \0 and 🕊', keys: { 'a\0b': 1, gone: undefined } };
  const odd = { key: 'odd \0 key', lane: lane('x'), payload: { from: 'matrix', event } } as const;
  await a.store.queue.accept({ entries: [odd, entry('2', 'x', { late: true }), odd] });
  const claim = at(a.taken, 0);
  expect(a.taken).toHaveLength(1);
  expect(await claimAll(b.store)).toEqual([]);
  expect(await claimAll(a.store)).toEqual([]);
  expect(a.rung).toBe(0);
  await a.store.queue.yieldLane(claim);
  expect((await claimOne(b.store)).entries).toEqual(claim.entries);
});

test('an owned lane only with its lease, a busy or a full house gets none, and says that there is work', async () => {
  const [a, b] = [await hand('a'), await hand('b')];
  await b.store.leases.acquire(owner('p'));
  await a.store.queue.accept({ entries: [entry('1', 'x', { owner: owner('p') })] });
  expect(a.taken).toEqual([]);
  expect(a.rung).toBe(1);
  expect(keysOf(await claimOne(b.store))).toEqual(['1']);
  await b.store.queue.accept({ entries: [entry('2', 'y', { owner: owner('p') })] });
  expect(b.taken.map(keysOf)).toEqual([['2']]);
  a.free = 1;
  await a.store.queue.accept({ entries: [entry('3', 'u'), entry('4', 'v')] });
  expect(a.taken).toEqual([]);
  await a.store.queue.accept({ entries: [entry('5', 'w'), entry('6', 'w')] });
  expect(a.taken.map(keysOf)).toEqual([['5', '6']]);
});

test('what comes into a lane in hand follows without a question, unless something came in between', async () => {
  const [a, b] = [await hand('a'), await hand('b')];
  await a.store.queue.accept({ entries: [entry('1', 'x')] });
  const claim = at(a.taken, 0);
  await a.store.queue.accept({ entries: [entry('2', 'x')] });
  await a.store.queue.accept({ entries: [entry('3', 'x'), entry('4', 'x')] });
  await a.store.queue.settle(claim, at(claim.entries, 0), {});
  const known = await moreOf(a.store, claim, at(claim.entries, 0).id);
  expect(known.map(({ key }) => key)).toEqual(['2', '3', '4']);
  // Another process accepts one between two of ours: only the database knows their order.
  await b.store.queue.accept({ entries: [entry('5', 'x')] });
  await a.store.queue.accept({ entries: [entry('6', 'x')] });
  for (const one of known) await a.store.queue.settle(claim, one, {});
  const rest = await moreOf(a.store, claim, at(known, 2).id);
  expect(rest.map(({ key }) => key)).toEqual(['5', '6']);
  await a.store.queue.accept({ entries: [entry('7', 'x')] });
  for (const one of rest) await a.store.queue.settle(claim, one, {});
  const last = await moreOf(a.store, claim, at(rest, 1).id);
  expect(last.map(({ key }) => key)).toEqual(['7']);
  await a.store.queue.settle(claim, at(last, 0), {});
  expect(await a.store.queue.more(claim, at(last, 0).id, 9)).toBe('over');
  expect(b.taken).toEqual([]);
});

test('a worker that has stopped takes nothing', async () => {
  const [a, b] = [await hand('a'), await hand('b')];
  a.stop();
  await a.store.queue.accept({ entries: [entry('1', 'x')] });
  expect(a.taken).toEqual([]);
  expect(keysOf(await claimOne(b.store))).toEqual(['1']);
});

test('while somebody looks for lanes, an acceptance takes none, and the look waits for those under way', async () => {
  const turns = new TakingTurns();
  const order: string[] = [];
  let finish: () => void = () => undefined;
  const first = turns.accept(async (mayTake) => {
    order.push(`first may take: ${mayTake}`);
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    order.push('first done');
  });
  const look = turns.claim(async () => {
    order.push('look');
    await Promise.resolve();
  });
  await turns.accept(async (mayTake) => {
    order.push(`second may take: ${mayTake}`);
    await Promise.resolve();
  });
  finish();
  await Promise.all([first, look]);
  await turns.accept(async (mayTake) => {
    order.push(`third may take: ${mayTake}`);
    await Promise.resolve();
  });
  expect(order).toEqual([
    'first may take: true',
    'second may take: false',
    'first done',
    'look',
    'third may take: true',
  ]);
});

test('while an entry is being settled, what comes behind it is told at once, and nothing is when nothing comes', async () => {
  const a = await hand('a');
  const { queue } = a.store;
  await queue.accept({ entries: [entry('1', 'x')] });
  const claim = at(a.taken, 0);
  const first = at(claim.entries, 0);
  let settled = (): void => undefined;
  const settling = new Promise<void>((resolve) => {
    settled = resolve;
  });
  const behind = queue.meanwhile(claim, first.id, settling);
  await queue.accept({ entries: [entry('2', 'x')] });
  expect((await behind).map(({ key }) => key)).toEqual(['2']);
  const second = at(await behind, 0);
  const nothing = queue.meanwhile(claim, second.id, settling);
  settled();
  expect(await nothing).toEqual([]);
  // A lane that is no longer ours tells nothing, and does not keep its worker waiting.
  await queue.yieldLane(claim);
  expect(await queue.meanwhile(claim, second.id, new Promise(() => undefined))).toEqual([]);
});
