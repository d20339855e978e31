// The thin client to the homeserver: keep-alive, bounded, one meaning per failure; knows paths and JSON, no rooms or people.
import { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { BridgeError } from '../model/errors.ts';
import type { UserId } from '../model/ids.ts';
import type { Clock } from '../ports/stores.ts';
import { Bursts } from './bursts.ts';
import { parseObject, numberAt, textAt, type Json } from './json.ts';

/** Who asks: a registration's token, masquerading as a user and its device (spec: appservice identity assertion). */
export interface As {
  readonly token: string;
  readonly user?: UserId;
  readonly device?: string;
}

export interface Ask {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/** The homeserver said no. `errcode` is Matrix's own word. */
export class MatrixRefusal extends BridgeError {
  readonly status: number;
  readonly errcode: string;

  constructor(status: number, errcode: string, body: Json, retryAfter: string | undefined, now: number) {
    const kind = kindOf(status, errcode);
    super(kind.code, kind.retry, 'fault.homeserver', {
      mayHaveHappened: status >= 500 || errcode === '',
      ...(status === 429 ? { notBefore: now + waitMs(body, retryAfter, now) } : {}),
    });
    this.name = 'MatrixRefusal';
    this.status = status;
    this.errcode = errcode;
  }

  /** The homeserver itself answered this, not a proxy that has lost it. */
  said(...statuses: readonly number[]): boolean {
    return this.errcode !== '' && statuses.includes(this.status);
  }
}

function kindOf(status: number, errcode: string): { code: string; retry: 'now' | 'later' | 'never' } {
  if (status === 429) return { code: 'matrix-limited', retry: 'later' };
  if (status === 408 || status >= 500) return { code: 'matrix-unavailable', retry: 'now' };
  if (status === 413 || errcode === 'M_TOO_LARGE') return { code: 'matrix-too-large', retry: 'never' };
  // Every refusal of a homeserver says its errcode: this is a proxy in front of none.
  if (errcode === '') return { code: 'matrix-unavailable', retry: 'later' };
  if (errcode === 'M_UNKNOWN_TOKEN' || errcode === 'M_MISSING_TOKEN' || status === 401) {
    return { code: 'matrix-token', retry: 'later' };
  }
  if (errcode === 'M_UNKNOWN_DEVICE') return { code: 'matrix-device', retry: 'now' };
  if (status === 403) return { code: 'matrix-forbidden', retry: 'never' };
  if (status === 404) return { code: 'matrix-not-found', retry: 'never' };
  return { code: 'matrix-refused', retry: 'never' };
}

/** Retry-After as seconds or date (RFC 9110 10.2.3), else retry_after_ms, else 5 s; at most an hour. */
function waitMs(body: Json, retryAfter: string | undefined, now: number): number {
  let wait = numberAt(body, 'retry_after_ms') ?? 5000;
  if (retryAfter !== undefined) {
    const seconds = Number(retryAfter);
    const until = Number.isFinite(seconds) ? now + seconds * 1000 : Date.parse(retryAfter);
    if (Number.isFinite(until)) wait = until - now;
  }
  return Math.min(Math.max(wait, 0), 3_600_000);
}

export interface ClientOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly connections?: number;
  readonly timeoutMs?: number;
}

const QUICK_TRIES = [50, 250];
const LONGEST_BURST_MS = 1_000;

export class MatrixClient {
  readonly #pool: Pool;
  readonly #base: string;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #bursts = new Bursts(LONGEST_BURST_MS);

  constructor(options: ClientOptions) {
    const url = new URL(options.url);
    this.#base = url.pathname.replace(/\/$/, '');
    this.#pool = new Pool(url.origin, { connections: options.connections ?? 64, pipelining: 1 });
    this.#clock = options.clock;
    this.#timeout = options.timeoutMs ?? 60_000;
  }

  /** Repeats quick failures under the same path (so the same transaction id). @throws MatrixRefusal | BridgeError */
  async ask(who: As, method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, ask: Ask = {}): Promise<Json> {
    // Only POSTs may do something twice when they are repeated.
    const tries = method === 'POST' ? [] : QUICK_TRIES;
    for (const pause of tries) {
      try {
        return await this.#once(who, method, path, ask);
      } catch (error) {
        if (!(error instanceof BridgeError) || error.code !== 'matrix-unavailable') throw error;
        await this.#clock.sleep(pause);
      }
    }
    return await this.#once(who, method, path, ask);
  }

  /** As `ask`, for what comes in numbers: see Bursts. @throws MatrixRefusal | BridgeError */
  async send(who: As, path: string, ask: Ask): Promise<Json> {
    return await this.#bursts.run(async () => await this.ask(who, 'PUT', path, ask));
  }

  async #once(who: As, method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, ask: Ask): Promise<Json> {
    const body = ask.body === undefined ? (method === 'GET' ? undefined : {}) : ask.body;
    const answer = await this.raw(who, method, path, {
      query: ask.query,
      timeoutMs: ask.timeoutMs,
      ...(body === undefined ? {} : { body: JSON.stringify(body), mime: 'application/json' }),
    });
    let text: string;
    try {
      text = await answer.body.text();
    } catch (error) {
      throw unavailable(error);
    }
    return parseObject(text);
  }

  /** For media: the body as a stream, in and out. Refusals are read and thrown. */
  async raw(
    who: As,
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    ask: {
      readonly query?: Ask['query'] | undefined;
      readonly body?: string | AsyncIterable<Uint8Array>;
      readonly mime?: string;
      readonly size?: number | undefined;
      readonly timeoutMs?: number | undefined;
    },
  ): Promise<Dispatcher.ResponseData> {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries({ ...ask.query, user_id: who.user, device_id: who.device })) {
      if (value !== undefined) query.set(key, String(value));
    }
    const timeout = ask.timeoutMs ?? this.#timeout;
    let answer: Dispatcher.ResponseData;
    try {
      const body = ask.body;
      answer = await this.#pool.request({
        method,
        path: `${this.#base}${path}${query.size === 0 ? '' : `?${query.toString()}`}`,
        headers: {
          authorization: `Bearer ${who.token}`,
          ...(ask.mime === undefined ? {} : { 'content-type': ask.mime }),
          ...(ask.size === undefined ? {} : { 'content-length': String(ask.size) }),
        },
        headersTimeout: timeout,
        bodyTimeout: timeout,
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Readable.from(body) }),
      });
    } catch (error) {
      throw unavailable(error);
    }
    if (answer.statusCode < 300) return answer;
    // A refusal whose words were cut off is one without words.
    const json = parseObject(await answer.body.text().catch(() => ''));
    const after = answer.headers['retry-after'];
    throw new MatrixRefusal(
      answer.statusCode,
      textAt(json, 'errcode') ?? '',
      json,
      Array.isArray(after) ? after[0] : after,
      this.#clock.now(),
    );
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

function unavailable(cause: unknown): BridgeError {
  return new BridgeError('matrix-unavailable', 'now', 'fault.homeserver', { cause, mayHaveHappened: true });
}

export function encode(segment: string): string {
  return encodeURIComponent(segment);
}
