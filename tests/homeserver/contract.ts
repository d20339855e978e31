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
  /** Passing news as they came, under the keys they came with. */
  readonly passing: { readonly key: string; readonly type: string; readonly room: string }[] = [];
  refuse = false;
  refused = 0;
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
          const body = JSON.parse(Buffer.concat(chunks).toString()) as Readonly<Record<string, Json[]>>;
          this.events.push(...(body['events'] ?? []));
          for (const key of ['ephemeral', 'de.sorunome.msc2409.ephemeral']) {
            for (const news of body[key] ?? []) {
              this.passing.push({ key, type: String(news['type']), room: String(news['room_id']) });
            }
          }
        }
        if (fails) this.refused += 1;
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
          receive_ephemeral: true,
          'de.sorunome.msc2409.push_ephemeral': true,
          'io.element.msc4190': true,
          namespaces: { users, aliases, rooms: [] },
        }),
      );
      const double = join(dir, 'double.json');
      writeFileSync(
        double,
        JSON.stringify({
          id: 'double',
          url: null,
          as_token: 'double-token',
          hs_token: 'double-hs-token',
          sender_localpart: 'x7f3_double',
          rate_limited: false,
          namespaces: { users: [{ regex: String.raw`@.*:hs\.test`, exclusive: false }], aliases: [], rooms: [] },
        }),
      );
      hs = await startHomeserver({ kind, registrations: [registration, double], dir, roomVersion });
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

    test('the same reaction twice is M_DUPLICATE_ANNOTATION until it is taken back, and is found with its target', async () => {
      const roomId = await room('_x_bot');
      const said = await as('_x_bot', 'PUT', `/rooms/${roomId}/send/m.room.message/liked`, text('liked'));
      const target = String(said.body['event_id']);
      const like = (txn: string, key = '👍'): Promise<Said> =>
        as('_x_bot', 'PUT', `/rooms/${roomId}/send/m.reaction/${txn}`, {
          'm.relates_to': { rel_type: 'm.annotation', event_id: target, key },
        });
      const first = await like('one');
      expect((await like('one')).body).toEqual(first.body);
      const second = await like('two');
      expect([second.status, second.body['errcode']]).toEqual([400, 'M_DUPLICATE_ANNOTATION']);
      expect((await like('three', '🎉')).status).toBe(200);
      const found = await plainRequest({
        method: 'GET',
        url: `${hs.url}/_matrix/client/v1/rooms/${roomId}/relations/${target}/m.annotation/m.reaction?limit=9&user_id=@_x_bot:hs.test`,
        token: 'as-token',
        body: undefined,
      });
      const { chunk } = JSON.parse(found.text) as { chunk: Json[] };
      expect(chunk.map((one) => one['event_id'])).toContain(first.body['event_id']);
      await as('_x_bot', 'PUT', `/rooms/${roomId}/redact/${String(first.body['event_id'])}/gone`, {});
      expect((await like('four')).status).toBe(200);
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

    test('a token that names nobody speaks for the sender, who reads media but cannot sync', async () => {
      expect((await ask('as-token', 'GET', '/account/whoami')).body['user_id']).toBe('@x7f3:hs.test');
      for (const who of ['', '&user_id=@x7f3:hs.test']) {
        expect((await ask('as-token', 'GET', `/sync?timeout=0${who}`)).status).toBe(500);
      }
      const upload = { method: 'POST', url: `${hs.url}/_matrix/media/v3/upload`, token: alice.accessToken };
      const made = JSON.parse(
        (await plainRequest({ ...upload, body: 'a file', contentType: 'text/plain' })).text,
      ) as Json;
      const file = String(made['content_uri']).slice('mxc://'.length);
      const read = async (path: string, token?: string): Promise<string> => {
        const { status, text: body } = await plainRequest({
          method: 'GET',
          url: `${hs.url}/_matrix/${path}/download/${file}`,
          ...(token === undefined ? {} : { token }),
        });
        return status === 200 ? body : String(status);
      };
      // As content scanners ask, which pass on the token and nothing else; before version 1.1 they had only the old address.
      expect(await read('client/v1/media', 'as-token')).toBe('a file');
      expect([await read('media/v3', 'as-token'), await read('media/v3')]).toEqual(['404', '404']);
    });

    test('what happens while the appservice refuses is pushed in order once a ping has found it', async () => {
      const roomId = await room('_x_bot');
      await ask(alice.accessToken, 'POST', `/join/${encodeURIComponent(roomId)}`, {});
      bridge.refuse = true;
      for (const n of [1, 2, 3]) {
        await ask(alice.accessToken, 'PUT', `/rooms/${roomId}/send/m.room.message/queued${n}`, text(`queued ${n}`));
      }
      await bridge.until(() => bridge.refused > 0);
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

    test('what is said while a ghost is only invited is pushed to nobody, and can be read once it has joined', async () => {
      const ghost = '@_x_ghost:hs.test';
      const made = await ask(alice.accessToken, 'POST', '/createRoom', { preset: 'private_chat', invite: [ghost] });
      const roomId = String(made.body['room_id']);
      const say = async (body: string): Promise<Said> =>
        await ask(alice.accessToken, 'PUT', `/rooms/${roomId}/send/m.room.message/${body}`, text(body));
      await say('early');
      expect((await as('_x_ghost', 'POST', `/join/${encodeURIComponent(roomId)}`, {})).status).toBe(200);
      await say('in-time');
      const heard = (): string[] =>
        bridge.events
          .filter((event) => event['room_id'] === roomId && event['type'] === 'm.room.message')
          .map((event) => String((event['content'] as Json)['body']));
      await bridge.until(() => heard().includes('in-time'));
      expect(heard()).toEqual(['in-time']);
      const page = await as('_x_ghost', 'GET', `/rooms/${roomId}/messages?dir=b&limit=100`);
      const bodies = (page.body['chunk'] as Json[]).map((event) => (event['content'] as Json)['body']);
      expect(bodies.filter((body) => body !== undefined)).toEqual(['in-time', 'early']);
    });

    test('media are put once under an address made before, with a length, and are read with a token only', async () => {
      const media = async (method: string, path: string, body?: string, token: string | undefined = 'as-token') =>
        await plainRequest({
          method,
          url: `${hs.url}/_matrix/${path}${path.includes('?') ? '&' : '?'}user_id=@_x_bot:hs.test`,
          token,
          body,
          contentType: 'text/plain',
        });
      const made = await media('POST', 'media/v1/create', '{}');
      const [, id = ''] =
        /^mxc:\/\/hs\.test\/(\S+)$/.exec(String((JSON.parse(made.text) as Json)['content_uri'])) ?? [];
      const path = `media/v3/upload/hs.test/${id}`;
      const unmeasured = await fetch(`${hs.url}/_matrix/${path}?user_id=@_x_bot:hs.test`, {
        method: 'PUT',
        headers: { authorization: 'Bearer as-token' },
        body: new Blob(['of unknown length']).stream(),
        duplex: 'half',
      });
      expect(unmeasured.status).toBe(400);
      expect((await media('PUT', path, 'a picture')).status).toBe(200);
      const again = await media('PUT', path, 'another');
      expect([again.status, (JSON.parse(again.text) as Json)['errcode']]).toEqual([409, 'M_CANNOT_OVERWRITE_MEDIA']);
      const read = await media('GET', `client/v1/media/download/hs.test/${id}`);
      expect([read.status, read.text]).toEqual([200, 'a picture']);
      const bare = await plainRequest({
        method: 'GET',
        url: `${hs.url}/_matrix/client/v1/media/download/hs.test/${id}`,
      });
      expect(bare.status).toBe(401);
    });

    test('typing comes under the stable and the unstable key alike', async () => {
      const roomId = await room('_x_bot');
      await ask(alice.accessToken, 'POST', `/join/${encodeURIComponent(roomId)}`, {});
      await ask(alice.accessToken, 'PUT', `/rooms/${roomId}/typing/${alice.userId}`, { typing: true, timeout: 20_000 });
      const keys = (): string[] =>
        bridge.passing.filter((news) => news.room === roomId && news.type === 'm.typing').map(({ key }) => key);
      await bridge.until(() => keys().length > 0);
      expect(new Set(keys())).toEqual(new Set(['ephemeral', 'de.sorunome.msc2409.ephemeral']));
    });

    test('a new name is a member event in every room, pushed like any other', async () => {
      const rooms = [await room('_x_bot'), await room('_x_bot')];
      for (const roomId of rooms) await as('_x_ghost', 'POST', `/join/${encodeURIComponent(roomId)}`, {});
      await as('_x_ghost', 'PUT', '/profile/@_x_ghost:hs.test/displayname', { displayname: 'Ghost of rooms' });
      const renamed = (): string[] =>
        bridge.events
          .filter((event) => (event['content'] as Json)['displayname'] === 'Ghost of rooms')
          .map((event) => String(event['room_id']));
      await bridge.until(() => rooms.every((roomId) => renamed().includes(roomId)));
      expect(renamed().filter((roomId) => rooms.includes(roomId))).toHaveLength(2);
    });

    test('a long absence gives a limited timeline, whose earlier part is paged from prev_batch', async () => {
      const roomId = await room('_x_bot');
      await as('_x_bot', 'PUT', `/rooms/${roomId}/send/m.room.message/before`, text('before'));
      const first = await as('_x_bot', 'GET', '/sync?device_id=DEV');
      for (let n = 0; n < 8; n += 1) {
        await as('_x_bot', 'PUT', `/rooms/${roomId}/send/m.room.message/long${n}`, text(`long ${n}`));
      }
      const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 3 } } }));
      const next = await as(
        '_x_bot',
        'GET',
        `/sync?device_id=DEV&since=${String(first.body['next_batch'])}&filter=${filter}`,
      );
      const joined = (next.body['rooms'] as { join: Record<string, { timeline: Json }> }).join;
      const timeline = joined[roomId]?.timeline ?? {};
      const bodies = (events: unknown): unknown[] =>
        (events as Json[]).map((event) => (event['content'] as Json)['body']);
      expect(timeline['limited']).toBe(true);
      expect(bodies(timeline['events'])).toEqual(['long 5', 'long 6', 'long 7']);
      const before = await as(
        '_x_bot',
        'GET',
        `/rooms/${roomId}/messages?dir=b&limit=50&from=${String(timeline['prev_batch'])}&to=${String(first.body['next_batch'])}`,
      );
      expect(bodies(before.body['chunk'])).toEqual(['long 4', 'long 3', 'long 2', 'long 1', 'long 0']);
    });

    test('an appservice makes devices whatever its registration says of MSC4190, which only forbids it logins', async () => {
      const put = async (token: string, device: string): Promise<number> =>
        (await ask(token, 'PUT', `/devices/${device}`, { display_name: 'd' })).status;
      // The second registration says nothing of it.
      const make = async (): Promise<number> => await put('double-token', 'NEW?user_id=@alice:hs.test');
      expect([await make(), await make()]).toEqual([201, 200]);
      expect(await put(alice.accessToken, 'NEW')).toBe(200);
      expect(await put(alice.accessToken, 'OTHER')).toBe(404);
      const login = { type: 'm.login.application_service', username: '_x_login' };
      const refused = await ask('as-token', 'POST', '/register', login);
      expect([refused.status, refused.body['errcode']]).toEqual([400, 'M_APPSERVICE_LOGIN_UNSUPPORTED']);
      expect((await ask('double-token', 'POST', '/register', { ...login, username: 'bob' })).status).toBe(200);
    });

    test('an appservice speaks for its namespace only, and a second one for people, whose direct rooms it marks', async () => {
      const foreign = await as('alice', 'GET', '/account/whoami');
      expect([foreign.status, foreign.body['errcode']]).toEqual([403, 'M_FORBIDDEN']);
      const path = '/user/@alice:hs.test/account_data/m.direct';
      const content = { '@_x_ghost:hs.test': ['!a:hs.test'] };
      expect((await ask('double-token', 'PUT', `${path}?user_id=@alice:hs.test`, content)).status).toBe(200);
      expect((await ask(alice.accessToken, 'GET', path)).body).toEqual(content);
    });

    test('a second appservice sorts a room for its person by tags, and only one that they are in', async () => {
      const made = await ask(alice.accessToken, 'POST', '/createRoom', {});
      const place = (roomId: unknown): string =>
        `/user/@alice:hs.test/rooms/${encodeURIComponent(String(roomId))}/tags`;
      const sort = async (method: string, roomId: unknown, tag: string, body?: Json): Promise<Said> =>
        await ask('double-token', method, `${place(roomId)}/${tag}?user_id=@alice:hs.test`, body);
      const mine = made.body['room_id'];
      const tags = async (): Promise<unknown> => (await ask(alice.accessToken, 'GET', place(mine))).body['tags'];
      expect(await tags()).toEqual({});
      expect((await sort('PUT', mine, 'm.favourite', {})).status).toBe(200);
      expect((await sort('PUT', mine, 'm.lowpriority', { order: 0.5 })).status).toBe(200);
      expect(await tags()).toEqual({ 'm.favourite': {}, 'm.lowpriority': { order: 0.5 } });
      const synced = (await ask(alice.accessToken, 'GET', '/sync?timeout=0')).body['rooms'] as {
        join: Record<string, { account_data: { events: Json[] } }>;
      };
      const data = synced.join[String(mine)]?.account_data.events ?? [];
      expect(data).toContainEqual({ type: 'm.tag', content: { tags: await tags() } });
      expect((await sort('DELETE', mine, 'm.favourite')).status).toBe(200);
      expect((await sort('DELETE', mine, 'm.favourite')).status).toBe(200);
      expect(await tags()).toEqual({ 'm.lowpriority': { order: 0.5 } });
      expect((await sort('PUT', await room('_x_bot'), 'm.favourite', {})).status).toBe(403);
      const others = await ask(alice.accessToken, 'GET', '/user/@_x_bot:hs.test/rooms/!a:hs.test/tags');
      expect(others.status).toBe(403);
    });

    test('a second appservice gives a room a push rule of its person, once, and takes it back', async () => {
      const roomId = await room('_x_bot');
      const place = `/pushrules/global/room/${encodeURIComponent(roomId)}`;
      const rule = async (method: string, body?: Json): Promise<Said> =>
        await ask('double-token', method, `${place}?user_id=@alice:hs.test`, body);
      let { next_batch: since } = (await ask(alice.accessToken, 'GET', '/sync?timeout=0')).body;
      expect([(await rule('GET')).status, (await rule('DELETE')).status]).toEqual([404, 404]);
      for (let n = 0; n < 2; n += 1) expect((await rule('PUT', { actions: ['dont_notify'] })).status).toBe(200);
      const found = await ask(alice.accessToken, 'GET', place);
      expect(found.body).toMatchObject({ rule_id: roomId, default: false, enabled: true });
      expect(found.body['actions']).not.toContain('notify');
      const rules = async (): Promise<Json[]> => {
        const { body } = await ask(alice.accessToken, 'GET', `/sync?timeout=0&since=${String(since)}`);
        since = body['next_batch'];
        const { events } = body['account_data'] as { events: Json[] };
        const changed = events.find((event) => event['type'] === 'm.push_rules');
        if (changed === undefined) throw new Error('no change of the rules was told');
        return (changed['content'] as { global: { room: Json[] } }).global.room;
      };
      expect((await rules()).map((one) => one['rule_id'])).toEqual([roomId]);
      expect((await rule('PUT', { actions: ['whisper'] })).status).toBe(400);
      expect((await rule('DELETE')).status).toBe(200);
      expect(await rules()).toEqual([]);
    });

    test('a second appservice marks a room as unread for its person, who sees it, and no appservice hears of it', async () => {
      const made = await ask(alice.accessToken, 'POST', '/createRoom', { invite: ['@_x_bot:hs.test'] });
      const roomId = String(made.body['room_id']);
      const joined = await as('_x_bot', 'POST', `/join/${encodeURIComponent(roomId)}`, {});
      expect(joined.status).toBe(200);
      const place = `/user/@alice:hs.test/rooms/${encodeURIComponent(roomId)}/account_data/m.marked_unread`;
      const path = `${place}?user_id=@alice:hs.test`;
      expect((await ask('double-token', 'GET', path)).status).toBe(404);
      expect((await ask('double-token', 'PUT', path, { unread: true })).status).toBe(200);
      expect((await ask(alice.accessToken, 'GET', place)).body).toEqual({ unread: true });
      await ask(
        alice.accessToken,
        'PUT',
        `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/unread`,
        text('behind it'),
      );
      await bridge.until(() => bridge.events.some((event) => (event['content'] as Json)['body'] === 'behind it'));
      const heard = [...bridge.events, ...bridge.passing].map(({ type }) => type);
      expect(heard.filter((type) => type === 'm.marked_unread' || type === 'm.tag' || type === 'm.push_rules')).toEqual(
        [],
      );
    });

    test('an alias given to createRoom is shown as the room’s name, unless the state says otherwise', async () => {
      const canonical = async (roomId: string): Promise<Json> =>
        (await as('_x_bot', 'GET', `/rooms/${roomId}/state/m.room.canonical_alias`)).body;
      const shown = await room('_x_bot', { room_alias_name: '_x_shown' });
      expect(await canonical(shown)).toEqual({ alias: '#_x_shown:hs.test' });
      const initial = [{ type: 'm.room.canonical_alias', state_key: '', content: {} }];
      const hidden = await room('_x_bot', { room_alias_name: '_x_hidden', initial_state: initial });
      expect(await canonical(hidden)).toEqual({});
    });
  });
}
