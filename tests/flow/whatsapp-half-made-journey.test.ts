// The bridge is killed while somebody links WhatsApp: after the start that follows nothing stays linked, no code stands in the room,
// and the person knows. The bridge is a process of its own.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import { eventually, type ClientEvent, type Person } from './journey/person.ts';
import { BOT, type Town } from './journey/town.ts';
import { openWhatsAppTown } from './journey/whatsapp.ts';

const QR = /https:\/\/wa\.me\/settings\/linked_devices#[^\s"\\<]+/;
let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let camille: Person;
let account: Contact;
let management: string;

beforeAll(async () => {
  town = await openWhatsAppTown();
  ({ sandbox: whatsapp, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  management = await camille.directRoom(BOT);
  await camille.answer(management, 'I am the bridge');
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

async function killed(): Promise<void> {
  await town?.bridge.stop('SIGKILL');
  await town?.bridge.start();
}

const shows = ({ content }: ClientEvent): boolean => QR.test(JSON.stringify(content));

/** Begins to sign in. @returns the newest code */
async function code(): Promise<string> {
  await camille.say(management, 'login whatsapp');
  const shown = await camille.heard(management, 'a QR code', shows);
  return QR.exec(JSON.stringify(shown.content))?.[0] ?? '';
}

async function noCode(): Promise<void> {
  await eventually('the end of the code', async () => !(await camille.events(management)).some(shows));
}

const devices = async (): Promise<number> => (await whatsapp.person(account.id)).devices.length;

test('before the code is scanned', async () => {
  await code();
  await killed();
  expect((await camille.answer(management, 'The sign-in to WhatsApp is no longer going on')).sender).toBe(BOT);
  await noCode();
});

test('after the phone has linked the account, before WhatsApp asked for a new connection', async () => {
  await whatsapp.command('silencePairing', { on: true });
  await whatsapp.scanQr(account.id, await code());
  expect(await devices()).toBe(2);
  await whatsapp.command('silencePairing', { on: false });
  await killed();
  await camille.answer(management, 'was unlinked again');
  await noCode();
  expect(await devices()).toBe(1);
});

test('and the next sign-in goes on as any other; its code leaves the room when it has served', async () => {
  await whatsapp.scanQr(account.id, await code());
  await camille.answer(management, `You are signed in to WhatsApp as +${account.phone}`);
  await noCode();
  expect(await devices()).toBe(2);
});
