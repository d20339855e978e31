// Everything a worker keeps, in memory: the twins behind the same doors as the real store. Several workers may share one database.
import type { Queue } from '../../src/ports/queue.ts';
import type {
  GhostStore,
  Leases,
  MessageLinkStore,
  PersonStore,
  PortalStore,
  PuppetStore,
  RuleStore,
  Vault,
} from '../../src/ports/stores.ts';
import { MemoryClock } from './memory-clock.ts';
import { MemoryDatabase } from './memory-database.ts';
import { MemoryLeases } from './memory-leases.ts';
import { MemoryQueue } from './memory-queue.ts';
import {
  memoryGhosts,
  memoryLinks,
  memoryPersons,
  memoryPortals,
  memoryPuppets,
  memoryRules,
  memoryVault,
} from './memory-records.ts';

/** The doors that tests use; the real store has them too. */
export interface Doors {
  readonly queue: Queue;
  readonly leases: Leases;
  readonly vault: Vault;
  readonly persons: PersonStore;
  readonly puppets: PuppetStore;
  readonly ghosts: GhostStore;
  readonly portals: PortalStore;
  readonly links: MessageLinkStore;
  readonly rules: RuleStore;
}

export interface MemoryStore extends Doors {
  readonly db: MemoryDatabase;
  readonly clock: MemoryClock;
}

/** Not enlisted yet: call `leases.enlist()` as a worker does. */
export function memoryStore(slot = 'a', db = new MemoryDatabase(new MemoryClock())): MemoryStore {
  return {
    db,
    clock: db.clock,
    queue: new MemoryQueue(db),
    leases: new MemoryLeases(db, slot),
    vault: memoryVault(db),
    persons: memoryPersons(db),
    puppets: memoryPuppets(db),
    ghosts: memoryGhosts(db),
    portals: memoryPortals(db),
    links: memoryLinks(db),
    rules: memoryRules(db),
  };
}
