// Rules that match what a chat is hold for what it has become: a group that was taken into a community, somebody with another number.
// The bridge is a process of its own.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Person as Contact, WhatsAppSandbox } from '../../sandbox/whatsapp/control-client.ts';
import type { Person } from './journey/person.ts';
import { BOT, type Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let camille: Person;
let root: Person;
let office: string;
let management: string;
let account: Contact;
let alice: Contact;

beforeAll(async () => {
  town = await openWhatsAppTown({ starts: false });
  ({ sandbox: whatsapp, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  alice = await whatsapp.createPerson({ name: 'Alice' });
  management = await linkByCode(whatsapp, camille, account);
  root = await town.person('root');
  office = await root.directRoom(BOT);
  await root.answer(office, 'I am the bridge');
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

test('a group that was taken into a community that a rule denies is carried no more', async () => {
  const { parent } = await whatsapp.command('createCommunity', { by: alice.id, subject: 'Club', members: [] });
  const bar = await whatsapp.createGroup(alice.id, 'Bar', [account.id]);
  await whatsapp.write(alice.id, bar.id, 'cheers');
  const room = await camille.nextRoom();
  await camille.answer(room, 'cheers');
  await root.say(
    office,
    `deny bridge ${camille.id} whatsapp community:g${parent.id.split('@')[0] ?? ''} reason no club`,
  );
  await root.answer(office, 'In force');
  await whatsapp.command('linkGroup', { by: alice.id, parent: parent.id, group: bar.id });
  await whatsapp.write(alice.id, bar.id, 'for the club alone');
  await camille.answer(management, 'no club');
  await camille.say(room, 'may I?');
  await camille.answer(room, 'no club');
  expect(await camille.conversation(room)).not.toContainEqual(expect.stringContaining('for the club alone'));
});

test('somebody is whom a rule about their new number means', async () => {
  await whatsapp.write(alice.id, account.id, 'hello');
  const room = await camille.nextRoom();
  await camille.answer(room, 'hello');
  await root.say(office, `deny bridge ${camille.id} whatsapp phone:+44* reason not there`);
  await root.answer(office, 'In force', 2);
  await whatsapp.command('changePerson', { id: alice.id, phone: '447700900123' });
  await whatsapp.write(alice.id, account.id, 'from my new number');
  await camille.answer(management, 'not there');
  await camille.say(room, 'may I?');
  await camille.answer(room, 'not there');
  expect(await camille.conversation(room)).not.toContainEqual(expect.stringContaining('from my new number'));
});
