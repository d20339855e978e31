// The control API of a simulator: its table of commands over HTTP on loopback. Knows no command and no protocol.
//
// `POST /<command>` with a JSON object → 200 `{"result": …}`, 400 `{"error": "one sentence"}`, or 404 for a command that is not
// in the table. `GET /<stream>` → what the stream writes, until the caller hangs up.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refusal } from './refusal.ts';

/** Command → what it takes and what it answers, as each simulator writes it down. */
export type Shapes<T> = { readonly [C in keyof T]: [unknown, unknown] };

export type CommandTable<T extends Shapes<T>> = {
  readonly [C in keyof T]: (body: T[C][0]) => T[C][1] | Promise<T[C][1]>;
};

/** Writes to the answer until it closes. */
export type Stream = (response: ServerResponse) => void;

export interface ControlServer {
  /** Its base address. */
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY = 4 * 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) throw new Error('the body is too large');
    parts.push(part);
  }
  return size === 0 ? {} : (JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown);
}

/** Serves the commands on 127.0.0.1; port 0 takes any. */
export async function serveControl<T extends Shapes<T>>(
  table: CommandTable<T>,
  port = 0,
  streams: Readonly<Record<string, Stream>> = {},
): Promise<ControlServer> {
  const commands = table as Readonly<Record<string, (body: unknown) => unknown>>;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, content: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    };
    try {
      const name = (request.url ?? '/').slice(1);
      const stream = Object.hasOwn(streams, name) ? streams[name] : undefined;
      if (request.method === 'GET' && stream !== undefined) return stream(response);
      const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (request.method !== 'POST' || command === undefined) return answer(404, { error: `no command ${name}` });
      answer(200, { result: (await command(await bodyOf(request))) ?? null });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      answer(400, { error: error instanceof Refusal ? `${error.code} ${text}` : text });
    }
  };

  const http = createServer((request, response) => void handle(request, response));
  http.listen(port, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}
