// The one door into the store: all stores on one database, migrated and with the vault key proved; knows no wing.
import type { Logger } from '../ports/stores.ts';
import { openDb, type Db } from './db.ts';
import { startEmbedded, type EmbeddedPostgres } from './embedded.ts';
import { Era } from './era.ts';
import { PostgresLeases } from './leases.ts';
import { PostgresMessageLinks } from './message-links.ts';
import { migrate } from './migrate.ts';
import { Notices } from './notices.ts';
import { PostgresGhosts, PostgresPersons, PostgresPuppets } from './people.ts';
import { PostgresPortals } from './portals.ts';
import { PostgresQueue } from './queue.ts';
import { PostgresRules } from './rules.ts';
import { PostgresUpkeep } from './upkeep.ts';
import { PostgresVault, Seal } from './vault.ts';
import { WorkBell } from './work-bell.ts';

export { VaultKeyError } from './vault.ts';

export interface StoreOptions {
  /** Where the data is: a Postgres server by URL, or the embedded one by folder. */
  readonly database: { readonly url: string } | { readonly dir: string };
  /** 32 bytes. */
  readonly vaultKey: Uint8Array;
  readonly slot: string;
  readonly log: Logger;
  /** Default 15 s. */
  readonly leaseMs?: number;
  readonly connections?: number;
}

export interface Store {
  readonly queue: PostgresQueue;
  readonly leases: PostgresLeases;
  readonly vault: PostgresVault;
  readonly persons: PostgresPersons;
  readonly puppets: PostgresPuppets;
  readonly ghosts: PostgresGhosts;
  readonly portals: PostgresPortals;
  readonly links: PostgresMessageLinks;
  readonly rules: PostgresRules;
  readonly era: Era;
  readonly upkeep: PostgresUpkeep;
  /** Steps applied by this opening. */
  readonly migrated: readonly string[];
  /** Milliseconds of one answer. @throws BridgeError when the database does not answer */
  ping(): Promise<number>;
  close(): Promise<void>;
}

const LEASE_MS = 15_000;

/** @throws Error in one sentence: unreachable, newer schema, wrong vault key */
export async function openStore(options: StoreOptions): Promise<Store> {
  const embedded =
    'dir' in options.database ? await startEmbedded({ dir: options.database.dir, keep: options.log }) : undefined;
  const url = 'url' in options.database ? options.database.url : (embedded?.url ?? '');
  const db = openDb({
    url,
    log: options.log,
    ...(options.connections === undefined ? {} : { connections: options.connections }),
  });
  try {
    const migrated = await migrate(db.sql);
    const vault = new PostgresVault(db, new Seal(options.vaultKey));
    await vault.check();
    return assemble(db, vault, embedded, migrated, options);
  } catch (error) {
    await db.close();
    await embedded?.stop();
    throw error;
  }
}

function assemble(
  db: Db,
  vault: PostgresVault,
  embedded: EmbeddedPostgres | undefined,
  migrated: readonly string[],
  options: StoreOptions,
): Store {
  const leaseMs = options.leaseMs ?? LEASE_MS;
  const notices = new Notices(db, options.log);
  const bell = new WorkBell(notices);
  const leases = new PostgresLeases(db, { slot: options.slot, leaseMs });
  return {
    queue: new PostgresQueue(db, vault, bell, leaseMs),
    leases,
    vault,
    persons: new PostgresPersons(db),
    puppets: new PostgresPuppets(db),
    ghosts: new PostgresGhosts(db),
    portals: new PostgresPortals(db, notices),
    links: new PostgresMessageLinks(db),
    rules: new PostgresRules(db),
    era: new Era(db),
    upkeep: new PostgresUpkeep(db),
    migrated,
    ping: async () => {
      const began = performance.now();
      await db.sync.query('select 1');
      return performance.now() - began;
    },
    close: async () => {
      bell.close();
      await notices.close();
      await leases.disconnect();
      await db.close();
      await embedded?.stop();
    },
  };
}
