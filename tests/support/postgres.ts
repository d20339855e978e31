// A real Postgres for one test file: a copy of a data folder that was made and migrated once; checks that nothing leaks.
import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { openDb } from '../../src/store/db.ts';
import { startEmbedded, type EmbeddedPostgres } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { quiet } from './quiet.ts';

const root = join(import.meta.dirname, '..', '..');

export interface TestPostgres {
  /** SIGKILL to the server and every process of it, at once. */
  kill(): void;
  /** Stops the server's processes where they stand, or lets them go on. */
  freeze(frozen: boolean): void;
  /** Starts the server again after it was killed. */
  restart(): Promise<void>;
  readonly dir: string;
  /** A new database with the newest schema, as a connection URL. */
  database(): Promise<string>;
  /** A new database with nothing in it. */
  emptyDatabase(): Promise<string>;
  /** Runs one statement as a stranger. */
  query<Row extends QueryResultRow>(url: string, text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Connections to this database other than the asker's. */
  connections(url: string): Promise<number>;
  stop(): Promise<void>;
}

/** @param options fsync: on when the test kills the server and looks for what was acknowledged */
export async function testPostgres(options: { fsync?: boolean } = {}): Promise<TestPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-test-'));
  cpSync(await template(), dir, { recursive: true, verbatimSymlinks: true });
  const start = async (): Promise<EmbeddedPostgres> =>
    await startEmbedded({ dir, fsync: options.fsync ?? false, connections: 100 });
  let server = await start();
  let made = 0;
  const create = async (from: string): Promise<string> => {
    made += 1;
    const name = `test_${made}`;
    await query(server.urlFor('postgres'), `create database ${name} template ${from}`);
    return server.urlFor(name);
  };
  const pid = (): number => {
    if (server.pid === undefined) throw new Error('the test does not own the server');
    return server.pid;
  };
  return {
    kill: () => signalAll(pid(), 'SIGKILL'),
    freeze: (frozen) => signalAll(pid(), frozen ? 'SIGSTOP' : 'SIGCONT'),
    restart: async () => {
      server = await start();
    },
    dir,
    database: async () => await create('passerelle'),
    emptyDatabase: async () => await create('template0'),
    query,
    connections,
    stop: async () => {
      try {
        await refuseLeaks(server);
      } finally {
        await server.stop();
        rmSync(dir, { recursive: true, force: true });
        rmSync(socketFolder(server.url), { recursive: true, force: true });
      }
    },
  };
}

/** Every process whose parent is the server, then the server. */
function signalAll(server: number, signal: NodeJS.Signals): void {
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name) && parentOf(name) === server) signalIfThere(Number(name), signal);
  }
  signalIfThere(server, signal);
}

/** Any process of the machine may end between being listed and being read: then it is nobody's child. */
function parentOf(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function socketFolder(url: string): string {
  return new URL(url.replace('@/', '@localhost/')).searchParams.get('host') ?? '';
}

/** Backends end a moment after their connection does: they are waited for, and whatever stays is a leak. */
async function refuseLeaks(server: EmbeddedPostgres): Promise<void> {
  const client = new Client({ connectionString: server.urlFor('postgres') });
  await client.connect();
  try {
    for (let look = 0; ; look += 1) {
      const { rows } = await client.query<{ datname: string; query: string }>(
        `select datname, query from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      const [first] = rows;
      if (first === undefined) return;
      if (look === 20) {
        throw new Error(`${rows.length} connections were left open, one in ${first.datname} after: ${first.query}`);
      }
      await client.query('select pg_sleep(0.05)');
    }
  } finally {
    await client.end();
  }
}

async function query<Row extends QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

async function connections(url: string): Promise<number> {
  const rows = await query<{ n: number }>(
    url,
    `select count(*)::int as n from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  return rows[0]?.n ?? 0;
}

/** A stopped data folder with the newest schema, made when the schema's text changes. */
async function template(): Promise<string> {
  const home = join(cacheFolder(), fingerprint());
  if (existsSync(home)) return home;
  const draft = `${home}.${randomBytes(4).toString('hex')}`;
  const server = await startEmbedded({ dir: draft, fsync: false });
  try {
    const db = openDb({ url: server.url, log: quiet, connections: 4 });
    await migrate(db.sql);
    await db.close();
  } finally {
    await server.stop();
  }
  try {
    renameSync(draft, home);
  } catch (error) {
    // Another test file made it in the meantime: theirs is as good.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  }
  return home;
}

function cacheFolder(): string {
  const beside = join(root, 'node_modules', '.cache', 'passerelle-test-postgres');
  try {
    mkdirSync(beside, { recursive: true });
    accessSync(beside, constants.W_OK);
    return beside;
  } catch {
    // A read-only checkout: the machine's temporary folder does as well.
    const shared = join(tmpdir(), `passerelle-test-postgres-${process.getuid?.() ?? 0}`);
    mkdirSync(shared, { recursive: true, mode: 0o700 });
    return shared;
  }
}

function fingerprint(): string {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}-18`);
  const folder = join(root, 'src', 'store', 'schema');
  for (const name of readdirSync(folder).toSorted()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}
