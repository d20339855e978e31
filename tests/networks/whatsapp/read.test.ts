// WhatsApp's messages as the house hears them: one table per kind, nothing dropped in silence, nothing that fells the reader.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { describe, expect, test } from '@jest/globals';
import type { ChatId } from '../../../src/model/ids.ts';
import type { MessageBody } from '../../../src/model/message.ts';
import type { NetworkEvent } from '../../../src/model/network-event.ts';
import { notesOf } from '../../../src/networks/whatsapp/notifications.ts';
import { readMessage, type WireMessage } from '../../../src/networks/whatsapp/read.ts';
import { Seeded } from './support/random.ts';
import { ALICE, BOB, contextWith, decoded, GROUP, inGroup, ME, wire } from './support/wire.ts';

const { Type } = proto.Message.ProtocolMessage;
const { StubType } = proto.WebMessageInfo;
const context = contextWith();
const read = (message: WireMessage): readonly NetworkEvent[] => readMessage(context, message).events;
const one = (message: WireMessage): NetworkEvent | undefined => {
  const events = read(message);
  expect(events.length).toBe(1);
  return events[0];
};
const bodyOf = (message: proto.IMessage): MessageBody | undefined => {
  const event = one(wire(message));
  return event?.kind === 'message' ? event.parts[0] : undefined;
};
const text = (words: string, spans: readonly object[] = []): object => ({
  kind: 'text',
  as: 'text',
  text: { text: words, spans },
});

describe('everybody in a group', () => {
  const said = (words: string, contextInfo: proto.IContextInfo) => ({
    extendedTextMessage: { text: words, contextInfo },
  });
  const call = { kind: 'mention', of: { everyone: true } };
  const partOf = (message: WireMessage): MessageBody | undefined => {
    const event = one(message);
    return event?.kind === 'message' ? event.parts[0] : undefined;
  };

  test('is called by a word, or as the group of a community that it is', () => {
    expect(partOf(inGroup(said('@all hi', { nonJidMentions: 1 })))).toEqual(
      text('@room hi', [{ start: 0, length: 5, ...call }]),
    );
    const subject = { groupJid: GROUP, groupSubject: 'Choir' };
    const named = said(`@${GROUP.split('@')[0]} hi`, { groupMentions: [subject] });
    expect(partOf(inGroup(named))).toEqual(text('@Choir hi', [{ start: 0, length: 9, ...call }]));
  });

  test('is not called by the name of another group, nor in a private chat', () => {
    const other = { groupJid: '120363000000000009@g.us', groupSubject: 'Choir' };
    expect(partOf(inGroup(said('@120363000000000009 hi', { groupMentions: [other] })))).toEqual(text('@Choir hi'));
    expect(bodyOf(said('@all hi', { nonJidMentions: 1 }))).toEqual(text('@all hi'));
  });
});

describe('a message', () => {
  test('of the other person', () => {
    expect(read(wire({ conversation: 'hello' }))).toEqual([
      {
        kind: 'message',
        key: 'whatsapp/l5@wa-me#message#l5.M1#',
        portal: { network: 'whatsapp', chat: 'l5', receiver: 'wa-me' },
        sender: 'l5',
        at: 1_000_000,
        via: 'live',
        message: 'l5.M1',
        parts: [text('hello')],
      },
    ]);
  });

  test('in a group is of the group, whoever of ours sees it', () => {
    const seenByBob = contextWith({ self: 'l6' as never, selfHandles: { lid: '6', pn: '3366' } });
    const [mine] = read(inGroup({ conversation: 'x' }, { fromMe: true, participant: ME.lid }));
    const [theirs] = readMessage(seenByBob, inGroup({ conversation: 'x' }, { participant: ME.pn })).events;
    expect(mine).toMatchObject({ sender: 'l1', portal: { network: 'whatsapp', chat: 'g120363041234567890' } });
    expect(mine?.portal).not.toHaveProperty('receiver');
    expect(theirs).toEqual(mine);
  });

  test.each<[string, WireMessage, object]>([
    ['by number', wire({ conversation: 'x' }, { remoteJid: ALICE.pn }), { sender: 'l5', portal: { chat: 'l5' } }],
    ['own, from the phone', wire({ conversation: 'x' }, { fromMe: true }), { sender: 'l1', portal: { chat: 'l5' } }],
    [
      'to oneself',
      wire({ conversation: 'x' }, { remoteJid: ME.pn, fromMe: true }),
      { sender: 'l1', portal: { chat: 'l1' } },
    ],
    [
      'by somebody’s list',
      wire({ conversation: 'x' }, { remoteJid: '15@broadcast', participant: ALICE.lid }),
      { sender: 'l5', portal: { chat: 'l5', receiver: 'wa-me' } },
    ],
    [
      'by an own list',
      wire({ conversation: 'x' }, { remoteJid: '15@broadcast', participant: ME.lid, fromMe: true }),
      { sender: 'l1', portal: { chat: 'b15', receiver: 'wa-me' } },
    ],
    ['without a time', wire({ conversation: 'x' }, {}, { messageTimestamp: 0 }), { at: 77_000 }],
  ])('%s', (_name, message, expected) => {
    expect(one(message)).toMatchObject(expected);
  });

  test('teaches the people book both addresses, but never our own as the other person’s', () => {
    const seen: object[] = [];
    const taught = contextWith({ person: (handles) => (seen.push(handles), context.person(handles)) });
    readMessage(taught, wire({ conversation: 'x' }, { remoteJid: ALICE.lid, remoteJidAlt: ALICE.pn }));
    expect(seen).toContainEqual({ lid: '5', pn: '3365' });
    seen.length = 0;
    readMessage(taught, wire({ conversation: 'x' }, { remoteJid: ALICE.lid, remoteJidAlt: ME.pn, fromMe: true }));
    expect(seen.length).toBeGreaterThan(0);
    for (const handles of seen) expect(handles).toEqual({ lid: '5' });
  });

  test('of somebody in a group who is said to have our address is theirs all the same', () => {
    expect(one(inGroup({ conversation: 'x' }, { participantAlt: ME.pn }))).toMatchObject({ sender: 'l5' });
  });

  test('tells what its sender is called', () => {
    const named = (key: object): object =>
      readMessage(context, wire({ conversation: 'x' }, key, { pushName: ' Al ' })).names;
    expect(named({})).toEqual([{ person: 'l5', name: 'Al' }]);
    expect(named({ fromMe: true })).toEqual([]);
  });

  test('of no chat that can be named is reported', () => {
    expect(readMessage(context, wire({ conversation: 'x' }, { remoteJid: '1@bot' }))).toMatchObject({
      events: [],
      nowhere: true,
    });
    expect(readMessage(context, { key: null })).toMatchObject({ nowhere: true });
  });

  test('is JSON: it is stored before it is shown', () => {
    const events = read(
      wire({ extendedTextMessage: { text: '*hello*', contextInfo: { stanzaId: 'M0', participant: ALICE.lid } } }),
    );
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
  });
});

describe('text', () => {
  test.each<[string, proto.IMessage, object]>([
    ['with marks', { conversation: '*a* b' }, text('a b', [{ kind: 'bold', start: 0, length: 1 }])],
    [
      'with a mention',
      { extendedTextMessage: { text: 'hi @6', contextInfo: { mentionedJid: [BOB.lid] } } },
      text('hi @Bob', [{ kind: 'mention', of: { person: 'l6' }, start: 3, length: 4 }]),
    ],
    [
      'that mentions ourselves by number',
      { extendedTextMessage: { text: '@3361', contextInfo: { mentionedJid: [ME.pn] } } },
      text('@3361', [{ kind: 'mention', of: { person: 'l1' }, start: 0, length: 5 }]),
    ],
    [
      'with a preview',
      {
        extendedTextMessage: {
          text: 'see https://a.example',
          matchedText: 'https://a.example',
          title: 'A',
          description: 'Of a',
        },
      },
      {
        ...text('see https://a.example\nA\nOf a', [{ kind: 'quote', start: 22, length: 6 }]),
        preview: { url: 'https://a.example', title: 'A', description: 'Of a' },
      },
    ],
    [
      'with a preview of nothing',
      { extendedTextMessage: { text: 'https://a.example', matchedText: 'https://a.example', title: ' ' } },
      text('https://a.example'),
    ],
    [
      'with the preview of another address',
      { extendedTextMessage: { text: 'see', matchedText: 'https://a.example', title: 'A' } },
      text('see'),
    ],
    [
      'forwarded',
      { extendedTextMessage: { text: '_x_', contextInfo: { isForwarded: true } } },
      text('↪ x', [{ kind: 'italic', start: 2, length: 1 }]),
    ],
    [
      'forwarded often',
      { extendedTextMessage: { text: 'x', contextInfo: { isForwarded: true, forwardingScore: 5 } } },
      text('↪↪ x'),
    ],
    [
      'forwarded, of another kind',
      { locationMessage: { name: 'Here', contextInfo: { forwardingScore: 1 } } },
      { kind: 'unsupported', what: 'kind.location', fallback: { text: '↪ Here', spans: [] } },
    ],
    ['that disappears', { ephemeralMessage: { message: { conversation: 'x' } } }, text('x')],
    [
      'sent from the phone',
      {
        deviceSentMessage: {
          destinationJid: ALICE.lid,
          message: { ephemeralMessage: { message: { conversation: 'x' } } },
        },
      },
      text('x'),
    ],
    [
      'of a business',
      { templateMessage: { hydratedTemplate: { hydratedContentText: 'x', hydratedFooterText: 'y' } } },
      text('x\ny'),
    ],
    ['with buttons', { buttonsMessage: { contentText: 'x' } }, text('x')],
    ['of a pressed button', { buttonsResponseMessage: { selectedDisplayText: 'x' } }, text('x')],
    ['of a card', { interactiveMessage: { body: { text: 'x' } } }, text('x')],
    ['of a list', { listMessage: { title: 'x', description: 'y' } }, text('x\ny')],
    ['chosen from a list', { listResponseMessage: { title: 'x' } }, text('x')],
  ])('%s', (_name, message, expected) => {
    expect(bodyOf(message)).toEqual(expected);
  });

  const answer = (contextInfo: proto.IContextInfo): proto.IMessage => ({
    extendedTextMessage: { text: 'x', contextInfo },
  });
  test.each<[string, WireMessage, string | undefined]>([
    ['another’s', wire(answer({ stanzaId: 'M0', participant: ALICE.pn })), 'l5.M0'],
    ['ours', wire(answer({ stanzaId: 'M0', participant: ME.lid })), 'l1.M0'],
    ['one in a group', inGroup(answer({ stanzaId: 'M0', participant: BOB.pn })), 'l6.M0'],
    ['one of this group by name', inGroup(answer({ stanzaId: 'M0', participant: BOB.pn, remoteJid: GROUP })), 'l6.M0'],
    ['a status', wire(answer({ stanzaId: 'M0', participant: ALICE.lid, remoteJid: 'status@broadcast' })), undefined],
    ['one of another group', wire(answer({ stanzaId: 'M0', participant: ALICE.lid, remoteJid: GROUP })), undefined],
    ['nobody’s', wire(answer({ stanzaId: 'M0' })), undefined],
  ])('answers %s', (_name, message, replyTo) => {
    const event = one(message);
    expect(event?.kind === 'message' ? event.replyTo : 'none').toBe(replyTo);
  });
});

describe('what is not bridged yet is named', () => {
  const table: readonly (readonly [string, proto.IMessage, string?])[] = [
    ['kind.photo', { imageMessage: { caption: 'see' } }, 'see'],
    ['kind.photo', { imageMessage: {} }],
    ['kind.video', { videoMessage: { caption: 'see' } }, 'see'],
    ['kind.video', { ptvMessage: {} }],
    ['kind.voice', { audioMessage: { ptt: true } }],
    ['kind.audio', { audioMessage: {} }],
    ['kind.file', { documentMessage: { fileName: 'a.pdf' } }, 'a.pdf'],
    [
      'kind.file',
      { documentWithCaptionMessage: { message: { documentMessage: { fileName: 'a.pdf', caption: 'see' } } } },
      'a.pdf\nsee',
    ],
    ['kind.sticker', { stickerMessage: {} }],
    ['kind.sticker', { lottieStickerMessage: { message: { stickerMessage: {} } } }],
    [
      'kind.location',
      { locationMessage: { degreesLatitude: 48.85, degreesLongitude: 2.35, name: 'Paris' } },
      'Paris\ngeo:48.85,2.35',
    ],
    ['kind.live-location', { liveLocationMessage: { caption: 'here' } }, 'here'],
    ['kind.contact', { contactMessage: { displayName: 'Bob' } }, 'Bob'],
    [
      'kind.contact',
      { contactsArrayMessage: { contacts: [{ displayName: 'Bob' }, { displayName: 'Al' }] } },
      'Bob\nAl',
    ],
    [
      'kind.poll',
      { pollCreationMessageV3: { name: 'When?', options: [{ optionName: 'now' }, { optionName: 'never' }] } },
      'When?\n• now\n• never',
    ],
    ['kind.poll', { pollCreationMessageV4: { message: { pollCreationMessage: { name: 'When?' } } } }, 'When?'],
    ['kind.vote', { pollUpdateMessage: { vote: {} } }],
    ['kind.event', { eventMessage: { name: 'Party' } }, 'Party'],
    ['kind.order', { orderMessage: { orderTitle: '3 things' } }, '3 things'],
    ['kind.product', { productMessage: { product: { title: 'Hat' } } }, 'Hat'],
    ['kind.payment', { sendPaymentMessage: { noteMessage: { conversation: 'lunch' } } }, 'lunch'],
    ['kind.payment', { requestPaymentMessage: {} }],
    ['kind.group-invite', { groupInviteMessage: { groupName: 'Choir' } }, 'Choir'],
    ['kind.newsletter', { newsletterAdminInviteMessage: { newsletterName: 'News' } }, 'News'],
    ['kind.album', { albumMessage: { expectedImageCount: 2 } }],
    ['kind.pin', { pinInChatMessage: { type: 1 } }],
    ['kind.call', { call: { callKey: Buffer.of(1) } }],
    ['kind.call', { scheduledCallCreationMessage: { title: 'Standup' } }, 'Standup'],
    ['kind.reaction', { encReactionMessage: {} }],
    ['kind.comment', { commentMessage: { message: { conversation: 'so' } } }, 'so'],
    ['kind.edit', { secretEncryptedMessage: { secretEncType: 2 } }],
    ['kind.service', { keepInChatMessage: {} }],
    ['kind.other', { placeholderMessage: { type: 0 } }],
    ['kind.view-once', { viewOnceMessageV2: { message: { imageMessage: { caption: 'secret' } } } }],
    ['kind.view-once', { ephemeralMessage: { message: { viewOnceMessage: { message: { videoMessage: {} } } } } }],
    ['kind.other', { extendedTextMessage: { text: '' } }],
  ];
  test.each(table.map(([what, message, fallback]) => ({ what, message, fallback })))(
    '$what %#',
    ({ what, message, fallback }) => {
      const words = fallback === undefined ? {} : { fallback: { text: fallback, spans: [] } };
      expect(bodyOf(message)).toEqual({ kind: 'unsupported', what, ...words });
    },
  );

  test('a content field that the protocol gets some day', () => {
    const unknown = proto.Message.decode(Buffer.from([0x9a, 0x3e, 0x02, 0x08, 0x01]));
    const message = { ...wire(undefined), message: { ...unknown, someDayMessage: {} } as proto.IMessage };
    expect(one(message)).toMatchObject({ parts: [{ kind: 'unsupported', what: 'kind.other' }] });
  });

  test('a status and a post of a channel, with their words', () => {
    const status = wire({ conversation: 'at sea' }, { remoteJid: 'status@broadcast', participant: ALICE.lid });
    expect(one(status)).toMatchObject({
      sender: 'l5',
      portal: { chat: 'status', receiver: 'wa-me' },
      parts: [{ kind: 'unsupported', what: 'kind.status', fallback: { text: 'at sea' } }],
    });
    expect(one(wire({ imageMessage: { caption: 'x' } }, { remoteJid: '120363@newsletter' }))).toMatchObject({
      portal: { chat: 'c120363' },
      parts: [{ kind: 'unsupported', what: 'kind.newsletter', fallback: { text: 'x' } }],
    });
  });

  test.each([
    ['a sender key', { senderKeyDistributionMessage: { groupId: GROUP } }],
    ['a secret', { messageContextInfo: { messageSecret: Buffer.alloc(32) } }],
  ])('%s alone is nothing that anybody said', (_name, message) => {
    expect(read(inGroup(message))).toEqual([]);
  });
});

describe('edits, deletions and reactions', () => {
  const edit = (key: proto.IMessageKey, editedMessage: proto.IMessage, timestampMs = 5_000_123): proto.IMessage => ({
    protocolMessage: { type: Type.MESSAGE_EDIT, key, editedMessage, timestampMs },
  });

  test.each<[string, WireMessage, object]>([
    [
      'plain',
      wire(edit({ id: 'M0', fromMe: true }, { conversation: 'new' }), { id: 'E1' }),
      { sender: 'l5', target: 'l5.M0' },
    ],
    [
      'wrapped',
      wire({ editedMessage: { message: edit({ id: 'M0' }, { extendedTextMessage: { text: 'new' } }) } }, { id: 'E1' }),
      { sender: 'l5', target: 'l5.M0' },
    ],
    [
      'own, on the phone',
      wire(edit({ id: 'M0', fromMe: true }, { conversation: 'new' }), { id: 'E1', fromMe: true }),
      { sender: 'l1', target: 'l1.M0' },
    ],
    // Whatever it claims, it can only be its sender's own message.
    [
      'in a group',
      inGroup(edit({ id: 'M0', participant: BOB.lid }, { conversation: 'new' }), { id: 'E1' }),
      { sender: 'l5', target: 'l5.M0' },
    ],
  ])('an edit, %s', (_name, message, expected) => {
    expect(one(message)).toMatchObject({ kind: 'edit', parts: [text('new')], editedAt: 5_000_123, ...expected });
  });

  test('two edits of one message are two, one that comes twice is one', () => {
    const key = (id: string): unknown => one(wire(edit({ id: 'M0' }, { conversation: 'new' }), { id }))?.key;
    expect(key('E1')).not.toBe(key('E2'));
    expect(key('E1')).toBe(key('E1'));
  });

  test.each([
    ['an edit', edit({ id: 'M0' }, { conversation: 'new' })],
    ['a reaction', { reactionMessage: { key: { id: 'M0', remoteJid: ALICE.lid }, text: '👍' } }],
  ])('%s whose own id is of any length is kept under a short key', (_name, message) => {
    const key = (id: string): string => one(wire(message, { id }))?.key ?? '';
    expect(key('E'.repeat(5000)).length).toBeLessThan(150);
    expect(key('E'.repeat(5000))).not.toBe(key('F'.repeat(5000)));
  });

  test('an edit of what cannot be read says so', () => {
    for (const message of [
      edit({}, { conversation: 'x' }),
      { protocolMessage: { type: Type.MESSAGE_EDIT, key: { id: 'M0' } } },
    ]) {
      expect(one(wire(message))).toMatchObject({ kind: 'unreadable', what: 'kind.edit' });
    }
  });

  const revoke = (key: proto.IMessageKey): proto.IMessage => ({ protocolMessage: { type: Type.REVOKE, key } });
  test.each<[string, WireMessage, object]>([
    ['of their own', wire(revoke({ id: 'M0', fromMe: true })), { sender: 'l5', target: 'l5.M0' }],
    [
      'of ours, on the phone',
      wire(revoke({ id: 'M0', fromMe: true }), { fromMe: true }),
      { sender: 'l1', target: 'l1.M0' },
    ],
    ['of their own in a group', inGroup(revoke({ id: 'M0', fromMe: true })), { sender: 'l5', target: 'l5.M0' }],
    [
      'of their own in a group, named',
      inGroup(revoke({ id: 'M0', participant: ALICE.pn })),
      { sender: 'l5', target: 'l5.M0' },
    ],
    [
      'by an admin',
      inGroup(revoke({ id: 'M0', fromMe: false, participant: BOB.pn })),
      { sender: 'l5', target: 'l6.M0' },
    ],
    ['of ours, by an admin', inGroup(revoke({ id: 'M0', participant: ME.pn })), { sender: 'l5', target: 'l1.M0' }],
    [
      'of another’s, named in a direct chat',
      wire(revoke({ id: 'M0', participant: ME.lid })),
      { sender: 'l5', target: 'l5.M0' },
    ],
  ])('a deletion %s', (_name, message, expected) => {
    expect(one(message)).toMatchObject({ kind: 'removal', ...expected });
  });

  const react = (key: proto.IMessageKey, emoji = '👍'): proto.IMessage => ({ reactionMessage: { key, text: emoji } });
  test.each<[string, WireMessage, object]>([
    [
      'on ours, as they see it',
      wire(react({ id: 'M0', fromMe: false, remoteJid: ME.lid })),
      { sender: 'l5', target: 'l1.M0' },
    ],
    [
      'on theirs, as they see it',
      wire(react({ id: 'M0', fromMe: true, remoteJid: ME.pn })),
      { sender: 'l5', target: 'l5.M0' },
    ],
    [
      'on ours, turned by the library',
      wire(react({ id: 'M0', fromMe: true, remoteJid: ALICE.lid })),
      { sender: 'l5', target: 'l1.M0' },
    ],
    [
      'on theirs, turned by the library',
      wire(react({ id: 'M0', fromMe: false, remoteJid: ALICE.lid })),
      { sender: 'l5', target: 'l5.M0' },
    ],
    [
      'of ours on theirs',
      wire(react({ id: 'M0', fromMe: false, remoteJid: ALICE.lid }), { fromMe: true }),
      { sender: 'l1', target: 'l5.M0' },
    ],
    [
      'of ours on ours',
      wire(react({ id: 'M0', fromMe: true, remoteJid: ALICE.lid }), { fromMe: true }),
      { sender: 'l1', target: 'l1.M0' },
    ],
    [
      'in a group',
      inGroup(react({ id: 'M0', participant: BOB.pn, remoteJid: GROUP })),
      { sender: 'l5', target: 'l6.M0' },
    ],
    [
      'on ours in a group',
      inGroup(react({ id: 'M0', participant: ME.pn, remoteJid: GROUP })),
      { sender: 'l5', target: 'l1.M0' },
    ],
    [
      'on their own in a group',
      inGroup(react({ id: 'M0', fromMe: true, remoteJid: GROUP })),
      { sender: 'l5', target: 'l5.M0' },
    ],
  ])('a reaction %s', (_name, message, expected) => {
    expect(one(message)).toMatchObject({ kind: 'reaction', emoji: '👍', ...expected });
  });

  test.each<[string, proto.IMessage]>([
    ['reaction', react({ id: 'M0', participant: BOB.pn })],
    ['edit', edit({ id: 'M0', fromMe: true }, { conversation: 'new' })],
    ['deletion', revoke({ id: 'M0', fromMe: true })],
  ])(
    'a %s in a group says what it is called itself, which is where a device that cannot read it says so',
    (_name, message) => {
      const waiting = inGroup(undefined, {}, { messageStubType: StubType.CIPHERTEXT });
      expect(readMessage(context, waiting).waiting).toBe('l5.M1');
      expect(one(inGroup(message))).toMatchObject({ own: 'l5.M1' });
      expect(one(wire(message))).not.toHaveProperty('own');
    },
  );

  test('a reaction taken back, and put again', () => {
    const at = (emoji: string, id: string): NetworkEvent | undefined =>
      one(inGroup(react({ id: 'M0', participant: BOB.pn }, emoji), { id }));
    expect(at('', 'R2')).toMatchObject({ kind: 'reaction', emoji: null });
    expect(new Set([at('👍', 'R1')?.key, at('', 'R2')?.key, at('👍', 'R3')?.key]).size).toBe(3);
  });

  test('a reaction to nothing says that it cannot be read', () => {
    expect(one(wire({ reactionMessage: { text: 'x' } }))).toMatchObject({ kind: 'unreadable', what: 'kind.reaction' });
  });
});

describe('what WhatsApp itself tells', () => {
  const timer = (ephemeralExpiration: number): proto.IMessage => ({
    ephemeralMessage: { message: { protocolMessage: { type: Type.EPHEMERAL_SETTING, ephemeralExpiration } } },
  });
  test.each([
    [86_400, { key: 'whatsapp.timer-hours', with: { hours: 24 } }],
    [604_800, { key: 'whatsapp.timer-days', with: { days: 7 } }],
    [7_776_000, { key: 'whatsapp.timer-days', with: { days: 90 } }],
    [0, { key: 'whatsapp.timer-off' }],
  ])('messages disappear after %i s', (seconds, words) => {
    expect(bodyOf(timer(seconds))).toEqual({ kind: 'told', say: words });
  });

  test.each(['HISTORY_SYNC_NOTIFICATION', 'APP_STATE_SYNC_KEY_SHARE', 'PEER_DATA_OPERATION_REQUEST_MESSAGE'] as const)(
    '%s is for devices',
    (type) => {
      expect(read(wire({ protocolMessage: { type: Type[type] } }, { fromMe: true }))).toEqual([]);
    },
  );

  test('a protocol message of a kind to come is not silence', () => {
    const message = { ...wire(undefined), message: { protocolMessage: { type: 999 as never } } };
    expect(one(message)).toMatchObject({ kind: 'unreadable' });
  });

  const stub = (type: number, texts: readonly string[] = [], key: object = {}): WireMessage =>
    inGroup(undefined, key, { messageStubType: type, messageStubParameters: [...texts] });
  const member = (who: { lid: string; pn: string }): string => JSON.stringify({ id: who.lid, phoneNumber: who.pn });

  test.each<[string, WireMessage, readonly object[]]>([
    [
      'who was added',
      stub(StubType.GROUP_PARTICIPANT_ADD, [member(BOB), ME.pn]),
      [
        { kind: 'membership', person: 'l6', now: 'in', sender: 'l5' },
        { kind: 'membership', person: 'l1', now: 'in' },
      ],
    ],
    [
      'who was removed',
      stub(StubType.GROUP_PARTICIPANT_REMOVE, [member(BOB)]),
      [{ kind: 'membership', person: 'l6', now: 'out' }],
    ],
    [
      'who left',
      stub(StubType.GROUP_PARTICIPANT_LEAVE, [member(ALICE)]),
      [{ kind: 'membership', person: 'l5', now: 'out' }],
    ],
    ['a new name', stub(StubType.GROUP_CHANGE_SUBJECT, ['Choir']), [{ kind: 'chat', change: { name: 'Choir' } }]],
    [
      'a new description',
      stub(StubType.GROUP_CHANGE_DESCRIPTION, ['We sing']),
      [{ kind: 'chat', change: { topic: 'We sing' } }],
    ],
    ['no description', stub(StubType.GROUP_CHANGE_DESCRIPTION), [{ kind: 'chat', change: { topic: '' } }]],
    [
      'a new admin',
      stub(StubType.GROUP_PARTICIPANT_PROMOTE, [member(BOB)]),
      [{ kind: 'role', person: 'l6', role: 'admin', sender: 'l5' }],
    ],
    [
      'one admin less',
      stub(StubType.GROUP_PARTICIPANT_DEMOTE, [member(BOB)]),
      [{ kind: 'role', person: 'l6', role: 'member' }],
    ],
    [
      'that only admins write',
      stub(StubType.GROUP_CHANGE_ANNOUNCE, ['on']),
      [{ kind: 'chat', change: { announce: true } }],
    ],
    [
      'that everybody may change it again',
      stub(StubType.GROUP_CHANGE_RESTRICT, ['off']),
      [{ kind: 'chat', change: { locked: false } }],
    ],
    [
      'that every member may add people',
      stub(StubType.GROUP_MEMBER_ADD_MODE, ['all_member_add']),
      [{ kind: 'chat', change: { anyoneAdds: true } }],
    ],
    [
      'that only admins may',
      stub(StubType.GROUP_MEMBER_ADD_MODE, ['admin_add']),
      [{ kind: 'chat', change: { anyoneAdds: false } }],
    ],
    [
      'a new number',
      stub(StubType.GROUP_PARTICIPANT_CHANGE_NUMBER, [BOB.pn]),
      [{ parts: [{ kind: 'told', say: { key: 'whatsapp.number-changed' } }] }],
    ],
    [
      'who asks to join',
      stub(StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD, ['{}', 'created']),
      [{ parts: [{ say: { key: 'whatsapp.join-request' } }] }],
    ],
  ])('%s, and that the group is to be asked for anew', (_name, message, events) => {
    const reading = readMessage(context, message);
    expect(reading.events).toMatchObject(events);
    expect(reading.stale).toEqual(['g120363041234567890']);
  });

  test.each([
    ['set', { id: '7', author: BOB.lid }, 'wa-7'],
    ['add', { id: '7', author: BOB.lid }, 'wa-7'],
    ['delete', { author: BOB.lid }, null],
    ['set', { hash: 'x', author: BOB.lid }, undefined],
    ['request', { id: '7' }, undefined],
  ])(
    'a notification of %s %j about a group’s picture is read, also where only its inside says who did it',
    (tag, attrs, hash) => {
      const about = (from: string) =>
        notesOf({
          tag: 'notification',
          attrs: { type: 'picture', from, id: 'N1', t: '9' },
          content: [{ tag, attrs }],
        })[0];
      const note = about(GROUP);
      const [event] = note === undefined ? [] : readMessage(context, note).events;
      const picture = event?.kind === 'chat' ? event.change.picture : undefined;
      expect(picture === null ? null : picture?.hash).toBe(hash);
      expect(event?.sender).toBe(hash === undefined ? undefined : 'l6');
      // Of a person it is no note: see picture-news.ts.
      expect(about(ALICE.lid)).toBeUndefined();
    },
  );

  test.each([
    ['1700000007', { hash: 'wa-1700000007', source: { handle: { of: 'g120363041234567890', id: '1700000007' } } }],
    [undefined, null],
  ])('picture %s is the group’s, of which nothing else is to be asked', (id, picture) => {
    const reading = readMessage(context, stub(StubType.GROUP_CHANGE_ICON, id === undefined ? [] : [id]));
    expect(reading.events).toMatchObject([{ kind: 'chat', change: { picture } }]);
    expect(reading.stale).toEqual([]);
  });

  const change = (...tags: readonly string[]) =>
    notesOf({
      tag: 'notification',
      attrs: { type: 'w:gp2', from: GROUP, id: 'N1', t: '9' },
      content: tags.map((tag) => ({ tag, attrs: {} })),
    }).map((note) => readMessage(context, note));

  test.each([
    ['suspended', 'group-suspended'],
    ['unsuspended', 'group-unsuspended'],
    ['growth_locked', 'link-shut'],
    ['growth_unlocked', 'link-open'],
    ['something_new', 'group-changed'],
  ])('%s is said of a group, as %s', (tag, words) => {
    const [reading] = change(tag);
    expect(reading?.events).toMatchObject([{ parts: [{ kind: 'told', say: { key: `whatsapp.${words}` } }] }]);
    expect(reading?.stale).toEqual(['g120363041234567890']);
  });

  test('what one stanza says of a group is said each', () => {
    const events = change('suspended', 'growth_locked', 'something_new').flatMap((reading) => reading.events);
    expect(new Set(events.map((event) => (event.kind === 'message' ? event.message : ''))).size).toBe(3);
    expect(new Set(events.map(({ key }) => key)).size).toBe(3);
  });

  test('that a group was deleted is one thing to say, whichever login brings it', () => {
    const events = change('delete').flatMap((reading) => reading.events);
    const said = { kind: 'told', say: { key: 'whatsapp.group-deleted' } };
    expect(events).toMatchObject([{ message: 'g120363041234567890.deleted', parts: [said] }]);
  });

  test.each([
    'revoked_membership_requests',
    'membership_approval_request',
    'revoke',
    'revoked_sub_group_suggestions',
    'change_number',
    'group_safety_check',
    'missing_participant_identification',
    'linked_group_promote',
  ])('%s is said to nobody', (tag) => {
    expect(change(tag).flatMap((reading) => reading.events)).toEqual([]);
  });

  test('of several changes that one stanza tells each is read', () => {
    const attrs = { type: 'w:gp2', from: GROUP, participant: BOB.lid, id: 'N1', t: '9' };
    const content = [
      { tag: 'remove', attrs: {}, content: [{ tag: 'participant', attrs: { jid: ALICE.lid } }] },
      { tag: 'something_new', attrs: {} },
      { tag: 'something_newer', attrs: {} },
      { tag: 'revoked_membership_requests', attrs: {} },
      { tag: 'subject', attrs: { subject: 'Without Alice' } },
      { tag: 'locked', attrs: {} },
    ];
    const events = notesOf({ tag: 'notification', attrs, content }).flatMap(
      (note) => readMessage(context, note).events,
    );
    expect(events).toMatchObject([
      { kind: 'membership', person: 'l5', now: 'out', sender: 'l6' },
      { kind: 'chat', change: { name: 'Without Alice' } },
      { kind: 'chat', change: { locked: true } },
      { parts: [{ kind: 'told', say: { key: 'whatsapp.group-changed' } }] },
    ]);
    expect(new Set(events.map(({ key }) => key)).size).toBe(4);
  });

  test('the name and the picture of a community are those of its announcements', () => {
    const announcements = 'g120363000000000077' as ChatId;
    const community = contextWith({ announcements: () => announcements });
    const about = (type: number, word: string): NetworkEvent | undefined =>
      readMessage(community, stub(type, [word])).events[0];
    const portal = { chat: announcements };
    expect(about(StubType.GROUP_CHANGE_SUBJECT, 'Neighbours')).toMatchObject({
      portal,
      change: { name: 'Neighbours' },
    });
    expect(about(StubType.GROUP_CHANGE_ICON, '1700')).toMatchObject({
      portal,
      change: { picture: { hash: 'wa-1700', source: { handle: { of: announcements } } } },
    });
  });

  test.each([
    ['CALL_MISSED_VOICE', 'whatsapp.missed-call'],
    ['CALL_MISSED_GROUP_VIDEO', 'whatsapp.missed-video-call'],
  ] as const)('%s', (type, key) => {
    expect(one(wire(undefined, {}, { messageStubType: StubType[type] }))).toMatchObject({
      parts: [{ kind: 'told', say: { key } }],
    });
  });

  test('a kind that nobody here knows, and members that cannot be read', () => {
    expect(one(stub(StubType.BIZ_INTRO_TOP))).toMatchObject({ parts: [{ kind: 'unsupported', what: 'kind.service' }] });
    expect(read(stub(StubType.E2E_ENCRYPTED))).toEqual([]);
    expect(read(stub(StubType.GROUP_PARTICIPANT_ADD, ['{', 'null', '7', '{"id":5}', 'x@lid']))).toEqual([]);
  });
});

describe('what cannot be decrypted yet', () => {
  const ciphertext = inGroup(
    undefined,
    {},
    { messageStubType: StubType.CIPHERTEXT, messageStubParameters: ['No session record'] },
  );

  test('is shown as waiting, under the id of what comes', () => {
    const reading = readMessage(context, ciphertext);
    expect(reading.waiting).toBe('l5.M1');
    expect(reading.events).toMatchObject([
      { kind: 'message', message: 'l5.M1', parts: [{ kind: 'told', say: { key: 'whatsapp.waiting' } }] },
    ]);
  });

  test('is shown as waiting though the key of its group was read', () => {
    const senderKeyDistributionMessage = { groupId: '1@g.us', axolotlSenderKeyDistributionMessage: Buffer.from('key') };
    const half = { ...ciphertext, message: { senderKeyDistributionMessage } };
    expect(readMessage(context, half)).toMatchObject({ waiting: 'l5.M1', events: [{ message: 'l5.M1' }] });
    expect(readMessage(context, inGroup({ senderKeyDistributionMessage })).events).toEqual([]);
  });

  test('becomes its text in the same place when it comes', () => {
    const arrived = inGroup({ conversation: 'here' });
    const [waiting] = readMessage(context, ciphertext).events;
    const [event] = readMessage(context, arrived, { healing: true }).events;
    // Before every edit: one that came while it could not be read stands.
    expect(event).toMatchObject({ kind: 'edit', target: 'l5.M1', parts: [text('here')], editedAt: 1 });
    expect(new Set([waiting?.key, event?.key, one(arrived)?.key]).size).toBe(3);
  });

  test('goes when it was no message', () => {
    const arrived = inGroup({ reactionMessage: { key: { id: 'M0', participant: BOB.lid }, text: '👍' } });
    expect(readMessage(context, arrived, { healing: true }).events).toMatchObject([
      { kind: 'removal', target: 'l5.M1' },
      { kind: 'reaction', target: 'l6.M0' },
    ]);
  });

  test('a view-once message that only the phone may open says so', () => {
    const message = wire(undefined, { isViewOnce: true });
    expect(one(message)).toMatchObject({ parts: [{ kind: 'told', say: { key: 'whatsapp.view-once' } }] });
  });
});

describe('nothing fells the reader', () => {
  const samples: readonly proto.IMessage[] = [
    { conversation: '*a* @5' },
    {
      extendedTextMessage: {
        text: 'x',
        contextInfo: { stanzaId: 'M', participant: ALICE.lid, mentionedJid: [BOB.lid] },
      },
    },
    { ephemeralMessage: { message: { viewOnceMessage: { message: { imageMessage: { caption: 'x' } } } } } },
    {
      protocolMessage: {
        type: Type.MESSAGE_EDIT,
        key: { id: 'M' },
        editedMessage: { conversation: 'x' },
        timestampMs: 5,
      },
    },
    { protocolMessage: { type: Type.REVOKE, key: { id: 'M', participant: BOB.pn } } },
    { reactionMessage: { key: { id: 'M', remoteJid: ME.lid }, text: '👍' } },
    { pollCreationMessage: { name: 'x', options: [{ optionName: 'y' }] } },
    { locationMessage: { degreesLatitude: 1, degreesLongitude: 2 } },
  ];
  const jids = [ALICE.lid, ALICE.pn, GROUP, 'status@broadcast', '1@broadcast', '7@newsletter', ME.lid, 'x@y', ''];

  test('random protobufs are read, or said to be unreadable, and are JSON', () => {
    const random = new Seeded(42);
    let decodable = 0;
    for (let round = 0; round < 6000; round += 1) {
      const bytes = Buffer.from(proto.Message.encode(proto.Message.fromObject(random.pick(samples))).finish());
      for (let flips = random.below(4); flips > 0; flips -= 1) bytes[random.below(bytes.length)] = random.below(256);
      const noise = random.below(4) === 0 ? Buffer.from(random.bytes(random.below(40))) : bytes;
      let message: proto.IMessage;
      try {
        message = proto.Message.decode(noise);
      } catch {
        // Not a protobuf at all: the library says so before we are asked.
        continue;
      }
      decodable += 1;
      const read = readMessage(context, {
        key: { remoteJid: random.pick(jids), participant: random.pick(jids), fromMe: random.below(2) === 0, id: 'M1' },
        messageTimestamp: random.pick([0, -1, Number.NaN, 5, 2 ** 60]),
        message,
        messageStubType: random.below(230),
        messageStubParameters: [random.pick(['', '{"id":{}}', BOB.lid])],
      });
      expect(JSON.parse(JSON.stringify(read))).toEqual(read);
    }
    expect(decodable).toBeGreaterThan(2000);
  });

  test('wrappers without end', () => {
    let message: proto.IMessage = { conversation: 'deep' };
    for (let depth = 0; depth < 40; depth += 1) message = { ephemeralMessage: { message } };
    expect(bodyOf(decoded(message))).toMatchObject({ kind: 'unsupported' });
  });
});
