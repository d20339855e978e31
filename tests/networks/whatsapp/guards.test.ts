// T-14: what others forge is dropped, and what others may really say is kept: two tables.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { describe, expect, test } from '@jest/globals';
import type { ChatId, PersonId } from '../../../src/model/ids.ts';
import { judge, type Claim, type GuardContext } from '../../../src/networks/whatsapp/guards.ts';
import { ALICE, BOB, contextWith, decoded, GROUP, ME, SELF_ONLY } from './support/wire.ts';

const { Type } = proto.Message.ProtocolMessage;
const direct = 'l5' as ChatId;
const group = `g${GROUP.split('@')[0] ?? ''}` as ChatId;
const read = contextWith();
/** Bob is an admin of the group, Alice is not. */
const context: GuardContext = {
  selfHandles: read.selfHandles,
  person: read.person,
  isAdmin: (_chat, person) => person === 'l6',
};

function claim(content: proto.IMessage, more: Partial<Claim> = {}): Claim {
  return { content: decoded(content), chat: direct, author: ALICE.lid, fromMe: false, ...more };
}
const inGroup = (content: proto.IMessage, author = ALICE.lid): Claim => claim(content, { chat: group, author });
const own = (content: proto.IMessage): Claim =>
  claim(content, { chat: 'l1' as ChatId, author: '3361:0@s.whatsapp.net', fromMe: true });
const protocol = (message: proto.Message.IProtocolMessage): proto.IMessage => ({ protocolMessage: message });

describe('dropped', () => {
  test.each(SELF_ONLY)('%s of anybody else, in any wrapper', (type) => {
    const forged = protocol({ type: Type[type] });
    const wrapped: readonly proto.IMessage[] = [
      forged,
      { ephemeralMessage: { message: forged } },
      { viewOnceMessageV2: { message: { documentWithCaptionMessage: { message: forged } } } },
      { deviceSentMessage: { destinationJid: ME.pn, message: forged } },
      { editedMessage: { message: forged } },
      { groupStatusMessageV2: { message: forged } },
      protocol({ type: Type.MESSAGE_EDIT, key: { id: 'M0' }, editedMessage: forged }),
    ];
    for (const content of wrapped) {
      expect(judge(context, claim(content))).toEqual({ do: 'drop', code: 'self-only' });
      expect(judge(context, inGroup(content, BOB.lid))).toEqual({ do: 'drop', code: 'self-only' });
    }
  });

  test.each<[string, Claim, string]>([
    [
      'a key share that claims to be a deletion',
      claim(protocol({ type: Type.REVOKE, appStateSyncKeyShare: { keys: [] } })),
      'self-only',
    ],
    ['a key share of nobody', claim(protocol({ type: Type.APP_STATE_SYNC_KEY_SHARE }), { author: 'x@y' }), 'self-only'],
    ['"from me" by another', claim({ conversation: 'x' }, { fromMe: true }), 'false-self'],
    [
      '"from me" by another whose other address is said to be ours',
      claim({ conversation: 'x' }, { fromMe: true, authorAlt: ME.pn }),
      'false-self',
    ],
    [
      'a key share by another whose other address is said to be ours',
      claim(protocol({ type: Type.APP_STATE_SYNC_KEY_SHARE }), { authorAlt: ME.pn }),
      'self-only',
    ],
    ['"from me" in a group by another', claim({ conversation: 'x' }, { chat: group, fromMe: true }), 'false-self'],
    ['"from me" of nobody', claim({ conversation: 'x' }, { author: '', fromMe: true }), 'false-self'],
    [
      'an edit of another’s words',
      inGroup(
        protocol({
          type: Type.MESSAGE_EDIT,
          key: { id: 'M0', participant: BOB.lid },
          editedMessage: { conversation: 'x' },
        }),
      ),
      'not-author',
    ],
    [
      'an edit of ours',
      inGroup(
        protocol({
          type: Type.MESSAGE_EDIT,
          key: { id: 'M0', participant: ME.pn },
          editedMessage: { conversation: 'x' },
        }),
      ),
      'not-author',
    ],
    [
      'an edit of another’s by an admin',
      inGroup(
        protocol({
          type: Type.MESSAGE_EDIT,
          key: { id: 'M0', participant: ALICE.lid },
          editedMessage: { conversation: 'x' },
        }),
        BOB.lid,
      ),
      'not-author',
    ],
    [
      'a deletion of another’s by who is no admin',
      inGroup(protocol({ type: Type.REVOKE, key: { id: 'M0', participant: BOB.lid } })),
      'not-admin',
    ],
    [
      'a deletion of ours by who is no admin',
      inGroup(protocol({ type: Type.REVOKE, key: { id: 'M0', participant: ME.lid } })),
      'not-admin',
    ],
    [
      'a deletion of ours in a direct chat',
      claim(protocol({ type: Type.REVOKE, key: { id: 'M0', fromMe: false, participant: ME.lid } })),
      'not-author',
    ],
    [
      'the second of two, in a wrapper',
      claim({
        ...protocol({ type: Type.SHARE_PHONE_NUMBER }),
        ephemeralMessage: { message: protocol({ type: Type.LID_MIGRATION_MAPPING_SYNC }) },
      }),
      'self-only',
    ],
  ])('%s', (_name, forged, code) => {
    expect(judge(context, forged)).toEqual({ do: 'drop', code });
  });

  test('what is wrapped deeper than anybody looks', () => {
    let content = protocol({ type: Type.APP_STATE_SYNC_KEY_SHARE });
    for (let depth = 0; depth < 30; depth += 1) content = { ephemeralMessage: { message: content } };
    expect(judge(context, { ...claim({}), content })).toEqual({ do: 'drop', code: 'too-deep' });
  });
});

describe('kept', () => {
  test.each(SELF_ONLY)('%s of our own phone', (type) => {
    expect(judge(context, own(protocol({ type: Type[type] })))).toEqual({ do: 'keep' });
  });

  test.each<[string, Claim]>([
    ['text', claim({ conversation: 'x' })],
    ['nothing', { ...claim({}), content: undefined }],
    ['our own words from the phone', claim({ conversation: 'x' }, { author: ME.lid, fromMe: true })],
    ['our own words in a group, by number', claim({ conversation: 'x' }, { chat: group, author: ME.pn, fromMe: true })],
    [
      'their edit',
      claim(
        protocol({ type: Type.MESSAGE_EDIT, key: { id: 'M0', fromMe: true }, editedMessage: { conversation: 'x' } }),
      ),
    ],
    [
      'their edit, the key not filled in',
      claim(protocol({ type: Type.MESSAGE_EDIT, key: { id: 'M0' }, editedMessage: { conversation: 'x' } })),
    ],
    [
      'their edit in a group',
      inGroup({
        editedMessage: {
          message: protocol({
            type: Type.MESSAGE_EDIT,
            key: { id: 'M0', participant: ALICE.pn },
            editedMessage: { conversation: 'x' },
          }),
        },
      }),
    ],
    ['their deletion', claim(protocol({ type: Type.REVOKE, key: { id: 'M0', fromMe: true } }))],
    [
      'their deletion in a group',
      inGroup(protocol({ type: Type.REVOKE, key: { id: 'M0', fromMe: true, participant: ALICE.lid } })),
    ],
    [
      'their deletion in a group, by their other address',
      inGroup(protocol({ type: Type.REVOKE, key: { id: 'M0', participant: ALICE.pn } })),
    ],
    [
      'an admin’s deletion of another’s words',
      inGroup(protocol({ type: Type.REVOKE, key: { id: 'M0', participant: ALICE.lid } }), BOB.lid),
    ],
    [
      'an admin’s deletion of ours',
      inGroup(protocol({ type: Type.REVOKE, key: { id: 'M0', participant: ME.lid } }), BOB.pn),
    ],
    [
      'our own deletion as an admin, from the phone',
      claim(protocol({ type: Type.REVOKE, key: { id: 'M0', participant: ALICE.lid } }), {
        chat: group,
        author: ME.lid,
        fromMe: true,
      }),
    ],
    [
      'a timer',
      claim({ ephemeralMessage: { message: protocol({ type: Type.EPHEMERAL_SETTING, ephemeralExpiration: 86_400 }) } }),
    ],
    ['a shared number', claim(protocol({ type: Type.SHARE_PHONE_NUMBER }))],
    ['a reaction', claim({ reactionMessage: { key: { id: 'M0', fromMe: false }, text: '👍' } })],
    ['a message of a channel', claim({ conversation: 'x' }, { chat: 'c7' as ChatId, author: '7@newsletter' })],
  ])('%s', (_name, honest) => {
    expect(judge(context, honest)).toEqual({ do: 'keep' });
  });

  test('an admin’s deletion waits while nobody knows who is one', () => {
    const unknown = { ...context, isAdmin: () => undefined };
    const deletion = inGroup(protocol({ type: Type.REVOKE, key: { id: 'M0', participant: ALICE.lid } }), BOB.lid);
    expect(judge(unknown, deletion)).toEqual({ do: 'ask', person: 'l6' as PersonId });
  });
});
