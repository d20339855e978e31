// A database that stays away while a login's line is open: nothing leaves, pings neither, so the line ends. It is opened again once the
// database is back, and nothing is lost. The library's pings come faster than in life; its rule is the same.
import { expect, test } from '@jest/globals';
import { realClock } from '../../support/house.ts';
import { context, effect, text } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { messageOf } from './support/world.ts';

setStage();

/** The adapter's own waits, but no others, are a tenth. */
const hasty = {
  ...realClock,
  sleep: async (ms: number, signal?: AbortSignal) => await realClock.sleep(ms / 10, signal),
};

test('a line on which nothing may leave ends by itself, is opened once the database is back, and nothing is lost', async () => {
  const { house, session, me, friend, chat } = await scenes.live({ keepAliveMs: 500, paced: false }, hasty);
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(chat).includes('met'));
  const pings = async (): Promise<number> =>
    (await sandbox.command('nodes', { person: me.id, way: 'in', kind: 'iq get w:p ping' })).length;
  const logins = async (): Promise<number> => (await sandbox.command('logins', { person: me.id })).length;
  const before = await logins();
  while ((await pings()) === 0) await realClock.sleep(50);

  house.refusing = new Error('away');
  await sandbox.command('call', { by: friend.id, to: me.id });
  await house.until(() => house.refused > 0);
  const pinged = await pings();
  await sandbox.write(friend.id, me.id, 'while it is away');
  const id = effect();
  const written = text(chat, 'written meanwhile');
  await expect(session.perform(written, id, context)).rejects.toMatchObject({ retry: 'now', mayHaveHappened: true });
  await house.until(() => house.states.at(-1)?.state === 'offline');
  // One may have been on its way.
  expect(await pings()).toBeLessThanOrEqual(pinged + 1);
  // Longer than the wait before a reconnect: the commit is tried at growing distances.
  const refused = house.refused;
  await house.until(() => house.refused >= refused + 4);
  expect([await logins(), house.states.at(-1)?.state]).toEqual([before, 'offline']);

  house.refusing = undefined;
  await house.until(() => house.states.at(-1)?.state === 'online');
  await session.perform(written, id, { ...context, again: true });
  await house.until(() => house.texts(chat).includes('while it is away'));
  expect(house.texts(chat).filter((one) => one === 'while it is away')).toHaveLength(1);
  expect(house.texts(chat).filter((one) => one === 'told')).toHaveLength(1);
  const there = (await sandbox.messages(friend.id, me.id)).filter((one) => one.text === 'written meanwhile');
  expect(new Set(there.map((one) => messageOf(me, one.id))).size).toBe(1);
  expect(await logins()).toBe(before + 1);
}, 60_000);

test.each([
  ['removed', 'signed-out'],
  [{ failure: { reason: '402', code: '101', expire: '7200' } }, 'stopped'],
] as const)(
  'an end by %j while it is away is told once it is back',
  async (how, state) => {
    const { house, me } = await scenes.live({}, hasty);
    house.refusing = new Error('away');
    await sandbox.command('dismiss', { person: me.id, how });
    await house.until(() => house.refused > 1);
    expect(house.states).toEqual([]);
    house.refusing = undefined;
    await house.until(() => house.states.some((one) => one.state === state));
    expect(house.states).toHaveLength(1);
  },
  30_000,
);
