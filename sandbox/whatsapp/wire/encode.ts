// From a node to the bytes of WhatsApp's binary XML, choosing the shortest form as real servers do. Knows no stanza.

import { deflateSync } from 'node:zlib';
import { domainOf, parseJid, type Jid } from './jid.ts';
import type { BinaryNode } from './node.ts';
import { COMPRESSED, HEX_DIGITS, NIBBLES, PACKED_MAX, TAG } from './tags.ts';
import { BYTES_OF } from './tokens.ts';
import { WireError } from './wire-error.ts';

const MAX_LIST = 0xffff;

/** A buffer that grows. */
class Out {
  #bytes = Buffer.allocUnsafe(512);
  #length = 0;

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(wider, 0, 0, this.#length);
    this.#bytes = wider;
  }

  /** The lowest `size` bytes of `value`, highest first. */
  number(value: number, size: number): this {
    this.#room(size);
    this.#length = this.#bytes.writeUIntBE(value, this.#length, size);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

function length(out: Out, size: number): void {
  if (size < 0x100) out.number(TAG.binary8, 1).number(size, 1);
  else if (size < 0x100000) out.number(TAG.binary20, 1).number(size, 3);
  else out.number(TAG.binary32, 1).number(size, 4);
}

function binary(out: Out, bytes: Uint8Array): void {
  length(out, bytes.length);
  out.raw(bytes);
}

function list(out: Out, size: number): void {
  if (size > MAX_LIST) throw new WireError(`a list of ${size}`);
  if (size === 0) out.number(TAG.empty, 1);
  else if (size < 0x100) out.number(TAG.list8, 1).number(size, 1);
  else out.number(TAG.list16, 1).number(size, 2);
}

function packed(out: Out, tag: number, digits: string, text: string): void {
  const odd = text.length % 2;
  out.number(tag, 1).number((odd << 7) | ((text.length + odd) / 2), 1);
  for (let i = 0; i < text.length; i += 2) {
    const low = text[i + 1];
    out.number((digits.indexOf(text[i] ?? '') << 4) | (low === undefined ? 15 : digits.indexOf(low)), 1);
  }
}

function jid(out: Out, address: Jid): void {
  const { user, server, device, integrator } = address;
  const domain = domainOf(address);
  if (server === 'msgr' || server === 'interop') {
    out.number(server === 'msgr' ? TAG.fbJid : TAG.interopJid, 1);
    word(out, user);
    out.number(device, 2);
    if (server === 'interop') out.number(integrator, 2);
    word(out, server);
  } else if (domain !== undefined && user !== '' && (device !== 0 || domain > 1)) {
    out.number(TAG.adJid, 1).number(domain, 1).number(device, 1);
    word(out, user);
  } else {
    out.number(TAG.jidPair, 1);
    if (user === '') out.number(TAG.empty, 1);
    else word(out, user);
    word(out, server);
  }
}

const consistsOf = (digits: string, text: string): boolean => {
  if (text.length > PACKED_MAX) return false;
  for (const char of text) if (!digits.includes(char)) return false;
  return true;
};

/** A string that is no address. */
function word(out: Out, text: string): void {
  const known = BYTES_OF.get(text);
  if (known !== undefined) for (const byte of known) out.number(byte, 1);
  else if (text === '') length(out, 0);
  else if (consistsOf(NIBBLES, text)) packed(out, TAG.nibble8, NIBBLES, text);
  else if (consistsOf(HEX_DIGITS, text)) packed(out, TAG.hex8, HEX_DIGITS, text);
  else binary(out, Buffer.from(text, 'utf8'));
}

function string(out: Out, text: string): void {
  const address = text.includes('@') ? parseJid(text) : undefined;
  if (address === undefined) word(out, text);
  else jid(out, address);
}

function write(out: Out, { tag, attrs, content }: BinaryNode): void {
  if (tag === '') throw new WireError('a node without a tag');
  const entries = Object.entries(attrs);
  list(out, 2 * entries.length + (content === undefined ? 1 : 2));
  word(out, tag);
  for (const [key, value] of entries) {
    word(out, key);
    string(out, value);
  }
  if (content === undefined) return;
  if (typeof content === 'string') return string(out, content);
  if (content instanceof Uint8Array) return binary(out, content);
  list(out, content.length);
  for (const one of content) write(out, one);
}

/**
 * The plaintext of a frame: the flag byte, then the node, deflated when it has more than `compressAbove` bytes, as real servers
 * do with long ones. Addresses (see parseJid) are written as addresses, wherever they stand; write a server as `@s.whatsapp.net`.
 * Throws WireError for a node without a tag or with more than 65535 children.
 */
export function encodeNode(from: BinaryNode, { compressAbove = Infinity } = {}): Buffer {
  const out = new Out().number(0, 1);
  write(out, from);
  const bytes = out.finish();
  if (bytes.length <= compressAbove) return bytes;
  return Buffer.concat([Buffer.of(COMPRESSED), deflateSync(bytes.subarray(1))]);
}
