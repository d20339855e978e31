// Everything that is asked of WhatsApp goes through the operator's proxy, of either kind, and nothing goes around it when it is away.
import { once } from 'node:events';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { request } from 'node:https';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createWhatsApp, settingsSchema } from '../../../src/networks/whatsapp/index.ts';
import { ProxyRefused, tunnel } from '../../../src/networks/whatsapp/proxy.ts';
import { WebDoor } from '../../../src/networks/whatsapp/web-door.ts';
import { House, realClock } from '../../support/house.ts';
import { quiet } from '../../support/quiet.ts';
import { linked } from './support/linked.ts';
import { OWNER } from './support/scene.ts';
import { sandbox, setStage } from './support/stage.ts';
import { identityKey, newPerson } from './support/world.ts';

setStage();

const endings: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

interface Proxy {
  readonly url: string;
  /** `host:port` of each that was asked for. */
  readonly asked: string[];
}

async function listening(server: Server | HttpServer, sockets: Set<Socket>): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // A client that goes at once.
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return (server.address() as AddressInfo).port;
}

/** RFC 9110, 9.3.6. @param login `user:password` that it wants */
async function httpProxy(login?: string): Promise<Proxy> {
  const [asked, sockets]: [string[], Set<Socket>] = [[], new Set()];
  const server = createHttp();
  server.on('connect', ({ url = '', headers }, socket: Socket, head: Buffer) => {
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
    if (headers['proxy-authorization'] !== wanted) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    asked.push(url);
    const { hostname, port } = new URL(`http://${url}`);
    join(socket, hostname, Number(port), () => socket.write('HTTP/1.1 200 OK\r\n\r\n'), head, sockets);
  });
  return {
    url: `http://${login === undefined ? '' : `${login}@`}127.0.0.1:${await listening(server, sockets)}`,
    asked,
  };
}

/** RFC 1928, without a login and for addresses and names. */
async function socksProxy(): Promise<Proxy> {
  const [asked, sockets]: [string[], Set<Socket>] = [[], new Set()];
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.of(5, 0));
      socket.once('data', (request) => {
        const named = request[3] === 3;
        const end = named ? 5 + (request[4] ?? 0) : 8;
        const host = named ? request.subarray(5, end).toString() : [...request.subarray(4, end)].join('.');
        const port = request.readUInt16BE(end);
        asked.push(`${host}:${port}`);
        const answer = Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0);
        join(socket, host, port, () => socket.write(answer), Buffer.alloc(0), sockets);
      });
    });
  });
  return { url: `socks5://127.0.0.1:${await listening(server, sockets)}`, asked };
}

function join(socket: Socket, host: string, port: number, ready: () => void, head: Buffer, sockets: Set<Socket>): void {
  const there = connect(port, host, () => {
    ready();
    there.write(head);
    socket.pipe(there).pipe(socket);
  });
  sockets.add(there);
  there.on('error', () => socket.destroy());
  there.on('close', () => socket.destroy());
  socket.on('close', () => there.destroy());
}

async function live(proxy: string): Promise<void> {
  const settings = settingsSchema.parse({
    proxy,
    dangerousTestServers: true,
    test: {
      url: sandbox.url,
      root: sandbox.rootKey.toString('hex'),
      web: sandbox.web,
      webCertificate: sandbox.webCertificate,
    },
  });
  const house = new House();
  const adapter = createWhatsApp(
    settings,
    { vault: house.vault, identityKey, log: quiet, clock: realClock },
    { paced: false },
  );
  endings.push(async () => await adapter.close());
  const me = await newPerson(sandbox);
  await linked(sandbox, { adapter, house, owner: OWNER, me });
}

describe.each([
  ['HTTP', async () => await httpProxy()],
  ['HTTP with a login', async () => await httpProxy('bridge:s3cret')],
  ['SOCKS5', socksProxy],
])('a proxy that speaks %s', (_kind, start) => {
  test('has the line, what is fetched and what is uploaded go through it', async () => {
    const proxy = await start();
    await live(proxy.url);
    const [line, web] = [new URL(sandbox.url).host, new URL(sandbox.web).host];
    // One to link, one to stay.
    expect(proxy.asked).toEqual([line, line]);
    const door = new WebDoor(true, { web: sandbox.web, certificate: sandbox.webCertificate }, new URL(proxy.url));
    endings.push(async () => await door.close());
    const address = 'https://mmg.whatsapp.net/nothing';
    expect((await door.get(address, 1_000)).status).toBe(404);
    expect((await fetch(address, door.settings.options)).status).toBe(404);
    expect(proxy.asked.slice(2)).toContain(web);
    const before = proxy.asked.length;
    const uploaded = await new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port } = new URL(sandbox.web);
      const tls = { ca: sandbox.webCertificate, servername: 'mmg.whatsapp.net' };
      const post = request({ hostname, port, method: 'POST', path: '/x', agent: door.settings.fetchAgent, ...tls });
      post.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', reject);
      post.end('bytes');
    });
    expect(uploaded).toBe(405);
    expect(proxy.asked.slice(before)).toEqual([web]);
  });
});

test('a proxy that is away, or refuses, lets nothing pass', async () => {
  const before = (await sandbox.command('stats', {})).pairing;
  await expect(live('socks5://127.0.0.1:1')).rejects.toMatchObject({ human: { key: 'whatsapp.timed-out' } });
  const proxy = await httpProxy('bridge:s3cret');
  const wrong = proxy.url.replace('s3cret', 'guess');
  await expect(live(wrong)).rejects.toMatchObject({ human: { key: 'whatsapp.timed-out' } });
  await expect(tunnel(new URL(wrong), '127.0.0.1', 1)).rejects.toThrow(ProxyRefused);
  expect([proxy.asked, (await sandbox.command('stats', {})).pairing]).toEqual([[], before]);
});

test.each(['ftp://proxy:21', 'proxy:3128', 'http://pro xy', 'socks4://proxy:1080'])('%j is no proxy', (proxy) => {
  expect(settingsSchema.safeParse({ proxy }).success).toBe(false);
});

test('the password of a proxy is printed nowhere', () => {
  expect(JSON.stringify(settingsSchema.parse({ proxy: 'http://me:s3cret@proxy:3128' }))).not.toContain('s3cret');
});
