// One connection to the toy server: JSON lines, answers by number, news as it comes; knows no accounts and no house.
import { connect, type Socket } from 'node:net';
import { WireFault } from './errors.ts';
import type { ServerAddress } from './settings.ts';

export interface WireListener {
  /** A line that is no answer, as parsed as it can be; undefined when it is not even an object. */
  news(line: Record<string, unknown> | undefined): void;
  /** Told once, however it ended, unless we closed it. */
  lost(why: WireFault): void;
}

export interface WireOptions extends ServerAddress {
  /** How long an answer or a connection may take, in ms. */
  readonly answerMs: number;
  readonly signal?: AbortSignal;
}

type Answer = Readonly<Record<string, unknown>>;
interface Waiting extends PromiseWithResolvers<Answer> {
  readonly timer: NodeJS.Timeout;
}

/** No line of the toy server is longer, in UTF-16 units. */
const LONGEST_LINE = 16 * 1024 * 1024;

export class Wire {
  readonly #socket: Socket;
  readonly #listener: WireListener;
  readonly #answerMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #closed = Promise.withResolvers<void>();
  #calls = 0;
  #rest = '';
  #closing = false;

  private constructor(socket: Socket, listener: WireListener, answerMs: number) {
    this.#socket = socket;
    this.#listener = listener;
    this.#answerMs = answerMs;
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => this.#take(String(chunk)));
    socket.on('close', () => this.#ended());
  }

  /** @throws WireFault when nobody answers there */
  static async open(options: WireOptions, listener: WireListener): Promise<Wire> {
    const { host, port, answerMs, signal } = options;
    const socket = connect({ host, port, noDelay: true });
    const opened = Promise.withResolvers<void>();
    const give = (code: string) => (): void => opened.reject(new WireFault('lost', code));
    const tooLate = setTimeout(give('too-late'), answerMs);
    const aborted = give('aborted');
    signal?.addEventListener('abort', aborted);
    if (signal?.aborted === true) aborted();
    socket.once('connect', opened.resolve);
    // Every error is followed by a close, which tells whoever waits.
    socket.on('error', (cause) => opened.reject(new WireFault('lost', 'unreachable', { cause })));
    try {
      await opened.promise;
      return new Wire(socket, listener, answerMs);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(tooLate);
      signal?.removeEventListener('abort', aborted);
    }
  }

  /** @throws WireFault */
  async call(what: string, fields: Answer = {}): Promise<Answer> {
    if (this.#socket.destroyed || this.#closing) throw new WireFault('lost', 'closed');
    this.#calls += 1;
    const id = this.#calls;
    const silent = (): void => this.#settle(id)?.reject(new WireFault('no-answer', 'silent'));
    const one = { ...Promise.withResolvers<Answer>(), timer: setTimeout(silent, this.#answerMs) };
    this.#waiting.set(id, one);
    this.#socket.write(`${JSON.stringify({ id, do: what, ...fields })}\n`);
    return await one.promise;
  }

  /** Leaves no socket and no timer. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#socket.destroy();
    await this.#closed.promise;
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) this.#socket.destroy();
    for (const line of lines) this.#line(parse(line));
  }

  #line(line: Record<string, unknown> | undefined): void {
    const one = typeof line?.['id'] === 'number' ? this.#settle(line['id']) : undefined;
    if (one === undefined || line === undefined) {
      if (!this.#closing) this.#listener.news(line);
      return;
    }
    const { ok, refused, wait } = line;
    if (typeof ok === 'object' && ok !== null) one.resolve(ok as Answer);
    // Codes go into logs: only what looks like one is believed.
    else if (typeof refused === 'string' && /^[a-z-]{1,40}$/.test(refused)) {
      one.reject(new WireFault('refused', refused, typeof wait === 'number' ? { wait } : {}));
    } else one.reject(new WireFault('no-answer', 'unreadable'));
  }

  #settle(id: number): Waiting | undefined {
    const one = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(one?.timer);
    return one;
  }

  #ended(): void {
    const why = new WireFault('lost', 'closed');
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(why);
    this.#closed.resolve();
    if (!this.#closing) this.#listener.lost(why);
    this.#closing = true;
  }
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not JSON: the listener hears that something unreadable came.
    return undefined;
  }
}
