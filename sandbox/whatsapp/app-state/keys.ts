// The keys of app state sync: what the phone shares with its companions, the five keys behind each, and the MACs they make.
// Knows no mutations and no versions.

import { createHmac } from 'node:crypto';
import { hkdf, hmac } from '../signal/derive.ts';
import type { RandomBytes } from '../signal/random.ts';

/** As it travels in an app state sync key share: 6 bytes that name it, 32 bytes from which the keys come. */
export interface SyncKey {
  readonly id: Uint8Array;
  readonly data: Uint8Array;
}

export interface DerivedKeys {
  readonly index: Buffer;
  readonly cipher: Buffer;
  readonly valueMac: Buffer;
  readonly snapshotMac: Buffer;
  readonly patchMac: Buffer;
}

/** Two bytes for the device that made the key (0 is the phone), four for how many it made before. */
export function newSyncKey(random: RandomBytes, device = 0, epoch = 1): SyncKey {
  const id = Buffer.alloc(6);
  id.writeUInt16BE(device, 0);
  id.writeUInt32BE(epoch, 2);
  return { id, data: random(32) };
}

export function deriveKeys(data: Uint8Array): DerivedKeys {
  const keys = hkdf(data, Buffer.alloc(32), 'WhatsApp Mutation Keys', 160);
  return {
    index: keys.subarray(0, 32),
    cipher: keys.subarray(32, 64),
    valueMac: keys.subarray(64, 96),
    snapshotMac: keys.subarray(96, 128),
    patchMac: keys.subarray(128),
  };
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** 32 bytes, over what is done, the key that is named, and the encrypted value. */
export function macOfValue(
  keys: DerivedKeys,
  operation: 'set' | 'remove',
  keyId: Uint8Array,
  value: Uint8Array,
): Buffer {
  const head = Buffer.concat([Buffer.of(operation === 'set' ? 1 : 2), keyId]);
  const mac = createHmac('sha512', keys.valueMac).update(head).update(value).update(bigEndian(head.length));
  return mac.digest().subarray(0, 32);
}

export function macOfIndex(keys: DerivedKeys, index: Uint8Array): Buffer {
  return hmac(keys.index, index);
}

/** Over the hash of the whole state of a collection at a version. */
export function macOfState(keys: DerivedKeys, hash: Uint8Array, version: number, collection: string): Buffer {
  return hmac(keys.snapshotMac, hash, bigEndian(version), Buffer.from(collection, 'utf8'));
}

export function macOfPatch(
  keys: DerivedKeys,
  stateMac: Uint8Array,
  valueMacs: readonly Uint8Array[],
  version: number,
  collection: string,
): Buffer {
  return hmac(keys.patchMac, stateMac, ...valueMacs, bigEndian(version), Buffer.from(collection, 'utf8'));
}
