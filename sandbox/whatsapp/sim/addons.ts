// How phones seal what hangs on a message (edits, reactions in a community's announcements) with that message's secret, and open
// it: keys by HMAC, AES-GCM. Makes protobufs; knows no stanzas.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { hmac } from '../signal/derive.ts';
import type { Content } from './log.ts';

export interface Hanging {
  /** Id of the message it hangs on. */
  readonly id: string;
  readonly secret: Uint8Array;
  /** Addresses of the accounts, without a device. */
  readonly author: string;
  readonly actor: string;
}

type Envelope = Pick<proto.Message.IEncReactionMessage, 'encPayload' | 'encIv'>;

const NO_SALT = new Uint8Array(32);
const REACTION = 'Enc Reaction';
const EDIT = 'Message Edit';
const TAG = 16;

/** Extract and expand, as the HKDF does it for one block. */
function keyOf(use: string, { id, secret, author, actor }: Hanging): Buffer {
  return hmac(hmac(NO_SALT, secret), Buffer.from(id + author + actor + use, 'utf8'), Buffer.of(1));
}

function seal(use: string, hanging: Hanging, plain: Uint8Array): Envelope {
  const encIv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(use, hanging), encIv);
  return { encIv, encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

export function sealedReaction(targetMessageKey: proto.IMessageKey, emoji: string, hanging: Hanging): Content {
  const plain = proto.Message.ReactionMessage.encode({ text: emoji, senderTimestampMs: Date.now() }).finish();
  return { encReactionMessage: { targetMessageKey, ...seal(REACTION, hanging, plain) } };
}

/** @param edit the edit as it would be sent in the open */
export function sealedEdit(targetMessageKey: proto.IMessageKey, edit: Content, hanging: Hanging): Content {
  const plain = proto.Message.encode(edit.editedMessage?.message ?? edit).finish();
  const { MESSAGE_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType;
  return {
    secretEncryptedMessage: { targetMessageKey, secretEncType: MESSAGE_EDIT, ...seal(EDIT, hanging, plain) },
    messageContextInfo: { messageSecret: randomBytes(32) },
  };
}

/** @returns null when it was not sealed under these names with this secret: phones show nothing of it */
function unseal(use: string, { encPayload, encIv }: Envelope, hanging: Hanging): Buffer | null {
  if (!encPayload || encPayload.length < TAG || encIv?.length !== 12) return null;
  const decipher = createDecipheriv('aes-256-gcm', keyOf(use, hanging), encIv);
  decipher.setAuthTag(encPayload.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(encPayload.subarray(0, -TAG)), decipher.final()]);
  } catch {
    return null;
  }
}

/** The message that an envelope is about, as its key names it. */
export function targetIn({ encReactionMessage: reaction, secretEncryptedMessage: edit }: Content): string | null {
  return (reaction ?? edit)?.targetMessageKey?.id ?? null;
}

/** What is in an envelope, as if it had come in the open; what cannot be opened stays as it is. */
export function opened(content: Content, hanging: Hanging): Content {
  const { encReactionMessage: reaction, secretEncryptedMessage: edit } = content;
  if (reaction) {
    const plain = unseal(REACTION, reaction, hanging);
    const key = reaction.targetMessageKey ?? null;
    return plain === null ? content : { reactionMessage: { ...proto.Message.ReactionMessage.decode(plain), key } };
  }
  const plain = edit ? unseal(EDIT, edit, hanging) : null;
  return plain === null ? content : proto.Message.decode(plain);
}
