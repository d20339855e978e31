// How long what is said stays in a chat on WhatsApp: what messages and notes tell of it, and what ours say about themselves. Pure.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { contextOf, unwrap } from './content.ts';
import type { Expiry } from './expiry-book.ts';
import type { Place, WireMessage } from './place.ts';

const { EPHEMERAL_SETTING } = proto.Message.ProtocolMessage.Type;
const { CHANGE_EPHEMERAL_SETTING } = proto.WebMessageInfo.StubType;

export interface Timer {
  /** 0 = it stays. */
  readonly seconds: number;
  /** Epoch s when it was set, as far as is known. */
  readonly since?: number;
}

/** @returns undefined for what tells nothing about it */
export function timerIn(message: WireMessage): Timer | undefined {
  const at = Number(message.messageTimestamp ?? 0);
  if (message.messageStubType === CHANGE_EPHEMERAL_SETTING) {
    return timer(Number(message.messageStubParameters?.[0] ?? 0), at);
  }
  if (!message.message) return undefined;
  const { content } = unwrap(message.message);
  const protocol = content.protocolMessage;
  if (protocol) {
    if (protocol.type !== EPHEMERAL_SETTING) return undefined;
    return timer(protocol.ephemeralExpiration ?? 0, Number(protocol.ephemeralSettingTimestamp ?? 0) || at);
  }
  const about = contextOf(content);
  if (typeof about?.expiration !== 'number') return undefined;
  return timer(about.expiration, Number(about.ephemeralSettingTimestamp ?? 0));
}

function timer(seconds: number, since: number): Timer {
  return { seconds: whole(seconds), ...(whole(since) > 0 ? { since } : {}) };
}

function whole(seconds: number): number {
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : 0;
}

/** When a message disappears that says so; nothing else that comes does. */
export function expiryOf(
  content: proto.IMessage,
  { id, sender, chat, at }: Pick<Place, 'id' | 'sender' | 'chat' | 'at'>,
): Expiry | undefined {
  const { expiration } = contextOf(content) ?? {};
  if (typeof expiration !== 'number' || expiration <= 0) return undefined;
  return { message: id, sender, chat, at: at + expiration * 1000 };
}

/** A message may be older than the setting that is known. */
export function newerTimer(before: Timer | undefined, after: Timer): Timer {
  if (before?.since === undefined) return after;
  if (after.since === undefined) return after.seconds === before.seconds ? before : after;
  return after.since < before.since ? before : after;
}

/** Without it phones say that a message does not disappear like the others. */
export function timed({ seconds, since }: Timer): proto.IContextInfo {
  if (seconds === 0) return {};
  return { expiration: seconds, ...(since === undefined ? {} : { ephemeralSettingTimestamp: since }) };
}

/** What sets it in a private chat. @param now epoch s */
export function setting(seconds: number, now: number): proto.IMessage {
  const about = { ephemeralExpiration: seconds, ephemeralSettingTimestamp: now };
  return { protocolMessage: { type: EPHEMERAL_SETTING, ...about } };
}
