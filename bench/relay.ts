// Stands between homeserver and bridge and notes when what passes; changes nothing. Knows the path of transactions only.
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { monotonic } from '../sandbox/tape.ts';
import { wiretap, type WiretapEars } from './wiretap.ts';

export interface RelayEars extends WiretapEars {
  /** The homeserver pushes a message: just before its transaction's last byte went to the bridge. */
  readonly pushing?: (text: string, at: number) => void;
}

const KEEP_ALIVE_MS = 120_000;

export class Relay {
  /** Passes bytes on as they come: to take requests apart and put them together again costs the machine what is to be measured. */
  readonly #homeserver: TcpServer;
  readonly #lines = new Set<Socket>();
  readonly #door: Server;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #doorPort: number;
  #upstream: URL | undefined;
  ears: RelayEars = {};
  /** An appservice that only answers 200 instead of the bridge. */
  answersAlone = false;

  private constructor(doorPort: number) {
    this.#doorPort = doorPort;
    this.#homeserver = createTcpServer({ noDelay: true }, (client) => this.#toHomeserver(client));
    this.#door = createServer((incoming, outgoing) => void this.#toDoor(incoming, outgoing));
    this.#door.keepAliveTimeout = KEEP_ALIVE_MS;
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
    for (const server of [this.#homeserver, this.#door]) server.close();
    this.#door.closeAllConnections();
    for (const line of this.#lines) line.destroy();
    this.#agent.destroy();
  }

  #toHomeserver(client: Socket): void {
    const homeserver = connect({ host: '127.0.0.1', port: Number(this.#upstream?.port), noDelay: true });
    for (const [line, other] of [
      [client, homeserver],
      [homeserver, client],
    ] as const) {
      this.#lines.add(line);
      // Whoever asked meets a broken connection, as they would without us.
      line.once('error', () => other.destroy());
      line.once('close', () => {
        this.#lines.delete(line);
        other.destroySoon();
      });
    }
    wiretap(client, homeserver, () => this.ears);
    client.pipe(homeserver).pipe(client);
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

  async #pass(port: number, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): Promise<void> {
    await new Promise<void>((resolve) => {
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
          answer.once('end', resolve);
          answer.once('error', () => resolve());
        },
      );
      onward.once('error', () => {
        // Whoever asked meets a broken connection, as they would without us.
        outgoing.destroy();
        resolve();
      });
      outgoing.once('close', () => onward.destroy());
      onward.end(body);
    });
  }
}

async function listen(server: Server | TcpServer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

function urlOf(server: Server | TcpServer): string {
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

/** The text of an event. */
function textIn(event: unknown): string | undefined {
  const { content } = (event ?? {}) as { readonly content?: { readonly body?: unknown } };
  const text = content?.body;
  return typeof text === 'string' ? text : undefined;
}
