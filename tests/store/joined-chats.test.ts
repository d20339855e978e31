// Two chats become one on a real Postgres whose connection dies on the way: all of it is kept, or nothing.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { as, type ChatId, type NetworkId, type PuppetId, type RoomId } from '../../src/model/ids.ts';
import { openStore } from '../../src/store/index.ts';
import { testPostgres, type TestPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await testPostgres();
}, 60_000);

afterAll(async () => {
  await postgres.stop();
});

test('a connection that dies in the middle leaves the room where it was, and the next try moves it whole', async () => {
  const url = await postgres.database();
  const store = await openStore({ database: { url }, vaultKey: new Uint8Array(32).fill(7), slot: 'a', log: quiet });
  try {
    const key = (chat: string) => ({
      network: as<NetworkId>('pigeon'),
      chat: as<ChatId>(chat),
      receiver: as<PuppetId>('p'),
    });
    const bare = { kind: 'direct', state: 'open', encrypted: false, facts: [], away: false } as const;
    const former = { ...bare, key: key('1'), room: as<RoomId>('!r') };
    await store.portals.add(former);
    await store.portals.add({ ...bare, key: key('2') });
    // The room is taken from the one, and the links are about to follow: that is where it stands when its connection is cut.
    await postgres.query(
      url,
      `insert into message_link values ('e', 'pigeon/1@p', 'pigeon', 'p', 'm', 0, '$1', '!r', 'to-matrix', '7', 1)`,
    );
    await postgres.query(
      url,
      `create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(3600); return new; end $$`,
    );
    await postgres.query(url, 'create trigger wait before update on message_link for each row execute function wait()');
    const joining = Promise.allSettled([store.portals.join(key('1'), key('2'))]);
    const sleeping = `select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`;
    let pid: number | undefined;
    while (pid === undefined) [pid] = (await postgres.query<{ pid: number }>(url, sleeping)).map((row) => row.pid);
    await postgres.query(url, 'select pg_terminate_backend($1)', [pid]);
    expect(await joining).toMatchObject([{ status: 'rejected', reason: { retry: 'later' } }]);
    expect(await store.portals.byKey(key('1'))).toEqual(former);
    expect(await store.portals.byKey(key('2'))).toEqual({ ...bare, key: key('2') });
    await postgres.query(url, 'drop trigger wait on message_link');
    expect(await store.portals.join(key('1'), key('2'))).toEqual({ ...bare, key: key('2'), room: '!r' });
    expect(await store.links.byMessage(key('2'), as('m'))).toHaveLength(1);
  } finally {
    await store.close();
  }
});
