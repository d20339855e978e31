// The schema's steps: from nothing, from the step before with data in it, by several processes at once, and never backwards.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDb, type Db } from '../../src/store/db.ts';
import { migrate, newestStep, schemaStatus } from '../../src/store/migrate.ts';
import { testPostgres, type TestPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';
import { firstRows, formerRows, secondRows } from '../support/rows.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(async () => {
  await postgres.stop();
});

async function withEmpty(work: (db: Db, url: string) => Promise<void>): Promise<void> {
  const url = await postgres.emptyDatabase();
  const db = openDb({ url, log: quiet, connections: 4 });
  try {
    await work(db, url);
  } finally {
    await db.close();
  }
}

test('an empty database gets every step', async () => {
  await withEmpty(async (db, url) => {
    const before = await schemaStatus(db.sql);
    expect(before).toEqual({ applied: [], missing: expect.arrayContaining([newestStep]), unknown: [] });
    expect(await migrate(db.sql)).toEqual(before.missing);
    expect(await schemaStatus(db.sql)).toEqual({ applied: before.missing, missing: [], unknown: [] });
    expect(await migrate(db.sql)).toEqual([]);
    await postgres.query(url, firstRows + secondRows);
  });
});

test.each([
  ['001-initial', firstRows, [], secondRows],
  ['002-reactions-and-aliases', firstRows + secondRows + formerRows, ['reaction_link'], ''],
  ['003-lanes-taken-at-once', firstRows + secondRows + formerRows, ['reaction_link', 'lane'], ''],
  ['004-chats-that-are-one', firstRows + secondRows + formerRows, ['reaction_link', 'lane'], ''],
  ['005-what-is-kept', firstRows + secondRows, ['reaction_link', 'lane'], ''],
  ['006-several-at-once', firstRows + secondRows, ['reaction_link', 'lane'], ''],
  ['007-former-chats', firstRows + secondRows, ['reaction_link', 'lane'], ''],
  ['008-what-is-waited-for', firstRows + secondRows, ['reaction_link', 'lane'], ''],
])('a database of step %s keeps its data', async (step, rows, newer, later) => {
  await withEmpty(async (db, url) => {
    await migrate(db.sql, step);
    await postgres.query(url, rows);
    const first = ['person', 'puppet', 'portal', 'message_link', 'vault', 'seen', 'entry', 'entry_part', 'audit'];
    const tables = [...first, ...newer];
    const content = async (): Promise<unknown[]> =>
      await Promise.all(tables.map(async (table) => await postgres.query(url, `select * from ${table} order by 1`)));
    const before = await content();
    await migrate(db.sql);
    // A later step may add columns.
    expect(await content()).toMatchObject(before);
    if (later !== '') await postgres.query(url, later);
    expect((await schemaStatus(db.sql)).missing).toEqual([]);
  });
});

test('whoever was told to wait before that was kept hears of its end as well', async () => {
  await withEmpty(async (db, url) => {
    await migrate(db.sql, '007-former-chats');
    const why = JSON.stringify({ key: 'whatsapp.restricted', with: { network: 'WhatsApp' } });
    for (const [state, because] of Object.entries({ online: why, stopped: why, offline: why, paused: null })) {
      const row = [state, 'whatsapp', '@marie:server', state, 'Marie', state, because].map((one) =>
        one === null ? 'null' : `'${one}'`,
      );
      await postgres.query(
        url,
        `insert into puppet (id, network, owner, self, name, state, why) values (${row.join(', ')})`,
      );
    }
    await migrate(db.sql);
    const waits = (state: string): unknown => [{ state, why: JSON.parse(why) as unknown, since: 0 }];
    const rows = (await postgres.query(url, 'select id, waits from puppet')) as readonly {
      id: string;
      waits: string;
    }[];
    expect(Object.fromEntries(rows.map((row) => [row.id, JSON.parse(row.waits) as unknown]))).toEqual({
      online: waits('online'),
      stopped: waits('stopped'),
      offline: [],
      paused: [],
    });
  });
});

test('several processes at once apply each step once', async () => {
  await withEmpty(async (db, url) => {
    const others = [1, 2, 3].map(() => openDb({ url, log: quiet, connections: 4 }));
    const applied = await Promise.all([db, ...others].map(async (one) => await migrate(one.sql)));
    expect(applied.flat().toSorted()).toEqual([...(await schemaStatus(db.sql)).applied]);
    await Promise.all(others.map(async (one) => await one.close()));
  });
});

test('a database newer than the code is refused in one sentence and left alone', async () => {
  await withEmpty(async (db, url) => {
    await migrate(db.sql);
    await postgres.query(url, `insert into kysely_migration values ('999-from-the-future', now()::text)`);
    await expect(migrate(db.sql)).rejects.toThrow('made by a newer version of Passerelle (step 999-from-the-future');
    expect((await schemaStatus(db.sql)).unknown).toEqual(['999-from-the-future']);
  });
});

test('the audit cannot be rewritten', async () => {
  const url = await postgres.database();
  await postgres.query(url, `insert into audit (by, what) values ('file', 'it happened')`);
  for (const attempt of [`update audit set what = 'it did not'`, 'delete from audit', 'truncate audit']) {
    await expect(postgres.query(url, attempt)).rejects.toThrow('append-only');
  }
});
