// One change of app state (a chat muted, a contact named) sealed into a record and opened again. Knows no versions and no
// collections.

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { sameBytes } from '../signal/derive.ts';
import type { RandomBytes } from '../signal/random.ts';
import { AppStateError } from './errors.ts';
import { deriveKeys, macOfIndex, macOfValue, type DerivedKeys, type SyncKey } from './keys.ts';

export type Operation = 'set' | 'remove';

export interface Mutation {
  readonly operation: Operation;
  /** What is changed: the action's name, then whom it is about, e.g. ["mute", "123@lid"]. */
  readonly index: readonly string[];
  readonly value: proto.ISyncActionValue;
  /** Of the action's form; each action has its own. */
  readonly version: number;
}

/** A mutation as it is stored and sent. */
export interface SealedMutation {
  readonly operation: Operation;
  readonly indexMac: Uint8Array;
  readonly valueMac: Uint8Array;
  /** The initialisation vector and what follows from it; without the MAC. */
  readonly value: Uint8Array;
  readonly keyId: Uint8Array;
}

/** The keys a party has, by id in hex. */
export class Keyring {
  readonly #keys = new Map<string, DerivedKeys>();

  add(key: SyncKey): void {
    this.#keys.set(Buffer.from(key.id).toString('hex'), deriveKeys(key.data));
  }

  /** @throws AppStateError `unknown-key` */
  find(id: Uint8Array): DerivedKeys {
    const keys = this.#keys.get(Buffer.from(id).toString('hex'));
    if (keys === undefined) throw new AppStateError('unknown-key', `no key ${Buffer.from(id).toString('hex')}`);
    return keys;
  }
}

export function sealMutation(
  mutation: Mutation,
  keyId: Uint8Array,
  keyring: Keyring,
  random: RandomBytes,
): SealedMutation {
  const keys = keyring.find(keyId);
  const index = Buffer.from(JSON.stringify(mutation.index), 'utf8');
  const data = proto.SyncActionData.encode({
    index,
    value: mutation.value,
    padding: new Uint8Array(0),
    version: mutation.version,
  }).finish();
  const iv = random(16);
  const cipher = createCipheriv('aes-256-cbc', keys.cipher, iv);
  const value = Buffer.concat([iv, cipher.update(data), cipher.final()]);
  return {
    operation: mutation.operation,
    indexMac: macOfIndex(keys, index),
    valueMac: macOfValue(keys, mutation.operation, keyId, value),
    value,
    keyId,
  };
}

/** @throws AppStateError `unknown-key`, `bad-value-mac`, `bad-index-mac`, `malformed` */
export function openMutation(sealed: SealedMutation, keyring: Keyring): Mutation {
  const keys = keyring.find(sealed.keyId);
  if (!sameBytes(macOfValue(keys, sealed.operation, sealed.keyId, sealed.value), sealed.valueMac)) {
    throw new AppStateError('bad-value-mac', 'the value is not what its maker sealed');
  }
  const { index, value, version } = decrypted(sealed.value, keys);
  if (!sameBytes(macOfIndex(keys, index), sealed.indexMac)) {
    throw new AppStateError('bad-index-mac', 'the value belongs to another index');
  }
  return { operation: sealed.operation, index: parsedIndex(index), value, version };
}

function decrypted(
  value: Uint8Array,
  keys: DerivedKeys,
): { index: Uint8Array; value: proto.ISyncActionValue; version: number } {
  const decipher = createDecipheriv('aes-256-cbc', keys.cipher, value.subarray(0, 16));
  let data: proto.SyncActionData;
  try {
    data = proto.SyncActionData.decode(Buffer.concat([decipher.update(value.subarray(16)), decipher.final()]));
  } catch (error) {
    throw new AppStateError('malformed', error instanceof Error ? error.message : 'no action data');
  }
  return { index: data.index ?? new Uint8Array(0), value: data.value ?? {}, version: data.version ?? 0 };
}

function parsedIndex(bytes: Uint8Array): readonly string[] {
  let index: unknown;
  try {
    index = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    index = undefined;
  }
  if (!Array.isArray(index) || !index.every((part) => typeof part === 'string')) {
    throw new AppStateError('malformed', 'the index is no list of words');
  }
  return index;
}
