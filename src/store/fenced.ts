// A transaction about a claimed lane: holds the lane row, and does nothing when the lane is no longer ours.
import type pg from 'pg';
import type { LaneClaim } from '../model/entry.ts';
import { FencedError } from '../model/errors.ts';
import { escapeNul, transaction } from './db.ts';

/** @throws FencedError */
export async function fenced<T>(
  pool: pg.Pool,
  what: string,
  claim: LaneClaim,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return await transaction(pool, async (client) => {
    const held = await client.query(
      'select 1 from lane where id = $1 and epoch = $2 and worker is not null for update',
      [escapeNul(claim.lane), claim.epoch],
    );
    if (held.rowCount !== 1) throw new FencedError(what);
    return await work(client);
  });
}
