// One line of the wire's tape: a node that came in or went out. Knows no stanza.

import type { BinaryNode } from './node.ts';

export interface NodeLine {
  /** `in`: the node's last byte was there, nothing else was done yet; `out`: its last byte has gone to the operating system. */
  readonly way: 'in' | 'out';
  readonly node: BinaryNode;
  /** WireConnection.id */
  readonly connection: number;
  /** monotonic() */
  readonly at: number;
}
