// Numbers and bytes in nodes: contents as they are compared, numbers as so many bytes. Knows no stanza.

import { bytes, text, type BinaryNode } from './wire/node.ts';

/** The content as bytes; empty when there is none. */
export function bytesOf(node: BinaryNode | undefined): Uint8Array {
  return bytes(node) ?? new Uint8Array(0);
}

/** The content as text; empty when there is none. */
export function wordsOf(node: BinaryNode | undefined): string {
  return text(node) ?? '';
}

/** A number as so many bytes, the greatest first. */
export function bigEndian(value: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

export function numberOf(bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : Buffer.from(bytes).readUIntBE(0, Math.min(bytes.length, 6));
}
