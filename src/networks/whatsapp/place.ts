// Where and by whom something was said on WhatsApp, in our names, and the events of that place. Pure.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { originKey } from '../../model/effect.ts';
import { as, type ChatId, type MessageId, type PersonId, type PortalKey } from '../../model/ids.ts';
import type { MessageBody } from '../../model/message.ts';
import type { NetworkEvent, Origin } from '../../model/network-event.ts';
import { say } from '../../model/say.ts';
import { chatKind, messageId, type Names } from './ids.ts';
import { handlesBeside, handlesOf, isPerson, overlap, parseJid, STATUS, type Handles, type Jid } from './jid.ts';

/** As the library hands them over; `…Alt` is the same person's other address. */
export type WireMessage = Omit<proto.IWebMessageInfo, 'key'> & {
  readonly key?:
    | (proto.IMessageKey & {
        readonly remoteJidAlt?: string | null;
        readonly participantAlt?: string | null;
        readonly isViewOnce?: boolean | null;
      })
    | null;
};

export interface ReadContext {
  readonly self: PersonId;
  readonly selfHandles: Handles;
  readonly names: Pick<Names, 'chat'>;
  /** The people book: names whoever has no name yet. */
  readonly person: (handles: Handles) => PersonId;
  /** What somebody is called in front of everybody. */
  readonly nameOf: (person: PersonId) => string | undefined;
  readonly portal: (chat: ChatId, kind: ReturnType<typeof chatKind>) => PortalKey;
  /** Of the group that holds those of a community: where it tells what it has to tell. */
  readonly announcements: (community: ChatId) => ChatId | undefined;
  /** Whether what disappears over there is taken back here. */
  readonly removesHere: boolean;
  /** Epoch ms, for what comes without a time. */
  readonly now: () => number;
}

/** What one message comes to. */
export interface Reading {
  readonly events: readonly NetworkEvent[];
  /** Chats whose members, name or modes are no longer what they were: ask anew. */
  readonly stale: readonly ChatId[];
  /** What people call themselves. */
  readonly names: readonly { readonly person: PersonId; readonly name: string }[];
  /** Shown as waiting: its text comes later under the same id, and is then to be read with `healing`. */
  readonly waiting?: MessageId;
  /** Set when it is of no chat that can be named, so that nothing could be shown. */
  readonly nowhere?: true;
}

/** Where and by whom something was said. */
export interface Place {
  readonly chat: ChatId;
  readonly portal: PortalKey;
  readonly sender: PersonId;
  readonly at: number;
  readonly via: Origin['via'];
  readonly id: MessageId;
  /** The digits of a group's address. */
  readonly group?: string;
}

/** @returns undefined when it is of no chat that has a name */
export function placeOf(context: ReadContext, message: WireMessage, via: Origin['via']): Place | undefined {
  const key = message.key ?? {};
  const jid = parseJid(key.remoteJid);
  if (jid === undefined) return undefined;
  const who = authorOf(context, message, jid);
  if (who === undefined) return undefined;
  const chat = chatOf(context, message, jid, who);
  return {
    chat,
    portal: context.portal(chat, chatKind(chat)),
    sender: who,
    at: momentOf(message.messageTimestamp, context.now()),
    via,
    id: messageId(who, key.id ?? ''),
    ...(jid.kind === 'group' ? { group: jid.user } : {}),
  };
}

/** Later than this is no date, epoch ms. */
const LAST_MOMENT = 8.64e15;

/** @param seconds epoch s as the server writes them @returns epoch ms; `now` for what is no moment */
export function momentOf(seconds: unknown, now: number): number {
  const at = Math.round(Number(seconds ?? 0) * 1000);
  return at > 0 && at <= LAST_MOMENT ? at : now;
}

function chatOf(context: ReadContext, message: WireMessage, jid: Jid, author: PersonId): ChatId {
  const { key } = message;
  if (isPerson(jid))
    return as<ChatId>(context.person(handlesBeside(context.selfHandles, key?.remoteJid, key?.remoteJidAlt) ?? {}));
  // What comes by somebody's broadcast list is said to each alone.
  // The library takes our own for somebody else's when it is addressed by LID.
  const list = jid.kind === 'broadcast' && jid.user !== STATUS && author !== context.self;
  return list ? as<ChatId>(author) : context.names.chat(jid);
}

function authorOf(context: ReadContext, { key, participant }: WireMessage, jid: Jid): PersonId | undefined {
  if (key?.fromMe === true) return context.self;
  if (isPerson(jid)) return context.person(handlesBeside(context.selfHandles, key?.remoteJid, key?.remoteJidAlt) ?? {});
  // Channels have no authors.
  if (jid.kind === 'newsletter') return context.names.chat(jid) as string as PersonId;
  // Beside a list's name the library gives the author's other address as the list's own.
  const alt = jid.kind === 'broadcast' ? key?.remoteJidAlt : key?.participantAlt;
  const handles = handlesBeside(context.selfHandles, key?.participant ?? participant, alt);
  if (handles !== undefined) return personOf(context, handles);
  return jid.kind === 'group' ? context.self : undefined;
}

export function personOf(context: ReadContext, handles: Handles): PersonId {
  return overlap(handles, context.selfHandles) ? context.self : context.person(handles);
}

/** Who wrote what a key points at. Senders spell the key as they see it; the library may have turned it to how we see it. */
export function authorOfKey(
  context: ReadContext,
  message: WireMessage,
  key: proto.IMessageKey,
  place: Place,
): PersonId {
  const named = handlesOf(key.participant);
  if (named !== undefined) return personOf(context, named);
  if (chatKind(place.chat) === 'group') return place.sender;
  const other = as<PersonId>(place.chat);
  const chat = handlesOf(key.remoteJid);
  const asTheySee = message.key?.fromMe !== true && chat !== undefined && overlap(chat, context.selfHandles);
  return (key.fromMe === true) === asTheySee ? other : context.self;
}

export function namesOf(context: ReadContext, { key, pushName }: WireMessage, { sender }: Place): Reading['names'] {
  const name = pushName?.trim() ?? '';
  return key?.fromMe === true || sender === context.self || name === '' || !/^[ln]/.test(sender)
    ? []
    : [{ person: sender, name }];
}

/** Of what changes something in a chat that several of this bridge may be in. */
export function ownName({ group, id }: Place): { readonly own?: MessageId } {
  return group === undefined ? {} : { own: id };
}

export function origin({ portal, sender, at, via }: Place, key: string): Origin {
  return { key, portal, sender, at, via };
}

/** Something new in the chat, under this message's own id. */
export function messageEvent(place: Place, body: MessageBody, replyTo?: MessageId): NetworkEvent {
  return {
    ...origin(place, originKey(place.portal, 'message', place.id)),
    kind: 'message',
    message: place.id,
    parts: [body],
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

export function told(place: Place, ...words: Parameters<typeof say>): NetworkEvent {
  return messageEvent(place, { kind: 'told', say: say(...words) });
}

/** In the place of a message, under a key of its own: another login may bring the message itself. */
export function placeholder(place: Place, why: 'waiting' | 'unread'): NetworkEvent {
  const notice = messageEvent(place, { kind: 'told', say: say(`whatsapp.${why}`), placeholder: true });
  return { ...notice, key: originKey(place.portal, why, place.id) };
}

export function unreadable(place: Place, what: string): NetworkEvent {
  return { ...origin(place, originKey(place.portal, 'unreadable', place.id)), kind: 'unreadable', what };
}

/** @param seconds 0 = messages stay */
export function readTimer({ removesHere }: ReadContext, seconds: number, place: Place): NetworkEvent {
  if (!(seconds > 0 && Number.isFinite(seconds))) return told(place, 'whatsapp.timer-off');
  const hours = Math.max(1, Math.round(seconds / 3600));
  if (hours > 48) {
    const days = Math.round(hours / 24);
    return told(place, removesHere ? 'whatsapp.timer-days-here' : 'whatsapp.timer-days', { days });
  }
  return told(place, removesHere ? 'whatsapp.timer-hours-here' : 'whatsapp.timer-hours', { hours });
}
