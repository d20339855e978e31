// What a received stanza is to the journal: which of its parts have to be decrypted, and under what name it comes again. Pure.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { createHash } from 'node:crypto';

/** Ciphertexts that go through the Signal repository; the library acknowledges every other one unread. */
const DECRYPTED = new Set(['pkmsg', 'msg', 'skmsg']);
const RECEIVED = new Set(['message', 'notification', 'receipt', 'call']);

/** Bytes are given as base64: a stanza is kept as JSON. */
export interface PackedNode {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly bytes?: string;
  readonly children?: readonly PackedNode[];
}

/** Stanzas that the library acknowledges to the server. */
export function isReceived(node: BinaryNode): boolean {
  return RECEIVED.has(node.tag);
}

/** The ciphertexts of a message, in the order in which the library decrypts them. */
export function ciphertextsOf(node: BinaryNode): readonly Uint8Array[] {
  if (node.tag !== 'message' || !Array.isArray(node.content)) return [];
  return node.content.flatMap(({ tag, attrs, content }) =>
    tag === 'enc' && DECRYPTED.has(attrs['type'] ?? '') && content instanceof Uint8Array ? [content] : [],
  );
}

/** The same for a stanza that is delivered again: a ciphertext exists once, everything else is known by what it says. */
export function nameOf(node: BinaryNode): string {
  const hash = createHash('sha256');
  const ciphertexts = ciphertextsOf(node);
  if (ciphertexts.length > 0) for (const ciphertext of ciphertexts) hash.update(ciphertext);
  else {
    const { id, from, participant, recipient, type } = node.attrs;
    const content = packNode({ ...node, attrs: {} });
    hash.update(JSON.stringify([node.tag, id, from, participant, recipient, type, content]));
  }
  return hash.digest('base64url').slice(0, 22);
}

/** @param bare without the ciphertexts: their plaintext is kept beside it */
export function packNode(node: BinaryNode, bare: readonly Uint8Array[] = []): PackedNode {
  const { tag, attrs, content } = node;
  if (content === undefined) return { tag, attrs };
  if (typeof content === 'string') return { tag, attrs, text: content };
  if (content instanceof Uint8Array) {
    return { tag, attrs, bytes: bare.includes(content) ? '' : Buffer.from(content).toString('base64') };
  }
  return { tag, attrs, children: content.map((child) => packNode(child, bare)) };
}

export function unpackNode({ tag, attrs, text, bytes, children }: PackedNode): BinaryNode {
  const bare = { tag, attrs: { ...attrs } };
  if (text !== undefined) return { ...bare, content: text };
  if (bytes !== undefined) return { ...bare, content: Buffer.from(bytes, 'base64') };
  return children === undefined ? bare : { ...bare, content: children.map((child) => unpackNode(child)) };
}
