// Edits and reactions that phones seal with a message's secret, between the adapter and simulated phones with their own cipher.
import { describe, expect, test } from '@jest/globals';
import type { ChatId, MessageId } from '../../../src/model/ids.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, messageOf, newPerson } from './support/world.ts';

setStage();

const editTo = async ({ house }: Scene, target: MessageId, words: string) =>
  await house.until(() =>
    house.events.find(
      (one) => one.kind === 'edit' && one.target === target && JSON.stringify(one.parts).includes(words),
    ),
  );

describe('a sealed edit', () => {
  test('changes what a friend wrote, also after a restart, and then once more', async () => {
    const scene = await scenes.live();
    const { house, session, adapter, puppet, friend, me } = scene;
    const id = await sandbox.write(friend.id, me.id, 'frist');
    const target = messageOf(friend, id);
    await house.until(() => house.texts().includes('frist'));
    const about = { by: friend.id, chat: me.id, id, sealed: true };
    await sandbox.command('edit', { ...about, text: 'first' });
    await editTo(scene, target, 'first');
    await session.disconnect();
    await sandbox.command('edit', { ...about, text: 'first of all' });
    await adapter.openSession(puppet, house.sink(puppet)).connect();
    await editTo(scene, target, 'first of all');
    expect(house.events.filter(({ kind }) => kind === 'message')).toHaveLength(1);
  });

  test('changes what was typed on the own phone, and what was sent from here', async () => {
    const scene = await scenes.live({ paced: false });
    const { house, session, chat, friend, me } = scene;
    const typed = await sandbox.write(me.id, friend.id, 'typed');
    await house.until(() => house.texts().includes('typed'));
    await sandbox.command('edit', { by: me.id, chat: friend.id, id: typed, text: 'retyped', sealed: true });
    await editTo(scene, messageOf(me, typed), 'retyped');
    await session.perform(text(chat, 'sent'), effect(), context);
    const { id } = await sandbox.waitForText(me.id, friend.id, 'sent');
    await sandbox.command('edit', { by: me.id, chat: friend.id, id, text: 'resent', sealed: true });
    const edit = await editTo(scene, messageOf(me, id), 'resent');
    expect(edit.sender).toBe(idOf(me));
  });
});

describe('the announcements of a community', () => {
  test('take sealed reactions both ways, and no others', async () => {
    const { house, session, friend, me } = await scenes.live({ paced: false });
    const about = { by: friend.id, subject: 'Neighbours', members: [me.id] };
    const { announcements } = await sandbox.command('createCommunity', about);
    const chat = `g${announcements.id.split('@')[0]}` as ChatId;
    const id = await sandbox.write(friend.id, announcements.id, 'the street is closed');
    await house.until(() => house.texts(chat).includes('the street is closed'));
    await sandbox.react(friend.id, announcements.id, id, '🚧');
    const reaction = await house.until(() => house.events.find(({ kind }) => kind === 'reaction'));
    expect(reaction).toMatchObject({ sender: idOf(friend), target: messageOf(friend, id), emoji: '🚧' });

    for (const emoji of ['👍', null]) {
      await session.perform({ kind: 'react', chat, target: messageOf(friend, id), emoji }, effect(), context);
      await sandbox.waitFor(async () =>
        (await sandbox.messages(friend.id, announcements.id)).find(
          (one) => one.kind === 'reaction' && one.from === me.id && one.target === id && one.text === (emoji ?? ''),
        ),
      );
    }
    const before = await newPerson(sandbox);
    const unknown = messageOf(before, '3A00');
    await expect(
      session.perform({ kind: 'react', chat, target: unknown, emoji: '👍' }, effect(), context),
    ).rejects.toMatchObject({ code: 'whatsapp-no-secret', retry: 'never' });
  });

  test('let others react to what was written there from here', async () => {
    const { house, session, friend, me } = await scenes.live({ paced: false });
    const other = await newPerson(sandbox);
    const about = { by: friend.id, subject: 'Gardeners', members: [me.id, other.id] };
    const { announcements } = await sandbox.command('createCommunity', about);
    await sandbox.command('members', { by: friend.id, group: announcements.id, change: 'promote', people: [me.id] });
    const chat = `g${announcements.id.split('@')[0]}` as ChatId;
    await session.perform(text(chat, 'seeds are here'), effect(), context);
    const { id } = await sandbox.waitForText(other.id, announcements.id, 'seeds are here');
    await sandbox.react(other.id, announcements.id, id, '🌻');
    const reaction = await house.until(() => house.events.find(({ kind }) => kind === 'reaction'));
    expect(reaction).toMatchObject({ sender: idOf(other), target: messageOf(me, id), emoji: '🌻' });
  });
});
