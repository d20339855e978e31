// Writes down what came: what several logins bring at the same time is one statement and one commit. Knows no door.
import type { LaneClaim } from '../model/entry.ts';
import type { AcceptBatch, Accepted, Fence, Hands } from '../ports/queue.ts';
import { acceptSql, acceptValues, type EntryRow, type SealedChange } from './accept-sql.ts';
import { freshOf, laneOf, type Fresh, type FreshRow } from './accepted.ts';
import { codeOf, FENCED, isOwnFault, writtenOut, type Db } from './db.ts';
import { rowOf } from './entry-row.ts';
import type { HeldLanes } from './held-lanes.ts';
import type { TakingTurns } from './taking-turns.ts';
import { Together } from './together.ts';
import type { PostgresVault } from './vault.ts';

export interface AcceptingDoors {
  readonly db: Pick<Db, 'sync'>;
  readonly vault: Pick<PostgresVault, 'sealed'>;
  readonly held: Pick<HeldLanes, 'take' | 'came'>;
  readonly turns: Pick<TakingTurns, 'accept'>;
  readonly hands: () => Hands | undefined;
  readonly handOver: (claims: readonly LaneClaim[]) => Promise<void>;
  /** There is something in a lane that is not in our hands. */
  readonly ring: () => void;
}

/** What one of them asks for, as the database takes it. */
interface Ask {
  readonly entries: readonly EntryRow[];
  readonly sealed: readonly SealedChange[];
  readonly receipt: string | undefined;
  readonly fence: Fence | undefined;
}

const MOST_AT_ONCE = 50;
/** Between the beginnings of two commits, in ms. */
const APART_MS = 4;

export class Accepting {
  readonly #doors: AcceptingDoors;
  readonly #together: Together<Ask, Accepted>;

  constructor(doors: AcceptingDoors) {
    this.#doors = doors;
    this.#together = new Together({
      apartMs: APART_MS,
      most: MOST_AT_ONCE,
      commit: async (asks) => await this.#commit(asks),
      isOwnFault: (error) => codeOf(error) === FENCED || isOwnFault(error),
    });
  }

  /** What a homeserver pushes is one transaction after the other, and a repeated one changes nothing: it goes by itself. */
  async accept(batch: AcceptBatch): Promise<Accepted> {
    // By itself: what cannot even be made fails whoever brought it.
    const entries = writtenOut('accept', () => batch.entries.map(rowOf));
    const sealed = this.#doors.vault.sealed(batch.vault ?? []);
    const ask: Ask = { entries, sealed, receipt: batch.receipt, fence: batch.fence };
    if (batch.receipt === undefined) return await this.#together.ask(ask);
    const [accepted] = await this.#commit([ask]);
    if (accepted === undefined) throw new Error('an acceptance without its answer');
    return accepted;
  }

  async #commit(asks: readonly Ask[]): Promise<readonly Accepted[]> {
    const { db, held, turns, hands } = this.#doors;
    const entries = asks.map((ask) => ask.entries);
    const all = entries.flat();
    const sealed = asks.flatMap((ask) => ask.sealed);
    const fresh = await turns.accept(async (mayTake) => {
      const asking = hands();
      const take = mayTake && asking !== undefined && asking.free() >= new Set(all.map(({ lane }) => lane)).size;
      const lanes = asking === undefined ? undefined : { worker: asking.worker, take };
      const values = acceptValues(all, asks[0]?.receipt, sealed, fencesOf(asks), lanes);
      const { rows } = await db.sync.query<FreshRow>({ name: 'accept', text: acceptSql, values });
      const found = freshOf(rows, all);
      for (const { row, claim } of found) {
        if (row.taken) held.take(claim, true);
        else if (row.in_hand) held.came(claim, row.entry_before);
      }
      return found;
    });
    await this.#doors.handOver(fresh.filter(({ row }) => row.taken).map(({ claim }) => claim));
    // A lane that is in hand here is asked for more when its last known entry is settled.
    if (fresh.some(({ row }) => !row.taken && !row.in_hand)) this.#doors.ring();
    return shared(entries, fresh);
  }
}

/** Each once: a lease that is named twice would have to hold twice. */
function fencesOf(asks: readonly Ask[]): readonly Fence[] {
  const fences = asks.flatMap(({ fence }) => fence ?? []);
  return [
    ...new Map(fences.map((fence) => [JSON.stringify([fence.owner, fence.worker, fence.epoch]), fence])).values(),
  ];
}

/** To each what is its own; what two of them brought is the first one's. */
function shared(batches: readonly (readonly EntryRow[])[], fresh: readonly Fresh[]): readonly Accepted[] {
  const left = new Map(fresh.flatMap(({ row }) => row.fresh_keys.map((key) => [key, laneOf(row)] as const)));
  return batches.map((entries) => {
    const own = new Map(entries.flatMap(({ key }) => (left.has(key) ? [[key, left.get(key)] as const] : [])));
    for (const key of own.keys()) left.delete(key);
    const lanes = [...new Set(own.values())].filter((lane) => lane !== undefined);
    return { fresh: own.size, seen: entries.length - own.size, lanes };
  });
}
