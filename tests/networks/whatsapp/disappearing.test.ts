// What is sent into a chat whose messages disappear goes here as well, where the operator wants that: on the wire.
import { expect, test } from '@jest/globals';
import type { Clock } from '../../../src/ports/stores.ts';
import { realClock } from '../../support/house.ts';
import { context, effect, text } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

const DAY_MS = 86_400_000;

setStage({ disappearing: 'remove' });

test('a message that arrives with its second try is taken back in its time, without a new start', async () => {
  let days = 0;
  // Whoever sleeps for a minute or longer sleeps a moment.
  const clock: Clock = {
    now: () => Date.now() + days * DAY_MS,
    sleep: async (ms, signal) => await realClock.sleep(ms < 60_000 ? ms : 20, signal),
  };
  const { house, session, me, friend, chat } = await scenes.live({ ackMs: 300 }, clock);
  await sandbox.write(friend.id, me.id, 'met');
  await sandbox.command('setTimer', { by: friend.id, to: me.id, seconds: 86_400 });
  await house.until(() => house.texts(chat).length === 2);
  await sandbox.command('loseReplies', { person: me.id, what: 'message' });
  const [id, words] = [effect(), text(chat, 'for a day')];
  await expect(session.perform(words, id, context)).rejects.toMatchObject({ retry: 'now' });
  const { message } = await session.perform(words, id, { ...context, again: true });
  expect(house.events.some(({ kind }) => kind === 'removal')).toBe(false);
  days = 2;
  const removal = await house.until(() => house.events.find(({ kind }) => kind === 'removal'));
  expect(removal).toMatchObject({ target: message });
});
