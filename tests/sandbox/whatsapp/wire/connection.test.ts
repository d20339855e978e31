// A connection as the server around it uses it: nodes in order both ways, nodes lost, held, late and out of order on purpose, every
// way to end, and every kind of visitor that must be sent away.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { frame, INTRO } from '../../../../sandbox/whatsapp/wire/frames.ts';
import { node, type BinaryNode } from '../../../../sandbox/whatsapp/wire/node.ts';
import type { Verdict } from '../../../../sandbox/whatsapp/wire/out-gate.ts';
import type { NodeLine } from '../../../../sandbox/whatsapp/wire/node-line.ts';
import { meetings, type Meetings } from '../support/meetings.ts';
import { openSocket, visit, WireClient, type Visitor } from '../support/wire-client.ts';

let here: Meetings;
let judge: (node: BinaryNode) => Verdict;

beforeEach(async () => {
  judge = () => 'send';
  here = await meetings({ judge: (_connection, one) => judge(one) });
});

afterEach(async () => {
  await here.listener.close();
});

const numbered = (id: number): BinaryNode => node('iq', { id: `node.${id}` });

async function hear(visitor: Visitor, count: number): Promise<(string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  while (ids.length < count) ids.push((await visitor.next()).attrs['id']);
  return ids;
}

async function together() {
  const visitor = await visit(here.listener.url);
  return { visitor, ...(await here.next()) };
}

describe('nodes', () => {
  test('arrive in order, both ways, many in one packet', async () => {
    const { visitor, connection, nodes, heard } = await together();
    const packet = Buffer.concat(Array.from({ length: 200 }, (_, i) => visitor.client.encode(numbered(i))));
    visitor.socket.send(packet.subarray(0, 1001));
    visitor.socket.send(packet.subarray(1001));
    await heard(({ attrs }) => attrs['id'] === 'node.199');
    expect(nodes).toEqual(Array.from({ length: 200 }, (_, i) => numbered(i)));
    for (let i = 0; i < 200; i++) connection.send(numbered(i));
    expect(await hear(visitor, 200)).toEqual(Array.from({ length: 200 }, (_, i) => `node.${i}`));
  });

  test('are deflated when they are long, and understood', async () => {
    here.listener.compressAbove = 100;
    const { visitor, connection } = await together();
    const long = node('message', { id: 'long' }, Buffer.alloc(50_000, 7));
    const bytes = once(visitor.socket, 'message') as Promise<[Buffer]>;
    connection.send(long);
    expect((await bytes)[0].length).toBeLessThan(1000);
    expect(await visitor.next()).toMatchObject({ attrs: { id: 'long' }, content: Buffer.alloc(50_000, 7) });
  });

  test('are told to the tape, with times that rise', async () => {
    const { visitor, connection, heard } = await together();
    const lines: NodeLine[] = [];
    const stop = here.listener.tape.listen((line) => void lines.push(line));
    visitor.send(numbered(1));
    await heard(({ attrs }) => attrs['id'] === 'node.1');
    connection.send(numbered(2));
    await visitor.next();
    stop();
    connection.send(numbered(3));
    await visitor.next();
    expect(lines.map(({ way, node, connection }) => [way, node.attrs['id'], connection])).toEqual([
      ['in', 'node.1', connection.id],
      ['out', 'node.2', connection.id],
    ]);
    expect(lines[1]?.at).toBeGreaterThan(lines[0]?.at ?? Infinity);
    expect(here.listener.tape.idle).toBe(true);
  });

  test('that are none reach a client sealed like any other', async () => {
    const { visitor, connection } = await together();
    const raw = once(visitor.socket, 'message') as Promise<[Buffer]>;
    connection.sendPlain(Buffer.from('00f80119', 'hex'));
    expect((await raw)[0]).toHaveLength(3 + 4 + 16);
    expect((await visitor.next()).tag).toBe('iq');
  });
});

describe('on the way out', () => {
  test('nodes are dropped, and the next ones still open', async () => {
    const { visitor, connection } = await together();
    judge = ({ attrs }) => (attrs['id'] === 'node.2' ? 'drop' : 'send');
    for (const id of [1, 2, 3]) connection.send(numbered(id));
    expect(await hear(visitor, 2)).toEqual(['node.1', 'node.3']);
  });

  test('nodes are held, then released in any order, or not at all', async () => {
    const { visitor, connection } = await together();
    judge = ({ attrs }) => (attrs['id'] === 'node.9' ? 'send' : 'hold');
    for (const id of [1, 2, 3]) connection.send(numbered(id));
    connection.send(numbered(9));
    expect(await hear(visitor, 1)).toEqual(['node.9']);
    expect(connection.held).toEqual([1, 2, 3].map(numbered));
    connection.release((held) => [...held].reverse());
    expect(await hear(visitor, 3)).toEqual(['node.3', 'node.2', 'node.1']);
    expect(connection.held).toEqual([]);
    for (const id of [4, 5, 6]) connection.send(numbered(id));
    connection.release((held) => held.filter(({ attrs }) => attrs['id'] !== 'node.5'));
    expect(await hear(visitor, 2)).toEqual(['node.4', 'node.6']);
    connection.send(numbered(7));
    connection.release();
    expect(await hear(visitor, 1)).toEqual(['node.7']);
  });

  test('nodes are late, and others overtake them', async () => {
    const { visitor, connection } = await together();
    judge = ({ attrs }) => (attrs['id'] === 'node.1' ? { delayMs: 20 } : 'send');
    for (const id of [1, 2, 3]) connection.send(numbered(id));
    expect(await hear(visitor, 3)).toEqual(['node.2', 'node.3', 'node.1']);
  });
});

describe('the end', () => {
  test('in good order comes after what was sent', async () => {
    const { visitor, connection, gone } = await together();
    connection.send(numbered(1));
    connection.close(4001);
    connection.send(numbered(2));
    expect(await hear(visitor, 1)).toEqual(['node.1']);
    expect(await visitor.closed).toBe(4001);
    await gone;
    expect(connection.open).toBe(false);
    await expect(visitor.next()).rejects.toThrow('closed');
  });

  test('as a cut is no close', async () => {
    const { visitor, connection, gone } = await together();
    judge = () => 'hold';
    connection.send(numbered(1));
    connection.destroy();
    await gone;
    expect(connection.held).toEqual([]);
    expect(await visitor.closed).toBe(1006);
    connection.release();
    expect(here.listener.connections.size).toBe(0);
  });

  test('by the client is told once', async () => {
    const { visitor, connection, gone } = await together();
    expect(here.listener.connections).toEqual(new Set([connection]));
    visitor.socket.close();
    await gone;
    expect(here.listener.connections.size).toBe(0);
    connection.send(numbered(1));
    connection.close();
    connection.destroy();
  });

  test('of the listener is the end of all, and its port is free', async () => {
    const { visitor, gone } = await together();
    const { port } = here.listener;
    await here.listener.close();
    await gone;
    expect(await visitor.closed).toBe(1006);
    here = await meetings({ port });
    expect(here.listener.port).toBe(port);
    await expect(meetings({ port })).rejects.toThrow('EADDRINUSE');
  });
});

describe('who is sent away', () => {
  test.each<[string, (visitor: Visitor) => void, string]>([
    ['a text', ({ socket }) => socket.send('hello'), 'a text'],
    ['a frame that was not sealed', ({ socket }) => socket.send(frame(Buffer.alloc(40))), 'does not open'],
    ['a node that is none', ({ socket, client }) => socket.send(client.encodePlain(Buffer.of(0, 0))), 'a node'],
    ['an empty frame', ({ socket }) => socket.send(Buffer.alloc(3)), 'a frame of 0 bytes'],
  ])('a client that sends %s', async (_what, act, reason) => {
    const { visitor, gone } = await together();
    act(visitor);
    await gone;
    expect(await visitor.closed).toBe(1006);
    expect(here.log).toEqual([expect.stringContaining(reason)]);
  });

  test.each([
    ['another protocol', Buffer.from('GET / HTTP/1.1')],
    ['no handshake', Buffer.concat([INTRO, frame(Buffer.from('nonsense'))])],
  ])('a socket that speaks %s', async (_what, bytes) => {
    const socket = await openSocket(here.listener.url);
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    socket.send(bytes);
    expect((await closed)[0]).toBe(1006);
    expect(here.listener.connections.size).toBe(0);
  });

  test('a client that says nothing', async () => {
    here.listener.handshakeLimitMs = 10;
    const socket = await openSocket(here.listener.url);
    socket.on('error', () => undefined);
    expect((await once(socket, 'close'))[0]).toBe(1006);
  });

  test('a client whose payload is none', async () => {
    const client = new WireClient({ payload: Buffer.from('ffff', 'hex') });
    const visitor = await visit(here.listener.url, client);
    expect(await visitor.closed).toBe(1006);
    expect(here.log).toEqual([expect.stringContaining('no ClientPayload')]);
  });

  test('everybody while the network is away, but not those who are there', async () => {
    const { visitor, connection } = await together();
    here.listener.accepting = false;
    await expect(openSocket(here.listener.url)).rejects.toThrow();
    connection.send(numbered(1));
    expect(await hear(visitor, 1)).toEqual(['node.1']);
    here.listener.accepting = true;
    expect((await together()).connection.id).toBe(connection.id + 1);
  });

  test('who knocks at another door', async () => {
    await expect(openSocket(here.listener.url.replace('/ws/chat', '/ws/other'))).rejects.toThrow('404');
    expect((await fetch(here.listener.url.replace('ws:', 'http:'))).status).toBe(404);
    const tcp = connect(here.listener.port, '127.0.0.1');
    tcp.end('nonsense\r\n\r\n');
    const [answer] = (await once(tcp, 'data')) as [Buffer];
    expect(answer.toString()).toContain('400 Bad Request');
  });
});

test('what the client says of itself is read', async () => {
  const routingInfo = Buffer.from('0809', 'hex');
  const client = new WireClient({ routingInfo });
  await visit(here.listener.url, client);
  const { connection } = await here.next();
  expect(connection.payload).toMatchObject({ device: 7, passive: true });
  expect(Number(connection.payload.username)).toBe(4915112345678);
  expect(connection.payload.devicePairingData).toBeFalsy();
  expect(Buffer.from(connection.clientKey)).toEqual(client.noiseKey.public);
  expect(connection.routingInfo).toEqual(new Uint8Array(routingInfo));
});
