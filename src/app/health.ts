// Tells service managers whether the process lives and whether it can do its work; on a listener of its own, with injected checks.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** True when in order. A check that throws, or takes longer than the limit, counts as false. */
export type HealthCheck = () => boolean | Promise<boolean>;

export interface HealthOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Of the process itself: false means that only a restart helps. */
  readonly live: Readonly<Record<string, HealthCheck>>;
  /** `database`, `lanes`, `homeserver`: false means that it is not at work yet, or not now. */
  readonly ready: Readonly<Record<string, HealthCheck>>;
  readonly limitMs?: number;
}

export interface Health {
  readonly port: number;
  close(): Promise<void>;
}

const LIMIT_MS = 2000;

/** GET /health/live and /health/ready: 200 or 503 with `{"status", "checks"}`. @throws Error with code EADDRINUSE */
export async function startHealth(options: HealthOptions): Promise<Health> {
  const groups: Readonly<Record<string, Readonly<Record<string, HealthCheck>>>> = {
    '/health/live': options.live,
    '/health/ready': options.ready,
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const checks = Object.hasOwn(groups, path) ? groups[path] : undefined;
    if (checks === undefined) answer(response, 404, { status: 'unknown' });
    else if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, { status: 'unknown' });
    else void judge(checks, options.limitMs ?? LIMIT_MS).then((verdict) => report(response, verdict));
  });
  server.requestTimeout = 5000;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      await new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
    },
  };
}

async function listen(server: Server, options: HealthOptions): Promise<void> {
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(options.port, options.host, () => {
      server.off('error', failed);
      done();
    });
  });
}

type Verdict = Readonly<Record<string, boolean>>;

async function judge(checks: Readonly<Record<string, HealthCheck>>, limitMs: number): Promise<Verdict> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await inTime(check, limitMs)] as const),
  );
  return Object.fromEntries(results);
}

async function inTime(check: HealthCheck, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(false), limitMs);
  });
  try {
    return await Promise.race([Promise.resolve(check()), late]);
  } catch {
    // A check that cannot be made is a check that failed; its own wing logs why.
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function report(response: ServerResponse, verdict: Verdict): void {
  const isGood = Object.values(verdict).every(Boolean);
  answer(response, isGood ? 200 : 503, { status: isGood ? 'ok' : 'failing', checks: verdict });
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
