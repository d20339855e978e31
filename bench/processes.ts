// The processes that are measured: the bridge as operators run it and the bare clients, with CPU and memory as the kernel counts them.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { monotonic } from '../sandbox/tape.ts';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Ticks of /proc are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;
const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
const QUIET = ['--disable-warning=DEP0060', '--disable-warning=ExperimentalWarning'];

/** User and system time so far, in ms. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory in MiB. */
export function memoryOf(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
}

export interface BridgeOptions {
  readonly config: string;
  readonly log: string;
  readonly healthPort: number;
  /** Where V8 leaves its profile when the bridge ends. */
  readonly profile?: string | undefined;
}

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #child: ChildProcess;
  /** monotonic() just before the process was made. */
  readonly startedAt: number;

  constructor(options: BridgeOptions) {
    this.#options = options;
    const log = openSync(options.log, 'a');
    const profiler = options.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', options.profile];
    const program = [process.execPath, ...QUIET, ...profiler, join(root, 'src', 'main.ts'), 'run'];
    this.startedAt = monotonic();
    // It must not outlive a bench that is killed.
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', ...program, '--config', options.config], {
      cwd: root,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the bridge could not be started: is setpriv (util-linux) there?');
    return pid;
  }

  /** @throws Error when it ended or is not ready in time */
  async ready(): Promise<void> {
    const until = monotonic() + READY_LIMIT_MS;
    while (!(await this.#answers())) {
      if (this.#ended() || monotonic() > until) {
        throw new Error(`the bridge did not become ready: ${lastLine(this.#options.log)}`);
      }
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    if (this.#ended()) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }

  #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #answers(): Promise<boolean> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#options.healthPort}/health/ready`, {
        signal: AbortSignal.timeout(3000),
      });
      await answer.text();
      return answer.ok;
    } catch {
      // Not listening yet: not ready.
      return false;
    }
  }
}

/** The folder of a run goes with it, so the reason is told, not the place. */
function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
}

/** A bare client in a process of its own: one JSON line in, one JSON line out. Ends when its standard input closes. */
export class BareClient {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(file: string) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const child = spawn(process.execPath, [...QUIET, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async ask(question: unknown): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('a bare client ended before its answer');
    return JSON.parse(line.value) as unknown;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await gone;
  }
}
