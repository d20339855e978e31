// Patches and snapshots of app state as the bytes that travel. Knows how they look, not whether they are true.

import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { AppStateError } from './errors.ts';
import type { Operation, SealedMutation } from './mutation.ts';

const MAC_LENGTH = 32;

export interface Patch {
  /** Companions leave it out: the server gives the number after the collection's own. */
  readonly version: number | undefined;
  readonly mutations: readonly SealedMutation[];
  readonly stateMac: Uint8Array;
  readonly patchMac: Uint8Array;
  readonly keyId: Uint8Array;
}

export interface Snapshot {
  readonly version: number;
  readonly records: readonly SealedMutation[];
  readonly mac: Uint8Array;
  readonly keyId: Uint8Array;
}

const operations: readonly Operation[] = ['set', 'remove'];

function toRecord(sealed: SealedMutation): proto.ISyncdRecord {
  return {
    index: { blob: sealed.indexMac },
    value: { blob: Buffer.concat([sealed.value, sealed.valueMac]) },
    keyId: { id: sealed.keyId },
  };
}

function need(bytes: Uint8Array | null | undefined, what: string): Uint8Array {
  if (bytes === null || bytes === undefined || bytes.length === 0) throw new AppStateError('malformed', `no ${what}`);
  return bytes;
}

function fromRecord(operation: Operation, record: proto.ISyncdRecord | null | undefined): SealedMutation {
  const blob = need(record?.value?.blob, 'value');
  // A vector, at least one block, and the MAC.
  if (blob.length < 16 + 16 + MAC_LENGTH || blob.length % 16 !== 0)
    throw new AppStateError('malformed', 'a short value');
  return {
    operation,
    indexMac: need(record?.index?.blob, 'index'),
    value: blob.subarray(0, -MAC_LENGTH),
    valueMac: blob.subarray(-MAC_LENGTH),
    keyId: need(record?.keyId?.id, 'key id'),
  };
}

function versionOf(version: proto.ISyncdVersion | null | undefined): number | undefined {
  const value = version?.version;
  return value === null || value === undefined ? undefined : Number(value);
}

function decoded<Message>(what: string, decode: () => Message): Message {
  try {
    return decode();
  } catch (error) {
    throw new AppStateError('malformed', `${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function writePatch(patch: Patch): Buffer {
  const bytes = proto.SyncdPatch.encode({
    ...(patch.version === undefined ? {} : { version: { version: patch.version } }),
    mutations: patch.mutations.map((sealed) => ({
      operation: operations.indexOf(sealed.operation),
      record: toRecord(sealed),
    })),
    snapshotMac: patch.stateMac,
    patchMac: patch.patchMac,
    keyId: { id: patch.keyId },
  }).finish();
  return Buffer.from(bytes);
}

/** @throws AppStateError `malformed` */
export function readPatch(bytes: Uint8Array): Patch {
  const patch = decoded('a patch', () => proto.SyncdPatch.decode(bytes));
  return {
    version: versionOf(patch.version),
    mutations: patch.mutations.map((mutation) => {
      const operation = operations[mutation.operation ?? 0];
      if (operation === undefined) throw new AppStateError('malformed', `operation ${mutation.operation}`);
      return fromRecord(operation, mutation.record);
    }),
    stateMac: need(patch.snapshotMac, 'snapshot MAC'),
    patchMac: need(patch.patchMac, 'patch MAC'),
    keyId: need(patch.keyId?.id, 'key id'),
  };
}

export function writeSnapshot(snapshot: Snapshot): Buffer {
  const bytes = proto.SyncdSnapshot.encode({
    version: { version: snapshot.version },
    records: snapshot.records.map(toRecord),
    mac: snapshot.mac,
    keyId: { id: snapshot.keyId },
  }).finish();
  return Buffer.from(bytes);
}

/** @throws AppStateError `malformed` */
export function readSnapshot(bytes: Uint8Array): Snapshot {
  const snapshot = decoded('a snapshot', () => proto.SyncdSnapshot.decode(bytes));
  return {
    version: versionOf(snapshot.version) ?? 0,
    records: snapshot.records.map((record) => fromRecord('set', record)),
    mac: need(snapshot.mac, 'MAC'),
    keyId: need(snapshot.keyId?.id, 'key id'),
  };
}
