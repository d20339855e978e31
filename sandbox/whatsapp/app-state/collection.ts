// One collection of app state as a phone or a companion keeps it: what is set, at which version, under which hash. Changes
// become patches; the patches of others are checked whole before they change anything. Knows no server and no devices.

import { sameBytes } from '../signal/derive.ts';
import { systemRandom, type RandomBytes } from '../signal/random.ts';
import { AppStateError } from './errors.ts';
import { macOfPatch, macOfState } from './keys.ts';
import { changedHash, EMPTY_HASH } from './lt-hash.ts';
import { openMutation, sealMutation, type Keyring, type Mutation, type SealedMutation } from './mutation.ts';
import { readPatch, readSnapshot, writePatch, writeSnapshot } from './patch.ts';

interface Entry {
  readonly mutation: Mutation;
  readonly sealed: SealedMutation;
}

/** What a collection holds at one version; `entries` by index MAC in hex. */
interface State {
  readonly version: number;
  readonly hash: Uint8Array;
  readonly entries: ReadonlyMap<string, Entry>;
}

const EMPTY: State = { version: 0, hash: EMPTY_HASH, entries: new Map() };

/** The state at the next version, after mutations in their order; a later one of the same index replaces an earlier one. */
function after(state: State, changes: readonly Entry[]): State {
  const entries = new Map(state.entries);
  const gone: Uint8Array[] = [];
  const come: Uint8Array[] = [];
  for (const change of changes) {
    const id = Buffer.from(change.sealed.indexMac).toString('hex');
    const before = entries.get(id);
    if (before !== undefined) gone.push(before.sealed.valueMac);
    if (change.sealed.operation === 'remove') entries.delete(id);
    else {
      come.push(change.sealed.valueMac);
      entries.set(id, change);
    }
  }
  return { version: state.version + 1, hash: changedHash(state.hash, gone, come), entries };
}

export class Collection {
  readonly name: string;
  readonly #keyring: Keyring;
  readonly #random: RandomBytes;
  #state = EMPTY;

  constructor(name: string, keyring: Keyring, random: RandomBytes = systemRandom) {
    this.name = name;
    this.#keyring = keyring;
    this.#random = random;
  }

  get version(): number {
    return this.#state.version;
  }

  get hash(): Uint8Array {
    return this.#state.hash;
  }

  /** What is set, in the order it was first set. */
  get mutations(): readonly Mutation[] {
    return [...this.#state.entries.values()].map(({ mutation }) => mutation);
  }

  find(...index: readonly string[]): Mutation | undefined {
    const wanted = JSON.stringify(index);
    return this.mutations.find((mutation) => JSON.stringify(mutation.index) === wanted);
  }

  /**
   * Makes changes and gives the patch that tells others, with its version in it as the server would write it.
   * @throws AppStateError `unknown-key`
   */
  change(mutations: readonly Mutation[], keyId: Uint8Array): Buffer {
    const keys = this.#keyring.find(keyId);
    const changes = mutations.map((mutation) => ({
      mutation,
      sealed: sealMutation(mutation, keyId, this.#keyring, this.#random),
    }));
    const next = after(this.#state, changes);
    const stateMac = macOfState(keys, next.hash, next.version, this.name);
    const sealed = changes.map((change) => change.sealed);
    const valueMacs = sealed.map(({ valueMac }) => valueMac);
    const patchMac = macOfPatch(keys, stateMac, valueMacs, next.version, this.name);
    this.#state = next;
    return writePatch({ version: next.version, mutations: sealed, stateMac, patchMac, keyId });
  }

  /**
   * Takes over the changes of a patch, all or none.
   * @returns what it changed, in its order
   * @throws AppStateError with the reason
   */
  apply(bytes: Uint8Array): readonly Mutation[] {
    const patch = readPatch(bytes);
    const version = this.#state.version + 1;
    if (patch.version !== undefined && patch.version !== version) {
      throw new AppStateError('version', `a patch to ${patch.version} at ${this.#state.version}`);
    }
    const keys = this.#keyring.find(patch.keyId);
    const valueMacs = patch.mutations.map(({ valueMac }) => valueMac);
    if (!sameBytes(macOfPatch(keys, patch.stateMac, valueMacs, version, this.name), patch.patchMac)) {
      throw new AppStateError('bad-patch-mac', 'the patch is not what its maker sealed');
    }
    const changes = patch.mutations.map((sealed) => ({ sealed, mutation: openMutation(sealed, this.#keyring) }));
    const next = after(this.#state, changes);
    if (!sameBytes(macOfState(keys, next.hash, version, this.name), patch.stateMac)) {
      throw new AppStateError('bad-snapshot-mac', 'the patch was made for another state');
    }
    this.#state = next;
    return changes.map(({ mutation }) => mutation);
  }

  /** All that is set, for a companion that starts from nothing. @throws AppStateError `unknown-key` */
  snapshot(keyId: Uint8Array): Buffer {
    const { hash, version, entries } = this.#state;
    const mac = macOfState(this.#keyring.find(keyId), hash, version, this.name);
    return writeSnapshot({ version, records: [...entries.values()].map(({ sealed }) => sealed), mac, keyId });
  }

  /** Replaces whatever is here. @throws AppStateError with the reason, and then nothing is replaced */
  restore(bytes: Uint8Array): void {
    const snapshot = readSnapshot(bytes);
    const records = snapshot.records.map((sealed) => ({ sealed, mutation: openMutation(sealed, this.#keyring) }));
    const { hash, entries } = after(EMPTY, records);
    if (!sameBytes(macOfState(this.#keyring.find(snapshot.keyId), hash, snapshot.version, this.name), snapshot.mac)) {
      throw new AppStateError('bad-snapshot-mac', 'the records are not those of this snapshot');
    }
    this.#state = { version: snapshot.version, hash, entries };
  }
}
