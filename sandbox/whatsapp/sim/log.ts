// What one simulated device has received and sent, as its screen would show it: every readable message in order, and those
// it could not read. Understands the message protobufs; knows no ciphertext and no stanzas.

import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { Invitation, LoggedMessage } from '../control-types.ts';

export type Content = proto.IMessage;

/** The message inside the wrappers that only say how it is to be shown. */
export function unwrap(message: Content): Content {
  let inner = message;
  for (;;) {
    const wrapped =
      inner.deviceSentMessage?.message ??
      inner.ephemeralMessage?.message ??
      inner.viewOnceMessage?.message ??
      inner.viewOnceMessageV2?.message ??
      inner.documentWithCaptionMessage?.message ??
      inner.editedMessage?.message;
    if (wrapped === null || wrapped === undefined) return inner;
    inner = wrapped;
  }
}

type Shown = Pick<
  LoggedMessage,
  | 'kind'
  | 'text'
  | 'target'
  | 'quoted'
  | 'quotedText'
  | 'mentions'
  | 'everyone'
  | 'expiration'
  | 'forwarded'
  | 'preview'
  | 'invitation'
>;

const NOTHING: Shown = {
  kind: 'other',
  text: '',
  target: null,
  quoted: null,
  quotedText: null,
  mentions: [],
  everyone: false,
  expiration: 0,
  forwarded: false,
  preview: null,
  invitation: null,
};

function invitationIn(invite: proto.Message.IGroupInviteMessage): Invitation {
  const { groupJid, groupName, inviteCode, inviteExpiration } = invite;
  const about = { group: groupJid ?? '', name: groupName ?? '', code: inviteCode ?? '' };
  return { ...about, expiration: Number(inviteExpiration ?? 0) };
}

/** What a message is, for people. */
export function shown(message: Content): Shown {
  const inner = unwrap(message);
  const { protocolMessage: protocol, reactionMessage: reaction, extendedTextMessage: extended } = inner;
  if (protocol) {
    const target = protocol.key?.id ?? null;
    switch (protocol.type) {
      case proto.Message.ProtocolMessage.Type.REVOKE:
        return { ...NOTHING, kind: 'revoke', target };
      case proto.Message.ProtocolMessage.Type.MESSAGE_EDIT:
        return { ...shown(protocol.editedMessage ?? {}), kind: 'edit', target };
      case proto.Message.ProtocolMessage.Type.EPHEMERAL_SETTING:
        return { ...NOTHING, kind: 'timer', expiration: protocol.ephemeralExpiration ?? 0 };
      default:
        return { ...NOTHING, kind: 'protocol', text: String(protocol.type) };
    }
  }
  if (reaction) return { ...NOTHING, kind: 'reaction', text: reaction.text ?? '', target: reaction.key?.id ?? null };
  if (extended) {
    const about = extended.contextInfo;
    return {
      kind: 'text',
      text: extended.text ?? '',
      target: null,
      quoted: about?.stanzaId ?? null,
      quotedText: about?.quotedMessage ? shown(about.quotedMessage).text : null,
      mentions: about?.mentionedJid ?? [],
      everyone: (about?.nonJidMentions ?? 0) > 0,
      expiration: about?.expiration ?? 0,
      forwarded: about?.isForwarded ?? false,
      preview: extended.matchedText
        ? { url: extended.matchedText, title: extended.title ?? '', description: extended.description ?? '' }
        : null,
      invitation: null,
    };
  }
  const { groupInviteMessage: invite } = inner;
  if (invite) return { ...NOTHING, text: 'groupInviteMessage', invitation: invitationIn(invite) };
  if (inner.conversation) return { ...NOTHING, kind: 'text', text: inner.conversation };
  const name = Object.keys(inner).find((key) => key.endsWith('Message') && key !== 'senderKeyDistributionMessage');
  return name === undefined ? { ...NOTHING, kind: 'protocol' } : { ...NOTHING, text: name };
}

export class Log {
  readonly entries: LoggedMessage[] = [];
  /** Places in it, by chat, author and id. */
  readonly #places = new Map<string, number>();
  /** The contents themselves, by chat and id, for those who ask again. */
  readonly contents = new Map<string, Content>();

  /** @returns false for what is there already: phones show one message of an author's id, however often it comes */
  add(entry: LoggedMessage, content: Content | null): boolean {
    const name = `${entry.chat} ${entry.from} ${entry.id}`;
    const at = this.#places.get(name);
    const before = at === undefined ? undefined : this.entries[at];
    if (before?.readable === true) return false;
    if (at === undefined) this.#places.set(name, this.entries.push(entry) - 1);
    // A message that heals takes its own place.
    else this.entries[at] = entry;
    if (content !== null) this.contents.set(`${entry.chat} ${entry.id}`, content);
    return true;
  }

  find(chat: string, id: string): LoggedMessage | undefined {
    return this.entries.findLast((entry) => entry.id === id && entry.chat === chat);
  }
}
