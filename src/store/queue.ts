// The durable queue on Postgres: plain lane and entry tables in the form proved by kills; every write about a lane carries its epoch.
import type pg from 'pg';
import {
  type EntryPayload,
  type FoundEntry,
  type LaneClaim,
  type Outcome,
  type ParkedEntry,
  type QueueEntry,
} from '../model/entry.ts';
import type { Delivery } from '../model/delivery.ts';
import { FencedError } from '../model/errors.ts';
import { as, type EventId, type LaneId, type MessageId, type OwnerId, type WorkerId } from '../model/ids.ts';
import type { Say } from '../model/say.ts';
import type { AcceptBatch, Accepted, Hands, Queue } from '../ports/queue.ts';
import { Accepting } from './accepting.ts';
import { escapeNul, guarded, unescapeNul, type Db } from './db.ts';
import { fenced } from './fenced.ts';
import { claimSql, moreSql, ofLaneSql } from './queue-sql.ts';
import { keepOutcome } from './outcome.ts';
import { claimsFrom, type ClaimRow } from './claim-row.ts';
import { entryOf, type Row } from './entry-row.ts';
import { freezeParts } from './frozen.ts';
import { hasten } from './hasten.ts';
import { HeldLanes } from './held-lanes.ts';
import { Parking } from './parking.ts';
import { depthOf, type Depth } from './queue-depth.ts';
import { SettleBatcher } from './settle.ts';
import { TakingTurns } from './taking-turns.ts';
import type { PostgresVault } from './vault.ts';
import type { WorkBell } from './work-bell.ts';

export class PostgresQueue implements Queue {
  readonly #db: Db;
  readonly #bell: WorkBell;
  readonly #leaseMs: number;
  readonly #accepting: Accepting;
  readonly #settling: SettleBatcher;
  readonly #parking: Parking;
  /** What the database calls ours but is not here was lost on its way. */
  readonly #held = new HeldLanes();
  /** Claims whose lanes were given back when their last entry was settled. */
  readonly #over = new WeakSet<LaneClaim>();
  readonly #turns = new TakingTurns();
  #hands: Hands | undefined;
  #claiming: Promise<unknown> = Promise.resolve();

  constructor(db: Db, vault: PostgresVault, bell: WorkBell, leaseMs: number) {
    this.#db = db;
    this.#bell = bell;
    this.#leaseMs = leaseMs;
    this.#settling = new SettleBatcher(db);
    this.#accepting = new Accepting({
      db,
      vault,
      held: this.#held,
      turns: this.#turns,
      hands: () => this.#hands,
      handOver: async (claims) => await this.#handOver(claims),
      ring: () => bell.ring(),
    });
    this.#parking = new Parking(db);
  }

  async accept(batch: AcceptBatch): Promise<Accepted> {
    return await guarded('accept', async () => await this.#accepting.accept(batch));
  }

  async #handOver(claims: readonly LaneClaim[]): Promise<void> {
    if (this.#hands !== undefined) this.#hands.take(claims);
    // Whoever would have worked them has stopped meanwhile.
    else await Promise.all(claims.map(async (claim) => await this.yieldLane(claim)));
  }

  async seen(keys: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await guarded('seen', () =>
      this.#db.sync.query<{ key: string }>('select key from seen where key = any($1)', [keys.map(escapeNul)]),
    );
    return new Set(rows.map((row) => unescapeNul(row.key)));
  }

  /** One at a time: a second look must know what the first one brought. */
  async claim(worker: WorkerId, limits: { lanes: number; entries: number }): Promise<readonly LaneClaim[]> {
    const mine = this.#claiming.then(
      async () => await this.#turns.claim(async () => await this.#claim(worker, limits)),
    );
    // Whoever asked hears of a failure; the next in line only waits for the end.
    this.#claiming = mine.catch(() => undefined);
    return await mine;
  }

  async #claim(worker: WorkerId, limits: { lanes: number; entries: number }): Promise<readonly LaneClaim[]> {
    const { rows } = await guarded('claim', () =>
      this.#db.relaxed.query<ClaimRow>({
        name: 'claim',
        text: claimSql,
        values: [worker, limits.lanes, limits.entries, this.#leaseMs, this.#held.ids().map(escapeNul)],
      }),
    );
    const claims = claimsFrom(rows);
    for (const claim of claims) this.#held.take(claim, claim.entries.length < limits.entries);
    return claims;
  }

  async meanwhile(claim: LaneClaim, after: number, end: Promise<unknown>): Promise<readonly QueueEntry[]> {
    return (await this.#held.nextBefore(claim, after, end)) ?? [];
  }

  async more(claim: LaneClaim, after: number, limit: number): Promise<readonly QueueEntry[] | 'over'> {
    if (this.#over.has(claim)) return 'over';
    const known = this.#held.next(claim, after);
    if (known !== undefined) return known;
    const { rows } = await guarded('more', () =>
      this.#db.relaxed.query<{ [Key in keyof Row]: Row[Key] | null }>({
        name: 'more',
        text: moreSql,
        values: [escapeNul(claim.lane), claim.epoch, after, limit],
      }),
    );
    if (rows.length === 0) throw new FencedError('more');
    const entries = rows.filter((row) => row.id !== null).map((row) => entryOf(row as Row, claim.owner ?? null));
    this.#held.told(claim, entries, entries.length < limit);
    return entries;
  }

  async settle(claim: LaneClaim, entry: QueueEntry, outcome: Outcome): Promise<void> {
    const end = await guarded('settle', () =>
      this.#settling.settle({ lane: as<LaneId>(escapeNul(claim.lane)), epoch: claim.epoch, entry: entry.id, outcome }),
    );
    if (end === 'on') return;
    this.#over.add(claim);
    this.#held.drop(claim);
  }

  async freeze(claim: LaneClaim, entry: QueueEntry, parts: readonly Delivery[]): Promise<QueueEntry> {
    return await this.#fenced('freeze', claim, async (client) => ({
      ...entry,
      parts: await freezeParts(client, entry.id, parts),
    }));
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
    await this.#dropAfter(claim, async () => {
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
    });
    this.#bell.ringIn(Math.max(0, until - Date.now()));
  }

  async hasten(back: Parameters<Queue['hasten']>[0]): Promise<number> {
    const woken = await hasten(this.#db, back);
    if (woken > 0) this.#bell.ring();
    return woken;
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
    await this.#dropAfter(claim, async () => {
      await guarded('reroute', () =>
        this.#db.relaxed.query('update lane set worker = null, owner = $3 where id = $1 and epoch = $2', [
          escapeNul(claim.lane),
          claim.epoch,
          owner ?? null,
        ]),
      );
    });
    this.#bell.ring();
  }

  async yieldLane(claim: LaneClaim): Promise<void> {
    if (this.#over.has(claim)) return;
    await this.#dropAfter(claim, async () => {
      await guarded('yield', () =>
        this.#db.relaxed.query({
          name: 'yield',
          text: 'update lane set worker = null, ready_at = greatest(ready_at, now()) where id = $1 and epoch = $2',
          values: [escapeNul(claim.lane), claim.epoch],
        }),
      );
    });
  }

  async unsettled(lane: LaneId, before?: number, limit?: number): Promise<readonly QueueEntry[]> {
    const values = [escapeNul(lane), before ?? null, limit ?? null];
    const { rows } = await guarded('unsettled', () =>
      this.#db.sync.query<Row>({ name: 'unsettled', text: ofLaneSql, values }),
    );
    return rows.map((row) => entryOf(row, null));
  }

  async find(key: string): Promise<FoundEntry | undefined> {
    return await this.#parking.find(key);
  }

  async parked(limit: number): Promise<readonly ParkedEntry[]> {
    return await this.#parking.parked(limit);
  }

  async parkedIn(lanes: readonly LaneId[], named: MessageId | EventId): Promise<readonly QueueEntry[]> {
    return await this.#parking.parkedIn(lanes, named);
  }

  async rewrite(id: number, payload: EntryPayload): Promise<boolean> {
    return await this.#parking.rewrite(id, payload);
  }

  async release(id: number): Promise<boolean> {
    const done = await this.#parking.release(id);
    if (done) this.#bell.ring();
    return done;
  }

  async discard(id: number): Promise<boolean> {
    return await this.#parking.discard(id);
  }

  async depth(): Promise<Depth> {
    return await depthOf(this.#db);
  }

  onWork(wake: () => void, hands?: Hands): () => void {
    const silence = this.#bell.listen(wake);
    if (hands !== undefined) this.#hands = hands;
    return () => {
      silence();
      if (this.#hands === hands) this.#hands = undefined;
    };
  }

  /** Afterwards, even if the database did not hear of it, the lane may be claimed anew; before, our next claim would take it for a lost one. */
  async #dropAfter(claim: LaneClaim, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } finally {
      this.#held.drop(claim);
    }
  }

  async #fenced<T>(what: string, claim: LaneClaim, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return await guarded(what, async () => await fenced(this.#db.sync, what, claim, work));
  }
}
