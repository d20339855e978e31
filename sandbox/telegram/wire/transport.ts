// The framings of MTProto over TCP (core.telegram.org/mtproto/mtproto-transports): full, abridged, intermediate, padded
// intermediate, each also inside obfuscation; told apart by the first bytes. Knows nothing of what is framed.

import { createCipheriv, createDecipheriv, randomBytes, type Cipheriv, type Decipheriv } from 'node:crypto';
import { crc32 } from 'node:zlib';

const MAX_FRAME = 2 * 1024 * 1024;

interface Framing {
  readonly name: string;
  /** The next whole frame and how many bytes it took, or null when more bytes are needed. Throws when it is damaged. */
  take(buffer: Buffer): { readonly frame: Buffer; readonly used: number } | null;
  wrap(payload: Buffer): Buffer;
}

/** Bytes that no framing explains. */
export class FramingError extends Error {
  override readonly name = 'FramingError';
}

function checked(length: number): number {
  if (length < 4 || length > MAX_FRAME) throw new FramingError(`a frame of ${length} bytes`);
  return length;
}

function full(): Framing {
  let received = 0;
  let sent = 0;
  return {
    name: 'full',
    take(buffer) {
      if (buffer.length < 12) return null;
      const length = checked(buffer.readUInt32LE(0));
      if (length < 12) throw new FramingError(`a full frame of ${length} bytes`);
      if (buffer.length < length) return null;
      const body = buffer.subarray(0, length - 4);
      if (crc32(body) !== buffer.readUInt32LE(length - 4)) throw new FramingError('a wrong checksum');
      if (body.readUInt32LE(4) !== received) throw new FramingError('a wrong sequence number');
      received++;
      return { frame: body.subarray(8), used: length };
    },
    wrap(payload) {
      const out = Buffer.allocUnsafe(payload.length + 12);
      out.writeUInt32LE(out.length, 0);
      out.writeUInt32LE(sent++, 4);
      payload.copy(out, 8);
      out.writeUInt32LE(crc32(out.subarray(0, out.length - 4)), out.length - 4);
      return out;
    },
  };
}

function abridged(): Framing {
  return {
    name: 'abridged',
    take(buffer) {
      if (buffer.length < 1) return null;
      // The high bit asks for a quick acknowledgement, which a server may leave out.
      const first = (buffer[0] ?? 0) & 0x7f;
      if (first < 0x7f) {
        const length = checked(first * 4);
        return buffer.length < 1 + length ? null : { frame: buffer.subarray(1, 1 + length), used: 1 + length };
      }
      if (buffer.length < 4) return null;
      const length = checked(buffer.readUIntLE(1, 3) * 4);
      return buffer.length < 4 + length ? null : { frame: buffer.subarray(4, 4 + length), used: 4 + length };
    },
    wrap(payload) {
      const words = payload.length / 4;
      if (words < 0x7f) return Buffer.concat([Buffer.from([words]), payload]);
      const head = Buffer.from([0x7f, 0, 0, 0]);
      head.writeUIntLE(words, 1, 3);
      return Buffer.concat([head, payload]);
    },
  };
}

function intermediate(padded: boolean): Framing {
  return {
    name: padded ? 'padded intermediate' : 'intermediate',
    take(buffer) {
      if (buffer.length < 4) return null;
      const length = checked(buffer.readUInt32LE(0) & 0x7fffffff);
      return buffer.length < 4 + length ? null : { frame: buffer.subarray(4, 4 + length), used: 4 + length };
    },
    wrap(payload) {
      const padding = padded && payload.length > 4 ? randomBytes(Math.floor(Math.random() * 16)) : Buffer.alloc(0);
      const head = Buffer.alloc(4);
      head.writeUInt32LE(payload.length + padding.length);
      return Buffer.concat([head, payload, padding]);
    },
  };
}

function byTag(tag: number): Framing | null {
  if (tag === 0xefefefef) return abridged();
  if (tag === 0xeeeeeeee) return intermediate(false);
  if (tag === 0xdddddddd) return intermediate(true);
  return null;
}

/** One connection's framing, found out from its first bytes. */
export class Transport {
  #framing: Framing | null = null;
  #pending: Buffer = Buffer.alloc(0);
  #decrypt: Decipheriv | null = null;
  #encrypt: Cipheriv | null = null;

  /** For people: `full`, `obfuscated abridged`, … */
  get name(): string {
    return `${this.#decrypt === null ? '' : 'obfuscated '}${this.#framing?.name ?? 'unknown'}`;
  }

  /** Takes bytes from the socket; gives the payloads that are whole. Throws FramingError. */
  feed(chunk: Buffer): Buffer[] {
    const clear = this.#decrypt === null ? chunk : this.#decrypt.update(chunk);
    this.#pending = this.#pending.length === 0 ? clear : Buffer.concat([this.#pending, clear]);
    if (this.#framing === null && !this.#detect()) return [];
    const payloads: Buffer[] = [];
    for (;;) {
      const taken = this.#framing?.take(this.#pending) ?? null;
      if (taken === null) return payloads;
      this.#pending = this.#pending.subarray(taken.used);
      payloads.push(taken.frame);
    }
  }

  wrap(payload: Buffer): Buffer {
    if (this.#framing === null) throw new FramingError('nothing came in yet');
    const framed = this.#framing.wrap(payload);
    return this.#encrypt === null ? framed : this.#encrypt.update(framed);
  }

  #detect(): boolean {
    const bytes = this.#pending;
    if (bytes.length === 0) return false;
    if (bytes[0] === 0xef) return this.#use(abridged(), 1);
    if (bytes.length < 4) return false;
    const tag = byTag(bytes.readUInt32LE(0));
    if (tag !== null) return this.#use(tag, 4);
    if (bytes.length < 8) return false;
    // A full frame starts with its length and sequence number 0; the obfuscated header never has 0 there.
    if (bytes.readUInt32LE(4) === 0) return this.#use(full(), 0);
    if (bytes.length < 64) return false;
    return this.#unmask(bytes);
  }

  #use(framing: Framing, used: number): true {
    this.#framing = framing;
    this.#pending = this.#pending.subarray(used);
    return true;
  }

  #unmask(bytes: Buffer): boolean {
    const header = Buffer.from(bytes.subarray(0, 64));
    const reversed = Buffer.from(header.subarray(8, 56)).reverse();
    this.#decrypt = createDecipheriv('aes-256-ctr', header.subarray(8, 40), header.subarray(40, 56));
    this.#encrypt = createCipheriv('aes-256-ctr', reversed.subarray(0, 32), reversed.subarray(32, 48));
    const clear = this.#decrypt.update(header);
    const framing = byTag(clear.readUInt32LE(56));
    if (framing === null) throw new FramingError('an obfuscated header without a known tag');
    this.#pending = this.#decrypt.update(bytes.subarray(64));
    this.#framing = framing;
    return true;
  }
}
