// The ciphers and hashes of MTProto 2.0 (core.telegram.org/mtproto/description, /auth_key), on node:crypto. Knows no
// messages.

import {
  constants,
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
  type DiffieHellman,
  type KeyObject,
} from 'node:crypto';
import { TlWriter } from '../tl/binary.ts';

export const sha1 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

export const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function xorInto(target: Buffer, at: number, other: Uint8Array, from: number): void {
  for (let i = 0; i < 16; i++) target[at + i] = (target[at + i] ?? 0) ^ (other[from + i] ?? 0);
}

/**
 * AES-256-IGE. `iv` is 32 bytes: the ciphertext block before the first, then the plaintext block before the first.
 * IGE is c[i] = E(p[i] ^ c[i-1]) ^ p[i-1]; with y[i] = c[i] ^ p[i-1] this is y[i] = E(p[i] ^ p[i-2] ^ y[i-1]), which is
 * CBC over p[i] ^ p[i-2]: one native call for the whole text.
 */
export function igeEncrypt(plain: Buffer, key: Uint8Array, iv: Uint8Array): Buffer {
  const folded = Buffer.from(plain);
  for (let at = 16; at < plain.length; at += 16) {
    if (at === 16) xorInto(folded, at, iv, 16);
    else xorInto(folded, at, plain, at - 32);
  }
  const cbc = createCipheriv('aes-256-cbc', key, iv.subarray(0, 16)).setAutoPadding(false);
  const out = cbc.update(folded);
  for (let at = 0; at < out.length; at += 16) {
    if (at === 0) xorInto(out, 0, iv, 16);
    else xorInto(out, at, plain, at - 16);
  }
  return out;
}

/** The inverse: p[i] = D(c[i] ^ p[i-1]) ^ c[i-1], block by block, for no mode of node:crypto chains decryptions. */
export function igeDecrypt(cipher: Buffer, key: Uint8Array, iv: Uint8Array): Buffer {
  const ecb = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false);
  const out = Buffer.allocUnsafe(cipher.length);
  const block = Buffer.alloc(16);
  for (let at = 0; at < cipher.length; at += 16) {
    cipher.copy(block, 0, at, at + 16);
    if (at === 0) xorInto(block, 0, iv, 16);
    else xorInto(block, 0, out, at - 16);
    const plain = ecb.update(block);
    if (at === 0) xorInto(plain, 0, iv, 0);
    else xorInto(plain, 0, cipher, at - 16);
    plain.copy(out, at);
  }
  return out;
}

/** Telegram's own safe prime, 2048 bits; clients know it and skip their primality test. Its generator is 3. */
const PRIME = Buffer.from(
  'c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543' +
    'aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96bb2a941d5bcd1d4ac8cc49880708fa9b' +
    '378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1' +
    '178d169c6bc465b0d6ff9ca3928fef5b9ae4e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee' +
    '2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b',
  'hex',
);

export const DH_PRIME: Buffer = PRIME;
export const DH_G = 3;

let shared: DiffieHellman | null = null;

/**
 * base ^ exponent mod the prime, 256 bytes. One Diffie-Hellman object for all: OpenSSL tests the prime when it is made
 * (more than half a second), never again.
 */
export function powModPrime(base: Uint8Array, exponent: Uint8Array): Buffer {
  shared ??= createDiffieHellman(PRIME, DH_G);
  shared.setPrivateKey(exponent);
  return pad256(shared.computeSecret(base));
}

export function pad256(value: Uint8Array): Buffer {
  if (value.length >= 256) return Buffer.from(value.subarray(value.length - 256));
  return Buffer.concat([Buffer.alloc(256 - value.length), value]);
}

export const toBigint = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);

export const DH_PRIME_NUMBER: bigint = toBigint(PRIME);

export const fromBigint = (value: bigint, size: number): Buffer =>
  Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');

/** Does g_a or g_b lie where the protocol wants it: 2^(2048-64) < g < p - 2^(2048-64). */
export function isGoodDhValue(value: Uint8Array): boolean {
  const number = toBigint(value);
  const margin = 1n << (2048n - 64n);
  return number > margin && number < DH_PRIME_NUMBER - margin;
}

/** The server's RSA key as clients need to know it. */
export class ServerKey {
  readonly fingerprint: bigint;
  readonly pem: string;
  readonly n: bigint;
  readonly e: number;
  readonly #private: KeyObject;

  /** `pem` is a private key; fresh (2048 bits) when absent. */
  constructor(pem?: string) {
    this.#private =
      pem === undefined ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey : createPrivateKey(pem);
    const open = createPublicKey(this.#private);
    const jwk = open.export({ format: 'jwk' });
    const n = Buffer.from(String(jwk.n), 'base64url');
    const e = Buffer.from(String(jwk.e), 'base64url');
    this.n = toBigint(n);
    this.e = Number(toBigint(e));
    this.pem = open.export({ type: 'pkcs1', format: 'pem' }).toString();
    this.fingerprint = sha1(new TlWriter().bytes(n).bytes(e).finish()).readBigInt64LE(12);
  }

  /** Raw RSA, 256 bytes in and out. */
  decrypt(data: Uint8Array): Buffer {
    return privateDecrypt({ key: this.#private, padding: constants.RSA_NO_PADDING }, data);
  }

  /**
   * What a client sealed for us in req_DH_params: RSA_PAD (AES key masked by the hash of the text), or the older
   * sha1(data) + data + padding. `lengthOf` tells how long the data at the start of a buffer is (the older way does not
   * say). Null when neither fits.
   */
  open(encrypted: Uint8Array, lengthOf: (data: Buffer) => number): Buffer | null {
    if (encrypted.length !== 256) return null;
    const block = this.decrypt(encrypted);
    const sealed = block.subarray(32);
    const mask = sha256(sealed);
    const key = Buffer.from(block.subarray(0, 32));
    for (let i = 0; i < 32; i++) key[i] = (key[i] ?? 0) ^ (mask[i] ?? 0);
    const inner = igeDecrypt(sealed, key, Buffer.alloc(32));
    const data = Buffer.from(inner.subarray(0, 192));
    data.reverse();
    if (sha256(key, data).equals(inner.subarray(192, 224))) return data;
    const old = block.subarray(21);
    const length = lengthOf(old);
    if (block[0] !== 0 || length < 0 || !sha1(old.subarray(0, length)).equals(block.subarray(1, 21))) return null;
    return old;
  }
}

/** Key and iv of one MTProto 2.0 message; `x` is 0 for those of the client and 8 for those of the server. */
function messageKeys(authKey: Buffer, msgKey: Buffer, x: 0 | 8): { key: Buffer; iv: Buffer } {
  const a = sha256(msgKey, authKey.subarray(x, x + 36));
  const b = sha256(authKey.subarray(40 + x, 76 + x), msgKey);
  return {
    key: Buffer.concat([a.subarray(0, 8), b.subarray(8, 24), a.subarray(24, 32)]),
    iv: Buffer.concat([b.subarray(0, 8), a.subarray(8, 24), b.subarray(24, 32)]),
  };
}

const messageKeyOf = (authKey: Buffer, padded: Buffer, x: 0 | 8): Buffer =>
  sha256(authKey.subarray(88 + x, 120 + x), padded).subarray(8, 24);

/** Seals what the server sends: msg_key + ciphertext, with 12 to 27 bytes of padding. */
export function sealMessage(authKey: Buffer, plain: Buffer, x: 0 | 8 = 8): Buffer {
  const padding = 12 + ((16 - ((plain.length + 12) % 16)) % 16);
  const padded = Buffer.concat([plain, randomBytes(padding)]);
  const msgKey = messageKeyOf(authKey, padded, x);
  const { key, iv } = messageKeys(authKey, msgKey, x);
  return Buffer.concat([msgKey, igeEncrypt(padded, key, iv)]);
}

/** Opens what a client sent (after the key id); null when the message key does not fit. The padding is still there. */
export function openMessage(authKey: Buffer, sealed: Buffer, x: 0 | 8 = 0): Buffer | null {
  const cipher = sealed.subarray(16);
  if (cipher.length === 0 || cipher.length % 16 !== 0) return null;
  const msgKey = sealed.subarray(0, 16);
  const { key, iv } = messageKeys(authKey, msgKey, x);
  const padded = igeDecrypt(cipher, key, iv);
  return messageKeyOf(authKey, padded, x).equals(msgKey) ? padded : null;
}
