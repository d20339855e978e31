// Runs the embedded real Postgres for one data folder: made once, started, stopped, never reachable but by a private socket.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from '../ports/stores.ts';
import { findBinaries, type PostgresBinaries } from './embedded-binaries.ts';

/** Data folders are named by major version: another major never opens them by accident. */
const MAJOR = 18;
const START_TIMEOUT_MS = 30_000;
const USER = 'passerelle';
/** How often a kept server is looked at, in ms. */
const LOOK_MS = 1_000;

export interface EmbeddedOptions {
  /** Folder that holds the data; made if missing. */
  readonly dir: string;
  /** Off only for throw-away test databases. */
  readonly fsync?: boolean;
  /** Connections allowed. */
  readonly connections?: number;
  /** A server that ends by itself (killed, out of memory, another process's that was stopped) is started again, and told here. */
  readonly keep?: Pick<Logger, 'warn'>;
}

export interface EmbeddedPostgres {
  /** A connection URL over the private socket. */
  readonly url: string;
  urlFor(database: string): string;
  /** The server process, when this process started it. */
  readonly pid: number | undefined;
  /** Stops the server (fast shutdown) if this process started it. */
  stop(): Promise<void>;
}

/** @throws Error in one sentence saying what to do */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  if (process.env['PASSERELLE_IN_IMAGE'] === '1') {
    throw new Error('The container image has no embedded database: set database.url to a Postgres server.');
  }
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const binaries = findBinaries(join(dir, 'lib'));
  const data = join(dir, `pg${MAJOR}`);
  const socket = socketDir(data);
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(binaries, dir, data);
  // A copied folder has its permissions widened, and Postgres refuses that.
  chmodSync(data, 0o700);
  const url = urlOf(socket, USER);
  const open = async (): Promise<ChildProcess | undefined> =>
    (await answers(urlOf(socket, 'postgres'))) ? undefined : await launch(binaries, dir, data, socket, options);
  let server = await open();
  await createDatabase(socket);
  const stopped = new AbortController();
  const keep = async (log: Pick<Logger, 'warn'>): Promise<void> => {
    while (!stopped.signal.aborted) {
      await gone(server, urlOf(socket, 'postgres'), stopped.signal);
      if (stopped.signal.aborted) return;
      log.warn({}, 'the embedded database ended by itself and is started again');
      try {
        server = await open();
      } catch (error) {
        log.warn({ error }, 'the embedded database could not be started again yet');
      }
    }
  };
  const keeping = options.keep === undefined ? undefined : keep(options.keep);
  return {
    url,
    urlFor: (database) => urlOf(socket, database),
    get pid() {
      return server?.pid;
    },
    stop: async () => {
      stopped.abort();
      await keeping;
      if (server === undefined) return;
      await stopServer(server);
      removeEmpty(socket);
    },
  };
}

/** Unix socket paths end at 107 bytes, so the socket does not live in the data folder. */
function socketDir(data: string): string {
  const name = createHash('sha256').update(data).digest('hex').slice(0, 12);
  const uid = process.getuid?.() ?? 0;
  const dir = join(tmpdir().length < 40 ? tmpdir() : '/tmp', `passerelle-pg-${uid}-${name}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  return dir;
}

/** Whoever else started a server on it meanwhile keeps it. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
  }
}

function urlOf(socket: string, database: string): string {
  return `postgres://${USER}@/${database}?host=${encodeURIComponent(socket)}`;
}

function initialise(binaries: PostgresBinaries, dir: string, data: string): void {
  const draft = `${data}.new-${randomBytes(4).toString('hex')}`;
  const args = ['-D', draft, '-U', USER, '--no-locale', '-E', 'UTF8', '--auth=trust', '--no-instructions'];
  const [command, ...rest] = wrapped(binaries.initdb, args);
  const run = spawnSync(command, rest, { env: environment(binaries), encoding: 'utf8' });
  if (run.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(
      `The embedded database could not be made in ${dir}: ${lastLine(run.stderr) || run.error?.message || 'initdb failed'}`,
    );
  }
  try {
    renameSync(draft, data);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Somebody else made it in the meantime: theirs is used.
    if (!existsSync(join(data, 'PG_VERSION'))) throw error;
  }
}

/** Postgres refuses root: as root it runs in a user namespace of its own, else as nobody; it dies with us either way. */
function wrapped(program: string, args: readonly string[]): [string, ...string[]] {
  if (process.platform !== 'linux') return [program, ...args];
  const dieWithUs = hasProgram('setpriv') ? ['setpriv', '--pdeathsig', 'INT'] : [];
  const isRoot = process.getuid?.() === 0;
  const command = isRoot ? [...rootless(), ...dieWithUs, program, ...args] : [...dieWithUs, program, ...args];
  return [command[0] ?? program, ...command.slice(1)];
}

function rootless(): readonly string[] {
  const namespace = ['unshare', '--user', '--map-user=65534', '--map-group=65534'];
  if (spawnSync(namespace[0] ?? '', [...namespace.slice(1), 'true']).status === 0) return namespace;
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
  if (spawnSync(nobody[0] ?? '', [...nobody.slice(1), 'true']).status === 0) return nobody;
  throw new Error(
    'The embedded database cannot run as root on this machine: start as a plain user, or set database.url.',
  );
}

function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0;
}

function environment(binaries: PostgresBinaries): NodeJS.ProcessEnv {
  const { PATH, TZ } = process.env;
  const plain = { PATH: PATH ?? '/usr/bin:/bin', LC_ALL: 'C', ...(TZ === undefined ? {} : { TZ }) };
  return binaries.libraryPath === undefined ? plain : { ...plain, LD_LIBRARY_PATH: binaries.libraryPath };
}

async function launch(
  binaries: PostgresBinaries,
  dir: string,
  data: string,
  socket: string,
  options: EmbeddedOptions,
): Promise<ChildProcess> {
  const until = Date.now() + START_TIMEOUT_MS;
  const settings = [
    'listen_addresses=',
    'unix_socket_permissions=0700',
    'shared_buffers=64MB',
    `max_connections=${options.connections ?? 60}`,
    `fsync=${options.fsync === false ? 'off' : 'on'}`,
  ];
  const args = ['-D', data, '-k', socket, ...settings.flatMap((setting) => ['-c', setting])];
  for (;;) {
    // Whoever stopped the server before has taken the folder away.
    socketDir(data);
    const log = openSync(join(dir, 'postgres.log'), 'a', 0o600);
    const [command, ...rest] = wrapped(binaries.postgres, args);
    // A group of its own: Ctrl-C is for us, who still have to finish what is in hand.
    const server = spawn(command, rest, { env: environment(binaries), stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const exited = new Promise<void>((done) => {
      server.once('exit', () => done());
      server.once('error', () => done());
    });
    if (await becomesReady(server, socket, until)) return server;
    server.kill('SIGKILL');
    await exited;
    // After a crash the old shared memory or postmaster.pid may linger for a moment.
    if (Date.now() > until)
      throw new Error(`The embedded database did not start: see ${join(dir, 'postgres.log')} (${lastLogLine(dir)})`);
    await sleep(200);
  }
}

async function becomesReady(server: ChildProcess, socket: string, until: number): Promise<boolean> {
  while (server.exitCode === null && server.signalCode === null && server.pid !== undefined) {
    if (await answers(urlOf(socket, 'postgres'))) return true;
    if (Date.now() > until) return false;
    await sleep(50);
  }
  return false;
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  // A server that is starting or gone is an answer here, not a fault.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}

/** Resolves when the server is no longer there, or the signal says that nobody cares. */
async function gone(server: ChildProcess | undefined, url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (server === undefined ? !(await answers(url)) : server.exitCode !== null || server.signalCode !== null) return;
    // Being stopped ends the wait.
    await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function createDatabase(socket: string): Promise<void> {
  const client = new Client({ connectionString: urlOf(socket, 'postgres') });
  await client.connect();
  try {
    const there = await client.query('select 1 from pg_database where datname = $1', [USER]);
    if (there.rowCount === 0) await client.query(`create database ${USER}`);
  } catch (error) {
    // Two starts at once: the other one made it.
    if ((error as { code?: string }).code !== '42P04' && (error as { code?: string }).code !== '23505') throw error;
  } finally {
    await client.end();
  }
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise<void>((done) => server.once('exit', () => done()));
  server.kill('SIGINT');
  const late = setTimeout(() => server.kill('SIGKILL'), 15_000);
  await exited;
  clearTimeout(late);
}

function lastLogLine(dir: string): string {
  const file = join(dir, 'postgres.log');
  return existsSync(file) ? lastLine(readFileSync(file, 'utf8')) : '';
}

function lastLine(text: string | null): string {
  return (text ?? '').trim().split('\n').at(-1) ?? '';
}
