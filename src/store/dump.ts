// Backup and restore as JSON lines: every table from one snapshot, put back in one transaction; knows no table's meaning and no file.
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { transaction, type Db } from './db.ts';
import { migrate, refuseNewer, schemaStatus } from './migrate.ts';

const FORMAT = 1;
const ROWS_PER_LINE = 200;
/** Heartbeats of processes that a restored database knows nothing of; kysely's own tables are written by its migrator. */
const LEFT_OUT = ['worker', 'kysely_migration', 'kysely_migration_lock'];
/** Filled by the schema itself: not a sign of data, and replaced on restore. */
const SEEDED = 'counter';

interface Column {
  readonly name: string;
  readonly type: string;
}

type Value = string | null;

type Line =
  | { readonly passerelle: 'backup'; readonly format: number; readonly steps: readonly string[]; readonly at: string }
  | { readonly table: string; readonly columns: readonly Column[]; readonly rows: readonly (readonly Value[])[] }
  | { readonly sequence: string; readonly last: string; readonly called: boolean }
  | { readonly end: true; readonly rows: number; readonly sha256: string };

/**
 * The whole database as lines of JSON (without their line ends), from one snapshot; the bridge may be running. They hold
 * unsent messages in clear and the vault sealed; the vault key and the identity key are not in them. Ends its transaction
 * also when the reader stops early.
 */
export async function* dump(db: Db): AsyncGenerator<string> {
  const client = await db.sync.connect();
  const hash = createHash('sha256');
  let rows = 0;
  try {
    await client.query('begin isolation level repeatable read read only');
    await client.query("set local timezone = 'UTC'");
    await client.query("set local datestyle = 'ISO'");
    for await (const line of linesOf(client)) {
      if ('table' in line) rows += line.rows.length;
      const text = JSON.stringify(line);
      hash.update(text).update('\n');
      yield text;
    }
    yield JSON.stringify({ end: true, rows, sha256: hash.digest('hex') } satisfies Line);
  } finally {
    await finish(client);
  }
}

/** Nothing was written, so a transaction that cannot be closed only costs its connection. */
async function finish(client: pg.PoolClient): Promise<void> {
  const lost = await client.query('rollback').then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error('rollback failed')),
  );
  client.release(lost);
}

async function* linesOf(client: pg.PoolClient): AsyncGenerator<Line> {
  const { rows } = await client.query<{ name: string }>('select name from kysely_migration order by name');
  yield { passerelle: 'backup', format: FORMAT, steps: rows.map((row) => row.name), at: new Date().toISOString() };
  for (const table of await tablesOf(client)) {
    const columns = await columnsOf(client, table);
    const list = columns.map((column) => `${quoted(column.name)}::text`).join(', ');
    await client.query(`declare rows no scroll cursor for select ${list} from ${quoted(table)}`);
    for (;;) {
      const batch = await client.query<Value[]>({ text: `fetch ${ROWS_PER_LINE} from rows`, rowMode: 'array' });
      if (batch.rows.length === 0) break;
      yield { table, columns, rows: batch.rows };
    }
    await client.query('close rows');
  }
  const sequences = await client.query<{ name: string }>(
    `select sequencename as name from pg_sequences where schemaname = 'public' order by 1`,
  );
  for (const { name } of sequences.rows) {
    const state = await client.query<{ last_value: string; is_called: boolean }>(
      `select last_value, is_called from ${quoted(name)}`,
    );
    const now = state.rows[0];
    if (now !== undefined) yield { sequence: name, last: now.last_value, called: now.is_called };
  }
}

/**
 * Fills an empty database and brings it to this version's schema. The bridge must not be running.
 * @param lines what dump() gave, with or without line ends
 * @throws Error in one sentence when the database holds anything, or the lines are damaged, cut short or made by a newer
 * version; at most empty tables were made then
 */
export async function restoreDump(db: Db, lines: AsyncIterable<string>): Promise<{ readonly rows: number }> {
  const source = checked(lines);
  const first = await source.next();
  const head = first.done === true ? undefined : first.value;
  if (head === undefined || !('passerelle' in head) || head.steps.length === 0) throw damaged();
  if (head.format !== FORMAT)
    throw new Error('The backup was made by a newer version of Passerelle: restore it with that one.');
  await prepare(db, head.steps);
  const rows = await transaction(db.sync, async (client) => await fill(client, source));
  await migrate(db.sql);
  return { rows };
}

/** Makes the tables as they were when the backup was made, in a database that must hold nothing. */
async function prepare(db: Db, steps: readonly string[]): Promise<void> {
  const status = await schemaStatus(db.sql);
  refuseNewer(status);
  const known = [...status.applied, ...status.missing];
  refuseNewer({ ...status, unknown: steps.filter((step) => !known.includes(step)) });
  if (status.applied.length > 0) {
    if (status.applied.join() !== steps.join()) {
      throw new Error(
        'The database has tables of another version than the backup: restore into a new, empty database.',
      );
    }
    await refuseRows(db);
  }
  await migrate(db.sql, steps.at(-1));
}

async function refuseRows(db: Db): Promise<void> {
  for (const table of [...(await tablesOf(db.sync)), 'worker']) {
    if (table === SEEDED) continue;
    const some = await db.sync.query(`select 1 from ${quoted(table)} limit 1`);
    if (some.rowCount === 0) continue;
    throw new Error('The database is not empty: a backup is restored into a new, empty database only.');
  }
}

async function fill(client: pg.PoolClient, source: AsyncIterable<Line>): Promise<number> {
  await client.query("set local timezone = 'UTC'");
  await client.query("set local datestyle = 'ISO'");
  await client.query('set local statement_timeout = 0');
  await client.query(`delete from ${quoted(SEEDED)}`);
  const known = new Set(await tablesOf(client));
  let rows = 0;
  for await (const line of source) {
    if ('table' in line) {
      if (!known.has(line.table)) throw damaged();
      rows += line.rows.length;
      await insert(client, line.table, line.columns, line.rows);
    } else if ('sequence' in line) {
      await client.query('select setval($1::regclass, $2::bigint, $3)', [
        quoted(line.sequence),
        line.last,
        line.called,
      ]);
    }
  }
  // Older than anything that a homeserver may remember: the next start must be told that this is a restored backup.
  await client.query(`update ${quoted(SEEDED)} set value = -1 where name = 'era'`);
  return rows;
}

async function insert(
  client: pg.PoolClient,
  table: string,
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
): Promise<void> {
  const there = new Map((await columnsOf(client, table)).map((column) => [column.name, column.type]));
  const types = columns.map((column) => there.get(column.name) ?? '');
  if (types.includes('')) throw damaged();
  const names = columns.map((column) => quoted(column.name)).join(', ');
  const casts = types.map((type, index) => `v${index}::${type}`).join(', ');
  const sources = types.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const aliases = types.map((_, index) => `v${index}`).join(', ');
  await client.query(
    `insert into ${quoted(table)} (${names}) select ${casts} from unnest(${sources}) as given (${aliases})`,
    types.map((_, index) => rows.map((row) => row[index] ?? null)),
  );
}

/** Ends only after a last line that fits all before it. @throws Error when cut short or changed */
async function* checked(lines: AsyncIterable<string>): AsyncGenerator<Line> {
  const hash = createHash('sha256');
  let rows = 0;
  for await (const given of lines) {
    const text = given.replace(/\r?\n$/, '');
    const line = parse(text);
    if ('end' in line) {
      if (line.rows !== rows || line.sha256 !== hash.digest('hex')) throw damaged();
      return;
    }
    if ('table' in line) rows += line.rows.length;
    hash.update(text).update('\n');
    yield line;
  }
  throw damaged();
}

function parse(text: string): Line {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === 'object' && line !== null) return line as Line;
  } catch (error) {
    throw damaged(error);
  }
  throw damaged();
}

function damaged(cause?: unknown): Error {
  return new Error('The backup is damaged or cut short: nothing was restored.', { cause });
}

/** Our tables, those that others refer to first. */
async function tablesOf(client: pg.Pool | pg.PoolClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> all ($1)
      order by exists (select 1 from pg_constraint k where k.conrelid = c.oid and k.contype = 'f'), c.relname`,
    [LEFT_OUT],
  );
  return rows.map((row) => row.name);
}

async function columnsOf(client: pg.PoolClient, table: string): Promise<readonly Column[]> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [quoted(table)],
  );
  return rows;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
