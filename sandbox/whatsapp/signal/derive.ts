// The derivations of the Signal protocol: HKDF, chain steps, message keys, AES-CBC and the MAC. Knows no messages and no
// sessions.

import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import { SignalError } from './errors.ts';

/** A chain of message keys: the next message has number `next`. */
export interface Chain {
  readonly key: Buffer;
  readonly next: number;
}

const NO_SALT = Buffer.alloc(32);
const MESSAGE_SEED = Buffer.of(1);
const CHAIN_SEED = Buffer.of(2);

export function hkdf(secret: Uint8Array, salt: Uint8Array, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', createSecretKey(secret), salt, info, length));
}

export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  // Node 24 takes several times as long for keys that are bytes.
  const mac = createHmac('sha256', createSecretKey(key));
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** The root key and the first chain key that two parties share after agreeing on a master secret. */
export function rootOf(master: Uint8Array): { root: Buffer; chain: Buffer } {
  const keys = hkdf(master, NO_SALT, 'WhisperText', 64);
  return { root: keys.subarray(0, 32), chain: keys.subarray(32) };
}

/** One turn of the Diffie-Hellman ratchet: the next root key, and a chain that starts at 0. */
export function turnRoot(root: Uint8Array, agreed: Uint8Array): { root: Buffer; chain: Chain } {
  const keys = hkdf(agreed, root, 'WhisperRatchet', 64);
  return { root: keys.subarray(0, 32), chain: { key: keys.subarray(32), next: 0 } };
}

/** The seed of the chain's next message key, and the chain behind it. */
export function stepChain(chain: Chain): { seed: Buffer; chain: Chain } {
  return { seed: hmac(chain.key, MESSAGE_SEED), chain: { key: hmac(chain.key, CHAIN_SEED), next: chain.next + 1 } };
}

export interface MessageKeys {
  readonly cipher: Buffer;
  readonly mac: Buffer;
  readonly iv: Buffer;
}

export function messageKeys(seed: Uint8Array): MessageKeys {
  const keys = hkdf(seed, NO_SALT, 'WhisperMessageKeys', 80);
  return { cipher: keys.subarray(0, 32), mac: keys.subarray(32, 64), iv: keys.subarray(64) };
}

/** A sender key's message has a signature instead of a MAC. */
export function groupKeys(seed: Uint8Array): { iv: Buffer; cipher: Buffer } {
  const keys = hkdf(seed, NO_SALT, 'WhisperGroup', 48);
  return { iv: keys.subarray(0, 16), cipher: keys.subarray(16) };
}

export function seal(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-cbc', createSecretKey(key), iv);
  return Buffer.concat([cipher.update(plaintext), cipher.final()]);
}

/** @throws SignalError `bad-padding` when the ciphertext was not made with this key */
export function unseal(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-cbc', createSecretKey(key), iv);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    throw new SignalError('bad-padding', 'the ciphertext does not decrypt');
  }
}

export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
