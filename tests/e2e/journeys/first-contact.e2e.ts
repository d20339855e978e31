// First contact on real Synapse as clients do it: encrypted invitations, "Message" buttons, a homeserver that encrypts by default.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loginToPigeon, talkOnPigeon, type Conversation } from '../support/logins.ts';
import { bodyOf, type Person } from '../support/person.ts';
import { BOT, Management, Town } from '../support/town.ts';

let town: Town;
let alice: Person;
let paul: Person;
let management: Management;
let self: { readonly id: string };
let conversation: Conversation;
/** Ghosts of people who never wrote to Alice alone. */
let carol: { readonly id: string; readonly ghost: string };
let dora: { readonly id: string; readonly ghost: string };

beforeAll(async () => {
  town = await Town.open({ networks: ['pigeon'] });
  alice = await town.person('alice');
  paul = await town.person('paul');
}, 240_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

test('the bot invited to an encrypted room says in clear that it cannot read it, and opens a room of its own', async () => {
  const encrypted = await alice.openRoomWith(BOT, true);
  const said = await alice.until('a word in clear', async () =>
    (await alice.history(encrypted)).find(({ type, sender }) => type === 'm.room.message' && sender === BOT),
  );
  expect(bodyOf(said)).toContain('I cannot read encrypted rooms yet');
  const own = await alice.acceptInvitation('the bot’s own room');
  expect((await alice.state(own)).some(({ type }) => type === 'm.room.encryption')).toBe(false);
  management = new Management(alice, own);
  await management.next(/Write `help`/);
  self = await loginToPigeon(town, management, 'Alice');
  conversation = await talkOnPigeon(town, alice, self.id, 'Bob');
}, 90_000);

test('a first line written together with the invitation of the bot is answered', async () => {
  const room = await paul.openRoomWith(BOT);
  await paul.say(room, 'help');
  const said = await paul.until('greeting and help', async () => {
    const bodies = await paul.bodies(room, BOT);
    return bodies.length > 1 ? bodies : undefined;
  });
  expect(said).toEqual([expect.stringContaining('I am the bridge'), expect.stringContaining('What I can do for you')]);
}, 60_000);

test('in a portal, encryption cannot be switched on by anybody but the bot', async () => {
  await expect(
    alice.ask('PUT', `/rooms/${encodeURIComponent(conversation.room)}/state/m.room.encryption`, {
      algorithm: 'm.megolm.v1.aes-sha2',
    }),
  ).rejects.toThrow('M_FORBIDDEN');
});

test('people of a group have ghosts, and the group one room', async () => {
  const [c, d] = [await town.pigeon.person('Carol'), await town.pigeon.person('Dora')];
  const group = await town.pigeon.group('The Loft', [self.id, c.id, d.id]);
  const texts = [town.canaries.text('carol in the loft'), town.canaries.text('dora in the loft')];
  await town.pigeon.write(c.id, group.id, texts[0] ?? '');
  await town.pigeon.write(d.id, group.id, texts[1] ?? '');
  const room = await alice.acceptInvitation('the group');
  const senders = await alice.until('both messages', async () => {
    const events = (await alice.history(room)).filter((event) => texts.includes(bodyOf(event)));
    return events.length === 2 ? events.map(({ sender }) => sender) : undefined;
  });
  expect(new Set(senders).size).toBe(2);
  carol = { id: c.id, ghost: senders[0] ?? '' };
  dora = { id: d.id, ghost: senders[1] ?? '' };
}, 60_000);

test('a ghost invited by its "Message" button makes that room the conversation', async () => {
  const room = await alice.openRoomWith(carol.ghost);
  const text = town.canaries.text('a word to carol alone');
  await alice.say(room, text);
  const chat = await town.pigeon.direct(self.id, carol.id);
  const there = await alice.until('the message over there', async () =>
    (await town.pigeon.messages(chat.id)).find((message) => message.text === text),
  );
  expect(there.by).toBe(self.id);
  const answer = town.canaries.text('carol answers');
  await town.pigeon.write(carol.id, chat.id, answer);
  await alice.until('the answer in the same room', async () =>
    (await alice.bodies(room, carol.ghost)).includes(answer),
  );
  const state = await alice.state(room);
  expect(state.find(({ type }) => type === 'm.bridge')?.sender).toBe(BOT);
  // Made so by the homeserver, for whoever is invited with the room's making: nobody can take it away.
  const creation = state.find(({ type }) => type === 'm.room.create')?.content;
  expect(creation).toMatchObject({ room_version: '12', additional_creators: [carol.ghost] });
}, 90_000);

test('a ghost whose conversation has a room sends its person there and leaves', async () => {
  const room = await alice.openRoomWith(conversation.ghost);
  const said = await alice.until('what the ghost says', async () =>
    (await alice.history(room)).find(({ type, sender }) => type === 'm.room.message' && sender === conversation.ghost),
  );
  expect(bodyOf(said)).toContain(conversation.room);
  await alice.until('the ghost to leave', async () =>
    (await alice.history(room)).some(
      ({ state_key: who, content }) => who === conversation.ghost && content['membership'] === 'leave',
    ),
  );
}, 60_000);

test('a ghost invited by somebody without a login says how to get one and leaves', async () => {
  const room = await paul.openRoomWith(dora.ghost);
  const said = await paul.until('what the ghost says', async () =>
    (await paul.history(room)).find(({ type, sender }) => type === 'm.room.message' && sender === dora.ghost),
  );
  expect(bodyOf(said)).toContain('login pigeon');
  await paul.until('the ghost to leave', async () =>
    (await paul.history(room)).some(
      ({ state_key: who, content }) => who === dora.ghost && content['membership'] === 'leave',
    ),
  );
}, 60_000);

test('a ghost invited to an encrypted room says in clear why it leaves', async () => {
  const room = await alice.openRoomWith(dora.ghost, true);
  const said = await alice.until('what the ghost says', async () =>
    (await alice.history(room)).find(({ type, sender }) => type === 'm.room.message' && sender === dora.ghost),
  );
  expect(bodyOf(said)).toContain('encrypted');
}, 60_000);

test('a homeserver that encrypts every room is noticed: the new portal says that nothing written there leaves it', async () => {
  await town.homeserver.restart({ encryptByDefault: true });
  const erik = await town.pigeon.person('Erik');
  const chat = await town.pigeon.direct(self.id, erik.id);
  const hello = town.canaries.text('hello of erik');
  await town.pigeon.write(erik.id, chat.id, hello);
  const room = await alice.acceptInvitation('the portal of Erik');
  expect((await alice.state(room)).some(({ type }) => type === 'm.room.encryption')).toBe(true);
  await alice.until('the warning', async () =>
    (await alice.bodies(room, BOT)).some((body) => body.includes('turned encryption on in this room')),
  );
  // What the network sends still arrives, in clear.
  await alice.until('the message', async () => (await alice.bodies(room)).includes(hello));
}, 120_000);

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.bridge.said()).toContain('the bridge is open');
  expect(town.canaries.count).toBeGreaterThan(14);
  expect(town.leaks()).toEqual([]);
}, 60_000);
