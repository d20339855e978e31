// The keys with which people write in a group: told again where nobody knows whether they arrived, and found again when the group is
// taken from numbers to LIDs. On the wire, with phones that tell their own key once.
import { afterEach, describe, expect, test } from '@jest/globals';
import { as, type ChatId } from '../../../src/model/ids.ts';
import type { Cures } from '../../../src/networks/whatsapp/cures.ts';
import { context, effect, text } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

setStage();

afterEach(async () => {
  await sandbox.command('clearRecords', {});
});

async function inGroup(cures: Partial<Cures>) {
  const scene = await scenes.live({ cures });
  const group = await sandbox.createGroup(scene.friend.id, 'Chess', [scene.me.id], 'pn');
  const chat = as<ChatId>(`g${group.id.split('@')[0]}`);
  await sandbox.write(scene.friend.id, group.id, 'e4');
  const shown = (): readonly string[] =>
    scene.house.events.flatMap((one) =>
      one.portal.chat === chat && one.kind === 'message'
        ? one.parts.map((part) => (part.kind === 'text' ? part.text.text : part.kind))
        : [],
    );
  await scene.house.until(() => shown().length > 0);
  return { ...scene, group: group.id, chat, shown };
}

/** How often a phone asked for a message again that was refused at its first try. */
async function askedAgain(cures: Partial<Cures>): Promise<number> {
  const { session, group, chat, me, friend } = await inGroup(cures);
  await sandbox.command('failNext', { person: me.id, what: 'message', code: 421 });
  const [action, id] = [text(chat, 'e5'), effect()];
  await expect(session.perform(action, id, context)).rejects.toMatchObject({ code: 'whatsapp-nack-421', retry: 'now' });
  await session.perform(action, id, { ...context, again: true });
  await sandbox.waitForText(friend.id, group, 'e5');
  return (await sandbox.command('nodes', { kind: 'receipt retry' })).length;
}

describe('the key of a group, told with a message that the server refused', () => {
  test('is told again with the next try', async () => {
    expect(await askedAgain({})).toBe(0);
  });

  test('has to be asked for when the library’s memory is believed (cure retell: false)', async () => {
    expect(await askedAgain({ retell: false })).toBeGreaterThan(0);
  });
});

/** What is shown of a group in which somebody wrote before and after it was taken from numbers to LIDs. */
async function overMove(cures: Partial<Cures>): Promise<readonly string[]> {
  const { house, group, friend, shown } = await inGroup(cures);
  await sandbox.command('changeGroup', { by: friend.id, group, addressing: 'lid' });
  await sandbox.write(friend.id, group, 'Nf3');
  await house.until(() => shown().length === 2);
  return shown();
}

describe('a group that is taken from numbers to LIDs', () => {
  test('is read on with the keys that were told before', async () => {
    expect(await overMove({})).toEqual(['e4', 'Nf3']);
  });

  test('cannot be read at first when a key has one name (cure bothNames: false)', async () => {
    expect(await overMove({ bothNames: false })).toEqual(['e4', 'told']);
  });

  test('is written in on, by everybody’s new address', async () => {
    const { session, group, chat, friend, house } = await inGroup({});
    await session.describeChat(chat);
    await session.perform(text(chat, 'e5'), effect(), context);
    await sandbox.command('changeGroup', { by: friend.id, group, addressing: 'lid' });
    await sandbox.write(friend.id, group, 'Nf3');
    const theirs = (one: (typeof house.events)[number]): boolean =>
      one.kind === 'message' && JSON.stringify(one.parts).includes('Nf3');
    const said = await house.until(() => house.events.find(theirs));
    if (said.kind !== 'message') throw new Error('no message');
    await session.perform({ ...text(chat, 'Nc6'), replyTo: said.message } as never, effect(), context);
    await sandbox.waitForText(friend.id, group, 'Nc6');
    const sent = (await sandbox.messages(friend.id, group)).find((one) => one.text === 'Nc6');
    expect(sent).toMatchObject({ addressing: 'lid', quoted: expect.any(String) });
    const [out] = (await sandbox.command('nodes', { kind: 'message', way: 'in' })).slice(-1);
    expect(out?.attrs['addressing_mode']).toBe('lid');
  });
});
