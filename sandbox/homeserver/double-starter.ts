// Starts the homeserver double, in this process or in one of its own; it must not know what the double answers.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endProcess, startProcess } from '../process.ts';
import { loginAccount, registerAccount, SHARED_SECRET } from './accounts.ts';
import { localFaults, panelAt, remoteFaults } from './double/control.ts';
import { DoubleServer } from './double/server.ts';
import type { Homeserver, HomeserverOptions } from './types.ts';

/** What `main.ts` prints when it is ready. */
export interface ReadyLine {
  readonly url: string;
  readonly control: string;
  readonly pid: number;
}

/** Start a double; its data live in the memory of the process that serves it. */
export async function startDouble(options: HomeserverOptions): Promise<Homeserver> {
  const dir = resolve(options.dir, 'double');
  mkdirSync(dir, { recursive: true });
  const logFile = join(dir, 'double.log');
  return options.ownProcess === true ? await startApart(options, dir, logFile) : await startHere(options, logFile);
}

function common(options: HomeserverOptions, url: string, logFile: string) {
  return {
    kind: 'double' as const,
    url,
    serverName: options.serverName ?? 'hs.test',
    roomVersion: options.roomVersion ?? '12',
    logFile,
    registerUser: async (localpart: string, password: string, admin = false) =>
      await registerAccount(url, localpart, password, admin),
    login: async (localpart: string, password: string) => await loginAccount(url, localpart, password),
  };
}

async function startHere(options: HomeserverOptions, logFile: string): Promise<Homeserver> {
  const server = new DoubleServer(options.serverName ?? 'hs.test', options.port ?? 0, {
    registrations: options.registrations,
    defaultVersion: options.roomVersion ?? '12',
    secret: SHARED_SECRET,
    logFile,
  });
  await server.start();
  return {
    ...common(options, `http://127.0.0.1:${server.port}`, logFile),
    pid: undefined,
    faults: localFaults(server),
    stop: async () => await server.stop(),
    kill: async () => await server.crash(),
    restart: async () => {
      await server.stop();
      await server.start();
    },
    dispose: async () => await server.crash(),
  };
}

async function startApart(options: HomeserverOptions, dir: string, logFile: string): Promise<Homeserver> {
  const args = [
    '--dir',
    dir,
    '--server-name',
    options.serverName ?? 'hs.test',
    '--room-version',
    options.roomVersion ?? '12',
  ];
  if (options.port !== undefined) args.push('--port', String(options.port));
  for (const path of options.registrations) args.push('--registration', resolve(path));
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const { ready, child } = await startProcess<ReadyLine>('the homeserver double', main, args);
  const panel = panelAt(ready.control);
  return {
    ...common(options, ready.url, logFile),
    pid: ready.pid,
    faults: remoteFaults(panel),
    stop: async () => void (await panel.command('stop', {})),
    kill: async () => void (await panel.command('crash', {})),
    restart: async () => {
      await panel.command('stop', {});
      await panel.command('start', {});
    },
    dispose: async () => await endProcess(child),
  };
}
