// On a Synapse that loads Tchap's room access rules: direct portals, groups, and rooms that people opened by themselves.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loginToPigeon, talkOnPigeon, type Conversation } from '../support/logins.ts';
import { bodyOf, type Person } from '../support/person.ts';
import { BOT, Management, Town } from '../support/town.ts';

let town: Town;
let alice: Person;
let management: Management;
let self: { readonly id: string };
let conversation: Conversation;

beforeAll(async () => {
  town = await Town.open({ networks: ['pigeon'], roomVersion: '11', homeserver: { accessRules: true } });
  alice = await town.person('alice');
  management = await town.management(alice);
  self = await loginToPigeon(town, management, 'Alice');
}, 240_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

test('where access rules allow two people in a direct room, a direct portal has its three', async () => {
  conversation = await talkOnPigeon(town, alice, self.id, 'Bob');
  const state = await alice.state(conversation.room);
  const members = state.filter(({ type, content }) => type === 'm.room.member' && content['membership'] === 'join');
  expect(new Set(members.map(({ state_key: who }) => who))).toEqual(new Set([alice.id, BOT, conversation.ghost]));
  const rule = state.find(({ type }) => type === 'im.vector.room.access_rules');
  expect(rule?.content).toEqual({ rule: 'restricted' });
  // Clients mark a room as direct by its invitation.
  const invitation = (await alice.history(conversation.room)).find(
    ({ state_key: who, content }) => who === alice.id && content['membership'] === 'invite',
  );
  expect(invitation?.content['is_direct']).toBe(true);
  const text = town.canaries.text('a word to bob');
  await alice.say(conversation.room, text);
  await alice.until('the word over there', async () => (await conversation.there()).includes(text));
}, 60_000);

test('a direct room of a person with a ghost lets no bot in under access rules: the ghost sends its person to the portal', async () => {
  // A ghost of somebody who never wrote to Alice alone.
  const carol = await town.pigeon.person('Carol');
  const group = await town.pigeon.group('The Loft', [self.id, carol.id]);
  const text = town.canaries.text('carol in the loft');
  await town.pigeon.write(carol.id, group.id, text);
  const loft = await alice.acceptInvitation('the group');
  const ghost = await alice.until(
    'the message of Carol',
    async () => (await alice.history(loft)).find((event) => bodyOf(event) === text)?.sender,
  );
  const room = await alice.openRoomWith(ghost);
  const portal = await alice.acceptInvitation('the portal of Carol');
  const said = await alice.until('what the ghost says', async () =>
    (await alice.history(room)).find(({ type, sender }) => type === 'm.room.message' && sender === ghost),
  );
  expect(bodyOf(said)).toContain(portal);
  const word = town.canaries.text('a word to carol alone');
  await alice.say(portal, word);
  const chat = await town.pigeon.direct(self.id, carol.id);
  await alice.until('the word over there', async () =>
    (await town.pigeon.messages(chat.id)).some((message) => message.by === self.id && message.text === word),
  );
}, 90_000);

test('the bot opens a management room of its own under access rules', async () => {
  const paul = await town.person('paul');
  await paul.openRoomWith(BOT, true);
  const own = await paul.acceptInvitation('the bot’s own room');
  expect(await new Management(paul, own).next(/Write `help`/)).toContain('help');
  const members = (await paul.state(own)).filter(({ type }) => type === 'm.room.member');
  expect(members).toHaveLength(2);
}, 60_000);

test('the module of access rules refuses a new name in a direct room, and levels below its own', async () => {
  const make = async (body: Readonly<Record<string, unknown>>): Promise<string> => {
    const made = await alice.ask('POST', '/createRoom', { preset: 'private_chat', ...body });
    return String((made as { readonly room_id: unknown }).room_id);
  };
  const rename = async (room: string): Promise<unknown> =>
    await alice.ask('PUT', `/rooms/${encodeURIComponent(room)}/state/m.room.name`, { name: 'another' });
  await rename(await make({ name: 'a name' }));
  await expect(rename(await make({ name: 'a name', is_direct: true }))).rejects.toThrow('M_FORBIDDEN');
  for (const levels of [{ state_default: 50 }, { invite: 49 }]) {
    await expect(make({ power_level_content_override: levels })).rejects.toThrow('Invalid power levels');
  }
});

test('with the module of access rules nobody can make a room of version 12', async () => {
  await expect(alice.ask('POST', '/createRoom', { preset: 'private_chat', room_version: '12' })).rejects.toThrow(
    'must not appear in content.users',
  );
});

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.bridge.said()).toContain('the bridge is open');
  expect(town.canaries.count).toBeGreaterThan(10);
  expect(town.leaks()).toEqual([]);
}, 60_000);
