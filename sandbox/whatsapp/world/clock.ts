// The world's clock: the machine's, set forward by hand. Two weeks pass in a command.

export class Clock {
  #ahead = 0;

  /** Milliseconds. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** Seconds, as stanzas carry them. */
  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  advance(ms: number): void {
    this.#ahead += ms;
  }
}
