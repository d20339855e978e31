// Work that nobody waits for while it is done, until whoever began it goes; knows nothing of what it does.

export class Errands {
  readonly #failed: (error: unknown) => void;
  readonly #all = new Set<Promise<void>>();

  /** @param failed hears of each that failed; must not throw */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  begin(work: Promise<void>): void {
    const errand = work.catch(this.#failed).finally(() => this.#all.delete(errand));
    this.#all.add(errand);
  }

  /** What was begun before has come to an end. */
  async done(): Promise<void> {
    await Promise.allSettled(this.#all);
  }
}
