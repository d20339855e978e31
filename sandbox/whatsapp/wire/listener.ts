// Where clients connect: a WebSocket server on loopback that makes a WireConnection of each. Knows no stanza and no account.
//
//   const listener = await WireListener.open({
//     identity: new ServerIdentity(),
//     log: (text) => …,
//     connected: (connection) => ({ heard: (node) => connection.send(…), gone: () => … }),
//   });
//   listener.url          // ws://127.0.0.1:PORT/ws/chat: Baileys' waWebSocketUrl, whatsmeow's MessengerConfig.WebsocketURL
//   listener.identity.rootKey

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { Channel, type Harbour } from './channel.ts';
import type { CertificateFlaw, ServerIdentity } from './certificate.ts';
import type { WireConnection, WireEars } from './connection.ts';
import { MAX_FRAME } from './frames.ts';
import type { BinaryNode } from './node.ts';
import type { Verdict } from './out-gate.ts';
import { Tape } from '../../tape.ts';
import type { NodeLine } from './node-line.ts';

const PATH = '/ws/chat';

export interface ListenerOptions {
  readonly identity: ServerIdentity;
  /** 0 or nothing: any free port. */
  readonly port?: number;
  log(text: string): void;
  /**
   * A client finished its handshake and said who it is. Called synchronously, before any of its nodes is heard; whether the
   * device is known (`clientKey`) and what it is told is the owner's affair.
   */
  connected(connection: WireConnection): WireEars;
  /** Decides about every node on its way out; without it all are sent. */
  judge?(connection: WireConnection, node: BinaryNode): Verdict;
}

export class WireListener implements Harbour {
  /** The keys of the handshakes to come. */
  identity: ServerIdentity;
  readonly tape = new Tape<NodeLine>();
  /** A flaw in the certificate chain of the handshakes to come. */
  flaw: CertificateFlaw | undefined;
  /** From how many bytes on a node travels deflated. */
  compressAbove = Infinity;
  /** How long a client may take, from now on, until it has said who it is. */
  handshakeLimitMs = 20_000;
  /** False: new clients are cut off at once, as by a network that is away; those that are there stay. */
  accepting = true;
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 2 * MAX_FRAME,
  });
  readonly #channels = new Set<Channel>();
  readonly #connections = new Set<WireConnection>();
  #lastId = 0;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.#server = createServer((_request, response) => void response.writeHead(404).end());
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
  }

  /** Listens on 127.0.0.1. Rejects when the port is taken. */
  static async open(options: ListenerOptions): Promise<WireListener> {
    const listener = new WireListener(options);
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', () => resolve());
    });
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}${PATH}`;
  }

  /** Those whose handshake is done and whose socket is open. */
  get connections(): ReadonlySet<WireConnection> {
    return this.#connections;
  }

  /** Cuts all clients and stops listening. */
  async close(): Promise<void> {
    for (const channel of this.#channels) channel.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  nextId(): number {
    return ++this.#lastId;
  }

  log(text: string): void {
    this.#options.log(text);
  }

  connected(connection: WireConnection): WireEars {
    this.#connections.add(connection);
    const ears = this.#options.connected(connection);
    return {
      heard: (node) => ears.heard(node),
      gone: () => {
        this.#connections.delete(connection);
        ears.gone();
      },
    };
  }

  judge(connection: WireConnection, node: BinaryNode): Verdict {
    return this.#options.judge?.(connection, node) ?? 'send';
  }

  #upgrade(request: IncomingMessage, tcp: Socket, head: Buffer): void {
    const path = request.url?.split('?')[0];
    if (!this.accepting) return void tcp.resetAndDestroy();
    if (path !== PATH) return void tcp.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    this.#sockets.handleUpgrade(request, tcp, head, (socket) => {
      const channel = new Channel(socket, tcp, this);
      this.#channels.add(channel);
      channel.onClosed(() => this.#channels.delete(channel));
    });
  }
}
