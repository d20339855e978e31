// What the house owes, as WhatsApp's messages: our own ids, keys as WhatsApp spells them, quotes and mentions. Pure.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { GroupAction, MessageAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import type { ChatId, EffectId, MessageId, PersonId } from '../../model/ids.ts';
import type { MessageBody, RichText } from '../../model/message.ts';
import type { SayKey } from '../../model/say.ts';
import { sealAddon } from './addon.ts';
import { chatKind, messageId, parseMessage, stanzaId, type MessageName } from './ids.ts';
import { writeMarks } from './markup.ts';
import { previewOut } from './previews.ts';
import { setting, timed, type Timer } from './timers.ts';

/** UTF-16 units that WhatsApp takes in one message; longer text is split by the house. */
export const MAX_TEXT_UNITS = 65_536;
/** Phones show no edit that comes later, in ms. */
export const EDIT_WINDOW_MS = 15 * 60_000;
/** Phones keep what is deleted for everyone later than this, in ms (two days and twelve hours). */
export const REMOVE_WINDOW_MS = 60 * 3_600_000;

const { Type } = proto.Message.ProtocolMessage;
const NETWORK = { network: 'WhatsApp' };

export interface WriteContext {
  readonly self: PersonId;
  /** Address of the chat, by the addressing it has now. @throws BridgeError */
  readonly chatJid: (chat: ChatId) => string;
  /** Address of a person as this chat addresses people (LID or number). @throws BridgeError */
  readonly personJid: (chat: ChatId, person: PersonId) => string;
  /** The same, but undefined for whom this chat cannot mention. */
  readonly mention: (chat: ChatId, person: PersonId) => string | undefined;
  /** What a message said, if it is still known: phones show it above the answer. */
  readonly quoted: (message: MessageId) => proto.IMessage | undefined;
  /** After which time messages disappear from the chat. */
  readonly timer: (chat: ChatId) => Timer;
  /** With which what hangs on a message is sealed; undefined when it is not known. */
  readonly secretOf: (message: MessageId) => Uint8Array | undefined;
  /** Phones take only sealed reactions there: in the announcements of a community. */
  readonly sealsReactions: (chat: ChatId) => boolean;
  /** Epoch ms. */
  readonly now: number;
}

/** What goes to the library's relayMessage(). */
export interface Written {
  readonly to: string;
  /** The id of the stanza, the same at every try. */
  readonly id: string;
  readonly message: proto.IMessage;
  /** Attributes of the stanza: `edit` tells the server and phones what is changed. */
  readonly attrs: Readonly<Record<string, string>>;
}

/** What goes as a message beside what people say: a private chat's timer, an invitation into a group. */
export type Saying =
  | MessageAction
  | Extract<GroupAction, { kind: 'set-timer' }>
  | { readonly kind: 'invite'; readonly chat: ChatId; readonly invitation: proto.Message.IGroupInviteMessage };

type Action<Kind extends MessageAction['kind']> = Extract<MessageAction, { kind: Kind }>;

/** @throws BridgeError for what WhatsApp does not carry */
export function write(context: WriteContext, action: Saying, effect: EffectId): Written {
  const about = { to: context.chatJid(action.chat), id: stanzaId(effect) };
  switch (action.kind) {
    case 'send':
      return { ...about, message: withSecret(context, about.id, writeSend(context, action)), attrs: {} };
    case 'edit':
      return { ...about, message: writeEdit(context, action), attrs: { edit: '1' } };
    case 'remove':
      return { ...about, ...writeRemove(context, action) };
    case 'react':
      return { ...about, message: writeReaction(context, action), attrs: {} };
    case 'invite':
      return { ...about, message: { groupInviteMessage: action.invitation }, attrs: {} };
    case 'set-timer':
      return { ...about, message: setting(action.seconds, Math.floor(context.now / 1000)), attrs: {} };
  }
}

function refuse(code: string, words: SayKey): BridgeError {
  return new BridgeError(`whatsapp-${code}`, 'never', words, { values: NETWORK });
}

function textOf(body: MessageBody): RichText {
  if (body.kind !== 'text') {
    const kind = body.kind === 'unsupported' ? body.what : 'kind.file';
    throw new BridgeError('whatsapp-unsupported', 'never', 'fault.unsupported-body', { values: { ...NETWORK, kind } });
  }
  if (body.text.text.trim() === '') throw refuse('empty', 'whatsapp.empty');
  return body.text;
}

function textMessage(
  context: WriteContext,
  chat: ChatId,
  body: MessageBody,
  about: proto.IContextInfo,
): proto.IMessage {
  const rich = textOf(body);
  const group = chatKind(chat) === 'group';
  const { text, mentioned, everyone } = writeMarks(rich, (person) => context.mention(chat, person), group);
  // Marks may make it too long; its words alone are not.
  const short = text.length <= MAX_TEXT_UNITS ? text : rich.text;
  if (short.length > MAX_TEXT_UNITS) throw refuse('too-long', 'whatsapp.too-long');
  const contextInfo = {
    ...about,
    ...(mentioned.length === 0 ? {} : { mentionedJid: [...mentioned] }),
    ...(everyone === true ? { nonJidMentions: 1 } : {}),
  };
  const around = {
    ...previewOut(body.kind === 'text' ? body.preview : undefined, short),
    ...(Object.keys(contextInfo).length === 0 ? {} : { contextInfo }),
  };
  if (Object.keys(around).length === 0) return { conversation: short };
  return { extendedTextMessage: { text: short, ...around } };
}

function writeSend(context: WriteContext, { chat, body, replyTo }: Action<'send'>): proto.IMessage {
  return textMessage(context, chat, body, {
    ...(replyTo === undefined ? {} : quoteOf(context, chat, replyTo)),
    ...timed(context.timer(chat)),
  });
}

/** Whoever reacts to it in a community's announcements, or edits it on the phone, seals that with it. */
function withSecret(context: WriteContext, id: string, message: proto.IMessage): proto.IMessage {
  const messageSecret = context.secretOf(messageId(context.self, id));
  return messageSecret === undefined ? message : { ...message, messageContextInfo: { messageSecret } };
}

function quoteOf(context: WriteContext, chat: ChatId, message: MessageId): proto.IContextInfo {
  const { sender, id } = parseMessage(message);
  // Without any words phones show no quote at all, or an empty one.
  const { messageContextInfo: _itsOwn, ...quotedMessage } = context.quoted(message) ?? { conversation: '…' };
  return { stanzaId: id, participant: context.personJid(chat, sender), quotedMessage };
}

function writeEdit(context: WriteContext, { chat, target, body }: Action<'edit'>): proto.IMessage {
  const { sender, id } = parseMessage(target);
  if (sender !== context.self) throw refuse('not-yours', 'whatsapp.not-yours');
  return {
    protocolMessage: {
      key: { remoteJid: context.chatJid(chat), fromMe: true, id },
      type: Type.MESSAGE_EDIT,
      editedMessage: textMessage(context, chat, body, {}),
      timestampMs: context.now,
    },
  };
}

/** For everybody: what is taken back on Matrix must not stay with the contact. In groups admins may take back others' words. */
function writeRemove(context: WriteContext, { chat, target }: Action<'remove'>): Pick<Written, 'message' | 'attrs'> {
  const name = parseMessage(target);
  const own = name.sender === context.self;
  if (!own && chatKind(chat) !== 'group') throw refuse('not-yours', 'whatsapp.not-yours');
  return {
    message: { protocolMessage: { key: keyOf(context, chat, name), type: Type.REVOKE } },
    attrs: { edit: own ? '7' : '8' },
  };
}

function writeReaction(context: WriteContext, { chat, target, emoji }: Action<'react'>): proto.IMessage {
  if (emoji !== null && !isEmoji(emoji)) throw refuse('no-emoji', 'whatsapp.no-emoji');
  const name = parseMessage(target);
  const key = keyOf(context, chat, name);
  const reaction = { text: emoji ?? '', senderTimestampMs: context.now };
  if (!context.sealsReactions(chat)) return { reactionMessage: { key, ...reaction } };
  const secret = context.secretOf(target);
  if (secret === undefined) throw refuse('no-secret', 'whatsapp.no-secret');
  const [author, actor] = [context.personJid(chat, name.sender), context.personJid(chat, context.self)];
  const plain = proto.Message.ReactionMessage.encode(reaction).finish();
  const sealed = sealAddon('Enc Reaction', secret, { id: name.id, author, actor }, plain);
  return { encReactionMessage: { targetMessageKey: key, ...sealed } };
}

/** One emoji, however it is put together; phones show nothing of anything else. */
export function isEmoji(text: string): boolean {
  return (
    /^\p{RGI_Emoji}$/v.test(text) ||
    /^\p{RGI_Emoji}$/v.test(text.replaceAll('\ufe0f', '')) ||
    /^\p{RGI_Emoji}$/v.test(`${text}\ufe0f`)
  );
}

function keyOf(context: WriteContext, chat: ChatId, { sender, id }: MessageName): proto.IMessageKey {
  const remoteJid = context.chatJid(chat);
  if (sender === context.self) return { remoteJid, fromMe: true, id };
  const participant = chatKind(chat) === 'group' ? { participant: context.personJid(chat, sender) } : {};
  return { remoteJid, fromMe: false, id, ...participant };
}
