// The double's control panel: in process, and the same over HTTP for a double in a process of its own.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { FaultRule, Faults, PusherState } from '../types.ts';
import type { DoubleServer } from './server.ts';

/** Faults applied straight to a server of this process. */
export function localFaults(server: DoubleServer): Faults {
  return {
    add: async (rule) => await Promise.resolve(server.faults.add(rule)),
    clear: async () => {
      server.faults.clear();
      for (const pusher of server.life.pushers) {
        pusher.repeatNext(0);
        pusher.hold(false);
      }
      await Promise.resolve();
    },
    hits: async () => await Promise.resolve(server.faults.hits()),
    repeatTransactions: async (id, count) => await Promise.resolve(server.life.pusher(id).repeatNext(count)),
    resendEvent: async (id, eventId) => {
      const event = server.life.world.events.get(eventId);
      if (event === undefined) throw new Error(`no event ${eventId}`);
      await Promise.resolve(server.life.pusher(id).resend(event));
    },
    hold: async (id, held) => await Promise.resolve(server.life.pusher(id).hold(held)),
    pushers: async () => await Promise.resolve(server.life.pushers.map(({ state }) => state)),
    drained: async (id, timeoutMs) => await server.life.pusher(id).drained(timeoutMs),
  };
}

type Command = (body: Record<string, unknown>) => Promise<unknown>;

/** Serve the panel on a free loopback port. Commands: POST /{name} with a JSON body, answer {result} or {error}. */
export async function serveControl(server: DoubleServer): Promise<{ readonly url: string; close(): Promise<void> }> {
  const faults = localFaults(server);
  const commands: Readonly<Record<string, Command>> = {
    add: async (body) => await faults.add(body['rule'] as FaultRule),
    clear: async () => await faults.clear(),
    hits: async () => await faults.hits(),
    repeatTransactions: async (body) =>
      await faults.repeatTransactions(String(body['appservice']), Number(body['count'])),
    resendEvent: async (body) => await faults.resendEvent(String(body['appservice']), String(body['eventId'])),
    hold: async (body) => await faults.hold(String(body['appservice']), body['held'] === true),
    pushers: async () => await faults.pushers(),
    drained: async (body) => await faults.drained(String(body['appservice']), Number(body['timeoutMs'])),
    start: async () => await server.start(),
    stop: async () => await server.stop(),
    crash: async () => await server.crash(),
  };
  const http: Server = createServer((request, response) => {
    void answer(commands, request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  commands: Readonly<Record<string, Command>>,
  request: IncomingMessage,
): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const command = commands[(request.url ?? '/').slice(1)];
    if (command === undefined || request.method !== 'POST') return { status: 404, body: { error: 'no such command' } };
    const text = Buffer.concat(chunks).toString('utf8');
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    return { status: 200, body: { result: (await command(body)) ?? null } };
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

/** Send one command to a panel elsewhere; rejects with the panel's own sentence. */
export async function command(url: string, name: string, body: Record<string, unknown> = {}): Promise<unknown> {
  const said = await fetch(`${url}/${name}`, { method: 'POST', body: JSON.stringify(body) });
  const parsed = (await said.json()) as { readonly result?: unknown; readonly error?: string };
  if (parsed.error !== undefined) throw new Error(parsed.error);
  return parsed.result;
}

/** The same panel, reached over HTTP. */
export function remoteFaults(url: string): Faults {
  return {
    add: async (rule) => void (await command(url, 'add', { rule })),
    clear: async () => void (await command(url, 'clear')),
    hits: async () => (await command(url, 'hits')) as readonly number[],
    repeatTransactions: async (appservice, count) =>
      void (await command(url, 'repeatTransactions', { appservice, count })),
    resendEvent: async (appservice, eventId) => void (await command(url, 'resendEvent', { appservice, eventId })),
    hold: async (appservice, held) => void (await command(url, 'hold', { appservice, held })),
    pushers: async () => (await command(url, 'pushers')) as readonly PusherState[],
    drained: async (appservice, timeoutMs) => void (await command(url, 'drained', { appservice, timeoutMs })),
  };
}
