// Somebody else's words in a group are deleted by its admins alone: phones leave out what others delete, so it is refused in words. On the wire.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { WhatsAppSandbox } from '../../../sandbox/whatsapp/control-client.ts';
import { context, effect, Scenes } from './support/scene.ts';
import { messageOf } from './support/world.ts';

let sandbox: WhatsAppSandbox;
let scenes: Scenes;

beforeAll(async () => {
  sandbox = await WhatsAppSandbox.start();
  scenes = new Scenes(sandbox);
});

afterEach(async () => {
  await scenes.close();
});

afterAll(async () => {
  await sandbox.stop();
});

test('somebody else’s words are deleted by an admin, and by nobody else', async () => {
  const { house, session, me, friend } = await scenes.live();
  const group = await sandbox.command('createGroup', { by: friend.id, subject: 'Walk', members: [me.id] });
  const id = await sandbox.write(friend.id, group.id, 'stay');
  const target = messageOf(friend, id);
  const said = await house.until(() => house.events.find((one) => one.kind === 'message' && one.message === target));
  const remove = { kind: 'remove', chat: said.portal.chat, target } as const;
  await sandbox.command('clearRecords', {});
  await expect(session.perform(remove, effect(), context)).rejects.toMatchObject({
    retry: 'never',
    human: { key: 'whatsapp.not-admin-of-message' },
  });
  expect((await sandbox.counts(me.id))['message'] ?? 0).toBe(0);
  await sandbox.command('members', { by: friend.id, group: group.id, change: 'promote', people: [me.id] });
  await house.until(() => house.events.some((one) => one.kind === 'role'));
  await session.perform(remove, effect(), context);
  const seen = async (): Promise<readonly string[]> =>
    (await sandbox.messages(friend.id, group.id)).filter((one) => one.target === id).map(({ kind }) => kind);
  await sandbox.waitFor(async () => (await seen()).length > 0);
  expect(await seen()).toEqual(['revoke']);
});
