// There and back over the toy network, on real Synapse: a login, a first message, both directions; the bridge is seen from outside only.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Person } from '../support/person.ts';
import { Town } from '../support/town.ts';

let town: Town;
let alice: Person;

beforeAll(async () => {
  town = await Town.open({ networks: ['pigeon'] });
  alice = await town.person('alice');
}, 180_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

test('a message crosses to the person who logged in, and the answer crosses back', async () => {
  const self = await town.pigeon.person('Alice Pigeon', town.canaries.secret('a network password', 'coo-9f2c1'));
  const bob = await town.pigeon.person('Bob Dovecote');
  const chat = await town.pigeon.direct(self.id, bob.id);
  const management = await town.management(alice);
  await management.ask('login pigeon', /name of your Pigeon account/);
  await management.ask(self.handle, /password/);
  await management.ask(self.password, /signed in to Pigeon as Alice Pigeon/);

  const hello = town.canaries.text('hello from the loft');
  await town.pigeon.write(bob.id, chat.id, hello);
  const portal = await alice.acceptInvitation('the portal of Bob');
  expect(await alice.until('the first message', async () => (await alice.bodies(portal)).includes(hello))).toBe(true);

  const answer = town.canaries.text('hello from the homeserver');
  await alice.say(portal, answer);
  const there = await alice.until('the answer over there', async () =>
    (await town.pigeon.messages(chat.id)).find(({ text }) => text === answer),
  );
  expect(there.by).toBe(self.id);
  expect((await town.pigeon.messages(chat.id)).map(({ text }) => text)).toEqual([hello, answer]);
  expect((await alice.bodies(portal)).filter((body) => body === hello)).toHaveLength(1);
}, 120_000);

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.bridge.said()).toContain('the bridge is open');
  expect(town.canaries.count).toBeGreaterThan(8);
  expect(town.leaks()).toEqual([]);
}, 60_000);
