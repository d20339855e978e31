// What crosses, kind by kind, on real Synapse: does everything, and compares what was seen with docs/features.md, row by row.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { directions, places, type Place } from '../features/kinds.ts';
import { parse, render, type Page, type Section } from '../features/page.ts';
import { farOnTelegram, farOnWhatsApp, type Far } from './support/features/far.ts';
import { seenInMatrix } from './support/features/to-matrix.ts';
import { seenOverThere } from './support/features/to-network.ts';
import { linkByQr, loginToTelegram, personOnWhatsApp } from './support/logins.ts';
import { bodyOf, type Person } from './support/person.ts';
import { Town } from './support/town.ts';

const FILE = fileURLToPath(new URL('../../docs/features.md', import.meta.url));
/** `FEATURES=write`: the page is what was seen. */
const writes = process.env['FEATURES'] === 'write';
const page = writes ? {} : parse(readFileSync(FILE, 'utf8'));

let town: Town;
let seen: Page;

/** A contact at the other end of a room of ours, after the first word. */
interface Meeting {
  readonly person: Person;
  readonly far: Far;
}

const meet: Readonly<Record<Place, () => Promise<Meeting>>> = {
  'Telegram, private chats': async () => {
    const person = await town.person('alice');
    const self = await loginToTelegram(town, await town.management(person), 'Alixandra');
    const bob = await town.telegram.createPerson({ firstName: town.canaries.secret('a first name', 'Bobadilla') });
    return { person, far: farOnTelegram(town.telegram, bob.id, self.id) };
  },
  'WhatsApp, private chats': async () => {
    const person = await town.person('amelie');
    const self = await personOnWhatsApp(town, 'Amélie');
    await linkByQr(town, await town.management(person), self);
    const bob = await personOnWhatsApp(town, 'Balthazar');
    const names = { contact: bob.id, self: self.id, chat: self.id, jid: self.pn };
    return { person, far: farOnWhatsApp(town.whatsapp, names) };
  },
  'WhatsApp, groups': async () => {
    const person = await town.person('aurore');
    const self = await personOnWhatsApp(town, 'Aurore');
    await linkByQr(town, await town.management(person), self);
    const bob = await personOnWhatsApp(town, 'Barnabé');
    const subject = town.canaries.secret('the name of a group', 'Wandergruppe Fernweh');
    const { id } = await town.whatsapp.createGroup(bob.id, subject, [self.id]);
    return { person, far: farOnWhatsApp(town.whatsapp, { contact: bob.id, self: self.id, chat: id, jid: id }) };
  },
};

async function look(place: Place): Promise<Section> {
  const { person, far } = await meet[place]();
  const hello = town.canaries.text('hello');
  await far.write('text', hello);
  const room = await person.acceptInvitation(place);
  const first = await person.until('the first word', async () =>
    (await person.history(room)).find((event) => bodyOf(event) === hello),
  );
  const ground = { person, room, ghost: first.sender, far, canaries: town.canaries };
  const { content_uri: media } = await person.client.uploadContent(new Blob(['file']), { type: 'image/png' });
  const { toMatrix, toNetwork } = directions(place);
  return {
    [toMatrix]: await seenInMatrix(ground, places[place].kinds),
    [toNetwork]: await seenOverThere(ground, places[place].fromMatrix, media),
  };
}

const all = Object.keys(places) as readonly Place[];

beforeAll(async () => {
  town = await Town.open({ networks: ['telegram', 'whatsapp'], unpaced: true });
  const sections = await Promise.all(all.map(async (place) => [place, await look(place)] as const));
  seen = Object.fromEntries(sections);
  if (writes) writeFileSync(FILE, render(seen));
}, 300_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

describe.each(all)('%s', (place) => {
  const { toMatrix, toNetwork } = directions(place);
  const rows = [
    ...places[place].kinds.map(({ name }) => [toMatrix, name] as const),
    ...places[place].fromMatrix.map(({ name }) => [toNetwork, name] as const),
  ];

  test.each(rows)('%s: %s', (direction, kind) => {
    const wanted = writes ? parse(render(seen)) : page;
    expect(seen[place]?.[direction]?.[kind]).toEqual(wanted[place]?.[direction]?.[kind]);
  });
});

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.canaries.count).toBeGreaterThan(300);
  expect(town.leaks()).toEqual([]);
}, 60_000);
