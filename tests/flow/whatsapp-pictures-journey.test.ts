// Pictures of people and groups, between WhatsApp and Matrix in both directions; the bridge is a process of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { labelledJpeg } from '../../sandbox/jpeg.ts';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import { eventually, type Person } from './journey/person.ts';
import type { Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let camille: Person;
let account: Contact;
let management: string;

beforeAll(async () => {
  town = await openWhatsAppTown({});
  ({ sandbox: whatsapp, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  management = await linkByCode(whatsapp, camille, account);
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

const jpeg = (label: string): string => labelledJpeg(label).toString('base64');

/** What is seen of a ghost. */
async function pictureOf(ghost: string): Promise<Buffer> {
  const uri = await eventually('a picture', async () => (await camille.profile(ghost))['avatar_url']);
  return await camille.download(String(uri));
}

describe('the picture of a person', () => {
  test('is their ghost’s when they have spoken, in a chat and in a group', async () => {
    const alice = await whatsapp.createPerson({ name: 'Alice', picture: jpeg('Alice') });
    const bob = await whatsapp.createPerson({ name: 'Bob', addressing: 'lid', picture: jpeg('Bob') });
    await whatsapp.write(alice.id, account.id, 'look at me');
    const room = await camille.nextRoom();
    expect(await pictureOf((await camille.answer(room, 'look at me')).sender)).toEqual(labelledJpeg('Alice'));
    const group = await whatsapp.createGroup(alice.id, 'Choir', [account.id, bob.id]);
    await whatsapp.write(bob.id, group.id, 'and at me');
    const choir = await camille.nextRoom();
    expect(await pictureOf((await camille.answer(choir, 'and at me')).sender)).toEqual(labelledJpeg('Bob'));
  });

  test('is there before they have said a word, where a chat is begun', async () => {
    const cleo = await whatsapp.createPerson({ name: 'Cleo', picture: jpeg('Cleo') });
    await camille.say(management, `start-chat whatsapp +${cleo.phone}`);
    const room = await camille.nextRoom();
    const ghost = await eventually('her ghost', async () => {
      const members = (await camille.wholeState(room)).filter(({ type }) => type === 'm.room.member');
      return members.find(({ state_key: user }) => user?.startsWith('@_wa_'))?.state_key;
    });
    expect(await pictureOf(ghost)).toEqual(labelledJpeg('Cleo'));
  });

  test('that cannot be fetched keeps no message', async () => {
    const dora = await whatsapp.createPerson({ name: 'Dora', picture: true });
    await whatsapp.command('failWeb', { status: 503, times: 9 });
    await whatsapp.write(dora.id, account.id, 'one');
    const room = await camille.nextRoom();
    const { sender } = await camille.answer(room, 'one');
    await eventually('the failure', async () => (await whatsapp.command('webRequests', {})).at(-1)?.status === 503);
    await whatsapp.write(dora.id, account.id, 'two');
    await camille.answer(room, 'two');
    expect(await camille.profile(sender)).toEqual({ displayname: 'Dora (WhatsApp)' });
    await whatsapp.command('clearFaults', {});
  });
});
