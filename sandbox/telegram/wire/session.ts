// One MTProto session: numbering, acknowledgements and what waits to be sent or sent again
// (core.telegram.org/mtproto/service_messages). Knows no API method and no socket but through a Pipe.

import { TlWriter } from '../tl/binary.ts';
import { sealMessage } from './crypto.ts';
import type { AuthKey } from './keys.ts';

const CONTAINER = 0x73f1f8dc;
const ACKS = 0x62d6b459;
const VECTOR = 0x1cb5c415;

const MAX_IN_CONTAINER = 64;
const MAX_CONTAINER_BYTES = 256 * 1024;
/** Unacknowledged messages kept for a client that may come back. */
const MAX_KEPT = 1_000;
const MAX_SEEN = 4_000;

/** Where sealed packets go. */
export interface Pipe {
  send(packet: Buffer): void;
}

interface Outgoing {
  readonly id: bigint;
  readonly seqno: number;
  readonly body: Buffer;
  /** A fault: its packet is sent twice. */
  readonly twice?: boolean | undefined;
  readonly written?: (() => void) | undefined;
}

let lastMessageId = 0n;

/** Unix time in the upper half, unique and growing over the whole server; 1 (answers) or 3 (the rest) modulo 4. */
function nextMessageId(answer: boolean): bigint {
  const millis = BigInt(Date.now());
  let id = ((millis / 1000n) << 32n) | (((millis % 1000n) << 32n) / 1000n);
  id = (id & ~3n) | (answer ? 1n : 3n);
  while (id <= lastMessageId) id += 4n;
  lastMessageId = id;
  return id;
}

export class Session {
  readonly key: AuthKey;
  readonly id: bigint;
  /** Does it get updates: it has made an ordinary call. */
  receives = false;
  /** When its last packet came, by monotonic(). */
  heardAt = 0;
  /** When its socket went, Unix milliseconds; null while it has one. */
  detachedAt: number | null = null;
  /** How the calls of this session went, for invokeAfterMsg and for requests that arrive twice. */
  readonly #seen = new Map<bigint, Promise<boolean> | true>();
  readonly #unacked = new Map<bigint, Outgoing>();
  readonly #answers = new Map<bigint, bigint>();
  #pipe: Pipe | null = null;
  #content = 0;
  #queue: Outgoing[] = [];
  #acks: bigint[] = [];
  #flushing = false;
  #held = false;
  #created = false;

  constructor(key: AuthKey, id: bigint) {
    this.key = key;
    this.id = id;
  }

  get connected(): boolean {
    return this.#pipe !== null;
  }

  /** True once, at the first valid message. */
  markCreated(): boolean {
    if (this.#created) return false;
    this.#created = true;
    return true;
  }

  /** Packets go here from now on. A session that comes back on a new socket first gets what it never acknowledged. */
  attach(pipe: Pipe): void {
    if (this.#pipe === pipe) return;
    this.#pipe = pipe;
    this.detachedAt = null;
    if (this.#unacked.size > 0) {
      this.#queue = [...this.#unacked.values()];
      this.#plan();
    }
  }

  detach(pipe: Pipe): void {
    if (this.#pipe !== pipe) return;
    this.#pipe = null;
    this.detachedAt = Date.now();
    this.#queue = [];
    this.#acks = [];
  }

  /** A fault: what is said meanwhile goes in one packet afterwards, as from a server that is busy. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.#plan();
  }

  /** Has this message id come before? Its answer, if nobody acknowledged it, is sent again. */
  isRepeat(messageId: bigint): boolean {
    if (!this.#seen.has(messageId)) return false;
    const answer = this.#answers.get(messageId);
    if (answer !== undefined) this.resend([answer]);
    return true;
  }

  knows(messageId: bigint): boolean {
    return this.#seen.has(messageId);
  }

  remember(messageId: bigint, outcome: Promise<boolean> | true = true): void {
    this.#seen.set(messageId, outcome);
    if (this.#seen.size > MAX_SEEN) {
      const [oldest] = this.#seen.keys();
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
  }

  /** Resolves when the call with this message id is over: did it go well? Undefined when there was none. */
  outcome(messageId: bigint): Promise<boolean> | true | undefined {
    return this.#seen.get(messageId);
  }

  /** The client has sent something that wants an acknowledgement. */
  owesAck(messageId: bigint): void {
    this.#acks.push(messageId);
    this.#plan();
  }

  acknowledged(ids: readonly bigint[]): void {
    for (const id of ids) this.#unacked.delete(id);
  }

  resend(ids: readonly bigint[]): void {
    for (const id of ids) {
      const kept = this.#unacked.get(id);
      if (kept !== undefined) this.#queue.push(kept);
    }
    this.#plan();
  }

  /**
   * Sends a body. `content` wants an acknowledgement and is kept until it comes; `answerTo` is the request's id; `written`
   * is called when its packet was given to the socket.
   */
  send(
    body: Buffer,
    options: {
      readonly content: boolean;
      readonly answerTo?: bigint;
      readonly written?: (() => void) | undefined;
      readonly twice?: boolean;
    },
  ): void {
    const id = nextMessageId(options.answerTo !== undefined);
    const seqno = this.#content * 2 + (options.content ? 1 : 0);
    if (options.content) this.#content++;
    const message: Outgoing = { id, seqno, body, written: options.written, twice: options.twice };
    if (options.content) {
      this.#unacked.set(id, message);
      if (options.answerTo !== undefined) this.#keepAnswer(options.answerTo, id);
      if (this.#unacked.size > MAX_KEPT) {
        const [oldest] = this.#unacked.keys();
        if (oldest !== undefined) this.#unacked.delete(oldest);
      }
    }
    if (this.#pipe === null) return;
    this.#queue.push(message);
    this.#plan();
  }

  #keepAnswer(request: bigint, answer: bigint): void {
    this.#answers.set(request, answer);
    if (this.#answers.size > MAX_SEEN) {
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
  }

  #plan(): void {
    if (this.#flushing || this.#pipe === null) return;
    this.#flushing = true;
    // Everything that is said in one turn goes into one packet.
    setImmediate(() => {
      this.#flushing = false;
      this.flush();
    });
  }

  flush(): void {
    const pipe = this.#pipe;
    if (pipe === null || this.#held) return;
    if (this.#acks.length > 0) {
      const acks = new TlWriter().uint(ACKS).uint(VECTOR).int(this.#acks.length);
      for (const id of this.#acks) acks.long(id);
      this.#acks = [];
      this.#queue.push({ id: nextMessageId(false), seqno: this.#content * 2, body: acks.finish() });
    }
    while (this.#queue.length > 0) {
      const batch: Outgoing[] = [];
      let size = 0;
      while (batch.length < MAX_IN_CONTAINER) {
        const next = this.#queue[0];
        if (next === undefined || (batch.length > 0 && size + next.body.length > MAX_CONTAINER_BYTES)) break;
        this.#queue.shift();
        batch.push(next);
        size += next.body.length + 16;
      }
      const packet = this.#seal(batch);
      pipe.send(packet);
      if (batch.some(({ twice }) => twice)) pipe.send(packet);
      for (const one of batch) one.written?.();
    }
  }

  #seal(batch: readonly Outgoing[]): Buffer {
    const [only] = batch;
    const message = batch.length === 1 && only !== undefined ? only : this.#contain(batch);
    const plain = new TlWriter(message.body.length + 48)
      .long(this.key.currentSalt(Math.floor(Date.now() / 1000)))
      .long(this.id)
      .long(message.id)
      .int(message.seqno)
      .int(message.body.length)
      .raw(message.body)
      .finish();
    return Buffer.concat([new TlWriter(8).long(this.key.id).finish(), sealMessage(this.key.bytes, plain)]);
  }

  #contain(batch: readonly Outgoing[]): Outgoing {
    const body = new TlWriter(1024).uint(CONTAINER).int(batch.length);
    for (const { id, seqno, body: inner } of batch) body.long(id).int(seqno).int(inner.length).raw(inner);
    return { id: nextMessageId(false), seqno: this.#content * 2, body: body.finish() };
  }
}
