// A backup holds everything and comes back as it was; a damaged, foreign or misplaced one is refused in one sentence.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDb, type Db } from '../../src/store/db.ts';
import { dump, restoreDump } from '../../src/store/dump.ts';
import { migrate, schemaStatus } from '../../src/store/migrate.ts';
import { testPostgres, type TestPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';
import { firstRows, secondRows } from '../support/rows.ts';

let postgres: TestPostgres;
let lines: readonly string[];
let source: string;

beforeAll(async () => {
  postgres = await testPostgres();
  source = await postgres.database();
  await postgres.query(source, firstRows + secondRows);
  lines = await withDb(source, async (db) => await allOf(dump(db)));
});
afterAll(async () => {
  await postgres.stop();
});

async function withDb<T>(url: string, work: (db: Db) => Promise<T>): Promise<T> {
  const db = openDb({ url, log: quiet, connections: 4 });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

async function allOf(texts: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const text of texts) all.push(text);
  return all;
}

async function* given(texts: readonly string[]): AsyncGenerator<string> {
  for (const text of texts) yield await Promise.resolve(text);
}

async function restored(texts: readonly string[], url?: string): Promise<string> {
  const target = url ?? (await postgres.emptyDatabase());
  await withDb(target, async (db) => await restoreDump(db, given(texts)));
  return target;
}

async function content(url: string): Promise<Record<string, unknown>> {
  const names = await postgres.query<{ name: string }>(
    url,
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
      and relname not in ('worker', 'kysely_migration', 'kysely_migration_lock') order by 1`,
  );
  const found: Record<string, unknown> = {};
  for (const { name } of names) {
    found[name] = (await postgres.query<{ r: string }>(url, `select t::text as r from ${name} t order by 1`)).map(
      (row) => row.r,
    );
  }
  return found;
}

/** What a restore leaves of it: the same, but for its era, which is older than any other. */
function aged(before: Record<string, unknown>): Record<string, unknown> {
  const counters = (before['counter'] as string[]).map((row) => (row.startsWith('(era,') ? '(era,-1)' : row));
  return { ...before, counter: counters.toSorted() };
}

async function isEmpty(url: string): Promise<boolean> {
  const tables = Object.entries(await content(url)).filter(([name]) => name !== 'counter');
  return tables.every(([, rows]) => (rows as unknown[]).length === 0);
}

test('everything comes back as it was', async () => {
  const target = await restored(lines);
  const [before, after] = [await content(source), await content(target)];
  expect(after).toEqual(aged(before));
  for (const [name, rows] of Object.entries(before)) expect([name, (rows as unknown[]).length]).not.toEqual([name, 0]);
});

test('line ends from a file do no harm', async () => {
  const target = await restored(lines.map((line) => `${line}\n`));
  expect(await content(target)).toEqual(aged(await content(source)));
});

test('numbers go on where they stopped', async () => {
  const target = await restored(lines);
  const [row] = await postgres.query<{ id: string }>(
    target,
    `insert into entry (key, lane, v, payload) values ('k3', 'n:x', 1, '{}') returning id`,
  );
  expect(row?.id).toBe('2');
});

test('the dead workers of the backup are not among the living', async () => {
  const target = await restored(lines);
  expect(await postgres.query(target, 'select * from worker')).toEqual([]);
});

test('a backup of the step before is brought up to date', async () => {
  const old = await postgres.emptyDatabase();
  await withDb(old, async (db) => await migrate(db.sql, '001-initial'));
  await postgres.query(old, firstRows);
  const texts = await withDb(old, async (db) => await allOf(dump(db)));
  const target = await restored(texts);
  expect((await withDb(target, async (db) => await schemaStatus(db.sql))).missing).toEqual([]);
  const { reaction_link: none, ...rest } = await content(target);
  expect(none).toEqual([]);
  const before = aged(await content(old));
  const wider = (table: string, with_: string): readonly string[] =>
    (before[table] as readonly string[]).map((row) => row.replace(/\)$/, `,${with_})`));
  // Step 3 gives lanes the number of their newest entry, which nobody knows yet; step 4 lets a portal lead to another one; step 8 lets a
  // login wait for the end of a limit.
  expect(rest).toEqual({
    ...before,
    lane: wider('lane', '0'),
    portal: wider('portal', ''),
    puppet: wider('puppet', '[]'),
  });
});

test('a database that holds anything is left alone', async () => {
  const target = await postgres.database();
  await postgres.query(target, `insert into person values ('@x:s', 'en', null)`);
  await expect(restored(lines, target)).rejects.toThrow('not empty');
  expect(await postgres.query(target, 'select user_id from person')).toEqual([{ user_id: '@x:s' }]);
});

test('a migrated but empty database is filled', async () => {
  const target = await restored(lines, await postgres.database());
  expect(await content(target)).toEqual(aged(await content(source)));
});

test('a backup cut short anywhere is refused and leaves nothing', async () => {
  for (const keep of [0, 1, 3, lines.length - 1]) {
    const target = await postgres.emptyDatabase();
    await expect(restored(lines.slice(0, keep), target)).rejects.toThrow('damaged or cut short');
    expect(await isEmpty(target)).toBe(true);
  }
});

test('a changed, missing or foreign line is refused and leaves nothing', async () => {
  const at = lines.findIndex((line) => line.includes('"table":"person"'));
  const changed = lines.map((line, index) => (index === at ? line.replace('@a:s', '@z:s') : line));
  const missing = lines.filter((_, index) => index !== at);
  const foreign = lines.map((line, index) => (index === at ? '-- PostgreSQL database dump' : line));
  for (const texts of [changed, missing, foreign]) {
    const target = await postgres.emptyDatabase();
    await expect(restored(texts, target)).rejects.toThrow('damaged or cut short');
    expect(await isEmpty(target)).toBe(true);
  }
});

test('a backup of a newer version is refused', async () => {
  const newer = lines.map((line, index) => (index === 0 ? line.replace('"002-', '"999-') : line));
  await expect(restored(newer)).rejects.toThrow('newer version');
  const format = lines.map((line, index) => (index === 0 ? line.replace('"format":1', '"format":2') : line));
  await expect(restored(format)).rejects.toThrow('newer version');
});

test('a reader that stops early leaves no transaction open', async () => {
  await withDb(source, async (db) => {
    for await (const line of dump(db)) {
      expect(line).toContain('passerelle');
      break;
    }
    const open = await postgres.query(source, `select 1 from pg_stat_activity where state like 'idle in transaction%'`);
    expect(open).toEqual([]);
  });
});
