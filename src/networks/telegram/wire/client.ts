// One connection to Telegram as one account, from open to end; it never reconnects by itself. Knows MTProto's library, no house.
import './fast-numbers.ts';
import { UpdateConnectionState } from 'telegram/network/index.js';
import type { Logger } from '../../../ports/stores.ts';
import type { Cures } from '../cures.ts';
import { Turnstile } from '../turns.ts';
import { Api, isEnvelope, long, type Envelope } from './api.ts';
import { faultOf, WireFault } from './fault.ts';
import { LibraryClient, weight } from './library.ts';
import { LibraryLog } from './library-log.ts';
import { TapSession, type WireKey } from './session.ts';
import { packTogether } from './packing.ts';
import { socketClass } from './socket.ts';
import { hearWholePackets } from './whole-packets.ts';

export interface WireSettings {
  readonly apiId: number;
  readonly apiHash: string;
  readonly deviceModel: string;
  readonly appVersion: string;
  /** By the address the library believes in; absent in production. */
  readonly redirect?: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  /** Data centre for accounts that have no key yet. */
  readonly firstDc?: { readonly dc: number; readonly address: string };
  readonly log: Logger;
  readonly cures: Cures;
  /** Tests shorten these, in ms. */
  readonly connectMs?: number;
  readonly openMs?: number;
  readonly callMs?: number;
}

export interface WireListener {
  /** News in order; `own` when it is the answer to a call of ours. */
  news(envelope: Envelope, own: boolean): void;
  /** Something was thrown away unread. */
  desync(): void;
  /** Once, and not after close(). */
  lost(why: WireFault): void;
}

export interface CallOptions {
  readonly deadlineMs?: number;
  /** Another data centre, for files. */
  readonly dc?: number;
}

const CONNECT_MS = 15_000;
const OPEN_MS = 30_000;
const CALL_MS = 30_000;
const PING_EVERY_MS = 30_000;
const PONG_MS = 10_000;
/** Telegram drops the connection itself when no ping came for so long, in seconds. */
const DISCONNECT_DELAY_S = 75;
/** Telegram stops sending news to a connection that asks nothing for an hour. */
const PINGS_PER_STATE = 60;
/** Telegram refuses more than 1 MB in one message; the library then loses the request without a word. */
const MOST_BYTES = 1_000_000;
const MOST_CACHED_ENTITIES = 2_000;

export class Wire {
  readonly #client: LibraryClient;
  readonly #session: TapSession;
  readonly #settings: WireSettings;
  readonly #listener: WireListener;
  readonly #pending = new Set<(why: WireFault) => void>();
  readonly #own = new WeakSet<object>();
  readonly #over = new AbortController();
  #ended: WireFault | undefined;
  #live = false;
  /** The library's last inner error: its connect() only says false. */
  #trouble: Error | undefined;
  #pings = 0;
  #pingTimer: NodeJS.Timeout | undefined;
  #probing = false;
  readonly #files = new Turnstile(1);
  #forget: () => void = () => undefined;

  private constructor(settings: WireSettings, listener: WireListener) {
    this.#settings = settings;
    this.#listener = listener;
    this.#session = new TapSession((value) => this.#heard(value), settings.cures.boundedEntities);
    const { redirect } = settings;
    this.#client = new LibraryClient({
      session: this.#session,
      apiId: settings.apiId,
      apiHash: settings.apiHash,
      deviceModel: settings.deviceModel,
      appVersion: settings.appVersion,
      log: new LibraryLog(settings.log, () => this.#listener.desync()),
      socket: socketClass({
        connectMs: settings.connectMs ?? CONNECT_MS,
        opening: () => this.#opening(),
        ended: this.#over.signal,
        closed: (socket) => this.#closed(socket),
        ...(redirect === undefined ? {} : { redirect }),
      }),
      cures: settings.cures,
    });
    this.#client.onError = async (error: Error) => {
      this.#trouble = error;
      settings.log.debug({ network: 'telegram', code: 'library-error', error }, 'the wire library failed inside');
      await Promise.resolve();
    };
  }

  /** Connects, with a new key when `key` is absent; `signal` ends it at any time. @throws WireFault; nothing stays open then */
  static async open(
    settings: WireSettings,
    key: WireKey | undefined,
    listener: WireListener,
    signal?: AbortSignal,
  ): Promise<Wire> {
    const wire = new Wire(settings, listener);
    const stop = (): void => wire.#end(new WireFault('lost', 'CLOSED'));
    signal?.addEventListener('abort', stop);
    wire.#forget = () => signal?.removeEventListener('abort', stop);
    if (signal?.aborted === true) stop();
    if (key !== undefined) await wire.#session.restore(key);
    else if (settings.firstDc !== undefined) {
      wire.#session.setDC(settings.firstDc.dc, settings.firstDc.address, 443);
    }
    try {
      const connected = await wire.#bounded(async () => await wire.#client.connect(), wire.#openMs(), 'CONNECT');
      if (!connected) throw wire.#ended ?? new WireFault('lost', 'CONNECT_FAILED', { cause: wire.#trouble });
    } catch (error) {
      await wire.close();
      throw faultOf(error);
    }
    wire.#live = true;
    if (settings.cures.ownPings) wire.#keepAlive();
    return wire;
  }

  /** The credential as it is now (logins may move to another data centre). */
  key(): WireKey | undefined {
    return this.#session.take();
  }

  get alive(): boolean {
    return this.#live && this.#ended === undefined;
  }

  /** @throws WireFault */
  async call<R extends Api.AnyRequest>(request: R, options: CallOptions = {}): Promise<R['__response']> {
    if (this.#settings.cures.capPayload && weight(request) > MOST_BYTES)
      throw new WireFault('rpc', 'REQUEST_TOO_BIG', { status: 400 });
    const deadline = options.deadlineMs ?? this.#settings.callMs ?? CALL_MS;
    const ask = async (): Promise<R['__response']> =>
      await this.#bounded(
        async () => {
          const result = await this.#client.invoke(request, options.dc);
          if (isEnvelope(result)) this.#own.add(result);
          return result;
        },
        this.#settings.cures.deadlines ? deadline : undefined,
        request.className,
      );
    // Two new data centres at the same time would overwrite each other's greeting inside the library.
    const turns = options.dc !== undefined && this.#settings.cures.fileTurns;
    try {
      return turns ? await this.#files.run(ask) : await ask();
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind === 'no-answer') void this.#probe();
      throw fault;
    }
  }

  get dc(): number {
    return this.#session.dcId;
  }

  /** Goes on at another data centre with a new key (QR logins of accounts that live there). @throws WireFault */
  async moveTo(dc: number): Promise<void> {
    const moved = await this.#bounded(async () => await this.#client._switchDC(dc), OPEN_MS, 'MOVE').catch(
      (error: unknown) => {
        throw faultOf(error);
      },
    );
    if (!moved) throw new WireFault('lost', 'CONNECT_FAILED');
  }

  /** Leaves no timer and no socket. */
  async close(): Promise<void> {
    this.#end(new WireFault('lost', 'CLOSED'));
    this.#forget();
    await this.#client.end(this.#settings.cures.closeFileSenders);
  }

  #openMs(): number | undefined {
    return this.#settings.cures.deadlines ? (this.#settings.openMs ?? OPEN_MS) : undefined;
  }

  async #bounded<T>(work: () => Promise<T>, ms: number | undefined, what: string): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended;
    return await new Promise<T>((resolve, reject) => {
      const timer =
        ms === undefined
          ? undefined
          : setTimeout(() => settle(() => reject(new WireFault('no-answer', `NO_ANSWER_${what}`))), ms);
      const lost = (why: WireFault): void => settle(() => reject(why));
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        this.#pending.delete(lost);
        then();
      };
      this.#pending.add(lost);
      work().then(
        (value) => settle(() => resolve(value)),
        (error: Error) => settle(() => reject(error)),
      );
    });
  }

  /** Only the library's main connection counts; file connections come and go. */
  #opening(): void {
    if (this.#ended !== undefined) throw this.#ended;
    const sender = this.#client._sender;
    // The library would wait a second and build a connection that says nothing of who it is: the session opens a new wire instead.
    if (sender === undefined) return;
    sender.reconnect = () => this.#lose(new WireFault('lost', 'CONNECTION_BROKEN'));
    if (this.#settings.cures.wholePackets) hearWholePackets(sender);
    packTogether(sender, this.#settings.cures.chatTurns);
  }

  #closed(socket: unknown): void {
    if (this.#client._isSwitchingDc || this.#client._sender?._connection?.socket !== socket) return;
    this.#lose(new WireFault('lost', 'CONNECTION_CLOSED'));
  }

  #heard(value: unknown): void {
    if (value instanceof UpdateConnectionState) {
      if (value.state === UpdateConnectionState.broken) this.#lose(new WireFault('refused-key', 'AUTH_KEY_NOT_FOUND'));
      return;
    }
    if (this.#settings.cures.boundedEntities) this.#client.forgetEntities(MOST_CACHED_ENTITIES);
    if (!isEnvelope(value) || this.#ended !== undefined) return;
    // A result passes here before its call returns: whether it is ours is known one turn later.
    setImmediate(() => {
      if (this.#ended === undefined) this.#listener.news(value, this.#own.has(value));
    });
  }

  #lose(why: WireFault): void {
    if (this.#ended !== undefined) return;
    const wasLive = this.#live;
    this.#end(why);
    if (wasLive) this.#listener.lost(why);
  }

  #end(why: WireFault): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#over.abort();
    clearTimeout(this.#pingTimer);
    if (this.#client._sender !== undefined) this.#client._sender.userDisconnected = true;
    for (const reject of this.#pending) reject(why);
  }

  #keepAlive(): void {
    if (this.#ended !== undefined) return;
    this.#pingTimer = setTimeout(() => {
      void this.#probe().then(() => this.#keepAlive());
    }, PING_EVERY_MS);
    this.#pingTimer.unref();
  }

  /** A connection that does not answer a ping is dead, whatever its socket says. */
  async #probe(): Promise<void> {
    if (this.#probing || this.#ended !== undefined) return;
    this.#probing = true;
    this.#pings += 1;
    const ping = new Api.PingDelayDisconnect({
      pingId: long(BigInt(this.#pings)),
      disconnectDelay: DISCONNECT_DELAY_S,
    });
    try {
      await this.#bounded(async () => await this.#client.invoke(ping), PONG_MS, 'PING');
      if (this.#pings % PINGS_PER_STATE === 0) await this.call(new Api.updates.GetState());
    } catch (error) {
      // An error in words is an answer too: the connection lives.
      const fault = faultOf(error);
      if (fault.kind === 'no-answer') this.#lose(new WireFault('lost', 'NO_PONG', { cause: fault }));
    } finally {
      this.#probing = false;
    }
  }
}
