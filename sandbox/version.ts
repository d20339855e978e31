// A number that moves with every change, and those who wait for it to move. Knows nothing else.

export class Version {
  current = 1;
  #waiting: (() => void)[] = [];

  /** Something changed: whoever waits looks again. */
  touch(): void {
    this.current++;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves at the next change after `since`, or after `ms`. */
  changed(since: number, ms: number): Promise<void> {
    if (this.current !== since) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== wake);
        resolve();
      }, ms);
      const wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.push(wake);
    });
  }
}
