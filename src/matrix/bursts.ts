// Lets what is sent to the homeserver while it is busy go to it together: it takes many at once for less than as many one by one.
// Knows no path.

/**
 * The next burst goes when no more than this share of the one before is unanswered: when the homeserver has come to its end (it answers
 * those of a burst at nearly the same time), and before it stands idle.
 */
const NEXT_AT = 0.9;

/**
 * Whoever comes to an idle homeserver goes at once. The rest wait until the first of those that are under way have their answer, or until
 * these have waited for it for `longestMs`, and go together: a homeserver shares the work of a moment (Synapse: one
 * transaction to its appservices, one round of notifications), and takes about a tenth more of them a second.
 */
export class Bursts {
  readonly #longestMs: number;
  /** The newest one, and how many of it have no answer yet. */
  #burst: { left: number; readonly size: number; readonly late: NodeJS.Timeout } | undefined;
  #waiting: (() => void)[] = [];

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#burst === undefined) this.#begin(1);
    else {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    const burst = this.#burst;
    try {
      return await work();
    } finally {
      if (burst !== undefined) {
        burst.left -= 1;
        if (burst.left <= burst.size * NEXT_AT && burst === this.#burst) this.#next();
      }
    }
  }

  #begin(size: number): void {
    // What hangs is not waited for any more, neither by the next burst nor by those after it.
    this.#burst = { left: size, size, late: setTimeout(() => this.#next(), this.#longestMs) };
  }

  #next(): void {
    clearTimeout(this.#burst?.late);
    this.#burst = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    this.#begin(waiting.length);
    for (const go of waiting) go();
  }
}
