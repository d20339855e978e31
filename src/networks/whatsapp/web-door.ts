// The one door for everything that the library asks by HTTP: WhatsApp's own hosts and no other, within limits. Knows no message.
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { Agent, buildConnector, Dispatcher1Wrapper } from 'undici';

/** Media, shared settings and pictures: `mmg.`, `pps.`, `media-….cdn.`. */
const OURS = /^(?:[a-z0-9-]+\.)+whatsapp\.net$/;
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[?::1\]?)$/;

/** The library holds a login's lock while it waits for an answer. */
const LIMITS = { headersTimeout: 10_000, bodyTimeout: 10_000, maxResponseSize: 32 * 1_048_576 };
const CONNECT_MS = 5_000;

/** Who the library wanted to ask is not said: an address may hold anything. */
export class DoorShut extends Error {
  constructor() {
    super('the library may not ask this host');
    this.name = 'DoorShut';
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
  readonly #dispatcher: Agent;
  readonly #uploads: HttpsAgent;

  constructor(away: boolean) {
    this.#away = away;
    const connect = buildConnector({ timeout: CONNECT_MS });
    this.#dispatcher = new Agent({
      ...LIMITS,
      connect: (options, callback) => {
        const secure = options.protocol === 'https:';
        if (this.#may(options.hostname, options.port, secure)) connect(options, callback);
        else callback(new DoorShut(), null);
      },
    });
    this.#uploads = new GuardedAgent((host, port) => this.#may(host, port, true));
  }

  /** The library's own settings for what it fetches and what it uploads. */
  get settings(): { readonly options: RequestInit; readonly fetchAgent: HttpsAgent } {
    // Node's own fetch is of an older undici than this one.
    const dispatcher = new Dispatcher1Wrapper(this.#dispatcher);
    return { options: { dispatcher } as unknown as RequestInit, fetchAgent: this.#uploads };
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

class GuardedAgent extends HttpsAgent {
  readonly #may: (host: string | null | undefined, port: string | number | null | undefined) => boolean;

  constructor(may: (host: string | null | undefined, port: string | number | null | undefined) => boolean) {
    super({ timeout: LIMITS.bodyTimeout });
    this.#may = may;
  }

  override createConnection(
    options: Parameters<HttpsAgent['createConnection']>[0],
    callback?: Parameters<HttpsAgent['createConnection']>[1],
  ): Duplex | null | undefined {
    if (this.#may(options.host, options.port)) return super.createConnection(options, callback);
    throw new DoorShut();
  }
}
