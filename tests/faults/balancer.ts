// The operator's reverse proxy in front of two workers: requests take turns, and a worker that is not there is passed over.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  readonly port: number;
  /** Where to forward to, ports on 127.0.0.1. */
  setWorkers(ports: readonly number[]): void;
  close(): Promise<void>;
}

/** As long as the homeserver waits for a transaction, in ms. */
const PATIENCE_MS = 60_000;

/** Every request of a homeserver may be repeated, so the next worker gets it also when the first one died over it. */
export async function startBalancer(): Promise<Balancer> {
  let ports: readonly number[] = [];
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    turn += 1;
    const first = turn;
    const order = ports.map((_, index) => ports[(first + index) % ports.length] ?? 0);
    void forward(incoming, outgoing, order);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    setWorkers: (now) => {
      ports = now;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function forward(incoming: IncomingMessage, outgoing: ServerResponse, order: readonly number[]): Promise<void> {
  try {
    const parts: Buffer[] = [];
    for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts);
    for (const port of order) {
      const answer = await attempt(incoming, body, port);
      if (answer === undefined) continue;
      outgoing.writeHead(answer.status, { 'content-type': answer.type });
      outgoing.end(answer.body);
      return;
    }
    outgoing.writeHead(502, { 'content-type': 'text/plain' });
    outgoing.end('no worker answers');
  } catch {
    // The homeserver hung up: nobody is left to answer.
    outgoing.destroy();
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** @returns undefined when nobody answered there */
async function attempt(incoming: IncomingMessage, body: Buffer, port: number): Promise<Answer | undefined> {
  return await new Promise((resolve) => {
    const { authorization, 'content-type': type } = incoming.headers;
    const onward = request(
      {
        host: '127.0.0.1',
        port,
        method: incoming.method,
        path: incoming.url,
        agent: false,
        signal: AbortSignal.timeout(PATIENCE_MS),
        headers: {
          'content-length': body.length,
          ...(type === undefined ? {} : { 'content-type': type }),
          ...(authorization === undefined ? {} : { authorization }),
        },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.once('error', () => resolve(undefined));
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 502,
            type: answer.headers['content-type'] ?? 'application/json',
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    onward.once('error', () => resolve(undefined));
    onward.end(body);
  });
}
