// After a pairing the service tells the client to come again, and leaves it to the client to close the stream.

import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { countersign } from '../../../sandbox/whatsapp/adv.ts';
import { generateKeyPair, sign } from '../../../sandbox/whatsapp/curve.ts';
import { child, node, type BinaryNode } from '../../../sandbox/whatsapp/wire/node.ts';
import { makeStage } from './support/stage.ts';
import { visit, WireClient } from './support/wire-client.ts';

const stage = makeStage();
const bytes = (of: BinaryNode | undefined): Uint8Array => {
  if (!(of?.content instanceof Uint8Array)) throw new Error('no bytes');
  return of.content;
};

test('the last word of a pairing is 515, and the stream stays open until the client closes it', async () => {
  const { sandbox } = stage;
  const anna = await sandbox.createPerson({ name: 'Anna' });
  const [identity, signed] = [generateKeyPair(), generateKeyPair()];
  const payload = proto.ClientPayload.encode({
    devicePairingData: {
      eIdent: identity.publicKey,
      eRegid: Buffer.of(0, 0, 0, 1),
      eSkeyId: Buffer.of(0, 0, 1),
      eSkeyVal: signed.publicKey,
      eSkeySig: sign(identity.privateKey, Buffer.concat([Buffer.of(5), signed.publicKey])),
    },
  }).finish();
  const visitor = await visit(sandbox.url, new WireClient({ payload }));
  const ref = Buffer.from(bytes(child(child(await visitor.next(), 'pair-device'), 'ref'))).toString();
  const keys = [visitor.client.noiseKey.public, identity.publicKey, randomBytes(32)];
  const scanned = sandbox.scanQr(anna.id, [ref, ...keys.map((key) => Buffer.from(key).toString('base64'))].join(','));
  const success = await visitor.next();
  const sealed = bytes(child(child(success, 'pair-success'), 'device-identity'));
  const { details } = proto.ADVSignedDeviceIdentityHMAC.decode(sealed);
  const mine = countersign(details ?? new Uint8Array(0), identity);
  const answer = node('device-identity', { 'key-index': '1' }, mine);
  const attrs = { to: '@s.whatsapp.net', type: 'result', id: success.attrs['id'] ?? '' };
  visitor.send(node('iq', attrs, [node('pair-device-sign', {}, [answer])]));
  await scanned;
  expect(await visitor.next()).toMatchObject({ tag: 'stream:error', attrs: { code: '515' } });

  // It still answers: a service that had closed in the same breath would send nothing more.
  visitor.send(node('iq', { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p', id: 'still' }, [node('ping')]));
  expect(await visitor.next()).toMatchObject({ tag: 'iq', attrs: { id: 'still', type: 'result' } });
  visitor.socket.close(1000);
  expect(await visitor.closed).toBe(1000);
});
