// One connected line of a login: the library's socket from its opening to its end, acks of what was sent, passing news. Knows no reconnecting.
import type { BinaryNode, proto, WAMessageKey } from '@whiskeysockets/baileys';
import { types } from 'node:util';
import { BridgeError } from '../../model/errors.ts';
import type { Clock } from '../../ports/stores.ts';
import { Acks } from './acks.ts';
import type { Cures } from './cures.ts';
import { nackOf, unanswered } from './errors.ts';
import { codeOf } from './group-errors.ts';
import { openSocket, type OpenedSocket, type WASocket } from './library.ts';
import { childrenOf } from './notifications.ts';
import type { WhatsAppSettings } from './settings.ts';
import type { AccountState } from './state/state.ts';

export interface LineDoors {
  readonly settings: WhatsAppSettings;
  readonly state: AccountState;
  readonly cures: Cures;
  readonly clock: Clock;
  /** Ms that the server may take to acknowledge a message. */
  readonly ackMs: number;
  /** Ms that opening may take. */
  readonly openMs: number;
  /** Ms between two pings; without anything from the server for this and five seconds more the library ends the line. */
  readonly keepAliveMs?: number | undefined;
  /** The connection stands: WhatsApp sees it. */
  readonly reached?: () => void;
  /** Chat states, receipts and presence. */
  readonly passing: (node: BinaryNode) => void;
  /** Whatever somebody's device sent. */
  readonly heard: (node: BinaryNode) => void;
  /** New chats are closed to the account until then (epoch ms), or open: null. `undefined`: closed, and WhatsApp did not say until when. */
  readonly limited?: (until: number | null | undefined) => void;
  /** Aborted when nobody wants the line any more, even while it opens. */
  readonly closing: AbortSignal;
}

/** How the server answers questions about a group that is no more, or that the account is not in. */
const NOT_OURS = new Set([403, 404]);

export class Line {
  readonly #doors: LineDoors;
  readonly #opened: OpenedSocket;
  readonly #ended = new AbortController();
  readonly #acks: Acks;
  /** The library's socket. Whoever asks it for something hears of the end of the line, which the library does not tell everybody. */
  readonly socket: WASocket;
  #state: 'opening' | 'open' | 'over' = 'opening';
  /** How an open line ended by itself: the library's error. */
  #parted: { readonly why: unknown } | undefined;
  #tell: ((why: unknown) => void) | undefined;
  /** The account's privacy was changed on another device: what the library knows of it is old. */
  #privacyChanged = false;
  /** It is being asked for anew: whoever needs it meanwhile waits for the same answer. */
  #privacyAsked: Promise<void> | undefined;

  private constructor(doors: LineDoors) {
    this.#doors = doors;
    this.#opened = openSocket(doors);
    this.#acks = new Acks(doors.clock, doors.ackMs, this.#ended.signal);
    this.socket = heardOut(this.#opened.socket, async (work) => await this.whileOpen(work));
    const { ws } = this.socket;
    this.socket.ev.on('connection.update', ({ reachoutTimeLock: lock }) => {
      if (lock !== undefined) doors.limited?.(lock.isActive ? lock.timeEnforcementEnds?.getTime() : null);
    });
    ws.on('open', () => doors.reached?.());
    ws.on('CB:ack,class:message', (node: BinaryNode) => this.#acks.heard(node));
    ws.on('CB:chatstate', (node: BinaryNode) => doors.passing(node));
    ws.on('CB:receipt', (node: BinaryNode) => doors.passing(node));
    ws.on('CB:notification,type:account_sync', (node: BinaryNode) => {
      if (childrenOf(node).some(({ tag }) => tag === 'privacy')) this.#privacyChanged = true;
    });
    ws.on('CB:presence', (node: BinaryNode) => doors.passing(node));
    for (const tag of ['message', 'receipt', 'notification', 'chatstate'])
      ws.on(`CB:${tag}`, (node: BinaryNode) => doors.heard(node));
  }

  /** Logged in and live. @throws the library's error; nothing stays open then */
  static async open(doors: LineDoors): Promise<Line> {
    doors.closing.throwIfAborted();
    const line = new Line(doors);
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, doors.closing]);
    try {
      await Promise.race([line.#live(), tooLong(doors, signal)]);
      // The library may call a connection open that has just ended.
      if (line.#parted !== undefined) throw line.#parted.why;
      return line;
    } catch (error) {
      await line.close();
      throw error;
    } finally {
      stop.abort();
    }
  }

  /** WhatsApp's web hosts. */
  get web(): OpenedSocket['web'] {
    return this.#opened.web;
  }

  /** Settings of what the library fetches by HTTP for this line. */
  get fetching(): RequestInit {
    return this.#opened.fetching;
  }

  /** `told` is called once when it ends by itself: at once if it has. Before, whoever opens it looks after it. */
  whenLost(told: (why: unknown) => void): void {
    this.#tell = told;
    if (this.#parted !== undefined) told(this.#parted.why);
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  get alive(): boolean {
    return this.#state === 'open';
  }

  /**
   * @param kept nothing leaves from now on before it is; when it cannot be, nothing leaves any more
   * @returns the server's time of the message, epoch ms @throws BridgeError
   */
  async relay(
    to: string,
    message: proto.IMessage,
    id: string,
    attrs: Readonly<Record<string, string>>,
    kept: Promise<void> = Promise.resolve(),
  ): Promise<number> {
    this.#opened.gate.hold(kept);
    const ack = this.#acks.wait(id, kept);
    try {
      const out = this.#opened.socket.relayMessage(to, message, { messageId: id, additionalAttributes: { ...attrs } });
      out.catch(() => undefined);
      return await Promise.race([out.then(async () => await ack), ack]);
    } catch (error) {
      if (error instanceof BridgeError) throw error;
      const code = codeOf(error);
      // Before anything leaves the library asks who is in the group: it is gone, or we are not in it, and nobody is asked again.
      if (to.endsWith('@g.us') && code !== undefined && NOT_OURS.has(code)) throw nackOf(code, this.#doors.clock.now());
      // The library gave it up by itself: perhaps for a device that it still remembers, and that is no more.
      this.#opened.devices.flushAll();
      throw unanswered(error);
    } finally {
      this.#acks.forget(id);
    }
  }

  /** The library notes who has our key of a group when it has written it down, not when it was acknowledged: all are told again. */
  async retellKey(group: string): Promise<void> {
    if (this.#doors.cures.retell) await this.socket.authState.keys.set({ 'sender-key-memory': { [group]: null } });
  }

  /** Whoever waits for what the library works on may wait for ever once the line has ended. @throws then, or as the work does */
  async whileOpen<T>(work: Promise<T>): Promise<T> {
    const { promise: over, reject } = Promise.withResolvers<never>();
    const end = (): void => reject(unanswered());
    this.ended.addEventListener('abort', end);
    if (this.ended.aborted) end();
    try {
      return await Promise.race([work, over]);
    } finally {
      this.ended.removeEventListener('abort', end);
    }
  }

  /** For everybody to see, or for the account's own devices alone, as its privacy says now. @throws the library's error */
  async markRead(keys: WAMessageKey[]): Promise<void> {
    // The library asks for the settings once per connection, and does not hear of a change.
    while (this.#privacyChanged || this.#privacyAsked !== undefined) {
      this.#privacyAsked ??= this.#askPrivacy();
      await this.#privacyAsked;
    }
    await this.socket.readMessages(keys);
  }

  /** @throws the library's error; it is asked for again then */
  async #askPrivacy(): Promise<void> {
    this.#privacyChanged = false;
    try {
      await this.socket.fetchPrivacySettings(true);
    } catch (error) {
      this.#privacyChanged = true;
      throw error;
    } finally {
      this.#privacyAsked = undefined;
    }
  }

  /** Shows the account as online. */
  async appear(): Promise<void> {
    const name = this.socket.user?.name;
    const attrs = { type: 'available', ...(name === undefined ? {} : { name }) };
    await this.socket.sendNode({ tag: 'presence', attrs });
  }

  /** Leaves no timer and no socket. */
  async close(): Promise<void> {
    this.#over();
    await this.#opened.close();
  }

  /** Nothing leaves any more. */
  shut(): void {
    this.#opened.gate.shut();
  }

  async #live(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
        if (connection === 'open') {
          if (this.#state === 'opening') this.#state = 'open';
          resolve();
        }
        if (connection !== 'close') return;
        const why: unknown = lastDisconnect?.error;
        const wasOpen = this.#state === 'open';
        this.#over();
        reject(why instanceof Error ? why : new Error('the connection ended'));
        if (!wasOpen) return;
        this.#parted = { why };
        this.#tell?.(why);
      });
    });
  }

  #over(): void {
    this.#state = 'over';
    this.#ended.abort();
    this.#acks.over();
  }
}

/** The same socket; what it promises is kept, or fails with the line. */
function heardOut(socket: WASocket, whileOpen: <T>(work: Promise<T>) => Promise<T>): WASocket {
  return new Proxy(socket, {
    get: (target, name) => {
      const found = Reflect.get(target, name) as unknown;
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown => {
        const answer = Reflect.apply(found, target, args) as unknown;
        return types.isPromise(answer) ? whileOpen(answer) : answer;
      };
    },
  });
}

async function tooLong({ clock, openMs }: LineDoors, signal: AbortSignal): Promise<never> {
  await clock.sleep(openMs, signal);
  throw new Error('the connection took too long to open');
}
