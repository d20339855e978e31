// The bridge under test: one configuration, two worker processes, the proxy before them; knows how to start and kill it, not what it carries.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../sandbox/homeserver/ports.ts';
import { startBalancer, type Balancer } from './balancer.ts';
import { Worker } from './workers.ts';

const execute = promisify(execFile);
const SLOTS = ['one', 'two'];

export interface BridgeOptions {
  /** The checkout whose bridge runs. */
  readonly tree: string;
  /** A folder of its own, for the configuration and the logs. */
  readonly dir: string;
  readonly serverName: string;
  readonly homeserverPort: number;
  readonly database: string;
  readonly networks: Readonly<Record<string, unknown>>;
}

export class Bridge {
  /** What the homeserver must read. */
  readonly registrations: readonly string[];
  readonly workers: readonly Worker[];
  readonly #balancer: Balancer;

  private constructor(registrations: readonly string[], workers: readonly Worker[], balancer: Balancer) {
    this.registrations = registrations;
    this.workers = workers;
    this.#balancer = balancer;
  }

  /** Everything but the start. */
  static async prepare(options: BridgeOptions): Promise<Bridge> {
    const { tree, dir } = options;
    mkdirSync(dir, { recursive: true });
    const balancer = await startBalancer();
    try {
      const config = join(dir, 'config.yaml');
      // JSON is YAML.
      writeFileSync(config, JSON.stringify(configuration(options, balancer.port)), { mode: 0o600 });
      await execute(process.execPath, [join(tree, 'src', 'main.ts'), 'registration', 'generate', '--config', config], {
        cwd: tree,
      });
      const workers: Worker[] = [];
      for (const slot of SLOTS) {
        const ports = { door: await freePort(), health: await freePort() };
        workers.push(new Worker({ tree, config, logs: dir, slot, ports }));
      }
      balancer.setWorkers(workers.map((worker) => worker.options.ports.door));
      return new Bridge([join(dir, 'registration.yaml'), join(dir, 'doublepuppet.yaml')], workers, balancer);
    } catch (error) {
      await balancer.close();
      throw error;
    }
  }

  /** How often a worker ended although nobody killed it. */
  get endedByThemselves(): number {
    return this.workers.reduce((sum, worker) => sum + worker.restarts, 0);
  }

  start(): void {
    for (const worker of this.workers) worker.start();
  }

  async ready(): Promise<void> {
    await Promise.all(this.workers.map(async (worker) => await worker.ready()));
  }

  async kill(): Promise<void> {
    await Promise.all(this.workers.map(async (worker) => await worker.kill()));
  }

  async close(): Promise<void> {
    await this.kill();
    await this.#balancer.close();
  }
}

function configuration(options: BridgeOptions, door: number): unknown {
  const token = (): string => randomBytes(32).toString('base64url');
  const key = (): string => randomBytes(32).toString('base64');
  const everybody = `@*:${options.serverName}`;
  return {
    homeserver: { url: `http://127.0.0.1:${options.homeserverPort}`, serverName: options.serverName },
    appservice: { url: `http://127.0.0.1:${door}`, asToken: token(), hsToken: token() },
    doublePuppet: { enabled: true, asToken: token(), localparts: '[a-z]+' },
    database: { url: options.database },
    secrets: { vaultKey: key(), identityKey: key() },
    networks: options.networks,
    rules: [
      { allow: 'login', user: everybody },
      { allow: 'bridge', user: everybody },
      { allow: 'start-chat', user: everybody },
    ],
    logging: { level: 'debug' },
  };
}
