// The one door for everything that the library asks by HTTP: WhatsApp's own hosts and no other, within limits. Knows no message.
import type { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { Agent, buildConnector, Dispatcher1Wrapper, request } from 'undici';
import { agentThrough, tunnel } from './proxy.ts';

/** Media, shared settings and pictures: `mmg.`, `pps.`, `media-….cdn.`. */
const OURS = /^(?:[a-z0-9-]+\.)+whatsapp\.net$/;
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[?::1\]?)$/;

/** The library holds a login's lock while it waits for an answer. */
const LIMITS = { headersTimeout: 10_000, bodyTimeout: 10_000, maxResponseSize: 32 * 1_048_576 };
const CONNECT_MS = 5_000;
/** All of one answer, in ms: whoever waits for it keeps others waiting. */
const WHOLE_MS = 15_000;

/** Where a simulator's web hosts are, and the certificate that they have for WhatsApp's names. */
export interface StandIn {
  /** `https://127.0.0.1:PORT` */
  readonly web: string;
  /** PEM */
  readonly certificate: string;
}

export interface Fetched {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** Who the library wanted to ask is not said: an address may hold anything. */
export class DoorShut extends Error {
  constructor() {
    super('the library may not ask this host');
    this.name = 'DoorShut';
  }
}

/** More came than was asked for. */
export class TooMuch extends Error {
  constructor() {
    super('the answer is too long');
    this.name = 'TooMuch';
  }
}

/** Names are those of a URL: small letters, without a port. @param away a simulator stands in for WhatsApp */
export function mayAsk(host: string, port: number, secure: boolean, away: boolean): boolean {
  if (away) return LOOPBACK.test(host);
  return secure && port === 443 && OURS.test(host);
}

/** One per socket of the library. */
export class WebDoor {
  readonly #away: boolean;
  readonly #standIn: StandIn | undefined;
  readonly #dispatcher: Agent;
  readonly #uploads: HttpsAgent;

  /**
   * @param standIn with a simulator: what would be asked of WhatsApp's hosts is asked there, under their names
   * @param proxy everything goes through it, TLS and nothing else
   */
  constructor(away: boolean, standIn?: StandIn, proxy?: URL) {
    this.#away = away;
    this.#standIn = standIn;
    const connect = through(proxy, buildConnector({ timeout: CONNECT_MS }));
    const there = through(proxy, buildConnector({ timeout: CONNECT_MS, ca: standIn?.certificate }));
    this.#dispatcher = new Agent({
      ...LIMITS,
      connect: (options, callback) => {
        const secure = options.protocol === 'https:';
        const { hostname, port } = options;
        if (this.#standIn !== undefined && away && mayAsk(hostname, Number(port === '' ? 443 : port), secure, false)) {
          const { hostname: at, port: door } = new URL(this.#standIn.web);
          there({ ...options, hostname: at, port: door, servername: hostname }, callback);
        } else if (this.#may(options.hostname, options.port, secure)) connect(options, callback);
        else callback(new DoorShut(), null);
      },
    });
    this.#uploads = new GuardedAgent((host, port) => this.#may(host, port, true), proxy);
  }

  /** The library's own settings for what it fetches and what it uploads. */
  get settings(): { readonly options: RequestInit; readonly fetchAgent: HttpsAgent } {
    // Node's own fetch is of an older undici than this one.
    const dispatcher = new Dispatcher1Wrapper(this.#dispatcher);
    return { options: { dispatcher } as unknown as RequestInit, fetchAgent: this.#uploads };
  }

  /** Follows nobody elsewhere. @param most bytes @throws DoorShut, TooMuch, or whatever the connection died of */
  async get(address: string, most: number): Promise<Fetched> {
    const signal = AbortSignal.timeout(WHOLE_MS);
    const answer = await request(address, { dispatcher: this.#dispatcher, signal });
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of answer.body as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > most) throw new TooMuch();
      parts.push(part);
    }
    return { status: answer.statusCode, bytes: Buffer.concat(parts) };
  }

  async close(): Promise<void> {
    this.#uploads.destroy();
    await this.#dispatcher.destroy();
  }

  #may(host: string | null | undefined, port: string | number | null | undefined, secure: boolean): boolean {
    const usual = secure ? 443 : 80;
    return mayAsk(
      host ?? '',
      port === '' || port === null || port === undefined ? usual : Number(port),
      secure,
      this.#away,
    );
  }
}

type Connector = ReturnType<typeof buildConnector>;

function through(proxy: URL | undefined, connector: Connector): Connector {
  if (proxy === undefined) return connector;
  return (options, callback) => {
    if (options.protocol !== 'https:') {
      callback(new DoorShut(), null);
      return;
    }
    const opened = async (): Promise<void> => {
      try {
        const httpSocket = await tunnel(proxy, options.hostname, Number(options.port === '' ? 443 : options.port));
        connector({ ...options, httpSocket }, callback);
      } catch (error) {
        // Whoever waits for the connection hears of it.
        callback(error as Error, null);
      }
    };
    void opened();
  };
}

class GuardedAgent extends HttpsAgent {
  readonly #may: (host: string | null | undefined, port: string | number | null | undefined) => boolean;

  readonly #through: HttpAgent | undefined;

  constructor(
    may: (host: string | null | undefined, port: string | number | null | undefined) => boolean,
    proxy?: URL,
  ) {
    super({ timeout: LIMITS.bodyTimeout });
    this.#through = proxy === undefined ? undefined : agentThrough(proxy, true);
    this.#may = may;
  }

  override createConnection(
    options: Parameters<HttpsAgent['createConnection']>[0],
    callback?: Parameters<HttpsAgent['createConnection']>[1],
  ): Duplex | null | undefined {
    if (!this.#may(options.host, options.port)) throw new DoorShut();
    if (this.#through !== undefined) return this.#through.createConnection(options, callback);
    return super.createConnection(options, callback);
  }
}
