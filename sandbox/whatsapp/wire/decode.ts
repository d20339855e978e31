// From the bytes of WhatsApp's binary XML to a node, trusting none of them: every length and depth is bounded. Knows no stanza.

import { isUtf8 } from 'node:buffer';
import { inflateSync } from 'node:zlib';
import { formatJid, jidOfDomain } from './jid.ts';
import type { BinaryNode } from './node.ts';
import { COMPRESSED, HEX_DIGITS, NIBBLES, TAG } from './tags.ts';
import { DOUBLE_BYTE, SINGLE_BYTE } from './tokens.ts';
import { WireError } from './wire-error.ts';

const MAX_INFLATED = 16 * 1024 * 1024;
const MAX_DEPTH = 64;

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** The next `size` bytes as a number, highest first. */
  number(size: number): number {
    if (size > this.left) throw new WireError('a node that ends too soon');
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  raw(size: number): Buffer {
    if (size > this.left) throw new WireError(`a length of ${size} where ${this.left} bytes are left`);
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}

/** How many bytes follow a length tag; undefined when it is another tag. */
function binaryLength(from: Reader, tag: number): number | undefined {
  if (tag === TAG.binary8) return from.number(1);
  if (tag === TAG.binary20) return from.number(3) & 0xfffff;
  return tag === TAG.binary32 ? from.number(4) : undefined;
}

function listLength(from: Reader, tag: number): number | undefined {
  if (tag === TAG.empty) return 0;
  if (tag === TAG.list8) return from.number(1);
  return tag === TAG.list16 ? from.number(2) : undefined;
}

function packed(from: Reader, digits: string): string {
  const head = from.number(1);
  let text = '';
  for (const byte of from.raw(head & 127)) {
    // The unused half of an odd last byte is 15, which is no nibble.
    for (const half of [byte >> 4, byte & 15]) text += digits[half] ?? (half === 15 ? '\0' : '?');
  }
  if (head >> 7 === 1) text = text.slice(0, -1);
  if (/[\0?]/.test(text)) throw new WireError('packed digits that are none');
  return text;
}

/** A string that is no address, by its tag; undefined when the tag is another one's. */
function word(from: Reader, tag: number): string | undefined {
  if (tag === TAG.empty) return '';
  if (tag < SINGLE_BYTE.length) return SINGLE_BYTE[tag];
  if (tag >= TAG.dictionary0 && tag <= TAG.dictionary3) return DOUBLE_BYTE[tag - TAG.dictionary0]?.[from.number(1)];
  if (tag === TAG.nibble8) return packed(from, NIBBLES);
  if (tag === TAG.hex8) return packed(from, HEX_DIGITS);
  const size = binaryLength(from, tag);
  if (size === undefined) return undefined;
  const bytes = from.raw(size);
  if (!isUtf8(bytes)) throw new WireError('a string that is no UTF-8');
  return bytes.toString('utf8');
}

/** A part of an address, which is never an address itself. */
function part(from: Reader): string {
  const text = word(from, from.number(1));
  if (text === undefined) throw new WireError('an address of something else than words');
  return text;
}

function server(from: Reader, only?: string): string {
  const name = part(from);
  if (name === '' || (only !== undefined && name !== only)) throw new WireError('an address on no server');
  return name;
}

function jid(from: Reader, tag: number): string | undefined {
  switch (tag) {
    case TAG.jidPair:
      return `${part(from)}@${server(from)}`;
    case TAG.adJid: {
      const [domain, device] = [from.number(1), from.number(1)];
      return formatJid(jidOfDomain(part(from), device, domain));
    }
    case TAG.fbJid:
      return formatJid({ user: part(from), device: from.number(2), server: server(from, 'msgr') });
    case TAG.interopJid:
      return formatJid({
        user: part(from),
        device: from.number(2),
        integrator: from.number(2),
        server: server(from, 'interop'),
      });
    default:
      return undefined;
  }
}

function string(from: Reader, tag: number): string {
  const text = jid(from, tag) ?? word(from, tag);
  if (text === undefined) throw new WireError(`a string that begins with ${tag}`);
  return text;
}

function content(from: Reader, depth: number): NonNullable<BinaryNode['content']> {
  const tag = from.number(1);
  const count = listLength(from, tag);
  if (count !== undefined) return Array.from({ length: checkedCount(from, count) }, () => read(from, depth + 1));
  const size = binaryLength(from, tag);
  return size === undefined ? string(from, tag) : Uint8Array.from(from.raw(size));
}

/** The smallest node has three bytes. */
function checkedCount(from: Reader, count: number): number {
  if (count * 3 > from.left) throw new WireError(`a list of ${count} where ${from.left} bytes are left`);
  return count;
}

function read(from: Reader, depth: number): BinaryNode {
  if (depth > MAX_DEPTH) throw new WireError('nodes too deep in each other');
  const size = listLength(from, from.number(1));
  if (size === undefined || size === 0) throw new WireError('a node that is no list');
  const tag = word(from, from.number(1));
  if (tag === undefined || tag === '') throw new WireError('a node without a tag');
  const attrs: [string, string][] = [];
  for (let i = 0; i < (size - 1) >> 1; i++) {
    const key = word(from, from.number(1));
    if (key === undefined || key === '') throw new WireError('an attribute without a name');
    attrs.push([key, string(from, from.number(1))]);
  }
  const node = { tag, attrs: Object.fromEntries(attrs) };
  return size % 2 === 0 ? { ...node, content: content(from, depth) } : node;
}

function inflated(bytes: Uint8Array): Buffer {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_INFLATED });
  } catch (error) {
    throw new WireError('a compressed node that cannot be inflated, or is too long', { cause: error });
  }
}

/** Reads the plaintext of a frame: the flag byte, then one node and nothing behind it. Throws WireError. */
export function decodeNode(bytes: Uint8Array): BinaryNode {
  const flags = bytes[0] ?? -1;
  if (flags !== 0 && flags !== COMPRESSED) throw new WireError(`a node with the flags ${flags}`);
  const rest = bytes.subarray(1);
  const from = new Reader(
    flags === COMPRESSED ? inflated(rest) : Buffer.from(rest.buffer, rest.byteOffset, rest.length),
  );
  const node = read(from, 0);
  if (from.left > 0) throw new WireError(`${from.left} bytes behind a node`);
  return node;
}
