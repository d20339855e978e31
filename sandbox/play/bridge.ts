// Writes the configuration of a bridge and runs it as the process that people start with `npm start`; it must not know the bridge's
// insides, and no conversation.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BOOT = fileURLToPath(new URL('../../scripts/boot.mjs', import.meta.url));
const KEEPER = fileURLToPath(new URL('./keeper.ts', import.meta.url));
const READY_MS = 90_000;
const STOP_MS = 40_000;

export interface BridgePlan {
  /** Made when missing; holds the configuration, the keys, the database and the log. */
  readonly dir: string;
  readonly homeserver: { readonly url: string; readonly serverName: string };
  /** The section of each network. */
  readonly networks: Readonly<Record<string, unknown>>;
  readonly administrator: string;
  readonly ports: { readonly appservice: number; readonly health: number };
}

export interface BridgeFiles {
  readonly config: string;
  readonly registrations: readonly string[];
  readonly log: string;
}

export interface RunningBridge {
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number>;
  /** SIGTERM, and the wait for what it has in hand. */
  stop(): Promise<void>;
}

/** Writes configuration, keys and registrations as an operator would: by hand and with `passerelle registration generate`. */
export async function prepareBridge(plan: BridgePlan): Promise<BridgeFiles> {
  mkdirSync(plan.dir, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(plan.dir, name);
  const secret = (): string => randomBytes(32).toString('base64url');
  for (const key of ['vault.key', 'identity.key']) {
    writeFileSync(file(key), `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  }
  const everybody = `:${plan.homeserver.serverName}`;
  const config = {
    homeserver: plan.homeserver,
    appservice: {
      id: 'passerelle',
      host: '127.0.0.1',
      port: plan.ports.appservice,
      url: `http://127.0.0.1:${plan.ports.appservice}`,
      botLocalpart: 'passerelle',
      senderLocalpart: '_passerelle_sender',
      asToken: secret(),
      hsToken: secret(),
    },
    doublePuppet: { enabled: true, asToken: secret(), localparts: '.*' },
    database: { embedded: { dir: 'data' }, connections: 12 },
    secrets: { vaultKeyFile: 'vault.key', identityKeyFile: 'identity.key' },
    networks: plan.networks,
    administrators: [plan.administrator],
    rules: Object.keys(plan.networks).flatMap((network) => [
      { allow: 'login', user: everybody, network },
      { allow: 'bridge', user: everybody, network, chat: 'direct:*' },
      { allow: 'start-chat', user: everybody, network },
    ]),
    logging: { level: 'info' },
    health: { enabled: true, host: '127.0.0.1', port: plan.ports.health },
  };
  // JSON is YAML.
  writeFileSync(file('config.yaml'), `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  const files = {
    config: file('config.yaml'),
    registrations: [file('registration.yaml'), file('doublepuppet.yaml')],
    log: file('bridge.log'),
  };
  const made = start(['passerelle', 'registration', 'generate', '--config', files.config], files.log);
  const code = await exitOf(made);
  if (code !== 0) throw new Error(`the registrations could not be written (exit code ${code}):\n${tail(files.log)}`);
  return files;
}

/** `npm start` and the wait until it says that it is ready. @throws Error with the end of its log */
export async function startBridge(files: BridgeFiles, healthPort: number): Promise<RunningBridge> {
  const child = start(['start', '--config', files.config], files.log);
  const ended = exitOf(child);
  const over = { code: undefined as number | undefined };
  void ended.then((code) => {
    over.code = code;
  });
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    const late = new AbortController();
    const limit = pause(STOP_MS, undefined, { signal: late.signal }).then(
      () => killGroup(child),
      () => undefined,
    );
    await ended;
    late.abort();
    await limit;
  };
  const until = Date.now() + READY_MS;
  while (over.code === undefined) {
    if (await isReady(healthPort)) return { ended, stop };
    if (Date.now() > until) {
      await stop();
      throw new Error(`the bridge was not ready after ${READY_MS / 1000} s:\n${tail(files.log)}`);
    }
    await pause(50);
  }
  throw new Error(`the bridge ended with code ${over.code}:\n${tail(files.log)}`);
}

function start(args: readonly string[], log: string): ChildProcess {
  const output = openSync(log, 'a');
  const child = spawn(process.execPath, [KEEPER, process.execPath, BOOT, ...args], {
    stdio: ['pipe', output, output],
    detached: true,
  });
  closeSync(output);
  return child;
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** The keeper leads its group, so that this reaches the bridge too. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // Gone in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // Not listening yet is the answer, not an error.
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-12).join('\n');
}
