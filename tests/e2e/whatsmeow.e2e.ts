// whatsmeow, a client of another hand with a strict check of certificates, is linked to the simulated WhatsApp and talks there: the
// simulator is no one's mirror. Knows nothing of the bridge.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { labelledJpeg } from '../../sandbox/jpeg.ts';
import { WhatsAppSandbox, type Person } from '../../sandbox/whatsapp/control-client.ts';
import { ServerIdentity, type CertificateFlaw } from '../../sandbox/whatsapp/wire/certificate.ts';
import { WireListener } from '../../sandbox/whatsapp/wire/listener.ts';
import { buildWhatsmeow } from './support/whatsmeow-build.ts';
import { linkWhatsmeow, WhatsmeowClient } from './support/whatsmeow-client.ts';

let program: string;
let sandbox: WhatsAppSandbox;
const open: WhatsmeowClient[] = [];

beforeAll(async () => {
  program = await buildWhatsmeow();
  sandbox = await WhatsAppSandbox.start();
}, 330_000);

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

afterAll(async () => {
  await sandbox?.stop();
});

function start(): WhatsmeowClient {
  const client = new WhatsmeowClient(program);
  open.push(client);
  return client;
}

async function linked(person: Person): Promise<WhatsmeowClient> {
  const client = start();
  await linkWhatsmeow(client, sandbox, person);
  return client;
}

/** It knew every stanza, and no device of a chat was forgotten. */
async function nothingStrange(): Promise<void> {
  expect(await sandbox.command('unknown', {})).toEqual([]);
  expect(await sandbox.command('missed', {})).toEqual([]);
}

test('it is linked by QR, is restarted, logs in, and logs in again later with what it kept', async () => {
  const anna = await sandbox.createPerson({ name: 'Anna' });
  const ben = await sandbox.createPerson({ name: 'Ben' });
  const client = await linked(anna);
  const out = await sandbox.command('nodes', { kind: 'stream:error', way: 'out' });
  expect(out.map(({ attrs }) => attrs['code'])).toEqual(['515']);

  await client.do('disconnect');
  await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.online === false);
  const away = await sandbox.write(ben.id, anna.id, 'while it was away');
  const before = client.told.length;
  await client.do('connect');
  await client.event({ event: 'connected' }, before);
  expect(await client.event({ event: 'message', id: away })).toMatchObject({ text: 'while it was away' });
  const logins = await sandbox.command('logins', { person: anna.id });
  expect(logins.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  await nothingStrange();
}, 60_000);

test.each(['pn', 'lid'] as const)(
  'it sends to and receives from a contact who uses the %s: text, reaction, edit, revocation, receipts',
  async (addressing) => {
    const anna = await sandbox.createPerson({ name: 'Anna', addressing });
    const ben = await sandbox.createPerson({ name: 'Ben', companions: 1, addressing });
    const client = await linked(anna);
    // The phone shares its name with its companions, and without a name this client may not be available.
    await client.event({ event: 'name', text: 'Anna' });
    await client.do('available');
    const chat = ben[addressing];

    const id = await client.do('text', { chat, text: 'from Go' });
    for (const device of [0, 1]) {
      expect(await sandbox.waitForText(ben.id, anna.id, 'from Go', device)).toMatchObject({ id, fromDevice: 1 });
    }
    expect(await sandbox.waitForText(anna.id, ben.id, 'from Go')).toMatchObject({ id });
    await client.event({ event: 'receipt', id, kind: 'delivery' });
    await sandbox.read(ben.id, anna.id);
    await client.event({ event: 'receipt', id, kind: 'read' });

    const edited = await client.do('edit', { chat, id, text: 'better' });
    const reacted = await client.do('react', { chat, id, text: '👍' });
    const revoked = await client.do('revoke', { chat, id });
    for (const [sent, kind] of [
      [edited, 'edit'],
      [reacted, 'reaction'],
      [revoked, 'revoke'],
    ] as const) {
      const seen = await sandbox.waitFor(async () =>
        (await sandbox.messages(ben.id, anna.id)).find((one) => one.id === sent),
      );
      expect(seen).toMatchObject({ kind, target: id, readable: true });
    }

    for (const device of [0, 1]) {
      const sent = await sandbox.write(ben.id, anna.id, `from device ${device}`, { device });
      expect(await client.event({ event: 'message', id: sent })).toMatchObject({ kind: 'text', fromMe: false });
    }
    const theirs = await sandbox.write(ben.id, anna.id, 'from Ben');
    const got = await client.event({ event: 'message', id: theirs });
    expect(got).toMatchObject({ text: 'from Ben', chat, sender: chat });
    await sandbox.waitFor(async () => (await sandbox.receipts(ben.id, theirs)).some(({ type }) => type === 'delivery'));
    await client.do('read', { chat, id: theirs });
    await sandbox.waitFor(async () => (await sandbox.receipts(ben.id, theirs)).some(({ type }) => type === 'read'));

    const change = await sandbox.edit(ben.id, anna.id, theirs, 'from Ben, mended');
    expect(await client.event({ event: 'message', id: change })).toMatchObject({
      kind: 'edit',
      target: theirs,
      text: 'from Ben, mended',
    });
    const heart = await sandbox.react(ben.id, anna.id, theirs, '❤️');
    expect(await client.event({ event: 'message', id: heart })).toMatchObject({
      kind: 'reaction',
      target: theirs,
      text: '❤️',
    });
    const gone = await sandbox.remove(ben.id, anna.id, theirs);
    expect(await client.event({ event: 'message', id: gone })).toMatchObject({ kind: 'revoke', target: theirs });

    const typed = await sandbox.write(anna.id, ben.id, 'typed on the phone');
    expect(await client.event({ event: 'message', id: typed })).toMatchObject({ fromMe: true });
    expect(client.told.filter(({ event }) => event === 'unreadable')).toEqual([]);
    await nothingStrange();
  },
  60_000,
);

test.each(['pn', 'lid'] as const)(
  'it reads and writes in a group that names members by %s',
  async (addressing) => {
    const anna = await sandbox.createPerson({ name: 'Anna' });
    const ben = await sandbox.createPerson({ name: 'Ben', companions: 1 });
    const cleo = await sandbox.createPerson({ name: 'Cleo' });
    const client = await linked(anna);
    const { id: chat } = await sandbox.createGroup(ben.id, 'The quay', [anna.id, cleo.id], addressing);
    expect(await client.ask('group', { chat })).toMatchObject({ name: 'The quay', addressing });
    for (const [by, device] of [
      [ben, 0],
      [ben, 0],
      [ben, 1],
      [cleo, 0],
    ] as const) {
      const sent = await sandbox.write(by.id, chat, 'to all', { device });
      // A sender's first message also tells the group's key, which the client tells as a message of its own.
      expect(await client.event({ event: 'message', id: sent, kind: 'text' })).toMatchObject({
        chat,
        sender: by[addressing],
        text: 'to all',
      });
    }
    const id = await client.do('text', { chat, text: 'Go in the group' });
    for (const [viewer, device] of [
      [ben, 0],
      [ben, 1],
      [cleo, 0],
    ] as const) {
      expect(await sandbox.waitForText(viewer.id, chat, 'Go in the group', device)).toMatchObject({ id });
    }
    await client.event({ event: 'receipt', id, kind: 'delivery', from: cleo[addressing] });

    // What was kept of these while it was away comes as one stanza.
    await sandbox.command('setOnline', { id: cleo.id, online: false });
    const late = await client.do('text', { chat, text: 'Go for later' });
    await client.do('disconnect');
    await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.online === false);
    await sandbox.command('setOnline', { id: cleo.id, online: true });
    await sandbox.waitForText(cleo.id, chat, 'Go for later');
    await sandbox.read(cleo.id, chat, [late]);
    const before = client.told.length;
    await client.do('connect');
    for (const kind of ['delivery', 'read'])
      await client.event({ event: 'receipt', id: late, kind, from: cleo[addressing] }, before);
    await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.waiting === 0);
    expect(client.told.filter(({ event }) => event === 'unreadable')).toEqual([]);
    await nothingStrange();
  },
  60_000,
);

test('it looks at pictures, hears of new ones, and sets a group’s', async () => {
  const anna = await sandbox.createPerson({ name: 'Anna' });
  const ben = await sandbox.createPerson({ name: 'Ben', picture: true });
  const client = await linked(anna);
  const jpeg = (label: string): string => labelledJpeg(label).toString('base64');
  const [id, address] = (await client.do('picture', { chat: ben.pn })).split(' ');
  expect(id).toBe(ben.pictureId);
  expect(address).toContain('https://pps.whatsapp.net/');
  await expect(client.do('picture', { chat: anna.pn })).rejects.toThrow('does not have a profile picture');
  await sandbox.command('setPrivacy', { id: ben.id, name: 'profile', value: 'none' });
  await expect(client.do('picture', { chat: ben.pn })).rejects.toThrow('hidden their profile picture');

  const { id: chat } = await sandbox.createGroup(ben.id, 'The quay', [anna.id]);
  const set = await client.do('set-picture', { chat, text: jpeg('the quay') });
  expect(await sandbox.command('picture', { of: chat })).toEqual({ id: set, jpeg: jpeg('the quay') });
  await expect(client.do('set-picture', { chat, text: 'bm8gSlBFRw==' })).rejects.toThrow('not a valid image');
  const { pictureId } = await sandbox.command('changeGroup', { by: ben.id, group: chat, picture: true });
  const changed = await client.event({ event: 'picture', id: String(pictureId) });
  expect(changed).toMatchObject({ chat, sender: ben.lid, kind: 'set' });
  await sandbox.command('changeGroup', { by: ben.id, group: chat, picture: false });
  expect(await client.event({ event: 'picture', kind: 'removed' })).toMatchObject({ chat, sender: ben.lid });
  await expect(client.do('picture', { chat })).rejects.toThrow('does not have a profile picture');
  await client.do('set-picture', { chat, text: jpeg('and another') });
  expect(await client.do('set-picture', { chat })).toBe('remove');
  expect(await sandbox.command('picture', { of: chat })).toBeNull();
  // Of one's own the client is told without saying which it is.
  await sandbox.command('changePerson', { id: anna.id, picture: true });
  await client.event({ event: 'picture', chat: anna.pn });
  await nothingStrange();
}, 60_000);

test('it refuses every certificate chain that is not right, and takes the one that is', async () => {
  const identity = new ServerIdentity();
  let connected = 0;
  const listener = await WireListener.open({
    identity,
    log: () => undefined,
    connected: () => {
      connected += 1;
      return { heard: () => undefined, gone: () => undefined };
    },
  });
  try {
    const knock = async (rootKey: Uint8Array): Promise<string> => {
      const client = start();
      await client.do('open', { url: listener.url, rootKey: Buffer.from(rootKey).toString('hex') });
      return await client.do('connect').then(
        () => 'welcome',
        (error: unknown) => String(error),
      );
    };
    const answers: Partial<Record<CertificateFlaw, string>> = {};
    for (const flaw of ['root', 'leaf-signature', 'leaf-key', 'leaf-issuer'] as const) {
      listener.flaw = flaw;
      answers[flaw] = await knock(identity.rootKey);
    }
    expect(answers).toEqual({
      root: expect.stringContaining('cert signature'),
      'leaf-signature': expect.stringContaining('cert signature'),
      'leaf-key': expect.stringContaining("cert key doesn't match"),
      'leaf-issuer': expect.stringContaining('unexpected leaf issuer serial'),
    });
    listener.flaw = undefined;
    expect(await knock(new ServerIdentity().rootKey)).toContain('cert signature');
    expect(connected).toBe(0);
    expect(await knock(identity.rootKey)).toBe('welcome');
  } finally {
    await listener.close();
  }
}, 60_000);

test('without Go there is one sentence that says what to install', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'passerelle-no-go-'));
  try {
    await expect(buildWhatsmeow(empty)).rejects.toThrow(/^The end-to-end suite .* install Go 1\.24 or newer .*\.$/);
  } finally {
    rmSync(empty, { recursive: true });
  }
});
