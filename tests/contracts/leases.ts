// The contract of the leases, run on Postgres and on the in-memory twin: one holder, rising epochs, takeover, restarts.
import { describe, expect, test } from '@jest/globals';
import { FencedError } from '../../src/model/errors.ts';
import type { Fence } from '../../src/ports/queue.ts';
import { entry, LEASE_MS, owner, twoWorkers, type Doors, type World } from './world.ts';

async function held(worker: Doors, name: string): Promise<Fence> {
  const fence = await worker.leases.acquire(owner(name));
  if (fence === undefined) throw new Error(`the lease of ${name} was refused`);
  return fence;
}

async function writes(worker: Doors, fence: Fence): Promise<boolean> {
  try {
    await worker.queue.accept({ entries: [entry(`by ${fence.worker} ${fence.epoch}`, 'x')], fence });
    return true;
  } catch (error) {
    if (error instanceof FencedError) return false;
    throw error;
  }
}

export function leasesContract(name: string, make: () => Promise<World>): void {
  describe(`the leases of ${name}`, () => {
    let world: World;
    let a: Doors;
    let b: Doors;
    twoWorkers(make, (...of) => {
      [world, a, b] = of;
    });

    test('have one holder, whom everybody knows', async () => {
      const fence = await held(a, 'p');
      expect(fence).toEqual({ owner: owner('p'), worker: a.leases.self(), epoch: expect.any(Number) });
      expect(await b.leases.acquire(owner('p'))).toBeUndefined();
      expect(await a.leases.acquire(owner('p'))).toEqual(fence);
      expect(await b.leases.holder(owner('p'))).toBe(a.leases.self());
      expect(await b.leases.holder(owner('q'))).toBeUndefined();
      expect(await b.leases.free([owner('p'), owner('q')])).toEqual([owner('q')]);
    });

    test('are renewed by the beat, which names them all', async () => {
      const fences = [await held(a, 'p'), await held(a, 'q')];
      expect(new Set((await a.leases.beat()).map((fence) => fence.owner))).toEqual(
        new Set(fences.map((one) => one.owner)),
      );
      for (let round = 0; round < 3; round += 1) {
        await world.pass(LEASE_MS * 0.6);
        expect(await a.leases.beat()).toHaveLength(2);
        await b.leases.beat();
      }
      expect(await b.leases.acquire(owner('p'))).toBeUndefined();
    });

    test('count workers and their shares', async () => {
      await held(a, 'p');
      await held(a, 'q');
      const workers = new Map((await b.leases.workers()).map((one) => [one.worker, one.leases]));
      expect(workers).toEqual(
        new Map([
          [a.leases.self(), 2],
          [b.leases.self(), 0],
        ]),
      );
    });

    test('of two that ask at once, one gets it', async () => {
      const both = await Promise.all([a.leases.acquire(owner('p')), b.leases.acquire(owner('p'))]);
      expect(both.filter((fence) => fence !== undefined)).toHaveLength(1);
    });

    test('given back are free at once, under a higher epoch', async () => {
      const first = await held(a, 'p');
      await a.leases.release(first);
      expect(await a.leases.holder(owner('p'))).toBeUndefined();
      const second = await held(b, 'p');
      expect(second.epoch).toBeGreaterThan(first.epoch);
      expect(await writes(a, first)).toBe(false);
      expect(await writes(b, second)).toBe(true);
    });

    test('given back twice, or by one who lost them, harm nobody', async () => {
      const first = await held(a, 'p');
      await a.leases.release(first);
      const second = await held(b, 'p');
      await a.leases.release(first);
      expect(await b.leases.holder(owner('p'))).toBe(b.leases.self());
      expect(await writes(b, second)).toBe(true);
    });

    test('taken again by the same worker do not let its older writes through', async () => {
      const first = await held(a, 'p');
      await a.leases.release(first);
      const second = await held(a, 'p');
      expect(await writes(a, first)).toBe(false);
      expect(await writes(a, second)).toBe(true);
    });

    test('of a silent worker are kept until they expire, then taken, and it can write nothing', async () => {
      const old = await held(a, 'p');
      await world.pass(LEASE_MS * 0.5);
      await b.leases.beat();
      expect(await b.leases.acquire(owner('p'))).toBeUndefined();
      await world.pass(LEASE_MS * 0.6);
      await b.leases.beat();
      expect(await b.leases.free([owner('p')])).toEqual([owner('p')]);
      const taken = await held(b, 'p');
      expect(taken.epoch).toBeGreaterThan(old.epoch);
      expect(await a.leases.beat()).toEqual([]);
      expect(await writes(a, old)).toBe(false);
      expect(await writes(b, taken)).toBe(true);
    });

    test('of a silent worker that nobody took are still its own', async () => {
      const fence = await held(a, 'p');
      await world.pass(LEASE_MS * 2);
      expect(await a.leases.beat()).toEqual([fence]);
      expect(await writes(a, fence)).toBe(true);
    });

    test('follow a restarted worker’s slot at once, and its former life can write nothing', async () => {
      const old = await held(a, 'p');
      await world.kill(a);
      const again = await world.worker('a');
      const [fence] = await again.leases.beat();
      if (fence === undefined) throw new Error('the lease was not taken over');
      expect(fence.owner).toBe(owner('p'));
      expect(fence.worker).toBe(again.leases.self());
      expect(await writes(b, old)).toBe(false);
      expect(await writes(again, fence)).toBe(true);
      expect(await b.leases.acquire(owner('p'))).toBeUndefined();
    });

    test('refuse a second worker under a living slot', async () => {
      await expect(world.worker('a')).rejects.toThrow('a');
      expect(await writes(a, await held(a, 'p'))).toBe(true);
    });

    test('of a worker that retires are free at once', async () => {
      const fence = await held(a, 'p');
      await a.leases.retire();
      expect(await writes(b, fence)).toBe(false);
      await held(b, 'p');
      expect((await b.leases.workers()).map((one) => one.worker)).toEqual([b.leases.self()]);
    });

    test('are nobody’s before a worker is enlisted', async () => {
      expect(a.leases.alive()).toBe(true);
      await a.leases.retire();
      expect(a.leases.alive()).toBe(false);
      expect(() => a.leases.self()).toThrow(Error);
    });
  });
}
