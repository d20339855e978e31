// A text as the dark and light squares of a QR code (ISO/IEC 18004, byte mode, error correction M); knows no picture format.

/** Check words of one block, and blocks, by version from 1 (table 9, level M). */
const CHECKS = [
  10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
];
const BLOCKS = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35,
  37, 38, 40, 43, 45, 47, 49,
];
const LARGEST = 40;

/** Rows of squares, true = dark, without the light margin of four squares that a reader needs around it. */
export type Squares = readonly (readonly boolean[])[];

/** @throws RangeError when the text is longer than any code holds (2331 bytes of UTF-8) */
export function qrCode(text: string): Squares {
  const bytes = Buffer.from(text);
  const version = versionFor(bytes.length);
  const grid = new Grid(version);
  grid.fill(withChecks(version, wordsOf(bytes, version)));
  return grid.masked();
}

/** Squares that carry words: all but the fixed patterns. */
function wordsIn(version: number): number {
  const marks = Math.floor(version / 7) + 2;
  const fixed = version === 1 ? 0 : (25 * marks - 10) * marks - 55 + (version >= 7 ? 36 : 0);
  return Math.floor(((16 * version + 128) * version + 64 - fixed) / 8);
}

function dataIn(version: number): number {
  return wordsIn(version) - at(CHECKS, version - 1) * at(BLOCKS, version - 1);
}

function headOf(version: number): number {
  return 4 + (version < 10 ? 8 : 16);
}

function versionFor(length: number): number {
  for (let version = 1; version <= LARGEST; version += 1)
    if (headOf(version) + length * 8 <= dataIn(version) * 8) return version;
  throw new RangeError('too long for a QR code');
}

function wordsOf(bytes: Uint8Array, version: number): number[] {
  const bits: boolean[] = [];
  const push = (value: number, count: number): void => {
    for (let bit = count - 1; bit >= 0; bit -= 1) bits.push(((value >> bit) & 1) === 1);
  };
  push(0b0100, 4);
  push(bytes.length, headOf(version) - 4);
  for (const byte of bytes) push(byte, 8);
  const room = dataIn(version);
  push(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8 !== 0) bits.push(false);
  const words = Array.from({ length: bits.length / 8 }, (_, word) =>
    bits.slice(word * 8, word * 8 + 8).reduce((sum, bit) => sum * 2 + (bit ? 1 : 0), 0),
  );
  for (let pad = 0; words.length < room; pad += 1) words.push(pad % 2 === 0 ? 0xec : 0x11);
  return words;
}

/** Blocks side by side, their checks behind them, as they are laid out (7.6). */
function withChecks(version: number, data: readonly number[]): number[] {
  const [blocks, checks] = [at(BLOCKS, version - 1), at(CHECKS, version - 1)];
  const divisor = divisorOf(checks);
  const short = Math.floor(data.length / blocks);
  const long = data.length % blocks;
  const parts: { words: readonly number[]; rest: readonly number[] }[] = [];
  for (let block = 0, from = 0; block < blocks; block += 1) {
    const length = short + (block >= blocks - long ? 1 : 0);
    const words = data.slice(from, from + length);
    parts.push({ words, rest: remainder(words, divisor) });
    from += length;
  }
  const woven: number[] = [];
  for (let word = 0; word <= short; word += 1)
    for (const { words } of parts) if (word < words.length) woven.push(at(words, word));
  for (let word = 0; word < checks; word += 1) for (const { rest } of parts) woven.push(at(rest, word));
  return woven;
}

/** Product in the field of 256 elements of the standard (x^8 + x^4 + x^3 + x^2 + 1). */
function times(one: number, other: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((other >> bit) & 1) * one;
  }
  return product;
}

function divisorOf(degree: number): number[] {
  const divisor = Array.from<unknown, number>({ length: degree }, (_, n) => (n === degree - 1 ? 1 : 0));
  for (let step = 0, root = 1; step < degree; step += 1, root = times(root, 2))
    for (let n = 0; n < degree; n += 1) divisor[n] = times(at(divisor, n), root) ^ (divisor[n + 1] ?? 0);
  return divisor;
}

function remainder(words: readonly number[], divisor: readonly number[]): number[] {
  let rest = divisor.map(() => 0);
  for (const word of words) {
    const factor = word ^ at(rest, 0);
    rest = [...rest.slice(1), 0].map((value, n) => value ^ times(at(divisor, n), factor));
  }
  return rest;
}

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

class Grid {
  readonly #size: number;
  readonly #version: number;
  readonly #dark: boolean[][];
  /** Squares that carry no data. */
  readonly #fixed: boolean[][];

  constructor(version: number) {
    this.#version = version;
    this.#size = version * 4 + 17;
    const empty = (): boolean[][] => Array.from({ length: this.#size }, () => Array<boolean>(this.#size).fill(false));
    this.#dark = empty();
    this.#fixed = empty();
    this.#draw();
  }

  /** Upwards and downwards in columns of two, from the right (7.7.3). */
  fill(words: readonly number[]): void {
    let bit = 0;
    for (let right = this.#size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const up = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.#size; step += 1)
        for (const x of [right, right - 1]) {
          const y = up ? this.#size - 1 - step : step;
          if (at(at(this.#fixed, y), x) || bit >= words.length * 8) continue;
          this.#row(y)[x] = ((at(words, bit >> 3) >> (7 - (bit & 7))) & 1) === 1;
          bit += 1;
        }
    }
  }

  /** With the mask that leaves the fewest patterns a reader could mistake (7.8). */
  masked(): Squares {
    const all = MASKS.map((mask, number) => {
      this.#drawFormat(number);
      return this.#dark.map((row, y) => row.map((dark, x) => dark !== (!at(at(this.#fixed, y), x) && mask(x, y))));
    });
    return all.reduce((best, one) => (penalty(one) < penalty(best) ? one : best));
  }

  #row(y: number): boolean[] {
    return at(this.#dark, y);
  }

  #set(x: number, y: number, dark: boolean): void {
    if (x < 0 || y < 0 || x >= this.#size || y >= this.#size) return;
    this.#row(y)[x] = dark;
    at(this.#fixed, y)[x] = true;
  }

  #draw(): void {
    const end = this.#size - 1;
    for (let n = 0; n < this.#size; n += 1) {
      this.#set(6, n, n % 2 === 0);
      this.#set(n, 6, n % 2 === 0);
    }
    for (const [x, y] of [
      [3, 3],
      [end - 3, 3],
      [3, end - 3],
    ] as const)
      this.#rings(x, y, 4, [0, 1, 3]);
    const marks = this.#marks();
    for (const x of marks)
      for (const y of marks) {
        const corner = (x === 6 && (y === 6 || y === end - 6)) || (x === end - 6 && y === 6);
        if (!corner) this.#rings(x, y, 2, [0, 2]);
      }
    this.#drawFormat(0);
    if (this.#version >= 7) this.#drawVersion();
  }

  /** Squares around a middle, dark at these distances from it. */
  #rings(x: number, y: number, reach: number, dark: readonly number[]): void {
    for (let dy = -reach; dy <= reach; dy += 1)
      for (let dx = -reach; dx <= reach; dx += 1)
        this.#set(x + dx, y + dy, dark.includes(Math.max(Math.abs(dx), Math.abs(dy))));
  }

  /** Where the small marks stand (annex E). */
  #marks(): number[] {
    if (this.#version === 1) return [];
    const count = Math.floor(this.#version / 7) + 2;
    const step = this.#version === 32 ? 26 : Math.ceil((this.#version * 4 + 4) / (count * 2 - 2)) * 2;
    return [6, ...Array.from({ length: count - 1 }, (_, n) => this.#size - 7 - (count - 2 - n) * step)];
  }

  /** Level M is 00, so that the mask's number is all that the five bits say (7.9). */
  #drawFormat(mask: number): void {
    const bits = ((mask << 10) | bch(mask, 0x537, 10)) ^ 0x5412;
    const bit = (n: number): boolean => ((bits >> n) & 1) === 1;
    for (let n = 0; n < 15; n += 1) {
      const along = n < 6 ? n : n < 8 ? n + 1 : this.#size - 15 + n;
      this.#set(8, along, bit(n));
      const across = n < 8 ? this.#size - 1 - n : n === 8 ? 7 : 14 - n;
      this.#set(across, 8, bit(n));
    }
    this.#set(8, this.#size - 8, true);
  }

  #drawVersion(): void {
    const bits = (this.#version << 12) | bch(this.#version, 0x1f25, 12);
    for (let n = 0; n < 18; n += 1) {
      const dark = ((bits >> n) & 1) === 1;
      const [far, near] = [this.#size - 11 + (n % 3), Math.floor(n / 3)];
      this.#set(far, near, dark);
      this.#set(near, far, dark);
    }
  }
}

function bch(value: number, divisor: number, degree: number): number {
  let rest = value;
  for (let n = 0; n < degree; n += 1) rest = (rest << 1) ^ ((rest >> (degree - 1)) * divisor);
  return rest;
}

function penalty(squares: Squares): number {
  const size = squares.length;
  const columns = squares.map((_, x) => squares.map((row) => at(row, x)));
  let sum = 0;
  for (const line of [...squares, ...columns]) {
    const text = line.map((dark) => (dark ? '1' : '0')).join('');
    for (const [run] of text.matchAll(/0{5,}|1{5,}/g)) sum += run.length - 2;
    // One that looks like a corner, with light before or after it.
    for (const like of ['00001011101', '10111010000'])
      for (let from = text.indexOf(like); from >= 0; from = text.indexOf(like, from + 1)) sum += 40;
  }
  for (let y = 1; y < size; y += 1)
    for (let x = 1; x < size; x += 1) {
      const here = at(at(squares, y), x);
      const [above, below] = [at(squares, y - 1), at(squares, y)];
      if (above[x] === here && above[x - 1] === here && below[x - 1] === here) sum += 3;
    }
  const dark = squares.flat().filter(Boolean).length;
  return sum + Math.floor(Math.abs((dark * 20) / (size * size) - 10)) * 10;
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined) throw new RangeError('outside of the code');
  return value;
}
