// Two clients that nobody here wrote complete the handshake with the simulator's lowest layer, say who they are, and exchange nodes;
// the Rust one also comes back by the key it kept, and refuses a server whose certificate is for another key.

import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { generateKeyPair, sign } from '../../../../sandbox/whatsapp/curve.ts';
import { ServerIdentity, type CertificateFlaw } from '../../../../sandbox/whatsapp/wire/certificate.ts';
import { bytes, child, node, type BinaryNode } from '../../../../sandbox/whatsapp/wire/node.ts';
import type { NoisePattern } from '../../../../sandbox/whatsapp/wire/noise.ts';
import { baileysClient } from '../support/baileys.ts';
import { meetings, type Meeting, type Meetings } from '../support/meetings.ts';
import { rustClient } from '../support/rust.ts';

const ends: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function opened(): Promise<Meetings> {
  const here = await meetings();
  ends.push(async () => await here.listener.close());
  return here;
}

const refs = (id: string): BinaryNode =>
  node('iq', { from: '@s.whatsapp.net', type: 'set', id }, [
    node(
      'pair-device',
      {},
      Array.from({ length: 6 }, (_, i) => node('ref', {}, Buffer.from(`2@reference-${i}`))),
    ),
  ]);

const answerTo =
  (id: string) =>
  ({ tag, attrs }: BinaryNode): boolean =>
    tag === 'iq' && attrs['id'] === id && attrs['type'] === 'result';

/** What a phone would sign of a device that showed it `qr`, and the server would tell the device. */
function pairSuccess(qr: string, { payload }: Meeting['connection']): BinaryNode {
  const phone = generateKeyPair();
  const secret = Buffer.from(qr.split(',')[3] ?? '', 'base64');
  const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1_700_000_000, keyIndex: 1 }).finish();
  const identity = payload.devicePairingData?.eIdent ?? new Uint8Array(0);
  const signed = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: phone.publicKey,
    accountSignature: sign(phone.privateKey, Buffer.concat([Buffer.of(6, 0), details, identity])),
  }).finish();
  const hmac = createHmac('sha256', secret).update(signed).digest();
  return node('iq', { from: '@s.whatsapp.net', type: 'set', id: 'paired' }, [
    node('pair-success', {}, [
      node('device-identity', {}, proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish()),
      node('device', { jid: '4915112345678:7@s.whatsapp.net', lid: '123456789012345:7@lid' }),
      node('platform', { name: 'android' }),
    ]),
  ]);
}

describe('Baileys', () => {
  test('asks to be linked, and shows the QR code it is told', async () => {
    const { listener, next } = await opened();
    const { socket, creds } = baileysClient(listener.url);
    ends.push(() => socket.end(undefined));
    const { connection, heard } = await next();
    expect(connection.pattern).toBe('XX');
    expect(Buffer.from(connection.clientKey)).toEqual(creds.noiseKey.public);
    expect(connection.routingInfo).toBeUndefined();
    expect(Buffer.from(connection.payload.devicePairingData?.eIdent ?? [])).toEqual(creds.signedIdentityKey.public);
    const shown = new Promise<string>((resolve) => {
      socket.ev.on('connection.update', ({ qr }) => {
        if (qr !== undefined) resolve(qr);
      });
    });
    connection.send(refs('7'));
    expect(await shown).toContain('2@reference-0');
    const answer = await heard(answerTo('7'));
    expect(answer).toEqual({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'result', id: '7' } });
  });

  test('logs in with what it kept, by the way it was told', async () => {
    const { listener, next } = await opened();
    const me = { id: '4915112345678:7@s.whatsapp.net', lid: '123456789012345:7@lid' };
    const { socket, creds } = baileysClient(listener.url, { me, routingInfo: Buffer.from('0809', 'hex') });
    ends.push(() => socket.end(undefined));
    const { connection } = await next();
    expect(Buffer.from(connection.clientKey)).toEqual(creds.noiseKey.public);
    expect(Buffer.from(connection.routingInfo ?? [])).toEqual(Buffer.from('0809', 'hex'));
    expect(connection.payload).toMatchObject({ device: 7, passive: true });
    expect(Number(connection.payload.username)).toBe(4915112345678);
  });
});

describe('the Rust client', () => {
  test('is linked, comes back by the key it kept, and by the longer way when that key is old', async () => {
    const { listener, next } = await opened();
    const rust = await rustClient(listener.url);
    ends.push(rust.stop);
    rust.client.run();
    const first = await next();
    expect(first.connection.pattern).toBe('XX');
    first.connection.send(refs('7'));
    const { data } = await rust.event('qr');
    expect(data.code).toContain('2@reference-0');
    await first.heard(answerTo('7'));

    first.connection.send(pairSuccess(data.code, first.connection));
    const signed = await first.heard(answerTo('paired'));
    expect(bytes(child(child(signed, 'pair-device-sign'), 'device-identity'))).toBeDefined();
    first.connection.send(node('stream:error', { code: '515' }));
    first.connection.close();

    const success = node('success', { t: '1700000000', lid: '123456789012345:7@lid' });
    const come = async (pattern: NoisePattern): Promise<Meeting> => {
      const meeting = await next();
      expect(meeting.connection.pattern).toBe(pattern);
      expect(meeting.connection.clientKey).toEqual(first.connection.clientKey);
      expect(meeting.connection.payload).toMatchObject({ device: 7 });
      meeting.connection.send(success);
      // It understood, and we understand it.
      await meeting.heard(({ tag, attrs }) => tag === 'iq' && attrs['to'] === '@s.whatsapp.net');
      return meeting;
    };
    // The key of the server that linked it is not kept; that of the first login is.
    (await come('XX')).connection.destroy();
    (await come('IK')).connection.destroy();
    listener.identity = new ServerIdentity();
    await come('XXfallback');
  });

  test.each<[CertificateFlaw, string]>([
    ['leaf-key', 'Cert key does not match'],
    ['leaf-issuer', 'issuer serial mismatch'],
  ])('refuses a chain with the flaw %s', async (flaw, reason) => {
    const { listener } = await opened();
    listener.flaw = flaw;
    const rust = await rustClient(listener.url);
    ends.push(rust.stop);
    await expect(rust.client.connect()).rejects.toThrow(reason);
    expect(listener.connections.size).toBe(0);
  });
});
