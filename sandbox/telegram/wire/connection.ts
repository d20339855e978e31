// One socket of a client: frames in, messages told apart, service messages answered, calls handed on, packets out. Knows
// no API method.

import type { Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { closeAfterReset } from '../../reset-close.ts';
import { TlError, TlReader, TlWriter } from '../tl/binary.ts';
import { monotonic } from '../../tape.ts';
import { openMessage, type ServerKey } from './crypto.ts';
import { Handshake, HandshakeError } from './handshake.ts';
import type { AuthKey, KeyStore } from './keys.ts';
import { Session, type Pipe } from './session.ts';
import { FramingError, Transport } from './transport.ts';

const ID = {
  container: 0x73f1f8dc,
  copy: 0xe06046b2,
  gzip: 0x3072cfa1,
  acks: 0x62d6b459,
  badMessage: 0xa7eff811,
  badSalt: 0xedab447b,
  stateReq: 0xda69fb52,
  stateInfo: 0x04deb57d,
  allInfo: 0x8cc0d131,
  detailedInfo: 0x276d3ec6,
  newDetailedInfo: 0x809db6df,
  resendReq: 0x7d861a08,
  resendAnswerReq: 0x8610baeb,
  rpcResult: 0xf35c6d01,
  dropAnswer: 0x58e4a740,
  answerUnknown: 0x5e2ad36e,
  futureSaltsReq: 0xb921bd04,
  futureSalts: 0xae500895,
  ping: 0x7abe77ec,
  pingDelay: 0xf3427b8c,
  pong: 0x347773c5,
  destroySession: 0xe7512126,
  destroySessionOk: 0xe22045fc,
  destroySessionNone: 0x62d350c9,
  destroyKey: 0xd1435160,
  destroyKeyOk: 0xf660e1d4,
  newSession: 0x9ec20908,
  httpWait: 0x9299359f,
  vector: 0x1cb5c415,
} as const;

const MAX_UNZIPPED = 4 * 1024 * 1024;
const MAX_CONTAINED = 1024;
const MAX_LISTED = 8192;
const IDLE_LIMIT_MS = 10 * 60_000;

/** What a connection needs of the server around it. */
export interface Surroundings {
  readonly dc: number;
  readonly serverKey: ServerKey;
  readonly keys: KeyStore;
  log(text: string): void;
  handshakeDone(): void;
  /** Executes a call; resolves to true when it went well. Sends the answer itself. Never rejects. */
  call(session: Session, messageId: bigint, query: Buffer): Promise<boolean>;
}

interface Incoming {
  readonly id: bigint;
  readonly seqno: number;
  readonly body: Buffer;
}

const seconds = (): number => Math.floor(Date.now() / 1000);

export class Connection implements Pipe {
  readonly #socket: Socket;
  readonly #around: Surroundings;
  readonly #transport = new Transport();
  readonly #handshake: Handshake;
  readonly #sessions = new Set<Session>();
  #disconnect: NodeJS.Timeout | null = null;
  #closed = false;
  #heardAt = 0;

  constructor(socket: Socket, around: Surroundings) {
    this.#socket = socket;
    this.#around = around;
    this.#handshake = new Handshake(around.serverKey, around.keys, around.dc);
    socket.setNoDelay(true);
    socket.setTimeout(IDLE_LIMIT_MS, () => this.kill());
    socket.on('data', (chunk) => this.#data(chunk));
    closeAfterReset(socket);
    socket.on('close', () => this.#close());
  }

  get keys(): readonly AuthKey[] {
    return [...this.#sessions].map((session) => session.key);
  }

  send(packet: Buffer): void {
    if (!this.#closed && !this.#socket.destroyed) this.#socket.write(this.#transport.wrap(packet));
  }

  /** As a network that breaks. */
  kill(): void {
    this.#socket.resetAndDestroy();
  }

  #close(): void {
    this.#closed = true;
    if (this.#disconnect !== null) clearTimeout(this.#disconnect);
    for (const session of this.#sessions) session.detach(this);
  }

  #data(chunk: Buffer): void {
    this.#heardAt = monotonic();
    try {
      for (const payload of this.#transport.feed(chunk)) this.#payload(payload);
    } catch (error) {
      if (!(error instanceof FramingError || error instanceof HandshakeError || error instanceof TlError)) throw error;
      this.#around.log(`connection dropped: ${error.message}`);
      if (error instanceof FramingError) this.kill();
      else this.#refuse(-404);
    }
  }

  /** A transport error: four bytes instead of a message. */
  #refuse(code: number): void {
    const error = Buffer.alloc(4);
    error.writeInt32LE(code);
    if (!this.#socket.destroyed) this.#socket.end(this.#transport.wrap(error));
  }

  #payload(payload: Buffer): void {
    if (payload.length < 20) throw new TlError(`a packet of ${payload.length} bytes`);
    const keyId = payload.readBigUInt64LE(0);
    if (keyId === 0n) return this.#unencrypted(payload);
    const key = this.#around.keys.find(keyId, this.#around.dc);
    if (key === undefined) return this.#refuse(-404);
    // Padded transports leave up to 15 bytes behind the ciphertext.
    const sealed = payload.subarray(8, payload.length - ((payload.length - 24) % 16));
    const plain = openMessage(key.bytes, sealed);
    if (plain === null) return this.#refuse(-404);
    this.#encrypted(key, plain);
  }

  #unencrypted(payload: Buffer): void {
    const from = new TlReader(payload, 16);
    const length = from.int();
    const before = this.#around.keys.size;
    const answer = this.#handshake.answer(from.raw(length), seconds());
    if (this.#around.keys.size > before) this.#around.handshakeDone();
    const millis = BigInt(Date.now());
    this.send(
      new TlWriter(answer.length + 20)
        .long(0n)
        .long(((((millis / 1000n) << 32n) | (((millis % 1000n) << 32n) / 1000n)) & ~3n) | 1n)
        .int(answer.length)
        .raw(answer)
        .finish(),
    );
  }

  #encrypted(key: AuthKey, plain: Buffer): void {
    const from = new TlReader(plain);
    const [salt, sessionId, id] = [BigInt.asUintN(64, from.long()), from.long(), from.long()];
    const [seqno, length] = [from.int(), from.int()];
    const padding = from.left - length;
    if (length < 4 || length % 4 !== 0 || padding < 12 || padding > 1024) throw new TlError('a wrong length inside');
    const message = { id, seqno, body: from.raw(length) };
    let session = key.sessions.get(sessionId);
    if (session === undefined) {
      session = new Session(key, sessionId);
      key.sessions.set(sessionId, session);
    }
    this.#sessions.add(session);
    session.attach(this);
    session.heardAt = this.#heardAt;
    const wrong = this.#wrongId(message);
    if (wrong !== null) return this.#badMessage(session, message, wrong);
    if (!key.acceptsSalt(salt, seconds())) {
      const body = new TlWriter().uint(ID.badSalt).long(id).int(seqno).int(48).long(key.currentSalt(seconds()));
      return session.send(body.finish(), { content: false, answerTo: id });
    }
    this.#message(session, message, false);
  }

  /** The error code of bad_msg_notification that this message id deserves. */
  #wrongId({ id }: Incoming): number | null {
    if ((id & 3n) !== 0n) return 18;
    const time = Number(id >> 32n);
    if (time < seconds() - 300) return 16;
    return time > seconds() + 30 ? 17 : null;
  }

  #badMessage(session: Session, { id, seqno }: Incoming, code: number): void {
    const body = new TlWriter().uint(ID.badMessage).long(id).int(seqno).int(code).finish();
    session.send(body, { content: false, answerTo: id });
  }

  #created(session: Session, firstId: bigint): void {
    if (!session.markCreated()) return;
    const body = new TlWriter()
      .uint(ID.newSession)
      .long(firstId)
      .raw(randomBytes(8))
      .long(session.key.currentSalt(seconds()))
      .finish();
    session.send(body, { content: true });
  }

  #message(session: Session, message: Incoming, contained: boolean): void {
    const from = new TlReader(message.body);
    const id = from.peekUint();
    if (id === ID.gzip) {
      from.uint();
      const body = gunzipSync(from.bytes(), { maxOutputLength: MAX_UNZIPPED });
      return this.#message(session, { ...message, body }, contained);
    }
    if (id === ID.container) {
      if (contained) return this.#badMessage(session, message, 64);
      return this.#container(session, message, from);
    }
    this.#created(session, message.id);
    const isContent = (message.seqno & 1) === 1;
    if (session.isRepeat(message.id)) {
      if (isContent) session.owesAck(message.id);
      return;
    }
    if (isContent) session.owesAck(message.id);
    if (this.#service(session, message, from)) session.remember(message.id);
    else if (isContent) session.remember(message.id, this.#around.call(session, message.id, message.body));
    else this.#badMessage(session, message, 35);
  }

  #container(session: Session, message: Incoming, from: TlReader): void {
    from.uint();
    if ((message.seqno & 1) === 1) return this.#badMessage(session, message, 34);
    if (session.isRepeat(message.id)) return this.#badMessage(session, message, 19);
    session.remember(message.id);
    const count = from.int();
    if (count < 0 || count > MAX_CONTAINED) return this.#badMessage(session, message, 64);
    const inner: Incoming[] = [];
    for (let i = 0; i < count; i++) {
      const [id, seqno, length] = [from.long(), from.int(), from.int()];
      inner.push({ id, seqno, body: from.raw(length) });
    }
    const first = inner.reduce((least, one) => (one.id < least ? one.id : least), message.id);
    this.#created(session, first);
    for (const one of inner) {
      const wrong = one.id >= message.id ? 64 : this.#wrongId(one);
      // What a client sends again may be older than five minutes; the container vouches for it.
      if (wrong !== null && wrong !== 16) this.#badMessage(session, one, wrong);
      else this.#message(session, one, true);
    }
  }

  #longs(from: TlReader): bigint[] {
    if (from.uint() !== ID.vector) throw new TlError('no vector');
    const count = from.int();
    if (count < 0 || count > MAX_LISTED) throw new TlError(`a list of ${count}`);
    return Array.from({ length: count }, () => from.long());
  }

  /** Answers a service message; false when it is a call. */
  #service(session: Session, { id, body }: Incoming, from: TlReader): boolean {
    const answer = (out: TlWriter): true => {
      session.send(out.finish(), { content: false, answerTo: id });
      return true;
    };
    switch (from.uint()) {
      case ID.acks:
        session.acknowledged(this.#longs(from));
        return true;
      case ID.ping:
        return answer(new TlWriter().uint(ID.pong).long(id).long(from.long()));
      case ID.pingDelay: {
        const ping = from.long();
        this.#disconnectAfter(from.int());
        return answer(new TlWriter().uint(ID.pong).long(id).long(ping));
      }
      case ID.futureSaltsReq:
        return answer(this.#futureSalts(session, id, from.int()));
      case ID.stateReq: {
        const known = this.#longs(from).map((asked) => (session.knows(asked) ? 4 : 1));
        return answer(new TlWriter().uint(ID.stateInfo).long(id).bytes(Buffer.from(known)));
      }
      case ID.resendReq:
      case ID.resendAnswerReq:
        session.resend(this.#longs(from));
        return true;
      case ID.destroySession: {
        const other = from.long();
        const known = other !== session.id && session.key.sessions.delete(other);
        return answer(new TlWriter().uint(known ? ID.destroySessionOk : ID.destroySessionNone).long(other));
      }
      case ID.dropAnswer: {
        const unknown = new TlWriter().uint(ID.rpcResult).long(id).uint(ID.answerUnknown);
        return answer(unknown);
      }
      case ID.destroyKey:
        answer(new TlWriter().uint(ID.rpcResult).long(id).uint(ID.destroyKeyOk));
        session.flush();
        this.#around.keys.remove(session.key);
        return true;
      case ID.stateInfo:
      case ID.allInfo:
      case ID.detailedInfo:
      case ID.newDetailedInfo:
      case ID.httpWait:
        return true;
      case ID.copy:
        this.#around.log(`msg_copy of ${body.length} bytes ignored, as the protocol no longer uses it`);
        return true;
      default:
        return false;
    }
  }

  #futureSalts(session: Session, id: bigint, count: number): TlWriter {
    const now = seconds();
    const salts = session.key.salts(Math.min(64, Math.max(1, count)), now);
    const out = new TlWriter().uint(ID.futureSalts).long(id).int(now).int(salts.length);
    for (const salt of salts) out.int(salt.since).int(salt.until).long(salt.value);
    return out;
  }

  #disconnectAfter(delay: number): void {
    if (this.#disconnect !== null) clearTimeout(this.#disconnect);
    this.#disconnect = setTimeout(() => this.kill(), Math.min(Math.max(delay, 1), 86_400) * 1000).unref();
  }
}
