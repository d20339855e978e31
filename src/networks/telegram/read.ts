// Telegram's updates to what the house understands; pure: no wire, no store. What cannot be shown yet becomes a notice, never nothing.
import { originKey } from '../../model/effect.ts';
import type { ChatId, MessageId, PersonId, PortalKey } from '../../model/ids.ts';
import type { MessageBody } from '../../model/message.ts';
import type { EphemeralEvent, NetworkEvent, Origin } from '../../model/network-event.ts';
import { directChatId, messageId, peerChat, peerName, personId } from './ids.ts';
import { fromEntities } from './markup.ts';
import { noticeOf, secretChatOf, secretMessageOf } from './official.ts';
import { readReactions } from './reactions.ts';
import { Api } from './wire/api.ts';

export interface ReadContext {
  readonly self: PersonId;
  readonly portal: (chat: ChatId) => PortalKey;
}

/** One thing that happened, in order; `date` is the envelope's, in seconds. */
export interface Happening {
  readonly update: Api.TypeUpdate;
  readonly date: number;
}

/** What one update comes to. `removed` names messages without their chat: Telegram does not say it. */
export interface Reading {
  readonly events: readonly NetworkEvent[];
  readonly removed: readonly MessageId[];
  readonly glimpses: readonly EphemeralEvent[];
  /** People whose profile changed. */
  readonly changed: readonly PersonId[];
}

const NOTHING: Reading = { events: [], removed: [], glimpses: [], changed: [] };

export function readUpdate(context: ReadContext, { update, date }: Happening): Reading {
  if (update instanceof Api.UpdateNewMessage) return { ...NOTHING, events: readMessage(context, update.message) };
  if (update instanceof Api.UpdateEditMessage)
    return { ...NOTHING, events: readEdit(context, update.message, update.pts) };
  if (update instanceof Api.UpdateDeleteMessages)
    return { ...NOTHING, removed: update.messages.map((id) => messageId(id)) };
  if (update instanceof Api.UpdateUserName || update instanceof Api.UpdateUser) {
    return { ...NOTHING, changed: [personId(update.userId)] };
  }
  if (update instanceof Api.UpdateMessageReactions) {
    return { ...NOTHING, events: readReactions(context, update, date) };
  }
  if (update instanceof Api.UpdateServiceNotification) {
    return { ...NOTHING, events: noticeOf(context, update, date, bodyOf) };
  }
  if (update instanceof Api.UpdateEncryption) return { ...NOTHING, events: secretChatOf(context, update) };
  if (update instanceof Api.UpdateNewEncryptedMessage) return { ...NOTHING, events: secretMessageOf(context, update) };
  const glimpse = readGlimpse(context, update);
  return glimpse === undefined ? NOTHING : { ...NOTHING, glimpses: [glimpse] };
}

function readGlimpse(context: ReadContext, update: Api.TypeUpdate): EphemeralEvent | undefined {
  if (update instanceof Api.UpdateUserTyping) {
    const person = personId(update.userId);
    const active = !(update.action instanceof Api.SendMessageCancelAction);
    return { portal: context.portal(directChatId(update.userId)), person, kind: 'typing', active };
  }
  if (update instanceof Api.UpdateReadHistoryOutbox && update.peer instanceof Api.PeerUser) {
    const chat = directChatId(update.peer.userId);
    return {
      portal: context.portal(chat),
      person: personId(update.peer.userId),
      kind: 'read',
      upTo: messageId(update.maxId),
    };
  }
  if (update instanceof Api.UpdateReadHistoryInbox && update.peer instanceof Api.PeerUser) {
    const chat = directChatId(update.peer.userId);
    return { portal: context.portal(chat), person: context.self, kind: 'read', upTo: messageId(update.maxId) };
  }
  return undefined;
}

/** Of one message, new or from the history. Groups and channels are not bridged yet: their person is told (unbridged.ts). */
export function readMessage(
  context: ReadContext,
  message: Api.TypeMessage,
  via: Origin['via'] = 'live',
): NetworkEvent[] {
  const place = placeOf(context, message);
  if (place === undefined || message instanceof Api.MessageEmpty) return [];
  const parts = message instanceof Api.MessageService ? serviceBody(message) : [bodyOf(message)];
  if (parts.length === 0) return [];
  const id = messageId(message.id);
  const origin = { ...place, key: originKey(place.portal, 'message', id), at: message.date * 1000, via };
  const replyTo = replyOf(message);
  return [{ ...origin, kind: 'message', message: id, parts, ...(replyTo === undefined ? {} : { replyTo }) }];
}

/** Edit dates are whole seconds: the pts behind them keeps two edits of one second apart and in order. */
export function editedAt(editDate: number, pts: number): number {
  return editDate * 1000 + (pts % 1000);
}

function readEdit(context: ReadContext, message: Api.TypeMessage, pts: number): NetworkEvent[] {
  // Hidden edits change reactions, buttons or previews, not what was said.
  if (!(message instanceof Api.Message) || typeof message.editDate !== 'number' || message.editHide === true) return [];
  const place = placeOf(context, message);
  if (place === undefined) return [];
  const target = messageId(message.id);
  return [
    {
      ...place,
      key: originKey(place.portal, 'edit', target, `${message.editDate}.${pts}`),
      at: message.editDate * 1000,
      via: 'live',
      kind: 'edit',
      target,
      parts: [bodyOf(message)],
      editedAt: editedAt(message.editDate, pts),
    },
  ];
}

/** Telegram says neither who deleted nor when; in a private chat the other person's ghost takes it back. @param at epoch ms */
export function readRemoval(portal: PortalKey, target: MessageId, at: number): NetworkEvent {
  const sender = portal.chat as string as PersonId;
  return { key: originKey(portal, 'removal', target), portal, sender, at, via: 'live', kind: 'removal', target };
}

function placeOf(context: ReadContext, message: Api.TypeMessage): { portal: PortalKey; sender: PersonId } | undefined {
  if (message instanceof Api.MessageEmpty || !(message.peerId instanceof Api.PeerUser)) return undefined;
  const peer = peerName(message.peerId);
  const sender = message.out === true ? context.self : personId(peer.id);
  return { portal: context.portal(peerChat(peer)), sender };
}

function replyOf(message: Api.Message | Api.MessageService): MessageId | undefined {
  const header = message.replyTo;
  if (!(header instanceof Api.MessageReplyHeader) || typeof header.replyToMsgId !== 'number') return undefined;
  // A quote from another chat has no counterpart here.
  return header.replyToPeerId instanceof Api.PeerUser || (header.replyToPeerId ?? undefined) === undefined
    ? messageId(header.replyToMsgId)
    : undefined;
}

export function bodyOf(message: Pick<Api.Message, 'message' | 'entities' | 'media'>): MessageBody {
  const text = fromEntities(message.message ?? '', message.entities);
  const media = message.media ?? undefined;
  if (media === undefined || media instanceof Api.MessageMediaEmpty || media instanceof Api.MessageMediaWebPage) {
    if (text.text !== '') return { kind: 'text', text, as: 'text' };
    return { kind: 'unsupported', what: 'kind.other' };
  }
  const what = mediaWord(media);
  return text.text === '' ? { kind: 'unsupported', what } : { kind: 'unsupported', what, fallback: text };
}

const MEDIA_WORDS: Readonly<Record<string, string>> = {
  MessageMediaPhoto: 'kind.photo',
  MessageMediaGeo: 'kind.location',
  MessageMediaGeoLive: 'kind.location',
  MessageMediaVenue: 'kind.location',
  MessageMediaContact: 'kind.contact',
  MessageMediaPoll: 'kind.poll',
};

function mediaWord(media: Api.TypeMessageMedia): string {
  if (!(media instanceof Api.MessageMediaDocument)) return MEDIA_WORDS[media.className] ?? 'kind.other';
  if (media.voice === true) return 'kind.voice';
  const attributes = media.document instanceof Api.Document ? media.document.attributes : [];
  if (attributes.some((one) => one instanceof Api.DocumentAttributeSticker)) return 'kind.sticker';
  for (const one of attributes) {
    if (one instanceof Api.DocumentAttributeAudio) return one.voice === true ? 'kind.voice' : 'kind.audio';
  }
  if (media.video === true || media.round === true) return 'kind.video';
  if (attributes.some((one) => one instanceof Api.DocumentAttributeVideo)) return 'kind.video';
  return 'kind.file';
}

function serviceBody(message: Api.MessageService): MessageBody[] {
  // Clearing one's own view says nothing to anybody.
  if (message.action instanceof Api.MessageActionHistoryClear || message.action instanceof Api.MessageActionEmpty)
    return [];
  // "Joined Telegram": nobody wrote, and a room for each contact who joins would be a flood.
  if (message.action instanceof Api.MessageActionContactSignUp) return [];
  const what = message.action instanceof Api.MessageActionPhoneCall ? 'kind.call' : 'kind.service';
  return [{ kind: 'unsupported', what }];
}
