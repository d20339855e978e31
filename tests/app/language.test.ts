// The language of people who have chosen none is the one that the configuration says.
import { afterAll, expect, test } from '@jest/globals';
import { Town, until } from './support/town.ts';

let town: Town | undefined;

afterAll(async () => {
  await town?.close();
});

test('whoever has chosen no language is answered in that of the configuration, and may choose another one', async () => {
  town = await Town.open();
  town.configure({ language: 'fr' });
  await town.start();
  const marie = await town.person('marie');
  const answers = async (words: string): Promise<boolean> => (await marie.told()).includes(words);
  await marie.say(marie.management, 'logins');
  await until('an answer in French', async () => await answers('Vous n’avez aucune connexion.'));
  expect(await answers('You have no login.')).toBe(false);
  await marie.say(marie.management, 'lang en');
  await marie.say(marie.management, 'logins');
  await until('an answer in English', async () => await answers('You have no login.'));
}, 90_000);
