// Where a node to a client may be lost, kept back, late or out of order, before it is encrypted: the ciphers count, so whatever
// happens to it must happen here. Knows not why.

import type { BinaryNode } from './node.ts';

/** What happens to a node on its way out. One that waits `delayMs` may be overtaken; one on `hold` waits for release(). */
export type Verdict = 'send' | 'drop' | 'hold' | { readonly delayMs: number };

export class OutGate {
  readonly #judge: (node: BinaryNode) => Verdict;
  readonly #write: (node: BinaryNode) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: BinaryNode[] = [];
  #open = true;

  constructor(judge: (node: BinaryNode) => Verdict, write: (node: BinaryNode) => void) {
    this.#judge = judge;
    this.#write = write;
  }

  /** What is on hold, oldest first. */
  get held(): readonly BinaryNode[] {
    return this.#held;
  }

  push(node: BinaryNode): void {
    if (!this.#open) return;
    const verdict = this.#judge(node);
    if (verdict === 'send') this.#write(node);
    else if (verdict === 'hold') this.#held.push(node);
    else if (verdict !== 'drop') this.#later(node, verdict.delayMs);
  }

  /** Writes what `pick` makes of the held nodes, in its order (by default all, oldest first); what it leaves out is lost. */
  release(pick: (held: readonly BinaryNode[]) => readonly BinaryNode[] = (held) => held): void {
    const held = this.#held;
    this.#held = [];
    for (const node of pick(held)) this.#write(node);
  }

  /** Everything still waiting is lost. */
  close(): void {
    this.#open = false;
    this.#held = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #later(node: BinaryNode, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#write(node);
    }, delayMs);
    this.#timers.add(timer);
  }
}
