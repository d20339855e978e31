// What the bridge relies on from a homeserver, asked of real Synapse and of the double alike; nothing here may depend on the kind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  startHomeserver,
  type Account,
  type Homeserver,
  type HomeserverKind,
} from '../../sandbox/homeserver/homeserver.ts';
import { plainRequest } from '../../sandbox/homeserver/request.ts';

type Json = Record<string, unknown>;
interface Said {
  readonly status: number;
  readonly body: Json;
}

/** An appservice that writes down what it is sent and can be told to refuse. */
class Listener {
  readonly events: Json[] = [];
  refuse = false;
  #server: Server | undefined;
  #arrived: (() => void)[] = [];

  async start(): Promise<number> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const transaction = request.url?.includes('/transactions/') === true;
        const fails = transaction && this.refuse;
        if (transaction && !fails) {
          this.events.push(...(JSON.parse(Buffer.concat(chunks).toString()) as { events: Json[] }).events);
        }
        response.writeHead(fails ? 500 : 200, { 'content-type': 'application/json' });
        response.end('{}');
        for (const wake of this.#arrived.splice(0)) wake();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise<void>((wake) => this.#arrived.push(wake));
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

export function homeserverContract(kind: HomeserverKind, roomVersion: '11' | '12'): void {
  describe(`${kind}, room version ${roomVersion}`, () => {
    const bridge = new Listener();
    let dir: string;
    let hs: Homeserver;
    let alice: Account;

    const ask = async (token: string, method: string, path: string, body?: Json): Promise<Said> => {
      const reply = await plainRequest({
        method,
        url: `${hs.url}/_matrix/client/v3${path}`,
        token,
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return { status: reply.status, body: JSON.parse(reply.text) as Json };
    };
    const as = async (user: string, method: string, path: string, body?: Json): Promise<Said> =>
      await ask('as-token', method, `${path}${path.includes('?') ? '&' : '?'}user_id=@${user}:hs.test`, body);
    const register = async (user: string): Promise<Said> =>
      await ask('as-token', 'POST', '/register', {
        type: 'm.login.application_service',
        username: user,
        inhibit_login: true,
      });
    const text = (body: string): Json => ({ msgtype: 'm.text', body });
    const room = async (user: string, body: Json = {}): Promise<string> => {
      const made = await as(user, 'POST', '/createRoom', { preset: 'public_chat', ...body });
      expect(made.status).toBe(200);
      return String(made.body['room_id']);
    };

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'homeserver-'));
      const port = await bridge.start();
      const registration = join(dir, 'bridge.json');
      const users = [{ regex: String.raw`@_x_.*:hs\.test`, exclusive: true }];
      const aliases = [{ regex: String.raw`#_x_.*:hs\.test`, exclusive: true }];
      writeFileSync(
        registration,
        JSON.stringify({
          id: 'bridge',
          url: `http://127.0.0.1:${port}`,
          as_token: 'as-token',
          hs_token: 'hs-token',
          sender_localpart: 'x7f3',
          rate_limited: false,
          'io.element.msc4190': true,
          namespaces: { users, aliases, rooms: [] },
        }),
      );
      hs = await startHomeserver({ kind, registrations: [registration], dir, roomVersion });
      alice = await hs.registerUser('alice', 'pw');
      expect((await register('_x_bot')).status).toBe(200);
      expect((await register('_x_ghost')).status).toBe(200);
      for (const user of ['_x_bot', '_x_ghost']) {
        expect((await as(user, 'PUT', '/devices/DEV', { display_name: 'd' })).status).toBe(201);
      }
    }, 300_000);

    afterAll(async () => {
      await hs.dispose();
      await bridge.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    test('the same transaction id gives the same event, also after a kill, when a device is named', async () => {
      const roomId = await room('_x_bot');
      const path = `/rooms/${roomId}/send/m.room.message/once?device_id=DEV`;
      const first = await as('_x_bot', 'PUT', path, text('one'));
      expect(first.status).toBe(200);
      expect((await as('_x_bot', 'PUT', path, text('one'))).body).toEqual(first.body);
      await hs.kill();
      await hs.restart();
      expect((await as('_x_bot', 'PUT', path, text('one'))).body).toEqual(first.body);
    }, 60_000);

    test('two ghosts with one transaction id in one room share one event: the second message is swallowed', async () => {
      const roomId = await room('_x_bot');
      await as('_x_ghost', 'POST', `/join/${encodeURIComponent(roomId)}`, {});
      const path = `/rooms/${roomId}/send/m.room.message/shared`;
      const first = await as('_x_bot', 'PUT', path, text('from the bot'));
      const second = await as('_x_ghost', 'PUT', path, text('from the ghost'));
      expect(second.body).toEqual(first.body);
    });

    test('a taken alias is M_ROOM_IN_USE, and an alias is written before its room is finished', async () => {
      await room('_x_bot', { room_alias_name: '_x_taken' });
      const again = await as('_x_bot', 'POST', '/createRoom', { room_alias_name: '_x_taken' });
      expect([again.status, again.body['errcode']]).toEqual([400, 'M_ROOM_IN_USE']);
      const torn = await as('_x_bot', 'POST', '/createRoom', {
        room_alias_name: '_x_torn',
        room_version: '11',
        power_level_content_override: { users: { '@_x_bot:hs.test': 10 }, state_default: 50 },
      });
      expect(torn.status).toBe(403);
      expect((await as('_x_bot', 'GET', `/directory/room/${encodeURIComponent('#_x_torn:hs.test')}`)).status).toBe(200);
    });

    test('the room id has a domain in version 11 and none in version 12', async () => {
      expect((await room('_x_bot', { room_version: '11' })).endsWith(':hs.test')).toBe(true);
      expect((await room('_x_bot', { room_version: '12' })).includes(':')).toBe(false);
    });

    test('whoever is not in the room may not speak, and a device that is not there is M_UNKNOWN_DEVICE', async () => {
      const roomId = await room('_x_bot', { preset: 'private_chat' });
      const outside = await as('_x_ghost', 'PUT', `/rooms/${roomId}/send/m.room.message/out`, text('x'));
      expect([outside.status, outside.body['errcode']]).toEqual([403, 'M_FORBIDDEN']);
      const uninvited = await ask(alice.accessToken, 'POST', `/join/${encodeURIComponent(roomId)}`, {});
      expect([uninvited.status, uninvited.body['errcode']]).toEqual([403, 'M_FORBIDDEN']);
      const device = await as('_x_bot', 'PUT', `/rooms/${roomId}/send/m.room.message/dev?device_id=NONE`, text('x'));
      expect([device.status, device.body['errcode']]).toEqual([400, 'M_UNKNOWN_DEVICE']);
    });

    test('an appservice sets the time of an event, and a redaction keeps its extra keys', async () => {
      const roomId = await room('_x_bot');
      const sent = await as('_x_bot', 'PUT', `/rooms/${roomId}/send/m.room.message/ts?ts=86400000`, text('old'));
      const eventId = String(sent.body['event_id']);
      const read = async (id: string): Promise<Json> =>
        (await as('_x_bot', 'GET', `/rooms/${roomId}/event/${id}`)).body;
      expect((await read(eventId))['origin_server_ts']).toBe(86_400_000);
      const redaction = await as('_x_bot', 'PUT', `/rooms/${roomId}/redact/${eventId}/r1`, {
        'org.example.mark': 'kept',
      });
      expect((await read(String(redaction.body['event_id'])))['content']).toMatchObject({
        'org.example.mark': 'kept',
        redacts: eventId,
      });
      expect((await read(eventId))['content']).toEqual({});
    });

    test('the same state twice is one event', async () => {
      const roomId = await room('_x_bot');
      const first = await as('_x_bot', 'PUT', `/rooms/${roomId}/state/m.room.topic`, { topic: 't' });
      expect((await as('_x_bot', 'PUT', `/rooms/${roomId}/state/m.room.topic`, { topic: 't' })).body).toEqual(
        first.body,
      );
    });

    test('the bot of the namespace syncs with its device, and an empty room filter gives a token and no rooms', async () => {
      await room('_x_bot');
      const filter = encodeURIComponent(JSON.stringify({ room: { rooms: [] } }));
      const first = await as('_x_bot', 'GET', `/sync?device_id=DEV&filter=${filter}`);
      expect(first.status).toBe(200);
      expect(first.body['rooms']).toBeUndefined();
      const roomId = await room('_x_bot');
      const next = await as('_x_bot', 'GET', `/sync?device_id=DEV&since=${String(first.body['next_batch'])}`);
      expect(Object.keys((next.body['rooms'] as { join: Json }).join)).toEqual([roomId]);
    });

    test('what happens while the appservice refuses is pushed in order once a ping has found it', async () => {
      const roomId = await room('_x_bot');
      await ask(alice.accessToken, 'POST', `/join/${encodeURIComponent(roomId)}`, {});
      bridge.refuse = true;
      for (const n of [1, 2, 3]) {
        await ask(alice.accessToken, 'PUT', `/rooms/${roomId}/send/m.room.message/queued${n}`, text(`queued ${n}`));
      }
      bridge.refuse = false;
      const ping = await plainRequest({
        method: 'POST',
        url: `${hs.url}/_matrix/client/v1/appservice/bridge/ping`,
        token: 'as-token',
        body: JSON.stringify({ transaction_id: 'p' }),
      });
      expect(ping.status).toBe(200);
      const queued = (): string[] =>
        bridge.events
          .map((event) => String((event['content'] as Json)['body']))
          .filter((body) => body.startsWith('queued'));
      await bridge.until(() => queued().includes('queued 3'));
      expect(queued()).toEqual(['queued 1', 'queued 2', 'queued 3']);
    });
  });
}
