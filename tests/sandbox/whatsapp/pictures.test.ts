// Profile pictures on the simulated WhatsApp, with two clients of other hands: asked for, fetched, set, taken away and hidden.

import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { afterEach, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import { jpegFrame, labelledJpeg } from '../../../sandbox/jpeg.ts';
import { rustClient, type RustClient } from './support/rust.ts';
import { makeStage } from './support/stage.ts';

const stage = makeStage();
const open: RustClient[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

interface Got {
  readonly status: number;
  readonly type: string | undefined;
  readonly bytes: Buffer;
}

/** As a client does who looks up the host and finds it here: its name is in the request and in the certificate. */
async function fetched(address: string): Promise<Got> {
  const { web, webCertificate } = stage.sandbox;
  const { hostname, pathname, search } = new URL(address);
  const { port } = new URL(web);
  const options = { host: '127.0.0.1', port, servername: hostname, ca: webCertificate, path: `${pathname}${search}` };
  return await new Promise((resolve, reject) => {
    const asking = request({ ...options, headers: { host: hostname }, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          type: answer.headers['content-type'],
          bytes: Buffer.concat(parts),
        }),
      );
    });
    asking.on('error', reject).end();
  });
}

async function rust(person: Person): Promise<RustClient> {
  const made = await rustClient(stage.sandbox.url);
  open.push(made);
  made.client.run();
  const { data } = await made.event('qr');
  await stage.sandbox.scanQr(person.id, data.code);
  await made.event('connected');
  return made;
}

const jpeg = (label: string): string => labelledJpeg(label).toString('base64');

test('a person’s picture is at the address that is given, under the real host’s name, as long as that is good', async () => {
  const { sandbox } = stage;
  const { client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben', picture: jpeg('Ben') });
  const address = await client.socket.profilePictureUrl(ben.pn, 'image');
  expect(address).toMatch(/^https:\/\/pps\.whatsapp\.net\/v\//);
  expect(await fetched(address ?? '')).toEqual({ status: 200, type: 'image/jpeg', bytes: labelledJpeg('Ben') });
  expect(await client.socket.profilePictureUrl(ben.lid, 'preview')).not.toBe(address);
  expect((await fetched(`${address}0`)).bytes.toString()).toBe('Bad URL hash');
  expect((await fetched('https://mmg.whatsapp.net/v/x')).status).toBe(404);
  await sandbox.command('advance', { ms: 8 * 86_400_000 });
  expect((await fetched(address ?? '')).bytes.toString()).toBe('URL signature expired');
});

test('the web hosts have a certificate of their own, for the service’s names alone', async () => {
  const certificate = new X509Certificate(stage.sandbox.webCertificate);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkHost('pps.whatsapp.net')).toBe('*.whatsapp.net');
  expect(certificate.checkHost('example.org')).toBeUndefined();
  await expect(fetched('https://example.org/')).rejects.toThrow('altnames');
});

test('each change of a picture is told to those who may see it, with a new id', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  await sandbox.write(ben.id, anna.id, 'hello');
  await client.untilText('hello');
  const news = () => client.stanzas.filter(({ attrs }) => attrs['type'] === 'picture');
  const { pictureId } = await sandbox.command('changePerson', { id: ben.id, picture: true });
  await client.until('the picture', () => news().length === 1);
  expect(news()[0]).toMatchObject({ attrs: { from: ben.pn }, content: [{ tag: 'set', attrs: { id: pictureId } }] });
  await sandbox.command('changePerson', { id: ben.id, picture: false });
  await client.until('that it is gone', () => news().length === 2);
  expect(news()[1]).toMatchObject({ content: [{ tag: 'delete', attrs: { jid: ben.pn } }] });

  await sandbox.command('setPrivacy', { id: ben.id, name: 'profile', value: 'contacts' });
  await sandbox.command('changePerson', { id: ben.id, picture: true });
  await sandbox.write(ben.id, anna.id, 'not for you');
  await client.untilText('not for you');
  expect(news()).toHaveLength(2);
  await expect(client.socket.profilePictureUrl(ben.pn)).rejects.toMatchObject({ data: 401 });
  await sandbox.command('addContact', { owner: ben.id, person: anna.id, name: 'Anna' });
  expect(await client.socket.profilePictureUrl(ben.pn)).toContain('pps.whatsapp.net');
});

test('Baileys makes a JPEG of what it is given, sets it as a group’s picture, and takes it away', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  const group = await sandbox.createGroup(anna.id, 'Allotments', [ben.id]);
  await client.socket.updateProfilePicture(group.id, labelledJpeg('ours'));
  const kept = await sandbox.command('picture', { of: group.id });
  expect(jpegFrame(Buffer.from(kept?.jpeg ?? '', 'base64'))).toEqual({ width: 640, height: 640 });
  const told = await sandbox.command('notices', { viewer: ben.id });
  expect(told.filter((text) => text.includes(`id="${kept?.id ?? ''}"`))).toHaveLength(1);
  await client.socket.removeProfilePicture(group.id);
  expect(await sandbox.command('picture', { of: group.id })).toBeNull();
});

test('the client in Rust reads a picture, and sets one; what is no JPEG is refused, and a locked group by whom is no admin', async () => {
  const { sandbox } = stage;
  const anna = await sandbox.createPerson({ name: 'Anna' });
  const ben = await sandbox.createPerson({ name: 'Ben', picture: jpeg('Ben') });
  const stranger = await sandbox.createPerson({ name: 'Cleo', picture: true });
  const { client } = await rust(anna);
  const seen = await client.profilePictureUrl(ben.pn, 'image');
  expect(seen?.id).toBe(ben.pictureId);
  expect((await fetched(seen?.url ?? '')).bytes).toEqual(labelledJpeg('Ben'));
  await sandbox.command('setPrivacy', { id: stranger.id, name: 'profile', value: 'none' });
  expect(await client.profilePictureUrl(stranger.pn, 'image')).toBeUndefined();

  const group = await sandbox.createGroup(ben.id, 'Allotments', [anna.id]);
  const set = await client.setGroupProfilePicture(group.id, labelledJpeg('of the group'));
  expect(await sandbox.command('picture', { of: group.id })).toEqual({ id: set.id, jpeg: jpeg('of the group') });
  await expect(client.setGroupProfilePicture(group.id, Buffer.from('GIF89a'))).rejects.toThrow('406');
  await sandbox.command('changeGroup', { by: ben.id, group: group.id, locked: true });
  await expect(client.setGroupProfilePicture(group.id, labelledJpeg('again'))).rejects.toThrow('403');
  expect((await sandbox.command('group', { group: group.id }))?.pictureId).toBe(set.id);
});

test('a host fails as it is told', async () => {
  const { sandbox } = stage;
  const { client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben', picture: true });
  const address = (await client.socket.profilePictureUrl(ben.pn)) ?? '';
  await sandbox.command('clearRecords', {});
  await sandbox.command('failWeb', { status: 503, times: 1 });
  expect((await fetched(address)).status).toBe(503);
  expect((await fetched(address)).status).toBe(200);
  const asked = await sandbox.command('webRequests', {});
  expect(asked.map(({ host, status }) => [host, status])).toEqual([
    ['pps.whatsapp.net', 503],
    ['pps.whatsapp.net', 200],
  ]);
});
