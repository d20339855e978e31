// What is held back before it leaves says how things are when it leaves, and what came too late meanwhile is not begun: on the wire.
import { expect, test } from '@jest/globals';
import { say } from '../../../src/model/say.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import type { Clock } from '../../../src/ports/stores.ts';
import { AheadClock } from '../../support/ahead-clock.ts';
import { realClock } from '../../support/house.ts';
import { context, effect, text, unanswered, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

const DAY_MS = 86_400_000;
const HALF = DAY_MS / 2;

setStage({ disappearing: 'remove' });

/** Epoch ms at which what was sent disappears, as the vault has it. */
async function expiries({ house, puppet }: Scene): Promise<readonly number[]> {
  const kept = await house.vault.readAll(vaultScope(puppet.id));
  const pages = [...kept].filter(([key]) => key.startsWith('expiry/out/'));
  return pages.flatMap(([, bytes]) =>
    (JSON.parse(Buffer.from(bytes).toString()) as { list: { at: number }[] }).list.map(({ at }) => at),
  );
}

test('a message that the pace holds back disappears a day after it left, not a day after it was first asked for', async () => {
  let ahead = 0;
  const clock: Clock = {
    now: () => Date.now() + ahead,
    sleep: async (ms, signal) => await realClock.sleep(ms < 60_000 ? ms : 20, signal),
  };
  const scene = await scenes.live({}, clock);
  const { house, session, me, friend, chat } = scene;
  await sandbox.write(friend.id, me.id, 'met');
  await sandbox.command('setTimer', { by: friend.id, to: me.id, seconds: DAY_MS / 1000 });
  await house.until(() => house.texts(chat).length === 2);
  const [id, words] = [effect(), text(chat, 'for a day')];
  const held: unknown[] = [];
  // As many at once as the pace allows, and one more.
  for (let sent = 1; held.length === 0; sent += 1) {
    await session.perform(text(chat, `more ${sent}`), effect(), context).catch((error: unknown) => held.push(error));
  }
  await expect(session.perform(words, id, context)).rejects.toMatchObject({ code: 'whatsapp-pace', retry: 'later' });
  const before = new Set(await expiries(scene));
  ahead = HALF;
  const left = clock.now();
  await session.perform(words, id, { ...context, again: true });
  const fresh = (await expiries(scene)).filter((at) => !before.has(at));
  expect(fresh).toHaveLength(1);
  expect(fresh[0]).toBeGreaterThanOrEqual(left + DAY_MS);
});

test('a change that is too late by now is not begun, and of one that was begun in time and not answered nobody knows', async () => {
  const clock = new AheadClock();
  const { session, house, me, friend, chat } = await scenes.live({}, clock);
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(chat).length === 1);
  const { message } = await session.perform(text(chat, 'one'), effect(), context);
  if (message === undefined) throw new Error('nothing was sent');
  const edit = (words: string) => ({ ...text(chat, words), kind: 'edit', target: message }) as never;
  const values = { network: 'WhatsApp', minutes: 15 };
  const over = {
    until: Date.now() - 1,
    else: say('fault.edit-too-late', values),
    perhaps: say('fault.edit-perhaps-late', values),
  };
  await expect(session.perform(edit('late'), effect(), { ...context, inTime: over })).rejects.toMatchObject({
    retry: 'never',
    final: true,
    mayHaveHappened: false,
    human: { key: 'fault.edit-too-late', with: { minutes: 15 } },
  });
  const id = effect();
  const lost = unanswered({ sandbox, clock, me }, async () => await session.perform(edit('in time'), id, context));
  await expect(lost).rejects.toMatchObject({ retry: 'now' });
  const again = { ...context, again: true };
  await expect(session.perform(edit('in time'), id, { ...again, inTime: over })).rejects.toMatchObject({
    retry: 'never',
    final: true,
    mayHaveHappened: true,
    human: { key: 'fault.edit-perhaps-late', with: { minutes: 15 } },
  });
  // Answered, it is done, however late somebody asks.
  await session.perform(edit('in time'), id, again);
  await session.perform(edit('in time'), id, { ...again, inTime: over });
});
