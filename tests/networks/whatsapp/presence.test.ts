// Who is online over there: asked only where the configuration wants it, only about chats that are in use, and once for each line.
import { expect, test } from '@jest/globals';
import { as, type ChatId } from '../../../src/model/ids.ts';
import { context, effect, Scenes, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, messageOf } from './support/world.ts';

setStage({ presence: true });

/** What the server was asked of this kind, oldest first. */
async function asked({ me }: Scene): Promise<number> {
  const all = await sandbox.command('nodes', { person: me.id, way: 'in' });
  return all.filter((node) => JSON.stringify(node).includes('"subscribe"')).length;
}

function online({ house }: Scene): readonly (boolean | undefined)[] {
  return house.glimpses.flatMap((glimpse) => (glimpse.kind === 'presence' ? [glimpse.online] : []));
}

test('is told of whom one writes to, when they come and when they go', async () => {
  const scene = await scenes.live();
  const { house, me, friend, chat, session } = scene;
  const id = await sandbox.write(friend.id, me.id, 'hello');
  await house.until(() => house.texts(chat).includes('hello'));
  expect(await asked(scene)).toBe(0);
  for (const words of ['here I am', 'and again']) await session.perform(text(chat, words), effect(), context);
  await session.performEphemeral({ kind: 'mark-read', chat, upTo: messageOf(friend, id) });
  const group = await sandbox.createGroup(me.id, 'Choir', [friend.id]);
  const choir = as<ChatId>(`g${group.id.split('@')[0]}`);
  await session.performEphemeral({ kind: 'typing', chat: choir, active: true });
  for (const available of [true, false]) await sandbox.command('setAvailable', { by: friend.id, available });
  await house.until(() => online(scene).at(-2) === true && online(scene).at(-1) === false);
  expect(house.glimpses).toContainEqual({
    kind: 'presence',
    portal: { network: 'whatsapp', chat, receiver: scene.puppet.id },
    person: idOf(friend),
    online: true,
  });
  expect(await asked(scene)).toBe(1);
  // The next line is told of nothing before the chat is used again.
  await sandbox.command('dismiss', { person: me.id, how: 'restart' });
  await house.until(() => house.states.at(-1)?.state === 'online');
  await session.performEphemeral({ kind: 'typing', chat, active: true });
  await sandbox.command('setAvailable', { by: friend.id, available: true });
  await house.until(() => online(scene).at(-1) === true);
  expect(await asked(scene)).toBe(2);
});

test('nobody is asked about by default', async () => {
  const others = new Scenes(sandbox);
  const quiet = await others.live();
  await sandbox.write(quiet.friend.id, quiet.me.id, 'hello');
  await quiet.house.until(() => quiet.house.texts(quiet.chat).includes('hello'));
  await quiet.session.perform(text(quiet.chat, 'here I am'), effect(), context);
  await quiet.session.performEphemeral({ kind: 'typing', chat: quiet.chat, active: true });
  await sandbox.command('setAvailable', { by: quiet.friend.id, available: true });
  await sandbox.write(quiet.friend.id, quiet.me.id, 'behind it');
  await quiet.house.until(() => quiet.house.texts(quiet.chat).includes('behind it'));
  expect([await asked(quiet), online(quiet)]).toEqual([0, []]);
  await others.close();
});
