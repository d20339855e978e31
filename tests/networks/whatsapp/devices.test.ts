// A contact's devices come and go, however the service names their owner: the next message is for those that there are. On the wire.
import { expect, test } from '@jest/globals';
import type { Addressing } from '../../../sandbox/whatsapp/control-client.ts';
import { context, effect, text } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

setStage();

const WAYS: readonly Addressing[] = ['pn', 'lid'];
const CHATS = WAYS.flatMap((told) => WAYS.map((written) => [told, written] as const));

test.each(CHATS)(
  'named by %s, written to by %s: the next message is for those that there are',
  async (told, written) => {
    const { house, session, me, friend, chat } = await scenes.live();
    await sandbox.command('setAddressing', { id: friend.id, addressing: written });
    await sandbox.write(friend.id, me.id, 'met');
    await house.until(() => house.texts(chat).includes('met'));
    await session.perform(text(chat, 'one'), effect(), context);
    await sandbox.command('setAddressing', { id: me.id, addressing: told });
    const toldOf = async (change: () => Promise<unknown>): Promise<void> => {
      await sandbox.command('clearRecords', {});
      await change();
      await sandbox.waitFor(async () => (await sandbox.counts(me.id))['ack notification'] !== undefined);
    };

    let device = 0;
    await toldOf(async () => {
      ({ device } = await sandbox.command('addCompanion', { id: friend.id }));
    });
    await session.perform(text(chat, 'to both'), effect(), context);
    const there = await sandbox.command('messages', { viewer: friend.id, device, with: me.id });
    expect(there.map(({ text: words, readable }) => [words, readable])).toEqual([['to both', true]]);

    await toldOf(async () => await sandbox.command('unlink', { by: friend.id, device }));
    await session.perform(text(chat, 'to one'), effect(), context);
    const out = await sandbox.command('nodes', { person: me.id, way: 'in' });
    const sent = out.filter(({ kind }) => kind.startsWith('message'));
    expect(sent).toHaveLength(1);
    expect(sent[0]?.text).not.toContain(`:${String(device)}@`);
    expect((await sandbox.waitForText(friend.id, me.id, 'to one')).readable).toBe(true);
  },
);

test('a list that was on its way while a device came is not taken for the newest', async () => {
  const { house, session, me, friend, chat } = await scenes.live({ paced: false });
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(chat).includes('met'));
  await sandbox.command('setAddressing', { id: me.id, addressing: 'lid' });
  await sandbox.command('clearRecords', {});
  await sandbox.command('delayReplies', { person: me.id, what: 'usync', ms: 1_000, times: 1 });
  const first = session.perform(text(chat, 'too early for it'), effect(), context);
  await sandbox.waitFor(async () => (await sandbox.counts(me.id))['iq get usync usync'] !== undefined);
  const { device } = await sandbox.command('addCompanion', { id: friend.id });
  await sandbox.waitFor(async () => (await sandbox.counts(me.id))['ack notification'] !== undefined);
  await first;
  await session.perform(text(chat, 'to both'), effect(), context);
  const there = await sandbox.command('messages', { viewer: friend.id, device, with: me.id });
  expect(there.map(({ text: words, readable }) => [words, readable])).toEqual([['to both', true]]);
});
