// Signing out and linking the same account once more: the rooms go on as they were. The bridge is a process of its own.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WhatsAppSandbox } from '../../sandbox/whatsapp/control-client.ts';
import { eventually, type Person } from './journey/person.ts';
import { type Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let camille: Person;

beforeAll(async () => {
  town = await openWhatsAppTown();
  ({ sandbox: whatsapp, camille } = town);
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

test('those who have written are answered, also in the first week of the new link', async () => {
  const account = await whatsapp.createPerson({ name: 'Camille' });
  const alice = await whatsapp.createPerson({ name: 'Alice' });
  const management = await linkByCode(whatsapp, camille, account);
  await whatsapp.write(alice.id, account.id, 'hello');
  const room = await camille.nextRoom();
  await camille.answer(room, 'hello');
  const seen = async (text: string): Promise<boolean> =>
    (await whatsapp.messages(alice.id, account.id)).some((one) => one.text === text);
  await camille.say(room, 'hello yourself');
  await eventually('the answer', async () => await seen('hello yourself'));
  await camille.say(management, 'logout whatsapp');
  await camille.answer(management, 'You are signed out');
  await camille.say(management, 'login whatsapp code');
  await camille.answer(management, 'Send the phone number of your WhatsApp account', 2);
  await camille.say(management, `+${account.phone}`);
  const shown = await camille.answer(management, 'type this code');
  const [code] = /[\dA-Z]{4}-[\dA-Z]{4}/.exec(String(shown.content['body'])) ?? [];
  await whatsapp.typeCode(account.id, (code ?? '').replace('-', ''));
  await camille.answer(management, `You are signed in to WhatsApp as +${account.phone}`, 2);
  await camille.say(room, 'here again');
  expect(await eventually('the next answer', async () => await seen('here again'))).toBe(true);
}, 60_000);
