// What the doctor really touches: the homeserver over HTTP, the disk, the database, and the bridge's own address for a moment.
import { createServer, type Server } from 'node:http';
import { timingSafeEqual } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config/schema.ts';
import { databaseFacts, openDatabase } from './database.ts';
import { codeOf } from './failures.ts';
import type { Answer, Call, DoctorPorts } from './doctor-doors.ts';
import { registrationDifferences, registrationPaths } from './first-start.ts';
import type { Endpoint } from './network-sections.ts';

const LIMIT_MS = 15_000;

export function realPorts(config: Config, endpoints: Readonly<Record<string, Endpoint>>, quick: boolean): DoctorPorts {
  return {
    config,
    quick,
    probes: Object.fromEntries(Object.entries(endpoints).map(([id, at]) => [id, async () => await reach(at)])),
    call: homeserverCall(config),
    now: Date.now,
    database: async () => {
      const opened = await openDatabase(config);
      try {
        return await databaseFacts(config, opened.db);
      } finally {
        await opened.close();
      }
    },
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(existing(config.database.embedded?.dir ?? config.source.dir));
      return bavail * bsize;
    },
    registration: () => registrationDifferences(config, registrationPaths(config.source.path)),
    answering: async (work) => await whileAnswering(config, work),
  };
}

/** The database's folder is only made by the first start. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}

export function homeserverCall(config: Config): Call {
  const tokens = { bridge: config.appservice.asToken, double: config.doublePuppet.asToken };
  return async (request): Promise<Answer> => {
    const base = config.homeserver.url.replace(/\/+$/, '');
    const query = request.user === undefined ? '' : `?user_id=${encodeURIComponent(request.user)}`;
    const token = request.token === undefined ? undefined : tokens[request.token]?.reveal();
    try {
      const response = await fetch(base + request.path + query, {
        method: request.method,
        redirect: 'manual',
        signal: AbortSignal.timeout(LIMIT_MS),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
      const text = await response.text();
      return {
        kind: 'answer',
        status: response.status,
        body: parsed(text),
        date: response.headers.get('date') ?? undefined,
      };
    } catch (error) {
      return { kind: 'silent', code: silence(error) };
    }
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not a homeserver's answer: the check says so.
    return undefined;
  }
}

/** fetch hides the socket's error as the cause, or as the first of several causes when a name has several addresses. */
function silence(error: unknown): string {
  const { name, cause } = error as {
    readonly name?: unknown;
    readonly cause?: { readonly errors?: readonly unknown[] };
  };
  if (name === 'TimeoutError') return 'ETIMEDOUT';
  return codeOf(cause) ?? codeOf(cause?.errors?.[0]) ?? codeOf(error) ?? 'no answer';
}

/** When no bridge runs, the doctor answers pings itself; it accepts nothing else, so that no event is acknowledged. */
async function whileAnswering<T>(
  config: Config,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly by: 'bridge' | 'doctor' | 'nobody' }> {
  const expected = Buffer.from(`Bearer ${config.appservice.hsToken.reveal()}`);
  const server = createServer((request, response) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    const isOurs = given.length === expected.length && timingSafeEqual(given, expected);
    const isPing = request.method === 'POST' && request.url === '/_matrix/app/v1/ping';
    request.resume();
    response.writeHead(isOurs ? (isPing ? 200 : 503) : 403, { 'content-type': 'application/json' });
    response.end('{}');
  });
  const by = await listen(server, config.appservice);
  try {
    return { result: await work(), by };
  } finally {
    if (by === 'doctor') {
      server.close();
      server.closeAllConnections();
    }
  }
}

async function listen(server: Server, at: Config['appservice']): Promise<'bridge' | 'doctor' | 'nobody'> {
  return await new Promise((done) => {
    server.once('error', (error) => done(codeOf(error) === 'EADDRINUSE' ? 'bridge' : 'nobody'));
    server.listen(at.port, at.host, () => done('doctor'));
  });
}

/** Resolves when something accepts a connection there. @throws Error with a code */
async function reach(endpoint: Endpoint): Promise<void> {
  await new Promise<void>((done, failed) => {
    const socket = connect({ ...endpoint, timeout: LIMIT_MS });
    socket.once('connect', () => done());
    socket.once('timeout', () => failed(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })));
    socket.once('error', failed);
    socket.once('close', () => failed(Object.assign(new Error('closed'), { code: 'ECLOSED' })));
    socket.once('connect', () => socket.destroy());
  });
}
