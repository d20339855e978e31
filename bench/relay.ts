// Stands between homeserver and bridge and notes when what passes; changes nothing. Knows the paths of sends and transactions only.
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monotonic } from '../sandbox/tape.ts';

export interface RelayEars {
  /** The bridge sends a message: when its first bytes were there. */
  readonly sending?: (text: string, at: number) => void;
  /** The homeserver has taken a message. */
  readonly sent?: (text: string) => void;
  /** The homeserver pushes a message: just before its transaction's last byte went to the bridge. */
  readonly pushing?: (text: string, at: number) => void;
}

const SEND = /^\/_matrix\/client\/v3\/rooms\/[^/]+\/send\/m\.room\.message\//;
const KEEP_ALIVE_MS = 120_000;

export class Relay {
  readonly #homeserver: Server;
  readonly #door: Server;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #doorPort: number;
  #upstream: URL | undefined;
  ears: RelayEars = {};
  /** An appservice that only answers 200 instead of the bridge. */
  answersAlone = false;

  private constructor(doorPort: number) {
    this.#doorPort = doorPort;
    this.#homeserver = createServer((incoming, outgoing) => void this.#toHomeserver(incoming, outgoing));
    this.#door = createServer((incoming, outgoing) => void this.#toDoor(incoming, outgoing));
    for (const server of [this.#homeserver, this.#door]) server.keepAliveTimeout = KEEP_ALIVE_MS;
  }

  /** @param doorPort where the bridge listens for the homeserver */
  static async open(doorPort: number): Promise<Relay> {
    const relay = new Relay(doorPort);
    await Promise.all([relay.#homeserver, relay.#door].map(listen));
    return relay;
  }

  /** The client API of this homeserver from now on. */
  lead(homeserver: string): void {
    this.#upstream = new URL(homeserver);
  }

  /** What the bridge takes for the homeserver. */
  get homeserverUrl(): string {
    return urlOf(this.#homeserver);
  }

  /** What the homeserver takes for the bridge. */
  get doorUrl(): string {
    return urlOf(this.#door);
  }

  close(): void {
    for (const server of [this.#homeserver, this.#door]) {
      server.close();
      server.closeAllConnections();
    }
    this.#agent.destroy();
  }

  async #toHomeserver(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const at = monotonic();
    const body = await bodyOf(incoming);
    const text = incoming.method === 'PUT' && SEND.test(incoming.url ?? '') ? textIn(parsed(body)) : undefined;
    if (text !== undefined) this.ears.sending?.(text, at);
    const status = await this.#pass(Number(this.#upstream?.port), incoming, body, outgoing);
    if (text !== undefined && status === 200) this.ears.sent?.(text);
  }

  async #toDoor(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (this.answersAlone) {
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      return;
    }
    const { pushing } = this.ears;
    if (pushing !== undefined && incoming.method === 'PUT') {
      const { events } = parsed(body) as { readonly events?: readonly unknown[] };
      const texts = (events ?? []).map(textIn);
      const at = monotonic();
      for (const text of texts) if (text !== undefined) pushing(text, at);
    }
    await this.#pass(this.#doorPort, incoming, body, outgoing);
  }

  /** @returns the status, 0 when nobody was there */
  async #pass(port: number, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): Promise<number> {
    return await new Promise<number>((resolve) => {
      const onward = request(
        {
          host: '127.0.0.1',
          port,
          agent: this.#agent,
          method: incoming.method,
          path: incoming.url,
          headers: { ...incoming.headers, 'content-length': String(body.length) },
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
          answer.once('end', () => resolve(answer.statusCode ?? 0));
          answer.once('error', () => resolve(0));
        },
      );
      onward.once('error', () => {
        // Whoever asked meets a broken connection, as they would without us.
        outgoing.destroy();
        resolve(0);
      });
      outgoing.once('close', () => onward.destroy());
      onward.end(body);
    });
  }
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function parsed(body: Buffer): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>;
}

/** The text of an event or of a content. */
function textIn(value: unknown): string | undefined {
  const { content, body } = (value ?? {}) as {
    readonly content?: { readonly body?: unknown };
    readonly body?: unknown;
  };
  const text = content?.body ?? body;
  return typeof text === 'string' ? text : undefined;
}
