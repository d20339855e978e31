// The bridge as operators run it: worker processes with a slot and ports of their own, killed and started again; knows no insides.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface WorkerOptions {
  /** The checkout whose bridge runs. */
  readonly tree: string;
  readonly config: string;
  readonly logs: string;
  readonly slot: string;
  /** Where the homeserver's transactions and where health questions are answered. */
  readonly ports: { readonly door: number; readonly health: number };
}

const READY_LIMIT_MS = 60_000;

export class Worker {
  readonly options: WorkerOptions;
  #child: ChildProcess | undefined;
  #ended: string | undefined;
  #restarts = 0;

  constructor(options: WorkerOptions) {
    this.options = options;
  }

  /** Does nothing while it runs. */
  start(): void {
    if (this.#child !== undefined && this.#ended === undefined) return;
    const { tree, config, logs, slot, ports } = this.options;
    const log = openSync(join(logs, `worker-${slot}.log`), 'a');
    const program = [
      process.execPath,
      '--disable-warning=DEP0060',
      '--disable-warning=ExperimentalWarning',
      join(tree, 'src', 'main.ts'),
    ];
    // The worker must not outlive a harness that is killed itself.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...program, 'run', '--config', config, '--slot', slot], {
      cwd: tree,
      env: {
        ...process.env,
        PASSERELLE_APPSERVICE__PORT: String(ports.door),
        PASSERELLE_HEALTH__PORT: String(ports.health),
      },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#ended = undefined;
    this.#child = child;
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.#ended = signal ?? `exit code ${code}`;
    });
  }

  /** How it ended by itself; undefined while it runs or after we killed it. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** How often it ended by itself and was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.options.ports.health}/health/ready`, {
        signal: AbortSignal.timeout(3000),
      });
      await answer.text();
      return answer.ok;
    } catch {
      // Not listening yet: not ready.
      return false;
    }
  }

  /** Starts the process anew when it ended by itself, as a service manager would. @throws Error when it is not ready in time */
  async ready(): Promise<void> {
    const until = Date.now() + READY_LIMIT_MS;
    while (!(await this.isReady())) {
      if (Date.now() > until)
        throw new Error(`worker ${this.options.slot} did not become ready (${this.#ended ?? 'it runs'})`);
      if (this.#ended !== undefined) {
        this.#restarts += 1;
        this.start();
      }
      await sleep(100);
    }
  }
}
