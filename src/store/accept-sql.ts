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
  const changes = inOrder(vault);
  return [
    entries.map((entry) => entry.key),
    entries.map((entry) => entry.lane),
    entries.map((entry) => entry.owner),
    entries.map((entry) => entry.payload),
    entries.map((entry) => entry.late),
    ENTRY_VERSION,
    receipt ?? null,
    changes.map((change) => change.scope),
    changes.map((change) => change.key),
    changes.map((change) => change.sealed),
    fences.map(({ owner }) => owner),
    fences.map(({ worker }) => worker),
    fences.map(({ epoch }) => epoch),
    asks?.worker ?? null,
    asks?.take ?? false,
  ];
}

/** The last of several for one place; in one order, so that two who write the same places do not each wait for the other. */
function inOrder(changes: readonly SealedChange[]): readonly SealedChange[] {
  const last = new Map(changes.map((change) => [JSON.stringify([change.scope, change.key]), change]));
  return [...last].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, change]) => change);
}
