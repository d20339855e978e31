// Keeps two ways of taking lanes apart: a look for lanes must know every lane that an acceptance has just taken. Knows no lanes.

/**
 * Many acceptances may take lanes at the same time, but none while somebody looks: the look would take a lane whose token is
 * still on its way to us for one that was lost. Whoever looks goes first; an acceptance never waits, it just takes nothing then.
 */
export class TakingTurns {
  readonly #taking = new Set<Promise<unknown>>();
  #looking = 0;

  async accept<T>(work: (mayTake: boolean) => Promise<T>): Promise<T> {
    if (this.#looking > 0) return await work(false);
    const taking = work(true);
    // Whoever accepts hears of a failure; who looks only waits for the end.
    const over = taking.catch(() => undefined);
    this.#taking.add(over);
    try {
      return await taking;
    } finally {
      this.#taking.delete(over);
    }
  }

  async claim<T>(work: () => Promise<T>): Promise<T> {
    this.#looking += 1;
    try {
      await Promise.all(this.#taking);
      return await work();
    } finally {
      this.#looking -= 1;
    }
  }
}
