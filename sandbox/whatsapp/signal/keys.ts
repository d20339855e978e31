// Curve25519 key pairs as the Signal code uses them: drawn from a given source of randomness, and with the errors of
// Signal. Knows no sessions.

import { agree, CurveError, publicKeyOf, type KeyPair } from '../curve.ts';
import { SignalError } from './errors.ts';
import type { RandomBytes } from './random.ts';

export function newKeyPair(random: RandomBytes): KeyPair {
  const privateKey = random(32);
  privateKey[0] = (privateKey[0] ?? 0) & 248;
  privateKey[31] = ((privateKey[31] ?? 0) & 127) | 64;
  return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/** 32 bytes. @throws SignalError `malformed` for a public key of low order, with which every secret would be the same */
export function agreeWith(ours: KeyPair, theirs: Uint8Array): Uint8Array {
  try {
    return agree(ours.privateKey, theirs);
  } catch (error) {
    if (!(error instanceof CurveError)) throw error;
    throw new SignalError('malformed', error.message);
  }
}
