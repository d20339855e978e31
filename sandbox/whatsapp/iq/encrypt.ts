// The key directory: prekeys counted, uploaded, handed out one by one, rotated, digested. Checks signatures for real.

import { createHash } from 'node:crypto';
import { generateKeyPair, verify } from '../curve.ts';
import { prekeysLow } from '../notices.ts';
import { bigEndian, bytesOf, numberOf } from '../read-node.ts';
import { child, children, node, type BinaryNode } from '../wire/node.ts';
import type { Device, PreKey, SignedPreKey } from '../world/device.ts';
import { Refusal } from '../../refusal.ts';
import { Unknown, type Ask } from './ask.ts';

const KEY_TYPE = Buffer.of(5);
/** With fewer left the service asks for more. */
const LOW = 10;

function preKeyOf(of: BinaryNode): PreKey {
  const key = { id: numberOf(bytesOf(child(of, 'id'))), publicKey: bytesOf(child(of, 'value')) };
  if (key.publicKey.length !== 32) throw new Refusal(406, 'not-acceptable');
  return key;
}

/** Throws a Refusal unless the signature over the key is by the identity. */
export function signedPreKeyOf(of: BinaryNode | undefined, identity: Uint8Array): SignedPreKey {
  if (of === undefined) throw new Refusal(406, 'not-acceptable');
  const key = { ...preKeyOf(of), signature: bytesOf(child(of, 'signature')) };
  if (!verify(identity, Buffer.concat([KEY_TYPE, key.publicKey]), key.signature))
    throw new Refusal(406, 'not-acceptable');
  return key;
}

function preKeyNode(key: PreKey): BinaryNode {
  return node('key', {}, [node('id', {}, bigEndian(key.id, 3)), node('value', {}, key.publicKey)]);
}

function signedPreKeyNode(key: SignedPreKey): BinaryNode {
  return node('skey', {}, [
    node('id', {}, bigEndian(key.id, 3)),
    node('value', {}, key.publicKey),
    node('signature', {}, key.signature),
  ]);
}

/** What a stranger needs to begin a session with this device; takes one of its prekeys. */
export function bundleOf(device: Device): BinaryNode[] {
  const { registrationId, identityKey, signedPreKey, preKey } = device.takeBundle();
  return [
    node('registration', {}, bigEndian(registrationId, 4)),
    node('type', {}, KEY_TYPE),
    node('identity', {}, identityKey),
    ...(preKey === undefined ? [] : [preKeyNode(preKey)]),
    // The signature is a good one, but over another key.
    signedPreKeyNode(device.forged ? { ...signedPreKey, publicKey: generateKeyPair().publicKey } : signedPreKey),
    ...(device.identity === null ? [] : [node('device-identity', {}, device.identity)]),
  ];
}

function upload({ device, iq }: Ask): undefined {
  const { keys } = device;
  const identity = bytesOf(child(iq, 'identity'));
  if (!Buffer.from(identity).equals(keys.identity)) throw new Refusal(409, 'conflict');
  if (numberOf(bytesOf(child(iq, 'registration'))) !== keys.registration) throw new Refusal(409, 'conflict');
  keys.signed = signedPreKeyOf(child(iq, 'skey'), keys.identity);
  for (const of of children(child(iq, 'list'), 'key')) {
    const key = preKeyOf(of);
    const at = keys.prekeys.findIndex((one) => one.id === key.id);
    if (at >= 0) keys.prekeys.splice(at, 1);
    keys.prekeys.push(key);
  }
  return undefined;
}

function hand({ server, world, iq }: Ask): BinaryNode[] {
  const users = children(child(iq, 'key'), 'user').map((user) => {
    const jid = user.attrs['jid'] ?? '';
    const device = world.deviceAt(jid);
    if (device === undefined) {
      return node('user', { jid }, [node('error', { code: '404', text: 'item-not-found' })]);
    }
    const bundle = bundleOf(device);
    if (!device.simulated && device.keys.prekeys.length < LOW) prekeysLow(server, device);
    return node('user', { jid }, bundle);
  });
  return [node('list', {}, users)];
}

function digest({ device }: Ask): BinaryNode[] {
  const { keys } = device;
  const ids = keys.prekeys.map((key) => node('id', {}, bigEndian(key.id, 3)));
  const hash = createHash('sha1').update(keys.identity).update(keys.signed.publicKey).update(keys.signed.signature);
  for (const key of keys.prekeys) hash.update(key.publicKey);
  return [
    node('digest', {}, [
      node('registration', {}, bigEndian(keys.registration, 4)),
      node('type', {}, KEY_TYPE),
      node('identity', {}, keys.identity),
      signedPreKeyNode(keys.signed),
      node('list', {}, ids),
      node('hash', {}, hash.digest()),
    ]),
  ];
}

export function encrypt(ask: Ask): readonly BinaryNode[] | undefined {
  const { iq, device } = ask;
  const first = child(iq)?.tag;
  if (iq.attrs['type'] === 'get') {
    if (first === 'count') return [node('count', { value: String(device.keys.prekeys.length) })];
    if (first === 'key') return hand(ask);
    if (first === 'digest') return digest(ask);
  } else if (first === 'rotate') {
    device.keys.signed = signedPreKeyOf(child(child(iq), 'skey'), device.keys.identity);
    return undefined;
  } else if (child(iq, 'list') !== undefined) {
    return upload(ask);
  }
  throw new Unknown('of the key directory');
}
