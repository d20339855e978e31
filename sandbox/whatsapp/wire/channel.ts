// One client's socket from its first byte to its end: frames put together, the handshake answered, frames opened and read. Knows
// no stanza.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { closeAfterReset } from '../../reset-close.ts';
import { WireConnection, type Line, type Surroundings, type WireEars } from './connection.ts';
import { decodeNode } from './decode.ts';
import { frame, FrameReader, INTRO } from './frames.ts';
import { Responder, type NoiseTransport } from './noise.ts';
import type { ServerIdentity, CertificateFlaw } from './certificate.ts';
import { monotonic } from '../../tape.ts';
import { WireError } from './wire-error.ts';

const OPEN = 1;

/** What a channel needs of the listener. */
export interface Harbour extends Surroundings {
  readonly identity: ServerIdentity;
  readonly flaw: CertificateFlaw | undefined;
  /** How long a client may take until it has said who it is. */
  readonly handshakeLimitMs: number;
  nextId(): number;
  log(text: string): void;
  connected(connection: WireConnection): WireEars;
}

interface Talk {
  readonly id: number;
  readonly transport: NoiseTransport;
  readonly ears: WireEars;
}

export class Channel implements Line {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #harbour: Harbour;
  readonly #frames = new FrameReader();
  readonly #responder: Responder;
  readonly #patience: NodeJS.Timeout;
  readonly #closers: (() => void)[] = [];
  #talk: Talk | undefined;

  constructor(socket: WebSocket, tcp: Socket, harbour: Harbour) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#harbour = harbour;
    this.#responder = new Responder(harbour.identity.staticKeys, harbour.identity.chain(harbour.flaw), INTRO);
    this.#patience = setTimeout(() => this.destroy(), harbour.handshakeLimitMs);
    tcp.setNoDelay(true);
    closeAfterReset(tcp);
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => this.#data(data as Buffer, isBinary));
    // A reset by the client, or a WebSocket frame that is none, is an ordinary end here; 'close' follows.
    socket.on('error', (error) => this.#harbour.log(`connection failed: ${error.message}`));
    socket.on('close', () => this.#closed());
  }

  get open(): boolean {
    return this.#socket.readyState === OPEN;
  }

  write(sealed: Uint8Array, written?: () => void): void {
    this.#socket.send(frame(sealed), (error) => {
      if (!error) written?.();
    });
  }

  close(code: number): void {
    this.#socket.close(code);
  }

  destroy(): void {
    this.#tcp.resetAndDestroy();
  }

  onClosed(then: () => void): void {
    this.#closers.push(then);
  }

  #closed(): void {
    clearTimeout(this.#patience);
    for (const close of this.#closers) close();
    this.#talk?.ears.gone();
  }

  #data(data: Buffer, isBinary: boolean): void {
    const at = monotonic();
    try {
      if (!isBinary) throw new WireError('a text');
      for (const one of this.#frames.feed(data)) {
        if (!this.open) return;
        this.#frame(one, at);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#harbour.log(`connection dropped: ${error.message}`);
      this.destroy();
    }
  }

  #frame(sealed: Buffer, at: number): void {
    const { tape } = this.#harbour;
    if (this.#talk === undefined) return this.#handshake(sealed);
    const { id, transport, ears } = this.#talk;
    const node = decodeNode(transport.decrypt(sealed));
    if (!tape.idle) tape.tell({ way: 'in', node, connection: id, at });
    ears.heard(node);
  }

  #handshake(message: Buffer): void {
    const { answer, established } = this.#responder.take(message);
    if (answer !== undefined) this.write(answer);
    if (established === undefined) return;
    clearTimeout(this.#patience);
    const id = this.#harbour.nextId();
    const connection = new WireConnection(id, this, established, this.#frames.routingInfo, this.#harbour);
    this.#talk = { id, transport: established.transport, ears: this.#harbour.connected(connection) };
  }
}
