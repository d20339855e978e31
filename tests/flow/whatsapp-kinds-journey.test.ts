// Kinds of message that WhatsApp has a way of its own for: everybody called at once, edits that are sealed. The bridge is a process of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import type { GroupInfo } from '../../sandbox/whatsapp/control-types.ts';
import type { Bridge } from './journey/bridge.ts';
import type { ClientEvent, Person } from './journey/person.ts';
import type { Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let bridge: Bridge;
let camille: Person;
let account: Contact;
let alice: Contact;
let group: GroupInfo;
let choir: string;
let portal: string;

beforeAll(async () => {
  town = await openWhatsAppTown({});
  ({ sandbox: whatsapp, bridge, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  alice = await whatsapp.createPerson({ name: 'Alice' });
  await linkByCode(whatsapp, camille, account);
  group = await whatsapp.createGroup(alice.id, 'Choir', [account.id]);
  await whatsapp.write(alice.id, group.id, 'we sing');
  choir = await camille.nextRoom();
  await camille.answer(choir, 'we sing');
  await whatsapp.write(alice.id, account.id, 'only for you');
  portal = await camille.nextRoom();
  await camille.answer(portal, 'only for you');
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

const mentions = ({ content }: ClientEvent): unknown => content['m.mentions'];

describe('everybody', () => {
  test('who is called on WhatsApp is called here, and ghosts may ring', async () => {
    await whatsapp.write(alice.id, group.id, '@all come at eight', { everyone: true });
    const said = await camille.answer(choir, 'come at eight');
    expect(said.content['body']).toBe('@room come at eight');
    expect(mentions(said)).toEqual({ room: true });
    const levels = await camille.state(choir, 'm.room.power_levels');
    expect(levels?.['notifications']).toEqual({ room: 0 });
  });

  test('who is called here is called there, and in a private chat nobody is', async () => {
    const call = { msgtype: 'm.text', body: 'and you, @room, bring scores', 'm.mentions': { room: true } };
    await camille.send(choir, call);
    const there = await whatsapp.waitForText(alice.id, group.id, 'and you, @all, bring scores');
    expect(there.everyone).toBe(true);
    await camille.say(choir, 'the word @room alone');
    expect((await whatsapp.waitForText(alice.id, group.id, 'the word @room alone')).everyone).toBe(false);
    await camille.send(portal, call);
    expect((await whatsapp.waitForText(alice.id, account.id, call.body)).everyone).toBe(false);
  });
});

describe('an edit that the phone seals', () => {
  test('is one here, also of what was said before a kill of the bridge', async () => {
    const id = await whatsapp.write(alice.id, account.id, 'herd you');
    const { event_id: event } = await camille.answer(portal, 'herd you');
    await bridge.stop('SIGKILL');
    await whatsapp.command('edit', { by: alice.id, chat: account.id, id, text: 'heard you', sealed: true });
    await bridge.start();
    const edit = await camille.answer(portal, 'heard you');
    expect(edit.content['m.relates_to']).toEqual({ rel_type: 'm.replace', event_id: event });
  });
});

describe('how long what is said stays', () => {
  const expiration = async (to: string, text: string): Promise<number> =>
    (await whatsapp.waitForText(alice.id, to, text)).expiration;

  test('is set from here in a private chat, said to its author, and holds over a kill', async () => {
    const command = await camille.say(portal, '!disappear 24h');
    const told = await camille.answer(
      portal,
      'From now on messages disappear from this chat on WhatsApp after 24 hours',
    );
    expect(told.content['m.relates_to']).toEqual({ 'm.in_reply_to': { event_id: command } });
    await bridge.stop('SIGKILL');
    await bridge.start();
    await camille.say(portal, 'gone tomorrow');
    expect(await expiration(account.id, 'gone tomorrow')).toBe(86_400);
    const there = await whatsapp.messages(alice.id, account.id);
    expect(there.filter(({ kind }) => kind === 'timer').map((one) => one.expiration)).toEqual([86_400]);
    expect(there.some(({ text }) => text.includes('!disappear'))).toBe(false);
  });

  test('is set from here in a group, by who may, and as it was set there', async () => {
    await camille.say(choir, '!ephemere 7j');
    await camille.answer(choir, 'From now on messages disappear from this chat on WhatsApp after 7 days');
    await camille.say(choir, 'gone in a week');
    expect(await expiration(group.id, 'gone in a week')).toBe(7 * 86_400);
    group = await whatsapp.command('changeGroup', { by: alice.id, group: group.id, ephemeral: 90 * 86_400 });
    await camille.answer(choir, 'after 90 days');
    await camille.say(choir, 'gone in a season');
    expect(await expiration(group.id, 'gone in a season')).toBe(90 * 86_400);
    group = await whatsapp.command('changeGroup', { by: alice.id, group: group.id, locked: true });
    await camille.say(choir, '!disappear off');
    await camille.answer(choir, 'Not delivered: Only admins of this group may do that on WhatsApp.');
    expect((await whatsapp.command('group', { group: group.id }))?.ephemeral).toBe(90 * 86_400);
  });

  test('is nothing that is not offered, and other words are words', async () => {
    await camille.say(portal, '!disappear 3h');
    await camille.answer(portal, 'write `!disappear 24h`');
    await camille.say(portal, 'did they !disappear 24h ago?');
    await whatsapp.waitForText(alice.id, account.id, 'did they !disappear 24h ago?');
    await camille.say(portal, '!Éphémère arrêt'.normalize('NFD'));
    await camille.answer(portal, 'From now on messages stay');
    await camille.say(portal, 'stays');
    expect(await expiration(account.id, 'stays')).toBe(0);
  });
});

describe('what is behind an address', () => {
  const preview = { url: 'https://matrix.org', title: 'Matrix', description: 'An open network' };
  const bundled = { matched_url: preview.url, 'og:title': preview.title, 'og:description': preview.description };

  test('comes along from WhatsApp, quoted and bundled', async () => {
    await whatsapp.write(alice.id, account.id, 'look: https://matrix.org', { preview });
    const { content } = await camille.answer(portal, 'look:');
    expect(content['body']).toBe('look: https://matrix.org\nMatrix\nAn open network');
    expect(content['com.beeper.linkpreviews']).toEqual([{ ...bundled, 'og:url': preview.url }]);
  });

  test('goes along from here when the client bundles it, and is never asked for', async () => {
    const body = 'and here: https://matrix.org';
    await camille.send(portal, { msgtype: 'm.text', body, 'com.beeper.linkpreviews': [bundled] });
    expect((await whatsapp.waitForText(alice.id, account.id, body)).preview).toEqual(preview);
    await camille.say(portal, 'bare: https://matrix.org');
    expect((await whatsapp.waitForText(alice.id, account.id, 'bare: https://matrix.org')).preview).toBeNull();
  });
});

test('what was forwarded often says so', async () => {
  await whatsapp.write(alice.id, account.id, 'a chain letter', { forwarded: true, score: 7 });
  expect((await camille.answer(portal, 'a chain letter')).content['body']).toBe('↪↪ a chain letter');
});
