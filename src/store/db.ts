// The two pools and their manners: one commits synchronously, one does not; a lost server is a BridgeError to try again later.
import { Kysely, PostgresDialect } from 'kysely';
import { Client, Pool, type PoolClient } from 'pg';
import { BridgeError, FencedError, RefusedError } from '../model/errors.ts';
import type { Logger } from '../ports/stores.ts';
import type { Tables } from './schema/tables.ts';

/** SQLSTATE raised by our own functions when a fence is broken. */
export const FENCED = 'PF001';

/**
 * Everything here is found by key. Postgres, which last looked when the queue was empty, would read its tables from end to end, with
 * all that has come and gone since; forbidden plans may look costly enough to be compiled, which takes longer than any of them.
 */
const BY_KEY = '-c enable_seqscan=off -c jit=off';

/**
 * Whoever vanished without a word (a router that forgot, a machine that was cut off) is known to be gone within a minute: to us after 30
 * seconds of silence and ten unanswered probes a second apart (libuv's), to the server after 30 and three ten seconds apart, so that a
 * lock of ours does not outlive us. Over a Unix socket nobody asks.
 */
const PROBES = { keepAlive: true, keepAliveInitialDelayMillis: 30_000 };
const SERVER_PROBES = '-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3';

export interface Db {
  /** Synchronous commit: whatever we acknowledge afterwards. */
  readonly sync: Pool;
  /** Asynchronous commit: claims and settlements only. */
  readonly relaxed: Pool;
  readonly sql: Kysely<Tables>;
  /** A connection of its own, for LISTEN and advisory locks. */
  connect(): Promise<Client>;
  close(): Promise<void>;
}

export interface DbOptions {
  readonly url: string;
  readonly log: Logger;
  readonly connections?: number;
}

export function openDb(options: DbOptions): Db {
  const half = Math.max(2, Math.floor((options.connections ?? 12) / 2));
  const sync = makePool(options, half, 'on');
  const relaxed = makePool(options, half, 'off');
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: sync }) });
  return {
    sync,
    relaxed,
    sql,
    connect: async () => {
      const client = new Client({
        connectionString: options.url,
        ...PROBES,
        connectionTimeoutMillis: 10_000,
        options: SERVER_PROBES,
      });
      client.on('error', heard);
      await client.connect();
      return client;
    },
    close: async () => {
      await sql.destroy();
      // Kysely ends the pool only if it ever used it.
      if (!sync.ended) await sync.end();
      await relaxed.end();
    },
  };
}

function makePool(options: DbOptions, max: number, commit: 'on' | 'off'): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max,
    ...PROBES,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: 60_000,
    // A server that vanished without a word must not hold anybody for ever.
    query_timeout: 70_000,
    options: `-c synchronous_commit=${commit} -c application_name=passerelle ${BY_KEY} ${SERVER_PROBES}`,
  });
  pool.on('connect', (client) => client.on('error', heard));
  pool.on('error', (error) =>
    options.log.warn({ error, code: codeOf(error) ?? '' }, 'an idle database connection was lost'),
  );
  return pool;
}

/**
 * A connection that is lost while somebody works with it says so twice: to the query, which fails, and as an event that would
 * end the process if nobody listened.
 */
function heard(): void {
  // The query that failed tells its caller.
}

/** Runs a query whose failure the caller may meet again: a lost server or a lost race becomes 'later', a broken fence FencedError, what it never takes RefusedError. */
export async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FencedError || error instanceof BridgeError || error instanceof RefusedError) throw error;
    const code = codeOf(error);
    if (code === FENCED) throw new FencedError(what);
    if (isConnectionLoss(error, code)) {
      throw new BridgeError('database-unreachable', 'later', 'fault.internal', { cause: error });
    }
    if (isOwnFault(error)) throw new RefusedError(what, error);
    throw error;
  }
}

/** Everything in one transaction on one connection. */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    broken = await rollback(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

async function rollback(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    // The connection is gone: the pool must not hand it out again; the caller gets the first error.
    return error instanceof Error ? error : new Error('rollback failed');
  }
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Data that cannot be kept (SQLSTATE classes 22, 23 and 54), as against a database that cannot be reached. */
export function isOwnFault(error: unknown): boolean {
  return /^(?:2[23]|54)/.test(codeOf(error) ?? '');
}

/** As the database takes it. @throws RefusedError for what cannot even be written out */
export function writtenOut<T>(what: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new RefusedError(what, error);
  }
}

/** pg says a dead connection in words without a code. */
function isConnectionLoss(error: unknown, code: string | undefined): boolean {
  if (code !== undefined) return isPassing(code);
  return error instanceof Error && /connection|timeout|terminated|pool after calling end/i.test(error.message);
}

/** Connection trouble (08), whatever an operator or a time limit stopped (57), lock and serialisation races (40), exhausted resources (53), socket errors of Node. */
function isPassing(code: string): boolean {
  return /^(?:08|40|53|57|58)/.test(code) || code.startsWith('E') || code === '55P03';
}

/** Postgres text takes no NUL; a name that holds one loses it, nothing else. */
export function clean<T extends string | undefined>(text: T): T {
  return (typeof text === 'string' ? text.replaceAll('\0', '') : text) as T;
}

/** Keys and lanes are compared and read back, so what Postgres cannot hold is written as an escape. */
export function escapeNul(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\0', '\\0');
}

export function unescapeNul(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === '0' ? '\0' : letter));
}
