// The in-memory twins keep the contracts that the rooms above rely on, so that tests with them mean something.
import { leasesContract } from '../contracts/leases.ts';
import { queueContract } from '../contracts/queue.ts';
import { storesContract } from '../contracts/stores.ts';
import { vaultContract } from '../contracts/vault.ts';
import type { World } from '../contracts/world.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { MemoryDatabase } from '../support/memory-database.ts';
import { memoryStore, type Doors } from '../support/memory-store.ts';

async function memoryWorld(): Promise<World> {
  const db = new MemoryDatabase(new MemoryClock());
  return await Promise.resolve({
    worker: async (slot) => {
      const store = memoryStore(slot, db);
      await store.leases.enlist();
      return store;
    },
    kill: async (worker: Doors) => {
      await Promise.resolve();
      for (const row of db.workers.values()) if (row.id === worker.leases.self()) row.dead = true;
    },
    pass: async (ms) => {
      await Promise.resolve();
      db.clock.pass(ms);
    },
    now: () => db.clock.now(),
    close: async () => await Promise.resolve(),
  });
}

queueContract('memory', memoryWorld);
leasesContract('memory', memoryWorld);
storesContract('memory', memoryWorld);
vaultContract('memory', memoryWorld);
