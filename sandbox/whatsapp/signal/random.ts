// Where the simulated parties take their randomness from: the system, or a seed so that a run can be repeated. Knows
// nothing of what it is used for.

import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** Gives so many fresh random bytes. */
export type RandomBytes = (count: number) => Buffer;

export const systemRandom: RandomBytes = (count) => randomBytes(count);

/** The same seed gives the same bytes, in the same order. Never for anything that must stay secret. */
export function seededRandom(seed: string): RandomBytes {
  const key = createHash('sha256').update(seed, 'utf8').digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (count) => stream.update(Buffer.alloc(count));
}

/** A whole number from 0 up to, not including, `end` (at most 2^32). The bias of the remainder does not matter here. */
export function randomBelow(random: RandomBytes, end: number): number {
  return Number(random(8).readBigUInt64BE() % BigInt(end));
}
