// Default deny on real Synapse: who is not allowed hears why, and a rule made at run time works on what is already open.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loginToPigeon, talkOnPigeon, type Conversation } from '../support/logins.ts';
import type { Person } from '../support/person.ts';
import { BOT, SERVER, Town, type Management } from '../support/town.ts';

/** A change of the rules works on open conversations within this, in ms. */
const RULE_LIMIT_MS = 60_000;
const ALICE = `@alice:${SERVER}`;

let town: Town;
let alice: Person;
let mallory: Person;
let own: Management;
let administration: Management;
let conversation: Conversation;

beforeAll(async () => {
  town = await Town.open({
    networks: ['pigeon'],
    administrators: [`@root:${SERVER}`],
    rules: [
      { allow: 'login', user: ALICE, network: 'pigeon' },
      { allow: 'bridge', user: ALICE, network: 'pigeon', chat: 'direct:*' },
    ],
  });
  const [a, m, r] = await Promise.all(['alice', 'mallory', 'root'].map(async (name) => await town.person(name)));
  if (a === undefined || m === undefined || r === undefined) throw new Error('three people live here');
  alice = a;
  mallory = m;
  administration = await town.management(r);
  own = await town.management(alice);
  const self = await loginToPigeon(town, own, 'Alice');
  conversation = await talkOnPigeon(town, alice, self.id, 'Bob');
}, 240_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

test('whoever no rule allows is told so, and may lay down no rule', async () => {
  const management = await town.management(mallory);
  expect(await management.ask('login pigeon', /may not sign in/)).toContain('no rule allows it');
  await management.ask(`allow login ${mallory.id} pigeon`, /Only administrators/);
  await management.ask('login pigeon', /may not sign in/);
}, 60_000);

test('an allowed conversation that is denied at run time stops within a minute, both ways, and its people hear why', async () => {
  const before = await conversation.there();
  const began = Date.now();
  const rule = await administration.ask(`deny bridge ${ALICE} pigeon reason the move is over`, /In force/);
  const refused = town.canaries.text('too late');
  const event = await alice.say(conversation.room, refused);
  const notice = await alice.until('the refusal', async () =>
    (await alice.history(conversation.room)).find(
      ({ sender, content }) => sender === BOT && JSON.stringify(content).includes(event),
    ),
  );
  expect(notice.content['body']).toContain('the move is over');
  const unheard = town.canaries.text('nobody hears this');
  await conversation.write(unheard);
  expect(await own.next(/are not brought here/)).toContain('the move is over');
  expect(Date.now() - began).toBeLessThan(RULE_LIMIT_MS);
  expect(await conversation.there()).toEqual(before);
  expect(await conversation.here()).not.toContain(unheard);

  const id = /\br-[\w-]+/.exec(rule)?.[0] ?? rule;
  await administration.ask(`rules remove ${id}`, /is removed/);
  const heard = town.canaries.text('once more');
  await alice.say(conversation.room, heard);
  await alice.until('the message over there', async () => (await conversation.there()).includes(heard));
  expect(await conversation.there()).not.toContain(refused);
}, 150_000);

test('somebody new is written to when a rule made at run time allows it, and not before', async () => {
  const carol = await town.pigeon.person('Carol');
  const told = await own.ask(`start-chat pigeon ${carol.handle}`, /may not begin this conversation/);
  const [line] = /allow start-chat \S+ pigeon/.exec(told) ?? [];
  expect(line).toBe(`allow start-chat ${ALICE} pigeon`);
  await administration.ask(String(line), /In force/);
  await own.ask(`start-chat pigeon ${carol.handle}`, /opening the conversation/);
}, 60_000);

test('a login that is denied at run time ends within a minute, and comes back when it is allowed again', async () => {
  const began = Date.now();
  const rule = await administration.ask(`deny login ${ALICE} pigeon reason holidays`, /In force/);
  expect(await own.next(/holidays/)).toMatch(/Pigeon/);
  expect(Date.now() - began).toBeLessThan(RULE_LIMIT_MS);
  await administration.ask(`rules remove ${/\br-[\w-]+/.exec(rule)?.[0] ?? rule}`, /is removed/);
  const back = town.canaries.text('back from the holidays');
  await conversation.write(back);
  await alice.until('the message', async () => (await conversation.here()).includes(back), RULE_LIMIT_MS);
}, 150_000);

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.bridge.said()).toContain('the bridge is open');
  expect(town.canaries.count).toBeGreaterThan(12);
  expect(town.leaks()).toEqual([]);
}, 60_000);
