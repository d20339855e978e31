// What crosses, kind by kind, on real Synapse: does everything, and compares what was seen with docs/features.md, row by row.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deeds, directions, places, type Deed, type DeedPlace, type Place } from '../features/kinds.ts';
import { parse, render, type Deeds, type Page, type Section } from '../features/page.ts';
import { beside, done, type Field, type Hands } from './support/features/deeds.ts';
import { farOnTelegram, farOnWhatsApp, type Far } from './support/features/far.ts';
import { groupHands } from './support/features/group-deeds.ts';
import { seenInMatrix } from './support/features/to-matrix.ts';
import { seenOverThere } from './support/features/to-network.ts';
import { linkByQr, loginToTelegram, personOnWhatsApp } from './support/logins.ts';
import { bodyOf, type Person } from './support/person.ts';
import { Town } from './support/town.ts';

const FILE = fileURLToPath(new URL('../../docs/features.md', import.meta.url));
/** `FEATURES=write`: the page is what was seen. */
const writes = process.env['FEATURES'] === 'write';
const page: Page = writes ? { places: {}, deeds: {} } : parse(readFileSync(FILE, 'utf8'));

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
  const room = await person.roomOf(hello);
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

/** Somebody who is linked, with a room with a contact. */
async function fieldOf(name: string, called: string): Promise<Field> {
  const person = await town.person(name);
  const management = await town.management(person);
  const [self, contact] = [await personOnWhatsApp(town, called), await personOnWhatsApp(town, `Freund ${called}`)];
  await linkByQr(town, management, self);
  const hello = town.canaries.text('hello');
  await town.whatsapp.write(contact.id, self.id, hello);
  const room = await person.roomOf(hello);
  const [first] = (await person.history(room)).filter((event) => bodyOf(event) === hello);
  return { town, person, management, self, contact, room, ghost: first?.sender ?? '' };
}

const does: Readonly<Record<DeedPlace, () => Promise<Deeds>>> = {
  'WhatsApp, beside messages': async () =>
    await done(await fieldOf('agathe', 'Agathe'), deeds['WhatsApp, beside messages'], beside),
  'WhatsApp, groups themselves': async () => {
    const field = await fieldOf('adele', 'Adèle');
    const hands: Readonly<Record<string, Hands>> = groupHands(await personOnWhatsApp(town, 'Dorothée'));
    return await done(field, deeds['WhatsApp, groups themselves'], hands);
  },
};

const all = Object.keys(places) as readonly Place[];
const allDeeds = Object.keys(deeds) as readonly DeedPlace[];

beforeAll(async () => {
  const networks = ['telegram', 'whatsapp'] as const;
  town = await Town.open({ networks, unpaced: true, doublePuppet: true, presence: true });
  const [sections, tables] = await Promise.all([
    Promise.all(all.map(async (place) => [place, await look(place)] as const)),
    Promise.all(allDeeds.map(async (place) => [place, await does[place]()] as const)),
  ]);
  seen = { places: Object.fromEntries(sections), deeds: Object.fromEntries(tables) };
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
    expect(seen.places[place]?.[direction]?.[kind]).toEqual(wanted.places[place]?.[direction]?.[kind]);
  });
});

describe.each(allDeeds)('%s', (place) => {
  test.each(deeds[place].map(({ name }: Deed) => name))('%s', (name) => {
    const wanted = writes ? parse(render(seen)) : page;
    expect(seen.deeds[place]?.[name]).toEqual(wanted.deeds[place]?.[name]);
  });
});

test('no row stands in the page that was not seen', () => {
  expect(render(seen)).toBe(readFileSync(FILE, 'utf8'));
});

test('nothing secret and no text stands in the output', async () => {
  await town.bridge.stop();
  expect(town.canaries.count).toBeGreaterThan(300);
  expect(town.leaks()).toEqual([]);
}, 60_000);
