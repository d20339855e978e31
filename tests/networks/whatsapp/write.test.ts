// What the house owes as WhatsApp's messages: golden pairs of action and protobuf, and what is refused in words.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { describe, expect, test } from '@jest/globals';
import type { MessageAction } from '../../../src/model/delivery.ts';
import { BridgeError } from '../../../src/model/errors.ts';
import type { ChatId, EffectId, MessageId, PersonId } from '../../../src/model/ids.ts';
import { plainText, type MessageBody } from '../../../src/model/message.ts';
import { capabilities } from '../../../src/networks/whatsapp/index.ts';
import { stanzaId } from '../../../src/networks/whatsapp/ids.ts';
import { readMessage } from '../../../src/networks/whatsapp/read.ts';
import { isEmoji, MAX_TEXT_UNITS, write, type WriteContext } from '../../../src/networks/whatsapp/write.ts';
import { ALICE, BOB, contextWith, decoded, GROUP, ME, wire } from './support/wire.ts';

const { Type } = proto.Message.ProtocolMessage;
const effect = 'effect' as EffectId;
const chat = 'l5' as ChatId;
const group = `g${GROUP.split('@')[0] ?? ''}` as ChatId;
const [mine, theirs, bobs] = ['l1.M0', 'l5.M0', 'l6.M0'] as MessageId[] as [MessageId, MessageId, MessageId];
const jids: Readonly<Record<string, string>> = { l1: ME.lid, l5: ALICE.lid, l6: BOB.lid };
const NOW = 100 * 3_600_000;

const context: WriteContext = {
  self: 'l1' as PersonId,
  chatJid: (of) => (of === group ? GROUP : ALICE.lid),
  personJid: (_chat, person) => jids[person] ?? '',
  mention: (_chat, person) => jids[person],
  quoted: (message) => (message === theirs ? { conversation: 'before' } : undefined),
  timer: () => ({ seconds: 0 }),
  secretOf: () => undefined,
  sealsReactions: () => false,
  now: NOW,
};
const body = (text: string): MessageBody => ({ kind: 'text', as: 'text', text: plainText(text) });
const send = (text: string, more: object = {}): MessageAction => ({ kind: 'send', chat, body: body(text), ...more });
const refusal = (action: MessageAction, more: Partial<WriteContext> = {}): string => {
  try {
    write({ ...context, ...more }, action, effect);
  } catch (error) {
    if (error instanceof BridgeError) return `${error.code} ${error.retry} ${error.human.key}`;
    throw error;
  }
  return 'taken';
};

describe('golden pairs', () => {
  test.each<[string, MessageAction, proto.IMessage, object, string?]>([
    ['plain text', send('hello'), { conversation: 'hello' }, {}],
    [
      'marks and a mention',
      {
        kind: 'send',
        chat: group,
        body: {
          kind: 'text',
          as: 'text',
          text: {
            text: 'hi Bob',
            spans: [
              { kind: 'bold', start: 0, length: 2 },
              { kind: 'mention', start: 3, length: 3, of: { person: 'l6' as PersonId } },
            ],
          },
        },
      },
      { extendedTextMessage: { text: '*hi* @6', contextInfo: { mentionedJid: [BOB.lid] } } },
      {},
      GROUP,
    ],
    [
      'an answer',
      send('x', { replyTo: theirs }),
      {
        extendedTextMessage: {
          text: 'x',
          contextInfo: { stanzaId: 'M0', participant: ALICE.lid, quotedMessage: { conversation: 'before' } },
        },
      },
      {},
    ],
    [
      'an answer to what is known no more',
      send('x', { replyTo: mine }),
      {
        extendedTextMessage: {
          text: 'x',
          contextInfo: { stanzaId: 'M0', participant: ME.lid, quotedMessage: { conversation: '…' } },
        },
      },
      {},
    ],
    [
      'an edit',
      { kind: 'edit', chat, target: mine, body: body('new') },
      {
        protocolMessage: {
          key: { remoteJid: ALICE.lid, fromMe: true, id: 'M0' },
          type: Type.MESSAGE_EDIT,
          editedMessage: { conversation: 'new' },
          timestampMs: NOW,
        },
      },
      { edit: '1' },
    ],
    [
      'a deletion',
      { kind: 'remove', chat, target: mine },
      { protocolMessage: { key: { remoteJid: ALICE.lid, fromMe: true, id: 'M0' }, type: Type.REVOKE } },
      { edit: '7' },
    ],
    [
      'a deletion as an admin',
      { kind: 'remove', chat: group, target: bobs },
      {
        protocolMessage: {
          key: { remoteJid: GROUP, fromMe: false, id: 'M0', participant: BOB.lid },
          type: Type.REVOKE,
        },
      },
      { edit: '8' },
      GROUP,
    ],
    [
      'a reaction',
      { kind: 'react', chat, target: theirs, emoji: '👍' },
      {
        reactionMessage: { key: { remoteJid: ALICE.lid, fromMe: false, id: 'M0' }, text: '👍', senderTimestampMs: NOW },
      },
      {},
    ],
    [
      'a reaction in a group',
      { kind: 'react', chat: group, target: bobs, emoji: '👍' },
      {
        reactionMessage: {
          key: { remoteJid: GROUP, fromMe: false, id: 'M0', participant: BOB.lid },
          text: '👍',
          senderTimestampMs: NOW,
        },
      },
      {},
      GROUP,
    ],
    [
      'a reaction taken back',
      { kind: 'react', chat, target: mine, emoji: null },
      { reactionMessage: { key: { remoteJid: ALICE.lid, fromMe: true, id: 'M0' }, text: '', senderTimestampMs: NOW } },
      {},
    ],
  ])('%s', (_name, action, message, attrs, ...more) => {
    const to = typeof more[0] === 'string' ? more[0] : ALICE.lid;
    const written = write(context, action, effect);
    expect(written).toEqual({ to, id: stanzaId(effect), message, attrs });
    // What the protocol would not carry is not in it.
    expect(decoded(written.message)).toEqual(decoded(message));
  });

  test('what a client found behind an address goes along, of an address in the text', () => {
    const withPreview = (text: string) =>
      ({
        kind: 'send',
        chat,
        body: { ...body(text), preview: { url: 'https://a.example', title: 'A' } },
      }) as MessageAction;
    expect(write(context, withPreview('see https://a.example'), effect).message).toEqual({
      extendedTextMessage: {
        text: 'see https://a.example',
        matchedText: 'https://a.example',
        title: 'A',
        description: '',
      },
    });
    expect(write(context, withPreview('see'), effect).message).toEqual({ conversation: 'see' });
  });

  test('in a chat whose messages disappear they say so', () => {
    const timer = () => ({ seconds: 86_400, since: 5 });
    expect(write({ ...context, timer }, send('x'), effect).message).toEqual({
      extendedTextMessage: { text: 'x', contextInfo: { expiration: 86_400, ephemeralSettingTimestamp: 5 } },
    });
  });

  test('what is written is read the same on the other side', () => {
    const other = contextWith({ self: 'l5' as PersonId, selfHandles: { lid: '5', pn: '3365' } });
    const from = { remoteJid: ME.lid, fromMe: false };
    const read = (action: MessageAction): object => {
      const { message, id } = write(context, action, effect);
      return readMessage(other, wire(message, { ...from, id })).events[0] ?? {};
    };
    expect(read(send('*x*', { replyTo: theirs }))).toMatchObject({ kind: 'message', sender: 'l1', replyTo: theirs });
    expect(read({ kind: 'edit', chat, target: mine, body: body('new') })).toMatchObject({
      kind: 'edit',
      target: mine,
      editedAt: NOW,
    });
    expect(read({ kind: 'remove', chat, target: mine })).toMatchObject({ kind: 'removal', target: mine });
  });
});

describe('refused in words', () => {
  test.each<[string, MessageAction, string]>([
    ['nothing', send(' \n'), 'whatsapp-empty never whatsapp.empty'],
    ['too much', send('x'.repeat(MAX_TEXT_UNITS + 1)), 'whatsapp-too-long never whatsapp.too-long'],
    [
      'a picture',
      { kind: 'send', chat, body: { kind: 'unsupported', what: 'kind.photo' } },
      'whatsapp-unsupported never fault.unsupported-body',
    ],
    [
      'an edit of another’s words',
      { kind: 'edit', chat, target: theirs, body: body('x') },
      'whatsapp-not-yours never whatsapp.not-yours',
    ],
    [
      'a deletion of another’s words',
      { kind: 'remove', chat, target: theirs },
      'whatsapp-not-yours never whatsapp.not-yours',
    ],
    [
      'a reaction in words',
      { kind: 'react', chat, target: theirs, emoji: 'yes' },
      'whatsapp-no-emoji never whatsapp.no-emoji',
    ],
    [
      'a target without an id',
      { kind: 'remove', chat, target: 'l1.%hxyz' as MessageId },
      'whatsapp-no-message never whatsapp.message-gone',
    ],
  ])('%s', (_name, action, said) => {
    expect(refusal(action)).toBe(said);
  });

  test('nothing for its age: the house, which knows how old each message is, has refused that already', () => {
    expect(capabilities).toMatchObject({ editWindowMs: 900_000, removeWindowMs: 60 * 3_600_000 });
  });

  test('marks that would make a text too long are left out, its words are not', () => {
    const text = `${'> a\n'.repeat(0)}${'a\n'.repeat(MAX_TEXT_UNITS / 2)}`;
    const quoted: MessageBody = {
      kind: 'text',
      as: 'text',
      text: { text, spans: [{ kind: 'quote', start: 0, length: text.length }] },
    };
    expect(write(context, { kind: 'send', chat, body: quoted }, effect).message).toEqual({ conversation: text });
  });
});

test.each([
  ['👍', true],
  ['❤️', true],
  ['❤', true],
  ['👍🏽', true],
  ['👩‍👩‍👧', true],
  ['🇫🇷', true],
  ['1️⃣', true],
  ['👍👍', false],
  ['1', false],
  ['', false],
  ['mxc://hs.test/a', false],
])('is %p one emoji: %p', (text, yes) => {
  expect(isEmoji(text)).toBe(yes);
});
