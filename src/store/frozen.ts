// A plan written down before its next try; knows no claims, and runs inside its caller's transaction.
import type pg from 'pg';
import type { Delivery } from '../model/delivery.ts';
import type { FrozenPart } from '../model/entry.ts';
import { partOf, type FrozenRow } from './entry-row.ts';
import { partsSql } from './queue-sql.ts';

/** A plan that stands is never replaced: something of it may have happened. @returns the one that stands now */
export async function freezeParts(
  client: pg.PoolClient,
  entry: number,
  parts: readonly Delivery[],
): Promise<readonly FrozenPart[]> {
  const there = await client.query<FrozenRow>(partsSql, [entry]);
  if (there.rows.length > 0) return there.rows.map(partOf);
  await client.query(
    `insert into entry_part (entry, part, delivery, state)
     select $1, p, d, 'owed' from unnest($2::int[], $3::text[]) as t (p, d)`,
    [entry, parts.map((_, part) => part), parts.map((delivery) => JSON.stringify(delivery))],
  );
  return parts.map((delivery, part): FrozenPart => ({ part, delivery, state: 'owed' }));
}
