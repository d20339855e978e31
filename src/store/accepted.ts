// What accept_entries() answers, and the lanes that it gave into our hands; knows no statement.
import { ENTRY_VERSION, type EntryPayload, type LaneClaim, type QueueEntry } from '../model/entry.ts';
import { as, type LaneId, type OwnerId } from '../model/ids.ts';
import { unescapeNul } from './db.ts';
import type { EntryRow } from './accept-sql.ts';

/** One lane with something new in it. */
export interface FreshRow {
  readonly fresh_lane: string;
  readonly fresh_count: number;
  /** It was empty, and is claimed by us since. */
  readonly taken: boolean;
  /** It was claimed by us before. */
  readonly in_hand: boolean;
  /** The lane's newest entry before these; 0 when it never had one. */
  readonly entry_before: string;
  readonly lane_epoch: string;
  readonly lane_owner: string | null;
  /** In order, as are the keys. */
  readonly fresh_ids: readonly string[];
  readonly fresh_keys: readonly string[];
  /** Epoch ms by the database's clock. */
  readonly fresh_at: number;
}

/** One lane's new entries, and the claim that they make if it was taken. */
export interface Fresh {
  readonly row: FreshRow;
  readonly claim: LaneClaim;
}

export function laneOf(row: FreshRow): LaneId {
  return as<LaneId>(unescapeNul(row.fresh_lane));
}

/** What is new, with its lane as claiming would have brought it. @param entries as they were accepted */
export function freshOf(rows: readonly FreshRow[], entries: readonly EntryRow[]): readonly Fresh[] {
  // Of a key that a batch holds twice the first is kept.
  const byKey = new Map(entries.toReversed().map((entry) => [entry.key, entry]));
  return rows.map((row) => {
    const owner = row.lane_owner === null ? {} : { owner: as<OwnerId>(row.lane_owner) };
    const lane = laneOf(row);
    const fresh = row.fresh_ids.map((id, index): QueueEntry => {
      const key = row.fresh_keys[index] ?? '';
      const entry = byKey.get(key);
      if (entry === undefined) throw new Error('the database accepted what nobody gave');
      return {
        id: Number(id),
        key: unescapeNul(key),
        lane,
        v: ENTRY_VERSION,
        payload: JSON.parse(entry.payload) as EntryPayload,
        receivedAt: Math.round(row.fresh_at),
        attempts: 0,
        late: entry.late,
        toldSlow: false,
        parts: [],
        ...owner,
      };
    });
    return { row, claim: { lane, epoch: Number(row.lane_epoch), ...owner, entries: fresh } };
  });
}
