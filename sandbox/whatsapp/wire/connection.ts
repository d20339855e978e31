// A client as the server around it sees it, once the handshake is done: who it says it is, nodes out, and how it ends. Knows no
// stanza and no account.

import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { encodeNode } from './encode.ts';
import type { BinaryNode } from './node.ts';
import type { Established, NoisePattern } from './noise.ts';
import { OutGate, type Verdict } from './out-gate.ts';
import { monotonic, type Tape } from '../../tape.ts';
import type { NodeLine } from './node-line.ts';
import { WireError } from './wire-error.ts';

/** What the owner of a connection does with it. Called synchronously and in order; neither may throw. */
export interface WireEars {
  heard(node: BinaryNode): void;
  /** The connection is over, whoever ended it. Called once. */
  gone(): void;
}

/** What a connection needs of the server around it. */
export interface Surroundings {
  /** From how many bytes on a node travels deflated. */
  readonly compressAbove: number;
  readonly tape: Tape<NodeLine>;
  /** Asked for every node that is sent. */
  judge(connection: WireConnection, node: BinaryNode): Verdict;
}

/** What a connection needs of its socket. */
export interface Line {
  readonly open: boolean;
  /** `written` is called when the last byte has gone to the operating system. */
  write(sealed: Uint8Array, written?: () => void): void;
  close(code: number): void;
  destroy(): void;
  onClosed(then: () => void): void;
}

/** Made by the listener when the handshake is done. */
export class WireConnection {
  /** Counts up from 1 over the whole listener. */
  readonly id: number;
  /** The client's static Noise key, 32 bytes: a linked device is known again by it. */
  readonly clientKey: Uint8Array;
  readonly pattern: NoisePattern;
  /** What the client says of itself: `devicePairingData` to be linked, `username` and `device` to log in. */
  readonly payload: proto.ClientPayload;
  /** What an earlier `ib edge_routing` told the client to send. */
  readonly routingInfo: Uint8Array | undefined;
  readonly #line: Line;
  readonly #established: Established;
  readonly #around: Surroundings;
  readonly #gate: OutGate;

  /** Throws WireError when the client's payload is no ClientPayload. */
  constructor(
    id: number,
    line: Line,
    established: Established,
    routingInfo: Uint8Array | undefined,
    around: Surroundings,
  ) {
    this.id = id;
    this.clientKey = established.clientKey;
    this.pattern = established.pattern;
    this.routingInfo = routingInfo;
    try {
      this.payload = proto.ClientPayload.decode(established.payload);
    } catch (error) {
      throw new WireError('a payload that is no ClientPayload', { cause: error });
    }
    this.#line = line;
    this.#established = established;
    this.#around = around;
    this.#gate = new OutGate(
      (node) => around.judge(this, node),
      (node) => this.#write(node),
    );
    line.onClosed(() => this.#gate.close());
  }

  get open(): boolean {
    return this.#line.open;
  }

  /** Sends a node, unless the surroundings' judge decides otherwise; nothing happens when the connection is closed. */
  send(node: BinaryNode): void {
    this.#gate.push(node);
  }

  /** The nodes on hold, oldest first. */
  get held(): readonly BinaryNode[] {
    return this.#gate.held;
  }

  /** Writes what `pick` makes of the held nodes, in its order (by default all, oldest first); what it leaves out is lost. */
  release(pick?: (held: readonly BinaryNode[]) => readonly BinaryNode[]): void {
    this.#gate.release(pick);
  }

  /** Seals and sends these bytes as if they were a node, past the gate: for clients that must survive nonsense. */
  sendPlain(plain: Uint8Array, written?: () => void): void {
    if (this.#line.open) this.#line.write(this.#established.transport.encrypt(plain), written);
  }

  /** Ends the WebSocket in good order, after what was sent; what is held is lost. Real servers do so after a `stream:error`. */
  close(code = 1000): void {
    this.#gate.close();
    this.#line.close(code);
  }

  /** Cuts the TCP connection, as a network that breaks; what is not yet written is lost. */
  destroy(): void {
    this.#gate.close();
    this.#line.destroy();
  }

  #write(node: BinaryNode): void {
    const { compressAbove, tape } = this.#around;
    const written = tape.idle ? undefined : () => tape.tell({ way: 'out', node, connection: this.id, at: monotonic() });
    this.sendPlain(encodeNode(node, { compressAbove }), written);
  }
}
