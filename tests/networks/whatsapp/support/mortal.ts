// A ledger whose process dies at its n-th write, just before or just after the commit; what was committed stays for the next life.
import { setImmediate as turn } from 'node:timers/promises';
import type { Ledger, LedgerChange } from '../../../../src/networks/whatsapp/state/ledger.ts';

export type Moment = 'before' | 'after';

export class Mortal implements Ledger {
  readonly killed: Promise<'killed'>;
  readonly #kept: Ledger;
  #at: number;
  readonly #moment: Moment;
  readonly #kill: () => void;
  #writes = 0;
  #alive = true;

  /** @param at which write ends it; 0 = none */
  constructor(kept: Ledger, at: number, moment: Moment) {
    this.#kept = kept;
    this.#at = at;
    this.#moment = moment;
    const { promise, resolve } = Promise.withResolvers<'killed'>();
    this.killed = promise;
    this.#kill = () => {
      this.#alive = false;
      resolve('killed');
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  get writes(): number {
    return this.#writes;
  }

  /** It has so many more writes to live. */
  dieAfter(writes: number): void {
    this.#at = this.#writes + writes;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return await this.#kept.read(key);
  }

  async readAll(): Promise<ReadonlyMap<string, Uint8Array>> {
    return await this.#kept.readAll();
  }

  /** @param also what is committed with it */
  async write(changes: readonly LedgerChange[], also: () => void = () => undefined): Promise<void> {
    // A commit takes its time: what does not wait for it goes on.
    await turn();
    this.#writes += 1;
    const last = this.#alive && this.#writes === this.#at;
    if (last && this.#moment === 'before') this.#kill();
    if (this.#alive) {
      await this.#kept.write(changes);
      also();
    }
    if (last) this.#kill();
    // A dead process waits for ever.
    if (!this.#alive) await new Promise(() => undefined);
  }
}
