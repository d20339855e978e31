// The era tells a restored backup from an ordinary start, also when two workers start at the same moment.
import { expect, test } from '@jest/globals';
import { checkEra, moveEra } from '../../src/app/homeserver.ts';
import { Refusal } from '../../src/app/exit-codes.ts';
import { quiet } from '../support/quiet.ts';

const NOW = 1_700_000_000_000;

/** The database's counter and the homeserver's memory of it, as two workers share them. */
function world(ours: number, theirs: number) {
  const now: { ours: number; theirs: number; restored?: number } = { ours, theirs };
  const store = {
    era: {
      read: async () => await Promise.resolve(now.ours),
      advance: async (least: number) => await Promise.resolve((now.ours = Math.max(now.ours + 1, least))),
      restoredAt: async () => await Promise.resolve(now.restored),
      markRestored: async (at: number) => await Promise.resolve(void (now.restored = at)),
    },
  };
  const matrix = {
    era: {
      read: async () => await Promise.resolve(now.theirs),
      write: async (era: number) => await Promise.resolve(void (now.theirs = era)),
    },
  };
  return { now, store, matrix };
}

async function check({ store, matrix }: ReturnType<typeof world>, afterRestore = false): Promise<number | undefined> {
  return await checkEra(store, matrix, afterRestore, quiet, NOW);
}

test('every start advances both', async () => {
  const one = world(3, 3);
  expect(await check(one)).toBeUndefined();
  expect(one.now).toEqual({ ours: 4, theirs: 4 });
});

test('an older database is refused, unless the operator says that it is a restored one', async () => {
  await expect(check(world(3, 5))).rejects.toThrow(Refusal);
  const one = world(3, 5);
  expect(await check(one, true)).toBe(NOW);
  expect(one.now.ours).toBeGreaterThan(5);
  expect(one.now.theirs).toBe(one.now.ours);
  // Later starts and other workers look as well, without being told again.
  expect(await check(one)).toBe(NOW);
});

test('a refused start changes nothing', async () => {
  const one = world(3, 5);
  await expect(check(one)).rejects.toThrow('--after-restore');
  expect(one.now).toEqual({ ours: 3, theirs: 5 });
});

test('a copy made while the bridge ran is older a minute later', async () => {
  const one = world(3, 3);
  await check(one);
  const copy = one.now.ours;
  await moveEra(one.store, one.matrix);
  await expect(check({ ...one, store: world(copy, 0).store })).rejects.toThrow(Refusal);
});

test('another worker that starts between our two looks is no restored backup', async () => {
  const one = world(3, 3);
  const between = async (): Promise<void> => void (await check(one));
  for (const side of ['store', 'matrix'] as const) {
    const { read } = one[side].era;
    const meanwhile = {
      ...one,
      [side]: {
        era: {
          ...one[side].era,
          read: async () => {
            const seen = await read();
            await between();
            return seen;
          },
        },
      },
    };
    expect(await check(meanwhile)).toBeUndefined();
  }
});
