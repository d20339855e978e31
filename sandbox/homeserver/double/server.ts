// The HTTP side of the double: sockets, JSON, faults, deaths; it must not know what a path means.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { FaultRule } from '../types.ts';
import { Double, type DoubleSettings } from './double.ts';
import { FaultBook } from './faults.ts';
import { isObject, MatrixError, type Json } from './json.ts';
import { identify, transactionKey, type Requester } from './requester.ts';
import { route } from './routes.ts';
import type { Answer, Call } from './routes/route.ts';
import { World } from './world.ts';

const LARGEST = 210 * 1024 * 1024;

export class DoubleServer {
  readonly faults = new FaultBook();
  readonly #world: World;
  readonly #settings: DoubleSettings;
  #life: Double | undefined;
  #server: Server | undefined;
  #port: number;

  constructor(serverName: string, port: number, settings: DoubleSettings) {
    this.#world = new World(serverName);
    this.#settings = settings;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  /** The running life; throws while it is down. */
  get life(): Double {
    if (this.#life === undefined) throw new Error('the homeserver double is not running');
    return this.#life;
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const life = new Double(this.#world, this.#settings);
    const server = createServer((request, response) => void this.#serve(life, request, response));
    server.keepAliveTimeout = 60_000;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    this.#server = server;
    this.#life = life;
  }

  /** Graceful: requests under way finish, long polls answer, transactions under way are cut off. */
  async stop(): Promise<void> {
    await this.#end(false);
  }

  /** As by SIGKILL: sockets die at once, memory is gone. */
  async crash(): Promise<void> {
    await this.#end(true);
  }

  async #end(hard: boolean): Promise<void> {
    const server = this.#server;
    const life = this.#life;
    this.#server = undefined;
    this.#life = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    if (hard) server.closeAllConnections();
    else server.closeIdleConnections();
    life?.die();
    if (!hard) {
      const patience = setTimeout(() => server.closeAllConnections(), 500);
      await closed;
      clearTimeout(patience);
    } else await closed;
    // Clients in this very process notice their dead sockets only when the loop has turned.
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  }

  async #serve(life: Double, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const url = request.url ?? '/';
    const act = this.faults.take(method, url);
    try {
      const bytes = await read(request);
      if (act?.kind === 'drop-before') {
        request.socket.destroy();
        return;
      }
      if (act?.kind === 'delay') await pause(act.ms);
      if (act?.kind === 'answer' && act.execute !== true) {
        send(response, lie(act));
        return;
      }
      if (this.#life !== life) {
        request.socket.destroy();
        return;
      }
      const answer = await this.#execute(life, request, response, bytes);
      if (act?.kind === 'drop-after') request.socket.destroy();
      else send(response, act?.kind === 'answer' ? lie(act) : answer);
    } catch (error) {
      // Only a socket that died while we read or wrote can bring us here.
      life.log(`${method} ${url.split('?')[0] ?? ''}: ${String(error)}`);
      request.socket.destroy();
    }
  }

  async #execute(life: Double, request: IncomingMessage, response: ServerResponse, bytes: Buffer): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://double');
    const method = request.method ?? 'GET';
    try {
      if (method === 'OPTIONS') return { status: 200, body: {} };
      const path = url.pathname;
      const found = route(method, path);
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const call = callOf(life, request, url, found.parts, bytes, gone.signal);
      const run = async (): Promise<Answer> => await found.route.run(call);
      if (found.route.transaction !== true) return await run();
      return await life.once(transactionKey(call.who(), `${method} ${path}`), run);
    } catch (error) {
      if (error instanceof MatrixError) {
        return { status: error.status, body: { errcode: error.errcode, error: error.message, ...error.extra } };
      }
      life.log(`${method} ${url.pathname}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return { status: 500, body: { errcode: 'M_UNKNOWN', error: 'Internal server error' } };
    }
  }
}

function callOf(
  hs: Double,
  request: IncomingMessage,
  url: URL,
  parts: readonly string[],
  bytes: Buffer,
  signal: AbortSignal,
): Call {
  const { authorization } = request.headers;
  let requester: Requester | undefined;
  return {
    hs,
    parts,
    query: url.searchParams,
    bytes,
    contentType: request.headers['content-type'] ?? 'application/octet-stream',
    measured: request.headers['content-length'] !== undefined,
    token: authorization?.startsWith('Bearer ') === true ? authorization.slice(7) : undefined,
    signal,
    json: () => parseObject(bytes),
    who: () => (requester ??= identify(hs.world, hs.services, authorization, url.searchParams)),
  };
}

function parseObject(bytes: Buffer): Json {
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new MatrixError(400, 'M_NOT_JSON', 'Content not JSON.');
  }
  if (!isObject(value)) throw new MatrixError(400, 'M_BAD_JSON', 'Content must be a JSON object.');
  return value;
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST) throw new Error('request too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function lie(act: Extract<FaultRule['act'], { kind: 'answer' }>): Answer {
  const headers: Record<string, string> = {};
  if (act.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(act.retryAfterMs / 1000));
  if (act.text !== undefined) {
    return { status: act.status, body: Buffer.from(act.text), headers: { ...headers, 'content-type': 'text/html' } };
  }
  const body: Json = { errcode: act.errcode ?? 'M_UNKNOWN', error: act.error ?? 'Injected fault' };
  if (act.retryAfterMs !== undefined) body['retry_after_ms'] = act.retryAfterMs;
  return { status: act.status, body, headers };
}

function send(response: ServerResponse, answer: Answer): void {
  const bytes = Buffer.isBuffer(answer.body) ? answer.body : Buffer.from(JSON.stringify(answer.body));
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization, Date',
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
    ...answer.headers,
  });
  response.end(bytes);
}
