// Remembers until when Telegram asked us to stay away from a method, over restarts. Knows no wire.
import { floodUntil } from './errors.ts';

const MOST_METHODS = 100;

export class FloodGate {
  readonly #until = new Map<string, number>();

  /** @param kept what pack() gave */
  constructor(kept?: Uint8Array) {
    if (kept === undefined) return;
    const { v, until } = JSON.parse(Buffer.from(kept).toString()) as Record<string, unknown>;
    if (v !== 1 || typeof until !== 'object' || until === null) throw new Error('not a telegram flood record');
    for (const [method, at] of Object.entries(until)) if (typeof at === 'number') this.#until.set(method, at);
  }

  /** @param now epoch ms @throws BridgeError while the wait lasts: asking again only makes it longer */
  check(method: string, now: number): void {
    const until = this.#until.get(method);
    if (until === undefined) return;
    if (until > now) throw floodUntil(until);
    this.#until.delete(method);
  }

  note(method: string, until: number): void {
    if (this.#until.size >= MOST_METHODS) this.#until.clear();
    this.#until.set(method, until);
  }

  pack(now: number): Uint8Array {
    const until = Object.fromEntries([...this.#until].filter(([, at]) => at > now));
    return Buffer.from(JSON.stringify({ v: 1, until }));
  }
}
