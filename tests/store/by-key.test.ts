// What the queue asks for it finds by key, whatever Postgres believes of the size of its tables.
import { expect, test } from '@jest/globals';
import { openStore, type Store } from '../../src/store/index.ts';
import { as } from '../../src/model/ids.ts';
import { at, claimAll, entry, portal } from '../contracts/world.ts';
import { testPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

const ROUNDS = 8;

async function work(store: Store, round: string): Promise<void> {
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    await store.queue.accept({ entries: ['x', 'y'].map((lane) => entry(`${round}-${turn}-${lane}`, lane)) });
    for (const claim of await claimAll(store)) {
      await store.links.byMessage(portal, as(round));
      await store.queue.settle(claim, at(claim.entries, 0), {});
      await store.queue.yieldLane(claim);
    }
  }
}

/** A queue that was empty when Postgres last looked is read whole from then on, with all that has come and gone since. */
test('no table of the queue is read from end to end', async () => {
  const postgres = await testPostgres();
  const url = await postgres.database();
  const open = async (slot: string): Promise<Store> => {
    const store = await openStore({
      database: { url },
      vaultKey: new Uint8Array(32),
      slot,
      log: quiet,
      connections: 4,
    });
    await store.leases.enlist();
    return store;
  };
  const scans = async (): Promise<unknown> =>
    await postgres.query(
      url,
      `select relname, seq_scan::int from pg_stat_user_tables where relname in ('entry', 'lane', 'seen', 'receipt', 'message_link')
       order by relname`,
    );
  const first = await open('a');
  await work(first, 'first');
  await first.close();
  await postgres.query(url, 'vacuum analyze');
  const before = await scans();
  const second = await open('b');
  await work(second, 'second');
  await second.close();
  expect(await scans()).toEqual(before);
  expect(await postgres.query(url, 'select count(*)::int as left from entry')).toEqual([{ left: 0 }]);
  await postgres.stop();
}, 60_000);
