// What is of no chat with a room: status updates and broadcast lists, between the adapter and simulated phones.
import { describe, expect, test } from '@jest/globals';
import type { Addressing } from '../../../sandbox/whatsapp/control-client.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, messageOf, newPerson } from './support/world.ts';

setStage();

const LIST = '1700000000';
const WAYS: readonly Addressing[] = ['pn', 'lid'];

describe.each(WAYS)('addressed by %s,', (addressing) => {
  test('a status is shown nowhere, and told once', async () => {
    const { house, me, friend } = await scenes.live();
    await sandbox.command('setAddressing', { id: friend.id, addressing });
    for (const text of ['at the sea', 'in the woods']) {
      await sandbox.command('postStatus', { by: friend.id, to: [me.id], text });
    }
    await sandbox.command('postStatus', { by: me.id, to: [friend.id], text: 'mine' });
    await sandbox.write(friend.id, me.id, 'and now to you');
    await house.until(() => house.texts().includes('and now to you'));
    expect(house.texts()).toEqual(['and now to you']);
    expect(house.told.map(({ words }) => words.key)).toEqual(['whatsapp.status-elsewhere']);
    // The phone of a friend sees it as we do not.
    const own = await sandbox.waitForText(friend.id, 'status@broadcast', 'mine');
    expect(own.from).toBe(me.id);
  });

  test('what comes by somebody’s list is said in the chat with them', async () => {
    const { house, me, friend, chat } = await scenes.live();
    await sandbox.command('setAddressing', { id: friend.id, addressing });
    const other = await newPerson(sandbox);
    const to = [me.id, other.id];
    const { id } = await sandbox.command('writeToList', { by: friend.id, list: LIST, to, text: 'to all of you' });
    const said = await house.until(() => house.events.find(({ kind }) => kind === 'message'));
    expect(said).toMatchObject({ sender: idOf(friend), message: messageOf(friend, id), portal: { chat } });
    expect(house.texts(chat)).toEqual(['to all of you']);
    expect(house.told).toEqual([]);
  });

  test('what the own phone sends to its list is shown nowhere, and told once', async () => {
    const { house, me, friend, chat } = await scenes.live();
    await sandbox.command('setAddressing', { id: me.id, addressing });
    for (const text of ['one for all', 'another']) {
      await sandbox.command('writeToList', { by: me.id, list: LIST, to: [friend.id], text });
    }
    await sandbox.write(friend.id, me.id, 'thanks');
    await house.until(() => house.texts(chat).includes('thanks'));
    expect(house.texts()).toEqual(['thanks']);
    expect(house.told.map(({ words }) => words.key)).toEqual(['whatsapp.lists-elsewhere']);
  });
});
