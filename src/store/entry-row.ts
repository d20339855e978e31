// An entry as the database gives it, and as the house reads it; knows no statement.
import { ENTRY_VERSION, type EntryPayload, type FrozenPart, type NewEntry, type QueueEntry } from '../model/entry.ts';
import type { Delivery } from '../model/delivery.ts';
import { as, type LaneId, type OwnerId } from '../model/ids.ts';
import { escapeNul, unescapeNul } from './db.ts';
import type { EntryRow } from './accept-sql.ts';

export interface FrozenRow {
  readonly part: number;
  readonly delivery: string;
  readonly state: FrozenPart['state'];
}

export interface Row {
  readonly id: string;
  readonly key: string;
  readonly lane: string;
  readonly v: number;
  readonly payload: string;
  readonly received: string;
  readonly attempts: number;
  readonly late: boolean;
  readonly told_slow: boolean;
  readonly parts: readonly FrozenRow[] | null;
}

/** Payloads written by an older version are lifted here; a newer one than ours is refused by the schema check at start. */
export function entryOf(row: Row, owner: string | null): QueueEntry {
  if (row.v > ENTRY_VERSION) throw new Error('an entry was written by a newer version');
  return {
    id: Number(row.id),
    key: unescapeNul(row.key),
    lane: as<LaneId>(unescapeNul(row.lane)),
    v: row.v,
    payload: JSON.parse(row.payload) as EntryPayload,
    receivedAt: Math.round(Number(row.received)),
    attempts: row.attempts,
    late: row.late,
    toldSlow: row.told_slow,
    parts: (row.parts ?? []).map(partOf),
    ...(owner === null ? {} : { owner: as<OwnerId>(owner) }),
  };
}

export function partOf(row: FrozenRow): FrozenPart {
  return { part: row.part, delivery: JSON.parse(row.delivery) as Delivery, state: row.state };
}

/** A new entry as accept_entries() takes it. */
export function rowOf(entry: NewEntry): EntryRow {
  return {
    key: escapeNul(entry.key),
    lane: escapeNul(entry.lane),
    owner: entry.owner ?? null,
    payload: JSON.stringify(entry.payload),
    late: entry.late ?? false,
  };
}
