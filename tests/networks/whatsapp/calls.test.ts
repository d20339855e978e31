// Calls: what the stanzas of the protocol mean, and one notice per call over the whole of its life, on the simulated WhatsApp.
import { describe, expect, test } from '@jest/globals';
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { NetworkEvent } from '../../../src/model/network-event.ts';
import type { PersonId } from '../../../src/model/ids.ts';
import { CallDesk, callIn } from '../../../src/networks/whatsapp/calls.ts';
import type { Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { contextWith, GROUP } from './support/wire.ts';

setStage();

const stanza = (tag: string, more: BinaryNode['attrs'] = {}, from = '5:3@lid', t = '1000'): BinaryNode => ({
  tag: 'call',
  attrs: { from, t, id: 'x' },
  content: [{ tag, attrs: { 'call-id': 'C1', 'call-creator': '5:3@lid', ...more } }],
});
const GROUP_CALL = { 'group-jid': GROUP, media: 'video', type: 'group' };
const wordsIn = (events: readonly NetworkEvent[]): readonly string[] =>
  events.flatMap((event) => {
    if (event.kind !== 'message' && event.kind !== 'edit') return [event.kind];
    return event.parts.map(
      (part) => `${event.kind} ${event.portal.chat} ${part.kind === 'told' ? part.say.key : part.kind}`,
    );
  });

describe('of what the protocol knows', () => {
  const desk = (inside: readonly string[] = [], kept = new Map<string, Uint8Array>()): CallDesk =>
    new CallDesk(
      {
        scope: 'login:wa-me',
        context: contextWith(),
        chats: { note: () => undefined, said: () => undefined },
        members: async () => await Promise.resolve(inside as PersonId[]),
      },
      kept,
    );
  const told = async (of: CallDesk, ...nodes: readonly BinaryNode[]): Promise<readonly string[]> => {
    const all: string[] = [];
    for (const node of nodes) {
      const news = callIn(node, { lid: '1', pn: '3361' }, 1);
      all.push(...(news === undefined ? [] : wordsIn(await of.read(news))));
    }
    return all;
  };
  const group = `g${GROUP.split('@')[0] ?? ''}`;

  test.each<readonly [string, readonly BinaryNode[], readonly string[]]>([
    ['one that rings', [stanza('offer')], ['message l5 whatsapp.call']],
    [
      'one whose caller gives up',
      [stanza('offer'), stanza('terminate')],
      ['message l5 whatsapp.call', 'edit l5 whatsapp.missed-call'],
    ],
    [
      'one that rings out, and of which that is said twice',
      [stanza('offer'), stanza('terminate', { reason: 'timeout' }), stanza('terminate')],
      ['message l5 whatsapp.call', 'edit l5 whatsapp.missed-call'],
    ],
    [
      'one that the phone took, then ended',
      [stanza('offer'), stanza('terminate', { reason: 'accepted_elsewhere' }), stanza('terminate')],
      ['message l5 whatsapp.call', 'edit l5 whatsapp.call-answered'],
    ],
    [
      'one that the phone took, by its own word',
      [stanza('offer'), stanza('preaccept', {}, '1@lid'), stanza('accept', {}, '1@lid')],
      ['message l5 whatsapp.call', 'edit l5 whatsapp.call-answered'],
    ],
    [
      'one that the phone refused, by its own word',
      [stanza('offer'), stanza('reject', {}, '3361@s.whatsapp.net')],
      ['message l5 whatsapp.call', 'edit l5 whatsapp.call-declined'],
    ],
    ['one that rang out unheard', [stanza('terminate', { reason: 'timeout' })], ['message l5 whatsapp.missed-call']],
    ['one that ended unheard', [stanza('terminate')], []],
    ['the carrying of sound', [stanza('transport'), stanza('relaylatency'), stanza('preaccept')], []],
    ['one without a name', [stanza('offer', { 'call-id': '' })], []],
    [
      'one that somebody else would end',
      [stanza('offer'), stanza('terminate', {}, '6@lid'), stanza('reject', {}, '6@lid'), stanza('accept')],
      ['message l5 whatsapp.call'],
    ],
  ])('%s', async (_name, nodes, words) => {
    expect(await told(desk(), ...nodes)).toEqual(words);
  });

  test.each<readonly [string, readonly BinaryNode[], readonly string[]]>([
    ['offered', [stanza('offer', { 'group-jid': GROUP })], [`message ${group} whatsapp.group-call`]],
    [
      'given notice of, others taking and leaving it until it is over',
      [
        stanza('offer_notice', GROUP_CALL),
        stanza('accept', GROUP_CALL, '6@lid'),
        stanza('reject', GROUP_CALL, '6@lid'),
        stanza('terminate', GROUP_CALL),
      ],
      [`message ${group} whatsapp.group-call`, `edit ${group} whatsapp.group-call-over`],
    ],
    [
      'that the phone took, while it goes on for whoever reads the same room',
      [
        stanza('offer_notice', GROUP_CALL),
        stanza('terminate', { ...GROUP_CALL, reason: 'accepted_elsewhere' }),
        stanza('reject', GROUP_CALL, '1@lid'),
        stanza('terminate', GROUP_CALL),
      ],
      [`message ${group} whatsapp.group-call`, `edit ${group} whatsapp.group-call-over`],
    ],
    [
      'that nobody here took',
      [stanza('offer_notice', GROUP_CALL), stanza('terminate', { ...GROUP_CALL, reason: 'timeout' })],
      [`message ${group} whatsapp.group-call`, `edit ${group} whatsapp.missed-video-call`],
    ],
  ])('one in a group, %s', async (_name, nodes, words) => {
    expect(await told(desk(['l1', 'l5']), ...nodes)).toEqual(words);
  });

  test('one in a group by somebody who is not in it is told with them alone', async () => {
    expect(await told(desk(['l1', 'l6']), stanza('offer_notice', GROUP_CALL))).toEqual([
      'message l5 whatsapp.video-call',
    ]);
  });

  test('one in a group of this account’s own', async () => {
    const own = { ...GROUP_CALL, 'call-creator': '1@lid' };
    expect(await told(desk(['l1']), stanza('offer_notice', own, '1@lid'))).toEqual([
      `message ${group} whatsapp.group-call`,
    ]);
    expect(await told(desk([]), stanza('offer_notice', own, '1@lid'))).toEqual([]);
  });

  test('one whose name no database holds', async () => {
    const call = { 'call-id': `\0${'C'.repeat(5000)}` };
    const before = desk();
    expect(await told(before, stanza('offer', call))).toEqual(['message l5 whatsapp.call']);
    const kept = before.take().changes.map(({ key, value }) => [key, value ?? Buffer.of()] as const);
    expect(kept).toEqual([[expect.stringMatching(/^ring\/[\w-]{22}$/), expect.anything()]]);
    expect(await told(desk([], new Map(kept)), stanza('terminate', call))).toEqual(['edit l5 whatsapp.missed-call']);
  });

  test('as long ago as fifty calls, also after a restart', async () => {
    const kept = new Map<string, Uint8Array>();
    const before = desk();
    for (let call = 0; call <= 50; call += 1) {
      await told(before, stanza('offer', { 'call-id': `C${call}` }, '5:3@lid', String(1000 + call)));
      const { changes, written } = before.take();
      for (const { key, value } of changes)
        if (value === null) kept.delete(key);
        else kept.set(key, value);
      written();
    }
    expect(kept.size).toBe(50);
    const after = desk([], kept);
    expect(await told(after, stanza('terminate', { 'call-id': 'C0' }))).toEqual([]);
    expect(await told(after, stanza('terminate', { 'call-id': 'C1' }))).toEqual(['edit l5 whatsapp.missed-call']);
    expect(before.take().changes).toEqual([]);
  });
});

describe('on the simulated WhatsApp', () => {
  const heard = async ({ house }: Scene, count: number): Promise<readonly string[]> =>
    await house.until(() => {
      const words = wordsIn(house.events.filter(({ kind }) => kind === 'message' || kind === 'edit'));
      return words.length >= count && words;
    });

  test.each([
    ['accept', 'call-answered'],
    ['reject', 'call-declined'],
  ] as const)('the phone’s %s ends the ringing here', async (how, words) => {
    const scene = await scenes.live();
    const { me, friend, chat } = scene;
    const { call } = await sandbox.command('call', { by: friend.id, to: me.id });
    await sandbox.command('answerCall', { by: me.id, caller: friend.id, call, how });
    await sandbox.command('endCall', { by: friend.id, to: me.id, call });
    await sandbox.write(friend.id, me.id, 'behind it');
    expect(await heard(scene, 3)).toEqual([
      `message ${chat} whatsapp.call`,
      `edit ${chat} whatsapp.${words}`,
      `message ${chat} text`,
    ]);
  });

  test('a call in a group is told there, and that it is over', async () => {
    const scene = await scenes.live();
    const { me, friend } = scene;
    const group = await sandbox.createGroup(friend.id, 'Choir', [me.id]);
    const { call } = await sandbox.command('call', { by: friend.id, to: group.id, video: true });
    await sandbox.command('endCall', { by: friend.id, to: group.id, call });
    const [rings, over] = await heard(scene, 2);
    const [, chat = ''] = /^message (g\d+) whatsapp\.group-call$/.exec(rings ?? '') ?? [];
    expect([chat === '', over]).toEqual([false, `edit ${chat} whatsapp.group-call-over`]);
  });
});
