// A path for messages that delivers in any order, loses some and repeats some, as a seed says. Knows nothing of what
// it carries.

import { randomBelow, type RandomBytes } from '../../../../../sandbox/whatsapp/signal/random.ts';

export interface Delivery<T> {
  readonly item: T;
  /** How often this very item was delivered before. */
  readonly before: number;
}

export class LossyPath<T> {
  readonly #random: RandomBytes;
  readonly #waiting: { item: T; delivered: number }[] = [];

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  send(item: T): void {
    this.#waiting.push({ item, delivered: 0 });
  }

  /** Some item that is under way; one in ten stays for another delivery. */
  deliver(): Delivery<T> | undefined {
    const at = randomBelow(this.#random, Math.max(this.#waiting.length, 1));
    const found = this.#waiting[at];
    if (found === undefined) return undefined;
    const before = found.delivered;
    found.delivered += 1;
    if (randomBelow(this.#random, 10) > 0) this.#waiting.splice(at, 1);
    return { item: found.item, before };
  }

  /** Loses some item that was never delivered; false when there is none. */
  lose(): boolean {
    const at = this.#waiting.findIndex(({ delivered }) => delivered === 0);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    return true;
  }
}
