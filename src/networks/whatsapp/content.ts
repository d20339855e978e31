// What a message holds, out of its wrappers: text, or the word for what is not bridged yet with whatever can be read of it. Pure.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { MessageBody, RichText } from '../../model/message.ts';
import { businessHeader, businessTexts, type Texts } from './business.ts';
import { parseJid } from './jid.ts';
import { readText, type Mentioned } from './markup.ts';
import { previewIn, quotedBelow } from './previews.ts';

type Message = proto.IMessage;

export interface Unwrapped {
  readonly content: Message;
  /** To be seen once, on a phone. */
  readonly viewOnce: boolean;
}

/** More wrappers around each other than this are somebody's mischief. */
const DEEPEST = 10;

const VIEW_ONCE = ['viewOnceMessage', 'viewOnceMessageV2', 'viewOnceMessageV2Extension'] as const;
const WRAPPERS = [
  ...VIEW_ONCE,
  'deviceSentMessage',
  'ephemeralMessage',
  'documentWithCaptionMessage',
  'editedMessage',
  'associatedChildMessage',
  'groupMentionedMessage',
  'botInvokeMessage',
  'botTaskMessage',
  'botForwardedMessage',
  'lottieStickerMessage',
  'eventCoverImage',
  'pollCreationMessageV4',
  'pollCreationOptionImageMessage',
  'questionMessage',
  'questionReplyMessage',
  'limitSharingMessage',
  'statusMentionMessage',
  'groupStatusMentionMessage',
  'statusAddYours',
  'groupStatusMessage',
  'groupStatusMessageV2',
] as const satisfies readonly (keyof Message)[];

/** Takes every wrapper off that WhatsApp puts around a message. */
export function unwrap(message: Message): Unwrapped {
  let content = message;
  let viewOnce = false;
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const wrapper = WRAPPERS.find((name) => isHolder(content[name]?.message));
    const inner = wrapper === undefined ? undefined : content[wrapper]?.message;
    if (wrapper === undefined || !isHolder(inner)) break;
    viewOnce ||= (VIEW_ONCE as readonly string[]).includes(wrapper);
    content = inner;
  }
  return { content, viewOnce };
}

function isHolder(value: unknown): value is Message {
  return typeof value === 'object' && value !== null;
}

/** What only devices have to say to each other. */
const PLUMBING = new Set<string>([
  'senderKeyDistributionMessage',
  'fastRatchetKeySenderKeyDistributionMessage',
  'messageContextInfo',
  'stickerSyncRmrMessage',
  'messageHistoryBundle',
  'messageHistoryNotice',
]);

/** Is there nothing in it for people? */
export function isPlumbing(content: Message): boolean {
  const fields = fieldsOf(content);
  return fields.length > 0 && fields.every((field) => PLUMBING.has(field));
}

export function isEmpty(content: Message | null | undefined): boolean {
  return !isHolder(content) || fieldsOf(content).length === 0;
}

function fieldsOf(content: Message): string[] {
  return Object.entries(content).flatMap(([field, value]) => (value === null || value === undefined ? [] : [field]));
}

/** Field, catalogue word, and the texts in it that people can read. The first field that is there counts. */
const KINDS: readonly (readonly [keyof Message, string, ((message: Message) => Texts)?])[] = [
  ['imageMessage', 'kind.photo', ({ imageMessage }) => [imageMessage?.caption]],
  ['ptvMessage', 'kind.video', ({ ptvMessage }) => [ptvMessage?.caption]],
  ['videoMessage', 'kind.video', ({ videoMessage }) => [videoMessage?.caption]],
  ['documentMessage', 'kind.file', ({ documentMessage: file }) => [file?.fileName ?? file?.title, file?.caption]],
  ['stickerMessage', 'kind.sticker'],
  ['stickerPackMessage', 'kind.sticker', ({ stickerPackMessage }) => [stickerPackMessage?.name]],
  ['locationMessage', 'kind.location', ({ locationMessage }) => placeOf(locationMessage)],
  ['liveLocationMessage', 'kind.live-location', ({ liveLocationMessage }) => [liveLocationMessage?.caption]],
  ['contactMessage', 'kind.contact', ({ contactMessage }) => [contactMessage?.displayName]],
  [
    'contactsArrayMessage',
    'kind.contact',
    ({ contactsArrayMessage: all }) => (all?.contacts ?? []).map((one) => one.displayName),
  ],
  ['pollCreationMessage', 'kind.poll', ({ pollCreationMessage }) => pollOf(pollCreationMessage)],
  ['pollCreationMessageV2', 'kind.poll', ({ pollCreationMessageV2 }) => pollOf(pollCreationMessageV2)],
  ['pollCreationMessageV3', 'kind.poll', ({ pollCreationMessageV3 }) => pollOf(pollCreationMessageV3)],
  ['pollCreationMessageV5', 'kind.poll', ({ pollCreationMessageV5 }) => pollOf(pollCreationMessageV5)],
  ['pollResultSnapshotMessage', 'kind.poll', ({ pollResultSnapshotMessage: poll }) => [poll?.name]],
  ['pollResultSnapshotMessageV3', 'kind.poll', ({ pollResultSnapshotMessageV3: poll }) => [poll?.name]],
  ['pollUpdateMessage', 'kind.vote'],
  ['eventMessage', 'kind.event', ({ eventMessage: event }) => [event?.name, event?.description, event?.joinLink]],
  ['encEventResponseMessage', 'kind.event'],
  ['orderMessage', 'kind.order', ({ orderMessage: order }) => [order?.orderTitle, order?.message]],
  ['productMessage', 'kind.product', ({ productMessage }) => [productMessage?.product?.title, productMessage?.body]],
  ['sendPaymentMessage', 'kind.payment', ({ sendPaymentMessage: one }) => noteOf(one?.noteMessage)],
  ['requestPaymentMessage', 'kind.payment', ({ requestPaymentMessage: one }) => noteOf(one?.noteMessage)],
  ['declinePaymentRequestMessage', 'kind.payment'],
  ['cancelPaymentRequestMessage', 'kind.payment'],
  ['paymentInviteMessage', 'kind.payment'],
  ['invoiceMessage', 'kind.payment', ({ invoiceMessage }) => [invoiceMessage?.note]],
  ['groupInviteMessage', 'kind.group-invite', ({ groupInviteMessage: one }) => [one?.groupName, one?.caption]],
  ['newsletterAdminInviteMessage', 'kind.newsletter', ({ newsletterAdminInviteMessage: one }) => [one?.newsletterName]],
  [
    'newsletterFollowerInviteMessageV2',
    'kind.newsletter',
    ({ newsletterFollowerInviteMessageV2: one }) => [one?.newsletterName],
  ],
  ['albumMessage', 'kind.album'],
  ['pinInChatMessage', 'kind.pin'],
  ['keepInChatMessage', 'kind.service'],
  ['requestPhoneNumberMessage', 'kind.service'],
  ['call', 'kind.call'],
  ['callLogMesssage', 'kind.call'],
  ['bcallMessage', 'kind.call'],
  ['scheduledCallCreationMessage', 'kind.call', ({ scheduledCallCreationMessage: one }) => [one?.title]],
  ['scheduledCallEditMessage', 'kind.call'],
  ['encReactionMessage', 'kind.reaction'],
  ['encCommentMessage', 'kind.comment'],
  [
    'commentMessage',
    'kind.comment',
    ({ commentMessage: one }) => (one?.message ? plainOf(unwrap(one.message).content) : []),
  ],
  ['secretEncryptedMessage', 'kind.edit'],
  ['statusNotificationMessage', 'kind.status'],
  ['statusQuotedMessage', 'kind.status', ({ statusQuotedMessage: one }) => [one?.text]],
  ['statusQuestionAnswerMessage', 'kind.status', ({ statusQuestionAnswerMessage: one }) => [one?.text]],
  ['statusStickerInteractionMessage', 'kind.status'],
];

/** What people say, what businesses do, and answers to that. */
function plainOf(content: Message): Texts {
  return [
    content.conversation,
    content.extendedTextMessage?.text,
    ...businessTexts(content),
    content.buttonsResponseMessage?.selectedDisplayText,
    content.listResponseMessage?.title,
    content.templateButtonReplyMessage?.selectedDisplayText,
    content.interactiveResponseMessage?.body?.text,
    content.questionResponseMessage?.text,
  ];
}

function placeOf(place: proto.Message.ILocationMessage | null | undefined): Texts {
  const { degreesLatitude: latitude, degreesLongitude: longitude } = place ?? {};
  const has = typeof latitude === 'number' && typeof longitude === 'number';
  const where = has ? `geo:${latitude},${longitude}` : undefined;
  return [place?.name, place?.address, place?.comment, place?.url ?? where];
}

function pollOf(poll: proto.Message.IPollCreationMessage | null | undefined): Texts {
  return [poll?.name, ...(poll?.options ?? []).map(({ optionName }) => (optionName ? `• ${optionName}` : undefined))];
}

function noteOf(note: Message | null | undefined): Texts {
  return note ? plainOf(unwrap(note).content) : [];
}

function joined(texts: Texts): string {
  return texts.filter((text) => typeof text === 'string' && text.trim() !== '').join('\n');
}

export type Whois = (jid: string) => Mentioned | undefined;

/**
 * What people see of a message; of what is known by no name, that it came.
 * @param group the digits of the group it is in, where everyone can be called
 */
export function bodyOf({ content, viewOnce }: Unwrapped, whois: Whois, group?: string): MessageBody {
  const context = contextOf(content);
  const groups = groupsOf(context);
  // A group of a community is called by its own name, or in it by a word that is no address.
  const everyone = group !== undefined && ((context?.nonJidMentions ?? 0) > 0 || groups.has(group));
  const rich = (text: string): RichText => readText(text, context?.mentionedJid ?? [], whois, groups, everyone);
  const plain = joined(plainOf(content));
  const header = businessHeader(content);
  if (header !== undefined) {
    return {
      kind: 'unsupported',
      what: header,
      ...(plain === '' ? {} : { fallback: forwarded(rich(plain), context) }),
    };
  }
  if (plain !== '') {
    const said = rich(plain);
    const preview = previewIn(content.extendedTextMessage, said.text);
    const text = forwarded(preview === undefined ? said : quotedBelow(said, preview), context);
    return { kind: 'text', as: 'text', text, ...(preview === undefined ? {} : { preview }) };
  }
  if (viewOnce) return { kind: 'unsupported', what: 'kind.view-once' };
  const { audioMessage: audio } = content;
  if (audio) return { kind: 'unsupported', what: audio.ptt === true ? 'kind.voice' : 'kind.audio' };
  const row = KINDS.find(([field]) => content[field] !== null && content[field] !== undefined);
  if (row === undefined) return { kind: 'unsupported', what: 'kind.other' };
  const text = joined(row[2]?.(content) ?? []);
  return { kind: 'unsupported', what: row[1], ...(text === '' ? {} : { fallback: forwarded(rich(text), context) }) };
}

/** Phones say "forwarded many times" from here on. */
const MANY = 5;

/** Shows, in no language, that somebody else said it first, or many did. */
function forwarded(text: RichText, context: proto.IContextInfo | undefined): RichText {
  const score = context?.forwardingScore ?? 0;
  if (context?.isForwarded !== true && score === 0) return text;
  const lead = score >= MANY ? '↪↪ ' : '↪ ';
  return {
    text: lead + text.text,
    spans: text.spans.map((span) => ({ ...span, start: span.start + lead.length })),
  };
}

/** Whichever kind it is, its context is in the same place. */
export function contextOf(content: Message): proto.IContextInfo | undefined {
  for (const value of Object.values(content) as unknown[]) {
    if (typeof value !== 'object' || value === null || !('contextInfo' in value)) continue;
    const { contextInfo } = value as { readonly contextInfo?: proto.IContextInfo | null };
    if (contextInfo) return contextInfo;
  }
  return undefined;
}

function groupsOf(context: proto.IContextInfo | undefined): ReadonlyMap<string, string> {
  const list = (context?.groupMentions ?? []).flatMap(({ groupJid, groupSubject }) => {
    const user = parseJid(groupJid)?.user;
    return user === undefined || !groupSubject ? [] : [[user, groupSubject] as const];
  });
  return new Map(list);
}
