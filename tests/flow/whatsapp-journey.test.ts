// A person's whole way on WhatsApp: link by QR code, talk with a contact both ways, over a restart and a kill of the bridge.
// The bridge is a process of its own, between the homeserver double and the simulated WhatsApp.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import type { Bridge } from './journey/bridge.ts';
import { eventually, numbered, type Person } from './journey/person.ts';
import { BOT, type Town } from './journey/town.ts';
import { openWhatsAppTown } from './journey/whatsapp.ts';

const QR = /https:\/\/wa\.me\/settings\/linked_devices#[^\s"\\<]+/;

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let bridge: Bridge;
let camille: Person;
let account: Contact;
let alice: Contact;
let management: string;
let portal: string;
let ghost: string;

beforeAll(async () => {
  town = await openWhatsAppTown();
  ({ sandbox: whatsapp, bridge, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  alice = await whatsapp.createPerson({ name: 'Alice Martin' });
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

const said = async (text: string): Promise<string> => await whatsapp.write(alice.id, account.id, text);

interface Line {
  readonly id: string;
  readonly text: string;
}

/** The chat as Alice's phone has it, each message of one id once. */
async function onWhatsApp(): Promise<readonly Line[]> {
  const lines = new Map<string, Line>();
  for (const one of await whatsapp.messages(alice.id, account.id)) {
    const { id, kind, target, text, from } = one;
    const who = from === alice.id ? 'alice' : 'camille';
    const about = target ?? '';
    const before = lines.get(about);
    if (kind === 'text' && !lines.has(id)) lines.set(id, { id, text: `${who}: ${text}` });
    if (kind === 'edit' && before !== undefined) lines.set(about, { ...before, text: `${who}: ${text}` });
    if (kind === 'revoke') lines.delete(about);
  }
  return [...lines.values()];
}

const arrived = async (text: string): Promise<Line> =>
  await eventually(text, async () => (await onWhatsApp()).find((line) => line.text === `camille: ${text}`));

describe('a person on Matrix with a contact on WhatsApp', () => {
  test('links the account by the QR code in the management room', async () => {
    management = await camille.directRoom(BOT);
    await camille.answer(management, 'I am the bridge');
    await camille.say(management, 'login whatsapp');
    const shown = await camille.heard(management, 'a QR code', ({ content }) => QR.test(JSON.stringify(content)));
    expect(shown.content).toMatchObject({
      msgtype: 'm.image',
      filename: 'qr-code.png',
      info: { mimetype: 'image/png' },
    });
    const [qr] = QR.exec(JSON.stringify(shown.content)) ?? [];
    await whatsapp.scanQr(account.id, qr ?? '');
    const told = await camille.answer(management, `You are signed in to WhatsApp as +${account.phone}`);
    expect(told.sender).toBe(BOT);
  });

  test('is told which account is linked when another one is asked for, and no code is shown', async () => {
    await camille.say(management, 'login whatsapp code');
    const told = await camille.answer(management, 'You have linked WhatsApp already');
    expect(told.content['body']).toContain(`+${account.phone}`);
  });

  test('is invited by the first message, to a room that bears the name of who wrote and no number', async () => {
    await said('hello from WhatsApp');
    portal = await camille.nextRoom();
    const first = await camille.answer(portal, 'hello from WhatsApp');
    ghost = first.sender;
    expect(ghost).toMatch(/^@_wa_/);
    expect(ghost).not.toContain(alice.phone);
    expect((await camille.profile(ghost))['displayname']).toMatch(/Alice Martin/);
  });

  test('answers there and back, with edits and deletions', async () => {
    await camille.say(portal, 'hello from Matrix');
    await arrived('hello from Matrix');
    const slip = await camille.say(portal, 'tpyo');
    const there = await arrived('tpyo');
    await camille.send(portal, {
      msgtype: 'm.text',
      body: '* typo',
      'm.new_content': { msgtype: 'm.text', body: 'typo' },
      'm.relates_to': { rel_type: 'm.replace', event_id: slip },
    });
    expect((await arrived('typo')).id).toBe(there.id);
    await camille.redact(portal, slip);
    await eventually('the deletion', async () => (await onWhatsApp()).every(({ id }) => id !== there.id));

    const id = await said('herd you');
    const event = await camille.answer(portal, 'herd you');
    await whatsapp.edit(alice.id, account.id, id, 'heard you');
    await camille.answer(portal, 'heard you');
    await whatsapp.remove(alice.id, account.id, id);
    await camille.heard(portal, 'the deletion', ({ event_id: one, unsigned }) => {
      return one === event.event_id && unsigned?.redacted_because !== undefined;
    });
  });

  test('reacts there and back', async () => {
    const sent = await camille.say(portal, 'good news');
    const { id } = await arrived('good news');
    await whatsapp.react(alice.id, account.id, id, '🎉');
    const reaction = await camille.heard(portal, 'a reaction', ({ type }) => type === 'm.reaction');
    expect(reaction.content['m.relates_to']).toMatchObject({ event_id: sent, key: '🎉' });
    expect(reaction.sender).toBe(ghost);
    await said('better news');
    const theirs = await camille.answer(portal, 'better news');
    const relation = { rel_type: 'm.annotation', event_id: theirs.event_id, key: '👍' };
    await camille.send(portal, { 'm.relates_to': relation }, 'm.reaction');
    await eventually('the reaction', async () =>
      (await whatsapp.messages(alice.id, account.id)).some(({ kind, text }) => kind === 'reaction' && text === '👍'),
    );
  });

  test('sees what was typed on the telephone as their own', async () => {
    await whatsapp.write(account.id, alice.id, 'typed on the phone');
    const own = await camille.heard(portal, 'own words', ({ content }) => content['body'] === 'typed on the phone');
    expect(own.sender).toBe(camille.id);
  });

  test('has a line that broke opened again by a word', async () => {
    await camille.say(management, 'reconnect whatsapp');
    await camille.answer(management, 'You are connected.');
    const breaks = (): number => bridge.log().split('"state":"offline"').length;
    const before = breaks();
    await whatsapp.command('refuseConnections', { ms: 600_000 });
    await whatsapp.command('killSockets', { person: account.id });
    await eventually('a broken line', async () => await Promise.resolve(breaks() > before));
    await camille.say(management, 'reconnect whatsapp');
    await camille.answer(management, 'I am opening the connection to WhatsApp');
    await whatsapp.command('refuseConnections', { ms: 0 });
    await said('over the new line');
    expect((await camille.answer(portal, 'over the new line')).sender).toBe(ghost);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('misses nothing while the bridge is away after %s', async (signal) => {
    await bridge.stop(signal);
    const before = (await camille.conversation(portal)).length;
    const there = numbered(`there after ${signal}`, 8);
    const here = numbered(`here after ${signal}`, 3);
    for (const text of there) await said(text);
    for (const text of here) await camille.say(portal, text);
    await bridge.start();
    for (const text of here) await arrived(text);
    await camille.answer(portal, String(there.at(-1)));
    await said(`back after ${signal}`);
    await camille.answer(portal, `back after ${signal}`);
    const name = ghost.split(':')[0] ?? '';
    const heard = (await camille.conversation(portal)).slice(before);
    expect(heard.filter((line) => line.startsWith(name))).toEqual(
      [...there, `back after ${signal}`].map((text) => `${name}: ${text}`),
    );
    const sent = (await onWhatsApp()).map(({ text }) => text).filter((text) => text.startsWith('camille: here after'));
    expect(sent.filter((text) => text.includes(signal))).toEqual(here.map((text) => `camille: ${text}`));
  });

  test('loses nothing when it is killed while people talk', async () => {
    const texts = numbered('in the storm', 20);
    const before = (await camille.conversation(portal)).length;
    for (const [n, text] of texts.entries()) {
      await said(text);
      if (n === 10) await bridge.stop('SIGKILL');
    }
    await bridge.start();
    await camille.answer(portal, String(texts.at(-1)));
    const name = ghost.split(':')[0] ?? '';
    const heard = (await camille.conversation(portal)).slice(before);
    expect(heard).toEqual(texts.map((text) => `${name}: ${text}`));
  });

  test('is told what to do when the phone unlinks the bridge', async () => {
    await whatsapp.command('unlink', { by: account.id });
    await camille.answer(management, 'Send `login whatsapp` to link it again.');
    await camille.say(portal, 'too early');
    const told = await camille.answer(portal, 'so this message waits');
    expect(told.content['body']).toContain('`login whatsapp`');
    expect((await onWhatsApp()).map(({ text }) => text)).not.toContain('camille: too early');
  });

  test('links it again, by a code typed on the phone, and goes on in the same room', async () => {
    await said('while nobody was linked');
    await camille.say(management, 'login whatsapp code');
    await camille.answer(management, 'Send the phone number of your WhatsApp account');
    await camille.say(management, `+${account.phone}`);
    const shown = await camille.answer(management, 'type this code');
    const [code] = /[\dA-Z]{4}-[\dA-Z]{4}/.exec(String(shown.content['body'])) ?? [];
    await whatsapp.typeCode(account.id, (code ?? '').replace('-', ''));
    await camille.answer(management, `You are signed in to WhatsApp as +${account.phone}`, 2);
    await arrived('too early');
    await said('linked again');
    expect((await camille.answer(portal, 'linked again')).sender).toBe(ghost);
  });

  test('leaves no number and no text in the logs', () => {
    const log = bridge.log();
    expect(log).toContain('the bridge is open');
    for (const secret of [account.phone, alice.phone, 'hello from', 'typed on', 'Alice'])
      expect(log).not.toContain(secret);
  });
});
