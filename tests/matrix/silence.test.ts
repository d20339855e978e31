// A homeserver that takes a request and says nothing, or half of its answer: asked again under the same transaction id.
import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { realClock } from '../../src/app/clock.ts';
import { as, type UserId } from '../../src/model/ids.ts';
import { MatrixClient } from '../../src/matrix/client.ts';

const BOT = { token: 'secret', user: as<UserId>('@bot:hs.test') };
const PATH = '/_matrix/client/v3/rooms/!r/send/m.room.message/txn1';

let server: Server;
let client: MatrixClient;

async function open(answers: readonly ((response: ServerResponse) => void)[]): Promise<string[]> {
  const paths: string[] = [];
  server = createServer((request, response) => {
    paths.push(request.url?.split('?')[0] ?? '');
    answers[Math.min(paths.length, answers.length) - 1]?.(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new MatrixClient({ url, clock: realClock, timeoutMs: 200 });
  return paths;
}

afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

const nothing = (): void => undefined;
const half = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"event_id":');
};
const whole = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"event_id":"$1"}');
};

test.each([
  ['no answer', nothing],
  ['half an answer', half],
] as const)('%s is waited for so long, then asked for again as the same', async (_what, first) => {
  const paths = await open([first, whole]);
  expect(await client.ask(BOT, 'PUT', PATH, { body: {} })).toEqual({ event_id: '$1' });
  expect(paths).toEqual([PATH, PATH]);
});

test('a homeserver that goes on saying nothing is unavailable, and the lane decides when it is asked again', async () => {
  const paths = await open([nothing]);
  const failed = { code: 'matrix-unavailable', retry: 'now' };
  await expect(client.ask(BOT, 'PUT', PATH, { body: {} })).rejects.toMatchObject(failed);
  expect(paths).toEqual([PATH, PATH, PATH]);
});
