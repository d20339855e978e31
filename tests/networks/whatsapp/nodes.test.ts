// Property: whatever stanza comes (notifications, notes, marks, picture news, receipts, calls), its readers never throw, and what
// they make of it can be kept: names of ours, and whole numbers.
import { inspect, isDeepStrictEqual } from 'node:util';
import { proto, type BinaryNode } from '@whiskeysockets/baileys';
import { expect, test } from '@jest/globals';
import { callIn, CallDesk } from '../../../src/networks/whatsapp/calls.ts';
import { PeopleBook } from '../../../src/networks/whatsapp/people-book.ts';
import { readSetting } from '../../../src/networks/whatsapp/chat-marks.ts';
import { notesOf, personPicturedIn, renamingIn } from '../../../src/networks/whatsapp/notifications.ts';
import { arrivalsOf, glimpsesOf, ownPhoneAt } from '../../../src/networks/whatsapp/passing.ts';
import { pictured } from '../../../src/networks/whatsapp/picture-news.ts';
import { placeOf, type WireMessage } from '../../../src/networks/whatsapp/place.ts';
import { readMessage } from '../../../src/networks/whatsapp/read.ts';
import { timerIn } from '../../../src/networks/whatsapp/timers.ts';
import { Seeded } from './support/random.ts';
import { contextWith, names } from './support/wire.ts';

const RUNS = 15_000;
const ADDRESSES = [
  ...['1@lid', '3361@s.whatsapp.net', '3361:0@s.whatsapp.net', '5@lid', '5:99@lid', '3365@s.whatsapp.net', '5@c.us'],
  ...['5@hosted', '5_1:2@hosted.lid', '77@g.us', '33612345678-1400000000@g.us', '999999999999999-999999999999@g.us'],
  ...['9999999999999999-5@g.us', '-5@g.us', '000000000000000000000001@g.us', '1@broadcast', 'status@broadcast'],
  ...['7@newsletter', '7@call', '', '@', '@g.us', 'x@y', '5@', '5@lid@lid', `${'9'.repeat(21)}@lid`, '__proto__@lid'],
];
const NUMBERS = [
  '0',
  '-1',
  '1.5',
  'NaN',
  'Infinity',
  '1e400',
  '99999999999999999999',
  '86400',
  '1795000000',
  'abc',
  '',
];
const WORDS = [
  'w:gp2',
  'picture',
  'contacts',
  'read',
  'read-self',
  'inactive',
  'sender',
  'server_sync',
  'all_member_add',
];
const KEYS = [
  ...['from', 'participant', 'participant_pn', 'participant_lid', 'recipient', 'type', 'id', 't', 'jid', 'author'],
  ...['phone_number', 'lid', 'old', 'new', 'old_lid', 'new_lid', 'call-id', 'call-creator', 'caller_pn', 'group-jid'],
  ...['subject', 'expiration', 'error', 'hash', 'name', '__proto__', 'constructor'],
];
const TAGS = [
  ...[
    'message',
    'notification',
    'receipt',
    'chatstate',
    'call',
    'add',
    'remove',
    'promote',
    'demote',
    'leave',
    'offer',
  ],
  ...['offer_notice', 'terminate', 'subject', 'description', 'body', 'participant', 'list', 'item', 'modify', 'set'],
  ...['delete', 'member_add_mode', 'ephemeral', 'not_ephemeral', 'announcement', 'locked', 'create', 'link', 'invite'],
  ...[
    'unlink',
    'membership_approval_mode',
    'created_membership_requests',
    'suspended',
    'growth_locked',
    'something_new',
    'video',
    'composing',
    'constructor',
    'toString',
  ],
];
const STUBS = [...new Set(Object.values(proto.WebMessageInfo.StubType).filter((one) => typeof one === 'number'))];

const OUTER = { notification: ['w:gp2', 'picture', 'contacts'], receipt: ['', 'read', 'read-self'] } as const;

function text(random: Seeded): string {
  return random.pick([ADDRESSES, NUMBERS, WORDS][random.below(3)] ?? ADDRESSES);
}

/** A stanza that could have been meant well: the rest is chance. */
function stanza(random: Seeded): BinaryNode {
  const { tag, attrs, content } = node(random);
  const outer = random.pick(['notification', 'notification', 'receipt', 'chatstate', 'call', tag]);
  const types = outer === 'notification' || outer === 'receipt' ? OUTER[outer] : [];
  const from = random.below(4) === 0 ? {} : { from: random.pick(ADDRESSES) };
  const [old, other] = [random.pick(ADDRESSES), random.pick(ADDRESSES)];
  const likely = [
    { tag: 'modify', attrs: { old, new: other } },
    {
      tag: random.pick(['offer', 'offer_notice', 'terminate', 'accept', 'reject']),
      attrs: { 'call-id': text(random), 'call-creator': old, caller_pn: other, 'group-jid': text(random) },
    },
    { tag: 'ephemeral', attrs: { expiration: text(random) } },
  ];
  const inside = random.below(3) === 0 ? [random.pick(likely)] : content;
  const type = types.length > 0 ? { type: random.pick(types) } : {};
  return { tag: outer, attrs: { ...attrs, ...from, ...type }, ...(inside === undefined ? {} : { content: inside }) };
}

function node(random: Seeded, depth = 0): BinaryNode {
  const keys = KEYS.filter(() => random.below(3) === 0);
  const children = (): BinaryNode[] => Array.from({ length: random.below(4) }, () => node(random, depth + 1));
  const attrs = Object.fromEntries(keys.map((key) => [key, text(random)]));
  const kind = depth < 4 ? random.below(5) : random.below(3);
  const content =
    kind === 0 ? undefined : kind === 1 ? random.bytes(random.below(9)) : kind === 2 ? text(random) : children();
  return { tag: random.pick(TAGS), attrs, ...(content === undefined ? {} : { content }) };
}

/** A note as the library keeps it, of any type and with any texts. */
function note(random: Seeded): WireMessage {
  const some = (): string | null => (random.below(4) === 0 ? null : random.pick(ADDRESSES));
  const texts = (): string =>
    random.pick([
      text(random),
      JSON.stringify({ id: some(), lid: some() }),
      'null',
      '[1]',
      '{"id":{}}',
      '{"id":1',
      '"5@lid"',
    ]);
  return {
    key: {
      remoteJid: some(),
      remoteJidAlt: some(),
      participant: some(),
      participantAlt: some(),
      id: some(),
      fromMe: random.below(3) === 0,
    },
    messageTimestamp: Number(random.pick(NUMBERS)),
    messageStubType: random.pick(STUBS),
    messageStubParameters: Array.from({ length: random.below(4) }, texts),
  };
}

/** Every number that would be written down. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

function keepable(value: unknown): void {
  const kept: unknown = JSON.parse(JSON.stringify(value ?? null));
  if (numbersIn(value).every(Number.isSafeInteger) && isDeepStrictEqual(kept, value ?? null)) return;
  throw new Error(`${inspect(value)} cannot be kept`);
}

test('no stanza breaks what reads it', async () => {
  const random = new Seeded(4711);
  const context = contextWith();
  const chats = { note: () => undefined, said: () => undefined };
  const calls = new CallDesk({ scope: '', context, chats, members: async () => await Promise.resolve([]) }, new Map());
  const seen = new Map<string, number>();
  const saw = (what: string, value: unknown): void => {
    keepable(value);
    if (value !== undefined) seen.set(what, (seen.get(what) ?? 0) + 1);
  };
  for (let run = 0; run < RUNS; run += 1) {
    const one = stanza(random);
    try {
      const renaming = renamingIn(one);
      saw('renaming', renaming);
      if (renaming !== undefined) new PeopleBook(names).renamed(renaming.before, renaming.after, 1);
      for (const glimpse of glimpsesOf(context, one)) saw('glimpse', glimpse);
      for (const arrival of arrivalsOf(context, one)) saw('arrival', arrival);
      saw('own phone', ownPhoneAt(context, one));
      saw('picture', personPicturedIn(one));
      saw('pictures', pictured(context, [], [{ node: one }]));
      const call = callIn(one, context.selfHandles, context.now());
      saw('call', call);
      if (call !== undefined) keepable(await calls.read(call));
      for (const message of notesOf(one)) {
        saw('timer', timerIn(message));
        saw('place', placeOf(context, message, 'live'));
        saw('note', readMessage(context, message).events[0]);
      }
    } catch (error) {
      throw new Error(`run ${run}: ${JSON.stringify(one)}`, { cause: error });
    }
  }
  // Chance has been everywhere.
  for (const what of ['renaming', 'glimpse', 'arrival', 'own phone', 'picture', 'timer', 'call', 'note'])
    expect([what, (seen.get(what) ?? 0) > 9]).toEqual([what, true]);
});

test('no note of the library breaks what reads it', () => {
  const random = new Seeded(815);
  const context = contextWith();
  const kinds = new Set<string>();
  for (let run = 0; run < RUNS; run += 1) {
    const one = note(random);
    try {
      const { events, stale } = readMessage(context, one);
      keepable([events, stale, timerIn(one)].filter((part) => part !== undefined));
      for (const { kind } of events) kinds.add(kind);
    } catch (error) {
      throw new Error(`run ${run}: ${JSON.stringify(one)}`, { cause: error });
    }
  }
  expect([...kinds].toSorted()).toEqual(['chat', 'facts', 'membership', 'message', 'role']);
});

test('no shared setting breaks what reads it', () => {
  const random = new Seeded(42);
  const kinds = new Set<string>();
  const whatever = (): unknown =>
    random.pick([null, {}, { muted: true, muteEndTimestamp: random.pick(NUMBERS.map(Number)) }, 1, 'x']);
  const indexes = ['mute', 'pin_v1', 'archive', 'markChatAsRead', 'contact', '__proto__', 'constructor', ''];
  for (let run = 0; run < RUNS; run += 1) {
    const value = Object.fromEntries(
      ['muteAction', 'pinAction', 'archiveChatAction', 'markChatAsReadAction'].map((key) => [key, whatever()]),
    );
    const index = [random.pick(indexes), random.pick(ADDRESSES)].slice(0, random.below(3));
    const read = readSetting({ index, value, removed: random.below(2) === 0 }, 1_000);
    keepable(read);
    if (read !== undefined) kinds.add(index[0] ?? '');
  }
  expect([...kinds].toSorted()).toEqual(['archive', 'markChatAsRead', 'mute', 'pin_v1']);
});
