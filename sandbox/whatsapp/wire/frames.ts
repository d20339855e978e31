// What lies between the WebSocket and the cipher: the intro of a client, then frames behind three bytes of length, cut and
// joined in any way. Knows not what a frame says.

import { DICTIONARY_VERSION } from './tokens.ts';
import { WireError } from './wire-error.ts';

/** Longest frame that is taken from a client; the three bytes could say 16 MiB. */
export const MAX_FRAME = 4 * 1024 * 1024;
const MAX_ROUTING = 4096;
const NOISE_VERSION = 6;

/** The first bytes of every connection: `WA`, the version of the handshake, the version of the dictionaries. */
export const INTRO: Uint8Array = Uint8Array.of(0x57, 0x41, NOISE_VERSION, DICTIONARY_VERSION);

/** A frame behind its length. Throws WireError when three bytes cannot tell the length. */
export function frame(payload: Uint8Array): Buffer {
  if (payload.length > 0xffffff) throw new WireError(`a frame of ${payload.length} bytes`);
  const head = Buffer.alloc(3);
  head.writeUIntBE(payload.length, 0, 3);
  return Buffer.concat([head, payload]);
}

/** One connection's bytes from a client, put together again. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #greeted = false;
  #routing: Uint8Array | undefined;

  /** The routing information that the client sent before its intro (`ED`): where it was told to connect. */
  get routingInfo(): Uint8Array | undefined {
    return this.#routing;
  }

  /** Takes bytes; gives the frames that are whole. Throws WireError; then the connection is of no more use. */
  feed(chunk: Uint8Array): Buffer[] {
    this.#chunks.push(Buffer.from(chunk));
    this.#length += chunk.length;
    if (!this.#greeted && !this.#greet()) return [];
    const frames: Buffer[] = [];
    for (;;) {
      const head = this.#peek(3);
      if (head === undefined) return frames;
      const size = head.readUIntBE(0, 3);
      if (size === 0 || size > MAX_FRAME) throw new WireError(`a frame of ${size} bytes`);
      if (this.#length < size + 3) return frames;
      frames.push(this.#take(size + 3).subarray(3));
    }
  }

  /** Reads `ED 00 01 length bytes`, if it is there, and `WA 06 03`; false when more bytes are needed. */
  #greet(): boolean {
    const start = this.#peek(Math.min(this.#length, 4)) ?? Buffer.alloc(0);
    const routed = start[0] === 0x45;
    const expected = routed ? Uint8Array.of(0x45, 0x44, 0, 1) : INTRO;
    if (start.some((byte, i) => byte !== expected[i])) throw new WireError('an intro of another protocol or version');
    if (start.length < 4) return false;
    if (!routed) {
      this.#take(4);
      this.#greeted = true;
      return true;
    }
    const head = this.#peek(7);
    if (head === undefined) return false;
    const size = head.readUIntBE(4, 3);
    if (this.#routing !== undefined || size > MAX_ROUTING) throw new WireError(`a routing header of ${size} bytes`);
    if (this.#length < 7 + size) return false;
    this.#routing = Uint8Array.from(this.#take(7 + size).subarray(7));
    return this.#greet();
  }

  #peek(size: number): Buffer | undefined {
    if (this.#length < size) return undefined;
    if ((this.#chunks[0]?.length ?? 0) < size) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]?.subarray(0, size);
  }

  #take(size: number): Buffer {
    const taken = this.#peek(size);
    const first = this.#chunks[0];
    if (taken === undefined || first === undefined) throw new WireError('a frame that ends too soon');
    this.#chunks[0] = first.subarray(size);
    this.#length -= size;
    return taken;
  }
}
