// Receipts of delivery: which of them say that somebody has a message, and when a whole group has it.
import { describe, expect, test } from '@jest/globals';
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { ChatId, PersonId } from '../../../src/model/ids.ts';
import type { EphemeralEvent } from '../../../src/model/network-event.ts';
import { Deliveries } from '../../../src/networks/whatsapp/deliveries.ts';
import { arrivalsOf, glimpsesOf } from '../../../src/networks/whatsapp/passing.ts';
import { quiet } from '../../support/quiet.ts';
import { ALICE, BOB, contextWith, GROUP, ME } from './support/wire.ts';

const context = contextWith();

function receipt(attrs: Record<string, string>, more: readonly string[] = []): BinaryNode {
  const items = more.map((id): BinaryNode => ({ tag: 'item', attrs: { id } }));
  const content = items.length === 0 ? {} : { content: [{ tag: 'list', attrs: {}, content: items }] };
  return { tag: 'receipt', attrs: { id: 'M1', from: ALICE.lid, ...attrs }, ...content };
}

describe('a receipt', () => {
  test.each<[string, BinaryNode, object]>([
    ['of a telephone', receipt({}), { person: 'l5', messages: ['l1.M1'], portal: { chat: 'l5' } }],
    ['by number', receipt({ from: ALICE.pn }), { person: 'l5', portal: { chat: 'l5' } }],
    ['of several messages', receipt({}, ['M2', 'M3']), { messages: ['l1.M1', 'l1.M2', 'l1.M3'] }],
    ['in a group', receipt({ from: GROUP, participant: BOB.pn }), { person: 'l6', messages: ['l1.M1'] }],
    ['of reading, in a group', receipt({ from: GROUP, participant: BOB.lid, type: 'read' }), { person: 'l6' }],
  ])('%s says who has what', (_name, node, expected) => {
    expect(arrivalsOf(context, node)).toMatchObject([expected]);
  });

  test.each<[string, BinaryNode]>([
    ['of reading, in a direct chat', receipt({ type: 'read' })],
    ['of a browser that nobody sits at', receipt({ type: 'inactive' })],
    ['of a device of our own', receipt({ from: ME.lid, recipient: ALICE.lid, type: 'sender' })],
    ['of our own telephone', receipt({ from: ME.pn, recipient: ALICE.lid })],
    ['that asks for the message again', receipt({ type: 'retry' })],
    ['of no chat', receipt({ from: 's.whatsapp.net' })],
    ['of another stanza', { ...receipt({}), tag: 'ack' }],
  ])('%s says nothing of the kind', (_name, node) => {
    expect(arrivalsOf(context, node)).toEqual([]);
  });
});

/** A group's receipts that WhatsApp kept while the bridge was away come as one. */
function kept(of: Readonly<Record<string, readonly string[]>>, type?: string): BinaryNode {
  const content = Object.entries(of).map(([key, people]): BinaryNode => {
    const users = people.map((jid): BinaryNode => ({ tag: 'user', attrs: { jid, t: '1790000000' } }));
    return { tag: 'participants', attrs: { key }, content: users };
  });
  return { ...receipt({ from: GROUP, ...(type === undefined ? {} : { type }) }), content };
}

describe('receipts of a group that were kept', () => {
  test('say of each message and each person that it has arrived', () => {
    expect(arrivalsOf(context, kept({ M1: [ALICE.lid, BOB.lid], M2: [BOB.lid] }))).toMatchObject([
      { person: 'l5', messages: ['l1.M1'] },
      { person: 'l6', messages: ['l1.M1'] },
      { person: 'l6', messages: ['l1.M2'] },
    ]);
  });

  test('say who has read how far', () => {
    expect(glimpsesOf(context, kept({ M1: [ALICE.lid, BOB.lid] }, 'read'))).toMatchObject([
      { kind: 'read', person: 'l5', upTo: 'l1.M1' },
      { kind: 'read', person: 'l6', upTo: 'l1.M1' },
    ]);
  });

  test('are those of everybody', async () => {
    const { heard } = book(['l1', 'l5', 'l6']);
    expect(await heard(kept({ M1: [ALICE.lid] }))).toEqual([]);
    expect(await heard(kept({ M1: [BOB.lid], M2: [ALICE.lid, BOB.lid] }))).toEqual(['l1.M1', 'l1.M2']);
  });
});

test('that oneself types on the phone is nobody’s business', () => {
  const typing = (participant: string): BinaryNode => ({
    tag: 'chatstate',
    attrs: { from: GROUP, participant },
    content: [{ tag: 'composing', attrs: {} }],
  });
  expect(glimpsesOf(context, typing(BOB.lid))).toMatchObject([{ kind: 'typing', person: 'l6', active: true }]);
  expect([...glimpsesOf(context, typing(ME.lid)), ...glimpsesOf(context, typing(ME.pn))]).toEqual([]);
});

function book(members: readonly string[] | Error) {
  const seen: EphemeralEvent[] = [];
  let now = members;
  const deliveries = new Deliveries({
    self: context.self,
    log: quiet,
    sink: { glimpse: (event) => void seen.push(event) },
    members: async () => {
      if (now instanceof Error) throw now;
      return await Promise.resolve(now.map((one) => one as PersonId));
    },
  });
  const heard = async (node: BinaryNode): Promise<string[]> => {
    for (const arrival of arrivalsOf(context, node)) await deliveries.heard(arrival);
    return seen.map((event) => (event.kind === 'delivered' ? event.upTo : event.kind));
  };
  return { heard, seen, move: (to: readonly string[]) => void (now = to) };
}

const inGroup = (participant: string, more: Record<string, string> = {}, others: readonly string[] = []): BinaryNode =>
  receipt({ from: GROUP, participant, ...more }, others);

describe('what was written', () => {
  test('to one person has arrived with their first receipt, the newest of it', async () => {
    const { heard, seen } = book([]);
    expect(await heard(receipt({}, ['M2']))).toEqual(['l1.M2']);
    expect(seen[0]).toEqual({ kind: 'delivered', portal: context.portal('l5' as ChatId, 'direct'), upTo: 'l1.M2' });
  });

  test('to a group has arrived when everybody in it has it, once', async () => {
    const { heard } = book(['l1', 'l5', 'l6']);
    expect(await heard(inGroup(ALICE.lid))).toEqual([]);
    expect(await heard(inGroup(ALICE.lid, { type: 'read' }))).toEqual([]);
    expect(await heard(inGroup(ALICE.lid, { id: 'M2' }))).toEqual([]);
    expect(await heard(inGroup(BOB.pn, { type: 'read' }, ['M2']))).toEqual(['l1.M1', 'l1.M2']);
    expect(await heard(inGroup(BOB.pn, { type: 'read' }))).toEqual(['l1.M1', 'l1.M2']);
  });

  test('to somebody who is no longer in the group is not waited for', async () => {
    const { heard, move } = book(['l1', 'l5', 'l6']);
    expect(await heard(inGroup(ALICE.lid))).toEqual([]);
    move(['l1', 'l5']);
    expect(await heard(inGroup(ALICE.lid, { type: 'read' }))).toEqual(['l1.M1']);
  });

  test('to a group whose people cannot be learnt now says nothing, and fells nobody', async () => {
    const { heard } = book(new Error('offline'));
    expect(await heard(inGroup(ALICE.lid))).toEqual([]);
  });
});
