// Settles finished entries many at a time: rows deleted, lanes counted down, links kept, in one commit that need not wait for the disk.
import type { Outcome } from '../model/entry.ts';
import { FencedError } from '../model/errors.ts';
import type { LaneId } from '../model/ids.ts';
import { transaction, type Db } from './db.ts';
import { keepOutcome, linkSql, linkValues, onlyLinks } from './outcome.ts';

export interface Settlement {
  readonly lane: LaneId;
  readonly epoch: number;
  readonly entry: number;
  readonly outcome: Outcome;
}

interface Waiting extends Settlement {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const MOST_AT_ONCE = 200;

/** $1 entries, $2 lanes, $3 epochs. Lanes are locked in the order in which accept takes them. */
const settleSql = `
with given as (select * from unnest($1::bigint[], $2::text[], $3::bigint[]) as t (entry, lane, epoch)),
held as (
  select l.id, l.epoch from lane l where (l.id, l.epoch) in (select lane, epoch from given) and l.worker is not null
  order by l.id for update
),
gone as (
  delete from entry using given, held
  where entry.id = given.entry and entry.lane = given.lane and held.id = given.lane and held.epoch = given.epoch and not entry.parked
  returning entry.id, entry.lane
),
counted as (select lane, count(*) as n from gone group by lane),
fewer as (update lane set pending = pending - n from counted where lane.id = counted.lane)
select id from gone`;

export class SettleBatcher {
  readonly #db: Db;
  #waiting: Waiting[] = [];
  #busy = false;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Resolves when its batch has committed. @throws FencedError when the lane is no longer ours */
  async settle(settlement: Settlement): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ ...settlement, resolve, reject });
      if (!this.#busy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST_AT_ONCE);
      try {
        const settled = await this.#commit(batch);
        for (const one of batch) {
          if (settled.has(one.entry)) one.resolve();
          else one.reject(new FencedError('settle'));
        }
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    this.#busy = false;
  }

  async #commit(batch: readonly Waiting[]): Promise<ReadonlySet<number>> {
    const values = [batch.map((one) => one.entry), batch.map((one) => one.lane), batch.map((one) => one.epoch)];
    return await transaction(this.#db.relaxed, async (client) => {
      const { rows } = await client.query<{ id: string }>({ name: 'settle', text: settleSql, values });
      const settled = new Set(rows.map((row) => Number(row.id)));
      const ours = batch.filter((one) => settled.has(one.entry));
      const plain = ours.filter((one) => onlyLinks(one.outcome)).flatMap((one) => one.outcome.links ?? []);
      if (plain.length > 0) await client.query({ name: 'links', text: linkSql, values: linkValues(plain) });
      for (const one of ours) if (!onlyLinks(one.outcome)) await keepOutcome(client, one.outcome);
      return settled;
    });
  }
}
