// WhatsApp's messages to what the house understands; pure: no wire, no store. What cannot be shown yet becomes a notice, never nothing.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { originKey } from '../../model/effect.ts';
import type { MessageId } from '../../model/ids.ts';
import type { MessageBody } from '../../model/message.ts';
import { FIRST_VERSION, type NetworkEvent, type Origin } from '../../model/network-event.ts';
import { say, type SayKey } from '../../model/say.ts';
import { bodyOf, contextOf, isEmpty, isPlumbing, unwrap, type Whois } from './content.ts';
import { chatKind, isPersonal, messageId } from './ids.ts';
import { invitationIn, wordOf } from './invitation.ts';
import { handlesOf, isPerson, parseJid, STATUS } from './jid.ts';
import {
  authorOfKey,
  messageEvent,
  namesOf,
  origin,
  ownName,
  personOf,
  placeholder,
  placeOf,
  readTimer,
  told,
  unreadable,
  type Place,
  type ReadContext,
  type Reading,
  type WireMessage,
} from './place.ts';
import { readStub } from './stubs.ts';

export type { ReadContext, Reading, WireMessage } from './place.ts';

const { Type } = proto.Message.ProtocolMessage;
const { MISSED } = proto.Message.CallLogMessage.CallOutcome;
const { CIPHERTEXT } = proto.WebMessageInfo.StubType;

const NOTHING: Reading = { events: [], stale: [], names: [] };

/** @param healing this message was shown as waiting: it takes that notice's place */
export function readMessage(
  context: ReadContext,
  message: WireMessage,
  options: { readonly healing?: boolean; readonly via?: Origin['via'] } = {},
): Reading {
  const place = placeOf(context, message, options.via ?? 'live');
  if (place === undefined) return { ...NOTHING, nowhere: true };
  const names = namesOf(context, message, place);
  const stub = message.messageStubType ?? 0;
  // The group's key that came with it was read, the message itself was not.
  const isUnread = stub === CIPHERTEXT && isPlumbing(message.message ?? {});
  if (!isUnread && !isEmpty(message.message)) {
    const events = readContent(context, message, place);
    return { ...NOTHING, names, events: options.healing === true ? healed(place, events) : events };
  }
  if (message.key?.isViewOnce === true) return { ...NOTHING, names, events: [told(place, 'whatsapp.view-once')] };
  if (stub === CIPHERTEXT) {
    return { ...NOTHING, names, events: [placeholder(place, 'waiting')], waiting: place.id };
  }
  return { ...NOTHING, names, ...readStub(context, message, place) };
}

function readContent(context: ReadContext, message: WireMessage, place: Place): NetworkEvent[] {
  const inside = unwrap(message.message ?? {});
  const { content } = inside;
  if (isPlumbing(content)) return [];
  if (content.protocolMessage) return readProtocol(context, content.protocolMessage, place);
  if (content.reactionMessage) return [readReaction(context, message, content.reactionMessage, place)];
  const call = callWords(content.callLogMesssage);
  if (call !== undefined) return [told(place, call)];
  const invited = content.groupInviteMessage && invitationWords(context, content.groupInviteMessage, place);
  if (invited !== undefined && invited !== null)
    return [messageEvent(place, invited, replyOf(context, content, place))];
  const body = bodyIn(context, inside, place);
  if (place.chat === STATUS) return [messageEvent(place, passedOn('kind.status', body))];
  if (chatKind(place.chat) === 'channel') return [messageEvent(place, passedOn('kind.newsletter', body))];
  return [messageEvent(place, body, replyOf(context, content, place))];
}

/** @returns undefined for what leads nowhere from here, like this account's own: it is told as any other kind */
function invitationWords(
  { names, self }: ReadContext,
  invite: proto.Message.IGroupInviteMessage,
  { sender, chat }: Place,
): MessageBody | undefined {
  const invitation = sender === self || !isPersonal(chat) ? undefined : invitationIn(names, invite, sender);
  if (invitation === undefined) return undefined;
  const name = invite.groupName ?? '';
  return { kind: 'told', say: say('whatsapp.group-invite', { name, word: wordOf(invitation) }) };
}

/** @returns undefined for a call that was taken or refused: it is told as any other kind */
function callWords(call: proto.Message.ICallLogMessage | null | undefined): SayKey | undefined {
  if (call?.callOutcome !== MISSED) return undefined;
  return call.isVideo === true ? 'whatsapp.missed-video-call' : 'whatsapp.missed-call';
}

function bodyIn(context: ReadContext, inside: ReturnType<typeof unwrap>, { group }: Place): MessageBody {
  const whois = (jid: string): ReturnType<Whois> => {
    const handles = handlesOf(jid);
    if (handles === undefined) return undefined;
    const person = personOf(context, handles);
    const name = context.nameOf(person);
    return name === undefined ? { person } : { person, name };
  };
  return bodyOf(inside, whois, group);
}

/** Of what is not bridged as a whole: its words are shown below its name. */
function passedOn(what: string, body: MessageBody): MessageBody {
  const text = body.kind === 'text' ? body.text : body.kind === 'unsupported' ? body.fallback : undefined;
  return { kind: 'unsupported', what, ...(text === undefined ? {} : { fallback: text }) };
}

function replyOf(context: ReadContext, content: proto.IMessage, place: Place): MessageId | undefined {
  const about = contextOf(content);
  if (!about?.stanzaId) return undefined;
  // A quote from another chat, or of somebody's status, has no counterpart here.
  const elsewhere = parseJid(about.remoteJid);
  if (elsewhere !== undefined && !isPerson(elsewhere) && context.names.chat(elsewhere) !== place.chat) return undefined;
  const handles = handlesOf(about.participant);
  if (handles === undefined) return undefined;
  return messageId(personOf(context, handles), about.stanzaId);
}

function readReaction(
  context: ReadContext,
  message: WireMessage,
  { key, text }: proto.Message.IReactionMessage,
  place: Place,
): NetworkEvent {
  if (!key?.id) return unreadable(place, 'kind.reaction');
  const target = messageId(authorOfKey(context, message, key, place), key.id);
  const emoji = text ? text : null;
  return {
    ...origin(place, originKey(place.portal, 'reaction', target, place.id)),
    kind: 'reaction',
    target,
    emoji,
    ...ownName(place),
  };
}

function readProtocol(context: ReadContext, protocol: proto.Message.IProtocolMessage, place: Place): NetworkEvent[] {
  switch (protocol.type) {
    case Type.REVOKE:
      return [readRevoke(context, protocol, place)];
    case Type.MESSAGE_EDIT:
      return [readEdit(context, protocol, place)];
    case Type.EPHEMERAL_SETTING:
      return [readTimer(context, protocol.ephemeralExpiration ?? 0, place)];
    case Type.SHARE_PHONE_NUMBER:
    case Type.LIMIT_SHARING:
    case Type.GROUP_MEMBER_LABEL_CHANGE:
    case Type.STATUS_MENTION_MESSAGE:
    case Type.REMINDER_MESSAGE:
      return [messageEvent(place, { kind: 'unsupported', what: 'kind.service' })];
    default:
      // What devices of one account say to each other, and what bots and businesses set up.
      return typeof protocol.type === 'number' && protocol.type in Type ? [] : [unreadable(place, 'kind.other')];
  }
}

function readRevoke(context: ReadContext, { key }: proto.Message.IProtocolMessage, place: Place): NetworkEvent {
  if (!key?.id) return unreadable(place, 'kind.other');
  const named = key.fromMe === true ? undefined : handlesOf(key.participant);
  const author = named === undefined || chatKind(place.chat) !== 'group' ? place.sender : personOf(context, named);
  const target = messageId(author, key.id);
  return { ...origin(place, originKey(place.portal, 'removal', target)), kind: 'removal', target, ...ownName(place) };
}

/** People edit what they wrote themselves: nobody else's message can be meant. */
function readEdit(context: ReadContext, protocol: proto.Message.IProtocolMessage, place: Place): NetworkEvent {
  const { key, editedMessage, timestampMs } = protocol;
  if (!key?.id || isEmpty(editedMessage)) return unreadable(place, 'kind.edit');
  const target = messageId(place.sender, key.id);
  const written = Number(timestampMs ?? 0);
  // As its name ends: what a stanza is called itself may be of any length.
  const revision = place.id.slice(place.sender.length + 1);
  return {
    ...origin(place, originKey(place.portal, 'edit', target, revision)),
    kind: 'edit',
    target,
    parts: [bodyIn(context, unwrap(editedMessage ?? {}), place)],
    editedAt: Number.isSafeInteger(written) && written > 0 ? written : place.at,
    ...ownName(place),
  };
}

/** The notice that stood for a message becomes it; if it was none (a reaction, an edit), the notice goes. */
function healed(place: Place, events: readonly NetworkEvent[]): NetworkEvent[] {
  const key = originKey(place.portal, 'healed', place.id);
  const own = events.find((event) => event.kind === 'message' && event.message === place.id);
  if (own?.kind !== 'message') return [{ ...origin(place, key), kind: 'removal', target: place.id }, ...events];
  const { parts } = own;
  // Older than every edit: what was changed while it could not be read stays changed.
  return [{ ...origin(place, key), kind: 'edit', target: place.id, parts, editedAt: FIRST_VERSION }];
}
