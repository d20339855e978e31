// The control API: a person's hand on the simulated world, over HTTP on loopback. It knows the tables of commands, not the wire.
//
// `POST /<command>` with a JSON object → 200 `{"result": …}` or 400 `{"error": "one sentence"}`. What each command takes and
// answers stands in control-types.ts, what it does in control/.
//
// `GET /tape` → one JSON line (text-tape.ts) for each text that comes in or goes out, until the caller hangs up.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Commands, Desk } from './control/commands.ts';
import { faultCommands } from './control/faults.ts';
import { groupCommands } from './control/groups.ts';
import { lookCommands } from './control/looks.ts';
import { peopleCommands } from './control/people.ts';
import { talkCommands } from './control/talk.ts';
import type { ControlCommand } from './control-types.ts';
import { Hands } from './hands.ts';
import type { WhatsAppServer } from './server.ts';
import { playTape } from './text-tape.ts';
import { Refusal } from './world/world.ts';

const MAX_BODY = 4 * 1024 * 1024;

function commandsOf(server: WhatsAppServer): Commands<ControlCommand> {
  const desk: Desk = { server, hands: new Hands(server) };
  return {
    ...peopleCommands(desk),
    ...groupCommands(desk),
    ...talkCommands(desk),
    ...lookCommands(desk),
    ...faultCommands(desk),
  };
}

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

/** Serves the control API on 127.0.0.1; port 0 takes any. */
export async function serveControl(server: WhatsAppServer, port: number): Promise<{ url: string; http: Server }> {
  const commands = commandsOf(server) as Readonly<Record<string, (body: unknown) => unknown>>;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number, content: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    };
    try {
      const name = (request.url ?? '/').slice(1);
      if (request.method === 'GET' && name === 'tape') return playTape(server.tape, response);
      const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (request.method !== 'POST' || command === undefined) return answer(404, { error: `no command ${name}` });
      answer(200, { result: (await command(await bodyOf(request))) ?? null });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      answer(400, { error: error instanceof Refusal ? `${error.code} ${text}` : text });
    }
  };

  const http = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, http };
}
