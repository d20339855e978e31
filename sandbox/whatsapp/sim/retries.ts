// The keys in a retry receipt: made by who asks, read by who is asked.

import { bigEndian, bytesOf, numberOf } from '../read-node.ts';
import type { PreKeyBundle } from '../signal/identity.ts';
import { child, node, type BinaryNode } from '../wire/node.ts';
import type { SimDevice } from './sim-device.ts';

const KEY_TYPE = Buffer.of(5);

export function bundleNodes(sim: SimDevice): BinaryNode {
  const { identityKey, signedPreKey, preKey } = sim.signal.bundle();
  const { identity } = sim.device;
  return node('keys', {}, [
    node('type', {}, KEY_TYPE),
    node('identity', {}, identityKey),
    ...(preKey === undefined
      ? []
      : [node('key', {}, [node('id', {}, bigEndian(preKey.id, 3)), node('value', {}, preKey.publicKey)])]),
    node('skey', {}, [
      node('id', {}, bigEndian(signedPreKey.id, 3)),
      node('value', {}, signedPreKey.publicKey),
      node('signature', {}, signedPreKey.signature),
    ]),
    ...(identity === null ? [] : [node('device-identity', {}, identity)]),
  ]);
}

/** Null: the receipt brings no keys. */
export function bundleIn(receipt: BinaryNode): PreKeyBundle | null {
  const keys = child(receipt, 'keys');
  if (keys === undefined) return null;
  const signed = child(keys, 'skey');
  const one = child(keys, 'key');
  return {
    registrationId: numberOf(bytesOf(child(receipt, 'registration'))),
    identityKey: bytesOf(child(keys, 'identity')),
    signedPreKey: {
      id: numberOf(bytesOf(child(signed, 'id'))),
      publicKey: bytesOf(child(signed, 'value')),
      signature: bytesOf(child(signed, 'signature')),
    },
    ...(one === undefined
      ? {}
      : { preKey: { id: numberOf(bytesOf(child(one, 'id'))), publicKey: bytesOf(child(one, 'value')) } }),
  };
}
