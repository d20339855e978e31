// What came sealed with a message's secret, made here with the library's primitives: opened into its plain form, or told as what it is.
import { aesEncryptGCM, hmacSign } from '@whiskeysockets/baileys';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { describe, expect, test } from '@jest/globals';
import type { MessageId } from '../../../src/model/ids.ts';
import { sealAddon, openAddon } from '../../../src/networks/whatsapp/addon.ts';
import { judge } from '../../../src/networks/whatsapp/guards.ts';
import { readMessage, type WireMessage } from '../../../src/networks/whatsapp/read.ts';
import { unsealed } from '../../../src/networks/whatsapp/unseal.ts';
import { ALICE, BOB, contextWith, decoded, GROUP, inGroup, ME, wire } from './support/wire.ts';

const { Type } = proto.Message.ProtocolMessage;
const { EVENT_EDIT, MESSAGE_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType;
const secret = Buffer.alloc(32, 9);
const context = contextWith();
const addresses: Readonly<Record<string, readonly string[]>> = {
  l1: [ME.lid, ME.pn],
  l5: [ALICE.lid, ALICE.pn],
  l6: [BOB.lid, BOB.pn],
};

/** As WhatsApp derives it: two HMACs, the second over the names and the use. */
function sealed(use: string, plain: Uint8Array, author: string, actor: string, id = 'M0') {
  const key = hmacSign(
    Buffer.concat([Buffer.from(id + author + actor + use), Buffer.of(1)]),
    hmacSign(secret, new Uint8Array(32), 'sha256'),
    'sha256',
  );
  const encIv = Buffer.alloc(12, 3);
  return { encIv, encPayload: aesEncryptGCM(plain, key, encIv, Buffer.alloc(0)) };
}

function open(message: WireMessage, known: Readonly<Record<string, Uint8Array>>): WireMessage {
  return unsealed(
    { context, secretOf: (one) => known[one], addressesOf: (person) => addresses[person] ?? [] },
    message,
  );
}

const edited = (words: string, more: proto.Message.IProtocolMessage = {}): Uint8Array =>
  proto.Message.encode({
    protocolMessage: {
      key: { id: 'M0' },
      type: Type.MESSAGE_EDIT,
      editedMessage: { conversation: words },
      timestampMs: 5,
      ...more,
    },
  }).finish();

const envelope = (plain: Uint8Array, [author, actor] = [ALICE.lid, ALICE.lid]): proto.IMessage => ({
  secretEncryptedMessage: {
    targetMessageKey: { remoteJid: ME.lid, fromMe: true, id: 'M0' },
    secretEncType: MESSAGE_EDIT,
    ...sealed('Message Edit', plain, author, actor),
  },
});

describe('a sealed edit', () => {
  test.each([
    ['LID', [ALICE.lid, ALICE.lid]],
    ['number', [ALICE.pn, ALICE.pn]],
    ['both', [ALICE.pn, ALICE.lid]],
  ])('is an edit of what its envelope names, sealed by %s', (_way, names) => {
    const message = open(wire(envelope(edited('better'), names as [string, string])), { 'l5.M0': secret });
    expect(readMessage(context, message).events).toMatchObject([
      { kind: 'edit', target: 'l5.M0', editedAt: 5, parts: [{ text: { text: 'better' } }] },
    ]);
  });

  test('of our own phone is one of ours', () => {
    const message = wire(envelope(edited('mine'), [ME.lid, ME.lid]), { fromMe: true });
    expect(readMessage(context, open(message, { 'l1.M0': secret })).events).toMatchObject([
      { kind: 'edit', sender: 'l1', target: 'l1.M0', parts: [{ text: { text: 'mine' } }] },
    ]);
  });

  test('of an event is one of an event', () => {
    const plain = proto.Message.encode({ eventMessage: { name: 'Party, later' } }).finish();
    const message = wire({
      secretEncryptedMessage: {
        targetMessageKey: { id: 'M0', fromMe: true },
        secretEncType: EVENT_EDIT,
        ...sealed('Event Edit', plain, ALICE.lid, ALICE.lid),
      },
    });
    expect(readMessage(context, open(message, { 'l5.M0': secret })).events).toMatchObject([
      { kind: 'edit', target: 'l5.M0', parts: [{ what: 'kind.event', fallback: { text: 'Party, later' } }] },
    ]);
  });

  test.each<[string, WireMessage, Record<string, Uint8Array>]>([
    ['whose message is not known', wire(envelope(edited('x'))), {}],
    ['of another secret', wire(envelope(edited('x'))), { 'l5.M0': Buffer.alloc(32, 1) }],
    ['sealed by somebody else', wire(envelope(edited('x'), [BOB.lid, BOB.lid])), { 'l5.M0': secret }],
    ['of a message that somebody else wrote', wire(envelope(edited('x'))), { 'l1.M0': secret }],
    ['with no message in it', wire(envelope(Buffer.from('nonsense'))), { 'l5.M0': secret }],
    [
      'of a kind nobody knows',
      wire({ secretEncryptedMessage: { targetMessageKey: { id: 'M0' }, encPayload: secret, encIv: secret } }),
      { 'l5.M0': secret },
    ],
    [
      'that is cut short',
      wire({
        encReactionMessage: { targetMessageKey: { id: 'M0' }, encPayload: Buffer.alloc(3), encIv: Buffer.alloc(12) },
      }),
      { 'l5.M0': secret, 'l1.M0': secret },
    ],
  ])('%s is told, never dropped', (_name, message, known) => {
    const opened = open(message, known);
    expect(opened).toBe(message);
    expect(readMessage(context, opened).events).toMatchObject([{ kind: 'message', parts: [{ kind: 'unsupported' }] }]);
  });

  test('cannot smuggle in what only our own devices may say', () => {
    const smuggled = edited('x', {
      type: Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: { keys: [] },
      editedMessage: { protocolMessage: { type: Type.APP_STATE_SYNC_KEY_SHARE, appStateSyncKeyShare: { keys: [] } } },
    });
    const message = open(wire(envelope(smuggled)), { 'l5.M0': secret });
    const claim = { chat: 'l5' as never, author: ALICE.lid, fromMe: false, content: message.message };
    const guard = { selfHandles: context.selfHandles, person: context.person, isAdmin: () => undefined };
    expect(judge(guard, claim)).toEqual({ do: 'drop', code: 'self-only' });
  });

  test('in a group of a message that somebody else wrote is dropped', () => {
    const message = inGroup({
      secretEncryptedMessage: {
        targetMessageKey: { remoteJid: GROUP, id: 'M0', participant: BOB.lid },
        secretEncType: MESSAGE_EDIT,
        ...sealed('Message Edit', edited('x'), ALICE.lid, ALICE.lid),
      },
    });
    const opened = open(message, { 'l5.M0': secret });
    const claim = {
      chat: `g${GROUP.split('@')[0]}` as never,
      author: ALICE.lid,
      fromMe: false,
      content: opened.message,
    };
    const guard = { selfHandles: context.selfHandles, person: context.person, isAdmin: () => undefined };
    expect(judge(guard, claim)).toEqual({ do: 'drop', code: 'not-author' });
  });
});

describe('a sealed reaction', () => {
  const reaction = (text: string, targetMessageKey: proto.IMessageKey, author: string): proto.IMessage => ({
    encReactionMessage: {
      targetMessageKey,
      ...sealed(
        'Enc Reaction',
        proto.Message.ReactionMessage.encode({ text, senderTimestampMs: 4 }).finish(),
        author,
        ALICE.lid,
      ),
    },
  });

  test.each<[string, proto.IMessageKey, string, string]>([
    ['to somebody else’s', { remoteJid: GROUP, id: 'M0', participant: BOB.lid }, BOB.lid, 'l6.M0'],
    ['to ours, named by number', { remoteJid: GROUP, id: 'M0', participant: ME.pn }, ME.lid, 'l1.M0'],
    ['to their own', { remoteJid: GROUP, id: 'M0', fromMe: true }, ALICE.lid, 'l5.M0'],
  ])('in a group is one %s', (_name, key, author, target) => {
    const message = open(inGroup(reaction('👍', key, author)), { [target]: secret });
    expect(readMessage(context, message).events).toMatchObject([
      { kind: 'reaction', sender: 'l5', target, emoji: '👍' },
    ]);
  });

  test('without an emoji takes it back', () => {
    const key = { remoteJid: GROUP, id: 'M0', participant: BOB.lid };
    const message = open(inGroup(reaction('', key, BOB.lid)), { 'l6.M0': secret });
    expect(readMessage(context, message).events).toMatchObject([{ kind: 'reaction', emoji: null }]);
  });
});

test('a sealed comment is told with its words', () => {
  const plain = proto.Message.encode({ conversation: 'well said' }).finish();
  const message = inGroup({
    encCommentMessage: {
      targetMessageKey: { remoteJid: GROUP, id: 'M0', participant: BOB.lid },
      ...sealed('Enc Comment', plain, BOB.lid, ALICE.lid),
    },
  });
  expect(readMessage(context, open(message, { 'l6.M0': secret })).events).toMatchObject([
    { kind: 'message', parts: [{ what: 'kind.comment', fallback: { text: 'well said' } }] },
  ]);
});

test('what we seal, whoever knows the secret and the names opens', () => {
  const names = { id: 'M0', author: BOB.lid, actor: ME.lid };
  const plain = Buffer.from('words');
  const made = sealAddon('Enc Reaction', secret, names, plain);
  expect(made.encPayload).toEqual(
    aesEncryptGCM(
      plain,
      hmacSign(
        Buffer.concat([Buffer.from(`M0${BOB.lid}${ME.lid}Enc Reaction`), Buffer.of(1)]),
        hmacSign(secret, new Uint8Array(32), 'sha256'),
        'sha256',
      ),
      made.encIv,
      Buffer.alloc(0),
    ),
  );
  expect(openAddon('Enc Reaction', secret, names, made)).toEqual(plain);
  expect(openAddon('Enc Reaction', secret, { ...names, actor: ALICE.lid }, made)).toBeUndefined();
  expect(openAddon('Enc Comment', secret, names, made)).toBeUndefined();
});

test('a message is itself', () => {
  const message = wire(decoded({ conversation: 'x' }));
  expect(open(message, { ['l5.M1' as MessageId]: secret })).toBe(message);
});
