// What we ask of Telegram, and how people, ids, marks and errors are spelled: tables over the pure rooms.
import { describe, expect, test } from '@jest/globals';
import { as, type ChatId, type EffectId, type MessageId, type PersonId } from '../../../src/model/ids.ts';
import { BridgeError } from '../../../src/model/errors.ts';
import { plainText, type RichText } from '../../../src/model/message.ts';
import { parseIdentifier } from '../../../src/networks/telegram/directory.ts';
import { bridgeError, isSignedOut } from '../../../src/networks/telegram/errors.ts';
import { parsePeer, puppetId, randomId } from '../../../src/networks/telegram/ids.ts';
import { fromEntities, toEntities } from '../../../src/networks/telegram/markup.ts';
import { factsOf, snapshotOf } from '../../../src/networks/telegram/people.ts';
import { Api, long } from '../../../src/networks/telegram/wire/api.ts';
import { faultOf, WireFault } from '../../../src/networks/telegram/wire/fault.ts';
import { sentMessage, writeEdit, writeRemove, writeSend } from '../../../src/networks/telegram/write.ts';
import { errors } from 'telegram';

const peer = new Api.InputPeerUser({ userId: long('7'), accessHash: long('-8') });
const write = { peer, mention: () => undefined };
const chat = as<ChatId>('u7');

describe('random ids', () => {
  test('are the same for the same effect, signed 64 bits and never 0', () => {
    const seen = new Set<string>();
    let negative = 0;
    for (let i = 0; i < 200; i += 1) {
      const id = randomId(as<EffectId>(`effect-${i}`)).toString();
      expect(randomId(as<EffectId>(`effect-${i}`)).toString()).toBe(id);
      expect(BigInt.asIntN(64, BigInt(id))).toBe(BigInt(id));
      if (id.startsWith('-')) negative += 1;
      seen.add(id);
    }
    expect(seen.size).toBe(200);
    expect(seen.has('0')).toBe(false);
    expect(negative).toBeGreaterThan(50);
  });

  test('survive the wire', () => {
    const request = writeSend(
      write,
      { kind: 'send', chat, body: { kind: 'text', as: 'text', text: plainText('x') } },
      as<EffectId>('e'),
    );
    expect(String(request.randomId)).toBe(randomId(as<EffectId>('e')).toString());
    expect(
      request
        .getBytes()
        .includes(Buffer.from(new BigInt64Array([BigInt(randomId(as<EffectId>('e')).toString())]).buffer)),
    ).toBe(true);
  });
});

describe('sends', () => {
  test('carry text, marks and what they answer', () => {
    const text: RichText = { text: 'a 😀 b', spans: [{ kind: 'bold', start: 2, length: 2 }] };
    const request = writeSend(
      write,
      { kind: 'send', chat, body: { kind: 'text', as: 'text', text }, replyTo: as<MessageId>('4') },
      as<EffectId>('e'),
    );
    expect(request.entities?.[0]).toMatchObject({ className: 'MessageEntityBold', offset: 2, length: 2 });
    expect(request.replyTo).toMatchObject({ replyToMsgId: 4 });
    expect(request.peer).toBe(peer);
  });

  test.each([
    ['too long', 'x'.repeat(4097)],
    ['empty', '  \n'],
  ])('refuse what is %s', (_name, text) => {
    expect(() =>
      writeSend(
        write,
        { kind: 'send', chat, body: { kind: 'text', as: 'text', text: plainText(text) } },
        as<EffectId>('e'),
      ),
    ).toThrow(BridgeError);
  });

  const request = writeSend(
    write,
    { kind: 'send', chat, body: { kind: 'text', as: 'text', text: plainText('x') } },
    as<EffectId>('e'),
  );
  const named = new Api.UpdateMessageID({ id: 41, randomId: randomId(as<EffectId>('e')) });
  const other = new Api.UpdateMessageID({ id: 42, randomId: long('3') });
  const made = (id: number): Api.UpdateNewMessage =>
    new Api.UpdateNewMessage({
      message: new Api.Message({
        id,
        out: true,
        peerId: new Api.PeerUser({ userId: long('7') }),
        date: 9,
        message: 'x',
      }),
      pts: 1,
      ptsCount: 0,
    });
  const all = (updates: Api.TypeUpdate[]): Api.Updates =>
    new Api.Updates({ updates, users: [], chats: [], date: 10, seq: 0 });
  test.each<[string, Api.TypeUpdates, { id: number; date?: number } | undefined]>([
    ['the short answer', new Api.UpdateShortSentMessage({ id: 40, pts: 1, ptsCount: 1, date: 8 }), { id: 40, date: 8 }],
    ['the whole answer', all([other, named, made(42), made(41)]), { id: 41, date: 9 }],
    ['the replay without its message', all([named]), { id: 41, date: 10 }],
    ['something else', new Api.UpdatesTooLong(), undefined],
  ])('find their id in %s', (_name, answer, sent) => {
    expect(sentMessage(answer, request)).toEqual(sent);
  });
});

/** The parts of what is sent, other than the request itself, that would be written with a vector of their own. */
function partsWithVectors(value: unknown, isPart = false): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => partsWithVectors(one, true));
  if (typeof value !== 'object' || value === null || !('classType' in value)) return [];
  const fields = Object.values(value);
  const own = isPart && fields.some((field) => Array.isArray(field)) ? [(value as Api.AnyRequest).className] : [];
  return [...own, ...fields.flatMap((field) => partsWithVectors(field, true))];
}

test('defect 8: nothing that is sent holds a vector inside of what could also be received', () => {
  const kinds = ['bold', 'italic', 'underline', 'strike', 'code', 'quote', 'spoiler', 'pre'] as const;
  const place = { start: 0, length: 1 };
  const text: RichText = {
    text: 'x',
    spans: [
      ...kinds.map((kind) => ({ ...place, kind })),
      { ...place, kind: 'link', href: 'https://a.example' },
      { ...place, kind: 'mention', of: { person: as<PersonId>('u9') } },
    ],
  };
  const known = { peer, mention: () => '5' };
  const body = { kind: 'text', as: 'text', text } as const;
  const target = as<MessageId>('3');
  const send = writeSend(known, { kind: 'send', chat, body, replyTo: target }, as<EffectId>('e'));
  const edit = writeEdit(known, { kind: 'edit', chat, target, body });
  expect([send.entities?.length, edit.entities?.length]).toEqual([10, 10]);
  for (const request of [send, edit, writeRemove(target)]) {
    // A request is never received.
    expect(request.classType).toBe('request');
    expect(partsWithVectors(request)).toEqual([]);
  }
  // A quote in a reply would be one: drafts bring it.
  const replyTo = new Api.InputReplyToMessage({ replyToMsgId: 3, quoteText: 'x', quoteEntities: send.entities ?? [] });
  const quoting = new Api.messages.SendMessage({ peer, message: 'x', randomId: long('1'), replyTo });
  expect(partsWithVectors(quoting)).toEqual(['InputReplyToMessage']);
});

test('marks go there and back', () => {
  const kinds = ['bold', 'italic', 'underline', 'strike', 'code', 'quote', 'spoiler'] as const;
  const text: RichText = {
    text: 'abcdefghij 😀!',
    spans: [
      ...kinds.map((kind, start) => ({ kind, start, length: 2 })),
      { kind: 'pre', start: 7, length: 1, language: 'ts' },
      { kind: 'pre', start: 8, length: 1 },
      { kind: 'link', start: 9, length: 1, href: 'https://example.org/' },
      { kind: 'mention', start: 11, length: 2, of: { person: as<PersonId>('u9') } },
    ],
  };
  const entities = toEntities(text, () => '77');
  const answered = entities.map((one) =>
    one instanceof Api.InputMessageEntityMentionName
      ? new Api.MessageEntityMentionName({ offset: one.offset, length: one.length, userId: long('9') })
      : one,
  );
  expect(fromEntities(text.text, answered)).toEqual(text);
  expect(fromEntities('ab', [new Api.MessageEntityBold({ offset: 1, length: 5 })]).spans).toEqual([]);
});

describe('the public view', () => {
  const base = { id: long('7'), accessHash: long('1'), firstName: 'Alice', lastName: 'Doe', phone: '33612345678' };
  const photo = (personal: boolean): Api.UserProfilePhoto =>
    new Api.UserProfilePhoto({ photoId: long('5'), dcId: 2, personal });
  test.each<[string, Partial<ConstructorParameters<typeof Api.User>[0]>, object]>([
    ['a stranger by the name they chose', {}, { id: 'u7', name: 'Alice Doe' }],
    ['a contact by @username only', { contact: true, username: 'alice_d' }, { id: 'u7', username: 'alice_d' }],
    ['a contact without one by nothing', { contact: true }, { id: 'u7' }],
    ['a mutual contact by nothing', { mutualContact: true }, { id: 'u7' }],
    ['oneself by name', { self: true, contact: true }, { id: 'u7', name: 'Alice Doe' }],
    ['nobody who is gone', { deleted: true }, { id: 'u7' }],
    ['a personal photo not at all', { photo: photo(true) }, { id: 'u7', name: 'Alice Doe' }],
  ])('shows %s', (_name, more, shown) => {
    const snapshot = snapshotOf(new Api.User({ ...base, ...more }));
    expect(snapshot).toEqual(shown);
    expect(JSON.stringify(snapshot)).not.toContain('33612345678');
  });

  test('names a photo by its id', () => {
    expect(snapshotOf(new Api.User({ ...base, photo: photo(false) })).avatar?.hash).toBe('tg-5');
  });

  test('gives rules their facts', () => {
    const usernames = [new Api.Username({ username: 'Second', active: true })];
    expect(factsOf(new Api.User({ ...base, username: 'Alice_D', usernames }))).toEqual([
      'direct:7',
      'username:alice_d',
      'username:second',
      'phone:+33612345678',
    ]);
  });
});

test.each([
  ['@alice_d', { username: 'alice_d' }],
  ['alice', { username: 'alice' }],
  ['https://t.me/alice?start=1', { username: 'alice' }],
  ['t.me/alice/', { username: 'alice' }],
  ['tg://resolve?domain=alice&x=1', { username: 'alice' }],
  ['+33 6 12 34 56 78', { phone: '33612345678' }],
  ['+33 (0)6 12 34 56 78', { phone: '33612345678' }],
  ['0033 6 12 34 56 78', { phone: '33612345678' }],
  ['123456', { id: '123456' }],
  ['+3', undefined],
  ['not a name', undefined],
])('people type %s', (typed, wanted) => {
  expect(parseIdentifier(typed)).toEqual(wanted);
});

test.each(['06 12 34 56 78', '0612345678', '6 12 34 56 78'])(
  'a number that says no country is refused: %s',
  (typed) => {
    expect(() => parseIdentifier(typed)).toThrow(expect.objectContaining({ code: 'telegram-no-country-code' }));
  },
);

test('ids are refused when they are not ours', () => {
  expect(parsePeer(as<ChatId>('u7'))).toEqual({ kind: 'u', id: '7' });
  expect(() => parsePeer(as<ChatId>('7'))).toThrow();
  expect(puppetId('@a:x', '7')).toBe(puppetId('@a:x', '7'));
  expect(puppetId('@a:x', '7')).not.toBe(puppetId('@b:x', '7'));
});

describe('errors', () => {
  const rpc = (code: string, status = 400): WireFault => new WireFault('rpc', code, { status });
  test.each<[string, WireFault, Partial<BridgeError>]>([
    ['a revoked login', rpc('AUTH_KEY_UNREGISTERED', 401), { code: 'telegram-signed-out', retry: 'after-login' }],
    ['a key refused, perhaps in passing', new WireFault('refused-key', 'AUTH_KEY_NOT_FOUND'), { retry: 'now' }],
    ['a flood', new WireFault('flood', 'FLOOD_WAIT', { seconds: 30 }), { retry: 'later', notBefore: 31_000 }],
    [
      'a lost answer',
      new WireFault('no-answer', 'NO_ANSWER'),
      { code: 'telegram-no-answer', retry: 'now', mayHaveHappened: true },
    ],
    ['a broken server', rpc('WORKER_BUSY', 500), { retry: 'later', mayHaveHappened: true }],
    ['a block', rpc('USER_IS_BLOCKED'), { code: 'telegram-user-is-blocked', retry: 'never', final: false }],
    ['an edit too late', rpc('MESSAGE_EDIT_TIME_EXPIRED'), { retry: 'never', final: true }],
    ['anything else', rpc('SOME_NEW_RULE'), { code: 'telegram-some-new-rule', retry: 'never' }],
  ])('%s', (_name, fault, expected) => {
    expect(bridgeError(fault, 1_000, true)).toMatchObject(expected);
  });

  test.each([
    'AUTH_KEY_UNREGISTERED',
    'SESSION_REVOKED',
    'USER_DEACTIVATED',
    'USER_DEACTIVATED_BAN',
    'AUTH_KEY_DUPLICATED',
  ])('%s ends a login', (code) => {
    expect(isSignedOut(rpc(code, 401))).toBe(true);
  });

  test('SESSION_PASSWORD_NEEDED does not', () => {
    expect(isSignedOut(rpc('SESSION_PASSWORD_NEEDED', 401))).toBe(false);
  });

  test("the library's classes keep their code", () => {
    const request = new Api.updates.GetState();
    const of = (code: number, message: string): WireFault =>
      faultOf(errors.RPCMessageToError(new Api.RpcError({ errorCode: code, errorMessage: message }), request));
    expect(of(420, 'FLOOD_WAIT_17')).toMatchObject({ kind: 'flood', seconds: 17 });
    expect(of(420, 'FLOOD_PREMIUM_WAIT_3')).toMatchObject({ kind: 'flood', seconds: 3 });
    expect(of(401, 'AUTH_KEY_UNREGISTERED')).toMatchObject({ kind: 'rpc', code: 'AUTH_KEY_UNREGISTERED', status: 401 });
    expect(of(303, 'FILE_MIGRATE_2')).toMatchObject({ kind: 'rpc', dc: 2 });
    expect(of(500, 'RANDOM_ID_DUPLICATE')).toMatchObject({ code: 'RANDOM_ID_DUPLICATE', status: 500 });
    expect(of(400, 'MSG_WAIT_FAILED')).toMatchObject({ code: 'MSG_WAIT_FAILED' });
  });
});
