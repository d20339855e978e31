// The relay of the bench between a client and a homeserver: it changes nothing of what passes, and hears each message once.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { Relay } from '../../bench/relay.ts';
import { freePort } from '../../sandbox/homeserver/ports.ts';
import { monotonic } from '../../sandbox/tape.ts';

const SEND = '/_matrix/client/v3/rooms/!r/send/m.room.message/';

interface Scene {
  readonly relay: Relay;
  readonly client: Pool;
  readonly said: string[];
}

let homeserver: Server;
let scene: Scene;

/** Answers with what it was asked; a body that contains "refuse" gets 500. */
async function startEcho(): Promise<Server> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      response.writeHead(body.includes('refuse') ? 500 : 200).end(`${request.method} ${request.url} ${body}`);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return server;
}

beforeEach(async () => {
  homeserver = await startEcho();
  const relay = await Relay.open(await freePort());
  relay.lead(`http://127.0.0.1:${(homeserver.address() as AddressInfo).port}`);
  const said: string[] = [];
  relay.ears = {
    sending: (text, at) => said.push(`sending ${text} ${at <= monotonic()}`),
    sent: (text) => said.push(`sent ${text}`),
  };
  scene = { relay, client: new Pool(relay.homeserverUrl, { connections: 1 }), said };
});

afterEach(async () => {
  await scene.client.destroy();
  scene.relay.close();
  homeserver.closeAllConnections();
  homeserver.close();
});

async function ask(method: 'PUT' | 'GET', path: string, body?: object): Promise<string> {
  const answer = await scene.client.request({ method, path, body: body === undefined ? null : JSON.stringify(body) });
  return `${answer.statusCode} ${await answer.body.text()}`;
}

test('messages on one connection are heard one after the other, and what else passes is not', async () => {
  expect(await ask('PUT', `${SEND}1`, { body: 'one' })).toBe(`200 PUT ${SEND}1 {"body":"one"}`);
  expect(await ask('GET', '/versions')).toBe('200 GET /versions ');
  expect(await ask('PUT', '/_matrix/client/v3/rooms/!r/send/m.reaction/2', { body: 'x' })).toMatch(/^200 /);
  expect(await ask('PUT', `${SEND}3`, { body: 'é'.repeat(100_000) })).toMatch(/^200 /);
  expect(scene.said).toEqual([
    'sending one true',
    'sent one',
    `sending ${'é'.repeat(100_000)} true`,
    `sent ${'é'.repeat(100_000)}`,
  ]);
});

test('what the homeserver refuses has not been sent', async () => {
  expect(await ask('PUT', `${SEND}1`, { body: 'refuse' })).toMatch(/^500 /);
  expect(await ask('PUT', `${SEND}2`, { body: 'two' })).toMatch(/^200 /);
  expect(scene.said).toEqual(['sending refuse true', 'sending two true', 'sent two']);
});

test('a message that comes byte by byte is heard once, from its first byte on', async () => {
  const body = '{"body":"slow"}';
  const bytes = `PUT ${SEND}1 HTTP/1.1\r\nhost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const times: number[] = [];
  scene.relay.ears = { sending: (text, at) => (times.push(at), scene.said.push(text)) };
  const line = connect(Number(new URL(scene.relay.homeserverUrl).port), '127.0.0.1');
  const answered = new Promise<string>((resolve) => line.once('data', (answer: Buffer) => resolve(answer.toString())));
  const began = monotonic();
  line.setNoDelay(true);
  for (const byte of bytes) {
    line.write(byte);
    await sleep(1);
  }
  const wrote = monotonic();
  expect(await answered).toMatch(/^HTTP\/1\.1 200 /);
  line.destroy();
  expect(scene.said).toEqual(['slow']);
  expect(times[0]).toBeGreaterThanOrEqual(began);
  expect(times[0]).toBeLessThan(wrote);
});

test('a homeserver that hangs up is seen by whoever asked', async () => {
  homeserver.removeAllListeners('request');
  homeserver.on('request', (request) => request.socket.destroy());
  await expect(ask('PUT', `${SEND}1`, { body: 'one' })).rejects.toThrow();
  expect(scene.said).toEqual(['sending one true']);
});
