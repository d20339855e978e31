// What another process knows of chats it has heard nothing in yet: how a group names its people, which words are answered, and who
// has read what meanwhile.
import { expect, test } from '@jest/globals';
import type { NetworkAction } from '../../../src/model/delivery.ts';
import type { ChatId, MessageId, PersonId } from '../../../src/model/ids.ts';
import { plainText } from '../../../src/model/message.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, messageOf, newPerson } from './support/world.ts';

setStage();

/** A group that names its people by number, in which the friend has spoken. */
async function byNumber({ house, me, friend }: Scene): Promise<{ group: string; chat: ChatId; said: string }> {
  const about = { by: me.id, subject: 'Numbers', members: [friend.id], addressing: 'pn' } as const;
  const group = await sandbox.command('createGroup', about);
  const said = await sandbox.write(friend.id, group.id, 'hello');
  const event = await house.until(() => house.events.find(({ kind }) => kind === 'message'));
  return { group: group.id, chat: event.portal.chat, said };
}

function naming(chat: ChatId, person: PersonId): NetworkAction {
  const span = { kind: 'mention', start: 3, length: 2, of: { person } } as const;
  return { kind: 'send', chat, body: { kind: 'text', as: 'text', text: { text: 'hi @x', spans: [span] } } };
}

/** How often the group is asked about before the first message leaves: once by the library itself. */
async function askedBefore({ me }: Scene, first: () => Promise<unknown>): Promise<number> {
  await sandbox.command('clearRecords', {});
  await first();
  const kinds = (await sandbox.command('nodes', { person: me.id, way: 'in' })).map(({ kind }) => kind);
  return kinds.slice(0, kinds.indexOf('message')).filter((kind) => kind === 'iq get w:g2 query').length;
}

async function mentionsIn(group: string, { me, friend }: Scene): Promise<readonly (readonly string[])[]> {
  const seen = (await sandbox.messages(friend.id, group)).filter(({ from }) => from === me.id);
  return seen.map(({ mentions }) => mentions);
}

test('a group that names its people by number has them named so, without being asked for how', async () => {
  const scene = await scenes.live();
  const { group, chat } = await byNumber(scene);
  const session = await scenes.restart(scene);
  const name = async (): Promise<unknown> => await session.perform(naming(chat, idOf(scene.friend)), effect(), context);
  expect(await askedBefore(scene, name)).toBe(1);
  await name();
  const number = `${scene.friend.phone}@s.whatsapp.net`;
  expect(await mentionsIn(group, scene)).toEqual([[number], [number]]);
});

async function forgotten({ session, house, puppet }: Scene, chat: ChatId): Promise<void> {
  await session.disconnect();
  await house.keep([{ scope: vaultScope(puppet.id), key: `chat/${chat}`, value: null }]);
}

test.each([true, false])('what is read or taken back in it is named by number (known before: %s)', async (known) => {
  const scene = await scenes.live();
  const { group, chat, said } = await byNumber(scene);
  if (!known) await forgotten(scene, chat);
  const session = await scenes.restart(scene);
  const target = messageOf(scene.friend, said);
  await session.performEphemeral({ kind: 'mark-read', chat, upTo: target });
  await session.perform({ kind: 'remove', chat, target }, effect(), context);
  const removal = await sandbox.waitFor(async () =>
    (await sandbox.messages(scene.friend.id, group)).find((one) => one.target === said),
  );
  expect(removal).toMatchObject({ kind: 'revoke', edit: '8' });
  const receipts = (await sandbox.command('nodes', { person: scene.me.id })).filter(
    ({ kind }) => kind === 'receipt read',
  );
  expect(receipts.map(({ attrs }) => attrs['participant'])).toEqual([`${scene.friend.phone}@s.whatsapp.net`]);
});

test('a group of which nothing is kept is asked once how it names its people', async () => {
  const scene = await scenes.live();
  const { group, chat } = await byNumber(scene);
  await forgotten(scene, chat);
  const session = await scenes.restart(scene);
  const name = async (): Promise<unknown> => await session.perform(naming(chat, idOf(scene.friend)), effect(), context);
  expect(await askedBefore(scene, name)).toBe(2);
  expect(await askedBefore(scene, name)).toBe(1);
  const number = `${scene.friend.phone}@s.whatsapp.net`;
  expect(await mentionsIn(group, scene)).toEqual([[number], [number]]);
});

/** What devices read above an answer. */
async function quotedBy(scene: Scene, words: string): Promise<unknown> {
  return (await sandbox.waitForText(scene.friend.id, scene.me.id, words)).quotedText;
}

test('an answer quotes the words that the room shows of what it answers', async () => {
  const scene = await scenes.live();
  const { house, friend, me, chat } = scene;
  const id = await sandbox.write(friend.id, me.id, 'which day?');
  await house.until(() => house.texts(chat).length === 1);
  const replyTo = messageOf(friend, id);
  const own = await scene.session.perform(text(chat, 'let me see'), effect(), context);
  const session = await scenes.restart(scene);
  const answer = async (words: string, to: MessageId, shown?: string): Promise<unknown> => {
    const asked: MessageId[] = [];
    const wordsOf = async (message: MessageId): Promise<string | undefined> => {
      asked.push(message);
      return await Promise.resolve(shown);
    };
    const body = { kind: 'text', as: 'text', text: plainText(words) } as const;
    await session.perform({ kind: 'send', chat, body, replyTo: to }, effect(), { ...context, wordsOf });
    return { asked, quoted: await quotedBy(scene, words) };
  };
  expect(await answer('Monday', replyTo, 'which day?')).toEqual({ asked: [replyTo], quoted: 'which day?' });
  expect(await answer('or Tuesday', replyTo)).toEqual({ asked: [replyTo], quoted: '…' });
  const mine = own.message ?? replyTo;
  expect(await answer('no, Friday', mine)).toEqual({ asked: [], quoted: 'let me see' });
});

test('who got and who read what in a group while nobody was here is heard, of each person', async () => {
  const scene = await scenes.live();
  const { house, session, me, friend } = scene;
  const other = await newPerson(sandbox);
  const people = [friend, other];
  const ids = people.map(({ id }) => id);
  const group = await sandbox.createGroup(me.id, 'Choir', ids);
  await sandbox.write(friend.id, group.id, 'do re mi');
  const { portal } = await house.until(() => house.events.find(({ kind }) => kind === 'message'));
  for (const id of ids) await sandbox.command('setOnline', { id, online: false });
  const sent = [];
  for (const words of ['one', 'two']) sent.push(await session.perform(text(portal.chat, words), effect(), context));
  await session.disconnect();
  for (const id of ids) {
    await sandbox.command('setOnline', { id, online: true });
    await sandbox.waitForText(id, group.id, 'two');
    await sandbox.read(id, group.id);
  }
  expect(house.glimpses.filter(({ kind }) => kind === 'read' || kind === 'delivered')).toEqual([]);
  await sandbox.command('clearRecords', {});
  await scenes.restart(scene);
  const last = sent.at(-1)?.message;
  await house.until(() => house.glimpses.filter((one) => one.kind === 'read' && one.upTo === last).length === 2);
  const seen = house.glimpses.flatMap((one) => (one.kind === 'read' && one.upTo === last ? [one.person] : []));
  expect(seen.toSorted()).toEqual(people.map(idOf).toSorted());
  await house.until(() => house.glimpses.find((one) => one.kind === 'delivered' && one.upTo === last));
  const came = (await sandbox.command('nodes', { person: me.id, way: 'out' })).filter(({ kind }) =>
    kind.startsWith('receipt'),
  );
  expect(came.map(({ attrs }) => [attrs['from'], attrs['type'], attrs['participant']])).toEqual([
    [group.id, undefined, undefined],
    [group.id, 'read', undefined],
  ]);
});
