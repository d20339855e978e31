// What is read on Matrix, as WhatsApp hears of it: openly or not as the phone's privacy says, and all that came before, also after a start.
import { describe, expect, test } from '@jest/globals';
import type { MessageId } from '../../../src/model/ids.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, messageOf } from './support/world.ts';

setStage();

/** The friend writes. @returns the ids, when all has come */
async function written({ house, friend, me, chat }: Scene, ...words: readonly string[]): Promise<string[]> {
  const before = house.texts(chat).length;
  const ids: string[] = [];
  for (const one of words) ids.push(await sandbox.write(friend.id, me.id, one));
  await house.until(() => house.texts(chat).length === before + words.length);
  return ids;
}

/** With a house that remembers what was said. @returns from where on it was asked for that, if it was */
async function read({ house, chat, friend, session }: Scene, id: string | undefined): Promise<unknown[]> {
  const upTo = messageOf(friend, id ?? '');
  const asked: unknown[] = [];
  const saidBefore = async (mark: MessageId | undefined): Promise<readonly MessageId[]> => {
    asked.push(mark);
    const said = house.events.flatMap((one) =>
      one.kind === 'message' && one.sender === idOf(friend) ? one.message : [],
    );
    return await Promise.resolve(said.slice(mark === undefined ? 0 : said.indexOf(mark) + 1, said.indexOf(upTo)));
  };
  await session.performEphemeral({ kind: 'mark-read', chat, upTo }, { saidBefore });
  return asked;
}

/** What the vault has of how this chat is read. */
async function readRows({ house, puppet, chat }: Scene): Promise<readonly string[]> {
  const rows = await house.vault.readAll(vaultScope(puppet.id));
  return [...rows]
    .filter(([key]) => /read/.test(key) && key.includes(chat))
    .map(([, bytes]) => Buffer.from(bytes).toString());
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

  test('shows to nobody when it is no longer to, also while several that are read wait for what the phone says', async () => {
    const scene = await scenes.live();
    const { me } = scene;
    const asks = async (): Promise<number> => (await sandbox.counts(me.id))['iq get privacy privacy'] ?? 0;
    const [open] = await written(scene, 'one');
    await read(scene, open);
    expect(await readOnceThere(scene, open)).toEqual([open]);
    const before = await asks();
    await sandbox.command('setPrivacy', { id: me.id, name: 'readreceipts', value: 'none' });
    const [first, second] = await written(scene, 'two', 'three');
    await sandbox.command('holdReplies', { person: me.id, what: 'privacy' });
    const one = read(scene, first);
    await sandbox.waitFor(async () => (await asks()) > before);
    const other = read(scene, second);
    // A receipt that did not wait is there before this.
    await scene.session.perform(text(scene.chat, 'meanwhile'), effect(), context);
    await sandbox.command('answerNow', {});
    await Promise.all([one, other]);
    await sandbox.command('setPrivacy', { id: me.id, name: 'readreceipts', value: 'all' });
    const [last] = await written(scene, 'four');
    await read(scene, last);
    expect(await readOnceThere(scene, last)).toEqual([open, last]);
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

  test('is kept as one short row, and the house is asked once after a start, from there on', async () => {
    const scene = await scenes.live();
    const [first] = await written(scene, 'one');
    expect(await read(scene, first)).toEqual([undefined]);
    const [second, third] = await written(scene, 'two', 'three');
    expect(await readRows(scene)).toEqual([JSON.stringify({ v: 1, upTo: messageOf(scene.friend, first ?? '') })]);
    const later = { ...scene, session: await scenes.restart(scene) };
    const [fourth] = await written(later, 'four');
    expect(await read(later, fourth)).toEqual([messageOf(scene.friend, first ?? '')]);
    expect(await readOnceThere(later, fourth)).toEqual([first, second, third, fourth]);
    const [fifth] = await written(later, 'five');
    expect(await read(later, fifth)).toEqual([]);
    expect(await readOnceThere(later, fifth)).toEqual([first, second, third, fourth, fifth]);
  });

  test('is not told, nor taken for read, while the house cannot say what came before', async () => {
    const scene = await scenes.live();
    const [first, second] = await written(scene, 'one', 'two');
    const later = { ...scene, session: await scenes.restart(scene) };
    const away = { saidBefore: async () => await Promise.reject(new Error('the database is away')) };
    const upTo = messageOf(scene.friend, second ?? '');
    await later.session.performEphemeral({ kind: 'mark-read', chat: scene.chat, upTo }, away);
    await read(later, second);
    expect(await readOnceThere(later, second)).toEqual([first, second]);
  });

  test('on the phone after a start, of what came before it, is not told once more from here', async () => {
    const scene = await scenes.live();
    await written(scene, 'one');
    const later = { ...scene, session: await scenes.restart(scene) };
    await sandbox.read(scene.me.id, scene.friend.id);
    await scene.house.until(() => scene.house.glimpses.some(({ kind }) => kind === 'read'));
    await sandbox.command('clearRecords', {});
    const [second] = await written(later, 'two');
    await read(later, second);
    await readOnceThere(later, second);
    const nodes = await sandbox.command('nodes', { person: scene.me.id });
    expect(nodes.filter(({ kind }) => kind.startsWith('receipt read')).map(({ attrs }) => attrs['id'])).toEqual([
      second,
    ]);
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

test('what others say in a known chat writes no row of that chat into the vault', async () => {
  const scene = await scenes.live();
  const { house, chat } = scene;
  await written(scene, 'one');
  const rows: string[] = [];
  const write = house.vault.write.bind(house.vault);
  house.vault.write = async (changes, fence) => {
    rows.push(...changes.map(({ key }) => key));
    await write(changes, fence);
  };
  await written(scene, 'two', 'three', 'four');
  // Something is written of each: the watch is at the right place.
  expect(rows.length).toBeGreaterThan(3);
  // How a picture is, is looked at once a day.
  expect(rows.filter((key) => key.endsWith(chat) && !key.startsWith('picture/'))).toEqual([]);
});

test('one writes to oneself like to anybody one knows, on the first day as well', async () => {
  const { session, me, puppet } = await scenes.live();
  for (const note of ['bread', 'milk'])
    await session.perform(text(session.directChat(puppet.self), note), effect(), context);
  expect((await sandbox.messages(me.id, me.id)).map((one) => one.text)).toEqual(['bread', 'milk']);
});
