// Bringing somebody into a group who lets nobody add them: they get an invitation by message, once, at the pace of new chats. On the wire.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type LoggedMessage, type Person, WhatsAppSandbox } from '../../../sandbox/whatsapp/control-client.ts';
import type { NetworkAction } from '../../../src/model/delivery.ts';
import { as, type ChatId } from '../../../src/model/ids.ts';
import { context, effect, Scenes, type Scene } from './support/scene.ts';
import { idOf, newPerson } from './support/world.ts';

let sandbox: WhatsAppSandbox;
let scenes: Scenes;

beforeAll(async () => {
  sandbox = await WhatsAppSandbox.start();
  scenes = new Scenes(sandbox);
});

afterEach(async () => {
  await sandbox.command('clearRecords', {});
  await scenes.close();
});

afterAll(async () => {
  await sandbox.stop();
});

interface Shy {
  readonly scene: Scene;
  readonly eve: Person;
  readonly group: string;
  readonly action: NetworkAction;
  /** Messages that her phone has of ours, as often as they came. */
  readonly hers: () => Promise<readonly LoggedMessage[]>;
}

/** A group of a friend, to which everybody may add people, and Eve, who lets nobody. The link is as young as can be. */
async function shy(met: boolean): Promise<Shy> {
  const scene = await scenes.live();
  const { me, friend, house } = scene;
  const eve = await newPerson(sandbox, 'Eve');
  await sandbox.command('setPrivacy', { id: eve.id, name: 'groupadd', value: 'none' });
  const { id: group } = await sandbox.createGroup(friend.id, 'Chess', [me.id]);
  if (met) {
    await sandbox.write(eve.id, me.id, 'met');
    await house.until(() => house.texts(idOf(eve)).includes('met'));
  }
  const action = { kind: 'add', chat: as<ChatId>(`g${group.split('@')[0]}`), person: idOf(eve) } as const;
  const hers = async (): Promise<readonly LoggedMessage[]> =>
    (await sandbox.messages(eve.id, me.id)).filter(({ from }) => from === me.id);
  return { scene, eve, group, action, hers };
}

const inside = async (group: string): Promise<readonly string[]> =>
  Object.keys((await sandbox.command('group', { group }))?.members ?? {});

async function accept({ scene, eve, group, hers }: Shy): Promise<void> {
  const [message] = await hers();
  const { code = '', expiration = 0 } = message?.invitation ?? {};
  await sandbox.command('acceptInvitation', { by: eve.id, from: scene.me.id, group, code, expiration });
}

const INVITED = { code: 'whatsapp-add-invited', retry: 'never', human: { key: 'whatsapp.add-invited' } };

test('who lets nobody add them is not in it, but has an invitation, and comes in by that', async () => {
  const all = await shy(true);
  const { scene, eve, group, action, hers } = all;
  await expect(scene.session.perform(action, effect(), context)).rejects.toMatchObject(INVITED);
  const messages = await hers();
  expect(messages.map(({ invitation }) => invitation)).toEqual([
    { group, name: 'Chess', code: expect.stringMatching(/^\S{8,}$/), expiration: expect.any(Number) },
  ]);
  expect(messages[0]?.invitation?.expiration).toBeGreaterThan(Date.now() / 1000);
  expect(await inside(group)).not.toContain(eve.id);
  await accept(all);
  expect(await inside(group)).toContain(eve.id);
});

test('the invitation whose acknowledgement was lost is sent again as it was, and shown once', async () => {
  const all = await shy(true);
  const { scene, eve, group, action, hers } = all;
  const id = effect();
  await sandbox.command('loseReplies', { person: scene.me.id, what: 'message', times: 1, kill: true });
  const before = scene.house.states.length;
  await expect(scene.session.perform(action, id, context)).rejects.toMatchObject({ mayHaveHappened: true });
  await scene.house.until(() => scene.house.states.slice(before).some(({ state }) => state === 'online'));
  const again = { ...context, again: true };
  for (let times = 0; times < 2; times += 1)
    await expect(scene.session.perform(action, id, again)).rejects.toMatchObject(INVITED);
  expect(await hers()).toHaveLength(1);
  // Asked again, the server would have given another way in, and this one would lead nowhere.
  await accept(all);
  expect(await inside(group)).toContain(eve.id);
});

test('who is a stranger gets none while the link is young, and whoever wanted it is told', async () => {
  const { scene, action, hers } = await shy(false);
  await expect(scene.session.perform(action, effect(), context)).rejects.toMatchObject({
    code: 'whatsapp-add-uninvited',
    retry: 'never',
    human: { key: 'whatsapp.add-uninvited' },
    cause: { code: 'whatsapp-pace-young' },
  });
  expect(await hers()).toEqual([]);
});

test('an account that WhatsApp lets begin no chats is heard of as such', async () => {
  const { scene, action, hers } = await shy(true);
  await sandbox.command('failNext', { person: scene.me.id, what: 'message', code: 463 });
  await expect(scene.session.perform(action, effect(), context)).rejects.toMatchObject({ code: 'whatsapp-nack-463' });
  expect(await hers()).toEqual([]);
});

test('who blocked the account gets nothing', async () => {
  const { scene, eve, action, hers } = await shy(true);
  await sandbox.command('block', { by: eve.id, person: scene.me.id, blocked: true });
  await expect(scene.session.perform(action, effect(), context)).rejects.toMatchObject({
    human: { key: 'whatsapp.add-privacy' },
  });
  expect(await hers()).toEqual([]);
});
