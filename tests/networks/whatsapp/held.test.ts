// Nothing of a send leaves before its body, its place in the pace and the ratchet's step are kept: on the wire, with a database that is away.
import { expect, test } from '@jest/globals';
import { FencedError } from '../../../src/model/errors.ts';
import type { House } from '../../support/house.ts';
import { context, effect, text } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

const LONG = 'long enough for the guard against the same text in many chats';

setStage();

interface Correspondence {
  readonly house: House;
  /** From here. */
  readonly send: (words: string) => Promise<unknown>;
  /** Has it arrived? */
  readonly came: (words: string) => Promise<boolean>;
  /** Words of the friend, which have arrived here. */
  readonly hear: (words: string) => Promise<void>;
}

async function correspondence(): Promise<Correspondence> {
  const { house, session, me, friend, chat } = await scenes.live();
  const hear = async (words: string): Promise<void> => {
    await sandbox.write(friend.id, me.id, words);
    await house.until(() => house.texts(chat).includes(words));
  };
  await hear('met');
  return {
    house,
    hear,
    send: async (words) => await session.perform(text(chat, words), effect(), context),
    came: async (words) => (await sandbox.messages(friend.id, me.id)).some((one) => one.text === words),
  };
}

test('a message waits for the database, and goes when it is back', async () => {
  const { house, send, came, hear } = await correspondence();
  await send(LONG);
  // Read under the login's lock: what the library still wrote of the first is over, and holds up nothing of the second.
  await hear('an answer');
  const refused = house.refused;
  house.refusing = new Error('away');
  const sending = send(`second, ${LONG}`);
  // One commit for all of it, tried again and again: by then the ciphertext is made, and would have left.
  await house.until(() => house.refused >= refused + 3);
  expect(await came(`second, ${LONG}`)).toBe(false);
  house.refusing = undefined;
  await sending;
  expect(await came(`second, ${LONG}`)).toBe(true);
});

test('a message whose login is no longer ours never leaves', async () => {
  const { house, send, came } = await correspondence();
  house.refusing = new FencedError('login');
  await expect(send('of a lost login')).rejects.toThrow();
  expect(await came('of a lost login')).toBe(false);
});
