// The durable queue on Postgres: plain lane and entry tables in the form proved by kills; every write about a lane carries its epoch.
import type pg from 'pg';
import {
  ENTRY_VERSION,
  type EntryPayload,
  type FrozenPart,
  type LaneClaim,
  type NewEntry,
  type Outcome,
  type ParkedEntry,
  type QueueEntry,
} from '../model/entry.ts';
import type { Delivery } from '../model/delivery.ts';
import { FencedError } from '../model/errors.ts';
import { as, type LaneId, type OwnerId, type WorkerId } from '../model/ids.ts';
import type { Say } from '../model/say.ts';
import type { AcceptBatch, Accepted, Queue } from '../ports/queue.ts';
import { guarded, transaction, type Db } from './db.ts';
import { claimSql, moreSql, ofLaneSql } from './queue-sql.ts';
import { keepOutcome } from './outcome.ts';
import { SettleBatcher } from './settle.ts';
import { acceptSql, acceptValues, type EntryRow, type PostgresVault } from './vault.ts';
import type { WorkBell } from './work-bell.ts';

interface Row {
  readonly id: string;
  readonly key: string;
  readonly lane: string;
  readonly v: number;
  readonly payload: string;
  readonly received: string;
  readonly attempts: number;
  readonly late: boolean;
  readonly told_slow: boolean;
  readonly parts: { part: number; delivery: string; state: FrozenPart['state'] }[] | null;
}

type ClaimRow = { readonly [Key in keyof Row]: Row[Key] | null } & {
  readonly claimed: string;
  readonly epoch: string;
  readonly owner: string | null;
};

export class PostgresQueue implements Queue {
  readonly #db: Db;
  readonly #vault: PostgresVault;
  readonly #bell: WorkBell;
  readonly #leaseMs: number;
  readonly #settling: SettleBatcher;

  constructor(db: Db, vault: PostgresVault, bell: WorkBell, leaseMs: number) {
    this.#db = db;
    this.#vault = vault;
    this.#bell = bell;
    this.#leaseMs = leaseMs;
    this.#settling = new SettleBatcher(db);
  }

  async accept(batch: AcceptBatch): Promise<Accepted> {
    const values = acceptValues(
      batch.entries.map(rowOf),
      batch.receipt,
      this.#vault.sealed(batch.vault ?? []),
      batch.fence,
    );
    const { rows } = await guarded('accept', () =>
      this.#db.sync.query<{ fresh_lane: string; fresh_count: number }>({ name: 'accept', text: acceptSql, values }),
    );
    const fresh = rows.reduce((sum, row) => sum + row.fresh_count, 0);
    if (fresh > 0) this.#bell.ring();
    return { fresh, seen: batch.entries.length - fresh, lanes: rows.map((row) => as<LaneId>(row.fresh_lane)) };
  }

  async seen(keys: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await guarded('seen', () =>
      this.#db.sync.query<{ key: string }>('select key from seen where key = any($1)', [keys]),
    );
    return new Set(rows.map((row) => row.key));
  }

  async claim(worker: WorkerId, limits: { lanes: number; entries: number }): Promise<readonly LaneClaim[]> {
    const { rows } = await guarded('claim', () =>
      this.#db.relaxed.query<ClaimRow>({
        name: 'claim',
        text: claimSql,
        values: [worker, limits.lanes, limits.entries, this.#leaseMs],
      }),
    );
    const claims = new Map<string, { claim: Omit<LaneClaim, 'entries'>; entries: QueueEntry[] }>();
    for (const row of rows) {
      const owner = row.owner === null ? {} : { owner: as<OwnerId>(row.owner) };
      const known = claims.get(row.claimed) ?? {
        claim: { lane: as<LaneId>(row.claimed), epoch: Number(row.epoch), ...owner },
        entries: [],
      };
      claims.set(row.claimed, known);
      if (row.id !== null) known.entries.push(entryOf(row as unknown as Row, row.owner));
    }
    return [...claims.values()].map(({ claim, entries }) => ({ ...claim, entries }));
  }

  async more(claim: LaneClaim, after: number, limit: number): Promise<readonly QueueEntry[]> {
    const { rows } = await guarded('more', () =>
      this.#db.relaxed.query<Row>({ name: 'more', text: moreSql, values: [claim.lane, claim.epoch, after, limit] }),
    );
    return rows.map((row) => entryOf(row, claim.owner ?? null));
  }

  async settle(claim: LaneClaim, entry: QueueEntry, outcome: Outcome): Promise<void> {
    await guarded('settle', () =>
      this.#settling.settle({ lane: claim.lane, epoch: claim.epoch, entry: entry.id, outcome }),
    );
  }

  async freeze(claim: LaneClaim, entry: QueueEntry, parts: readonly Delivery[]): Promise<QueueEntry> {
    const frozen = parts.map((delivery, part): FrozenPart => ({ part, delivery, state: 'owed' }));
    await this.#fenced('freeze', claim, async (client) => {
      await client.query(
        `insert into entry_part (entry, part, delivery, state)
         select $1, p, d, 'owed' from unnest($2::int[], $3::text[]) as t (p, d) on conflict do nothing`,
        [entry.id, frozen.map((part) => part.part), frozen.map((part) => JSON.stringify(part.delivery))],
      );
    });
    return { ...entry, parts: frozen };
  }

  async finishPart(
    claim: LaneClaim,
    entry: QueueEntry,
    part: number,
    state: 'done' | 'failed',
    outcome: Outcome,
  ): Promise<void> {
    await this.#fenced('finish', claim, async (client) => {
      await client.query('update entry_part set state = $3 where entry = $1 and part = $2', [entry.id, part, state]);
      await keepOutcome(client, outcome);
    });
  }

  async postpone(
    claim: LaneClaim,
    entry: QueueEntry,
    until: number,
    note: { tried: boolean; code: string; toldSlow?: boolean },
  ): Promise<void> {
    await this.#fenced('postpone', claim, async (client) => {
      await client.query(
        'update entry set attempts = attempts + $2, code = $3, told_slow = told_slow or $4 where id = $1',
        [entry.id, note.tried ? 1 : 0, note.code, note.toldSlow ?? false],
      );
      // The wait is a span, not a date: the database's clock and ours may differ.
      await client.query(
        `update lane set worker = null, ready_at = now() + make_interval(secs => $2::float8 / 1000) where id = $1`,
        [claim.lane, Math.max(0, until - Date.now())],
      );
    });
    this.#bell.ringIn(Math.max(0, until - Date.now()));
  }

  async park(claim: LaneClaim, entry: QueueEntry, why: { code: string; say: Say }): Promise<void> {
    await this.#fenced('park', claim, async (client) => {
      const parked = await client.query(
        'update entry set parked = true, code = $2, say = $3 where id = $1 and not parked',
        [entry.id, why.code, JSON.stringify(why.say)],
      );
      await client.query('update lane set pending = pending - $2 where id = $1', [claim.lane, parked.rowCount ?? 0]);
    });
  }

  async reroute(claim: LaneClaim, owner: OwnerId | undefined): Promise<void> {
    await guarded('reroute', () =>
      this.#db.relaxed.query('update lane set worker = null, owner = $3 where id = $1 and epoch = $2', [
        claim.lane,
        claim.epoch,
        owner ?? null,
      ]),
    );
    this.#bell.ring();
  }

  async yieldLane(claim: LaneClaim): Promise<void> {
    await guarded('yield', () =>
      this.#db.relaxed.query({
        name: 'yield',
        text: 'update lane set worker = null where id = $1 and epoch = $2',
        values: [claim.lane, claim.epoch],
      }),
    );
  }

  async unsettled(lane: LaneId, before?: number): Promise<readonly QueueEntry[]> {
    const { rows } = await guarded('unsettled', () =>
      this.#db.sync.query<Row>({ name: 'unsettled', text: ofLaneSql, values: [lane, before ?? null] }),
    );
    return rows.map((row) => entryOf(row, null));
  }

  async parked(limit: number): Promise<readonly ParkedEntry[]> {
    const { rows } = await guarded('parked', () =>
      this.#db.sync.query<{ id: string; key: string; lane: string; code: string; say: string; received: string }>(
        `select id, key, lane, code, say, extract(epoch from received_at) * 1000 as received
         from entry where parked order by id limit $1`,
        [limit],
      ),
    );
    return rows.map((row) => ({
      id: Number(row.id),
      key: row.key,
      lane: as<LaneId>(row.lane),
      reason: row.code,
      say: JSON.parse(row.say) as Say,
      receivedAt: Math.round(Number(row.received)),
    }));
  }

  async release(id: number): Promise<boolean> {
    const done = await guarded('release', () =>
      transaction(this.#db.sync, async (client) => {
        const { rows } = await client.query<{ lane: string }>(
          `update entry set parked = false, late = true, attempts = 0, told_slow = false, code = null, say = null
           where id = $1 and parked returning lane`,
          [id],
        );
        const lane = rows[0]?.lane;
        if (lane === undefined) return false;
        await client.query('update lane set pending = pending + 1, ready_at = now() where id = $1', [lane]);
        return true;
      }),
    );
    if (done) this.#bell.ring();
    return done;
  }

  async discard(id: number): Promise<boolean> {
    const { rowCount } = await guarded('discard', () =>
      this.#db.sync.query('delete from entry where id = $1 and parked', [id]),
    );
    return rowCount === 1;
  }

  async depth(): Promise<{ queued: number; parked: number; oldestMs: number }> {
    const { rows } = await guarded('depth', () =>
      this.#db.sync.query<{ queued: string; parked: string; oldest: string | null }>(
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

  onWork(wake: () => void): () => void {
    return this.#bell.listen(wake);
  }

  async prune(days: number): Promise<number> {
    const { rowCount } = await guarded('prune', () =>
      this.#db.sync.query('delete from seen where at < now() - make_interval(days => $1)', [days]),
    );
    await guarded('prune', () =>
      this.#db.sync.query(`delete from receipt where at < now() - make_interval(days => $1)`, [days]),
    );
    return rowCount ?? 0;
  }

  /** A synchronous transaction that holds the lane row and does nothing when the lane is no longer ours. */
  async #fenced(what: string, claim: LaneClaim, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    await guarded(what, () =>
      transaction(this.#db.sync, async (client) => {
        const held = await client.query(
          'select 1 from lane where id = $1 and epoch = $2 and worker is not null for update',
          [claim.lane, claim.epoch],
        );
        if (held.rowCount !== 1) throw new FencedError(what);
        await work(client);
      }),
    );
  }
}

function rowOf(entry: NewEntry): EntryRow {
  return {
    key: entry.key,
    lane: entry.lane,
    owner: entry.owner ?? null,
    payload: JSON.stringify(entry.payload),
    late: entry.late ?? false,
  };
}

/** Payloads written by an older version are lifted here; a newer one than ours is refused by the schema check at start. */
function entryOf(row: Row, owner: string | null): QueueEntry {
  if (row.v > ENTRY_VERSION) throw new Error('an entry was written by a newer version');
  return {
    id: Number(row.id),
    key: row.key,
    lane: as<LaneId>(row.lane),
    v: row.v,
    payload: JSON.parse(row.payload) as EntryPayload,
    receivedAt: Math.round(Number(row.received)),
    attempts: row.attempts,
    late: row.late,
    toldSlow: row.told_slow,
    parts: (row.parts ?? []).map((part) => ({
      part: part.part,
      delivery: JSON.parse(part.delivery) as Delivery,
      state: part.state,
    })),
    ...(owner === null ? {} : { owner: as<OwnerId>(owner) }),
  };
}
