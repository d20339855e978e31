// What Telegram itself has to say, and secret chats, which no second device can read: each told once. Pure.
import { createHash } from 'node:crypto';
import { originKey } from '../../model/effect.ts';
import type { ChatId, MessageId, PersonId, PortalKey } from '../../model/ids.ts';
import type { MessageBody } from '../../model/message.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import { directChatId, personId } from './ids.ts';
import { Api, textOf } from './wire/api.ts';

/** Telegram's own account, from which its notices come (https://core.telegram.org/api/auth). */
const SERVICE = '777000';

interface Context {
  readonly self: PersonId;
  readonly portal: (chat: ChatId) => PortalKey;
}

/**
 * Such a notice has no number: it is known again by its words, and by its own date if it has one. The envelope's date would
 * be another when it comes again.
 * @param date the envelope's, in seconds
 */
export function noticeOf(
  context: Context,
  update: Api.UpdateServiceNotification,
  date: number,
  bodyOf: (said: Pick<Api.Message, 'message' | 'entities' | 'media'>) => MessageBody,
): NetworkEvent[] {
  const portal = context.portal(directChatId(SERVICE));
  const inbox = update.inboxDate ?? undefined;
  const hash = createHash('sha256')
    .update(`${update.type}\0${inbox ?? ''}\0${update.message}`)
    .digest('base64url');
  const message = `notice-${hash.slice(0, 22)}` as MessageId;
  const at = (inbox ?? date) * 1000;
  const key = originKey(portal, 'message', message);
  return [
    { key, portal, sender: personId(SERVICE), at, via: 'live', kind: 'message', message, parts: [bodyOf(update)] },
  ];
}

/** Somebody asks for a secret chat: said in their portal, once for each of them. It can only be taken up on a phone. */
export function secretChatOf(context: Context, { chat, date }: Api.UpdateEncryption): NetworkEvent[] {
  if (!(chat instanceof Api.EncryptedChatRequested) || personId(chat.adminId) === context.self) return [];
  return [secret(context, textOf(chat.adminId), chat.id, date)];
}

/** Comes only to the device that took the chat up, and does not say who wrote it: said by Telegram, once a chat. */
export function secretMessageOf(context: Context, { message }: Api.UpdateNewEncryptedMessage): NetworkEvent[] {
  return [secret(context, SERVICE, message.chatId, message.date)];
}

function secret(context: Context, user: string, chat: number, date: number): NetworkEvent {
  const portal = context.portal(directChatId(user));
  const key = originKey(portal, 'secret', String(chat));
  return { key, portal, sender: personId(user), at: date * 1000, via: 'live', kind: 'unreadable', what: 'kind.secret' };
}
