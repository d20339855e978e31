// Random choices that a seed repeats.

export interface Dice {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
  string(alphabet: string, length: number): string;
  bytes(length: number): Uint8Array;
}

/** mulberry32 */
export function seeded(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const pick = <T>(from: readonly T[]): T => {
    if (from.length === 0) throw new RangeError('nothing to pick from');
    return from[below(from.length)] as T;
  };
  return {
    below,
    pick,
    string: (alphabet, length) => {
      const characters = Array.from(alphabet);
      return Array.from({ length }, () => pick(characters)).join('');
    },
    bytes: (length) => {
      const bytes = Buffer.alloc(length + 4);
      for (let i = 0; i < length; i += 4) bytes.writeUInt32LE(below(2 ** 32), i);
      return Uint8Array.from(bytes.subarray(0, length));
    },
  };
}
