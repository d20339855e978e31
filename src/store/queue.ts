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
import { as, type LaneId, type NetworkId, type OwnerId, type WorkerId } from '../model/ids.ts';
import type { Say } from '../model/say.ts';
import type { AcceptBatch, Accepted, Queue } from '../ports/queue.ts';
import { escapeNul, guarded, transaction, unescapeNul, type Db } from './db.ts';
import { claimSql, moreSql, ofLaneSql } from './queue-sql.ts';
import { keepOutcome } from './outcome.ts';
import { SettleBatcher } from './settle.ts';
import { acceptSql, acceptValues, type EntryRow, type PostgresVault } from './vault.ts';
import type { WorkBell } from './work-bell.ts';

interface FrozenRow {
  readonly part: number;
  readonly delivery: string;
  readonly state: FrozenPart['state'];
}

const partsSql = 'select part, delivery, state from entry_part where entry = $1 order by part';

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
  readonly parts: readonly FrozenRow[] | null;
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
  /** Lanes in hand, with the token of their claim: what the database calls ours but is not here was lost on its way. */
  readonly #held = new Map<LaneId, number>();
  #claiming: Promise<unknown> = Promise.resolve();

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
    return {
      fresh,
      seen: batch.entries.length - fresh,
      lanes: rows.map((row) => as<LaneId>(unescapeNul(row.fresh_lane))),
    };
  }

  async seen(keys: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await guarded('seen', () =>
      this.#db.sync.query<{ key: string }>('select key from seen where key = any($1)', [keys.map(escapeNul)]),
    );
    return new Set(rows.map((row) => unescapeNul(row.key)));
  }

  /** One at a time: a second look must know what the first one brought. */
  async claim(worker: WorkerId, limits: { lanes: number; entries: number }): Promise<readonly LaneClaim[]> {
    const mine = this.#claiming.then(async () => await this.#claim(worker, limits));
    // Whoever asked hears of a failure; the next in line only waits for the end.
    this.#claiming = mine.catch(() => undefined);
    return await mine;
  }

  async #claim(worker: WorkerId, limits: { lanes: number; entries: number }): Promise<readonly LaneClaim[]> {
    const { rows } = await guarded('claim', () =>
      this.#db.relaxed.query<ClaimRow>({
        name: 'claim',
        text: claimSql,
        values: [worker, limits.lanes, limits.entries, this.#leaseMs, [...this.#held.keys()].map(escapeNul)],
      }),
    );
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
    for (const { claim } of claims.values()) this.#held.set(claim.lane, claim.epoch);
    return [...claims.values()].map(({ claim, entries }) => ({ ...claim, entries }));
  }

  async more(claim: LaneClaim, after: number, limit: number): Promise<readonly QueueEntry[]> {
    const { rows } = await guarded('more', () =>
      this.#db.relaxed.query<{ [Key in keyof Row]: Row[Key] | null }>({
        name: 'more',
        text: moreSql,
        values: [escapeNul(claim.lane), claim.epoch, after, limit],
      }),
    );
    if (rows.length === 0) throw new FencedError('more');
    return rows.filter((row) => row.id !== null).map((row) => entryOf(row as Row, claim.owner ?? null));
  }

  async settle(claim: LaneClaim, entry: QueueEntry, outcome: Outcome): Promise<void> {
    await guarded('settle', () =>
      this.#settling.settle({ lane: as<LaneId>(escapeNul(claim.lane)), epoch: claim.epoch, entry: entry.id, outcome }),
    );
  }

  async freeze(claim: LaneClaim, entry: QueueEntry, parts: readonly Delivery[]): Promise<QueueEntry> {
    return await this.#fenced('freeze', claim, async (client) => {
      // A plan that stands is never replaced: something of it may have happened.
      const there = await client.query<FrozenRow>(partsSql, [entry.id]);
      if (there.rows.length > 0) return { ...entry, parts: there.rows.map(partOf) };
      await client.query(
        `insert into entry_part (entry, part, delivery, state)
         select $1, p, d, 'owed' from unnest($2::int[], $3::text[]) as t (p, d)`,
        [entry.id, parts.map((_, part) => part), parts.map((delivery) => JSON.stringify(delivery))],
      );
      return { ...entry, parts: parts.map((delivery, part): FrozenPart => ({ part, delivery, state: 'owed' })) };
    });
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
    this.#drop(claim);
    await this.#fenced('postpone', claim, async (client) => {
      await client.query(
        'update entry set attempts = attempts + $2, code = $3, told_slow = told_slow or $4 where id = $1',
        [entry.id, note.tried ? 1 : 0, note.code, note.toldSlow ?? false],
      );
      // The wait is a span, not a date: the database's clock and ours may differ.
      await client.query(
        `update lane set worker = null, ready_at = now() + make_interval(secs => $2::float8 / 1000) where id = $1`,
        [escapeNul(claim.lane), Math.max(0, until - Date.now())],
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
      await client.query('update lane set pending = pending - $2 where id = $1', [
        escapeNul(claim.lane),
        parked.rowCount ?? 0,
      ]);
    });
  }

  async reroute(claim: LaneClaim, owner: OwnerId | undefined): Promise<void> {
    this.#drop(claim);
    await guarded('reroute', () =>
      this.#db.relaxed.query('update lane set worker = null, owner = $3 where id = $1 and epoch = $2', [
        escapeNul(claim.lane),
        claim.epoch,
        owner ?? null,
      ]),
    );
    this.#bell.ring();
  }

  async yieldLane(claim: LaneClaim): Promise<void> {
    this.#drop(claim);
    await guarded('yield', () =>
      this.#db.relaxed.query({
        name: 'yield',
        text: 'update lane set worker = null, ready_at = greatest(ready_at, now()) where id = $1 and epoch = $2',
        values: [escapeNul(claim.lane), claim.epoch],
      }),
    );
  }

  async unsettled(lane: LaneId, before?: number): Promise<readonly QueueEntry[]> {
    const { rows } = await guarded('unsettled', () =>
      this.#db.sync.query<Row>({ name: 'unsettled', text: ofLaneSql, values: [escapeNul(lane), before ?? null] }),
    );
    return rows.map((row) => entryOf(row, null));
  }

  async parked(limit: number): Promise<readonly ParkedEntry[]> {
    const { rows } = await guarded('parked', () =>
      this.#db.sync.query<{
        id: string;
        key: string;
        lane: string;
        code: string;
        say: string;
        received: string;
        payload: string;
      }>(
        `select id, key, lane, code, say, payload, extract(epoch from received_at) * 1000 as received
         from entry where parked order by id limit $1`,
        [limit],
      ),
    );
    return rows.map((row) => ({
      id: Number(row.id),
      key: unescapeNul(row.key),
      lane: as<LaneId>(unescapeNul(row.lane)),
      ...networkOf(row.payload),
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
      this.#db.sync.query(
        `delete from seen where at < now() - make_interval(days => $1)
         and not exists (select 1 from entry e where e.key = seen.key)`,
        [days],
      ),
    );
    await guarded('prune', () =>
      this.#db.sync.query(`delete from receipt where at < now() - make_interval(days => $1)`, [days]),
    );
    return rowCount ?? 0;
  }

  /** From here on the lane may be claimed anew, whether or not the database hears of it. */
  #drop(claim: LaneClaim): void {
    if (this.#held.get(claim.lane) === claim.epoch) this.#held.delete(claim.lane);
  }

  /** A synchronous transaction that holds the lane row and does nothing when the lane is no longer ours. */
  async #fenced<T>(what: string, claim: LaneClaim, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return await guarded(what, () =>
      transaction(this.#db.sync, async (client) => {
        const held = await client.query(
          'select 1 from lane where id = $1 and epoch = $2 and worker is not null for update',
          [escapeNul(claim.lane), claim.epoch],
        );
        if (held.rowCount !== 1) throw new FencedError(what);
        return await work(client);
      }),
    );
  }
}

function rowOf(entry: NewEntry): EntryRow {
  return {
    key: escapeNul(entry.key),
    lane: escapeNul(entry.lane),
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

function partOf(row: FrozenRow): FrozenPart {
  return { part: row.part, delivery: JSON.parse(row.delivery) as Delivery, state: row.state };
}

function networkOf(payload: string): Pick<ParkedEntry, 'network'> {
  const { from, event } = JSON.parse(payload) as { from: string; event?: { portal?: { network?: NetworkId } } };
  const network = from === 'network' ? event?.portal?.network : undefined;
  return network === undefined ? {} : { network };
}
