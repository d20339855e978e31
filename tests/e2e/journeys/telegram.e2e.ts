// Telegram's first light on real Synapse: a login in French, rooms that appear, both directions, the phone; seen from outside only.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EventType } from 'matrix-js-sdk';
import type { Person as Human } from '../../../sandbox/telegram/control-client.ts';
import type { Person } from '../support/person.ts';
import { BOT, Town, type Management } from '../support/town.ts';

let town: Town;
let alice: Person;
let management: Management;
let self: Human;
let bob: Human;
let portal: string;

const CLOUD_PASSWORD = 'correct-horse-7731';

beforeAll(async () => {
  town = await Town.open({ networks: ['telegram'], doublePuppet: true });
  const { telegram, canaries } = town;
  self = await telegram.createPerson({
    firstName: canaries.secret('a first name', 'Alixandra'),
    phone: canaries.secret('a phone number', '4915735984217'),
    password: canaries.secret('a cloud password', CLOUD_PASSWORD),
  });
  bob = await telegram.createPerson({
    firstName: canaries.secret('a first name', 'Bobadilla'),
    lastName: canaries.secret('a last name', 'Fernweh'),
    username: canaries.secret('a username', 'bobadilla_fernweh'),
    photo: true,
  });
  // What Alice calls him is her own business.
  await telegram.addContact(self.id, bob.id, canaries.secret('a private name', 'Bobby-from-work'));
  alice = await town.person('alice');
}, 180_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

test('the bot greets in its room, help follows the language', async () => {
  management = await town.management(alice);
  expect(await management.ask('help', /What I can do for you/)).toMatch(/`login <network>/);
  await management.ask('lang fr', /Je vous parle désormais en français/);
  expect(await management.ask('aide', /Ce que je peux faire pour vous/)).toMatch(/`connexion <réseau>/);
}, 60_000);

test('a login by phone, code and password, whose typed secrets leave the room at once', async () => {
  await management.ask('connexion telegram phone', /numéro de téléphone/);
  await management.ask(`+${self.phone}`, /code/);
  const { code } = await town.telegram.waitForCode(self.phone);
  town.canaries.secret('a login code', code);
  await management.ask(code, /(?:mot de passe|second)/i);
  await management.ask(CLOUD_PASSWORD, /Vous êtes connecté à Telegram en tant que Alixandra/);
  const typed = await alice.until('the secrets to be gone', async () => {
    const bodies = await alice.bodies(management.room, alice.id);
    return bodies.some((body) => body === code || body === CLOUD_PASSWORD) ? undefined : bodies;
  });
  expect(typed).toContain('connexion telegram phone');
  expect(JSON.stringify(await alice.history(management.room))).not.toContain(CLOUD_PASSWORD);
}, 90_000);

test('a first message opens a direct room, with a ghost whose name and picture are the public ones', async () => {
  const hello = town.canaries.text('guten Tag');
  await town.telegram.write(bob.id, self.id, hello);
  portal = await alice.roomOf(hello);
  const first = (await alice.history(portal)).find(({ content }) => content['body'] === hello);
  const ghost = String(first?.sender);
  expect(ghost).toMatch(/^@_tg_[a-z0-9]+:hs\.test$/);
  expect(ghost).not.toContain(bob.id);
  const profile = await alice.client.getProfileInfo(ghost);
  // Telegram shows a contact's private name only: the ghost, which others may see, has the username.
  expect(profile.displayname).toBe('@bobadilla_fernweh (Telegram)');
  expect(alice.client.getRoom(portal)?.name).toBe('@bobadilla_fernweh');
  expect(profile.avatar_url).toMatch(/^mxc:\/\/hs\.test\//);

  const direct = await alice.until('the direct flag', () =>
    alice.client.getAccountData(EventType.Direct)?.getContent<Record<string, string[]>>(),
  );
  expect(direct[ghost]).toEqual([portal]);
  const state = await alice.state(portal);
  const bridge = state.find(({ type }) => type === 'm.bridge');
  expect(bridge?.content).toMatchObject({ bridgebot: BOT, protocol: { id: 'telegram' } });
  expect(state.some(({ type }) => type === 'uk.half-shot.bridge')).toBe(true);
  // Clients would show the opaque alias as the name of a room that has none.
  expect(state.find(({ type }) => type === 'm.room.canonical_alias')?.content).toEqual({});
  const levels = state.find(({ type }) => type === 'm.room.power_levels')?.content['users'] as Record<string, number>;
  expect(Object.keys(levels)).not.toContain(ghost);
}, 90_000);

test('both directions, in the order in which they were written', async () => {
  const there = [1, 2, 3, 4, 5].map((n) => town.canaries.text(`from Matrix ${n}`));
  const here = [1, 2, 3, 4, 5].map((n) => town.canaries.text(`from Telegram ${n}`));
  for (const [index, text] of there.entries()) {
    await alice.say(portal, text);
    await town.telegram.write(bob.id, self.id, here[index] ?? '');
  }
  const arrived = await town.telegram.waitFor(async () => {
    const own = (await town.telegram.messages(bob.id, self.id)).filter(({ from }) => from === self.id);
    return own.length >= there.length ? own.map(({ text }) => text) : undefined;
  }, 45_000);
  expect(arrived).toEqual(there);
  const bodies = await alice.until('all five', async () => {
    const now = (await alice.bodies(portal)).filter((body) => here.includes(body));
    return now.length >= here.length ? now : undefined;
  });
  expect(bodies).toEqual(here);
}, 90_000);

test('what is typed on the phone appears as its person, once', async () => {
  const typed = town.canaries.text('typed on the phone');
  await town.telegram.write(self.id, bob.id, typed);
  await alice.until('the message', async () => (await alice.bodies(portal, alice.id)).includes(typed));
  const after = town.canaries.text('and the answer');
  await town.telegram.write(bob.id, self.id, after);
  await alice.until('the answer', async () => (await alice.bodies(portal)).includes(after));
  expect((await alice.bodies(portal)).filter((body) => body === typed)).toHaveLength(1);
  expect((await town.telegram.messages(bob.id, self.id)).filter(({ text }) => text === typed)).toHaveLength(1);
}, 90_000);

test('a conversation begun from Matrix', async () => {
  const carla = await town.telegram.createPerson({ firstName: 'Carlotta', username: 'carlotta_e2e' });
  const said = await management.ask('discuter @carlotta_e2e', /J’ouvre la conversation|Votre conversation/);
  expect(said).toContain('Carlotta');
  const room = await alice.until('her room', () =>
    alice.client.getRooms().find(({ name, roomId }) => name.startsWith('Carlotta') && roomId !== portal),
  );
  const text = town.canaries.text('a first word');
  await alice.until('being in it', () => room.getMyMembership() === 'join');
  await alice.say(room.roomId, text);
  const [first] = await town.telegram.waitFor(async () => {
    const all = await town.telegram.messages(carla.id, self.id);
    return all.length > 0 ? all : undefined;
  }, 45_000);
  expect(first).toMatchObject({ text, from: self.id });
  // No contact: her public name is shown.
  const ghosts = room.getMembers().filter(({ userId }) => userId.startsWith('@_tg_'));
  expect(ghosts.map(({ rawDisplayName }) => rawDisplayName)).toEqual(['Carlotta (Telegram)']);
}, 90_000);

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.bridge.said()).toContain('the bridge is open');
  expect(town.canaries.count).toBeGreaterThan(25);
  expect(town.leaks()).toEqual([]);
}, 60_000);
