// The one statement by which entries, cursors and sealed values are written down together, and the values that it takes.
import { ENTRY_VERSION } from '../model/entry.ts';
import type { Fence } from '../ports/fence.ts';

export interface SealedChange {
  readonly scope: string;
  readonly key: string;
  readonly sealed: Buffer | null;
}

export interface EntryRow {
  readonly key: string;
  readonly lane: string;
  readonly owner: string | null;
  readonly payload: string;
  readonly late: boolean;
}

export const acceptSql = 'select * from accept_entries($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)';

export function acceptValues(
  entries: readonly EntryRow[],
  receipt: string | undefined,
  vault: readonly SealedChange[],
  fences: readonly Fence[],
  asks?: { readonly worker: string; readonly take: boolean },
): unknown[] {
  return [
    entries.map((entry) => entry.key),
    entries.map((entry) => entry.lane),
    entries.map((entry) => entry.owner),
    entries.map((entry) => entry.payload),
    entries.map((entry) => entry.late),
    ENTRY_VERSION,
    receipt ?? null,
    vault.map((change) => change.scope),
    vault.map((change) => change.key),
    vault.map((change) => change.sealed),
    fences.map(({ owner }) => owner),
    fences.map(({ worker }) => worker),
    fences.map(({ epoch }) => epoch),
    asks?.worker ?? null,
    asks?.take ?? false,
  ];
}
