// WhatsApp on real Synapse, seen from outside only: linked by QR and by code, a direct chat and a group there and back, unlinked.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoggedMessage, Person as OnWhatsApp } from '../../../sandbox/whatsapp/control-client.ts';
import { jpegFrame, labelledJpeg } from '../../../sandbox/jpeg.ts';
import { linkByCode, linkByQr, personOnWhatsApp } from '../support/logins.ts';
import { bodyOf, type Person, type RoomEvent } from '../support/person.ts';
import { BOT, Town, type Management } from '../support/town.ts';

let town: Town;
let alice: Person;
let management: Management;
let self: OnWhatsApp;
let bob: OnWhatsApp;
let carol: OnWhatsApp;
let portal: string;
let ghost: string;

beforeAll(async () => {
  town = await Town.open({ networks: ['whatsapp'], doublePuppet: true });
  self = await personOnWhatsApp(town, 'Alixandra');
  bob = await personOnWhatsApp(town, 'Bobadilla');
  carol = await personOnWhatsApp(town, 'Carlotta');
  await town.whatsapp.command('changePerson', { id: bob.id, picture: true });
  // What Alice calls him is her own business.
  await town.whatsapp.command('addContact', {
    owner: self.id,
    person: bob.id,
    name: town.canaries.secret('a private name', 'Bobby-from-work'),
  });
  alice = await town.person('alice');
  management = await town.management(alice);
}, 240_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

/** What Bob's telephone was sent by Alice's account. */
async function atBobs(fits: (message: LoggedMessage) => boolean): Promise<LoggedMessage> {
  return await town.whatsapp.waitFor(async () => {
    return (await town.whatsapp.messages(bob.id, self.id)).find((one) => one.from === self.id && fits(one));
  }, 45_000);
}

async function inRoom(room: string, what: string, fits: (event: RoomEvent) => boolean): Promise<RoomEvent> {
  return await alice.until(what, async () => (await alice.history(room)).find((event) => fits(event)));
}

async function bobSays(words: string): Promise<{ readonly id: string; readonly event: RoomEvent }> {
  const text = town.canaries.text(words);
  const id = await town.whatsapp.write(bob.id, self.id, text);
  return { id, event: await inRoom(portal, words, (event) => bodyOf(event) === text) };
}

async function aliceSays(words: string): Promise<{ readonly event: string; readonly message: LoggedMessage }> {
  const text = town.canaries.text(words);
  const event = await alice.say(portal, text);
  return { event, message: await atBobs((one) => one.text === text) };
}

test('the account is linked by the QR code that the bot shows', async () => {
  await linkByQr(town, management, self);
  const { devices } = await town.whatsapp.person(self.id);
  expect(devices.filter(({ simulated }) => !simulated)).toHaveLength(1);
}, 90_000);

test('a first message opens a direct room, with a ghost whose name and picture are the public ones, and that holds no number', async () => {
  const hello = town.canaries.text('guten Tag');
  await town.whatsapp.write(bob.id, self.id, hello);
  portal = await alice.roomOf(hello);
  ({ sender: ghost } = await inRoom(portal, 'the first message', (event) => bodyOf(event) === hello));
  expect(ghost).toMatch(/^@_wa_[a-z0-9]+:hs\.test$/);
  for (const handle of [bob.phone, bob.id]) expect(ghost).not.toContain(handle);
  const profile = await alice.client.getProfileInfo(ghost);
  expect(profile.displayname).toBe('Bobadilla (WhatsApp)');
  const pictured = await alice.until('the picture', async () => (await alice.client.getProfileInfo(ghost)).avatar_url);
  expect(pictured).toMatch(/^mxc:\/\/hs\.test\//);
  const state = await alice.state(portal);
  const bridge = state.find(({ type }) => type === 'm.bridge');
  expect(bridge?.content).toMatchObject({ bridgebot: BOT, protocol: { id: 'whatsapp' } });
  expect(JSON.stringify(state)).not.toContain(bob.phone);
}, 90_000);

test('both directions, in the order in which they were written', async () => {
  const there = [1, 2, 3, 4, 5].map((n) => town.canaries.text(`from Matrix ${n}`));
  const here = [1, 2, 3, 4, 5].map((n) => town.canaries.text(`from WhatsApp ${n}`));
  for (const [index, text] of there.entries()) {
    await alice.say(portal, text);
    await town.whatsapp.write(bob.id, self.id, here[index] ?? '');
  }
  await atBobs(({ text }) => text === there.at(-1));
  await inRoom(portal, 'the last one', (event) => bodyOf(event) === here.at(-1));
  const sent = (await town.whatsapp.messages(bob.id, self.id)).filter(({ from }) => from === self.id);
  expect(sent.map(({ text }) => text)).toEqual(there);
  expect((await alice.bodies(portal)).filter((body) => here.includes(body))).toEqual(here);
}, 90_000);

test('edits, deletions, reactions and replies by Alice', async () => {
  const first = await aliceSays('a tpyo');
  const right = town.canaries.text('a typo');
  await alice.client.sendMessage(portal, {
    msgtype: 'm.text',
    body: `* ${right}`,
    'm.new_content': { msgtype: 'm.text', body: right },
    'm.relates_to': { rel_type: 'm.replace', event_id: first.event },
  } as never);
  const edit = await atBobs(({ kind }) => kind === 'edit');
  expect(edit).toMatchObject({ target: first.message.id, text: right });
  await alice.takeBack(portal, first.event);
  const revoke = await atBobs(({ kind }) => kind === 'revoke');
  expect(revoke.target).toBe(first.message.id);

  const theirs = await bobSays('what do you think?');
  await alice.client.sendEvent(
    portal,
    'm.reaction' as never,
    {
      'm.relates_to': { rel_type: 'm.annotation', event_id: theirs.event.event_id, key: '👍' },
    } as never,
  );
  const reaction = await atBobs(({ kind }) => kind === 'reaction');
  expect(reaction).toMatchObject({ target: theirs.id, text: '👍' });

  const answer = town.canaries.text('I think so too');
  await alice.client.sendMessage(portal, {
    msgtype: 'm.text',
    body: answer,
    'm.relates_to': { 'm.in_reply_to': { event_id: theirs.event.event_id } },
  } as never);
  expect(await atBobs(({ text }) => text === answer)).toMatchObject({ kind: 'text', quoted: theirs.id });
}, 90_000);

test('edits, deletions, reactions and replies by Bob', async () => {
  const mine = await aliceSays('shall we?');
  await town.whatsapp.react(bob.id, self.id, mine.message.id, '🎉');
  const reaction = await inRoom(portal, 'a reaction', ({ type, sender }) => type === 'm.reaction' && sender === ghost);
  expect(reaction.content['m.relates_to']).toMatchObject({ event_id: mine.event, key: '🎉' });

  const answer = town.canaries.text('we shall');
  await town.whatsapp.write(bob.id, self.id, answer, { replyTo: mine.message.id });
  const reply = await inRoom(portal, 'the reply', (event) => bodyOf(event).includes(answer));
  expect(reply.content['m.relates_to']).toMatchObject({ 'm.in_reply_to': { event_id: mine.event } });

  const slip = await bobSays('at nein');
  const right = town.canaries.text('at nine');
  await town.whatsapp.edit(bob.id, self.id, slip.id, right);
  const edit = await inRoom(portal, 'the edit', (event) => bodyOf(event).endsWith(right));
  expect(edit.content['m.relates_to']).toMatchObject({ rel_type: 'm.replace', event_id: slip.event.event_id });
  await town.whatsapp.remove(bob.id, self.id, slip.id);
  await inRoom(portal, 'the deletion', ({ event_id: id, unsigned }) => {
    return id === slip.event.event_id && unsigned?.['redacted_because'] !== undefined;
  });
}, 90_000);

test('what is typed on the phone appears as its person, once', async () => {
  const typed = town.canaries.text('typed on the phone');
  await town.whatsapp.write(self.id, bob.id, typed);
  await alice.until('the message', async () => (await alice.bodies(portal, alice.id)).includes(typed));
  await bobSays('and the answer');
  expect((await alice.bodies(portal)).filter((body) => body === typed)).toHaveLength(1);
  const there = await town.whatsapp.messages(bob.id, self.id);
  expect(there.filter(({ text }) => text === typed)).toHaveLength(1);
}, 90_000);

test('a group is one named room, its people are ghosts, and texts go both ways', async () => {
  const subject = town.canaries.secret('the name of a group', 'Wandergruppe Fernweh');
  const group = await town.whatsapp.createGroup(carol.id, subject, [self.id, bob.id]);
  const hello = town.canaries.text('hello everybody');
  await town.whatsapp.write(carol.id, group.id, hello);
  const room = await alice.roomOf(hello);
  expect(alice.client.getRoom(room)?.name).toBe(subject);
  const first = await inRoom(room, 'the first message', (event) => bodyOf(event) === hello);
  expect(first.sender).not.toBe(ghost);
  const also = town.canaries.text('me too');
  await town.whatsapp.write(bob.id, group.id, also);
  const second = await inRoom(room, 'what Bob says', (event) => bodyOf(event) === also);
  // One person is one ghost, here and in the direct chat.
  expect(second.sender).toBe(ghost);

  const answer = town.canaries.text('and me');
  await alice.say(room, answer);
  for (const reader of [bob, carol]) {
    const seen = await town.whatsapp.waitForText(reader.id, group.id, answer);
    expect(seen.from).toBe(self.id);
  }
  const typed = town.canaries.text('from my phone, to all');
  await town.whatsapp.write(self.id, group.id, typed);
  await alice.until('her own words', async () => (await alice.bodies(room, alice.id)).includes(typed));

  const avatar = async (): Promise<unknown> =>
    (await alice.state(room)).find(({ type }) => type === 'm.room.avatar')?.content['url'];
  await town.whatsapp.command('changeGroup', { by: carol.id, group: group.id, picture: true });
  await alice.until('the picture of the group', avatar);
  const options = { type: 'image/jpeg', includeFilename: false };
  const { content_uri: url } = await alice.client.uploadContent(labelledJpeg('of Alice'), options);
  await alice.client.sendStateEvent(room, 'm.room.avatar' as never, { url } as never);
  const set = await town.whatsapp.waitFor(async () => {
    const { jpeg = '' } = (await town.whatsapp.command('picture', { of: group.id })) ?? {};
    return jpegFrame(Buffer.from(jpeg, 'base64'))?.width === 640;
  }, 45_000);
  expect([set, await avatar()]).toEqual([true, url]);
}, 120_000);

test('unlinked on the phone, the bridge says what to do; linked again by a code, what waited goes out', async () => {
  await town.whatsapp.command('unlink', { by: self.id });
  await management.next(/Send `login whatsapp` to link it again/);
  const early = town.canaries.text('too early');
  await alice.say(portal, early);
  await alice.until('the word that it waits', async () =>
    (await alice.bodies(portal)).some((body) => body.includes('so this message waits')),
  );
  await linkByCode(town, management, self);
  await atBobs(({ text }) => text === early);
  expect((await bobSays('there again')).event.sender).toBe(ghost);
}, 120_000);

test('logged out in the management room, the device is gone from the account', async () => {
  await management.ask('logout whatsapp', /signed out|logged out/i);
  const { devices } = await town.whatsapp.person(self.id);
  expect(devices.filter(({ simulated }) => !simulated)).toEqual([]);
  const late = town.canaries.text('is anybody there?');
  await town.whatsapp.write(bob.id, self.id, late);
  await alice.say(portal, town.canaries.text('no'));
  await alice.until('the word that there is no login', async () =>
    (await alice.bodies(portal)).some((body) => body.includes('not signed in to WhatsApp') && body.includes('login')),
  );
  expect(await alice.bodies(portal)).not.toContain(late);
}, 90_000);

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.bridge.said()).toContain('the bridge is open');
  expect(town.canaries.count).toBeGreaterThan(45);
  expect(town.leaks()).toEqual([]);
}, 60_000);
