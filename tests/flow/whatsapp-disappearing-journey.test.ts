// Where the operator wants it, what disappears on WhatsApp disappears in the room: what others said and what was written here, over a
// kill too. The bridge is a process of its own.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import type { Bridge } from './journey/bridge.ts';
import type { Person } from './journey/person.ts';
import type { Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let bridge: Bridge;
let camille: Person;
let account: Contact;
let alice: Contact;
let portal: string;

beforeAll(async () => {
  town = await openWhatsAppTown({}, { disappearing: 'remove' });
  ({ sandbox: whatsapp, bridge, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  alice = await whatsapp.createPerson({ name: 'Alice' });
  await linkByCode(whatsapp, camille, account);
  await whatsapp.write(alice.id, account.id, 'this stays');
  portal = await camille.nextRoom();
  await camille.answer(portal, 'this stays');
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

const isGone = async (event: string): Promise<boolean> =>
  (await camille.heard(portal, 'its end', ({ event_id: id, unsigned }) => {
    return id === event && unsigned?.redacted_because !== undefined;
  })) !== undefined;

test('what somebody said with a time goes when it is over, and nothing else does', async () => {
  await whatsapp.write(alice.id, account.id, 'this goes', { expiration: 2 });
  const { event_id: event } = await camille.answer(portal, 'this goes');
  expect(await isGone(event)).toBe(true);
  const stays = await camille.answer(portal, 'this stays');
  expect(stays.unsigned?.redacted_because).toBeUndefined();
});

test('what was written here goes too, and the notice says so', async () => {
  await whatsapp.command('setTimer', { by: alice.id, to: account.id, seconds: 86_400 });
  await camille.answer(portal, 'after 24 hours. From this room they go as well.');
  await whatsapp.command('setTimer', { by: alice.id, to: account.id, seconds: 3 });
  await camille.answer(portal, 'after 1 hour');
  const event = await camille.say(portal, 'for three seconds');
  await whatsapp.waitForText(alice.id, account.id, 'for three seconds');
  expect(await isGone(event)).toBe(true);
});

test('what goes while the bridge is away is gone when it is back', async () => {
  await whatsapp.write(alice.id, account.id, 'over a kill', { expiration: 3 });
  const { event_id: event } = await camille.answer(portal, 'over a kill');
  await bridge.stop('SIGKILL');
  await bridge.start();
  expect(await isGone(event)).toBe(true);
});
