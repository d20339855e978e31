// Groups of WhatsApp on real Synapse, seen from outside only, with a contact who uses a client of another hand (whatsmeow): what is
// done to a group on one side is so on the other, pictures that are taken away too, and nothing changes when a group goes to LIDs.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { labelledJpeg } from '../../../sandbox/jpeg.ts';
import type { Person as OnWhatsApp } from '../../../sandbox/whatsapp/control-client.ts';
import type { GroupInfo } from '../../../sandbox/whatsapp/control-types.ts';
import { linkByQr, personOnWhatsApp } from '../support/logins.ts';
import { bodyOf, type Person, type RoomEvent } from '../support/person.ts';
import { Town, type Management } from '../support/town.ts';
import { buildWhatsmeow } from '../support/whatsmeow-build.ts';
import { linkWhatsmeow, WhatsmeowClient, type Told } from '../support/whatsmeow-client.ts';

let town: Town;
let alice: Person;
let management: Management;
let self: OnWhatsApp;
let ben: OnWhatsApp;
let carol: OnWhatsApp;
/** Ben's other device. */
let go: WhatsmeowClient;
let chat: string;
let room: string;
let ghost: string;

beforeAll(async () => {
  const program = await buildWhatsmeow();
  town = await Town.open({ networks: ['whatsapp'], doublePuppet: true, unpaced: true });
  self = await personOnWhatsApp(town, 'Alixandra');
  ben = await personOnWhatsApp(town, 'Benedetto');
  carol = await personOnWhatsApp(town, 'Carlotta');
  alice = await town.person('alice');
  management = await town.management(alice);
  await linkByQr(town, management, self);
  go = new WhatsmeowClient(program);
  await linkWhatsmeow(go, town.whatsapp, ben);
}, 570_000);

afterAll(async () => {
  await go?.stop();
  await town?.close();
}, 60_000);

function named(name: string): string {
  return town.canaries.secret('the name of a group', `${name} Fernweh`);
}

async function stateOf<T = unknown>(type: string, key = '', of = room): Promise<Readonly<Record<string, T>>> {
  const all = await alice.state(of);
  return (all.find((one) => one.type === type && one.state_key === key)?.content ?? {}) as Readonly<Record<string, T>>;
}

async function powers(): Promise<Readonly<Record<string, unknown>>> {
  return await stateOf('m.room.power_levels');
}

async function levelOf(user: string): Promise<unknown> {
  return ((await powers())['users'] as Record<string, unknown> | undefined)?.[user];
}

async function membership(user: string): Promise<unknown> {
  return (await stateOf('m.room.member', user))['membership'];
}

async function inRoom(of: string, what: string, fits: (event: RoomEvent) => boolean): Promise<RoomEvent> {
  return await alice.until(what, async () => (await alice.history(of)).find((event) => fits(event)));
}

/** @returns the event with it */
async function goSays(words: string, to = chat, into = room): Promise<RoomEvent> {
  const text = town.canaries.text(words);
  await go.do('text', { chat: to, text });
  return await inRoom(into, words, (event) => bodyOf(event) === text);
}

async function aliceSays(words: string, from = room): Promise<Told> {
  const text = town.canaries.text(words);
  await alice.say(from, text);
  return await go.event({ event: 'message', kind: 'text', text });
}

/** What Go hears of the group, done by Alice's account. */
async function goHears(kind: string, more: Partial<Told> = {}): Promise<Told> {
  return await go.event({ event: 'group', chat, sender: self.lid, kind, ...more });
}

async function setState(type: string, content: object, of = room): Promise<void> {
  await alice.client.sendStateEvent(of, type as never, content as never);
}

async function onWhatsApp(group = chat): Promise<GroupInfo> {
  const now = await town.whatsapp.command('group', { group });
  if (now === null) throw new Error('no group');
  return now;
}

/** The ghost of somebody who says a word. */
async function ghostOf(who: OnWhatsApp): Promise<string> {
  const text = town.canaries.text('I am here');
  await town.whatsapp.write(who.id, chat, text);
  return (await inRoom(room, 'a word', (event) => bodyOf(event) === text)).sender;
}

describe('a group that is made with another client', () => {
  test('is a room with the first word, and everybody reads everybody', async () => {
    const name = named('Wandergruppe');
    chat = (await go.ask('create', { text: name, people: [self.pn] })).id;
    const hello = town.canaries.text('hello from Go');
    await go.do('text', { chat, text: hello });
    room = await alice.roomOf(hello);
    ({ sender: ghost } = await inRoom(room, 'the first word', (event) => bodyOf(event) === hello));
    expect((await stateOf('m.room.name'))['name']).toBe(name);
    await alice.until('his power', async () => (await levelOf(ghost)) === 50);
    for (const round of [1, 2]) {
      expect(await aliceSays(`from Alice ${round}`)).toMatchObject({ chat, sender: self.lid });
      expect((await goSays(`from Go ${round}`)).sender).toBe(ghost);
    }
  }, 90_000);

  test('is changed there: name, description, modes, people and admins, each by whoever did it', async () => {
    const name = named('Bergfreunde');
    await go.do('rename', { chat, text: name });
    await alice.until('the name', async () => (await stateOf('m.room.name'))['name'] === name);
    const topic = town.canaries.text('over all summits');
    await go.do('describe', { chat, text: topic });
    await alice.until('the topic', async () => (await stateOf('m.room.topic'))['topic'] === topic);
    const changes = (await alice.history(room)).filter(({ type }) => type === 'm.room.name' || type === 'm.room.topic');
    expect(changes.slice(-2).map(({ sender }) => sender)).toEqual([ghost, ghost]);

    for (const on of [true, false]) {
      await go.do('announce', { chat, on });
      await alice.until('who may write', async () => (await powers())['events_default'] === (on ? 50 : 0));
      await go.do('lock', { chat, on });
      await alice.until('who may change it', async () => {
        return ((await powers())['events'] as Record<string, unknown>)['m.room.name'] === (on ? 50 : 0);
      });
      await go.do('anyone-adds', { chat, on });
      await alice.until('who may invite', async () => (await powers())['invite'] === (on ? 0 : 50));
    }

    await go.do('add', { chat, people: [carol.pn] });
    const hers = await ghostOf(carol);
    expect(await membership(hers)).toBe('join');
    await go.do('promote', { chat, people: [carol.lid, self.lid] });
    await alice.until('two more admins', async () => (await levelOf(hers)) === 50 && (await levelOf(alice.id)) === 60);
    await go.do('demote', { chat, people: [carol.lid] });
    await alice.until('one less', async () => (await levelOf(hers)) === undefined);
    await go.do('remove', { chat, people: [carol.lid] });
    await alice.until('her going', async () => (await membership(hers)) === 'leave');
    const gone = (await alice.state(room)).find(({ state_key: key }) => key === hers);
    expect(gone?.sender).toBe(ghost);
    expect(go.log).not.toMatch(/group|notification/i);
  }, 120_000);

  test('is changed from Matrix, and the other client hears of each change, by Alice', async () => {
    const name = named('Gipfelstürmer');
    await setState('m.room.name', { name });
    await goHears('name', { text: name });
    const topic = town.canaries.text('said on Matrix');
    await setState('m.room.topic', { topic });
    await goHears('topic', { text: topic });
    const { sender: hers } = (await alice.history(room)).findLast(
      ({ type, sender }) => type === 'm.room.message' && sender !== ghost && sender !== alice.id,
    ) ?? { sender: '' };
    await alice.client.invite(room, hers);
    await goHears('add', { target: carol.lid });
    await alice.until('her coming', async () => (await membership(hers)) === 'join');
    const before = await powers();
    const users = before['users'] as Record<string, unknown>;
    const more = { ...before, users: { ...users, [hers]: 50 }, events_default: 50, invite: 0 };
    await setState('m.room.power_levels', more);
    await goHears('promote', { target: carol.lid });
    await goHears('announce', { on: true });
    await goHears('unknown', { text: 'member_add_mode' });
    const events = { ...(before['events'] as Record<string, unknown>), 'm.room.name': 50 };
    await setState('m.room.power_levels', { ...more, users, events_default: 0, events });
    await goHears('demote', { target: carol.lid });
    await goHears('announce', { on: false });
    await goHears('locked', { on: true });
    await alice.client.kick(room, hers);
    await goHears('remove', { target: carol.lid });
    expect(await onWhatsApp()).toMatchObject({
      subject: name,
      description: topic,
      members: { [ben.id]: 'superadmin', [self.id]: 'admin' },
      announce: false,
      locked: true,
      anyoneAdds: true,
    });
    expect(go.log).not.toMatch(/group|notification/i);
  }, 120_000);
});

describe('a picture of a group', () => {
  const shown = async (): Promise<unknown> => (await stateOf('m.room.avatar'))['url'];

  test('that is set and taken away over there is set and taken away in the room', async () => {
    await go.do('set-picture', { chat, text: labelledJpeg('of Go').toString('base64') });
    await alice.until('the picture', async () => typeof (await shown()) === 'string');
    await go.do('set-picture', { chat });
    await alice.until('none', async () => (await shown()) === undefined);
    const [, last] = (await alice.history(room)).filter(({ type }) => type === 'm.room.avatar');
    expect(last?.sender).toBe(ghost);
  }, 90_000);

  test('that is set and taken away in the room is set and taken away over there, once', async () => {
    const options = { type: 'image/jpeg', includeFilename: false };
    const { content_uri: url } = await alice.client.uploadContent(labelledJpeg('of Alice'), options);
    const from = go.told.length;
    await setState('m.room.avatar', { url });
    const set = await go.event({ event: 'picture', chat, kind: 'set', sender: self.lid }, from);
    expect((await go.do('picture', { chat })).split(' ')[0]).toBe(set.id);
    await setState('m.room.avatar', {});
    await go.event({ event: 'picture', chat, kind: 'removed', sender: self.lid }, from);
    await expect(go.do('picture', { chat })).rejects.toThrow('does not have a profile picture');
    await goSays('behind the pictures');
    expect((await alice.history(room)).filter(({ type }) => type === 'm.room.avatar')).toHaveLength(4);
    expect(await shown()).toBeUndefined();
    expect(go.told.slice(from).filter(({ event }) => event === 'picture')).toHaveLength(2);
  }, 90_000);
});

describe('the link of a group', () => {
  test('that the other client makes lets people in, and they come into the room', async () => {
    const link = await go.do('link', { chat });
    const { group } = await town.whatsapp.command('joinGroup', { by: carol.id, code: link.split('/').at(-1) ?? '' });
    expect(group).toBe(chat);
    expect(await membership(await ghostOf(carol))).toBe('join');
  }, 60_000);

  test('that the bot shows leads the other client in, where need be after Alice agreed', async () => {
    const name = named('Nachtwache');
    await management.ask(`create-group "${name}" +${carol.phone}`, /opening the conversation/);
    const [made] = (await town.whatsapp.command('groups', {})).filter(({ subject }) => subject === name);
    const mine = made?.id ?? '';
    await town.whatsapp.command('changeGroup', { by: self.id, group: mine, approval: true });
    const shown = await management.ask(`invite-link "${name}"`, /https:\/\/chat\.whatsapp\.com\/\S+/);
    const [link = ''] = /https:\/\/chat\.whatsapp\.com\/\S+/.exec(shown) ?? [];
    expect(await go.ask('look', { text: link })).toMatchObject({ id: mine, name, approval: true });
    expect(await go.do('join', { text: link })).toBe(mine);
    const list = await management.ask(`join-requests "${name}"`, /ask to be let into/);
    expect(list).toContain('Benedetto');
    const [, code = ''] = /^- (\w{4}):/mu.exec(list) ?? [];
    await management.ask(`accept-request "${name}" ${code}`, /Let into .*: 1\./);
    await go.event({ event: 'joined', chat: mine, sender: self.lid });
    const text = town.canaries.text('thanks for letting me in');
    await go.do('text', { chat: mine, text });
    const into = await alice.roomOf(text);
    expect((await inRoom(into, 'the thanks', (event) => bodyOf(event) === text)).sender).toBe(ghost);
    const renewed = await management.ask(`invite-link "${name}" new`, /https:\/\/chat\.whatsapp\.com\/\S+/);
    expect(renewed).not.toContain(link);
    await expect(go.do('look', { text: link })).rejects.toThrow('revoked');
    await go.do('leave', { chat: mine });
    await alice.until(
      'Ben’s leaving',
      async () => (await stateOf('m.room.member', ghost, into))['membership'] === 'leave',
    );
  }, 120_000);
});

describe('the move from numbers to LIDs', () => {
  test('in the middle of a group’s conversation leaves one room and one ghost, before, during and after', async () => {
    const group = await town.whatsapp.createGroup(carol.id, named('Umzug'), [self.id, ben.id], 'pn');
    const first = town.canaries.text('by number');
    await go.do('text', { chat: group.id, text: first });
    const moving = await alice.roomOf(first);
    expect((await inRoom(moving, 'the first', (event) => bodyOf(event) === first)).sender).toBe(ghost);
    const rooms = alice.rooms().length;
    expect(await aliceSays('an answer by number', moving)).toMatchObject({ sender: self.pn });

    await town.whatsapp.command('changeGroup', { by: carol.id, group: group.id, addressing: 'lid' });
    // During: what Alice says is of the new way before anybody else has said a word in it.
    expect(await aliceSays('during the move', moving)).toMatchObject({ sender: self.lid });
    await expect(go.do('text', { chat: group.id, text: town.canaries.text('too early') })).rejects.toThrow('421');
    expect(await go.ask('group', { chat: group.id })).toMatchObject({ addressing: 'lid' });

    const after = await goSays('after the move', group.id, moving);
    expect(after.sender).toBe(ghost);
    const reply = town.canaries.text('an answer by LID');
    await alice.client.sendMessage(moving, {
      msgtype: 'm.text',
      body: reply,
      'm.relates_to': { 'm.in_reply_to': { event_id: after.event_id } },
    } as never);
    await go.event({ event: 'message', kind: 'text', text: reply });
    const members = (await alice.state(moving)).filter(({ type }) => type === 'm.room.member');
    expect(members.filter(({ state_key: key }) => key?.startsWith('@_wa_'))).toHaveLength(2);
    expect(alice.rooms()).toHaveLength(rooms);
    expect(go.told.filter(({ event }) => event === 'unreadable')).toEqual([]);
  }, 120_000);

  test('in the middle of a private conversation leaves one room and one ghost', async () => {
    const first = town.canaries.text('to your number');
    await go.do('text', { chat: self.pn, text: first });
    const direct = await alice.roomOf(first);
    expect(await aliceSays('to yours', direct)).toMatchObject({ chat: self.pn });
    const again = await goSays('to your LID', self.lid, direct);
    expect(again.sender).toBe(ghost);
    expect(await aliceSays('to yours too', direct)).toMatchObject({ chat: self.lid });
    const bodies = await alice.bodies(direct, ghost);
    expect(bodies.slice(-2)).toEqual([first, bodyOf(again)]);
  }, 90_000);
});

test('the other client and the simulator understood each other, and nothing secret stands in the output', async () => {
  expect(await town.whatsapp.command('unknown', {})).toEqual([]);
  expect(go.log).not.toMatch(/group|notification/i);
  await town.bridge.stop();
  expect(town.leaks()).toEqual([]);
}, 60_000);
