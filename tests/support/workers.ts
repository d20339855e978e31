// A Postgres for the tests of one file, a new database for each of them, and the workers that a test opens on it: closed after it. Knows
// no test.
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { openStore, type Store } from '../../src/store/index.ts';
import { testPostgres, type TestPostgres } from './postgres.ts';
import { quiet } from './quiet.ts';

/** Whoever imports them sees them from the first test on. */
export let postgres: TestPostgres;
export let url: string;

const open: Store[] = [];

/** To be called once, before anything else of the file that is done before a test. */
export function setDatabase(): void {
  beforeAll(async () => {
    postgres = await testPostgres();
  }, 60_000);
  beforeEach(async () => {
    url = await postgres.database();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map(async (store) => await store.close()));
  });
  afterAll(async () => {
    await postgres.stop();
  });
}

/** The store of a worker that is among the others. A test may close it before its end. @param leaseMs as in openStore */
export async function worker(slot: string, leaseMs?: number): Promise<Store> {
  const vaultKey = new Uint8Array(32).fill(7);
  const lease = leaseMs === undefined ? {} : { leaseMs };
  const store = await openStore({ database: { url }, vaultKey, slot, log: quiet, connections: 4, ...lease });
  let closing: Promise<void> | undefined;
  const own = {
    ...store,
    close: async () => {
      closing ??= store.close();
      await closing;
    },
  };
  open.push(own);
  await own.leases.enlist();
  return own;
}
