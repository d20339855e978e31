// The people book as all logins of a process share it: read once, and what was learnt goes along with somebody's next commit.
import type { Vault, VaultChange } from '../../ports/stores.ts';
import type { Names } from './ids.ts';
import { PEOPLE_SCOPE, PeopleBook } from './people-book.ts';

export interface Learnt {
  readonly changes: readonly VaultChange[];
  /** To be called when they are written. */
  readonly written: () => void;
}

export class PeopleDesk {
  readonly #vault: Pick<Vault, 'readAll'>;
  readonly #names: Names;
  readonly #unwritten = new Map<string, VaultChange>();
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

  /** What is not written yet, whoever learnt it. */
  take(book: PeopleBook): Learnt {
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
