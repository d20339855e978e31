// Claimed lanes as the database gives them, one row per entry, and as the house reads them; knows no statement.
import type { LaneClaim, QueueEntry } from '../model/entry.ts';
import { as, type LaneId, type OwnerId } from '../model/ids.ts';
import { unescapeNul } from './db.ts';
import { entryOf, type Row } from './entry-row.ts';

/** Of a lane without entries there is one row, of nulls but for the lane's own columns. */
export type ClaimRow = { readonly [Key in keyof Row]: Row[Key] | null } & {
  readonly claimed: string;
  readonly epoch: string;
  readonly owner: string | null;
};

export function claimsFrom(rows: readonly ClaimRow[]): readonly LaneClaim[] {
  const claims = new Map<string, { claim: Omit<LaneClaim, 'entries'>; entries: QueueEntry[] }>();
  for (const row of rows) {
    const owner = row.owner === null ? {} : { owner: as<OwnerId>(row.owner) };
    const known = claims.get(row.claimed) ?? {
      claim: { lane: as<LaneId>(unescapeNul(row.claimed)), epoch: Number(row.epoch), ...owner },
      entries: [],
    };
    claims.set(row.claimed, known);
    if (row.id !== null) known.entries.push(entryOf(row as unknown as Row, row.owner));
  }
  return [...claims.values()].map(({ claim, entries }) => ({ ...claim, entries }));
}
