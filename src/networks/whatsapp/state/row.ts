// One row of the journal as it is kept: a stanza with the plaintexts of its ciphertexts, or the mark that it was heard. Pure.
import { proto, unpadRandomMax16, type BinaryNode } from '@whiskeysockets/baileys';
import { packNode, unpackNode, type PackedNode } from './stanza.ts';

export const ROW_PREFIX = 'journal/';

const VERSION = 1;
/** What a message without anything in it is before it is encrypted: one byte of padding. */
const EMPTY = Uint8Array.of(1);

/** A ciphertext's fate: its plaintext, the library's reason why there is none, or neither yet. */
export interface Part {
  readonly plain?: Uint8Array;
  readonly failed?: string;
}

export interface Row {
  readonly key: string;
  /** Rises in the order of arrival. */
  readonly seq: number;
  /** Epoch ms of its arrival. */
  readonly at: number;
  /** Without its ciphertexts. */
  readonly node: BinaryNode;
  /** One for each ciphertext. */
  readonly parts: readonly Part[];
  /** What came before it and was not kept yet when it was: it comes again, and is to be told first. */
  readonly behind?: readonly Awaited[];
}

/** A stanza that is still to come, with its place in the order. */
export interface Awaited {
  readonly key: string;
  readonly seq: number;
}

/** What stays of a row whose event was accepted, so that a second delivery is known. */
export interface Mark {
  readonly at: number;
  /** What the library has to be told again of each ciphertext: the sender keys in it, and nothing else. */
  readonly parts: readonly Uint8Array[];
}

interface Kept {
  readonly v: number;
  readonly at: number;
  readonly seq?: number;
  readonly node?: PackedNode;
  readonly parts?: readonly { readonly plain?: string; readonly failed?: string }[];
  readonly again?: readonly string[];
  readonly behind?: readonly Awaited[];
}

/** Whether every ciphertext has met its fate. */
export function isComplete(row: Row): boolean {
  return row.parts.every((part) => part.plain !== undefined || part.failed !== undefined);
}

export function isReadable(row: Row): boolean {
  return row.parts.every((part) => part.plain !== undefined);
}

export function packRow(row: Row): Uint8Array {
  const parts = row.parts.map(({ plain, failed }) => ({
    ...(plain === undefined ? {} : { plain: Buffer.from(plain).toString('base64') }),
    ...(failed === undefined ? {} : { failed }),
  }));
  const behind = row.behind === undefined || row.behind.length === 0 ? {} : { behind: row.behind };
  return pack({ v: VERSION, at: row.at, seq: row.seq, node: packNode(row.node), parts, ...behind });
}

export function markOf(row: Row, at: number): Mark {
  return { at, parts: row.parts.map(({ plain }) => (plain === undefined ? EMPTY : keysIn(plain))) };
}

export function packMark({ at, parts }: Mark): Uint8Array {
  const again = parts.map((part) => (part.length === 1 ? '' : Buffer.from(part).toString('base64')));
  return pack({ v: VERSION, at, again });
}

/** @throws Error when the bytes are neither, or of a later version */
export function unpack(key: string, bytes: Uint8Array): Row | Mark {
  const { v, at, seq, node, parts, again, behind } = JSON.parse(Buffer.from(bytes).toString()) as Kept;
  if (v !== VERSION) throw new Error('a journal row of a later version');
  if (again !== undefined) {
    return { at, parts: again.map((part) => (part === '' ? EMPTY : Buffer.from(part, 'base64'))) };
  }
  if (seq === undefined || node === undefined || parts === undefined) throw new Error('not a journal row');
  return {
    key,
    seq,
    at,
    node: unpackNode(node),
    parts: parts.map(({ plain, failed }) => ({
      ...(plain === undefined ? {} : { plain: Buffer.from(plain, 'base64') }),
      ...(failed === undefined ? {} : { failed }),
    })),
    ...(behind === undefined ? {} : { behind }),
  };
}

/** A second delivery must bring a group's sender key again: the first may have ended before it was kept. */
function keysIn(plain: Uint8Array): Uint8Array {
  const message = contentOf(plain);
  const given = message?.deviceSentMessage?.message ?? message;
  const senderKeyDistributionMessage = given?.senderKeyDistributionMessage;
  if (senderKeyDistributionMessage === undefined || senderKeyDistributionMessage === null) return EMPTY;
  return Buffer.concat([proto.Message.encode({ senderKeyDistributionMessage }).finish(), EMPTY]);
}

/** @returns undefined when it is no message */
export function contentOf(plain: Uint8Array): proto.IMessage | undefined {
  try {
    return proto.Message.decode(unpadRandomMax16(plain));
  } catch {
    // Whoever sent it wrote no message; the library says so when it reads it.
    return undefined;
  }
}

function pack(kept: Kept): Uint8Array {
  return Buffer.from(JSON.stringify(kept));
}
