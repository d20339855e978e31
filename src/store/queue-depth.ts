// How full the queue is; knows no claims.
import { guarded, type Db } from './db.ts';

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
