// The smallest client there is: Baileys' own Noise and binary XML over a bare WebSocket, driven by hand. Knows no stanza.

import { makeNoiseHandler } from '@whiskeysockets/baileys/lib/Utils/noise-handler.js';
import { Curve } from '@whiskeysockets/baileys/lib/Utils/crypto.js';
import { encodeBinaryNode } from '@whiskeysockets/baileys/lib/WABinary/encode.js';
import type { BinaryNode as TheirNode } from '@whiskeysockets/baileys/lib/WABinary/types.js';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { WebSocket } from 'ws';
import { INTRO } from '../../../../sandbox/whatsapp/wire/frames.ts';
import type { BinaryNode } from '../../../../sandbox/whatsapp/wire/node.ts';
import { quiet } from './baileys.ts';

const copy = (key: Uint8Array): Buffer => Buffer.from(key);

/** The client's half of a conversation, without a socket. */
export class WireClient {
  readonly noiseKey = Curve.generateKeyPair();
  readonly #ephemeral = Curve.generateKeyPair();
  readonly #noise: ReturnType<typeof makeNoiseHandler>;
  readonly #payload: Uint8Array;

  constructor({ routingInfo, payload }: { routingInfo?: Uint8Array; payload?: Uint8Array } = {}) {
    this.#payload =
      payload ?? proto.ClientPayload.encode({ username: 4915112345678, device: 7, passive: true }).finish();
    this.#noise = makeNoiseHandler({
      keyPair: this.#ephemeral,
      NOISE_HEADER: INTRO,
      logger: quiet,
      ...(routingInfo === undefined ? {} : { routingInfo: copy(routingInfo) }),
    });
  }

  /** The first bytes: intro and hello. */
  hello(): Buffer {
    const clientHello = { ephemeral: this.#ephemeral.public };
    return this.#noise.encodeFrame(proto.HandshakeMessage.encode({ clientHello }).finish());
  }

  /** Takes the frame with the server's hello; gives the bytes that finish the handshake. Throws when the server is not to be believed. */
  async finish(serverHello: Uint8Array): Promise<Buffer> {
    const message = proto.HandshakeMessage.decode(serverHello);
    const sealed = this.#noise.processHandshake(message, this.noiseKey);
    const payload = this.#noise.encrypt(this.#payload);
    const clientFinish = { static: sealed, payload };
    const bytes = this.#noise.encodeFrame(proto.HandshakeMessage.encode({ clientFinish }).finish());
    await this.#noise.finishInit();
    return bytes;
  }

  encode(node: BinaryNode): Buffer {
    return this.#noise.encodeFrame(encodeBinaryNode(node as TheirNode));
  }

  /** Seals bytes that need be no node. */
  encodePlain(plain: Uint8Array): Buffer {
    return this.#noise.encodeFrame(plain);
  }

  /** Takes bytes of the server, cut anywhere: before finish() gives the frames, then the nodes. */
  async decode(bytes: Uint8Array): Promise<(Uint8Array | BinaryNode)[]> {
    const frames: (Uint8Array | BinaryNode)[] = [];
    await this.#noise.decodeFrame(copy(bytes), (frame) => void frames.push(frame));
    return frames;
  }
}

export interface Visitor {
  readonly client: WireClient;
  readonly socket: WebSocket;
  /** The next node that was not given yet; rejects when the socket closes first. */
  next(): Promise<BinaryNode>;
  send(node: BinaryNode): void;
  /** The code with which the socket closed; 1006 when it was cut. */
  readonly closed: Promise<number>;
}

/** Opens a socket; resolves when it is open. */
export async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => socket.on('open', resolve).on('error', reject));
  return socket;
}

/** Connects to a listener and completes the handshake. */
export async function visit(url: string, client = new WireClient()): Promise<Visitor> {
  const socket = await openSocket(url);
  const arrived: (Uint8Array | BinaryNode)[] = [];
  let wake = (): void => undefined;
  let open = true;
  let reading = Promise.resolve();
  socket.on('message', (data) => {
    reading = reading.then(async () => {
      arrived.push(...(await client.decode(data as Buffer)));
      wake();
    });
  });
  const closed = new Promise<number>((resolve) => {
    socket.on('close', (code) => {
      open = false;
      wake();
      resolve(code);
    });
  });
  const next = async <T extends Uint8Array | BinaryNode>(): Promise<T> => {
    while (arrived.length === 0) {
      if (!open) throw new Error('closed');
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return arrived.shift() as T;
  };
  socket.send(client.hello());
  socket.send(await client.finish(await next<Uint8Array>()));
  return { client, socket, closed, next: next<BinaryNode>, send: (node) => socket.send(client.encode(node)) };
}
