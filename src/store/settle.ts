// Settles finished entries many at a time: rows deleted, lanes counted down or given back, links kept, in one statement whose
// commit need not wait for the disk.
import type { Pool } from 'pg';
import type { Outcome } from '../model/entry.ts';
import { FencedError } from '../model/errors.ts';
import type { LaneId } from '../model/ids.ts';
import { isOwnFault, transaction, type Db } from './db.ts';
import { keepOutcome, linkColumns, linkValues, onlyLinks } from './outcome.ts';
import { Together } from './together.ts';

export interface Settlement {
  readonly lane: LaneId;
  readonly epoch: number;
  readonly entry: number;
  readonly outcome: Outcome;
}

const MOST_AT_ONCE = 200;
/** Between the beginnings of two commits, in ms: under load more are settled together, a lone one does not wait. */
const APART_MS = 4;

/**
 * $1 entries, $2 lanes, $3 epochs; then links with the entry of each. Lanes are locked in the order in which accept takes
 * them. A lane that has nothing left is given back at once, so that nobody needs to ask for more.
 */
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
fewer as (
  update lane set pending = pending - n, worker = case when pending = n then null else worker end
  from counted where lane.id = counted.lane returning lane.id, lane.pending
),
kept as (
  insert into message_link (${linkColumns})
  select ${linkColumns} from unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::int[],
    $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::bigint[], $17::boolean[]) as t (entry, ${linkColumns})
  where entry in (select id from gone) on conflict (effect) do nothing
)
select gone.id, fewer.pending <= 0 as over from gone join fewer on fewer.id = gone.lane`;

export class SettleBatcher {
  readonly #db: Db;
  readonly #together: Together<Settlement, 'on' | 'over' | undefined>;

  constructor(db: Db) {
    this.#db = db;
    this.#together = new Together({
      apartMs: APART_MS,
      most: MOST_AT_ONCE,
      commit: async (batch) => await this.#commit(batch),
      isOwnFault,
    });
  }

  /**
   * Resolves when its batch has committed: `over` when nothing is left in the lane, which is given back then.
   * @throws FencedError when the lane is no longer ours
   */
  async settle(settlement: Settlement): Promise<'on' | 'over'> {
    const end = await this.#together.ask(settlement);
    if (end === undefined) throw new FencedError('settle');
    return end;
  }

  async #commit(batch: readonly Settlement[]): Promise<readonly ('on' | 'over' | undefined)[]> {
    const ends = await this.#settled(batch);
    return batch.map(({ entry }) => ends.get(entry));
  }

  async #settled(batch: readonly Settlement[]): Promise<ReadonlyMap<number, 'on' | 'over'>> {
    if (batch.every((one) => onlyLinks(one.outcome))) return await settleOn(this.#db.relaxed, batch);
    return await transaction(this.#db.relaxed, async (client) => {
      const settled = await settleOn(client, batch);
      for (const one of batch) {
        if (settled.has(one.entry) && !onlyLinks(one.outcome)) await keepOutcome(client, one.outcome);
      }
      return settled;
    });
  }
}

async function settleOn(
  client: Pick<Pool, 'query'>,
  batch: readonly Settlement[],
): Promise<ReadonlyMap<number, 'on' | 'over'>> {
  const plain = batch.filter((one) => onlyLinks(one.outcome));
  const links = plain.flatMap(({ entry, outcome }) => (outcome.links ?? []).map((link) => ({ entry, link })));
  const { rows } = await client.query<{ id: string; over: boolean }>({
    name: 'settle',
    text: settleSql,
    values: [
      batch.map((one) => one.entry),
      batch.map((one) => one.lane),
      batch.map((one) => one.epoch),
      links.map(({ entry }) => entry),
      ...linkValues(links.map(({ link }) => link)),
    ],
  });
  return new Map(rows.map(({ id, over }) => [Number(id), over ? 'over' : 'on']));
}
