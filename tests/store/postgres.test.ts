// The real store keeps the same contracts as its in-memory twins, on a real Postgres.
import { afterAll, beforeAll } from '@jest/globals';
import { openStore, type Store } from '../../src/store/index.ts';
import { leasesContract } from '../contracts/leases.ts';
import { queueContract } from '../contracts/queue.ts';
import { storesContract } from '../contracts/stores.ts';
import { vaultContract } from '../contracts/vault.ts';
import { LEASE_MS, type World } from '../contracts/world.ts';
import { testPostgres, type TestPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await testPostgres();
}, 60_000);

afterAll(async () => {
  await postgres.stop();
});

/** Time passes for the database by moving everything it remembers into the past. */
const past = `
  update worker set beat_at = beat_at - make_interval(secs => $1::float8 / 1000) where beat_at > '-infinity'`;
const pastLanes = `update lane set ready_at = ready_at - make_interval(secs => $1::float8 / 1000)`;
const pastSeen = `update seen set at = at - make_interval(secs => $1::float8 / 1000)`;
const pastEntries = `update entry set received_at = received_at - make_interval(secs => $1::float8 / 1000)`;

async function postgresWorld(): Promise<World> {
  const url = await postgres.database();
  const open = new Set<Store>();
  return {
    worker: async (slot) => {
      const store = await openStore({
        database: { url },
        vaultKey: new Uint8Array(32).fill(7),
        slot,
        log: quiet,
        leaseMs: LEASE_MS,
        connections: 4,
      });
      open.add(store);
      await store.leases.enlist();
      return store;
    },
    kill: async (worker) => {
      const store = worker as Store;
      open.delete(store);
      await store.close();
    },
    pass: async (ms) => {
      for (const text of [past, pastLanes, pastSeen, pastEntries]) await postgres.query(url, text, [ms]);
    },
    now: () => Date.now(),
    close: async () => {
      await Promise.all([...open].map(async (store) => await store.close()));
    },
  };
}

queueContract('postgres', postgresWorld);
leasesContract('postgres', postgresWorld);
storesContract('postgres', postgresWorld);
vaultContract('postgres', postgresWorld);
