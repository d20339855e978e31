// The people book as all logins of a process share it: read once, and what was learnt goes along with somebody's next commit.
import type { Vault, VaultChange } from '../../ports/stores.ts';
import type { Names } from './ids.ts';
import type { Handles } from './jid.ts';
import { PEOPLE_SCOPE, PeopleBook, type Merged, type Numbered } from './people-book.ts';

/** What was looked up is taken as it is for this long, in ms. */
const FRESH_MS = 60_000;
const MOST_LOOKED = 20_000;

export interface Learnt {
  readonly changes: readonly VaultChange[];
  /** People found to be one: the house hears of them in the same commit. */
  readonly merged: readonly Merged[];
  /** In the same commit as well: rules may match on numbers. */
  readonly numbered: readonly Numbered[];
  /** To be called when they are written. */
  readonly written: () => void;
}

export class PeopleDesk {
  readonly #vault: Pick<Vault, 'readAll' | 'read'>;
  readonly #names: Names;
  readonly #unwritten = new Map<string, VaultChange>();
  /** Epoch ms of the last look. */
  readonly #looked = new Map<string, number>();
  #merged: readonly Merged[] = [];
  #numbered: readonly Numbered[] = [];
  #book: Promise<PeopleBook> | undefined;

  constructor(vault: Pick<Vault, 'readAll' | 'read'>, names: Names) {
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

  /** Looks again what other processes have learnt about these names, if that was not done a moment ago. @param now epoch ms */
  async look(book: PeopleBook, names: readonly Handles[], now: number): Promise<void> {
    for (const key of names.flatMap((handles) => book.keysOf(handles))) {
      if (now - (this.#looked.get(key) ?? Number.NEGATIVE_INFINITY) < FRESH_MS) continue;
      const kept = await this.#vault.read(PEOPLE_SCOPE, key);
      if (this.#looked.size >= MOST_LOOKED) this.#looked.clear();
      this.#looked.set(key, now);
      if (kept !== undefined) this.#absorb(book, key, kept);
    }
  }

  #absorb(book: PeopleBook, key: string, kept: Uint8Array): void {
    try {
      book.absorb(key, kept);
    } catch {
      // No row of the book: what is known here stands, and whoever is waited for need not wait.
    }
  }

  /** What is not written yet, whoever learnt it. */
  take(book: PeopleBook): Learnt {
    const merged = [...this.#merged, ...book.drainMerged()];
    this.#merged = merged;
    const numbered = [...this.#numbered, ...book.drainNumbered()];
    this.#numbered = numbered;
    for (const change of book.drain()) this.#unwritten.set(change.key, change);
    const changes = [...this.#unwritten.values()];
    return {
      changes,
      merged,
      numbered,
      written: () => {
        this.#merged = this.#merged.filter((one) => !merged.includes(one));
        this.#numbered = this.#numbered.filter((one) => !numbered.includes(one));
        for (const change of changes) {
          if (this.#unwritten.get(change.key) === change) this.#unwritten.delete(change.key);
        }
      },
    };
  }
}
