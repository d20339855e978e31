// The client API's paths and what each does; it must not know sockets.
import { isObject, MatrixError, notFound, numberAt, textAt, type Json } from './json.ts';
import { checkAliasOwner, createRoom } from './create-room.ts';
import { eventFilter, syncFilter } from './filter.ts';
import type { Double } from './double.ts';
import { PUSH_RULES } from './push-rules.ts';
import type { Requester } from './requester.ts';
import { forClient } from './serialise.ts';
import { readToken } from './sync.ts';

export interface Call {
  readonly hs: Double;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Whether the request said how long it is. */
  readonly measured: boolean;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** The parsed JSON object; throws 400 M_NOT_JSON or M_BAD_JSON. */
  json(): Json;
  /** Who asks; throws 401 and 403. */
  who(): Requester;
}

export interface Answer {
  readonly status: number;
  readonly body: Json | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: string;
  readonly path: RegExp;
  /** Answers of good requests are kept by transaction id (layer 1). */
  readonly transaction?: boolean;
  run(call: Call): Promise<Answer> | Answer;
}

const routes: Route[] = [];

function on(method: string, path: string, run: (call: Call, ...parts: string[]) => unknown, transaction = false): void {
  const pattern = path.replace('/:rest', '/(.*)').replaceAll(/\/:\w+/g, '/([^/]+)');
  routes.push({
    method,
    path: new RegExp(`^${pattern}$`),
    transaction,
    run: async (call) => {
      const body: unknown = await run(call, ...call.parts);
      if (isAnswer(body)) return body;
      return { status: 200, body: isObject(body) ? body : {} };
    },
  });
}

function isAnswer(value: unknown): value is Answer {
  return isObject(value) && typeof value['status'] === 'number' && 'body' in value && Object.keys(value).length <= 3;
}

/** The route of a path, 405 when only the verb is wrong, 404 M_UNRECOGNIZED when there is none. */
export function route(method: string, path: string): { readonly route: Route; readonly parts: readonly string[] } {
  let known = false;
  for (const candidate of routes) {
    const match = candidate.path.exec(path);
    if (match === null) continue;
    known = true;
    if (candidate.method === method) return { route: candidate, parts: match.slice(1).map(decodeURIComponent) };
  }
  throw new MatrixError(known ? 405 : 404, 'M_UNRECOGNIZED', 'Unrecognized request');
}

const C = '/_matrix/client/(?:r0|v1|v3|unstable)';

function stamp(query: URLSearchParams): number | undefined {
  const ts = query.get('ts');
  return ts === null || !/^\d+$/.test(ts) ? undefined : Number(ts);
}

function roomOf({ hs }: Call, idOrAlias: string): string {
  if (!idOrAlias.startsWith('#')) return idOrAlias;
  const found = hs.world.aliases.get(idOrAlias);
  if (found === undefined) throw notFound(`Room alias ${idOrAlias} not found`);
  return found.roomId;
}

// Server and session.
on('GET', '/health', () => ({ status: 200, body: Buffer.from('OK'), headers: { 'content-type': 'text/plain' } }));
on('GET', '/_matrix/client/versions', () => ({
  versions: ['r0.6.1', ...Array.from({ length: 12 }, (_, minor) => `v1.${minor + 1}`)],
  unstable_features: { 'org.matrix.msc2285.stable': true },
}));
on('GET', `${C}/capabilities`, (call) => {
  call.who();
  return {
    capabilities: {
      'm.room_versions': { default: call.hs.defaultVersion, available: { '11': 'stable', '12': 'stable' } },
      'm.change_password': { enabled: true },
    },
  };
});
on('GET', `${C}/login`, () => ({ flows: [{ type: 'm.login.password' }, { type: 'm.login.application_service' }] }));
on('POST', `${C}/login`, (call) => call.hs.people.login(call.json()));
on('POST', `${C}/logout`, (call) => call.hs.people.logout(call.who()));
on('POST', `${C}/register`, (call) => {
  const body = call.json();
  if (body['type'] !== 'm.login.application_service')
    throw new MatrixError(403, 'M_FORBIDDEN', 'Registration has been disabled');
  return call.hs.people.registerForAppservice(call.token, body);
});
on('GET', '/_synapse/admin/v1/register', ({ hs }) => hs.people.nonce());
on('POST', '/_synapse/admin/v1/register', (call) => call.hs.people.registerBySecret(call.json()));
on('GET', `${C}/account/whoami`, (call) => {
  const { userId, deviceId } = call.who();
  return { user_id: userId, is_guest: false, ...(deviceId === undefined ? {} : { device_id: deviceId }) };
});
on('GET', `${C}/devices`, (call) => ({
  devices: [...call.hs.rooms.user(call.who().userId).devices.values()].map(({ deviceId, displayName }) => ({
    device_id: deviceId,
    display_name: displayName ?? null,
  })),
}));
on('PUT', `${C}/devices/:device`, (call, deviceId = '') => ({
  status: call.hs.people.putDevice(call.who(), deviceId, call.json()),
  body: {},
}));
on('GET', `${C}/pushrules/`, (call) => {
  call.who();
  return PUSH_RULES;
});
on('GET', `${C}/voip/turnServer`, (call) => {
  call.who();
  return {};
});
on('GET', `${C}/thirdparty/protocols`, (call) => {
  call.who();
  return {};
});
on('POST', `${C}/keys/query`, (call) => {
  call.who();
  return { device_keys: {}, failures: {} };
});
on('POST', `${C}/keys/upload`, (call) => {
  call.who();
  return { one_time_key_counts: { signed_curve25519: 0 } };
});

// Sync and filters.
on('POST', `${C}/user/:user/filter`, (call, userId = '') => {
  const user = call.hs.rooms.user(call.who().userId);
  if (user.userId !== userId) throw new MatrixError(403, 'M_FORBIDDEN', 'Cannot create filters for other users');
  user.filters.push(call.json());
  return { filter_id: String(user.filters.length - 1) };
});
on('GET', `${C}/user/:user/filter/:id`, (call, _user, id = '') => {
  const filter = call.hs.rooms.user(call.who().userId).filters[Number(id)];
  if (filter === undefined) throw notFound('No such filter');
  return filter;
});
on('GET', `${C}/sync`, async (call) => {
  const requester = call.who();
  const { query, hs } = call;
  // Synapse fails on it: the sender of an appservice is no user in its tables, not even once it has registered.
  if (requester.userId === requester.service?.sender) throw new MatrixError(500, 'M_UNKNOWN', 'Internal server error');
  const given = query.get('filter');
  let filter: unknown = {};
  if (given?.startsWith('{') === true) filter = parseFilter(given);
  else if (given !== null) filter = hs.world.users.get(requester.userId)?.filters[Number(given)];
  if (filter === undefined) throw new MatrixError(400, 'M_INVALID_PARAM', 'No such filter');
  const since = query.get('since');
  return await hs.syncs.answer({
    requester,
    since: since === null || since === '' ? undefined : readToken(since),
    filter: syncFilter(filter),
    fullState: query.get('full_state') === 'true',
    timeoutMs: Math.min(Number(query.get('timeout') ?? 0), 120_000),
    signal: call.signal,
  });
});

function parseFilter(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new MatrixError(400, 'M_UNKNOWN', 'Invalid filter JSON');
  }
}

// Rooms: making, finding, entering, leaving.
on('POST', `${C}/createRoom`, (call) => {
  const requester = call.who();
  const { hs } = call;
  return {
    room_id: createRoom(hs.rooms, requester, call.json(), { services: hs.services, defaultVersion: hs.defaultVersion }),
  };
});
on('GET', `${C}/directory/room/:alias`, async (call, alias = '') => {
  let found = call.hs.world.aliases.get(alias);
  if (found === undefined && (await call.hs.askForAlias(alias))) found = call.hs.world.aliases.get(alias);
  if (found === undefined) throw notFound(`Room alias ${alias} not found`);
  return { room_id: found.roomId, servers: [call.hs.world.serverName] };
});
on('PUT', `${C}/directory/room/:alias`, (call, alias = '') => {
  const requester = call.who();
  const roomId = textAt(call.json(), 'room_id');
  if (roomId === undefined) throw new MatrixError(400, 'M_BAD_JSON', 'Field required');
  if (!call.hs.world.rooms.has(roomId)) throw new MatrixError(400, 'M_UNKNOWN', 'Room does not exist');
  checkAliasOwner(call.hs.services, requester, alias);
  if (call.hs.world.aliases.has(alias)) throw new MatrixError(409, 'M_UNKNOWN', `Room alias ${alias} already exists`);
  call.hs.world.setAlias(alias, roomId, requester.userId);
});
on('DELETE', `${C}/directory/room/:alias`, (call, alias = '') => {
  const requester = call.who();
  const found = call.hs.world.aliases.get(alias);
  if (found === undefined) throw notFound('Unknown room alias');
  if (requester.service !== undefined) checkAliasOwner(call.hs.services, requester, alias);
  else if (found.creator !== requester.userId) {
    throw new MatrixError(403, 'M_FORBIDDEN', "You don't have permission to delete the alias.");
  }
  call.hs.world.deleteAlias(alias);
});
on('GET', `${C}/rooms/:room/aliases`, (call, roomId = '') => {
  call.hs.reads.state(call.who(), roomId);
  return { aliases: call.hs.world.aliasesOf(roomId) };
});
on('POST', `${C}/join/:target`, (call, target = '') => join(call, target));
on('POST', `${C}/rooms/:room/join`, (call, target = '') => join(call, target));

function join(call: Call, target: string): Json {
  const requester = call.who();
  const roomId = roomOf(call, target);
  if (!call.hs.world.rooms.has(roomId)) {
    throw new MatrixError(
      404,
      'M_UNKNOWN',
      "Can't join remote room because no servers that are in the room have been provided.",
    );
  }
  const { reason } = call.json();
  call.hs.rooms.setMembership(requester, roomId, requester.userId, 'join', reason === undefined ? {} : { reason });
  return { room_id: roomId };
}

for (const action of ['invite', 'kick', 'ban', 'unban']) {
  on('POST', `${C}/rooms/:room/${action}`, (call, roomId = '') => {
    const requester = call.who();
    const body = call.json();
    const target = textAt(body, 'user_id');
    if (target === undefined) throw new MatrixError(400, 'M_MISSING_PARAM', 'Missing user_id key.');
    const { reason } = body;
    call.hs.rooms.setMembership(requester, roomId, target, action, reason === undefined ? {} : { reason });
  });
}
on('POST', `${C}/rooms/:room/leave`, (call, roomId = '') => {
  const requester = call.who();
  const { reason } = call.json();
  call.hs.rooms.setMembership(requester, roomId, requester.userId, 'leave', reason === undefined ? {} : { reason });
});
on('POST', `${C}/rooms/:room/forget`, (call, roomId = '') => {
  const requester = call.who();
  const room = call.hs.rooms.find(roomId);
  const membership = call.hs.world.membership(room, requester.userId);
  if (membership === 'join' || membership === 'invite') {
    throw new MatrixError(400, 'M_UNKNOWN', `User ${requester.userId} in room ${roomId}`);
  }
  room.forgotten.add(requester.userId);
});

// Rooms: writing.
on(
  'PUT',
  `${C}/rooms/:room/send/:type/:txn`,
  (call, roomId = '', type = '', txnId = '') => ({
    event_id: call.hs.rooms.send(call.who(), roomId, type, call.json(), { txnId, ts: stamp(call.query) }),
  }),
  true,
);
on(
  'PUT',
  `${C}/rooms/:room/redact/:event/:txn`,
  (call, roomId = '', eventId = '', txnId = '') => ({
    event_id: call.hs.rooms.redact(call.who(), roomId, eventId, call.json(), { txnId }),
  }),
  true,
);
on('PUT', `${C}/rooms/:room/state/:type/:rest`, (call, roomId = '', type = '', stateKey = '') => ({
  event_id: call.hs.rooms.setState(call.who(), roomId, type, stateKey, call.json(), stamp(call.query)),
}));
on('PUT', `${C}/rooms/:room/state/:type`, (call, roomId = '', type = '') => ({
  event_id: call.hs.rooms.setState(call.who(), roomId, type, '', call.json(), stamp(call.query)),
}));
on('PUT', `${C}/rooms/:room/typing/:user`, (call, roomId = '', userId = '') => {
  const requester = call.who();
  const body = call.json();
  if (requester.userId !== userId) throw new MatrixError(400, 'M_FORBIDDEN', "Cannot set another user's typing state");
  call.hs.ephemeral.setTyping(
    call.hs.rooms.find(roomId),
    userId,
    body['typing'] === true,
    numberAt(body, 'timeout', 30_000),
  );
});
on('POST', `${C}/rooms/:room/receipt/:type/:event`, (call, roomId = '', type = '', eventId = '') => {
  const { userId } = call.who();
  const room = call.hs.rooms.find(roomId);
  if (type === 'm.fully_read') call.hs.people.setAccountData(call.who(), userId, roomId, type, { event_id: eventId });
  else call.hs.ephemeral.setReceipt(room, userId, type, eventId, textAt(call.json(), 'thread_id'));
});
on('POST', `${C}/rooms/:room/read_markers`, (call, roomId = '') => {
  const requester = call.who();
  const body = call.json();
  const room = call.hs.rooms.find(roomId);
  for (const type of ['m.read', 'm.read.private']) {
    const eventId = textAt(body, type);
    if (eventId !== undefined) call.hs.ephemeral.setReceipt(room, requester.userId, type, eventId, undefined);
  }
  const read = textAt(body, 'm.fully_read');
  if (read !== undefined)
    call.hs.people.setAccountData(requester, requester.userId, roomId, 'm.fully_read', { event_id: read });
});

// Rooms: reading.
on('GET', `${C}/joined_rooms`, (call) => ({ joined_rooms: call.hs.reads.joinedRooms(call.who().userId) }));
on('GET', `${C}/rooms/:room/state`, (call, roomId = '') => ({
  status: 200,
  body: Buffer.from(JSON.stringify(call.hs.reads.state(call.who(), roomId))),
  headers: { 'content-type': 'application/json' },
}));
on('GET', `${C}/rooms/:room/state/:type/:rest`, (call, roomId = '', type = '', stateKey = '') =>
  stateEvent(call, roomId, type, stateKey),
);
on('GET', `${C}/rooms/:room/state/:type`, (call, roomId = '', type = '') => stateEvent(call, roomId, type, ''));

function stateEvent(call: Call, roomId: string, type: string, stateKey: string): Answer {
  const whole = call.query.get('format') === 'event';
  return { status: 200, body: call.hs.reads.stateEvent(call.who(), roomId, type, stateKey, whole) };
}

on('GET', `${C}/rooms/:room/members`, (call, roomId = '') => ({
  chunk: call.hs.reads.members(call.who(), roomId, call.query.get('membership'), call.query.get('not_membership')),
}));
on('GET', `${C}/rooms/:room/joined_members`, (call, roomId = '') => ({
  joined: call.hs.reads.joinedMembers(call.who(), roomId),
}));
on('GET', `${C}/rooms/:room/messages`, (call, roomId = '') => {
  const { query } = call;
  const given = query.get('filter');
  const filter = given === null ? {} : parseFilter(given);
  return call.hs.reads.messages(call.who(), roomId, {
    from: query.get('from') ?? undefined,
    to: query.get('to') ?? undefined,
    backwards: query.get('dir') !== 'f',
    limit: Math.min(Number(query.get('limit') ?? 10), 1000),
    filter: eventFilter(isObject(filter) ? filter : {}),
  });
});
on('GET', `${C}/rooms/:room/event/:event`, (call, roomId = '', eventId = '') => {
  const requester = call.who();
  return forClient(call.hs.reads.visible(requester, roomId, eventId).event, requester);
});
on('GET', `${C}/rooms/:room/context/:event`, (call, roomId = '', eventId = '') =>
  call.hs.reads.context(call.who(), roomId, eventId, Number(call.query.get('limit') ?? 10)),
);
for (const tail of ['', '/:rel', '/:rel/:type']) {
  on('GET', `${C}/rooms/:room/relations/:event${tail}`, (call, roomId = '', eventId = '', relType, type) =>
    call.hs.reads.relations(call.who(), roomId, eventId, {
      relType,
      type,
      forwards: call.query.get('dir') === 'f',
      limit: Math.min(Number(call.query.get('limit') ?? 5), 1000),
    }),
  );
}

// People.
on('GET', `${C}/profile/:user`, async (call, userId = '') => {
  await call.hs.askForUser(userId);
  return call.hs.people.profile(userId);
});
on('GET', `${C}/profile/:user/:key`, (call, userId = '', key = '') => {
  const profile = call.hs.people.profile(userId);
  return key in profile ? { [key]: profile[key] } : {};
});
on('PUT', `${C}/profile/:user/:key`, (call, userId = '', key = '') =>
  call.hs.people.setProfile(call.who(), userId, key, call.json()),
);
on('GET', `${C}/user/:user/account_data/:type`, (call, userId = '', type = '') => ({
  status: 200,
  body: call.hs.people.accountData(call.who(), userId, '', type),
}));
on('PUT', `${C}/user/:user/account_data/:type`, (call, userId = '', type = '') =>
  call.hs.people.setAccountData(call.who(), userId, '', type, call.json()),
);
on('GET', `${C}/user/:user/rooms/:room/account_data/:type`, (call, userId = '', roomId = '', type = '') => ({
  status: 200,
  body: call.hs.people.accountData(call.who(), userId, roomId, type),
}));
on('PUT', `${C}/user/:user/rooms/:room/account_data/:type`, (call, userId = '', roomId = '', type = '') =>
  call.hs.people.setAccountData(call.who(), userId, roomId, type, call.json()),
);
on('PUT', `${C}/presence/:user/status`, (call) => void call.who());
on('POST', `${C}/user_directory/search`, (call) => {
  call.who();
  const term = (textAt(call.json(), 'search_term') ?? '').toLowerCase();
  const found = [...call.hs.world.users.values()].filter(
    ({ userId, displayName }) => userId.includes(term) || displayName?.toLowerCase().includes(term) === true,
  );
  return {
    limited: false,
    results: found.map(({ userId, displayName }) => ({ user_id: userId, display_name: displayName })),
  };
});

// Media.
on('GET', `${C}/media/config`, () => ({ 'm.upload.size': 200 * 1024 * 1024 }));
on('GET', '/_matrix/media/(?:v1|v3|r0)/config', () => ({ 'm.upload.size': 200 * 1024 * 1024 }));
on('POST', '/_matrix/media/v1/create', (call) => call.hs.media.create(call.who()));
on('POST', '/_matrix/media/(?:v3|r0)/upload', (call) =>
  call.hs.media.upload(call.who(), measured(call), call.contentType, call.query.get('filename') ?? undefined),
);
on('PUT', '/_matrix/media/v3/upload/:server/:id', (call, server = '', id = '') =>
  call.hs.media.fill(call.who(), server, id, measured(call), call.contentType, call.query.get('filename') ?? undefined),
);

function measured(call: Call): Buffer {
  if (!call.measured) throw new MatrixError(400, 'M_UNKNOWN', 'Request must specify a Content-Length');
  return call.bytes;
}
for (const tail of ['', '/:name']) {
  on('GET', `/_matrix/client/v1/media/download/:server/:id${tail}`, (call, server = '', id = '') => {
    call.who();
    const { bytes, media } = call.hs.media.download(server, id);
    return { status: 200, body: bytes, headers: { 'content-type': media.contentType } };
  });
}

// Appservices.
on('POST', `${C}/appservice/:id/ping`, async (call, id = '') => {
  const { service } = call.who();
  if (service === undefined) {
    throw new MatrixError(403, 'M_FORBIDDEN', 'Only application services can use the /appservice/ping endpoint');
  }
  if (service.id !== id) throw new MatrixError(403, 'M_FORBIDDEN', 'Mismatching application service ID in path');
  return await call.hs.ping(id, call.json()['transaction_id']);
});
