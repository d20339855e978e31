// Makes and parses our names for Telegram's people, chats and messages; the only file that knows how they are spelled.
import { createHash } from 'node:crypto';
import {
  as,
  type ChatId,
  type EffectId,
  type MessageId,
  type NetworkId,
  type PersonId,
  type PuppetId,
} from '../../model/ids.ts';
import { BridgeError } from '../../model/errors.ts';
import { Api, long, textOf, type Long } from './wire/api.ts';

export const TELEGRAM = as<NetworkId>('telegram');

/** u = user (or the direct chat with them), g = basic group, c = channel or supergroup; then Telegram's bare id. */
export type PeerKind = 'u' | 'g' | 'c';

export interface PeerName {
  readonly kind: PeerKind;
  readonly id: string;
}

export function personId(user: Long | string): PersonId {
  return as<PersonId>(`u${String(user)}`);
}

export function directChatId(user: Long | string): ChatId {
  return as<ChatId>(`u${String(user)}`);
}

/** @throws Error when the text is not one of ours */
export function parsePeer(name: ChatId | PersonId): PeerName {
  const match = /^([ugc])(\d{1,19})$/.exec(name);
  if (match === null) throw new Error('not a telegram chat or person');
  return { kind: match[1] as PeerKind, id: match[2] ?? '' };
}

export function peerName(peer: Api.TypePeer): PeerName {
  if (peer instanceof Api.PeerUser) return { kind: 'u', id: textOf(peer.userId) };
  if (peer instanceof Api.PeerChat) return { kind: 'g', id: textOf(peer.chatId) };
  return { kind: 'c', id: textOf(peer.channelId) };
}

export function peerChat(name: PeerName): ChatId {
  return as<ChatId>(`${name.kind}${name.id}`);
}

export function chatKind(kind: PeerKind): 'direct' | 'group' | 'channel' {
  return kind === 'u' ? 'direct' : kind === 'g' ? 'group' : 'channel';
}

export function messageId(id: number): MessageId {
  return as<MessageId>(String(id));
}

/** @throws BridgeError when it is no message that can be pointed at: a notice of Telegram's has no number */
export function parseMessage(id: MessageId): number {
  if (!/^\d{1,10}$/.test(id)) throw new BridgeError('telegram-no-number', 'never', 'telegram.message-gone');
  return Number(id);
}

/** Stable over sign-outs of the same account by the same owner. */
export function puppetId(owner: string, user: string): PuppetId {
  const hash = createHash('sha256')
    .update('passerelle-telegram-login\0')
    .update(owner)
    .update('\0')
    .update(user)
    .digest('base64url');
  return as<PuppetId>(`tg-${hash.slice(0, 22)}`);
}

/** Telegram keeps it per sender and makes no second message for it: signed 64 bits, never 0 (the library would fill in a random one). */
export function randomId(effect: EffectId): Long {
  const value = createHash('sha256').update('passerelle-telegram-send\0').update(effect).digest().readBigInt64LE(0);
  return long(value === 0n ? 1n : value);
}
