// Who works on what: worker slots with a heartbeat by the database's clock, and leases whose epoch fences every write.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type pg from 'pg';
import { BridgeError } from '../model/errors.ts';
import { as, type OwnerId, type WorkerId } from '../model/ids.ts';
import type { Fence } from '../ports/queue.ts';
import type { Leases } from '../ports/stores.ts';
import { guarded, transaction, type Db } from './db.ts';

export interface LeaseOptions {
  readonly slot: string;
  /** A worker without a heartbeat for this long has lost everything, in ms. */
  readonly leaseMs: number;
}

/** A foreign worker silent for this long is looked at: if its process on this host is dead, its leases are free at once. */
const SUSPECT_MS = 3_000;

export class PostgresLeases implements Leases {
  readonly #db: Db;
  readonly #options: LeaseOptions;
  #me: WorkerId | undefined;
  #slotLock: pg.Client | undefined;
  #lastBeat = Number.NEGATIVE_INFINITY;

  constructor(db: Db, options: LeaseOptions) {
    this.#db = db;
    this.#options = options;
  }

  async enlist(): Promise<WorkerId> {
    const lock = await this.#lockSlot();
    try {
      this.#me = await this.#announce();
    } catch (error) {
      await lock.end();
      throw error;
    }
    this.#slotLock = lock;
    this.#lastBeat = performance.now();
    return this.#me;
  }

  /** This life of the slot replaces the one before it, whose leases and lanes it takes over. */
  async #announce(): Promise<WorkerId> {
    const me = as<WorkerId>(`${this.#options.slot}#${randomUUID()}`);
    await guarded('enlist', () =>
      transaction(this.#db.sync, async (client) => {
        const before = await client.query<{ incarnation: string }>(
          'select incarnation from worker where slot = $1 for update',
          [this.#options.slot],
        );
        const old = before.rows[0]?.incarnation;
        await client.query(
          `insert into worker (slot, incarnation, host, pid, beat_at) values ($1, $2, $3, $4, now())
           on conflict (slot) do update set incarnation = excluded.incarnation, host = excluded.host, pid = excluded.pid,
             beat_at = excluded.beat_at`,
          [this.#options.slot, me, hostname(), process.pid],
        );
        if (old === undefined) return;
        await client.query('update lease set worker = $2, epoch = epoch + 1 where worker = $1', [old, me]);
        await client.query('update lane set worker = null, epoch = epoch + 1 where worker = $1', [old]);
      }),
    );
    return me;
  }

  self(): WorkerId {
    if (this.#me === undefined) throw new Error('the worker is not enlisted');
    return this.#me;
  }

  /** In time for the holder to close its lines before the lease is over, also when the database says nothing at all. */
  async beat(): Promise<readonly Fence[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new BridgeError('database-unreachable', 'later', 'fault.internal');
      timer = setTimeout(() => reject(error), this.#options.leaseMs / 4);
    });
    const beating = this.#beat();
    // Who asked has heard of the silence by then.
    beating.catch(() => undefined);
    try {
      return await Promise.race([beating, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #beat(): Promise<readonly Fence[]> {
    const began = performance.now();
    const me = this.self();
    if (this.#slotLock === undefined) this.#slotLock = await this.#lockSlot();
    const beaten = await guarded('beat', () =>
      this.#db.sync.query('update worker set beat_at = now() where incarnation = $1', [me]),
    );
    if (beaten.rowCount !== 1) return [];
    this.#lastBeat = began;
    await this.#buryTheDead();
    const { rows } = await guarded('beat', () =>
      this.#db.sync.query<{ owner: string; epoch: string }>('select owner, epoch from lease where worker = $1', [me]),
    );
    return rows.map((row) => ({ owner: as<OwnerId>(row.owner), worker: me, epoch: Number(row.epoch) }));
  }

  async acquire(owner: OwnerId): Promise<Fence | undefined> {
    const me = this.self();
    const { rows } = await guarded('acquire', () =>
      this.#db.sync.query<{ epoch: string }>(
        `insert into lease (owner, worker, epoch) values ($1, $2, (extract(epoch from clock_timestamp()) * 1000)::bigint)
         on conflict (owner) do update set worker = excluded.worker,
           epoch = case when lease.worker = excluded.worker then lease.epoch else lease.epoch + 1 end
         where lease.worker = excluded.worker or not exists (
           select 1 from worker w where w.incarnation = lease.worker and w.beat_at > now() - make_interval(secs => $3::float8 / 1000))
         returning epoch`,
        [owner, me, this.#options.leaseMs],
      ),
    );
    const row = rows[0];
    return row === undefined ? undefined : { owner, worker: me, epoch: Number(row.epoch) };
  }

  /** The row stays, so that its epoch goes on; one that was thrown away (upkeep) begins beyond it, by the clock. */
  async release(fence: Fence): Promise<void> {
    await guarded('release', () =>
      this.#db.sync.query(
        `update lease set worker = '', epoch = epoch + 1 where owner = $1 and worker = $2 and epoch = $3`,
        [fence.owner, fence.worker, fence.epoch],
      ),
    );
  }

  async free(owners: readonly OwnerId[]): Promise<readonly OwnerId[]> {
    const { rows } = await guarded('free', () =>
      this.#db.sync.query<{ owner: string }>(
        `select o as owner from unnest($1::text[]) as t (o) where not exists (
           select 1 from lease x join worker w on w.incarnation = x.worker
           where x.owner = o and w.beat_at > now() - make_interval(secs => $2::float8 / 1000))`,
        [owners, this.#options.leaseMs],
      ),
    );
    return rows.map((row) => as<OwnerId>(row.owner));
  }

  async workers(): Promise<readonly { worker: WorkerId; leases: number }[]> {
    const { rows } = await guarded('workers', () =>
      this.#db.sync.query<{ incarnation: string; leases: string }>(
        `select w.incarnation, (select count(*) from lease x where x.worker = w.incarnation) as leases from worker w
         where w.beat_at > now() - make_interval(secs => $1::float8 / 1000) order by w.slot`,
        [this.#options.leaseMs],
      ),
    );
    return rows.map((row) => ({ worker: as<WorkerId>(row.incarnation), leases: Number(row.leases) }));
  }

  alive(): boolean {
    return performance.now() - this.#lastBeat < this.#options.leaseMs * 0.8;
  }

  async holder(owner: OwnerId): Promise<WorkerId | undefined> {
    const { rows } = await guarded('holder', () =>
      this.#db.sync.query<{ worker: string }>(
        `select x.worker from lease x join worker w on w.incarnation = x.worker
         where x.owner = $1 and w.beat_at > now() - make_interval(secs => $2::float8 / 1000)`,
        [owner, this.#options.leaseMs],
      ),
    );
    const row = rows[0];
    return row === undefined ? undefined : as<WorkerId>(row.worker);
  }

  async retire(): Promise<void> {
    const me = this.#me;
    if (me !== undefined) {
      await guarded('retire', () =>
        transaction(this.#db.sync, async (client) => {
          await client.query(`update lease set worker = '', epoch = epoch + 1 where worker = $1`, [me]);
          await client.query('update lane set worker = null, epoch = epoch + 1 where worker = $1', [me]);
          await client.query(`update worker set beat_at = '-infinity' where incarnation = $1`, [me]);
        }),
      );
    }
    this.#me = undefined;
    this.#lastBeat = Number.NEGATIVE_INFINITY;
    await this.disconnect();
  }

  /** Ends the slot's connection without a word to anybody, as a killed process would. */
  async disconnect(): Promise<void> {
    const lock = this.#slotLock;
    this.#slotLock = undefined;
    await lock?.end();
  }

  /** One process per slot: its session lock goes with its connection, so a killed process frees it in milliseconds. */
  async #lockSlot(): Promise<pg.Client> {
    const client = await guarded('enlist', () => this.#db.connect());
    const lost = (): void => {
      if (this.#slotLock === client) this.#slotLock = undefined;
    };
    client.on('error', lost);
    client.on('end', lost);
    let isFree = false;
    try {
      const sql = 'select pg_try_advisory_lock(hashtextextended($1, 0)) as ok';
      const { rows } = await guarded('enlist', () =>
        client.query<{ ok: boolean }>(sql, [lockName(this.#options.slot)]),
      );
      isFree = rows[0]?.ok === true;
    } finally {
      if (!isFree) await client.end();
    }
    if (isFree) return client;
    throw new Error(
      `Another process already runs in worker slot "${this.#options.slot}": stop it, or start this one with another --slot.`,
    );
  }

  /** A worker whose slot lock is free and whose process on this host is dead need not be waited for. */
  async #buryTheDead(): Promise<void> {
    const { rows } = await guarded('beat', () =>
      this.#db.sync.query<{ slot: string; incarnation: string; host: string; pid: number }>(
        `select slot, incarnation, host, pid from worker where slot <> $1 and beat_at > '-infinity'
           and beat_at < now() - make_interval(secs => $2::float8 / 1000)`,
        [this.#options.slot, SUSPECT_MS],
      ),
    );
    for (const row of rows) {
      if (row.host !== hostname() || isRunning(row.pid)) continue;
      await guarded('beat', () =>
        this.#db.sync.query(
          `update worker set beat_at = '-infinity' where incarnation = $1 and pg_try_advisory_xact_lock(hashtextextended($2, 0))`,
          [row.incarnation, lockName(row.slot)],
        ),
      );
    }
  }
}

function lockName(slot: string): string {
  return `passerelle-slot:${slot}`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
