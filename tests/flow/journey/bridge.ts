// The bridge as a process of its own, with its configuration, for tests that see it from outside only; knows no insides.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const QUIETLY = ['--disable-warning=DEP0060', '--disable-warning=ExperimentalWarning'];
const READY_LIMIT_MS = 60_000;

export interface BridgePlan {
  /** Exists; holds configuration, keys and log. */
  readonly dir: string;
  readonly homeserver: { readonly url: string; readonly serverName: string };
  readonly database: string;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly rules: readonly unknown[];
  /** The checkout whose bridge runs; this one unless told. */
  readonly tree?: string;
  readonly administrators: readonly string[];
}

export class Bridge {
  readonly registrations: readonly string[];
  readonly #plan: BridgePlan;
  readonly #ports: { readonly door: number; readonly health: number };
  #child: ChildProcess | undefined;

  private constructor(plan: BridgePlan, ports: { door: number; health: number }) {
    this.#plan = plan;
    this.#ports = ports;
    this.registrations = ['registration.yaml', 'doublepuppet.yaml'].map((name) => join(plan.dir, name));
  }

  /** Writes the configuration, and the registrations with `passerelle registration generate`. */
  static async prepare(plan: BridgePlan): Promise<Bridge> {
    const bridge = new Bridge(plan, { door: await freePort(), health: await freePort() });
    writeFileSync(bridge.#file('config.yaml'), JSON.stringify(bridge.#config()), { mode: 0o600 });
    const made = bridge.#spawn(['registration', 'generate']);
    const [code] = (await once(made, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`no registrations: ${bridge.log().slice(-1500)}`);
    return bridge;
  }

  log(): string {
    return readFileSync(this.#file('bridge.log'), 'utf8');
  }

  /** @throws Error with its log when it does not become ready */
  async start(): Promise<void> {
    const child = this.#spawn(['run']);
    this.#child = child;
    const until = Date.now() + READY_LIMIT_MS;
    while (!(await this.#isReady())) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`the bridge is not ready: ${this.log().slice(-1500)}`);
      await sleep(50);
    }
  }

  /** SIGTERM, or what is told; resolves when the process is gone. @returns its exit code, null after a signal */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    const [code] = (await gone) as [number | null];
    return code;
  }

  #file(name: string): string {
    return join(this.#plan.dir, name);
  }

  #spawn(command: readonly string[]): ChildProcess {
    const log = openSync(this.#file('bridge.log'), 'a');
    const tree = this.#plan.tree ?? ROOT;
    const program = [...QUIETLY, join(tree, 'src', 'main.ts'), ...command, '--config', this.#file('config.yaml')];
    const child = spawn(process.execPath, program, {
      cwd: tree,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    return child;
  }

  async #isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#ports.health}/health/ready`, {
        signal: AbortSignal.timeout(3_000),
      });
      await answer.text();
      return answer.ok;
    } catch {
      // Not listening yet: not ready.
      return false;
    }
  }

  /** JSON is YAML. */
  #config(): unknown {
    const word = (): string => randomBytes(32).toString('base64url');
    const key = (): string => randomBytes(32).toString('base64');
    const { homeserver, database, networks, rules, administrators } = this.#plan;
    const { door, health } = this.#ports;
    return {
      homeserver,
      appservice: { port: door, url: `http://127.0.0.1:${door}`, asToken: word(), hsToken: word() },
      doublePuppet: { enabled: true, asToken: word() },
      database: { url: database },
      secrets: { vaultKey: key(), identityKey: key() },
      networks,
      rules,
      administrators,
      rooms: { sendTyping: true },
      logging: { level: 'trace' },
      health: { port: health },
    };
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  server.close();
  await once(server, 'close');
  return address.port;
}
