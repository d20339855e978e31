// The people book as all logins of a process share it: read once, and what was learnt goes along with somebody's next commit.
import type { Vault, VaultChange } from '../../ports/stores.ts';
import type { Names } from './ids.ts';
import { PEOPLE_SCOPE, PeopleBook, type Merged } from './people-book.ts';

export interface Learnt {
  readonly changes: readonly VaultChange[];
  /** To be called when they are written. */
  readonly written: () => void;
}

export class PeopleDesk {
  readonly #vault: Pick<Vault, 'readAll'>;
  readonly #names: Names;
  readonly #unwritten = new Map<string, VaultChange>();
  readonly #watchers = new Set<(merged: readonly Merged[]) => void>();
  #book: Promise<PeopleBook> | undefined;

  constructor(vault: Pick<Vault, 'readAll'>, names: Names) {
    this.#vault = vault;
    this.#names = names;
  }

  async book(): Promise<PeopleBook> {
    this.#book ??= this.#vault.readAll(PEOPLE_SCOPE).then((kept) => new PeopleBook(this.#names, kept));
    try {
      return await this.#book;
    } catch (error) {
      this.#book = undefined;
      throw error;
    }
  }

  /** Calls back with people found to be one, whichever login found it: each may have rooms of theirs. @returns how to stop */
  watch(callback: (merged: readonly Merged[]) => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  /** What is not written yet, whoever learnt it. */
  take(book: PeopleBook): Learnt {
    const merged = book.drainMerged();
    if (merged.length > 0) for (const watcher of this.#watchers) watcher(merged);
    for (const change of book.drain()) this.#unwritten.set(change.key, change);
    const changes = [...this.#unwritten.values()];
    return {
      changes,
      written: () => {
        for (const change of changes) {
          if (this.#unwritten.get(change.key) === change) this.#unwritten.delete(change.key);
        }
      },
    };
  }
}
