// Reads and writes the primitive values of TL (core.telegram.org/mtproto/serialize). Knows no schema.

/** Bytes that are not what TL prescribes. */
export class TlError extends Error {
  override readonly name = 'TlError';
}

export class TlWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(size = 256) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  #room(bytes: number): number {
    const at = this.#length;
    const needed = at + bytes;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    this.#length = needed;
    return at;
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  int(value: number): this {
    const at = this.#room(4);
    this.#buffer.writeInt32LE(value | 0, at);
    return this;
  }

  uint(value: number): this {
    const at = this.#room(4);
    this.#buffer.writeUInt32LE(value >>> 0, at);
    return this;
  }

  /** Signed or unsigned: only the low 64 bits count. */
  long(value: bigint): this {
    const at = this.#room(8);
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at);
    return this;
  }

  double(value: number): this {
    const at = this.#room(8);
    this.#buffer.writeDoubleLE(value, at);
    return this;
  }

  raw(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  /** Length, bytes, zeros up to a multiple of 4. */
  bytes(value: Uint8Array): this {
    const length = value.length;
    const head = length < 254 ? 1 : 4;
    const total = (head + length + 3) & ~3;
    const at = this.#room(total);
    if (head === 1) this.#buffer[at] = length;
    else this.#buffer.writeUInt32LE(((length << 8) | 0xfe) >>> 0, at);
    this.#buffer.set(value, at + head);
    this.#buffer.fill(0, at + head + length, at + total);
    return this;
  }

  string(value: string): this {
    return this.bytes(Buffer.from(value, 'utf8'));
  }
}

export class TlReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(buffer: Buffer, at = 0) {
    this.#buffer = buffer;
    this.#at = at;
  }

  get position(): number {
    return this.#at;
  }

  get left(): number {
    return this.#buffer.length - this.#at;
  }

  #take(bytes: number): number {
    if (bytes < 0 || bytes > this.left) throw new TlError(`wanted ${bytes} bytes, ${this.left} left`);
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  peekUint(): number {
    if (this.left < 4) throw new TlError(`wanted 4 bytes, ${this.left} left`);
    return this.#buffer.readUInt32LE(this.#at);
  }

  int(): number {
    return this.#buffer.readInt32LE(this.#take(4));
  }

  uint(): number {
    return this.#buffer.readUInt32LE(this.#take(4));
  }

  long(): bigint {
    return this.#buffer.readBigInt64LE(this.#take(8));
  }

  double(): number {
    return this.#buffer.readDoubleLE(this.#take(8));
  }

  raw(bytes: number): Buffer {
    const at = this.#take(bytes);
    return this.#buffer.subarray(at, at + bytes);
  }

  bytes(): Buffer {
    const first = this.raw(1)[0] ?? 0;
    let length = first;
    let head = 1;
    if (first === 254) {
      const rest = this.raw(3);
      length = (rest[0] ?? 0) | ((rest[1] ?? 0) << 8) | ((rest[2] ?? 0) << 16);
      head = 4;
    } else if (first === 255) throw new TlError('a string of 2^24 bytes or more');
    const value = this.raw(length);
    this.raw(-(head + length) & 3);
    return value;
  }

  string(): string {
    return this.bytes().toString('utf8');
  }

  rest(): Buffer {
    return this.raw(this.left);
  }
}
