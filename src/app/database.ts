// Opens the configured database for the command line, the embedded one included; says where its schema and its seal stand.
import { keyBytes } from '../config/builders.ts';
import type { Config } from '../config/schema.ts';
import { exitCodes, Refusal } from './exit-codes.ts';
import { openDb, type Db } from '../store/db.ts';
import { startEmbedded } from '../store/embedded.ts';
import { schemaStatus, type SchemaStatus } from '../store/migrate.ts';
import { PostgresVault, Seal, VaultKeyError } from '../store/vault.ts';
import { codeOf, databaseSentence } from './failures.ts';
import { makeLogger } from './logger.ts';

export { migrate, newestStep } from '../store/migrate.ts';

export interface OpenDatabase {
  readonly db: Db;
  close(): Promise<void>;
}

/** @throws Refusal in one sentence when the server cannot be reached or started */
export async function openDatabase(config: Config): Promise<OpenDatabase> {
  const { database } = config;
  // What matters is said as a sentence at the end; a connection lost while closing is no news.
  const log = makeLogger({ level: 'silent', key: new Uint8Array() });
  if (database.url !== undefined) {
    const db = openDb({ url: database.url.reveal(), log, connections: 4 });
    await reach(db, async () => await db.close());
    return { db, close: async () => await db.close() };
  }
  const server = await startEmbedded({ dir: database.embedded.dir }).catch((error: unknown) => {
    throw new Refusal(
      exitCodes.database,
      error instanceof Error ? error.message : 'The embedded database did not start.',
      error,
    );
  });
  const db = openDb({ url: server.url, log, connections: 4 });
  const close = async (): Promise<void> => {
    await db.close();
    await server.stop();
  };
  await reach(db, close);
  return { db, close };
}

/**
 * What the store refuses, it refuses by a plain Error in one sentence for people; a server that is not there says so by a code.
 * Faults of other kinds stay what they are. @throws Refusal
 */
export async function inSentences<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (error instanceof Error && error.constructor === Error && code === undefined) {
      throw new Refusal(exitCodes.database, error.message, error);
    }
    if (code !== undefined && SERVER_TROUBLE.test(code)) {
      throw new Refusal(exitCodes.database, databaseSentence(code), error);
    }
    throw error;
  }
}

/** No connection, no rights, no such database, no room for one more, starting or stopping (SQLSTATE classes), and Node's own. */
const SERVER_TROUBLE = /^(?:08|28|3D|42501|53|57P|ECONN|ENOTFOUND|ENOENT|EACCES|ETIMEDOUT|EHOSTUNREACH|EAI_AGAIN)/;

async function reach(db: Db, close: () => Promise<void>): Promise<void> {
  try {
    await db.sync.query('select 1');
  } catch (error) {
    await close();
    throw new Refusal(exitCodes.database, databaseSentence(codeOf(error)), error);
  }
}

export interface DatabaseFacts {
  readonly schema: SchemaStatus;
  /** `empty`: nothing was ever sealed, so any key fits. */
  readonly vault: 'fits' | 'wrong-key' | 'empty';
}

/** Changes nothing. */
export async function databaseFacts(config: Config, db: Db): Promise<DatabaseFacts> {
  const schema = await schemaStatus(db.sql);
  return { schema, vault: schema.applied.length === 0 ? 'empty' : await vaultState(config, db) };
}

async function vaultState(config: Config, db: Db): Promise<DatabaseFacts['vault']> {
  const { rows } = await db.sync.query('select 1 from vault limit 1');
  if (rows.length === 0) return 'empty';
  const vault = new PostgresVault(db, new Seal(keyBytes(config.secrets.vaultKey)));
  try {
    await vault.read('vault', 'check');
    return 'fits';
  } catch (error) {
    if (error instanceof VaultKeyError) return 'wrong-key';
    throw error;
  }
}
