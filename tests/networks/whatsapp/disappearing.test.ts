// What is sent into a chat whose messages disappear goes here as well, where the operator wants that: on the wire.
import { expect, test } from '@jest/globals';
import { AheadClock } from '../../support/ahead-clock.ts';
import { context, effect, text, unanswered } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

const DAY_MS = 86_400_000;

setStage({ disappearing: 'remove' });

test('a message that arrives with its second try is taken back in its time, without a new start', async () => {
  const clock = new AheadClock();
  const { house, session, me, friend, chat } = await scenes.live({}, clock);
  await sandbox.write(friend.id, me.id, 'met');
  await sandbox.command('setTimer', { by: friend.id, to: me.id, seconds: 86_400 });
  await house.until(() => house.texts(chat).length === 2);
  const [id, words] = [effect(), text(chat, 'for a day')];
  const lost = unanswered({ sandbox, clock, me }, async () => await session.perform(words, id, context));
  await expect(lost).rejects.toMatchObject({ retry: 'now' });
  const { message } = await session.perform(words, id, { ...context, again: true });
  expect(house.events.some(({ kind }) => kind === 'removal')).toBe(false);
  clock.pass(2 * DAY_MS);
  const removal = await house.until(() => house.events.find(({ kind }) => kind === 'removal'));
  expect(removal).toMatchObject({ target: message });
});
