// The rules in force and who changed them, on Postgres: rows, an append-only audit and a version that grows with every change.
import { sql, type Transaction } from 'kysely';
import type { Rule } from '../model/rules.ts';
import type { AuditLine, RuleStore } from '../ports/stores.ts';
import { clean, guarded, type Db } from './db.ts';
import type { Tables } from './schema/tables.ts';

export class PostgresRules implements RuleStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async all(): Promise<readonly Rule[]> {
    const rows = await guarded('rules', () =>
      this.#db.sql.selectFrom('rule').select('body').orderBy('made_at').orderBy('id').execute(),
    );
    return rows.map((row) => JSON.parse(row.body) as Rule);
  }

  async put(rule: Rule): Promise<void> {
    await this.#change(async (db) => {
      const row = { id: rule.id, source: rule.source, body: clean(JSON.stringify(rule)) };
      await db
        .insertInto('rule')
        .values(row)
        .onConflict((on) => on.column('id').doUpdateSet(row))
        .execute();
    });
  }

  async remove(id: string, line: AuditLine): Promise<boolean> {
    return await this.#change(async (db) => {
      const gone = await db.deleteFrom('rule').where('id', '=', id).where('source', '=', 'command').executeTakeFirst();
      if (gone.numDeletedRows === 0n) return false;
      await db.insertInto('audit').values(auditRow(line)).execute();
      return true;
    });
  }

  async replaceFileRules(rules: readonly Rule[]): Promise<void> {
    await this.#change(async (db) => {
      await db.deleteFrom('rule').where('source', '=', 'file').execute();
      for (const rule of rules) {
        await db
          .insertInto('rule')
          .values({ id: rule.id, source: 'file', body: clean(JSON.stringify(rule)) })
          .execute();
      }
    });
  }

  async audit(line: AuditLine): Promise<void> {
    await guarded('audit', () => this.#db.sql.insertInto('audit').values(auditRow(line)).execute());
  }

  async audited(limit: number): Promise<readonly AuditLine[]> {
    const rows = await guarded('audit', () =>
      this.#db.sql.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit).execute(),
    );
    return rows.map((row) => ({ at: row.at.getTime(), by: row.by as AuditLine['by'], what: row.what }));
  }

  async version(): Promise<number> {
    const row = await guarded('rules', () =>
      this.#db.sql.selectFrom('counter').select('value').where('name', '=', 'rules').executeTakeFirst(),
    );
    return Number(row?.value ?? 0);
  }

  async #change<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return await guarded('rules', () =>
      this.#db.sql.transaction().execute(async (db) => {
        // First, since its lock makes changes take turns: two workers that start together lay down the same rules.
        await sql`update counter set value = value + 1 where name = 'rules'`.execute(db);
        return await work(db);
      }),
    );
  }
}

function auditRow(line: AuditLine): { at: Date; by: string; what: string } {
  return { at: new Date(line.at), by: line.by, what: clean(line.what) };
}
