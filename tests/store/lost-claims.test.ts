// Claims commit asynchronously, so a crash may take one back and a cut line may swallow one: neither blocks a lane or lets two in.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FencedError } from '../../src/model/errors.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { at, claimAll, claimOne, entry, keysOf } from '../contracts/world.ts';
import { testPostgres, type TestPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

let postgres: TestPostgres;
let url: string;
const open: Store[] = [];

async function worker(slot: string): Promise<Store> {
  const vaultKey = new Uint8Array(32).fill(7);
  const store = await openStore({ database: { url }, vaultKey, slot, log: quiet, connections: 4 });
  open.push(store);
  await store.leases.enlist();
  return store;
}

beforeEach(async () => {
  postgres = await testPostgres();
  url = await postgres.database();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (store) => await store.close()));
  await postgres.stop();
});

test('a lane that the database calls ours without our knowing is claimed again by us', async () => {
  const [a, b] = [await worker('a'), await worker('b')];
  await a.queue.accept({ entries: [entry('1', 'x')] });
  await postgres.query(url, 'update lane set worker = $1, epoch = 5', [a.leases.self()]);
  expect(await claimAll(b)).toEqual([]);
  expect(keysOf(await claimOne(a))).toEqual(['1']);
  expect(await claimAll(a)).toEqual([]);
});

test('a claim that a crash took back shares its epoch with no later one', async () => {
  const [a, b] = [await worker('a'), await worker('b')];
  await a.queue.accept({ entries: [entry('1', 'x')] });
  const [before] = await postgres.query<{ epoch: string }>(url, 'select epoch from lane');
  const lost = await claimOne(a);
  await postgres.query(url, 'update lane set worker = null, epoch = $1', [before?.epoch]);
  const held = await claimOne(b);
  await expect(a.queue.settle(lost, at(lost.entries, 0), {})).rejects.toThrow(FencedError);
  await b.queue.settle(held, at(held.entries, 0), {});
});
