// Runs one real Synapse as a child process: start from a template database, health, stop, kill, restart; it must not know a bridge.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loginAccount, registerAccount } from './accounts.ts';
import { freePort } from './ports.ts';
import { databaseFile, writeSynapseConfig, type SynapseConfig } from './synapse-config.ts';
import { installSynapse, type SynapseInstall } from './synapse-install.ts';
import type { Homeserver, HomeserverOptions } from './types.ts';

// The child asks the kernel to end with its parent: a test run that is killed leaves no Synapse behind.
const LAUNCH = `
import ctypes, os, runpy, signal, sys
try:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
except Exception:
    pass
sys.argv = ["synapse"] + sys.argv[1:]
runpy.run_module("synapse.app.homeserver", run_name="__main__", alter_sys=True)
`;

// Fresh databases start with background updates; a template is taken once they are done.
const UPDATES_LEFT = `
import sqlite3, sys
print(sqlite3.connect(sys.argv[1], timeout=10).execute("select count(*) from background_updates").fetchone()[0])
`;

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

async function launch(install: SynapseInstall, config: SynapseConfig): Promise<Running> {
  const file = writeSynapseConfig(config);
  const outputFile = join(config.dir, 'output.log');
  const output = openSync(outputFile, 'a');
  const child = spawn(install.python, ['-c', LAUNCH, '-c', file], {
    stdio: ['ignore', output, output],
    cwd: config.dir,
  });
  closeSync(output);
  const state = { over: false };
  const ended = new Promise<void>((done) => {
    child.once('error', () => done());
    child.once('exit', () => done());
  }).then(() => {
    state.over = true;
  });
  const until = Date.now() + 120_000;
  while (!state.over) {
    if (await answers(`http://127.0.0.1:${config.port}/health`)) return { child, ended };
    if (Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`Synapse did not answer within two minutes; see ${outputFile}`);
    }
    await pause(50);
  }
  const tail = readFileSync(outputFile, 'utf8').trim().split('\n').slice(-3).join(' | ');
  throw new Error(`Synapse ended while starting: ${tail} (see ${outputFile})`);
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // Not listening yet is the answer, not an error.
  }
}

async function end(running: Running, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (running.child.exitCode === null && running.child.signalCode === null) running.child.kill(signal);
  const patience = setTimeout(() => running.child.kill('SIGKILL'), 20_000);
  await running.ended;
  clearTimeout(patience);
}

/** A database with the schema and nothing else, made once per cache and copied at every first start. */
async function template(install: SynapseInstall, say: (sentence: string) => void): Promise<string> {
  const file = join(install.home, 'template.db');
  if (existsSync(file)) return file;
  say('Preparing a template database for Synapse (once).');
  const dir = mkdtempSync(join(install.home, 'template-'));
  try {
    const config = { dir, serverName: 'template.test', port: await freePort(), roomVersion: '12', registrations: [] };
    const running = await launch(install, config);
    const until = Date.now() + 60_000;
    while ((await updatesLeft(install, dir)) > 0 && Date.now() < until) await pause(200);
    await end(running, 'SIGTERM');
    renameSync(databaseFile(dir), file);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  return file;
}

async function updatesLeft(install: SynapseInstall, dir: string): Promise<number> {
  const child = spawn(install.python, ['-c', UPDATES_LEFT, databaseFile(dir)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return text.trim() === '' ? 1 : Number(text);
}

/** Install if needed, start, wait for health. Errors are one sentence and name the log. */
export async function startSynapse(options: HomeserverOptions): Promise<Homeserver> {
  const say = options.say ?? (() => undefined);
  const install = await installSynapse(say);
  const dir = resolve(options.dir, 'synapse');
  mkdirSync(dir, { recursive: true });
  if (!existsSync(databaseFile(dir))) copyFileSync(await template(install, say), databaseFile(dir));
  const port = options.port ?? (await freePort());
  let config: SynapseConfig = {
    dir,
    serverName: options.serverName ?? 'hs.test',
    port,
    roomVersion: options.roomVersion ?? '12',
    registrations: options.registrations,
    ...options.settings,
  };
  const url = `http://127.0.0.1:${port}`;
  let running: Running | undefined = await launch(install, config);
  const lastResort = (): void => void running?.child.kill('SIGKILL');
  process.once('exit', lastResort);
  const down = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const was = running;
    running = undefined;
    if (was !== undefined) await end(was, signal);
  };
  return {
    kind: 'synapse',
    url,
    serverName: config.serverName,
    roomVersion: config.roomVersion,
    logFile: join(dir, 'synapse.log'),
    get pid() {
      return running?.child.pid;
    },
    faults: undefined,
    registerUser: async (localpart, password, admin = false) => await registerAccount(url, localpart, password, admin),
    login: async (localpart, password) => await loginAccount(url, localpart, password),
    stop: async () => await down('SIGTERM'),
    kill: async () => await down('SIGKILL'),
    restart: async (settings = {}) => {
      await down('SIGTERM');
      config = { ...config, ...settings };
      running = await launch(install, config);
    },
    dispose: async () => {
      process.removeListener('exit', lastResort);
      await down('SIGTERM');
    },
  };
}
