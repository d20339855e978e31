// The harness's own Postgres: the real server with fsync on, killed with all its processes and started again; knows no tables.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startEmbedded, type EmbeddedPostgres } from '../../src/store/embedded.ts';

/** What commits asynchronously stays in the server's memory for this long, so that a kill surely shows what relied on it. */
const WAL_WRITER_DELAY = '10s';

export class OwnPostgres {
  readonly #dir: string;
  #server: EmbeddedPostgres | undefined;

  constructor(dir: string) {
    this.#dir = join(dir, 'postgres');
  }

  /** With a host that is not used: the socket's folder stands behind it. Without one it would be no URL. */
  get url(): string {
    return this.#must().url.replace('@/', '@localhost/');
  }

  async start(): Promise<void> {
    this.#server = await startEmbedded({ dir: this.#dir, fsync: true, connections: 60 });
    await this.#run(`alter system set wal_writer_delay = '${WAL_WRITER_DELAY}'`);
    await this.#run('select pg_reload_conf()');
  }

  /** SIGKILL to every process of the server at once. Resolves when all are gone. */
  async kill(): Promise<void> {
    const { pid } = this.#must();
    if (pid === undefined) throw new Error('this Postgres was started by somebody else');
    const all = [pid, ...childrenOf(pid)];
    for (const one of all) killIfThere(one, 'SIGKILL');
    while (all.some(isThere)) await sleep(5);
  }

  /** After a kill: recovers and serves again. */
  async restart(): Promise<void> {
    this.#server = await startEmbedded({ dir: this.#dir, fsync: true, connections: 60 });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const { url } = this;
    this.#server = undefined;
    await server.stop();
    const socket = new URL(url).searchParams.get('host');
    if (socket !== null) rmSync(socket, { recursive: true, force: true });
  }

  #must(): EmbeddedPostgres {
    if (this.#server === undefined) throw new Error('Postgres is not running');
    return this.#server;
  }

  async #run(text: string): Promise<void> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statOf(name)?.parent === pid)
    .map(Number);
}

/** Any process of the machine may end between being listed and being read. */
function statOf(name: string): { readonly state: string; readonly parent: number } | undefined {
  try {
    const [state = '', parent = ''] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return { state, parent: Number(parent) };
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function isThere(pid: number): boolean {
  const stat = statOf(String(pid));
  return stat !== undefined && stat.state !== 'Z';
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
