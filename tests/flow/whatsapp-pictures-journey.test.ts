// Pictures of people and groups, between WhatsApp and Matrix in both directions; the bridge is a process of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { jpegFrame, labelledJpeg } from '../../sandbox/jpeg.ts';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import type { GroupInfo } from '../../sandbox/whatsapp/control-types.ts';
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

describe('the picture of a group', () => {
  let alice: Contact;
  let bob: Contact;
  let group: GroupInfo;
  let room: string;

  beforeAll(async () => {
    alice = await whatsapp.createPerson({ name: 'Alina' });
    bob = await whatsapp.createPerson({ name: 'Boris' });
    group = await whatsapp.createGroup(alice.id, 'Crew', [account.id, bob.id]);
    await whatsapp.command('changeGroup', { by: alice.id, group: group.id, picture: jpeg('the crew') });
    await whatsapp.write(alice.id, group.id, 'all aboard');
    room = await camille.nextRoom();
    await camille.answer(room, 'all aboard');
  });

  const changes = async () => (await camille.events(room)).filter(({ type }) => type === 'm.room.avatar');
  const shown = async (): Promise<Buffer> =>
    await camille.download(String((await camille.state(room, 'm.room.avatar'))?.['url']));
  const theirs = async (): Promise<Buffer> =>
    Buffer.from((await whatsapp.command('picture', { of: group.id }))?.jpeg ?? '', 'base64');
  const png = async (colour: string): Promise<Buffer> =>
    await sharp({ create: { width: 90, height: 60, channels: 3, background: colour } })
      .png()
      .toBuffer();

  test('is its room’s from the first message on, and changes with it, by whoever changed it', async () => {
    await eventually('the picture', async () => (await changes()).length === 1);
    expect(await shown()).toEqual(labelledJpeg('the crew'));
    await whatsapp.write(bob.id, group.id, 'I have a better one');
    const { sender } = await camille.answer(room, 'I have a better one');
    await whatsapp.command('changeGroup', { by: bob.id, group: group.id, picture: jpeg('a better one') });
    await eventually('the better one', async () => (await changes()).length === 2);
    expect((await changes())[1]?.sender).toBe(sender);
    expect(await shown()).toEqual(labelledJpeg('a better one'));
  });

  test('set in the room is the group’s, as a JPEG, and the room keeps what was set', async () => {
    const url = await camille.upload(await png('#00f'), 'image/png');
    await camille.setState(room, 'm.room.avatar', { url });
    const jpeg = await eventually('the JPEG', async () => {
      const now = await theirs();
      return jpegFrame(now)?.width === 640 && now;
    });
    const { dominant } = await sharp(jpeg).stats();
    expect(dominant.b).toBeGreaterThan(dominant.r + 100);
    await whatsapp.write(bob.id, group.id, 'that one is nice');
    await camille.answer(room, 'that one is nice');
    expect((await camille.state(room, 'm.room.avatar'))?.['url']).toBe(url);
    expect(await changes()).toHaveLength(3);
    await camille.setState(room, 'm.room.avatar', {});
    await eventually('none', async () => (await theirs()).length === 0);
  });

  test('that WhatsApp would not take is said to whoever set it, and the room put back', async () => {
    const url = await camille.upload(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml');
    await camille.setState(room, 'm.room.avatar', { url });
    await camille.answer(room, 'This picture cannot be read');
    await eventually('the room as it was', async () => {
      const now = await camille.state(room, 'm.room.avatar');
      return now !== undefined && now['url'] === undefined;
    });
    expect((await theirs()).length).toBe(0);
  });
});

test('the picture and the name of a community are those of its announcements, over a kill of the bridge', async () => {
  const alice = await whatsapp.createPerson({ name: 'Alma' });
  const about = { by: alice.id, subject: 'Neighbours', members: [account.id] };
  const { parent, announcements } = await whatsapp.command('createCommunity', about);
  await whatsapp.command('changeGroup', { by: alice.id, group: parent.id, picture: jpeg('the houses') });
  await whatsapp.write(alice.id, announcements.id, 'welcome to all');
  const room = await camille.nextRoom();
  const { sender } = await camille.answer(room, 'welcome to all');
  const url = async (): Promise<unknown> => (await camille.state(room, 'm.room.avatar'))?.['url'];
  expect(await camille.download(String(await eventually('the picture', url)))).toEqual(labelledJpeg('the houses'));
  const first = await url();
  await town?.bridge.stop('SIGKILL');
  await town?.bridge.start();
  await whatsapp.command('changeGroup', { by: alice.id, group: parent.id, picture: jpeg('the garden') });
  await eventually('another', async () => (await url()) !== first);
  expect(await camille.download(String(await url()))).toEqual(labelledJpeg('the garden'));
  await whatsapp.command('changeGroup', { by: alice.id, group: parent.id, picture: false });
  await eventually('none', async () => (await url()) === undefined);
  const changes = (await camille.events(room)).filter(({ type }) => type === 'm.room.avatar');
  expect(changes.at(-1)?.sender).toBe(sender);
  await whatsapp.command('changeGroup', { by: alice.id, group: parent.id, subject: 'Good neighbours' });
  const name = async (): Promise<unknown> => (await camille.state(room, 'm.room.name'))?.['name'];
  await eventually('the name', async () => (await name()) === 'Good neighbours');
  expect((await camille.events(room)).filter(({ type }) => type === 'm.room.name')).toHaveLength(2);
  expect(await whatsapp.command('unknown', {})).toEqual([]);
});
