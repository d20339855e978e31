// The hash of a set that can be added to and taken from: 64 sums of 16 bits, so that the order does not matter. Knows not
// what the members are.

import { hkdf } from '../signal/derive.ts';

export const LT_HASH_LENGTH = 128;

/** The hash of the empty set. */
export const EMPTY_HASH: Uint8Array = new Uint8Array(LT_HASH_LENGTH);

/** The hash of a set after some members left it and others joined. Members are the MACs of their values. */
export function changedHash(hash: Uint8Array, gone: readonly Uint8Array[], come: readonly Uint8Array[]): Buffer {
  const sums = Buffer.from(hash);
  const move = (member: Uint8Array, sign: 1 | -1): void => {
    const wide = hkdf(member, Buffer.alloc(32), 'WhatsApp Patch Integrity', LT_HASH_LENGTH);
    for (let at = 0; at < LT_HASH_LENGTH; at += 2) {
      sums.writeUInt16LE((sums.readUInt16LE(at) + sign * wide.readUInt16LE(at)) & 0xffff, at);
    }
  };
  for (const member of gone) move(member, -1);
  for (const member of come) move(member, 1);
  return sums;
}
