// How full the queue is, and what may be forgotten of it; knows no claims.
import { guarded, transaction, type Db } from './db.ts';

export interface Depth {
  readonly queued: number;
  readonly parked: number;
  readonly oldestMs: number;
}

export async function depthOf(db: Db): Promise<Depth> {
  const { rows } = await guarded('depth', () =>
    db.sync.query<{ queued: string; parked: string; oldest: string | null }>(
      `select count(*) filter (where not parked) as queued, count(*) filter (where parked) as parked,
       extract(epoch from now() - min(received_at) filter (where not parked)) * 1000 as oldest from entry`,
    ),
  );
  const row = rows[0];
  return {
    queued: Number(row?.queued ?? 0),
    parked: Number(row?.parked ?? 0),
    oldestMs: Math.round(Number(row?.oldest ?? 0)),
  };
}

/** What an entry still stands for is remembered however old it is. @returns how many keys were forgotten */
export async function pruneSeen(db: Db, days: number): Promise<number> {
  const { rowCount } = await guarded('prune', () =>
    db.sync.query(
      `delete from seen where at < now() - make_interval(days => $1)
       and not exists (select 1 from entry e where e.key = seen.key)`,
      [days],
    ),
  );
  await guarded('prune', () =>
    db.sync.query(`delete from receipt where at < now() - make_interval(days => $1)`, [days]),
  );
  return rowCount ?? 0;
}

/** $1 days. Everything that comes into a lane sets its time anew. */
const IDLE_LANES = `select id from lane where pending = 0 and worker is null and ready_at < now() - make_interval(days => $1)`;

/**
 * Rooms die and people leave: their lanes go too, and come again with their next entry. A lane is locked before it is looked at
 * the second time, so that nothing can come into it in between; one that somebody works with now is passed over, not waited for.
 * @returns how many lanes were forgotten
 */
export async function pruneLanes(db: Db, days: number): Promise<number> {
  return await guarded('prune', () =>
    transaction(db.sync, async (client) => {
      const idle = await client.query<{ id: string }>(`${IDLE_LANES} for update skip locked`, [days]);
      const { rowCount } = await client.query(
        `delete from lane where id = any ($2::text[]) and id in (${IDLE_LANES})
         and not exists (select 1 from entry e where e.lane = lane.id)`,
        [days, idle.rows.map(({ id }) => id)],
      );
      return rowCount ?? 0;
    }),
  );
}
