// Telegram's updates as the house hears them: one table per kind, nothing dropped in silence.
import { describe, expect, test } from '@jest/globals';
import { as, type ChatId, type PersonId, type PortalKey, type PuppetId } from '../../../src/model/ids.ts';
import { TELEGRAM } from '../../../src/networks/telegram/ids.ts';
import {
  bodyOf,
  editedAt,
  readMessage,
  readRemoval,
  readUpdate,
  type ReadContext,
} from '../../../src/networks/telegram/read.ts';
import { Api, long } from '../../../src/networks/telegram/wire/api.ts';

const context: ReadContext = {
  self: as<PersonId>('u1'),
  portal: (chat: ChatId): PortalKey => ({ network: TELEGRAM, chat, receiver: as<PuppetId>('tg-me') }),
};
const alice = new Api.PeerUser({ userId: long('7') });

function message(more: Partial<ConstructorParameters<typeof Api.Message>[0]> = {}): Api.Message {
  return new Api.Message({ id: 5, peerId: alice, date: 1000, message: 'hello', ...more });
}

describe('a message', () => {
  test('of the other person', () => {
    expect(readMessage(context, message())).toEqual([
      {
        kind: 'message',
        key: 'telegram/u7@tg-me#message#5#',
        portal: { network: 'telegram', chat: 'u7', receiver: 'tg-me' },
        sender: 'u7',
        at: 1_000_000,
        via: 'live',
        message: '5',
        parts: [{ kind: 'text', as: 'text', text: { text: 'hello', spans: [] } }],
      },
    ]);
  });

  test('of our own, written on the phone', () => {
    expect(readMessage(context, message({ out: true }))[0]).toMatchObject({ sender: 'u1', portal: { chat: 'u7' } });
  });

  test('that answers another', () => {
    const replyTo = new Api.MessageReplyHeader({ replyToMsgId: 3 });
    expect(readMessage(context, message({ replyTo }))[0]).toMatchObject({ replyTo: '3' });
  });

  test('is JSON: it is stored before it is shown', () => {
    const entities = [new Api.MessageEntityBold({ offset: 0, length: 5 })];
    const events = readMessage(context, message({ entities }));
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
  });

  test.each([
    ['a group', new Api.PeerChat({ chatId: long('3') })],
    ['a channel', new Api.PeerChannel({ channelId: long('3') })],
  ])('of %s is not bridged yet', (_name, peerId) => {
    expect(readMessage(context, message({ peerId }))).toEqual([]);
  });
});

const audio = (voice: boolean): Api.MessageMediaDocument =>
  document([new Api.DocumentAttributeAudio({ voice, duration: 1 })]);

function document(attributes: Api.TypeDocumentAttribute[]): Api.MessageMediaDocument {
  const fileReference = Buffer.alloc(0);
  return new Api.MessageMediaDocument({
    document: new Api.Document({
      id: long('1'),
      accessHash: long('1'),
      fileReference,
      date: 1,
      mimeType: 'a/b',
      size: long('1'),
      dcId: 2,
      attributes,
    }),
  });
}

describe('what is not bridged yet is named', () => {
  const sticker = new Api.DocumentAttributeSticker({ alt: '', stickerset: new Api.InputStickerSetEmpty() });
  const video = new Api.DocumentAttributeVideo({ duration: 1, w: 1, h: 1 });
  test.each<[string, Api.TypeMessageMedia]>([
    ['kind.photo', new Api.MessageMediaPhoto({})],
    ['kind.voice', audio(true)],
    ['kind.audio', audio(false)],
    ['kind.sticker', document([sticker])],
    ['kind.video', document([video])],
    ['kind.file', document([])],
    ['kind.location', new Api.MessageMediaGeo({ geo: new Api.GeoPointEmpty() })],
    [
      'kind.contact',
      new Api.MessageMediaContact({ phoneNumber: '1', firstName: 'x', lastName: '', vcard: '', userId: long('1') }),
    ],
    ['kind.other', new Api.MessageMediaDice({ value: 1, emoticon: 'x' })],
    ['kind.other', new Api.MessageMediaUnsupported()],
  ])('%s', (what, media) => {
    expect(bodyOf(message({ message: '', media }))).toEqual({ kind: 'unsupported', what });
    expect(bodyOf(message({ message: 'see', media }))).toEqual({
      kind: 'unsupported',
      what,
      fallback: { text: 'see', spans: [] },
    });
  });

  test('a preview of an address is only text', () => {
    const media = new Api.MessageMediaWebPage({ webpage: new Api.WebPageEmpty({ id: long('1') }) });
    expect(bodyOf(message({ media })).kind).toBe('text');
  });

  test.each([
    ['kind.call', new Api.MessageActionPhoneCall({ callId: long('1') })],
    ['kind.service', new Api.MessageActionScreenshotTaken()],
  ])('service messages: %s', (what, action) => {
    const service = new Api.MessageService({ id: 6, peerId: alice, date: 1000, action });
    expect(readMessage(context, service)[0]).toMatchObject({ kind: 'message', parts: [{ kind: 'unsupported', what }] });
  });
});

describe('edits', () => {
  const edit = (more: Parameters<typeof message>[0], pts: number): Api.UpdateEditMessage =>
    new Api.UpdateEditMessage({ message: message(more), pts, ptsCount: 1 });

  test('carry their own date, told apart within one second', () => {
    const first = readUpdate(context, { update: edit({ editDate: 2000, message: 'a' }, 41), date: 0 }).events;
    const second = readUpdate(context, { update: edit({ editDate: 2000, message: 'b' }, 42), date: 0 }).events;
    expect(first[0]).toMatchObject({ kind: 'edit', target: '5', at: 2_000_000, editedAt: 2_000_041 });
    expect(second[0]).toMatchObject({ editedAt: 2_000_042 });
    expect(first[0]?.key).not.toBe(second[0]?.key);
    expect(editedAt(2000, 1999)).toBe(2_000_999);
  });

  test('that change no text say nothing', () => {
    expect(readUpdate(context, { update: edit({ editDate: 2000, editHide: true }, 41), date: 0 }).events).toEqual([]);
    expect(readUpdate(context, { update: edit({}, 41), date: 0 }).events).toEqual([]);
  });
});

test('deletions name messages, the chat is found elsewhere', () => {
  const update = new Api.UpdateDeleteMessages({ messages: [5, 6], pts: 3, ptsCount: 2 });
  expect(readUpdate(context, { update, date: 0 }).removed).toEqual(['5', '6']);
  expect(readRemoval(context.portal(as<ChatId>('u7')), as('5'), 9)).toMatchObject({
    kind: 'removal',
    target: '5',
    sender: 'u7',
    at: 9,
  });
});

test('reactions are told of each person, whoever took theirs back included', () => {
  const mine = new Api.MessagePeerReaction({
    peerId: alice,
    date: 1,
    reaction: new Api.ReactionEmoji({ emoticon: '🎉' }),
  });
  const other = new Api.MessagePeerReaction({
    peerId: new Api.PeerUser({ userId: long('1') }),
    date: 1,
    reaction: new Api.ReactionCustomEmoji({ documentId: long('5') }),
  });
  const heard = (recentReactions: Api.MessagePeerReaction[], min = false): unknown => {
    const reactions = new Api.MessageReactions({ results: [], recentReactions, min });
    const update = new Api.UpdateMessageReactions({ peer: alice, msgId: 5, reactions });
    return readUpdate(context, { update, date: 9 }).events;
  };
  expect(heard([mine, other])).toMatchObject([
    { kind: 'reaction', target: '5', sender: 'u7', emoji: '🎉', at: 9_000 },
    { kind: 'reaction', target: '5', sender: 'u1', emoji: '❔' },
  ]);
  expect(heard([])).toMatchObject([
    { sender: 'u7', emoji: null },
    { sender: 'u1', emoji: null },
  ]);
  expect(heard([mine], true)).toEqual([]);
});

test('typing and receipts pass by', () => {
  const typing = new Api.UpdateUserTyping({ userId: long('7'), action: new Api.SendMessageTypingAction() });
  expect(readUpdate(context, { update: typing, date: 0 }).glimpses).toMatchObject([
    { kind: 'typing', person: 'u7', active: true },
  ]);
  const read = new Api.UpdateReadHistoryOutbox({ peer: alice, maxId: 5, pts: 1, ptsCount: 1 });
  expect(readUpdate(context, { update: read, date: 0 }).glimpses).toMatchObject([
    { kind: 'read', person: 'u7', upTo: '5' },
  ]);
});
