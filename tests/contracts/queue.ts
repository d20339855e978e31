// The contract of the durable queue, run on Postgres and on the in-memory twin: intake, claims, order, outcomes.
import { describe, expect, test } from '@jest/globals';
import type { Delivery } from '../../src/model/delivery.ts';
import { ENTRY_VERSION } from '../../src/model/entry.ts';
import type { Fence } from '../../src/ports/fence.ts';
import type { VaultChange } from '../../src/ports/stores.ts';
import { FencedError } from '../../src/model/errors.ts';
import { as, type OwnerId } from '../../src/model/ids.ts';
import {
  at,
  claimAll,
  claimOne,
  entry,
  keysOf,
  lane,
  LEASE_MS,
  link,
  moreOf,
  owner,
  portal,
  twoWorkers,
  type Doors,
  type World,
} from './world.ts';

export function queueContract(name: string, make: () => Promise<World>): void {
  describe(`the queue of ${name}`, () => {
    let world: World;
    let a: Doors;
    let b: Doors;
    twoWorkers(make, (...of) => {
      [world, a, b] = of;
    });

    describe('takes in', () => {
      test('what is new and says what was there already', async () => {
        const first = await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'y'), entry('3', 'x')] });
        expect(first).toMatchObject({ fresh: 3, seen: 0 });
        expect(new Set(first.lanes)).toEqual(new Set([lane('x'), lane('y')]));
        expect(await a.queue.accept({ entries: [entry('3', 'x'), entry('4', 'y')] })).toEqual({
          fresh: 1,
          seen: 1,
          lanes: [lane('y')],
        });
        expect(await b.queue.seen(['1', '4', '5'])).toEqual(new Set(['1', '4']));
      });

      test('a key once, also when a batch holds it twice', async () => {
        expect(await a.queue.accept({ entries: [entry('1', 'x'), entry('1', 'x')] })).toMatchObject({
          fresh: 1,
          seen: 1,
        });
        expect(keysOf(await claimOne(a))).toEqual(['1']);
      });

      test('nothing of a transaction that was taken in before', async () => {
        await a.queue.accept({ receipt: 't1', entries: [entry('1', 'x')] });
        expect(await b.queue.accept({ receipt: 't1', entries: [entry('2', 'x')] })).toEqual({
          fresh: 0,
          seen: 1,
          lanes: [],
        });
        expect(await a.queue.seen(['2'])).toEqual(new Set());
      });

      test('a key for ever: a settled one does not come back', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const claim = await claimOne(a);
        await a.queue.settle(claim, at(claim.entries, 0), {});
        expect(await a.queue.accept({ entries: [entry('1', 'x')] })).toMatchObject({ fresh: 0, seen: 1 });
        expect(await a.queue.depth()).toEqual({ queued: 0, parked: 0, oldestMs: 0 });
      });

      test('the same events pushed many times at once, each exactly once and in order', async () => {
        const entries = Array.from({ length: 40 }, (_, index) => entry(`e${index}`, `l${index % 4}`));
        const answers = await Promise.all(
          Array.from({ length: 8 }, async (_, index) => await (index % 2 === 0 ? a : b).queue.accept({ entries })),
        );
        expect(answers.reduce((sum, answer) => sum + answer.fresh, 0)).toBe(40);
        const claims = await claimAll(a, 10, 100);
        expect(claims).toHaveLength(4);
        for (const claim of claims) {
          const number = Number(claim.lane.slice(3));
          expect(keysOf(claim)).toEqual(Array.from({ length: 10 }, (_, index) => `e${index * 4 + number}`));
        }
      });

      test('text that databases dislike', async () => {
        const event = { body: 'nul \0, half \ud83d, \u2028 and 🕊', keys: { 'a\0b': 1 } };
        await a.queue.accept({
          entries: [{ key: 'odd \0 key', lane: lane('odd \0'), payload: { from: 'matrix', event } }],
        });
        const claim = await claimOne(a);
        expect(at(claim.entries, 0).payload).toEqual({ from: 'matrix', event });
        await a.queue.settle(claim, at(claim.entries, 0), {});
        expect(await a.queue.depth()).toMatchObject({ queued: 0 });
        expect(await a.queue.seen(['odd \0 key'])).toEqual(new Set(['odd \0 key']));
      });

      test('an empty batch', async () => {
        expect(await a.queue.accept({ entries: [] })).toEqual({ fresh: 0, seen: 0, lanes: [] });
      });
    });

    describe('under a fence', () => {
      test('keeps events and the cursor in one commit', async () => {
        const fence = await a.leases.acquire(owner('p'));
        if (fence === undefined) throw new Error('no lease');
        const value = Buffer.from('cursor 1');
        await a.queue.accept({ entries: [entry('1', 'x')], vault: [{ scope: 's', key: 'k', value }], fence });
        expect(Buffer.from((await b.vault.read('s', 'k')) ?? [])).toEqual(value);
        await a.queue.accept({ entries: [], vault: [{ scope: 's', key: 'k', value: null }], fence });
        expect(await b.vault.read('s', 'k')).toBeUndefined();
      });

      test('moves the cursor although every event was seen before', async () => {
        const fence = await a.leases.acquire(owner('p'));
        if (fence === undefined) throw new Error('no lease');
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const vault = [{ scope: 's', key: 'k', value: Buffer.from('2') }];
        expect(await a.queue.accept({ entries: [entry('1', 'x')], vault, fence })).toMatchObject({ fresh: 0, seen: 1 });
        expect(await a.vault.read('s', 'k')).toBeDefined();
      });

      test('writes nothing at all once the lease has moved', async () => {
        const fence = await a.leases.acquire(owner('p'));
        if (fence === undefined) throw new Error('no lease');
        await a.leases.release(fence);
        await b.leases.acquire(owner('p'));
        const late = a.queue.accept({
          entries: [entry('1', 'x')],
          vault: [{ scope: 's', key: 'k', value: Buffer.from('old') }],
          fence,
        });
        await expect(late).rejects.toThrow(FencedError);
        expect(await b.queue.seen(['1'])).toEqual(new Set());
        expect(await b.vault.read('s', 'k')).toBeUndefined();
      });
    });

    describe('what several bring at the same time', () => {
      async function fenced(name: string): Promise<Fence> {
        const fence = await a.leases.acquire(owner(name));
        if (fence === undefined) throw new Error('no lease');
        return fence;
      }
      const cursor = (scope: string): VaultChange => ({ scope, key: 'k', value: Buffer.from(scope) });

      test('is each one’s own: what two of them bring is the first one’s', async () => {
        const [p, q] = [await fenced('p'), await fenced('q')];
        await a.queue.accept({ entries: [entry('0', 'x')] });
        const answers = await Promise.all([
          a.queue.accept({ entries: [entry('0', 'x'), entry('1', 'x')], vault: [cursor('p')], fence: p }),
          a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'y')], vault: [cursor('q')], fence: q }),
          a.queue.accept({ entries: [], vault: [{ ...cursor('p'), value: null }], fence: p }),
          a.queue.accept({ entries: [entry('3', 'x'), entry('4', 'x')], fence: q }),
        ]);
        expect(answers).toEqual([
          { fresh: 1, seen: 1, lanes: [lane('x')] },
          { fresh: 1, seen: 1, lanes: [lane('y')] },
          { fresh: 0, seen: 0, lanes: [] },
          { fresh: 2, seen: 0, lanes: [lane('x')] },
        ]);
        expect([await b.vault.read('p', 'k'), Buffer.from((await b.vault.read('q', 'k')) ?? [])]).toEqual([
          undefined,
          Buffer.from('q'),
        ]);
        expect(keysOf((await claimAll(b)).find((claim) => claim.lane === lane('x')) ?? { entries: [] })).toEqual([
          '0',
          '1',
          '3',
          '4',
        ]);
      });

      test('fails nobody but whose lease has moved', async () => {
        const [p, q, r] = [await fenced('p'), await fenced('q'), await fenced('r')];
        await a.leases.release(q);
        await b.leases.acquire(owner('q'));
        const ends = await Promise.allSettled(
          [p, q, r].map(
            async (fence, index) =>
              await a.queue.accept({ entries: [entry(`${index}`, 'x')], vault: [cursor(`${index}`)], fence }),
          ),
        );
        expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(ends[1]).toMatchObject({ reason: expect.any(FencedError) as unknown });
        expect(await b.queue.seen(['0', '1', '2'])).toEqual(new Set(['0', '2']));
        expect(await b.vault.read('1', 'k')).toBeUndefined();
      });
    });

    describe('hands out', () => {
      test('entries as they were given, oldest first', async () => {
        const before = world.now();
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x', { late: true })] });
        const claim = await claimOne(a);
        expect(claim.lane).toBe(lane('x'));
        expect(claim.owner).toBeUndefined();
        expect(claim.entries).toMatchObject([
          {
            key: '1',
            v: ENTRY_VERSION,
            late: false,
            attempts: 0,
            toldSlow: false,
            parts: [],
            payload: entry('1', 'x').payload,
          },
          { key: '2', late: true },
        ]);
        expect(Math.abs(at(claim.entries, 0).receivedAt - before)).toBeLessThan(10_000);
        expect(at(claim.entries, 1).id).toBeGreaterThan(at(claim.entries, 0).id);
      });

      test('no lane twice, and no more than was asked for', async () => {
        await a.queue.accept({
          entries: ['1', '2', '3', '4'].flatMap((key) => [entry(key, key), entry(`${key}+`, key)]),
        });
        const mine = await claimAll(a, 3, 1);
        expect(mine.map(keysOf)).toEqual([['1'], ['2'], ['3']]);
        expect((await claimAll(b, 3, 9)).map(keysOf)).toEqual([['4', '4+']]);
        expect(await claimAll(a)).toEqual([]);
      });

      test('further entries of a lane, those that came later too', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x'), entry('3', 'x')] });
        const claim = await claimOne(a, 1);
        expect((await moreOf(a, claim, at(claim.entries, 0).id, 1)).map((one) => one.key)).toEqual(['2']);
        await b.queue.accept({ entries: [entry('4', 'x')] });
        expect((await moreOf(a, claim, at(claim.entries, 0).id)).map((one) => one.key)).toEqual(['2', '3', '4']);
      });

      test('a lane given up to whoever asks next, and the others first', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
        await a.queue.accept({ entries: [entry('3', 'y')] });
        const [x] = await claimAll(a, 1, 1);
        if (x === undefined) throw new Error('nothing claimed');
        expect(keysOf(x)).toEqual(['1']);
        await a.queue.settle(x, at(x.entries, 0), {});
        await world.pass(10);
        await a.queue.yieldLane(x);
        expect((await claimAll(b, 1)).map(keysOf)).toEqual([['3']]);
        expect((await claimAll(b, 1)).map(keysOf)).toEqual([['2']]);
      });

      test('an emptied lane again when something new comes, to whoever asks: settling the last gives it back', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
        const claim = await claimOne(a);
        await a.queue.settle(claim, at(claim.entries, 0), {});
        await a.queue.accept({ entries: [entry('3', 'x')] });
        await a.queue.settle(claim, at(claim.entries, 1), {});
        expect(await claimAll(b)).toEqual([]);
        const [last] = await moreOf(a, claim, at(claim.entries, 1).id);
        if (last === undefined) throw new Error('nothing more');
        await a.queue.settle(claim, last, {});
        expect(await a.queue.more(claim, last.id, 9)).toBe('over');
        await a.queue.accept({ entries: [entry('4', 'x')] });
        const next = await claimOne(b);
        expect(keysOf(next)).toEqual(['4']);
        // It is no longer theirs to give up, nor to work on.
        await a.queue.yieldLane(claim);
        expect(await claimAll(a)).toEqual([]);
        await expect(a.queue.settle(claim, at(next.entries, 0), {})).rejects.toThrow(FencedError);
        await b.queue.settle(next, at(next.entries, 0), {});
      });

      test('a lane with something parked as one with nothing left', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
        const claim = await claimOne(a);
        await a.queue.park(claim, at(claim.entries, 0), { code: 'c', say: { key: 'fault.internal' } });
        await a.queue.settle(claim, at(claim.entries, 1), {});
        expect(await a.queue.more(claim, at(claim.entries, 1).id, 9)).toBe('over');
        expect(await b.queue.release(at(claim.entries, 0).id)).toBe(true);
        expect(keysOf(await claimOne(b))).toEqual(['1']);
      });

      test('a dead worker’s lanes to another, and fences the dead one', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const old = await claimOne(a);
        await world.pass(LEASE_MS + 1000);
        await b.leases.beat();
        const taken = await claimOne(b);
        expect(keysOf(taken)).toEqual(['1']);
        await a.leases.beat();
        await expect(a.queue.settle(old, at(old.entries, 0), {})).rejects.toThrow(FencedError);
        await b.queue.settle(taken, at(taken.entries, 0), {});
      });

      test('the lanes of a restarted worker at once', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        await claimOne(a);
        await world.kill(a);
        const again = await world.worker('a');
        expect(keysOf(await claimOne(again))).toEqual(['1']);
      });
    });

    describe('fences', () => {
      test('every write about a lane that was given up', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const old = await claimOne(a);
        const one = at(old.entries, 0);
        await a.queue.yieldLane(old);
        const held = await claimOne(b);
        const say = { key: 'fault.internal' } as const;
        await expect(a.queue.more(old, 0, 1)).rejects.toThrow(FencedError);
        await expect(a.queue.settle(old, one, { links: [link('e')] })).rejects.toThrow(FencedError);
        await expect(a.queue.freeze(old, one, [])).rejects.toThrow(FencedError);
        await expect(a.queue.finishPart(old, one, 0, 'done', { links: [link('e')] })).rejects.toThrow(FencedError);
        await expect(a.queue.postpone(old, one, 0, { tried: true, code: 'c' })).rejects.toThrow(FencedError);
        await expect(a.queue.park(old, one, { code: 'c', say })).rejects.toThrow(FencedError);
        expect(await b.links.byEffect(link('e').effect)).toBeUndefined();
        expect(await b.queue.more(held, 0, 9)).toMatchObject([{ key: '1', attempts: 0, parts: [] }]);
      });

      test('one settlement of many without hurting the others', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'y'), entry('3', 'z')] });
        const claims = await claimAll(a);
        await a.queue.yieldLane(at(claims, 1));
        const ends = await Promise.allSettled(
          claims.map(async (one) => await a.queue.settle(one, at(one.entries, 0), {})),
        );
        expect(ends.map((end) => end.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(keysOf(await claimOne(b))).toEqual(['2']);
      });
    });

    describe('postpones', () => {
      test('the whole lane until the hour, with what is known', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
        const claim = await claimOne(a);
        const note = { tried: true, code: 'flood', toldSlow: true };
        await a.queue.postpone(claim, at(claim.entries, 0), world.now() + 60_000, note);
        await a.queue.accept({ entries: [entry('3', 'x')] });
        expect(await claimAll(b)).toEqual([]);
        await world.pass(61_000);
        await b.leases.beat();
        const later = await claimOne(b);
        expect(keysOf(later)).toEqual(['1', '2', '3']);
        expect(at(later.entries, 0)).toMatchObject({ attempts: 1, toldSlow: true });
        await b.queue.postpone(later, at(later.entries, 0), world.now() - 1, { tried: false, code: 'echo' });
        expect(at((await claimOne(b)).entries, 0)).toMatchObject({ attempts: 1, toldSlow: true });
      });
    });

    describe('hastens', () => {
      const line = { tried: true, code: 'pigeon-offline' };
      const sent = (puppet: string, words = 'x'): Delivery =>
        ({
          id: 'f',
          to: 'network',
          puppet,
          action: { kind: 'send', body: { kind: 'text', text: words } },
        }) as unknown as Delivery;

      async function asleep(name: string, plan: Delivery | undefined, note = line, owned?: OwnerId): Promise<void> {
        await a.queue.accept({ entries: [entry(name, name, owned === undefined ? {} : { owner: owned })] });
        const claim = await claimOne(a);
        if (plan !== undefined) await a.queue.freeze(claim, at(claim.entries, 0), [plan]);
        await a.queue.postpone(claim, at(claim.entries, 0), world.now() + 60_000, note);
      }

      test('what sleeps because its login’s line was away, and nothing else', async () => {
        await asleep('mine', sent('p'));
        await asleep('odd', sent('p', 'a\u0000b \ud800'));
        await asleep('of-another', sent('q', '"puppet":"p"'));
        await asleep('limited', sent('p'), { tried: true, code: 'pigeon-wait' });
        expect(await b.queue.hasten(as<never>('p'))).toBe(2);
        expect((await claimAll(b)).flatMap(keysOf).toSorted()).toEqual(['mine', 'odd']);
        expect(await b.queue.hasten(as<never>('p'))).toBe(0);
      });

      test('what sleeps because the homeserver was away', async () => {
        await asleep('away', undefined, { tried: true, code: 'matrix-unavailable' });
        await asleep('limited', undefined, { tried: true, code: 'matrix-limited' });
        await asleep('line', sent('p'));
        expect(await b.queue.hasten('homeserver')).toBe(1);
        expect((await claimAll(b)).flatMap(keysOf)).toEqual(['away']);
      });

      test('a lane of the login itself, without a plan', async () => {
        await a.leases.acquire(owner('p'));
        await asleep('own', undefined, { tried: true, code: 'login-offline' }, owner('p'));
        expect(await a.queue.hasten(as<never>('p'))).toBe(1);
        expect(keysOf(await claimOne(a))).toEqual(['own']);
      });

      test('not what is in somebody’s hands', async () => {
        await asleep('held', sent('p'));
        expect(await b.queue.hasten(as<never>('p'))).toBe(1);
        await claimOne(a);
        expect(await b.queue.hasten(as<never>('p'))).toBe(0);
      });

      test('one lane that waits for another, whatever keeps it', async () => {
        await asleep('first', undefined, { tried: false, code: 'former-first' });
        await asleep('second', undefined, { tried: false, code: 'former-first' });
        expect(await b.queue.hasten({ lane: lane('first') })).toBe(1);
        expect((await claimAll(a)).flatMap(keysOf)).toEqual(['first']);
        expect(await b.queue.hasten({ lane: lane('first') })).toBe(0);
        expect(await b.queue.hasten({ lane: lane('nobody') })).toBe(0);
      });
    });

    describe('freezes', () => {
      const say = { key: 'fault.internal' } as const;
      const parts = [0, 1, 2].map((part) => ({
        id: as<never>(`f${part}`),
        to: 'room' as const,
        room: as<never>('!r'),
        say,
      }));

      test('a plan that the next worker finds as it was, part by part', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const claim = await claimOne(a);
        const frozen = await a.queue.freeze(claim, at(claim.entries, 0), parts);
        expect(frozen.parts).toEqual(parts.map((delivery, part) => ({ part, delivery, state: 'owed' })));
        await a.queue.finishPart(claim, frozen, 0, 'done', { links: [link('f0')] });
        await a.queue.finishPart(claim, frozen, 2, 'failed', {});
        await a.queue.yieldLane(claim);
        const next = await claimOne(b);
        expect(at(next.entries, 0).parts.map((part) => part.state)).toEqual(['done', 'owed', 'failed']);
        expect(await b.links.byEffect(link('f0').effect)).toEqual(link('f0'));
        expect(at(await moreOf(b, next, 0, 1), 0).parts).toHaveLength(3);
        expect(at(await b.queue.unsettled(lane('x')), 0).parts).toHaveLength(3);
      });

      test('once: a second plan does not replace the first', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const claim = await claimOne(a);
        const frozen = await a.queue.freeze(claim, at(claim.entries, 0), parts);
        await a.queue.finishPart(claim, frozen, 1, 'done', {});
        const again = await a.queue.freeze(claim, at(claim.entries, 0), parts.toReversed());
        expect(again.parts.map((part) => [part.delivery.id, part.state])).toEqual([
          ['f0', 'owed'],
          ['f1', 'done'],
          ['f2', 'owed'],
        ]);
      });
    });

    describe('parks', () => {
      test('an entry beside its lane, which goes on', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
        const claim = await claimOne(a);
        const say = { key: 'fault.not-delivered', with: { why: 'é', n: 1 } } as const;
        await a.queue.park(claim, at(claim.entries, 0), { code: 'refused', say });
        await a.queue.settle(claim, at(claim.entries, 1), {});
        await a.queue.yieldLane(claim);
        expect(await claimAll(b)).toEqual([]);
        expect(await b.queue.depth()).toMatchObject({ queued: 0, parked: 1 });
        expect(await b.queue.parked(5)).toEqual([
          {
            id: at(claim.entries, 0).id,
            key: '1',
            lane: lane('x'),
            reason: 'refused',
            say,
            receivedAt: expect.any(Number),
          },
        ]);
        expect(await b.queue.unsettled(lane('x'))).toEqual([]);
      });

      test('until it is released: late, and in front', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const claim = await claimOne(a);
        const { id } = at(claim.entries, 0);
        await a.queue.park(claim, at(claim.entries, 0), { code: 'c', say: { key: 'fault.internal' } });
        await a.queue.yieldLane(claim);
        expect(await a.queue.release(id)).toBe(true);
        expect(await a.queue.release(id)).toBe(false);
        await a.queue.accept({ entries: [entry('2', 'x')] });
        const next = await claimOne(b);
        expect(next.entries).toMatchObject([
          { id, key: '1', late: true, attempts: 1 },
          { key: '2', late: false, attempts: 0 },
        ]);
        expect(await a.queue.parked(5)).toEqual([]);
        for (const one of next.entries) await b.queue.settle(next, one, {});
        expect(await b.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
      });

      test('and is found by its key, wherever it waits, until it settles', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
        expect(await b.queue.find('1')).toMatchObject({ key: '1', lane: lane('x'), parked: false });
        const claim = await claimOne(a);
        await a.queue.park(claim, at(claim.entries, 0), { code: 'c', say: { key: 'fault.internal' } });
        await a.queue.settle(claim, at(claim.entries, 1), {});
        expect(await b.queue.find('1')).toMatchObject({ key: '1', parked: true });
        expect(await b.queue.find('2')).toBeUndefined();
        expect(await b.queue.find('3')).toBeUndefined();
      });

      test('and is found in its lane, or in those that are asked for, and in no other, by the message that it names', async () => {
        const odd = 'm"\u0000\ud800';
        const about = (key: string, of: string, message: string) =>
          entry(key, of, { payload: { from: 'matrix', event: { message, text: '"m1"' } } });
        await a.queue.accept({
          entries: [
            about('1', 'x', 'm1'),
            about('2', 'x', 'm1'),
            about('3', 'y', 'm1'),
            about('4', 'x', 'm1'),
            about('5', 'x', 'm12'),
            about('6', 'x', odd),
          ],
        });
        for (const claim of await claimAll(a)) {
          for (const one of claim.entries.filter(({ key }) => key !== '2')) {
            await a.queue.park(claim, one, { code: 'c', say: { key: 'fault.internal' } });
          }
        }
        expect(await b.queue.parkedIn([lane('x')], as('m1'))).toMatchObject([
          { key: '1', payload: about('1', 'x', 'm1').payload },
          { key: '4' },
        ]);
        expect(await b.queue.parkedIn([lane('x')], as(odd))).toMatchObject([{ key: '6' }]);
        expect(await b.queue.parkedIn([lane('z'), lane('y'), lane('x')], as('m1'))).toMatchObject(
          ['1', '3', '4'].map((key) => ({ key })),
        );
        expect(await b.queue.parkedIn([lane('z')], as('m1'))).toEqual([]);
        expect(await b.queue.parkedIn([], as('m1'))).toEqual([]);
      });

      test('and may be rewritten, which forgets its frozen plan; nothing else may', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const claim = await claimOne(a);
        const first = at(claim.entries, 0);
        const part = (id: string) => ({
          id: as<never>(id),
          to: 'room' as const,
          room: as<never>('!r'),
          say: { key: 'fault.internal' } as const,
        });
        const anew = { from: 'matrix', event: { event_id: '1', anew: true } } as const;
        expect(await a.queue.rewrite(first.id, anew)).toBe(false);
        const frozen = await a.queue.freeze(claim, first, [part('p0'), part('p1')]);
        expect(frozen.parts).toHaveLength(2);
        await a.queue.park(claim, frozen, { code: 'c', say: { key: 'fault.internal' } });
        expect(await b.queue.rewrite(first.id, anew)).toBe(true);
        expect(await b.queue.find('1')).toMatchObject({ payload: anew, parts: [], parked: true });
        expect(await b.queue.rewrite(first.id + 1, anew)).toBe(false);
      });

      test('a released entry is worked off although its lane sleeps empty', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
        const claim = await claimOne(a);
        await a.queue.park(claim, at(claim.entries, 0), { code: 'c', say: { key: 'fault.internal' } });
        await a.queue.postpone(claim, at(claim.entries, 1), world.now() + 3_600_000, { tried: true, code: 'c' });
        await a.queue.release(at(claim.entries, 0).id);
        expect(keysOf(await claimOne(b))).toEqual(['1', '2']);
      });

      test('until it is discarded: gone, but seen', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const claim = await claimOne(a);
        const { id } = at(claim.entries, 0);
        expect(await a.queue.discard(id)).toBe(false);
        await a.queue.park(claim, at(claim.entries, 0), { code: 'c', say: { key: 'fault.internal' } });
        await a.queue.yieldLane(claim);
        expect(await a.queue.discard(id)).toBe(true);
        expect(await a.queue.release(id)).toBe(false);
        expect(await a.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
        expect(await a.queue.accept({ entries: [entry('1', 'x')] })).toMatchObject({ fresh: 0 });
        expect(await claimAll(b)).toEqual([]);
      });

      test('and names the network of what came from one', async () => {
        const event = {
          key: 'k',
          portal,
          sender: as<never>('p'),
          at: 1,
          via: 'live',
          kind: 'unreadable',
          what: 'x',
        } as const;
        await a.queue.accept({
          entries: [entry('1', 'x', { payload: { from: 'network', puppet: as<never>('l'), event } })],
        });
        const claim = await claimOne(a);
        await a.queue.park(claim, at(claim.entries, 0), { code: 'c', say: { key: 'fault.internal' } });
        expect(at(await a.queue.parked(1), 0).network).toBe('pigeon');
      });
    });

    describe('knows owners', () => {
      test('a login’s lane goes to the holder of its lease', async () => {
        await a.queue.accept({ entries: [entry('1', 'x', { owner: owner('p') })] });
        expect(await claimAll(a)).toEqual([]);
        await b.leases.acquire(owner('p'));
        expect(await claimAll(a)).toEqual([]);
        expect(await claimOne(b)).toMatchObject({ owner: owner('p'), lane: lane('x') });
      });

      test('an attempt’s lane is everybody’s until somebody holds it', async () => {
        const attempt = as<ReturnType<typeof owner>>('attempt:@u:s/pigeon');
        await a.queue.accept({ entries: [entry('1', 'x', { owner: attempt })] });
        const claim = await claimOne(a);
        await a.queue.yieldLane(claim);
        await b.leases.acquire(attempt);
        expect(await claimAll(a)).toEqual([]);
        expect(keysOf(await claimOne(b))).toEqual(['1']);
      });

      test('a lane moves to another owner and is given up', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        const claim = await claimOne(a);
        await b.leases.acquire(owner('p'));
        await a.queue.reroute(claim, owner('p'));
        expect(await claimAll(a)).toEqual([]);
        const moved = await claimOne(b);
        await b.queue.reroute(moved, undefined);
        expect(keysOf(await claimOne(a))).toEqual(['1']);
      });
    });

    describe('keeps outcomes', () => {
      test('links, the newest edit, removals and reactions', async () => {
        await a.queue.accept({ entries: ['1', '2', '3', '4'].map((key) => entry(key, 'x')) });
        const claim = await claimOne(a);
        const reaction = {
          portal,
          message: as<never>('7'),
          person: as<never>('p'),
          event: as<never>('$r'),
          emoji: '🕊️',
        };
        const one = link('e1');
        const two = link('e2', { part: 1, event: as('$second') });
        await a.queue.settle(claim, at(claim.entries, 0), { links: [two, one], reactions: [reaction] });
        expect(await b.links.byMessage(portal, one.message)).toEqual([one, two]);
        expect(await b.links.reaction(portal, as('7'), as('p'))).toEqual(reaction);
        await a.queue.settle(claim, at(claim.entries, 1), {
          edited: [
            { effect: one.effect, editedAt: 2000 },
            { effect: two.effect, editedAt: 2000 },
          ],
        });
        await a.queue.settle(claim, at(claim.entries, 2), {
          edited: [{ effect: one.effect, editedAt: 1000 }],
          removed: [two.effect],
          reactions: [{ ...reaction, event: as<never>('$r2'), emoji: '👍' }],
        });
        expect(await b.links.byMessage(portal, one.message)).toEqual([
          { ...one, editedAt: 2000 },
          { ...two, editedAt: 2000, removed: true },
        ]);
        expect(await b.links.reactionByEvent(as('$r2'))).toMatchObject({ emoji: '👍' });
        expect(await b.links.reactionByEvent(as('$r'))).toBeUndefined();
        await a.queue.settle(claim, at(claim.entries, 3), {
          unreacted: [{ ...reaction, event: as<never>('$r2'), emoji: '👍' }],
        });
        expect(await b.links.reaction(portal, as('7'), as('p'))).toBeUndefined();
      });

      test('the same link twice without complaint', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x')] });
        const claim = await claimOne(a);
        await a.queue.settle(claim, at(claim.entries, 0), { links: [link('e')] });
        await a.queue.settle(claim, at(claim.entries, 1), { links: [link('e')] });
        expect(await a.links.byEffect(link('e').effect)).toEqual(link('e'));
      });
    });

    describe('tells', () => {
      test('what is unsettled in a lane, and what of it is older', async () => {
        await a.queue.accept({ entries: [entry('1', 'x'), entry('2', 'x'), entry('3', 'x'), entry('4', 'y')] });
        const all = await b.queue.unsettled(lane('x'));
        expect(all.map((one) => one.key)).toEqual(['1', '2', '3']);
        expect((await b.queue.unsettled(lane('x'), at(all, 2).id)).map((one) => one.key)).toEqual(['1', '2']);
        expect((await b.queue.unsettled(lane('x'), at(all, 2).id, 1)).map((one) => one.key)).toEqual(['1']);
        expect(await b.queue.unsettled(lane('nobody'))).toEqual([]);
      });

      test('how much waits, and how long', async () => {
        await a.queue.accept({ entries: [entry('1', 'x')] });
        await world.pass(5000);
        await a.queue.accept({ entries: [entry('2', 'x')] });
        const depth = await a.queue.depth();
        expect(depth).toMatchObject({ queued: 2, parked: 0 });
        expect(depth.oldestMs).toBeGreaterThanOrEqual(5000);
        expect(depth.oldestMs).toBeLessThan(25_000);
      });

      test('this and other workers that there is work', async () => {
        const heard = new Set<Doors>();
        const stops = [a, b].map((worker) => worker.queue.onWork(() => void heard.add(worker)));
        // Whoever has only just begun to listen may miss one.
        for (let n = 1; heard.size < 2; n += 1) await a.queue.accept({ entries: [entry(`${n}`, 'x')] });
        for (const stop of stops) stop();
        expect(at(keysOf(await claimOne(b)), 0)).toBe('1');
      });
    });
  });
}
