// Kills while messages are under way: of the bridge, of Synapse, and a stop as service managers ask for; judged by both worlds alone.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ledger, type Ends } from '../support/ledger.ts';
import {
  loginToPigeon,
  loginToTelegram,
  loginToWhatsApp,
  talkOnPigeon,
  talkOnTelegram,
  talkOnWhatsApp,
} from '../support/logins.ts';
import type { Person } from '../support/person.ts';
import { Town } from '../support/town.ts';

let town: Town;
let alice: Person;
let ledgers: readonly Ledger[];

beforeAll(async () => {
  town = await Town.open({ networks: ['pigeon', 'telegram', 'whatsapp'], portalVersion: '11', unpaced: true });
  alice = await town.person('alice');
  const management = await town.management(alice);
  const pigeon = await loginToPigeon(town, management, 'Alicia');
  const telegram = await loginToTelegram(town, management, 'Alicja');
  const whatsapp = await loginToWhatsApp(town, management, 'Aliénor');
  // One after the other: each takes the one invitation that is new.
  const talks = [
    await talkOnPigeon(town, alice, pigeon.id, 'Bernard'),
    await talkOnTelegram(town, alice, telegram.id, 'Bertrand'),
    await talkOnWhatsApp(town, alice, whatsapp.id, 'Bérénice'),
  ];
  ledgers = await Promise.all(talks.map(async (talk) => await Ledger.open(alice, town.canaries, talk)));
}, 240_000);

afterAll(async () => {
  await town?.close();
}, 90_000);

/** Everybody speaks at once, each in their own order. */
async function talk(count: number): Promise<void> {
  await Promise.all(ledgers.flatMap((ledger) => [ledger.speak(count), ledger.hear(count)]));
}

/** What Synapse may have had in its memory only when it was killed: it never pushes that again, and the bridge finds it later. */
const forgotten = new Set<string>();

/** What both worlds have, and what they should have. */
async function judged(): Promise<{ readonly found: readonly unknown[]; readonly wanted: readonly unknown[] }> {
  // Each of those that Synapse may have forgotten once, though perhaps after what was written later; all others in their order.
  const view = ({ there, here }: Ends): unknown => ({
    here,
    there: there.filter((text) => !forgotten.has(text)),
    late: there.filter((text) => forgotten.has(text)).toSorted(),
  });
  const found = [];
  for (const ledger of ledgers) found.push(view(await ledger.settled()));
  return { found, wanted: ledgers.map((ledger) => view(ledger.expected())) };
}

/** Resolves when this many more texts were said on every side. */
async function after(count: number): Promise<void> {
  const marks = ledgers.map(({ said, heard }) => ({ said: said.length + count, heard: heard.length + count }));
  await alice.until('the talk to go on', () =>
    ledgers.every(
      ({ said, heard }, at) => said.length >= (marks[at]?.said ?? 0) && heard.length >= (marks[at]?.heard ?? 0),
    ),
  );
}

test('the portals are of version 11, as configured, in a homeserver that makes others by default', async () => {
  for (const { conversation } of ledgers) {
    const create = (await alice.state(conversation.room)).find(({ type }) => type === 'm.room.create');
    expect(create?.content['room_version']).toBe('11');
    expect(conversation.room).toMatch(/:hs\.test$/);
  }
});

test('kill -9 of the bridge and its database with messages under way both ways', async () => {
  for (let round = 0; round < 2; round += 1) {
    const talking = talk(12);
    await after(4);
    await town.bridge.kill();
    await talking;
    await town.bridge.start();
    const { found, wanted } = await judged();
    expect(found).toEqual(wanted);
  }
}, 240_000);

test('kill -9 of Synapse while it holds 1 000 events in memory and the bridge holds 1 000 others for it', async () => {
  const each = Math.ceil(1000 / ledgers.length);
  // Frozen, the bridge answers nothing: the first push hangs, and Synapse keeps what follows in its memory only.
  town.bridge.signal('SIGSTOP');
  await Promise.all(ledgers.map(async (ledger) => await ledger.speak(each)));
  for (const { said } of ledgers) for (const text of said.slice(-each)) forgotten.add(text);
  await town.homeserver.kill();
  await Promise.all(ledgers.map(async (ledger) => await ledger.hear(each)));
  town.bridge.signal('SIGCONT');
  await alice.until('the bridge to miss its homeserver', async () => !(await town.bridge.isReady()));
  await Promise.all(ledgers.map(async (ledger) => await ledger.hear(3)));
  await town.homeserver.restart();
  const { found, wanted } = await judged();
  expect(found).toEqual(wanted);
}, 240_000);

test('a stop lets what is in hand end, and the next start goes on', async () => {
  const before = town.bridge.said().length;
  const talking = talk(8);
  await after(3);
  await town.bridge.stop();
  const last = town.bridge.said().slice(before);
  expect(last).toContain('stopping: what is in hand is finished first');
  expect(last).toContain('"msg":"stopped"');
  expect(last).not.toContain('did not close cleanly');
  expect(last).not.toContain('not everything in hand ended in time');
  await talking;
  await town.bridge.start();
  const { found, wanted } = await judged();
  expect(found).toEqual(wanted);
}, 180_000);

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.bridge.said().split('the bridge is open')).toHaveLength(5);
  expect(town.canaries.count).toBeGreaterThan(100);
  expect(town.leaks()).toEqual([]);
}, 60_000);
