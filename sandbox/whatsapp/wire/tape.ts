// When nodes came in and went out, told as it happens to whoever listens, by the machine's monotonic clock. Knows no stanza.

import type { BinaryNode } from './node.ts';

/** Milliseconds of the clock that every process of this machine shares and nobody sets. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export interface TapeLine {
  /** `in`: the node's last byte was there, nothing else was done yet; `out`: its last byte has gone to the operating system. */
  readonly way: 'in' | 'out';
  readonly node: BinaryNode;
  /** WireConnection.id */
  readonly connection: number;
  /** monotonic() */
  readonly at: number;
}

export class Tape {
  readonly #listeners = new Set<(line: TapeLine) => void>();

  /** Nobody listens: nothing need be told. */
  get idle(): boolean {
    return this.#listeners.size === 0;
  }

  tell(way: TapeLine['way'], node: BinaryNode, connection: number, at = monotonic()): void {
    for (const hear of this.#listeners) hear({ way, node, connection, at });
  }

  /** Listens until the returned function is called. */
  listen(hear: (line: TapeLine) => void): () => void {
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }
}
