// Two who write to each other at the same moment, ten pairs at once, over a slow store: nothing is lost, and each cure that is
// switched off loses. Every run is drawn from a seed.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { allCures, type Cures } from '../../../src/networks/whatsapp/cures.ts';
import { mendLibsignal } from '../../../src/networks/whatsapp/state/libsignal.ts';
import { vaultLedger } from '../../../src/networks/whatsapp/state/ledger.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { Pauses } from './support/chance.ts';
import { glare } from './support/glare.ts';
import { Player } from './support/player.ts';
import { Post } from './support/post.ts';
import { slow } from './support/slow.ts';

beforeEach(() => {
  // The library complains there when it may (cure copies: false).
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => {
  mendLibsignal(allCures);
  jest.restoreAllMocks();
});

async function memoryGlare(seed: number, cures: Partial<Cures>, pairs: number): ReturnType<typeof glare> {
  mendLibsignal({ ...allCures, ...cures });
  const pauses = new Pauses(seed);
  const { vault } = memoryStore();
  const ledger = (number: number): ReturnType<typeof vaultLedger> =>
    slow(
      vaultLedger(vault, `login:${number}`, async (changes) => await vault.write(changes)),
      pauses,
    );
  return await glare({ pairs, each: 10, pauses, cures, ledger });
}

describe('defects 3, 4 and 5: glare over a slow store', () => {
  test.each([1, 2])('loses nothing, seed %s', async (seed) => {
    expect(await memoryGlare(seed, {}, 10)).toEqual({ sent: 200, lost: 0 });
  });

  test('loses when sessions are tried in place (cure copies: false)', async () => {
    expect((await memoryGlare(1, { copies: false }, 10)).lost).toBeGreaterThan(0);
  });

  test('loses when transactions have locks of their own (cure oneLock: false)', async () => {
    expect((await memoryGlare(1, { oneLock: false }, 10)).lost).toBeGreaterThan(0);
  });
});

test.each([1, 2])(
  'defects 1 to 7 at once: glare, a slow store and processes that die in it, seed %s',
  async (seed) => {
    mendLibsignal(allCures);
    const pauses = new Pauses(seed);
    const post = new Post();
    const players: Player[] = [];
    for (let number = 1; number <= 20; number += 1) {
      const lifetimes = number % 2 === 0 ? [] : [3 + pauses.pick(20), 3 + pauses.pick(20)];
      const player = new Player(number, post, pauses, lifetimes);
      await player.open();
      players.push(player);
    }
    const expected: string[] = [];
    await Promise.all(
      players.map(async (player, index) => {
        const other = players[index ^ 1];
        if (other === undefined) throw new Error('nobody to talk to');
        for (let number = 0; number < 8; number += 1) {
          const id = `${index}-${number}`;
          expected.push(id);
          await player.say(other, id);
        }
      }),
    );
    for (const player of [...players, ...players]) await player.rest();
    const heard = new Set(players.flatMap((player) => [...player.house]));
    const deaths = players.reduce((sum, player) => sum + player.deaths, 0);
    for (const player of players) await player.close();
    expect(expected.filter((id) => !heard.has(id))).toEqual([]);
    expect(players.flatMap((player) => player.unreadable)).toEqual([]);
    expect(post.doubled).toEqual([]);
    expect(deaths).toBeGreaterThan(9);
  },
  60_000,
);
