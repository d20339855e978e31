// Whether everything that a message asks of the database is found by an index, however much there is: by Postgres's own plans, not by
// time. Every statement is caught as the store sends it. Knows the store's doors and no message.
import { Client } from 'pg';
import { openDb, type Db } from '../src/store/db.ts';
import { openStore, type Store } from '../src/store/index.ts';
import { fill, type Size } from './plans-fill.ts';
import { coldMethods, everyMessage } from './plans-path.ts';

/** A statement, and what in its plan reads more than it needs; empty when all is well. */
export interface Look {
  readonly statement: string;
  /** `message_link by message_link_event`, and so on, as planned. */
  readonly reads: readonly string[];
  readonly faults: readonly string[];
}

export interface Report {
  readonly looks: readonly Look[];
  /** Rows of each table that were read in all, by whatever stood inside functions too. */
  readonly read: Readonly<Record<string, number>>;
  /** Methods of the store that nobody called, and that are not known to be called rarely. */
  readonly forgotten: readonly string[];
}

interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Of these every row is one that is looked for: the index holds no others. */
const NARROW: ReadonlySet<string> = new Set(['entry_parked', 'lane_due']);
/** As many as there are processes, logins, rules: they do not grow with what is said. */
const SMALL: ReadonlySet<string> = new Set(['worker', 'lease', 'rule', 'counter', 'puppet']);

/** A logger. */
export const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** @param url a migrated, empty database */
export async function examine(url: string, size: Size): Promise<Report> {
  await fill(url, size);
  const store = await openStore({
    database: { url },
    vaultKey: new Uint8Array(32),
    slot: 'plans',
    log: silent,
    connections: 4,
  });
  const called = new Set<string>();
  let sent: readonly Sent[];
  try {
    await store.leases.enlist();
    await everyMessage(listened(store, called), size);
    const before = await rowsRead(url);
    sent = await caught(async () => await everyMessage(listened(store, called), size));
    await store.close();
    const after = await rowsRead(url);
    const read = Object.fromEntries(
      Object.entries(after)
        .filter(([table]) => !SMALL.has(table))
        .map(([table, n]) => [table, n - (before[table] ?? 0)]),
    );
    return { looks: await lookAt(url, sent), read, forgotten: forgotten(store, called) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Notes which methods are called, as `queue.accept`. */
function listened(store: Store, called: Set<string>): Store {
  const part = (name: string, of: object): object =>
    new Proxy(of, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        called.add(`${name}.${String(key)}`);
        return (value as (...of: unknown[]) => unknown).bind(target);
      },
    });
  return Object.fromEntries(
    Object.entries(store).map(([name, of]) => [name, isPart(of) ? part(name, of) : (of as unknown)]),
  ) as unknown as Store;
}

function isPart(of: unknown): of is object {
  return typeof of === 'object' && of !== null && !Array.isArray(of);
}

function forgotten(store: Store, called: ReadonlySet<string>): readonly string[] {
  const all = Object.entries(store).flatMap(([name, of]) =>
    isPart(of)
      ? Object.getOwnPropertyNames(Object.getPrototypeOf(of))
          .filter((method) => method !== 'constructor')
          .map((method) => `${name}.${method}`)
      : [],
  );
  return all.filter((method) => !called.has(method) && !coldMethods.has(method));
}

/** Whatever any connection is asked meanwhile, each text once, with the values it first came with. */
async function caught(work: () => Promise<void>): Promise<readonly Sent[]> {
  const found = new Map<string, Sent>();
  const query = Reflect.get(Client.prototype, 'query') as (...asked: unknown[]) => unknown;
  Reflect.set(Client.prototype, 'query', function listening(this: Client, ...asked: unknown[]): unknown {
    const [first, second] = asked;
    const { text, values } =
      typeof first === 'string'
        ? { text: first, values: Array.isArray(second) ? (second as unknown[]) : [] }
        : (first as { text: string; values?: readonly unknown[] });
    if (!found.has(text)) found.set(text, { text, values: values ?? [] });
    return Reflect.apply(query, this, asked);
  });
  try {
    await work();
  } finally {
    Reflect.set(Client.prototype, 'query', query);
  }
  return [...found.values()].filter(({ text }) => /^\s*(?:select|insert|update|delete|with)\b/i.test(text));
}

/** With the settings under which the bridge asks; as planned for these values, and for any. */
async function lookAt(url: string, sent: readonly Sent[]): Promise<readonly Look[]> {
  const db = openDb({ url, log: silent, connections: 4 });
  try {
    const looks: Look[] = [];
    for (const one of sent) {
      const plans = [await planOf(db, one, 'force_custom_plan'), await planOf(db, one, 'force_generic_plan')];
      const scans = plans
        .flatMap((plan) => scansIn(plan))
        .filter(({ 'Relation Name': table }) => !SMALL.has(table ?? ''));
      looks.push({
        statement: one.text.trim().replaceAll(/\s+/g, ' '),
        reads: [...new Set(scans.map(named))],
        faults: [...new Set(scans.filter((scan) => !isByKey(scan)).map(named))],
      });
    }
    return looks;
  } finally {
    await db.close();
  }
}

async function planOf(db: Db, { text, values }: Sent, mode: string): Promise<PlanNode> {
  const client = await db.sync.connect();
  try {
    await client.query(`set plan_cache_mode = ${mode}`);
    const { rows } = await client.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
      `explain (format json) ${text}`,
      [...values],
    );
    const plan = rows[0]?.['QUERY PLAN'][0]?.Plan;
    if (plan === undefined) throw new Error('Postgres gave no plan');
    return plan;
  } finally {
    await client.query('reset plan_cache_mode');
    client.release();
  }
}

/** Of tables, not of what stands in memory by then; an index scan inside a bitmap scan names no table: the one above does. */
function scansIn(node: PlanNode, above?: string): readonly PlanNode[] {
  const [how, table] = [node['Node Type'], node['Relation Name'] ?? above];
  const isBitmap = how === 'Bitmap Heap Scan';
  const here = table !== undefined && how.endsWith('Scan') && !isBitmap ? [{ ...node, 'Relation Name': table }] : [];
  return [...here, ...(node.Plans ?? []).flatMap((inner) => scansIn(inner, isBitmap ? table : undefined))];
}

function isByKey(scan: PlanNode): boolean {
  return scan['Index Cond'] !== undefined || NARROW.has(scan['Index Name'] ?? '');
}

function named(scan: PlanNode): string {
  const { 'Node Type': how, 'Relation Name': table = '?', 'Index Name': index } = scan;
  if (index === undefined) return `${table} whole (${how})`;
  return isByKey(scan) ? `${table} by ${index}` : `${table} whole, in the order of ${index}`;
}

/** Rows handed over by scans of any kind, as Postgres counts them when a connection has ended. */
async function rowsRead(url: string): Promise<Readonly<Record<string, number>>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('select pg_stat_force_next_flush()');
    const { rows } = await client.query<{ table: string; n: string }>(
      `select t.relname as table, coalesce(t.seq_tup_read, 0) + coalesce(sum(i.idx_tup_read), 0) as n
         from pg_stat_user_tables t left join pg_stat_user_indexes i on i.relid = t.relid group by t.relname, t.seq_tup_read`,
    );
    return Object.fromEntries(rows.map(({ table, n }) => [table, Number(n)]));
  } finally {
    await client.end();
  }
}
