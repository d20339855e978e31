// What several logins bring at the same time is one commit, and what one of them brings that cannot be kept fails by itself.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { RefusedError } from '../../src/model/errors.ts';
import type { Store } from '../../src/store/index.ts';
import type { VaultChange } from '../../src/ports/stores.ts';
import { entry, owner } from '../contracts/world.ts';
import { postgres, setDatabase, url, worker } from '../support/workers.ts';

const LOGINS = ['p', 'q', 'r', 's'];

setDatabase();

let store: Store;

beforeEach(async () => {
  store = await worker('a');
});

/** All at the same time, each under its own lease. @param key of what is kept of each */
async function accept(key: (login: string) => string): Promise<readonly PromiseSettledResult<unknown>[]> {
  const fences = await Promise.all(LOGINS.map(async (login) => await store.leases.acquire(owner(login))));
  return await Promise.allSettled(
    LOGINS.map(async (login, index) => {
      const fence = fences[index];
      if (fence === undefined) throw new Error('no lease');
      const vault = [{ scope: login, key: key(login), value: Buffer.from('cursor') }];
      return await store.queue.accept({ entries: [entry(login, login)], vault, fence });
    }),
  );
}

test('four logins, one commit', async () => {
  await accept(() => 'k');
  expect(await postgres.query(url, `select count(distinct xmin::text)::int as n from vault where key = 'k'`)).toEqual([
    { n: 1 },
  ]);
});

test.each([
  ['that the database does not hold', 'nul \0', RefusedError],
  // A key so long is in no index; what repeats itself would be shortened.
  ['that is too long for it', randomBytes(6000).toString('base64'), RefusedError],
  ['that cannot even be sealed', 1n as unknown as string, RefusedError],
])('a value %s fails whoever brought it', async (_name, odd, why) => {
  const ends = await accept((login) => (login === 'r' ? odd : 'k'));
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(ends[2]).toEqual({ status: 'rejected', reason: expect.any(why) });
  expect(await postgres.query(url, `select scope from vault where key = 'k' order by 1`)).toEqual(
    ['p', 'q', 's'].map((scope) => ({ scope })),
  );
  expect(await store.queue.seen(LOGINS)).toEqual(new Set(['p', 'q', 's']));
});

describe('two who write the same sealed values at once do not each wait for the other', () => {
  const change = (key: string): VaultChange => ({ scope: 'shared', key, value: Buffer.from(key) });
  const gone = (key: string): VaultChange => ({ scope: 'shared', key, value: null });

  /** Each comes as far as `m`, which somebody else holds, the one after the other. */
  async function atOnce(all: readonly (readonly VaultChange[])[]): Promise<readonly PromiseSettledResult<unknown>[]> {
    await store.vault.write(['a', 'm', 'z'].map(change));
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query('begin');
    await other.query(`select 1 from vault where scope = 'shared' and key = 'm' for update`);
    const waiting = 'select count(*)::int as n from pg_locks where not granted';
    const writes: Promise<void>[] = [];
    for (const changes of all) {
      writes.push(store.vault.write(changes));
      let held = 0;
      while (held < writes.length) held = (await other.query<{ n: number }>(waiting)).rows[0]?.n ?? 0;
    }
    const ends = Promise.allSettled(writes);
    await other.query('commit');
    await other.end();
    return await ends;
  }

  test.each([
    ['in other orders', ['a', 'm', 'z'].map(change), ['z', 'm', 'a'].map(change)],
    ['where one takes away what the other writes', [change('m'), gone('a')], [change('a'), change('m')]],
    ['where each takes away what the other writes', [gone('a'), change('m')], [gone('m'), change('a')]],
  ])('%s', async (_name, ...all) => {
    expect((await atOnce(all)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });
});

test('an entry that cannot even be written out fails whoever brought it', async () => {
  const odd = { ...entry('odd', 'x'), payload: { from: 'matrix', event: 1n } } as const;
  const ends = await Promise.allSettled(
    [odd, entry('plain', 'x')].map(async (one) => await store.queue.accept({ entries: [one] })),
  );
  expect(ends).toMatchObject([{ status: 'rejected', reason: expect.any(RefusedError) }, { status: 'fulfilled' }]);
});

test('what is handed over is worked for nobody in particular', async () => {
  const whose = new AsyncLocalStorage<string>();
  const worked: unknown[] = [];
  const take = (): void => void worked.push(whose.getStore());
  const silence = store.queue.onWork(() => undefined, { worker: store.leases.self(), free: () => 10, take });
  await whose.run('the library', async () => await store.queue.accept({ entries: [entry('1', 'x')] }));
  silence();
  expect(worked).toEqual([undefined]);
});
