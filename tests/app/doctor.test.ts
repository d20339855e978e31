// The doctor against each fault it knows: the line it says, and that it says nothing is wrong when nothing is.
import { afterAll, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { homeserverCall, realPorts } from '../../src/app/doctor-ports.ts';
import type { Answer, Call, DoctorPorts, Request } from '../../src/app/doctor-doors.ts';
import { examine, findingLine } from '../../src/app/doctor.ts';
import { readConfig } from '../../src/app/settings.ts';
import { exitCodes, Refusal } from '../../src/app/exit-codes.ts';
import type { Config } from '../../src/config/schema.ts';

const dir = mkdtempSync(join(tmpdir(), 'passerelle-doctor-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const NOW = Date.parse('2026-11-24T12:00:00Z');
const GIB = 1024 ** 3;
const AS = `as-canary-${'a'.repeat(32)}`;

function configured(extra = ''): Config {
  const path = join(dir, 'config.yaml');
  writeFileSync(
    path,
    `homeserver: {url: "http://hs:8008", serverName: hs.test}
appservice: {asToken: ${AS}, hsToken: hs-canary-${'h'.repeat(32)}, port: 0}
doublePuppet: {enabled: true, asToken: dp-canary-${'d'.repeat(32)}}
administrators: ['@alice:hs.test']
secrets: {vaultKey: '${'0'.repeat(64)}', identityKey: '${'1'.repeat(64)}'}
${extra}`,
  );
  return readConfig(path, {});
}

function answer(status: number, body: unknown, date = new Date(NOW).toUTCString()): Answer {
  return { kind: 'answer', status, body, date };
}

const silent = (code: string): Answer => ({ kind: 'silent', code });

type Table = Readonly<Record<string, Answer | ((request: Request) => Answer)>>;

/** A homeserver with which nothing is wrong; the last part of the path (and whose token) names the answer. */
const sound: Table = {
  versions: answer(200, { versions: ['v1.1', 'v1.17'] }),
  'whoami bridge': (request) => answer(200, { user_id: request.user ?? '@_passerelle_x:hs.test' }),
  'whoami double': (request) => answer(200, { user_id: request.user ?? '@_x:hs.test' }),
  ping: answer(200, { duration_ms: 3 }),
  capabilities: answer(200, {
    capabilities: { 'm.room_versions': { default: '11', available: { 11: 'stable', 12: 'stable' } } },
  }),
  config: answer(200, { 'm.upload.size': 200 * 1024 * 1024 }),
  createRoom: answer(200, { room_id: '!trial' }),
  'm.room.encryption': answer(404, { errcode: 'M_NOT_FOUND' }),
  send: answer(200, { event_id: '$x' }),
  leave: answer(200, {}),
  forget: answer(200, {}),
};

function homeserver(changes: Table = {}): { readonly call: Call; readonly asked: string[] } {
  const table: Table = { ...sound, ...changes };
  const asked: string[] = [];
  return {
    asked,
    call: async (request) => {
      const last = /\/send\//.test(request.path) ? 'send' : (request.path.split('/').at(-1) ?? '');
      const name = last === 'whoami' ? `whoami ${request.token}` : last;
      asked.push(name);
      const found = table[name];
      if (found === undefined) throw new Error(`the test has no answer for ${name}`);
      return await Promise.resolve(typeof found === 'function' ? found(request) : found);
    },
  };
}

async function lines(
  changes: Partial<DoctorPorts> = {},
): Promise<{ readonly sound: boolean; readonly lines: readonly string[] }> {
  const said: string[] = [];
  const ports: DoctorPorts = {
    config: configured(),
    call: homeserver().call,
    now: () => NOW,
    database: () =>
      Promise.resolve({ schema: { applied: ['001-initial'], missing: [], unknown: [] }, vault: 'fits' as const }),
    freeBytes: () => Promise.resolve(50 * GIB),
    registration: () => [],
    answering: async (work) => ({ result: await work(), by: 'doctor' }),
    probes: { telegram: () => Promise.resolve() },
    quick: false,
    ...changes,
  };
  const result = await examine(ports, (finding) => said.push(findingLine(finding).replaceAll(/ {2,}/g, '  ')));
  expect(said.join('\n')).not.toContain('canary');
  return { sound: result, lines: said };
}

/** The lines that aren't ok. */
async function complaints(changes: Partial<DoctorPorts>): Promise<readonly string[]> {
  const found = await lines(changes);
  const bad = found.lines.filter((line) => !line.startsWith('ok'));
  expect(found.sound).toBe(!bad.some((line) => line.startsWith('FAIL')));
  return bad;
}

test('nothing is wrong', async () => {
  expect(await lines()).toEqual({
    sound: true,
    lines: [
      'ok  configuration  it is complete and every setting is understood',
      'ok  disk  51200 MiB free where the bridge writes',
      'ok  database  it answers, schema 001-initial',
      'ok  vault key  it opens what the database holds',
      'ok  registration  the file fits the configuration',
      'ok  homeserver  it answers, up to Matrix v1.17',
      "ok  clock  0 s apart from the homeserver's",
      'ok  appservice  the homeserver lets us speak as @passerelle:hs.test',
      'ok  way back  the homeserver reaches us at http://127.0.0.1:9009',
      'ok  double puppets  we may speak as @alice:hs.test',
      'ok  room version  rooms are made in version 11',
      'ok  profiles  names and pictures may be set',
      'ok  media  files up to 200 MiB',
      'ok  encryption  new rooms are as the bridge asks for them',
      'ok  rate limits  the homeserver does not slow the bridge down',
      'ok  telegram  its servers can be reached',
    ],
  });
});

test('the trial room is left and forgotten, and not made with --quick', async () => {
  const full = homeserver();
  await lines({ call: full.call });
  expect(full.asked.slice(-2)).toEqual(['leave', 'forget']);
  const quick = homeserver();
  await lines({ call: quick.call, quick: true });
  expect(quick.asked).not.toContain('createRoom');
});

describe('on this side', () => {
  test.each<[string, Partial<DoctorPorts>, string]>([
    [
      'the disk is nearly full',
      { freeBytes: () => Promise.resolve(GIB) },
      'WARN  disk  1024 MiB free where the bridge writes → make room, or move the database',
    ],
    [
      'the disk is full',
      { freeBytes: () => Promise.resolve(1024) },
      'FAIL  disk  0 MiB free where the bridge writes → make room now: Postgres stops when the disk is full',
    ],
    [
      'no database',
      {
        database: () =>
          Promise.reject(
            new Refusal(
              exitCodes.database,
              'The database refuses connections: start Postgres, or correct host and port in database.url.',
            ),
          ),
      },
      'FAIL  database  the database refuses connections → start Postgres, or correct host and port in database.url.',
    ],
    [
      'a newer schema',
      {
        database: () =>
          Promise.resolve({
            schema: { applied: ['001-initial', '009-next'], missing: [], unknown: ['009-next'] },
            vault: 'fits' as const,
          }),
      },
      'FAIL  database  it was made by a newer version (step 009-next) → start that version, or restore a backup made by this one',
    ],
    [
      'an older schema',
      {
        database: () =>
          Promise.resolve({
            schema: { applied: ['001-initial'], missing: ['002-x'], unknown: [] },
            vault: 'fits' as const,
          }),
      },
      'WARN  database  it answers, 1 step(s) behind this version → run "passerelle db migrate", or just start: it does the same',
    ],
    [
      'another vault key',
      {
        database: () =>
          Promise.resolve({
            schema: { applied: ['001-initial'], missing: [], unknown: [] },
            vault: 'wrong-key' as const,
          }),
      },
      'FAIL  vault key  it is not the one the database was sealed with → bring back the key that was in use (secrets.vaultKey); without it every login must be made again',
    ],
    [
      'another registration',
      { registration: () => ['registration.yaml: id is missing (appservice.id)', 'more'] },
      'WARN  registration  registration.yaml: id is missing (appservice.id) (and 1 more) → write it anew with "passerelle registration generate", give it to the homeserver and restart that',
    ],
    [
      'a network that cannot be reached',
      { probes: { telegram: () => Promise.reject(Object.assign(new Error('canary'), { code: 'ETIMEDOUT' })) } },
      'FAIL  telegram  its servers cannot be reached (ETIMEDOUT) → let this machine connect to the servers of telegram: check firewall, proxy and name resolution',
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await complaints(changes)).toEqual([expected]);
  });
});

const limited =
  'FAIL  rate limits  the homeserver slows the bridge down (429) → give it the present registration (rate_limited: false) and restart it; look for limits in the proxy before it';

describe('at the homeserver', () => {
  test.each<[string, Table, readonly string[]]>([
    [
      'nobody is there',
      { versions: silent('ECONNREFUSED') },
      [
        'FAIL  homeserver  nothing answers at http://hs:8008 (ECONNREFUSED) → start the homeserver, or correct host and port in homeserver.url',
      ],
    ],
    [
      'somebody else is there',
      { versions: answer(404, undefined) },
      [
        'FAIL  homeserver  something else than a homeserver answers at http://hs:8008 (status 404) → correct homeserver.url: it is the client API, without /_matrix',
      ],
    ],
    [
      'the clocks differ a little',
      { versions: answer(200, { versions: ['v1.1'] }, new Date(NOW - 20_000).toUTCString()) },
      [
        "WARN  clock  19 s apart from the homeserver's → set the clock by NTP on both machines: logins and the order of messages depend on it",
      ],
    ],
    [
      'the clocks differ',
      { versions: answer(200, { versions: ['v1.1'] }, new Date(NOW + 600_000).toUTCString()) },
      [
        "FAIL  clock  600 s apart from the homeserver's → set the clock by NTP on both machines: logins and the order of messages depend on it",
      ],
    ],
    [
      'the token is unknown',
      { 'whoami bridge': answer(401, { errcode: 'M_UNKNOWN_TOKEN' }) },
      [
        'FAIL  appservice  the homeserver does not know the token → list registration.yaml under app_service_config_files and restart the homeserver',
      ],
    ],
    [
      'its name is another',
      { 'whoami bridge': answer(200, { user_id: '@x:example.org:8448' }) },
      [
        'FAIL  appservice  the homeserver calls itself example.org:8448 → correct homeserver.serverName, then write the registration anew',
      ],
    ],
    [
      'it has an older registration',
      {
        'whoami bridge': (request) =>
          request.user === undefined
            ? answer(200, { user_id: '@x:hs.test' })
            : answer(403, {
                errcode: 'M_FORBIDDEN',
                error: 'Application service cannot masquerade as this user (canary).',
              }),
      },
      [
        'FAIL  appservice  the homeserver does not let us speak as @passerelle:hs.test → it has an older registration: give it the present one and restart it',
      ],
    ],
    [
      'it does not reach us',
      { ping: answer(502, { errcode: 'M_CONNECTION_FAILED' }) },
      [
        'FAIL  way back  the homeserver cannot connect to http://127.0.0.1:9009 → correct appservice.url as the homeserver sees it, and appservice.host (0.0.0.0 for other machines); then a new registration',
      ],
    ],
    [
      'its connection gets no answer',
      { ping: answer(504, { errcode: 'M_CONNECTION_TIMEOUT' }) },
      [
        'FAIL  way back  the homeserver gets no answer from http://127.0.0.1:9009 → check the firewall between the homeserver and this machine',
      ],
    ],
    [
      'its token for us is another',
      { ping: answer(502, { errcode: 'M_BAD_STATUS', status: 403 }) },
      [
        'FAIL  way back  what answers the homeserver at http://127.0.0.1:9009 does not accept its token → give the homeserver the present registration (hs_token) and restart it; or another program has that address',
      ],
    ],
    [
      'the registration there has no address',
      { ping: answer(400, { errcode: 'M_URL_NOT_SET' }) },
      [
        'FAIL  way back  the registration on the homeserver has no url → give it the present registration and restart it',
      ],
    ],
    [
      'the registration there has another id',
      { ping: answer(403, { errcode: 'M_FORBIDDEN' }) },
      [
        'FAIL  way back  the token belongs to a registration of another id → set appservice.id as in the registration on the homeserver',
      ],
    ],
    [
      'it cannot ping',
      { ping: answer(404, { errcode: 'M_UNRECOGNIZED' }) },
      [
        'WARN  way back  the homeserver cannot be asked whether it reaches us → use a Synapse of 1.81 or newer; after an outage others may wait minutes before they send again',
      ],
    ],
    [
      'the second registration is unknown',
      { 'whoami double': answer(401, {}) },
      [
        'FAIL  double puppets  the homeserver does not know the second registration → list doublepuppet.yaml under app_service_config_files and restart the homeserver, or set doublePuppet.enabled: false',
      ],
    ],
    [
      'the second registration does not cover a person',
      { 'whoami double': (request) => (request.user === undefined ? answer(200, {}) : answer(403, {})) },
      [
        'WARN  double puppets  we may not speak as @alice:hs.test → widen doublePuppet.localparts, write the registration anew and restart the homeserver; or make that account',
      ],
    ],
    [
      'the room version is not there',
      {
        capabilities: answer(200, {
          capabilities: { 'm.room_versions': { default: '13', available: { 13: 'unstable' } } },
        }),
      },
      [
        'FAIL  room version  the homeserver has no stable room version 13 → set rooms.version to one that it has, or leave it out',
      ],
    ],
    [
      'names may not be set',
      {
        capabilities: answer(200, {
          capabilities: {
            'm.room_versions': { default: '11', available: { 11: 'stable' } },
            'm.set_displayname': { enabled: false },
          },
        }),
      },
      [
        'WARN  profiles  the homeserver forbids m.set_displayname → set enable_set_displayname and enable_set_avatar_url to true, or ghosts keep their first name',
      ],
    ],
    [
      'files must be small',
      { config: answer(200, { 'm.upload.size': 10 * 1024 * 1024 }) },
      ['WARN  media  files up to 10 MiB → raise max_upload_size: larger files from the networks cannot be shown'],
    ],
    [
      'the size of files is not told',
      { config: answer(404, {}) },
      ['WARN  media  the homeserver does not say how large files may be → look at max_upload_size'],
    ],
    [
      'every room is encrypted',
      { 'm.room.encryption': answer(200, { algorithm: 'm.megolm.v1.aes-sha2' }) },
      [
        'FAIL  encryption  the homeserver encrypts every new room → exempt the bridge from encryption_enabled_by_default_for_room_type: it cannot read encrypted rooms yet',
      ],
    ],
    ['sends are limited', { send: answer(429, {}) }, [limited]],
    ['rooms are limited', { createRoom: answer(429, {}) }, [limited]],
    [
      'rooms are forbidden',
      { createRoom: answer(403, { errcode: 'M_FORBIDDEN' }) },
      [
        'FAIL  rooms  the bot could not make a room (status 403, M_FORBIDDEN) → let the bot make rooms: look for a module or a rule of the homeserver that forbids it',
      ],
    ],
  ])('%s', async (_, changes, expected) => {
    expect(await complaints({ call: homeserver(changes).call })).toEqual(expected);
  });

  test('before the first start the bot is not made yet: that is no fault, and what was left out is said', async () => {
    const table: Table = {
      'whoami bridge': (request) =>
        request.user === undefined
          ? answer(200, { user_id: '@x:hs.test' })
          : answer(403, {
              errcode: 'M_FORBIDDEN',
              error: 'Application service has not registered this user (@passerelle:hs.test)',
            }),
    };
    const found = await lines({ call: homeserver(table).call });
    expect(found.sound).toBe(true);
    expect(found.lines.filter((line) => !line.startsWith('ok'))).toEqual([]);
    expect(found.lines).toContain(
      'ok  rooms  rooms, profiles, media, encryption and limits were not looked at: the bot is made by the first start → run doctor again when the bridge has started once',
    );
  });

  test('nobody can listen where the homeserver looks', async () => {
    const answering: DoctorPorts['answering'] = async (work) => ({ result: await work(), by: 'nobody' });
    const call = homeserver({ ping: answer(502, { errcode: 'M_CONNECTION_FAILED' }) }).call;
    expect(await complaints({ call, answering })).toEqual([
      'FAIL  way back  nobody could listen on 127.0.0.1:0 → correct appservice.host: it must be an address of this machine',
    ]);
  });
});

describe('what it touches', () => {
  async function listen(server: Server): Promise<number> {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
    return (server.address() as AddressInfo).port;
  }

  test('the homeserver over HTTP, with the right token and user', async () => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization]);
      response.end('{"a":1}');
    });
    const port = await listen(server);
    const base = configured();
    const call = homeserverCall({ ...base, homeserver: { ...base.homeserver, url: `http://127.0.0.1:${port}/` } });
    const given = await call({ method: 'GET', path: '/x', token: 'bridge', user: '@a b:hs' });
    expect(given).toMatchObject({ kind: 'answer', status: 200, body: { a: 1 }, date: expect.stringContaining('GMT') });
    expect(seen).toEqual([['GET', '/x?user_id=%40a%20b%3Ahs', `Bearer ${AS}`]]);
    await new Promise((done) => server.close(done));
    expect(await call({ method: 'GET', path: '/x' })).toEqual({ kind: 'silent', code: 'ECONNREFUSED' });
  });

  test('while nobody else listens it answers pings, and acknowledges no event', async () => {
    const free = createServer();
    const port = await listen(free);
    await new Promise((done) => free.close(done));
    const base = configured();
    const config = { ...base, appservice: { ...base.appservice, port } };
    const ask = async (path: string, method: string, token: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` };
      return (
        await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(method === 'PUT' ? { body: '{}' } : {}) })
      ).status;
    };
    const token = config.appservice.hsToken.reveal();
    const { result, by } = await realPorts(config, {}, true).answering(async () => [
      await ask('/_matrix/app/v1/ping', 'POST', token),
      await ask('/_matrix/app/v1/ping', 'POST', 'wrong'),
      await ask('/_matrix/app/v1/transactions/1', 'PUT', token),
    ]);
    expect([by, result]).toEqual(['doctor', [200, 403, 503]]);

    const bridge = createServer((_, response) => response.end());
    await new Promise<void>((done) => bridge.listen(port, '127.0.0.1', () => done()));
    const second = await realPorts(config, {}, true).answering(async () => await Promise.resolve('asked'));
    expect(second).toEqual({ by: 'bridge', result: 'asked' });
    await new Promise((done) => bridge.close(done));
  });

  test('the servers of the networks', async () => {
    const server = createServer();
    const port = await listen(server);
    const at = { open: { host: '127.0.0.1', port } };
    await expect(realPorts(configured(), at, true).probes['open']?.()).resolves.toBeUndefined();
    await new Promise((done) => server.close(done));
    await expect(realPorts(configured(), at, true).probes['open']?.()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('the disk, also before the folder of the database is made', async () => {
    expect(await realPorts(configured(), {}, true).freeBytes()).toBeGreaterThan(0);
  });
});
