// Edits, reactions and comments that came sealed with the secret of the message they hang on, opened into their plain forms. Pure.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { MessageId, PersonId } from '../../model/ids.ts';
import { openAddon, type AddonUse, type Sealed } from './addon.ts';
import { unwrap } from './content.ts';
import { messageId } from './ids.ts';
import { authorOfKey, placeOf, type ReadContext, type WireMessage } from './place.ts';

const { Type } = proto.Message.ProtocolMessage;
const { EVENT_EDIT, MESSAGE_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType;

export interface UnsealDoors {
  readonly context: ReadContext;
  readonly secretOf: (message: MessageId) => Uint8Array | undefined;
  /** Every address of a person: the sender's app chose one of them for the key. */
  readonly addressesOf: (person: PersonId) => readonly string[];
}

interface Envelope {
  readonly use: AddonUse;
  readonly key: proto.IMessageKey;
  readonly sealed: Sealed;
  readonly open: (plain: Uint8Array) => proto.IMessage;
}

/** @returns the message as it came when there is nothing to open, or nothing to open it with: it is told as what it is */
export function unsealed({ context, secretOf, addressesOf }: UnsealDoors, message: WireMessage): WireMessage {
  const envelope = message.message ? envelopeIn(unwrap(message.message).content) : undefined;
  const place = envelope === undefined ? undefined : placeOf(context, message, 'live');
  if (envelope === undefined || place === undefined) return message;
  const { use, key, sealed, open } = envelope;
  const id = key.id ?? '';
  // People edit what they wrote themselves.
  const author = isEdit(use) ? place.sender : authorOfKey(context, message, key, place);
  const secret = secretOf(messageId(author, id));
  if (secret === undefined) return message;
  for (const one of addressesOf(author)) {
    for (const other of addressesOf(place.sender)) {
      const plain = openAddon(use, secret, { id, author: one, actor: other }, sealed);
      const inner = plain === undefined ? undefined : opened(open, plain);
      if (inner !== undefined) return { ...message, message: inner };
    }
  }
  return message;
}

function isEdit(use: AddonUse): boolean {
  return use === 'Message Edit' || use === 'Event Edit';
}

function opened(open: Envelope['open'], plain: Uint8Array): proto.IMessage | undefined {
  try {
    return open(plain);
  } catch {
    // Whoever sealed it wrote no message: it stays an edit or a reaction that cannot be shown.
    return undefined;
  }
}

function envelopeIn({
  encReactionMessage: reaction,
  encCommentMessage: comment,
  secretEncryptedMessage: edit,
}: proto.IMessage): Envelope | undefined {
  if (reaction) {
    return envelope('Enc Reaction', reaction, (key, plain) => {
      const { text, senderTimestampMs } = proto.Message.ReactionMessage.decode(plain);
      return { reactionMessage: { key, text: text ?? '', senderTimestampMs: senderTimestampMs ?? null } };
    });
  }
  if (comment) {
    return envelope('Enc Comment', comment, (targetMessageKey, plain) => ({
      commentMessage: { targetMessageKey, message: proto.Message.decode(plain) },
    }));
  }
  if (edit?.secretEncType !== MESSAGE_EDIT && edit?.secretEncType !== EVENT_EDIT) return undefined;
  return envelope(edit.secretEncType === MESSAGE_EDIT ? 'Message Edit' : 'Event Edit', edit, (key, plain) => {
    const { content } = unwrap(proto.Message.decode(plain));
    const inner = content.protocolMessage;
    // Whatever else it claims, it is an edit of what its envelope names.
    const editedMessage = inner ? (inner.editedMessage ?? null) : content;
    const dated = { timestampMs: inner?.timestampMs ?? null };
    return { protocolMessage: { key, type: Type.MESSAGE_EDIT, editedMessage, ...dated } };
  });
}

function envelope(
  use: AddonUse,
  {
    targetMessageKey: key,
    encPayload,
    encIv,
  }: Pick<proto.Message.IEncReactionMessage, 'targetMessageKey' | 'encPayload' | 'encIv'>,
  open: (key: proto.IMessageKey, plain: Uint8Array) => proto.IMessage,
): Envelope | undefined {
  if (!key?.id || !encPayload || !encIv) return undefined;
  return { use, key, sealed: { encPayload, encIv }, open: (plain) => open(key, plain) };
}
