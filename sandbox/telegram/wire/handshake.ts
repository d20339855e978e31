// The server's side of the creation of an authorisation key (core.telegram.org/mtproto/auth_key): unencrypted messages
// in, unencrypted messages out, at the end a key. Knows no sockets.

import { randomBytes } from 'node:crypto';
import { TlReader, TlWriter } from '../tl/binary.ts';
import {
  DH_G,
  DH_PRIME,
  fromBigint,
  igeDecrypt,
  igeEncrypt,
  isGoodDhValue,
  pad256,
  powModPrime,
  sha1,
  toBigint,
  type ServerKey,
} from './crypto.ts';
import { AuthKey, type KeyStore } from './keys.ts';

const ID = {
  reqPq: 0x60469778,
  reqPqMulti: 0xbe7e8ef1,
  resPq: 0x05162463,
  inner: 0x83c95aec,
  innerDc: 0xa9f55f95,
  innerTemp: 0x3c6a84d4,
  innerTempDc: 0x56fddf88,
  reqDhParams: 0xd712e4be,
  dhParamsOk: 0xd0e8075c,
  dhInner: 0xb5890dba,
  setClientDh: 0xf5045f1f,
  clientDhInner: 0x6643b654,
  genOk: 0x3bcbf734,
  genRetry: 0x46dc1fb9,
  vector: 0x1cb5c415,
} as const;

/** The client broke the exchange: the answer is transport error -404, as of the real server. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
}

/** Two primes of about 31 bits, so that their product fits 63. Well known and small: factoring them is no secret. */
const PRIMES = [
  1_229_739_323n,
  1_402_015_859n,
  1_073_741_827n,
  1_610_612_741n,
  2_147_483_629n,
  1_500_000_001n,
] as const;

function twoPrimes(): [bigint, bigint] {
  const first = Math.floor(Math.random() * PRIMES.length);
  const second = (first + 1 + Math.floor(Math.random() * (PRIMES.length - 1))) % PRIMES.length;
  const pair = [PRIMES[first] ?? PRIMES[0], PRIMES[second] ?? PRIMES[1]].sort((a, b) => (a < b ? -1 : 1));
  return [pair[0] ?? 0n, pair[1] ?? 0n];
}

/** How long the p_q_inner_data at the start of a buffer is; -1 when there is none. */
function innerLength(data: Buffer): number {
  try {
    const from = new TlReader(data);
    readInner(from);
    return from.position;
  } catch {
    // Noise that does not parse is no p_q_inner_data: that is the question asked here.
    return -1;
  }
}

interface Inner {
  readonly pq: Buffer;
  readonly p: Buffer;
  readonly q: Buffer;
  readonly nonce: Buffer;
  readonly serverNonce: Buffer;
  readonly newNonce: Buffer;
  readonly dc: number | null;
}

function readInner(from: TlReader): Inner {
  const id = from.uint();
  if (id !== ID.inner && id !== ID.innerDc && id !== ID.innerTemp && id !== ID.innerTempDc) {
    throw new HandshakeError('no p_q_inner_data');
  }
  const [pq, p, q] = [from.bytes(), from.bytes(), from.bytes()];
  const [nonce, serverNonce, newNonce] = [from.raw(16), from.raw(16), from.raw(32)];
  const dc = id === ID.innerDc || id === ID.innerTempDc ? from.int() : null;
  if (id === ID.innerTemp || id === ID.innerTempDc) from.int();
  return { pq, p, q, nonce, serverNonce, newNonce, dc };
}

/** One exchange on one connection. */
export class Handshake {
  readonly #server: ServerKey;
  readonly #keys: KeyStore;
  readonly #dc: number;
  #nonce: Buffer = Buffer.alloc(16);
  #serverNonce: Buffer = Buffer.alloc(16);
  #newNonce: Buffer = Buffer.alloc(32);
  #pq: [bigint, bigint] = [0n, 0n];
  #secret: Buffer | null = null;
  #step: 'start' | 'pq' | 'dh' = 'start';

  constructor(server: ServerKey, keys: KeyStore, dc: number) {
    this.#server = server;
    this.#keys = keys;
    this.#dc = dc;
  }

  /** One unencrypted request; the answer to it. Throws HandshakeError or TlError when it is not acceptable. */
  answer(request: Buffer, now: number): Buffer {
    const from = new TlReader(request);
    const id = from.uint();
    switch (id) {
      case ID.reqPq:
      case ID.reqPqMulti:
        return this.#resPq(from);
      case ID.reqDhParams:
        return this.#dhParams(from, now);
      case ID.setClientDh:
        return this.#finish(from, now);
      default:
        throw new HandshakeError(`an unencrypted ${id.toString(16)}`);
    }
  }

  #resPq(from: TlReader): Buffer {
    this.#nonce = Buffer.from(from.raw(16));
    this.#serverNonce = randomBytes(16);
    this.#pq = twoPrimes();
    this.#step = 'pq';
    return new TlWriter()
      .uint(ID.resPq)
      .raw(this.#nonce)
      .raw(this.#serverNonce)
      .bytes(fromBigint(this.#pq[0] * this.#pq[1], 8))
      .uint(ID.vector)
      .int(1)
      .long(this.#server.fingerprint)
      .finish();
  }

  #sameNonces(nonce: Buffer, serverNonce: Buffer): void {
    if (!nonce.equals(this.#nonce) || !serverNonce.equals(this.#serverNonce)) throw new HandshakeError('other nonces');
  }

  #dhParams(from: TlReader, now: number): Buffer {
    if (this.#step === 'start') throw new HandshakeError('req_DH_params before req_pq');
    this.#sameNonces(from.raw(16), from.raw(16));
    const [p, q] = [toBigint(from.bytes()), toBigint(from.bytes())];
    if (p !== this.#pq[0] || q !== this.#pq[1]) throw new HandshakeError('wrong factors');
    if (from.long() !== this.#server.fingerprint) throw new HandshakeError('an unknown key fingerprint');
    const data = this.#server.open(from.bytes(), innerLength);
    if (data === null) throw new HandshakeError('encrypted data that does not open');
    const inner = readInner(new TlReader(data));
    this.#sameNonces(inner.nonce, inner.serverNonce);
    if (toBigint(inner.p) !== p || toBigint(inner.q) !== q) throw new HandshakeError('other factors inside');
    // Test servers are addressed as 10000 + n, media-only ones as -n.
    if (inner.dc !== null && Math.abs(inner.dc) % 10_000 !== this.#dc) throw new HandshakeError(`dc ${inner.dc}`);
    this.#newNonce = Buffer.from(inner.newNonce);
    this.#secret = randomBytes(256);
    this.#step = 'dh';
    const answer = new TlWriter(700)
      .uint(ID.dhInner)
      .raw(this.#nonce)
      .raw(this.#serverNonce)
      .int(DH_G)
      .bytes(DH_PRIME)
      .bytes(powModPrime(Buffer.from([DH_G]), this.#secret))
      .int(now)
      .finish();
    const hashed = Buffer.concat([sha1(answer), answer]);
    const padded = Buffer.concat([hashed, randomBytes(-hashed.length & 15)]);
    const { key, iv } = this.#temporary();
    return new TlWriter(700)
      .uint(ID.dhParamsOk)
      .raw(this.#nonce)
      .raw(this.#serverNonce)
      .bytes(igeEncrypt(padded, key, iv))
      .finish();
  }

  /** tmp_aes_key and tmp_aes_iv. */
  #temporary(): { key: Buffer; iv: Buffer } {
    const a = sha1(this.#newNonce, this.#serverNonce);
    const b = sha1(this.#serverNonce, this.#newNonce);
    const c = sha1(this.#newNonce, this.#newNonce);
    return {
      key: Buffer.concat([a, b.subarray(0, 12)]),
      iv: Buffer.concat([b.subarray(12), c, this.#newNonce.subarray(0, 4)]),
    };
  }

  #finish(from: TlReader, now: number): Buffer {
    if (this.#step !== 'dh' || this.#secret === null) throw new HandshakeError('set_client_DH_params out of turn');
    this.#sameNonces(from.raw(16), from.raw(16));
    const encrypted = from.bytes();
    if (encrypted.length === 0 || encrypted.length % 16 !== 0) throw new HandshakeError('a ragged ciphertext');
    const { key, iv } = this.#temporary();
    const plain = igeDecrypt(encrypted, key, iv);
    const inner = new TlReader(plain, 20);
    if (inner.uint() !== ID.clientDhInner) throw new HandshakeError('no client_DH_inner_data');
    this.#sameNonces(inner.raw(16), inner.raw(16));
    inner.long();
    const gb = pad256(inner.bytes());
    if (!sha1(plain.subarray(20, inner.position)).equals(plain.subarray(0, 20))) {
      throw new HandshakeError('a wrong hash of client_DH_inner_data');
    }
    if (!isGoodDhValue(gb)) throw new HandshakeError('a weak g_b');
    const salt = this.#newNonce.readBigUInt64LE(0) ^ this.#serverNonce.readBigUInt64LE(0);
    const made = new AuthKey(powModPrime(gb, this.#secret), this.#dc, salt, now);
    const fresh = this.#keys.add(made);
    if (fresh) {
      this.#step = 'start';
      this.#secret = null;
    }
    const hash = sha1(this.#newNonce, Buffer.from([fresh ? 1 : 2]), made.auxHash).subarray(4, 20);
    return new TlWriter()
      .uint(fresh ? ID.genOk : ID.genRetry)
      .raw(this.#nonce)
      .raw(this.#serverNonce)
      .raw(hash)
      .finish();
  }
}
