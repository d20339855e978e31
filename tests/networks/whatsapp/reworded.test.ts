// A message whose words were changed between two tries (it was put aside and edited): the contact has the new ones, whatever became of the
// first try, and the old ones leave no more. On the wire.
import { beforeEach, expect, test } from '@jest/globals';
import type { NetworkAction } from '../../../src/model/delivery.ts';
import type { ChatId } from '../../../src/model/ids.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import { AheadClock } from '../../support/ahead-clock.ts';
import { context, effect, text, unanswered, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { messageOf } from './support/world.ts';

const MINUTE_MS = 60_000;
const LONG = 'words, long enough for the guard against the same text in many chats';

let clock: AheadClock;
const again = { ...context, again: true };
/** Its person changed the words since. */
const edited = { ...again, editedAt: 1_790_000_000_000 };

setStage();

beforeEach(() => {
  clock = new AheadClock();
});

async function met(): Promise<Scene> {
  const scene = await scenes.live({ paced: false }, clock);
  await sandbox.write(scene.friend.id, scene.me.id, 'met');
  await scene.house.until(() => scene.house.texts(scene.chat).length === 1);
  return scene;
}

/** Its answer does not come. */
const lost = async ({ me }: Scene, send: () => Promise<unknown>): Promise<void> =>
  await expect(unanswered({ sandbox, clock, me }, send)).rejects.toMatchObject({ mayHaveHappened: true });
const refused = async ({ me }: Scene): Promise<unknown> =>
  await sandbox.command('failNext', { person: me.id, what: 'message', code: 503 });

/** What the friend's phone has of this account, oldest first. */
async function seen({ friend, me }: Scene, where = me.id): Promise<readonly (readonly [string, string])[]> {
  const all = await sandbox.messages(friend.id, where);
  return all.filter(({ from }) => from === me.id).map((one) => [one.kind, one.text] as const);
}

async function reader(scene: Scene, count: number, where?: string): Promise<readonly (readonly [string, string])[]> {
  await sandbox.waitFor(async () => (await seen(scene, where)).length >= count);
  return await seen(scene, where);
}

test('that never left is said with its new words', async () => {
  const scene = await met();
  const id = effect();
  await refused(scene);
  await expect(scene.session.perform(text(scene.chat, 'old words'), id, context)).rejects.toThrow();
  const receipt = await scene.session.perform(text(scene.chat, 'new words'), id, edited);
  const [first, ...more] = await reader(scene, 1);
  expect(first).toEqual(['text', 'new words']);
  expect(more.map(([, words]) => words).filter((words) => words !== 'new words')).toEqual([]);
  const said = (await sandbox.messages(scene.friend.id, scene.me.id)).find(
    ({ kind, from }) => kind === 'text' && from === scene.me.id,
  );
  expect(receipt.message).toBe(messageOf(scene.me, said?.id ?? ''));
});

test('that arrived without an answer is edited there', async () => {
  const scene = await met();
  const id = effect();
  await lost(scene, async () => await scene.session.perform(text(scene.chat, 'old words'), id, context));
  const receipt = await scene.session.perform(text(scene.chat, 'new words'), id, edited);
  expect(await reader(scene, 2)).toEqual([
    ['text', 'old words'],
    ['edit', 'new words'],
  ]);
  const edit = (await sandbox.messages(scene.friend.id, scene.me.id)).find(({ kind }) => kind === 'edit');
  expect(receipt.message).toBe(messageOf(scene.me, edit?.target ?? ''));
});

test('is edited under one id, also when the line was opened anew and the answer to the edit was lost', async () => {
  const scene = await met();
  const { chat, house, puppet, session, adapter } = scene;
  const id = effect();
  await lost(scene, async () => await session.perform(text(chat, 'old words'), id, context));
  await session.disconnect();
  await adapter.close();
  const later = scenes.open(house, { paced: false }, clock).openSession(puppet, house.sink(puppet));
  await later.connect();
  await lost(scene, async () => await later.perform(text(chat, 'new words'), id, edited));
  await later.perform(text(chat, 'new words'), id, edited);
  await later.perform(text(chat, 'new words'), id, edited);
  expect(await reader(scene, 2)).toEqual([
    ['text', 'old words'],
    ['edit', 'new words'],
  ]);
});

test('that was acknowledged is edited there', async () => {
  const scene = await met();
  const id = effect();
  await scene.session.perform(text(scene.chat, 'old words'), id, context);
  await scene.session.perform(text(scene.chat, 'new words'), id, edited);
  expect(await reader(scene, 2)).toEqual([
    ['text', 'old words'],
    ['edit', 'new words'],
  ]);
});

test('after the time in which phones take edits is a message of its own, once', async () => {
  const scene = await met();
  const id = effect();
  await lost(scene, async () => await scene.session.perform(text(scene.chat, 'old words'), id, context));
  clock.pass(16 * MINUTE_MS);
  const receipts = [];
  for (let turn = 0; turn < 2; turn += 1) {
    receipts.push(await scene.session.perform(text(scene.chat, 'new words'), id, edited));
  }
  expect(await reader(scene, 2)).toEqual([
    ['text', 'old words'],
    ['text', 'new words'],
  ]);
  const said = (await sandbox.messages(scene.friend.id, scene.me.id)).find((one) => one.text === 'new words');
  expect(receipts.map(({ message }) => message)).toEqual([0, 1].map(() => messageOf(scene.me, said?.id ?? '')));
});

test('is edited in a group as well', async () => {
  const scene = await met();
  const { me, friend, house, session } = scene;
  const group = await sandbox.command('createGroup', { by: friend.id, subject: 'Walk', members: [me.id] });
  await sandbox.write(friend.id, group.id, 'come');
  const said = await house.until(() =>
    house.events.find((one) => one.kind === 'message' && one.portal.chat !== scene.chat),
  );
  const chat: ChatId = said.portal.chat;
  const id = effect();
  await lost(scene, async () => await session.perform(text(chat, 'old words'), id, context));
  await session.perform(text(chat, 'new words'), id, edited);
  expect(await reader(scene, 2, group.id)).toEqual([
    ['text', 'old words'],
    ['edit', 'new words'],
  ]);
});

test('is said once when it was edited in time and is asked for once more later', async () => {
  const scene = await met();
  const id = effect();
  await lost(scene, async () => await scene.session.perform(text(scene.chat, 'old words'), id, context));
  const receipt = await scene.session.perform(text(scene.chat, 'new words'), id, edited);
  // Its worker died before it was settled, and another goes on a while later.
  clock.pass(16 * MINUTE_MS);
  expect(await scene.session.perform(text(scene.chat, 'new words'), id, edited)).toEqual(receipt);
  await scene.session.perform(text(scene.chat, 'behind'), effect(), context);
  expect(await reader(scene, 3)).toEqual([
    ['text', 'old words'],
    ['edit', 'new words'],
    ['text', 'behind'],
  ]);
});

test('twice is edited twice, and retried with what was composed first', async () => {
  const scene = await met();
  const { chat, session } = scene;
  const id = effect();
  await session.perform(text(chat, 'one'), id, { ...again, editedAt: 1 });
  await lost(scene, async () => await session.perform(text(chat, 'two'), id, { ...again, editedAt: 2 }));
  await session.perform(text(chat, 'two, composed otherwise'), id, { ...again, editedAt: 2 });
  await session.perform(text(chat, 'three'), id, { ...again, editedAt: 3 });
  expect(await reader(scene, 3)).toEqual([
    ['text', 'one'],
    ['edit', 'two'],
    ['edit', 'three'],
  ]);
});

test.each([0, 16])('only by how it is composed is said once, tried again %s min later', async (minutes) => {
  const scene = await met();
  const { me, friend, house, session } = scene;
  const group = await sandbox.command('createGroup', {
    by: friend.id,
    subject: 'Walk',
    members: [me.id],
    addressing: 'pn',
  });
  await sandbox.write(friend.id, group.id, 'come');
  const said = await house.until(() =>
    house.events.find((one) => one.kind === 'message' && one.portal.chat !== scene.chat),
  );
  const chat: ChatId = said.portal.chat;
  const of = { person: said.sender };
  const words = { text: 'hi Friend', spans: [{ kind: 'mention', start: 3, length: 6, of }] } as const;
  const action = { kind: 'send', chat, body: { kind: 'text', as: 'text', text: words } } as const;
  const id = effect();
  await lost(scene, async () => await session.perform(action, id, edited));
  // A mention is written as the group addresses people, and that changed.
  await sandbox.command('changeGroup', { by: friend.id, group: group.id, addressing: 'lid' });
  await sandbox.write(friend.id, group.id, 'moved');
  await house.until(() => house.texts(chat).includes('moved'));
  clock.pass(minutes * MINUTE_MS);
  await session.perform(action, id, edited);
  await session.perform(text(chat, 'behind'), effect(), context);
  await sandbox.waitForText(friend.id, group.id, 'behind');
  const [first, ...more] = await seen(scene, group.id);
  expect(first?.[1]).toMatch(/^hi @\d+$/);
  expect(more).toEqual([['text', 'behind']]);
});

test.each([
  ['with its words', again],
  ['with new words', edited],
])(
  'that is there %s is known as done without asking anybody, and whatever would be composed of it by now',
  async (_, how) => {
    const scene = await met();
    const { chat, session } = scene;
    const id = effect();
    const replyTo = messageOf(scene.friend, 'LONG-FORGOTTEN');
    const wordsOf = async () => await Promise.resolve('asked');
    const receipt = await session.perform({ ...text(chat, 'one'), replyTo } as NetworkAction, id, {
      ...context,
      wordsOf,
    });
    if (how === edited) await session.perform(text(chat, 'two'), id, how);
    const away = async (): Promise<never> => await Promise.reject(new Error('the homeserver is away'));
    const nothing = { ...text(chat, ' '), replyTo } as NetworkAction;
    const done = await session.perform(nothing, id, { ...how, wordsOf: away });
    expect(done).toEqual(receipt);
  },
);

test('is kept for the guard against the same text in many chats', async () => {
  const scene = await scenes.live({}, clock);
  await sandbox.write(scene.friend.id, scene.me.id, 'met');
  await scene.house.until(() => scene.house.texts(scene.chat).length === 1);
  const id = effect();
  await lost(scene, async () => await scene.session.perform(text(scene.chat, `old ${LONG}`), id, context));
  await scene.session.perform(text(scene.chat, `new ${LONG}`), id, edited);
  const rows = [...(await scene.house.vault.readAll(vaultScope(scene.puppet.id))).keys()];
  expect(rows.filter((key) => key.startsWith('pacing/'))).toHaveLength(2);
});

test('that is tried again after a day counts anew for the guard against the same text', async () => {
  const scene = await scenes.live({}, clock);
  await sandbox.write(scene.friend.id, scene.me.id, 'met');
  await scene.house.until(() => scene.house.texts(scene.chat).length === 1);
  const row = async (): Promise<string | undefined> => {
    const all = await scene.house.vault.readAll(vaultScope(scene.puppet.id));
    return [...all].find(([key]) => key.startsWith('pacing/'))?.[1].toString();
  };
  const id = effect();
  await lost(scene, async () => await scene.session.perform(text(scene.chat, LONG), id, context));
  const before = await row();
  clock.pass(25 * 60 * MINUTE_MS);
  await scene.session.perform(text(scene.chat, LONG), id, again);
  expect(before).toBeDefined();
  expect(await row()).not.toBe(before);
});
