// Entries settled together share one commit, but not one another's faults.
import { expect, test } from '@jest/globals';
import { as, type EffectId, type EventId, type MessageId, type NetworkId, type RoomId } from '../../src/model/ids.ts';
import type { Outcome } from '../../src/model/entry.ts';
import { openStore } from '../../src/store/index.ts';
import { at, claimAll, entry } from '../contracts/world.ts';
import { testPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

function linked(effect: string, event: string): Outcome {
  const portal = { network: as<NetworkId>('pigeon'), chat: as<never>('c') };
  const link = {
    portal,
    message: as<MessageId>('m'),
    part: 0,
    event: as<EventId>(event),
    room: as<RoomId>('!r'),
    effect: as<EffectId>(effect),
    direction: 'to-matrix',
    sender: 's',
    at: 1,
  } as const;
  return { links: [link] };
}

test('an outcome that the database does not take fails its own entry and no other', async () => {
  const postgres = await testPostgres();
  const url = await postgres.database();
  const store = await openStore({
    database: { url },
    vaultKey: new Uint8Array(32),
    slot: 'a',
    log: quiet,
    connections: 4,
  });
  await store.leases.enlist();
  await store.queue.accept({ entries: ['x', 'y', 'z'].map((lane) => entry(lane, lane)) });
  const claims = await claimAll(store);
  expect(claims).toHaveLength(3);
  // The second holds what Postgres text cannot.
  const ends = await Promise.allSettled(
    claims.map(async (claim, index) => {
      const outcome = linked(`e${index}`, index === 1 ? '$\0' : `$${index}`);
      await store.queue.settle(claim, at(claim.entries, 0), outcome);
    }),
  );
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await postgres.query(url, 'select effect from message_link order by 1')).toEqual([
    { effect: 'e0' },
    { effect: 'e2' },
  ]);
  expect((await store.queue.depth()).queued).toBe(1);
  await store.close();
  await postgres.stop();
}, 60_000);
