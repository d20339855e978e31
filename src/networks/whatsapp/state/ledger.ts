// Where one login's sealed values are kept: in the house's vault under the lease's fence, or in memory while a login is being made.
import type { Vault, VaultChange } from '../../../ports/stores.ts';

export interface LedgerChange {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface Ledger {
  read(key: string): Promise<Uint8Array | undefined>;
  readAll(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** One commit, all or nothing. @throws FencedError when the login's lease is lost */
  write(changes: readonly LedgerChange[]): Promise<void>;
}

/** @param keep writes under the fence of the login's lease: NetworkSink.keep */
export function vaultLedger(
  vault: Pick<Vault, 'read' | 'readAll'>,
  scope: string,
  keep: (changes: readonly VaultChange[]) => Promise<void>,
): Ledger {
  return {
    read: async (key) => await vault.read(scope, key),
    readAll: async () => await vault.readAll(scope),
    write: async (changes) => await keep(placed(scope, changes)),
  };
}

export function placed(scope: string, changes: readonly LedgerChange[]): readonly VaultChange[] {
  return changes.map(({ key, value }): VaultChange => ({ scope, key, value }));
}

export interface DraftSeal {
  /** The account is linked: from now on a death would leave a device on the phone. */
  readonly linked: () => boolean;
  /** Sealed in the house's vault. @throws FencedError */
  readonly keep: (changes: readonly LedgerChange[]) => Promise<void>;
}

/** A login that is being made: in memory, and sealed as well from when it is linked, so that whoever comes after a death can undo it. */
export class DraftLedger implements Ledger {
  readonly #kept: Map<string, Uint8Array>;
  readonly #seal: DraftSeal | undefined;
  #sealed = false;

  constructor(seal?: DraftSeal, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#seal = seal;
    this.#kept = new Map(kept);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return await Promise.resolve(this.#kept.get(key));
  }

  async readAll(): Promise<ReadonlyMap<string, Uint8Array>> {
    return await Promise.resolve(new Map(this.#kept));
  }

  async write(changes: readonly LedgerChange[]): Promise<void> {
    for (const { key, value } of changes) {
      if (value === null) this.#kept.delete(key);
      else this.#kept.set(key, value);
    }
    if (this.#seal?.linked() !== true) return;
    const all = [...this.#kept].map(([key, value]) => ({ key, value }));
    const due = this.#sealed ? changes : all;
    this.#sealed = true;
    await this.#seal.keep(due);
  }

  /** The login is kept, or undone: nothing of the draft stays. */
  async forget(): Promise<void> {
    if (this.#sealed) await this.#seal?.keep([...this.#kept.keys()].map((key) => ({ key, value: null })));
    this.#sealed = false;
  }

  /** Everything of the login, for the commit that keeps it. */
  changes(scope: string): readonly VaultChange[] {
    return [...this.#kept].map(([key, value]) => ({ scope, key, value }));
  }
}
