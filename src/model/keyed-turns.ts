// Lets callers with the same key go one after the other, in the order of arrival; knows nothing of what they do.

/** One at a time per key, in the order of arrival; keys nobody waits for are forgotten. */
export class KeyedTurns {
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(work);
    const tail = mine.then(
      () => undefined,
      // The caller gets the error; the next in line does not.
      () => undefined,
    );
    this.#tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
