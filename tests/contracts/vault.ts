// The contract of the vault, run on Postgres and on the in-memory twin: what goes in comes out, all or nothing, under a fence.
import { describe, expect, test } from '@jest/globals';
import { FencedError } from '../../src/model/errors.ts';
import { owner, twoWorkers, type Doors, type World } from './world.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

export function vaultContract(name: string, make: () => Promise<World>): void {
  describe(`the vault of ${name}`, () => {
    let a: Doors;
    let b: Doors;
    twoWorkers(make, (_world, ...of) => {
      [a, b] = of;
    });

    test('gives back what was put in, empty and binary values too', async () => {
      const binary = Uint8Array.from({ length: 256 }, (_, index) => index);
      await a.vault.write([
        { scope: 'login:1', key: 'session', value: binary },
        { scope: 'login:1', key: 'empty', value: new Uint8Array() },
        { scope: 'login:2', key: 'session', value: bytes('other') },
      ]);
      expect([...((await b.vault.read('login:1', 'session')) ?? [])]).toEqual([...binary]);
      expect([...((await b.vault.read('login:1', 'empty')) ?? [1])]).toEqual([]);
      expect(await b.vault.read('login:1', 'nothing')).toBeUndefined();
      const all = await b.vault.readAll('login:1');
      expect([...all.keys()].toSorted()).toEqual(['empty', 'session']);
      expect([...(all.get('session') ?? [])]).toEqual([...binary]);
    });

    test('replaces and deletes', async () => {
      await a.vault.write([{ scope: 's', key: 'k', value: bytes('1') }]);
      await a.vault.write([{ scope: 's', key: 'k', value: bytes('2') }]);
      expect(Buffer.from((await a.vault.read('s', 'k')) ?? []).toString()).toBe('2');
      await a.vault.write([{ scope: 's', key: 'k', value: null }]);
      expect(await a.vault.read('s', 'k')).toBeUndefined();
    });

    test('takes the last of several values for one place', async () => {
      await a.vault.write([
        { scope: 's', key: 'k', value: bytes('1') },
        { scope: 's', key: 'k', value: bytes('2') },
        { scope: 's', key: 'gone', value: bytes('1') },
        { scope: 's', key: 'gone', value: null },
        { scope: 's', key: 'back', value: null },
        { scope: 's', key: 'back', value: bytes('3') },
      ]);
      const all = await a.vault.readAll('s');
      const texts = new Map([...all].map(([key, value]) => [key, Buffer.from(value).toString()]));
      expect(texts).toEqual(
        new Map([
          ['k', '2'],
          ['back', '3'],
        ]),
      );
    });

    test('makes of a value another one, one at a time: whoever does it at once misses nothing of the others', async () => {
      const counted = async (of: Doors): Promise<void> => {
        const add = (before?: Uint8Array): Uint8Array => Uint8Array.of(...(before ?? []), (before?.length ?? 0) + 1);
        await of.vault.update('s', 'count', add);
      };
      await Promise.all([a, b, a, b, a, b, a, b].map(counted));
      expect([...((await a.vault.read('s', 'count')) ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(await b.vault.update('s', 'count', () => null)).toBeUndefined();
      expect(await a.vault.read('s', 'count')).toBeUndefined();
      expect([...((await a.vault.update('s', 'count', () => bytes('1'))) ?? [])]).toEqual([...bytes('1')]);
    });

    test('forgets one scope and no other', async () => {
      await a.vault.write([
        { scope: 's', key: 'k', value: bytes('1') },
        { scope: 't', key: 'k', value: bytes('1') },
      ]);
      await a.vault.forget('s');
      expect(await b.vault.readAll('s')).toEqual(new Map());
      expect(await b.vault.read('t', 'k')).toBeDefined();
    });

    test('writes only under a fence in force', async () => {
      const fence = await a.leases.acquire(owner('p'));
      if (fence === undefined) throw new Error('no lease');
      await a.vault.write([{ scope: 's', key: 'k', value: bytes('1') }], fence);
      await a.leases.release(fence);
      await expect(a.vault.write([{ scope: 's', key: 'k', value: bytes('2') }], fence)).rejects.toThrow(FencedError);
      expect(Buffer.from((await b.vault.read('s', 'k')) ?? []).toString()).toBe('1');
    });
  });
}
