// App state of ours and Baileys' own code on one collection, in both directions: patches, removals, snapshots; and whatever
// must be refused, without a change.
import { describe, expect, test } from '@jest/globals';
import {
  decodePatches,
  decodeSyncdSnapshot,
  encodeSyncdPatch,
  newLTHashState,
} from '@whiskeysockets/baileys/lib/Utils/chat-utils.js';
import { LT_HASH_ANTI_TAMPERING } from '@whiskeysockets/baileys/lib/Utils/lt-hash.js';
import type { WAPatchCreate } from '@whiskeysockets/baileys/lib/Types/Chat.js';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { Collection } from '../../../../sandbox/whatsapp/app-state/collection.ts';
import { newSyncKey, type SyncKey } from '../../../../sandbox/whatsapp/app-state/keys.ts';
import { changedHash, EMPTY_HASH } from '../../../../sandbox/whatsapp/app-state/lt-hash.ts';
import { Keyring, type Mutation } from '../../../../sandbox/whatsapp/app-state/mutation.ts';
import { readPatch, writePatch, type Patch } from '../../../../sandbox/whatsapp/app-state/patch.ts';
import { randomBelow, seededRandom } from '../../../../sandbox/whatsapp/signal/random.ts';

const NAME = 'regular_low';
const keys = [newSyncKey(seededRandom('key one')), newSyncKey(seededRandom('key two'), 0, 2)] as const;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function collection(seed: string, known: readonly SyncKey[] = keys): Collection {
  const keyring = new Keyring();
  for (const key of known) keyring.add(key);
  return new Collection(NAME, keyring, seededRandom(seed));
}

const mute = (chat: string, until: number): Mutation => ({
  operation: 'set',
  index: ['mute', chat],
  value: { timestamp: 1, muteAction: { muted: true, muteEndTimestamp: until } },
  version: 2,
});
const unset = (mutation: Mutation): Mutation => ({ ...mutation, operation: 'remove' });

/** Baileys' side: its state, its warnings, and what it understood. */
class BaileysSide {
  state = newLTHashState();
  readonly warnings: unknown[] = [];

  readonly #key = async (id: string): Promise<proto.Message.IAppStateSyncKeyData> => {
    const found = keys.find((key) => base64(key.id) === id);
    return { keyData: found?.data ?? null };
  };
  // Only warnings are ever written, and only when something is wrong.
  readonly #logger = { warn: (what: unknown) => this.warnings.push(what) } as unknown as Parameters<
    typeof decodePatches
  >[6];

  async read(...patches: readonly Uint8Array[]): Promise<unknown[]> {
    const decoded = patches.map((bytes) => proto.SyncdPatch.decode(bytes));
    const result = await decodePatches(NAME, decoded, this.state, this.#key, {}, undefined, this.#logger, true);
    this.state = result.state;
    return Object.values(result.mutationMap).map(({ index }) => index);
  }

  async restore(snapshot: Uint8Array): Promise<unknown[]> {
    const decoded = proto.SyncdSnapshot.decode(snapshot);
    const result = await decodeSyncdSnapshot(NAME, decoded, this.#key, undefined, true, this.#logger);
    this.state = result.state;
    return Object.values(result.mutationMap).map(({ index }) => index);
  }

  /** As it uploads it: without a version. */
  async write(mutation: Mutation, key: SyncKey): Promise<Buffer> {
    const create: WAPatchCreate = {
      type: NAME,
      index: [...mutation.index],
      syncAction: mutation.value,
      apiVersion: mutation.version,
      operation:
        mutation.operation === 'set'
          ? proto.SyncdMutation.SyncdOperation.SET
          : proto.SyncdMutation.SyncdOperation.REMOVE,
    };
    const { patch, state } = await encodeSyncdPatch(create, base64(key.id), this.state, this.#key);
    this.state = state;
    return Buffer.from(proto.SyncdPatch.encode(patch).finish());
  }
}

describe('the hash of a set', () => {
  test('is that of the Rust library, whatever comes and goes', () => {
    const random = seededRandom('hash');
    let ours: Uint8Array = EMPTY_HASH;
    let theirs: Uint8Array = new Uint8Array(128);
    const members: Buffer[] = [];
    for (let round = 0; round < 40; round += 1) {
      const come = Array.from({ length: randomBelow(random, 4) }, () => random(32));
      const gone = members.splice(0, randomBelow(random, members.length + 1));
      members.push(...come);
      ours = changedHash(ours, gone, come);
      theirs = LT_HASH_ANTI_TAMPERING.subtractThenAdd(theirs, gone, come);
      expect(base64(ours)).toBe(base64(theirs));
    }
    expect(base64(changedHash(ours, members, []))).toBe(base64(EMPTY_HASH));
  });
});

describe('a collection shared with Baileys', () => {
  test('is read there: settings, changes of them, removals, another key', async () => {
    const [ours, theirs] = [collection('to baileys'), new BaileysSide()];
    const patches = [
      ours.change([mute('a@lid', 1), mute('b@lid', 2)], keys[0].id),
      ours.change([mute('a@lid', 3), unset(mute('b@lid', 2)), mute('c@lid', 4)], keys[1].id),
      ours.change([mute('d@lid', 5), mute('d@lid', 6), unset(mute('e@lid', 7))], keys[1].id),
    ];
    expect(await theirs.read(...patches.slice(0, 2))).toContainEqual(['mute', 'c@lid']);
    expect(await theirs.read(patches[2] ?? Buffer.alloc(0))).toEqual([
      ['mute', 'd@lid'],
      ['mute', 'e@lid'],
    ]);
    expect(theirs.warnings).toEqual([]);
    expect(theirs.state.version).toBe(3);
    expect(base64(theirs.state.hash)).toBe(base64(ours.hash));
  });

  test('is read here: settings, changes of them, a removal', async () => {
    const [ours, theirs] = [collection('from baileys'), new BaileysSide()];
    const made = [mute('a@lid', 1), mute('b@lid', 2), mute('a@lid', 3), unset(mute('b@lid', 2))];
    for (const [at, mutation] of made.entries()) {
      const [read] = ours.apply(await theirs.write(mutation, keys[at % 2] ?? keys[0]));
      expect(read).toMatchObject({ operation: mutation.operation, index: mutation.index, version: mutation.version });
      expect(read?.value.muteAction?.muted).toBe(true);
    }
    expect(ours.version).toBe(4);
    expect(base64(theirs.state.hash)).toBe(base64(ours.hash));
    expect(ours.mutations.map(({ index }) => index)).toEqual([['mute', 'a@lid']]);
    expect(Number(ours.find('mute', 'a@lid')?.value.muteAction?.muteEndTimestamp)).toBe(3);
  });

  test('goes back and forth, and starts from a snapshot on either side', async () => {
    const [ours, theirs] = [collection('both'), new BaileysSide()];
    for (let i = 0; i < 10; i += 1) {
      await theirs.read(ours.change([mute(`${i}@lid`, i), mute('same@lid', i)], keys[0].id));
      ours.apply(await theirs.write(mute(`${i}@s.whatsapp.net`, i), keys[1]));
    }
    const fresh = new BaileysSide();
    expect(await fresh.restore(ours.snapshot(keys[1].id))).toHaveLength(21);
    const late = collection('late');
    late.restore(ours.snapshot(keys[0].id));
    const next = ours.change([unset(mute('same@lid', 0))], keys[1].id);
    await fresh.read(next);
    late.apply(next);
    expect([...theirs.warnings, ...fresh.warnings]).toEqual([]);
    expect([fresh.state.version, late.version]).toEqual([21, 21]);
    expect([fresh.state.hash, late.hash].map(base64)).toEqual([ours.hash, ours.hash].map(base64));
  });
});

// encodeSyncdPatch enters what it removed into its map of what is set; the next change of it is taken from the hash again.
describe('a removal by Baileys', () => {
  test('spoils its own hash once the same thing is set again, so that the patch is refused', async () => {
    const [ours, theirs] = [collection('removal'), new BaileysSide()];
    const [set, removed] = [mute('a@lid', 1), unset(mute('a@lid', 1))];
    ours.apply(await theirs.write(set, keys[0]));
    ours.apply(await theirs.write(removed, keys[0]));
    const again = await theirs.write(set, keys[0]);
    expect(() => ours.apply(again)).toThrow(expect.objectContaining({ reason: 'bad-snapshot-mac' }));
  });
});

describe('a collection', () => {
  /** A patch from version 1 to 2, and a collection at version 1 to read it. */
  function second(): { patch: Buffer; reader: Collection } {
    const [writer, reader] = [collection('writer'), collection('reader')];
    reader.apply(writer.change([mute('a@lid', 1)], keys[0].id));
    return { patch: writer.change([mute('a@lid', 2), mute('b@lid', 3)], keys[0].id), reader };
  }
  const flip = (bytes: Uint8Array): Buffer => {
    const changed = Buffer.from(bytes);
    changed[3] = (changed[3] ?? 0) ^ 1;
    return changed;
  };
  const first = (patch: Patch, change: Partial<Patch['mutations'][number]>): Partial<Patch> => ({
    mutations: patch.mutations.map((each, at) => (at === 0 ? { ...each, ...change } : each)),
  });
  const changes: Record<string, [string, (patch: Patch) => Partial<Patch>]> = {
    'its version': ['version', () => ({ version: 3 })],
    'its key': ['bad-patch-mac', () => ({ keyId: keys[1].id })],
    'an unknown key': ['unknown-key', () => ({ keyId: flip(keys[0].id) })],
    'the MAC of the state': ['bad-patch-mac', ({ stateMac }) => ({ stateMac: flip(stateMac) })],
    'its own MAC': ['bad-patch-mac', ({ patchMac }) => ({ patchMac: flip(patchMac) })],
    'a mutation left out': ['bad-patch-mac', ({ mutations }) => ({ mutations: mutations.slice(1) })],
    'the order': ['bad-patch-mac', ({ mutations }) => ({ mutations: [...mutations].reverse() })],
    'the MAC of a value': [
      'bad-patch-mac',
      (patch) => first(patch, { valueMac: flip(patch.mutations[0]?.valueMac ?? patch.keyId) }),
    ],
    'a value': ['bad-value-mac', (patch) => first(patch, { value: flip(patch.mutations[0]?.value ?? patch.keyId) })],
    'an operation': ['bad-value-mac', (patch) => first(patch, { operation: 'remove' })],
    'the key of a value': ['bad-value-mac', (patch) => first(patch, { keyId: keys[1].id })],
    'an index': [
      'bad-index-mac',
      (patch) => first(patch, { indexMac: flip(patch.mutations[0]?.indexMac ?? patch.keyId) }),
    ],
  };

  test.each(Object.entries(changes))(
    'refuses a patch with %s changed, and takes the true one',
    (_what, [reason, change]) => {
      const { patch, reader } = second();
      const read = readPatch(patch);
      expect(writePatch(read)).toEqual(patch);
      expect(() => reader.apply(writePatch({ ...read, ...change(read) }))).toThrow(expect.objectContaining({ reason }));
      expect(reader.apply(patch)).toHaveLength(2);
    },
  );

  test('refuses a patch cut short anywhere', () => {
    const { patch, reader } = second();
    for (let end = 0; end < patch.length; end += 1) {
      expect(() => reader.apply(patch.subarray(0, end))).toThrow(expect.objectContaining({ name: 'AppStateError' }));
    }
    expect(reader.apply(patch)).toHaveLength(2);
  });

  test('refuses a patch made beside it on the same version', () => {
    const [one, other] = [collection('one'), collection('other')];
    one.change([mute('a@lid', 1)], keys[0].id);
    const beside = other.change([mute('b@lid', 1)], keys[0].id);
    const renumbered = writePatch({ ...readPatch(beside), version: undefined });
    expect(() => one.apply(beside)).toThrow(expect.objectContaining({ reason: 'version' }));
    expect(() => one.apply(renumbered)).toThrow(expect.objectContaining({ reason: 'bad-patch-mac' }));
  });

  test('waits for a key it was not given, and reads on once it has it', () => {
    const keyring = new Keyring();
    const reader = new Collection(NAME, keyring);
    const patch = collection('writer').change([mute('a@lid', 1)], keys[0].id);
    expect(() => reader.apply(patch)).toThrow(expect.objectContaining({ reason: 'unknown-key' }));
    keyring.add(keys[0]);
    expect(reader.apply(patch)).toHaveLength(1);
  });

  test('refuses a snapshot that leaves something out', () => {
    const writer = collection('writer');
    writer.change([mute('a@lid', 1), mute('b@lid', 2)], keys[0].id);
    const whole = proto.SyncdSnapshot.decode(writer.snapshot(keys[0].id));
    const partial = proto.SyncdSnapshot.encode({ ...whole, records: whole.records.slice(1) }).finish();
    const reader = collection('reader');
    expect(() => reader.restore(partial)).toThrow(expect.objectContaining({ reason: 'bad-snapshot-mac' }));
    expect(reader.version).toBe(0);
    reader.restore(proto.SyncdSnapshot.encode(whole).finish());
    expect(reader.mutations).toHaveLength(2);
  });
});
