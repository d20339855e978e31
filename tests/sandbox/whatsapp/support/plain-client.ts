// A plain Baileys client for trying the simulated WhatsApp: state in memory, what happens kept in order, waits on events. It
// has none of the bridge's cures.

import {
  makeWASocket,
  initAuthCreds,
  proto,
  type AuthenticationCreds,
  type BinaryNode,
  type ConnectionState,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
  type UserFacingSocketConfig,
  type WAMessage,
} from '@whiskeysockets/baileys';
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys/lib/Defaults/index.js';
import type { Person, WhatsAppSandbox } from '../../../../sandbox/whatsapp/control-client.ts';

type Socket = ReturnType<typeof makeWASocket>;

/** A logger that says nothing, in the shape that Baileys wants. */
const silent = {
  level: 'silent',
  child: () => silent,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

class MemoryKeys implements SignalKeyStore {
  readonly #values = new Map<string, unknown>();

  get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]): { [id: string]: SignalDataTypeMap[T] } {
    const found: { [id: string]: SignalDataTypeMap[T] } = {};
    for (const id of ids) {
      const value = this.#values.get(`${type} ${id}`);
      if (value !== undefined) found[id] = value as SignalDataTypeMap[T];
    }
    return found;
  }

  set(data: SignalDataSet): void {
    for (const [type, values] of Object.entries(data)) {
      for (const [id, value] of Object.entries(values)) {
        if (value === null || value === undefined) this.#values.delete(`${type} ${id}`);
        else this.#values.set(`${type} ${id}`, value);
      }
    }
  }
}

export interface Closed {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

export class PlainClient {
  readonly sandbox: WhatsAppSandbox;
  creds: AuthenticationCreds = initAuthCreds();
  readonly keys = new MemoryKeys();
  readonly messages: WAMessage[] = [];
  readonly updates: Partial<ConnectionState>[] = [];
  readonly qrs: string[] = [];
  /** Raw stanzas by their tag, as they came. */
  readonly stanzas: BinaryNode[] = [];
  readonly events: { readonly name: string; readonly data: unknown }[] = [];
  readonly sent = new Map<string, proto.IMessage>();
  closed: Closed | null = null;
  open = false;
  caughtUp = false;
  #socket: Socket | null = null;
  #waiting: (() => void)[] = [];

  constructor(sandbox: WhatsAppSandbox) {
    this.sandbox = sandbox;
  }

  get socket(): Socket {
    if (this.#socket === null) throw new Error('not connected');
    return this.#socket;
  }

  get me(): string {
    return this.creds.me?.id ?? '';
  }

  /** The number of this device. */
  get device(): number {
    return Number(/:(\d+)@/.exec(this.me)?.[1] ?? 0);
  }

  /** Opens a new socket with the state as it is. */
  connect(more: Partial<UserFacingSocketConfig> = {}): Socket {
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(this.sandbox.rootKey);
    this.closed = null;
    this.open = false;
    this.caughtUp = false;
    const socket = makeWASocket({
      waWebSocketUrl: this.sandbox.url,
      auth: { creds: this.creds, keys: this.keys },
      logger: silent,
      browser: ['Linux', 'Chrome', '1'],
      markOnlineOnConnect: true,
      getMessage: async (key) => this.sent.get(key.id ?? ''),
      ...more,
    });
    this.#socket = socket;
    socket.ev.on('creds.update', (update) => {
      Object.assign(this.creds, update);
      this.#wake();
    });
    socket.ev.on('connection.update', (update) => {
      this.updates.push(update);
      if (update.qr !== undefined) this.qrs.push(update.qr);
      if (update.connection === 'open') this.open = true;
      if (update.receivedPendingNotifications === true) this.caughtUp = true;
      if (update.connection === 'close') {
        const error = update.lastDisconnect?.error as
          { output?: { statusCode: number }; message: string; data?: unknown } | undefined;
        this.closed = { code: error?.output?.statusCode ?? 0, message: error?.message ?? '', data: error?.data };
        this.open = false;
      }
      this.#wake();
    });
    socket.ev.on('messages.upsert', ({ messages }) => {
      this.messages.push(...messages);
      this.#wake();
    });
    for (const name of [
      'messages.update',
      'message-receipt.update',
      'presence.update',
      'call',
      'groups.upsert',
      'chats.update',
    ] as const) {
      socket.ev.on(name, (data) => {
        this.events.push({ name, data });
        this.#wake();
      });
    }
    for (const tag of ['message', 'receipt', 'notification', 'ack', 'ib', 'call', 'presence', 'chatstate']) {
      socket.ws.on(`CB:${tag}`, (stanza: BinaryNode) => {
        this.stanzas.push(stanza);
        this.#wake();
      });
    }
    return socket;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Waits on events until `look` gives something. Throws after `ms`. */
  async until<T>(what: string, look: () => T | null | undefined | false, ms = 15_000): Promise<T> {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = look();
      if (found !== null && found !== undefined && found !== false) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`waited in vain for ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  untilOpen(): Promise<boolean> {
    return this.until('the connection', () => this.open && this.caughtUp);
  }

  untilClosed(): Promise<Closed> {
    return this.until('the end of the connection', () => this.closed);
  }

  untilText(text: string): Promise<WAMessage> {
    return this.until(`the text "${text}"`, () => this.messages.find((one) => textOf(one) === text));
  }

  untilMessage(id: string, also: (message: WAMessage) => boolean = () => true): Promise<WAMessage> {
    return this.until(`the message ${id}`, () => this.messages.find((one) => one.key.id === id && also(one)));
  }

  untilStanza(what: string, look: (stanza: BinaryNode) => boolean): Promise<BinaryNode> {
    return this.until(what, () => this.stanzas.find(look));
  }

  untilEvent(name: string, look: (data: string) => boolean): Promise<unknown> {
    return this.until(`an event ${name}`, () =>
      this.events.find((event) => event.name === name && look(JSON.stringify(event.data))),
    );
  }

  /** Links by QR to the phone of `person`, and logs in: two connections, as the service wants it. */
  async pair(person: Person, more: Partial<UserFacingSocketConfig> = {}): Promise<void> {
    this.connect(more);
    const qr = await this.until('a QR', () => this.qrs.at(-1));
    await this.sandbox.scanQr(person.id, qr);
    const { code } = await this.untilClosed();
    if (code !== 515) throw new Error(`linked, and closed with ${code}`);
    this.connect(more);
    await this.untilOpen();
  }

  /** Sends and remembers what it sent; answers the id. */
  async send(to: string, content: Parameters<Socket['sendMessage']>[1], id?: string): Promise<string> {
    const sent = await this.socket.sendMessage(to, content, id === undefined ? {} : { messageId: id });
    if (sent?.key.id === null || sent?.key.id === undefined) throw new Error('nothing was sent');
    if (sent.message) this.sent.set(sent.key.id, sent.message);
    return sent.key.id;
  }

  ack(id: string): Promise<BinaryNode> {
    return this.untilStanza(`the ack of ${id}`, ({ tag, attrs }) => tag === 'ack' && attrs['id'] === id);
  }

  async end(): Promise<void> {
    await this.#socket?.end(undefined);
    this.#socket = null;
  }
}

export function textOf(message: WAMessage): string {
  const inner = message.message;
  return inner?.conversation ?? inner?.extendedTextMessage?.text ?? '';
}
