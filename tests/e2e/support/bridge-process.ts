// The bridge as people run it: `npm start` in a process group of its own, everything it says kept in a file; knows no insides.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const READY_LIMIT_MS = 90_000;
const END_LIMIT_MS = 60_000;

export class BridgeProcess {
  readonly #config: string;
  readonly #health: number;
  /** Everything that any start of it has said. */
  readonly output: string;
  #child: ChildProcess | undefined;
  #ended: Promise<unknown> | undefined;

  constructor(options: { readonly config: string; readonly health: number; readonly output: string }) {
    this.#config = options.config;
    this.#health = options.health;
    this.output = options.output;
  }

  said(): string {
    return readFileSync(this.output, 'utf8');
  }

  /** Starts it and waits until it says that it is ready. @throws Error with its last lines when it ends first */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  launch(): void {
    const file = openSync(this.output, 'a');
    const child = spawn('npm', ['start', '--silent', '--', '--config', this.#config], {
      cwd: ROOT,
      stdio: ['ignore', file, file],
      // A group of its own, as a service manager gives it: signals reach npm, the launcher and the bridge alike.
      detached: true,
      env: outsideOfJest(),
    });
    closeSync(file);
    this.#child = child;
    this.#ended = once(child, 'exit');
  }

  async ready(): Promise<void> {
    const until = Date.now() + READY_LIMIT_MS;
    while (!(await this.isReady())) {
      const child = this.#child;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`the bridge ended while starting: ${this.said().trim().split('\n').slice(-5).join(' | ')}`);
      }
      if (Date.now() > until) throw new Error(`the bridge is not ready after ${READY_LIMIT_MS} ms; see ${this.output}`);
      await pause(100);
    }
  }

  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#health}/health/ready`, {
        signal: AbortSignal.timeout(3000),
      });
      await answer.text();
      return answer.ok;
    } catch {
      // Not listening yet: not ready.
      return false;
    }
  }

  /** To the whole group. @returns false when nobody is left in it */
  signal(name: NodeJS.Signals | 0): boolean {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the bridge was not started');
    try {
      return process.kill(-pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      return false;
    }
  }

  /** kill -9 of the bridge and all that it started, its database too. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#gone();
  }

  /** As a service manager stops it: everybody in the group is told. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await this.#gone();
  }

  /** npm ends before those that it started. */
  async #gone(): Promise<void> {
    const until = Date.now() + END_LIMIT_MS;
    while (this.signal(0)) {
      if (Date.now() > until) {
        this.signal('SIGKILL');
        throw new Error(`the bridge did not end within ${END_LIMIT_MS} ms; see ${this.output}`);
      }
      await pause(20);
    }
    await this.#ended;
    this.#child = undefined;
  }

  /** Whatever state it is in, afterwards nothing of it runs. */
  async end(): Promise<void> {
    if (this.#child === undefined) return;
    // One that was frozen takes no other signal.
    this.signal('SIGCONT');
    await this.stop();
  }
}

/** A person's shell knows nothing of jest, of its Node options or of the npm that runs it. */
export function outsideOfJest(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(?:npm_lifecycle|npm_package|npm_command|NODE_OPTIONS$|NODE_ENV$|JEST_|PASSERELLE_(?!CACHE|PYTHON))/.test(
          name,
        ),
    ),
  );
}
