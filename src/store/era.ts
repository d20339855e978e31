// The database's age, counted at every start and every minute: an older database than the homeserver remembers is a restored backup.
import { guarded, type Db } from './db.ts';

export class Era {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async read(): Promise<number> {
    const { rows } = await guarded('era', () =>
      this.#db.sync.query<{ value: string }>(`select value from counter where name = 'era'`),
    );
    return Number(rows[0]?.value ?? 0);
  }

  /** @returns the era now in force, at least `atLeast` */
  async advance(atLeast: number): Promise<number> {
    const { rows } = await guarded('era', () =>
      this.#db.sync.query<{ value: string }>(
        `update counter set value = greatest(value + 1, $1) where name = 'era' returning value`,
        [atLeast],
      ),
    );
    return Number(rows[0]?.value ?? 0);
  }

  /** Epoch ms of the last start after a restored backup; undefined when there never was one. */
  async restoredAt(): Promise<number | undefined> {
    const { rows } = await guarded('era', () =>
      this.#db.sync.query<{ value: string }>(`select value from counter where name = 'restored'`),
    );
    return rows[0] === undefined ? undefined : Number(rows[0].value);
  }

  async markRestored(at: number): Promise<void> {
    await guarded('era', () =>
      this.#db.sync.query(
        `insert into counter (name, value) values ('restored', $1) on conflict (name) do update set value = excluded.value`,
        [Math.round(at)],
      ),
    );
  }
}
