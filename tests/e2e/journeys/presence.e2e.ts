// Who is online on WhatsApp, on a real Synapse that shows presence, seen by whoever writes to them.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { linkByQr, personOnWhatsApp } from '../support/logins.ts';
import type { Person } from '../support/person.ts';
import { Town } from '../support/town.ts';

let town: Town;

beforeAll(async () => {
  town = await Town.open({ networks: ['whatsapp'], presence: true, unpaced: true, homeserver: { presence: true } });
}, 300_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

interface Presence {
  readonly presence: string;
  /** Ms since the homeserver was told last. */
  readonly last_active_ago?: number;
}

async function presenceOf(viewer: Person, user: string): Promise<Presence> {
  return (await viewer.ask('GET', `/presence/${encodeURIComponent(user)}/status`)) as Presence;
}

test('a contact who is online over there is online here for as long, and one of whom nobody asks is not', async () => {
  const { whatsapp } = town;
  const account = await personOnWhatsApp(town, 'Alixandra');
  const alice = await town.person('alice');
  await linkByQr(town, await town.management(alice), account);
  const heard = async (
    name: string,
  ): Promise<{ readonly id: string; readonly ghost: string; readonly room: string }> => {
    const { id } = await personOnWhatsApp(town, name);
    const text = town.canaries.text(`I am ${name}`);
    await whatsapp.write(id, account.id, text);
    const room = await alice.acceptInvitation(`by ${name}`);
    await alice.until(`what ${name} wrote`, () => alice.sees(room, text));
    const event = (await alice.history(room)).find(({ content }) => content['body'] === text);
    return { id, room, ghost: event?.sender ?? '' };
  };
  const [ben, carla] = [await heard('Benedetto'), await heard('Carla')];
  const answer = town.canaries.text('who is there?');
  await alice.say(ben.room, answer);
  await whatsapp.waitForText(ben.id, account.id, answer);
  for (const { id } of [carla, ben]) await whatsapp.command('setAvailable', { by: id, available: true });
  const isNow = async (ghost: string): Promise<string> => (await presenceOf(alice, ghost)).presence;
  await alice.until('online', async () => (await isNow(ben.ghost)) === 'online');
  // Told a while ago, and again since: without that Synapse would have called them offline.
  const ago = async (): Promise<number> => (await presenceOf(alice, ben.ghost)).last_active_ago ?? 0;
  await alice.until('nothing said for a while', async () => (await ago()) > 15_000);
  await alice.until('said again', async () => (await ago()) < 10_000);
  expect([await isNow(ben.ghost), await isNow(carla.ghost)]).toEqual(['online', 'offline']);
  await whatsapp.command('setAvailable', { by: ben.id, available: false });
  await alice.until('gone', async () => (await isNow(ben.ghost)) === 'offline');
}, 180_000);
