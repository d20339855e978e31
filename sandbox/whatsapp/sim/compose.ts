// What people's phones put into a message: text with its surroundings, an edit, a revocation, a reaction, a timer. Makes
// protobufs; knows no ciphertext.

import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { TextOptions } from '../control-types.ts';
import type { Content } from './log.ts';

const { Type } = proto.Message.ProtocolMessage;

/** As phones name their messages. */
export const messageId = (): string => `3A${randomBytes(9).toString('hex').toUpperCase()}`;

export interface Quote {
  readonly id: string;
  /** Address of whoever wrote it. */
  readonly participant: string;
  readonly content: Content;
}

/** With which the reactions, votes and reports to a message are tied to it. */
export const context = (): proto.IMessageContextInfo => ({ messageSecret: randomBytes(32) });

export function text(
  words: string,
  { everyone, forwarded, score, expiration, preview, viewOnce }: TextOptions,
  mentions: readonly string[],
  quote: Quote | null,
): Content {
  const plain =
    quote === null &&
    mentions.length === 0 &&
    !everyone &&
    !forwarded &&
    !expiration &&
    preview === undefined &&
    !viewOnce;
  if (plain) return { conversation: words, messageContextInfo: context() };
  const content: Content = {
    extendedTextMessage: {
      text: words,
      ...(preview === undefined
        ? {}
        : { matchedText: preview.url, title: preview.title, description: preview.description ?? '' }),
      contextInfo: {
        mentionedJid: [...mentions],
        ...(everyone ? { nonJidMentions: 1 } : {}),
        ...(quote === null ? {} : { stanzaId: quote.id, participant: quote.participant, quotedMessage: quote.content }),
        ...(forwarded ? { isForwarded: true, forwardingScore: score ?? 1 } : {}),
        ...(expiration ? { expiration } : {}),
      },
    },
    messageContextInfo: context(),
  };
  return viewOnce ? { viewOnceMessage: { message: content } } : content;
}

export function edit(key: proto.IMessageKey, to: Content): Content {
  return {
    editedMessage: {
      message: { protocolMessage: { key, type: Type.MESSAGE_EDIT, editedMessage: to, timestampMs: Date.now() } },
    },
    messageContextInfo: context(),
  };
}

export const revoke = (key: proto.IMessageKey): Content => ({ protocolMessage: { key, type: Type.REVOKE } });

/** An empty emoji takes the reaction back. */
export const reaction = (key: proto.IMessageKey, emoji: string): Content => ({
  reactionMessage: { key, text: emoji, senderTimestampMs: Date.now() },
});

export const timer = (seconds: number): Content => ({
  protocolMessage: { type: Type.EPHEMERAL_SETTING, ephemeralExpiration: seconds },
});
