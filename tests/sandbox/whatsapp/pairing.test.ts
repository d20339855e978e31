// A real Baileys client is linked by QR and by code, comes in, is refused and is thrown out as the real service does it.

import { beforeEach, describe, expect, test } from '@jest/globals';
import { Curve } from '@whiskeysockets/baileys';
import type { Person, WhatsAppSandbox } from '../../../sandbox/whatsapp/control-client.ts';
import { makeStage } from './support/stage.ts';

const stage = makeStage();
const client = () => stage.client();
let sandbox: WhatsAppSandbox;
let anna: Person;

beforeEach(async () => {
  sandbox = stage.sandbox;
  anna = await sandbox.createPerson({ name: 'Anna' });
});

describe('linking by QR', () => {
  test('signs in both directions, asks to come again with 515, and lets the device in', async () => {
    const one = client();
    await one.pair(anna);
    expect(one.creds.me).toMatchObject({ id: `${anna.phone}:1@s.whatsapp.net`, lid: `${anna.id}:1@lid` });
    expect(one.creds.account?.accountSignature).toHaveLength(64);
    // It brought 812 prekeys; the phone has taken one to greet it.
    await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.prekeys === 811);
    const { devices } = await sandbox.person(anna.id);
    expect(devices.at(1)).toMatchObject({ device: 1, simulated: false, online: true, active: true });
  });

  test('is refused when the client signs with another identity than it registered', async () => {
    const one = client();
    one.connect();
    const qr = await one.until('a QR', () => one.qrs.at(-1));
    Object.assign(one.creds, { signedIdentityKey: Curve.generateKeyPair() });
    await expect(sandbox.scanQr(anna.id, qr)).rejects.toThrow('the device signature is wrong');
    expect((await sandbox.person(anna.id)).devices).toHaveLength(1);
  });

  test('is refused by the client when the phone does not know its secret', async () => {
    const one = client();
    one.connect();
    const qr = await one.until('a QR', () => one.qrs.at(-1));
    await expect(sandbox.command('scanQr', { by: anna.id, qr, spoil: 'hmac' })).rejects.toThrow('the client has gone');
    expect((await one.untilClosed()).message).toContain('Invalid account signature');
  });

  test('takes no QR that nobody shows, or that was changed', async () => {
    const one = client();
    one.connect();
    const qr = await one.until('a QR', () => one.qrs.at(-1));
    const parts = qr.split(',');
    const strange = Buffer.from(Curve.generateKeyPair().public).toString('base64');
    await expect(sandbox.scanQr(anna.id, 'https://wa.me/x#2@abc,a,b,c,1')).rejects.toThrow('no client shows this QR');
    await expect(sandbox.scanQr(anna.id, [parts[0], strange, ...parts.slice(2)].join(','))).rejects.toThrow(
      'Noise key',
    );
    await expect(sandbox.scanQr(anna.id, [parts[0], parts[1], strange, ...parts.slice(3)].join(','))).rejects.toThrow(
      'another identity',
    );
  });

  test('stops at four companions', async () => {
    const full = await sandbox.createPerson({ name: 'Full', companions: 4 });
    const one = client();
    one.connect();
    const qr = await one.until('a QR', () => one.qrs.at(-1));
    await expect(sandbox.scanQr(full.id, qr)).rejects.toThrow('as many devices as it may');
  });
});

describe('linking by code', () => {
  test('works with the right code', async () => {
    const one = client();
    one.connect();
    await one.until('a QR', () => one.qrs.at(-1));
    const code = await one.socket.requestPairingCode(anna.phone);
    await sandbox.waitFor(async () => (await sandbox.command('codesWanted', {})).includes(anna.phone));
    const linked = await sandbox.typeCode(anna.id, code);
    expect(linked.device).toBe(1);
    expect((await one.untilClosed()).code).toBe(515);
    one.connect();
    await one.untilOpen();
    expect(one.me).toBe(`${anna.phone}:1@s.whatsapp.net`);
  });

  test('fails on the phone with a wrong one, and can be tried again', async () => {
    const one = client();
    one.connect();
    await one.until('a QR', () => one.qrs.at(-1));
    await one.socket.requestPairingCode(anna.phone);
    await sandbox.waitFor(async () => (await sandbox.command('codesWanted', {})).includes(anna.phone));
    await expect(sandbox.typeCode(anna.id, 'AAAABBBB')).rejects.toThrow('the code is not the one');
    expect((await sandbox.person(anna.id)).devices).toHaveLength(1);
  });
});

describe('coming in', () => {
  test('needs the Noise key that the device was linked with', async () => {
    const one = client();
    await one.pair(anna);
    await one.end();
    Object.assign(one.creds, { noiseKey: Curve.generateKeyPair() });
    one.connect();
    expect((await one.untilClosed()).code).toBe(401);
  });

  test('is refused for a device that does not exist', async () => {
    const one = client();
    await one.pair(anna);
    await one.end();
    one.creds.me = { ...one.creds.me, id: `${anna.phone}:9@s.whatsapp.net` };
    one.connect();
    expect((await one.untilClosed()).code).toBe(401);
  });

  test('ends the connection of the same device that was there before: 440', async () => {
    const one = client();
    await one.pair(anna);
    const two = client();
    two.creds = one.creds;
    two.connect();
    await two.untilOpen();
    expect((await one.untilClosed()).code).toBe(440);
    expect(two.open).toBe(true);
  });

  test('is over when the phone removes the device: 401 now and later', async () => {
    const one = client();
    await one.pair(anna);
    await sandbox.command('unlink', { by: anna.id, device: 1 });
    expect((await one.untilClosed()).code).toBe(401);
    one.connect();
    expect((await one.untilClosed()).code).toBe(401);
  });

  test('is over when the client logs out', async () => {
    const one = client();
    await one.pair(anna);
    await one.socket.logout();
    await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.length === 1);
    one.connect();
    expect((await one.untilClosed()).code).toBe(401);
  });

  test('is over after two weeks without the phone', async () => {
    const one = client();
    await one.pair(anna);
    await sandbox.command('phoneAway', { id: anna.id, days: 13 });
    expect((await sandbox.person(anna.id)).devices).toHaveLength(2);
    await sandbox.command('phoneAway', { id: anna.id, days: 14 });
    expect((await one.untilClosed()).code).toBe(401);
  });

  test('is refused to banned accounts (406) and until a temporary ban ends (402, with its code and seconds)', async () => {
    const one = client();
    await one.pair(anna);
    await sandbox.command('setAccountState', { id: anna.id, state: 'banned' });
    expect((await one.untilClosed()).code).toBe(406);
    one.connect();
    expect((await one.untilClosed()).code).toBe(406);
    await sandbox.command('setAccountState', { id: anna.id, state: 'temp-banned', code: 102, seconds: 600 });
    one.connect();
    const { code, data } = await one.untilClosed();
    expect([code, data]).toEqual([
      402,
      expect.objectContaining({ code: '102', expire: expect.stringMatching(/^(600|599)$/) }),
    ]);
    await sandbox.command('setAccountState', { id: anna.id, state: 'ok' });
    one.connect();
    await one.untilOpen();
  });

  test.each(['405', '409', '503'])('fails with %s when told so, once', async (reason) => {
    const one = client();
    await one.pair(anna);
    await one.end();
    await sandbox.command('failLogins', { person: anna.id, attrs: { reason } });
    one.connect();
    expect((await one.untilClosed()).code).toBe(Number(reason));
    one.connect();
    await one.untilOpen();
  });

  test('ends with a stream error of any code', async () => {
    const one = client();
    await one.pair(anna);
    await sandbox.command('dismiss', { person: anna.id, how: 'restart' });
    expect((await one.untilClosed()).code).toBe(515);
    one.connect();
    await one.untilOpen();
    await sandbox.command('dismiss', { person: anna.id, how: { streamError: '503' } });
    expect((await one.untilClosed()).code).toBe(503);
  });
});
