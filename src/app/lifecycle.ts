// Starts what stands, in order: the database with its key and slot. The Matrix wing is not built yet, and it says so.
import { keyBytes } from '../config/builders.ts';
import type { Config, RunOptions } from '../config/schema.ts';
import { exitCodes, Refusal, type ExitCode } from '../cli/exit-codes.ts';
import { openStore } from '../store/index.ts';
import type { Logger } from '../ports/stores.ts';

/** @throws Refusal: this version proves its database and its configuration, but it cannot reach a homeserver yet */
export async function runBridge(config: Config, log: Logger, options: RunOptions): Promise<ExitCode> {
  const { database, secrets, worker } = config;
  const store = await openStore({
    database: database.url === undefined ? { dir: database.embedded.dir } : { url: database.url.reveal() },
    vaultKey: keyBytes(secrets.vaultKey),
    slot: options.slot ?? worker.slot,
    log,
  });
  try {
    await store.leases.enlist();
    log.info({ count: store.migrated.length, state: 'ready' }, 'the database is ready');
    throw new Refusal(
      exitCodes.internal,
      'The database and the configuration are ready, but this version has no Matrix side yet: it cannot bridge anything. See CHANGELOG.md.',
    );
  } finally {
    await store.leases.retire();
    await store.close();
  }
}
