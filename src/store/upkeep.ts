// Throws away what is older than it may be, in short commits of its own that keep nobody waiting; knows no pace and no day.
import type { Age, Steps, Upkeep } from '../ports/upkeep.ts';
import { guarded, transaction, type Db } from './db.ts';

/** Of a table's pages looked at in one step: half a megabyte. */
const PAGES = 64;
/** Rows thrown away in one step where they are found by an index. */
const AT_ONCE = 200;

type Walked = 'message_link' | 'reaction_link' | 'seen' | 'receipt' | 'vault';

export class PostgresUpkeep implements Upkeep {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async *links(age: Age): Steps {
    yield* this.#walk('message_link', 'at < $3::float8', [await this.#before(age)]);
    // As a value, not as a join: looked up for each reaction of the step, never for a whole table of links.
    yield* this.#walk(
      'reaction_link',
      `(select true from message_link l where l.portal = reaction_link.portal and l.message = reaction_link.message limit 1) is null`,
    );
  }

  async *keys(age: Age): Steps {
    const before = await this.#before(age);
    yield* this.#walk(
      'seen',
      `at < to_timestamp($3::float8 / 1000) and (select true from entry e where e.key = seen.key) is null`,
      [before],
    );
    yield* this.#walk('receipt', 'at < to_timestamp($3::float8 / 1000)', [before]);
  }

  async *parked(age: Age): Steps {
    const before = await this.#before(age);
    for (;;) {
      const count = await this.#delete(
        `delete from entry where id in (
           select id from entry where parked and received_at < to_timestamp($1::float8 / 1000) order by id limit $2 for update)`,
        [before, AT_ONCE],
      );
      yield count;
      if (count < AT_ONCE) return;
    }
  }

  async *workers(age: Age): Steps {
    const before = await this.#before(age);
    const gone = `beat_at < to_timestamp($1::float8 / 1000)`;
    const { rows } = await guarded('sweep', () =>
      this.#db.sync.query<{ incarnation: string }>(`select incarnation from worker where ${gone}`, [before]),
    );
    for (const { incarnation } of rows) {
      yield await guarded('sweep', () =>
        transaction(this.#db.sync, async (client) => {
          const was = await client.query(`delete from worker where ${gone} and incarnation = $2`, [
            before,
            incarnation,
          ]);
          if (was.rowCount !== 1) return 0;
          await client.query('update lane set worker = null, epoch = epoch + 1 where worker = $1', [incarnation]);
          return 1;
        }),
      );
    }
  }

  async *attempts(age: Age): Steps {
    yield await this.#delete(
      `delete from lease where owner like 'attempt:%' and not exists (
         select 1 from worker w where w.incarnation = lease.worker and w.beat_at >= to_timestamp($1::float8 / 1000))`,
      [await this.#before(age)],
    );
  }

  /** The secrets of a login are written while its attempt's lease is held, which is given back when the login has its name. */
  async *secrets(age: Age): Steps {
    yield* this.#walk(
      'vault',
      `scope ~ '^(login|account):' and (select true from puppet p where p.id = regexp_replace(vault.scope, '^[a-z]+:', '')) is null
       and not exists (select 1 from lease l join worker w on w.incarnation = l.worker
         where l.owner like 'attempt:%' and w.beat_at >= to_timestamp($3::float8 / 1000))`,
      [await this.#before(age)],
    );
  }

  /**
   * A lane is locked before it is looked at the second time, so that nothing can come into it in between; one that somebody works
   * with now is passed over, not waited for.
   */
  async *lanes(age: Age): Steps {
    const before = await this.#before(age);
    // Everything that comes into a lane sets its time anew.
    const idle = `select id from lane where pending = 0 and worker is null and ready_at < to_timestamp($1::float8 / 1000)
      and (select true from entry e where e.lane = lane.id limit 1) is null`;
    for (;;) {
      const [found, count] = await guarded('sweep', () =>
        transaction(this.#db.sync, async (client) => {
          const { rows } = await client.query<{ id: string }>(`${idle} limit $2 for update skip locked`, [
            before,
            AT_ONCE,
          ]);
          const { rowCount } = await client.query(`delete from lane where id = any ($2::text[]) and id in (${idle})`, [
            before,
            rows.map(({ id }) => id),
          ]);
          return [rows.length, rowCount ?? 0] as const;
        }),
      );
      yield count;
      if (found < AT_ONCE || count === 0) return;
    }
  }

  async lastAt(): Promise<number | undefined> {
    const { rows } = await guarded('sweep', () =>
      this.#db.sync.query<{ value: string }>(`select value from counter where name = 'swept'`),
    );
    return rows[0] === undefined ? undefined : Number(rows[0].value);
  }

  async finished(at: number): Promise<void> {
    await guarded('sweep', () =>
      this.#db.sync.query(
        `insert into counter (name, value) values ('swept', $1) on conflict (name) do update set value = excluded.value`,
        [Math.round(at)],
      ),
    );
  }

  /** Epoch ms. A clock that runs ahead makes nothing older than the database believes. */
  async #before({ now, days }: Age): Promise<number> {
    const { rows } = await guarded('sweep', () =>
      this.#db.sync.query<{ before: string }>(
        `select extract(epoch from least(now(), to_timestamp($1::float8 / 1000)) - make_interval(days => $2)) * 1000 as before`,
        [now, days],
      ),
    );
    return Number(rows[0]?.before ?? 0);
  }

  /** From the first page of the table to the last: no message has to pay for an index by age. $1 and $2 are the step's places. */
  async *#walk(table: Walked, condition: string, values: readonly unknown[] = []): Steps {
    const { rows } = await guarded('sweep', () =>
      this.#db.sync.query<{ pages: number }>(
        `select (pg_relation_size($1::regclass) / current_setting('block_size')::int)::int as pages`,
        [table],
      ),
    );
    for (let page = 0; page < (rows[0]?.pages ?? 0); page += PAGES) {
      yield await this.#delete(`delete from ${table} where ctid >= $1::tid and ctid < $2::tid and ${condition}`, [
        `(${page},0)`,
        `(${page + PAGES},0)`,
        ...values,
      ]);
    }
  }

  async #delete(text: string, values: unknown[]): Promise<number> {
    const { rowCount } = await guarded('sweep', () => this.#db.sync.query(text, values));
    return rowCount ?? 0;
  }
}
