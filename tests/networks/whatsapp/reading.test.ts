// What is read on Matrix, as WhatsApp hears of it: openly or not as the phone's privacy says, and all that came before, also after a start.
import { describe, expect, test } from '@jest/globals';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { messageOf } from './support/world.ts';

setStage();

/** The friend writes. @returns the ids, when all has come */
async function written({ house, friend, me, chat }: Scene, ...words: readonly string[]): Promise<string[]> {
  const before = house.texts(chat).length;
  const ids: string[] = [];
  for (const one of words) ids.push(await sandbox.write(friend.id, me.id, one));
  await house.until(() => house.texts(chat).length === before + words.length);
  return ids;
}

async function read({ chat, friend, session }: Scene, id: string | undefined): Promise<void> {
  await session.performEphemeral({ kind: 'mark-read', chat, upTo: messageOf(friend, id ?? '') });
}

/** What has been read openly, once this has. */
async function readOnceThere({ friend }: Scene, id: string | undefined): Promise<readonly string[]> {
  return await sandbox.waitFor(async () => {
    const receipts = await sandbox.command('receipts', { viewer: friend.id });
    const seen = receipts.filter(({ type }) => type === 'read').map((one) => one.id);
    return seen.includes(id ?? '') ? seen : undefined;
  });
}

describe('what is read', () => {
  test('shows over there as the phone has it, from the moment at which that is changed on it', async () => {
    const scene = await scenes.live();
    const [open] = await written(scene, 'one');
    await read(scene, open);
    expect(await readOnceThere(scene, open)).toEqual([open]);
    await sandbox.command('setPrivacy', { id: scene.me.id, name: 'readreceipts', value: 'none' });
    const [secret] = await written(scene, 'two');
    await read(scene, secret);
    await sandbox.command('setPrivacy', { id: scene.me.id, name: 'readreceipts', value: 'all' });
    const [last] = await written(scene, 'three');
    await read(scene, last);
    // Receipts leave in their order: whatever the second would have said has been heard by now.
    expect(await readOnceThere(scene, last)).toEqual([open, last]);
    const own = (await sandbox.command('receipts', { viewer: scene.me.id })).filter(({ id }) => id === secret);
    expect(own.map(({ type }) => type)).toContain('read-self');
  });

  test('before a start is told with what is read after it, and is told once', async () => {
    const scene = await scenes.live();
    const [first, second] = await written(scene, 'one', 'two');
    const later = { ...scene, session: await scenes.restart(scene) };
    await read(later, second);
    await read(later, second);
    const [third] = await written(later, 'three');
    await read(later, third);
    expect(await readOnceThere(later, third)).toEqual([first, second, third]);
  });

  test('on the phone is not told once more from here', async () => {
    const scene = await scenes.live();
    const [first] = await written(scene, 'one');
    await sandbox.read(scene.me.id, scene.friend.id);
    await scene.house.until(() => scene.house.glimpses.some(({ kind }) => kind === 'read'));
    const [second] = await written(scene, 'two');
    await read(scene, second);
    expect(await readOnceThere(scene, second)).toEqual([first, second]);
  });
});

test('one writes to oneself like to anybody one knows, on the first day as well', async () => {
  const { session, me, puppet } = await scenes.live();
  for (const note of ['bread', 'milk'])
    await session.perform(text(session.directChat(puppet.self), note), effect(), context);
  expect((await sandbox.messages(me.id, me.id)).map((one) => one.text)).toEqual(['bread', 'milk']);
});
