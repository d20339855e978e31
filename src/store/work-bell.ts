// Wakes whoever works lanes: at once in this process, by a debounced notice in the others; a lost bell only costs a poll.
import { randomUUID } from 'node:crypto';
import type { Notices } from './notices.ts';

const CHANNEL = 'passerelle_work';
const DEBOUNCE_MS = 20;

export class WorkBell {
  readonly #notices: Notices;
  readonly #wakers = new Set<() => void>();
  /** Signs our own notices: we were woken when we rang. */
  readonly #name = randomUUID();
  readonly #timers = new Set<NodeJS.Timeout>();
  #hearing = false;
  #telling: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  listen(wake: () => void): () => void {
    this.#wakers.add(wake);
    if (!this.#hearing) {
      this.#hearing = true;
      this.#notices.on(CHANNEL, (said) => {
        if (said !== undefined && said !== this.#name) this.#wake();
      });
    }
    return () => this.#wakers.delete(wake);
  }

  ring(): void {
    this.#wake();
    if (this.#telling !== undefined || this.#closed) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.#notices.tell(CHANNEL, this.#name);
    }, DEBOUNCE_MS);
  }

  ringIn(ms: number): void {
    if (ms > 60_000 || this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#wake();
    }, ms + 1);
    timer.unref();
    this.#timers.add(timer);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#telling);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }
}
