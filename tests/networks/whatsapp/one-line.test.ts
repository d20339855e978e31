// A login has one line, whatever happens while it opens, and whoever waits on it hears of its end: on the wire, shown as online as some
// operators want it.
import { describe, expect, test } from '@jest/globals';
import { as, type ChatId } from '../../../src/model/ids.ts';
import type { Clock } from '../../../src/ports/stores.ts';
import { realClock } from '../../support/house.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

setStage({ presence: true });

/** The adapter's own waits, but no others, are a twentieth. */
const hasty: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => await realClock.sleep(ms / 20, signal),
};

async function logins({ me }: Scene): Promise<number> {
  return (await sandbox.command('logins', { person: me.id })).length;
}

/** How often a line was about to be open. */
async function activations({ me }: Scene): Promise<number> {
  return (await sandbox.command('nodes', { person: me.id, way: 'in', kind: 'iq set passive active' })).length;
}

/** So much that any other line would have been opened meanwhile. */
async function talk({ house, me, friend, chat }: Scene): Promise<void> {
  for (let count = 0; count < 40; count += 1) {
    const words = `word ${String(count)}`;
    await sandbox.write(friend.id, me.id, words);
    await house.until(() => house.texts(chat).includes(words));
  }
}

describe('a line that ends while it opens', () => {
  test.each([
    ['loseReplies', 'encrypt', 1],
    ['loseReplies', 'encrypt', 2],
    ['loseReplies', 'passive', 1],
    ['closeAfter', 'encrypt', 2],
    ['closeAfter', 'passive', 1],
  ] as const)('(%s: %s, %i times) is followed by one other, which stays', async (how, what, times) => {
    const scene = await scenes.live({}, hasty);
    const { house, me } = scene;
    const before = await logins(scene);
    await sandbox.command(how, { person: me.id, what, kill: true, times });
    await sandbox.command('killSockets', { person: me.id });
    await house.until(() => house.states.at(-1)?.state === 'online');
    await talk(scene);
    expect(await logins(scene)).toBe(before + times + 1);
    expect(new Set(house.states.map(({ state }) => state))).toEqual(new Set(['offline', 'online']));
  });
});

test.each(['is about to open', 'opens'])(
  'a login that is ended while its line %s again opens no second one',
  async (moment) => {
    const scene = await scenes.live({}, hasty);
    const { house, me, session } = scene;
    const [before, begun] = [await logins(scene), await activations(scene)];
    await sandbox.command('delayReplies', { person: me.id, what: 'passive', ms: 300, times: 2 });
    await sandbox.command('killSockets', { person: me.id });
    await house.until(() => house.states.at(-1)?.state === 'offline');
    if (moment === 'opens') while ((await activations(scene)) === begun) await realClock.sleep(10);
    await session.logout();
    expect(await logins(scene)).toBe(before + 1);
    expect((await sandbox.person(me.id)).devices.filter(({ simulated }) => !simulated)).toEqual([]);
  },
);

test('whoever waits for an answer hears of the end of the line', async () => {
  const scene = await scenes.live({ paced: false }, hasty);
  const { house, session, me, friend, chat } = scene;
  const group = await sandbox.createGroup(me.id, 'Choir', [friend.id]);
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(chat).includes('met'));
  const choir = as<ChatId>(`g${group.id.split('@')[0]}`);
  for (const what of ['w:g2', 'usync', 'message'])
    await sandbox.command('delayReplies', { person: me.id, what, ms: 600_000, times: 50 });
  const asked = async (): Promise<number> => (await sandbox.command('nodes', { person: me.id, way: 'in' })).length;
  const at = await asked();
  const all = [
    session.describeChat(choir),
    session.resolve('+33612345678'),
    Promise.resolve(session.askGroup?.({ kind: 'link', chat: choir, renew: false }, effect())),
    session.perform({ kind: 'rename', chat: choir, name: 'Band' }, effect(), context),
    session.perform({ kind: 'set-timer', chat: choir, seconds: 86_400 }, effect(), context),
    session.perform(text(chat, 'is anybody there?'), effect(), context),
  ];
  const over = Promise.allSettled(all);
  while ((await asked()) < at + 3) await realClock.sleep(10);
  // The library ends it by itself then, and forgets who waits.
  await sandbox.command('dismiss', { person: me.id, how: 'restart' });
  expect((await over).map(({ status }) => status)).toEqual(all.map(() => 'rejected'));
});
