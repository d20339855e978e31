// Brings the schema up to date by numbered steps under one lock; a schema newer than the code is refused.
import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import { initial } from './schema/001-initial.ts';
import { reactionsAndAliases } from './schema/002-reactions-and-aliases.ts';
import { lanesTakenAtOnce } from './schema/003-lanes-taken-at-once.ts';
import { chatsThatAreOne } from './schema/004-chats-that-are-one.ts';
import { whatIsKept } from './schema/005-what-is-kept.ts';
import { severalAtOnce } from './schema/006-several-at-once.ts';
import { formerChats } from './schema/007-former-chats.ts';
import { whatIsWaitedFor } from './schema/008-what-is-waited-for.ts';
import { oneOrder } from './schema/009-one-order.ts';
import { portalsOfAChat } from './schema/010-portals-of-a-chat.ts';
import type { Tables } from './schema/tables.ts';

const steps: Readonly<Record<string, string>> = {
  '001-initial': initial,
  '002-reactions-and-aliases': reactionsAndAliases,
  '003-lanes-taken-at-once': lanesTakenAtOnce,
  '004-chats-that-are-one': chatsThatAreOne,
  '005-what-is-kept': whatIsKept,
  '006-several-at-once': severalAtOnce,
  '007-former-chats': formerChats,
  '008-what-is-waited-for': whatIsWaitedFor,
  '009-one-order': oneOrder,
  '010-portals-of-a-chat': portalsOfAChat,
};

export interface SchemaStatus {
  readonly applied: readonly string[];
  readonly missing: readonly string[];
  /** Steps in the database that this version does not know. */
  readonly unknown: readonly string[];
}

/** @throws Error in one sentence when the database is newer than the code. */
export async function migrate(db: Kysely<Tables>, upTo?: string): Promise<readonly string[]> {
  refuseNewer(await schemaStatus(db));
  const migrator = migratorFor(db);
  const { error, results } = upTo === undefined ? await migrator.migrateToLatest() : await migrator.migrateTo(upTo);
  if (error !== undefined) throw error instanceof Error ? error : new Error('the database could not be migrated');
  return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName);
}

export async function schemaStatus(db: Kysely<Tables>): Promise<SchemaStatus> {
  const there = await sql<{ t: string | null }>`select to_regclass('kysely_migration')::text as t`.execute(db);
  const rows =
    there.rows[0]?.t == null
      ? []
      : (await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)).rows;
  const applied = rows.map((row) => row.name);
  return {
    applied,
    missing: Object.keys(steps).filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !(name in steps)),
  };
}

export function refuseNewer(status: SchemaStatus): void {
  const newest = status.unknown.at(-1);
  if (newest === undefined) return;
  throw new Error(
    `The database was made by a newer version of Passerelle (step ${newest} is unknown here): start that version, or restore a backup made by this one.`,
  );
}

export const newestStep = Object.keys(steps).at(-1) ?? '';

function migratorFor(db: Kysely<Tables>): Migrator {
  const migrations: Record<string, Migration> = {};
  for (const [name, text] of Object.entries(steps)) {
    migrations[name] = {
      up: async (transaction: Kysely<unknown>) => {
        await sql.raw(text).execute(transaction);
      },
    };
  }
  return new Migrator({ db, provider: { getMigrations: async () => await Promise.resolve(migrations) } });
}
