// Accounts, devices, profiles and account data; it must not know rooms beyond spreading a changed name.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Bus } from './bus.ts';
import { forbidden, isObject, MatrixError, notFound, objectAt, textAt, type Json } from './json.ts';
import { exclusiveOwner, ownsUser, type Appservice } from './registration.ts';
import type { Requester } from './requester.ts';
import type { Rooms } from './rooms.ts';
import { randomId, type User, type World } from './world.ts';

export class People {
  readonly #world: World;
  readonly #rooms: Rooms;
  readonly #bus: Bus;
  readonly #services: readonly Appservice[];
  readonly #secret: string;
  readonly #nonces = new Set<string>();
  /** Of whom it was said. */
  readonly #presence = new Map<string, string>();

  constructor(world: World, rooms: Rooms, bus: Bus, services: readonly Appservice[], secret: string) {
    this.#world = world;
    this.#rooms = rooms;
    this.#bus = bus;
    this.#services = services;
    this.#secret = secret;
    // The sender of an appservice acts without ever being registered.
    for (const service of services) if (!world.users.has(service.sender)) this.#add(service.sender, service.id);
  }

  #add(userId: string, appservice: string | undefined, password?: string, admin = false): User {
    const user: User = {
      userId,
      password,
      admin,
      appservice,
      displayName: userId.slice(1, userId.indexOf(':')),
      avatarUrl: undefined,
      profile: new Map(),
      devices: new Map(),
      accountData: new Map(),
      pushRules: new Map(),
      filters: [],
      memberships: new Map(),
    };
    this.#world.users.set(userId, user);
    return user;
  }

  #newName(localpart: string, service: Appservice | undefined): string {
    if (!/^[\w.=\-/+]+$/.test(localpart) || localpart !== localpart.toLowerCase()) {
      throw new MatrixError(400, 'M_INVALID_USERNAME', "User ID can only contain characters a-z, 0-9, or '=_-./+'");
    }
    const userId = `@${localpart}:${this.#world.serverName}`;
    if (service !== undefined && !ownsUser(service, userId)) {
      throw new MatrixError(400, 'M_EXCLUSIVE', 'Invalid user localpart for this application service.');
    }
    if (exclusiveOwner(this.#services, 'users', userId, service) !== undefined) {
      throw new MatrixError(400, 'M_EXCLUSIVE', 'This user ID is reserved by an application service.');
    }
    if (this.#world.users.has(userId)) throw new MatrixError(400, 'M_USER_IN_USE', 'User ID already taken.');
    return userId;
  }

  /** POST /register by an appservice (the only kind that is open). */
  registerForAppservice(token: string | undefined, body: Json): Json {
    const service = this.#services.find(({ asToken }) => asToken === token);
    if (service === undefined) throw new MatrixError(401, 'M_UNKNOWN_TOKEN', 'Unrecognised access token');
    const localpart = textAt(body, 'username') ?? textAt(body, 'user');
    if (localpart === undefined) throw new MatrixError(400, 'M_INVALID_USERNAME', 'Invalid username');
    const silent = body['inhibit_login'] === true;
    if (!silent && service.withoutLogins) {
      throw new MatrixError(400, 'M_APPSERVICE_LOGIN_UNSUPPORTED', 'This appservice must register with inhibit_login');
    }
    const user = this.#add(this.#newName(localpart.toLowerCase(), service), service.id);
    return silent ? { user_id: user.userId, home_server: this.#world.serverName } : this.#session(user, body);
  }

  nonce(): Json {
    const nonce = randomBytes(16).toString('hex');
    this.#nonces.add(nonce);
    return { nonce };
  }

  /** POST /_synapse/admin/v1/register. */
  registerBySecret(body: Json): Json {
    const nonce = textAt(body, 'nonce') ?? '';
    if (!this.#nonces.delete(nonce)) throw new MatrixError(400, 'M_UNKNOWN', 'unrecognised nonce');
    const localpart = (textAt(body, 'username') ?? '').toLowerCase();
    const password = textAt(body, 'password') ?? '';
    const admin = body['admin'] === true;
    const mac = createHmac('sha1', this.#secret)
      .update([nonce, textAt(body, 'username') ?? '', password, admin ? 'admin' : 'notadmin'].join('\0'))
      .digest();
    const given = Buffer.from(textAt(body, 'mac') ?? '', 'hex');
    if (given.length !== mac.length || !timingSafeEqual(given, mac)) throw forbidden('HMAC incorrect');
    return this.#session(this.#add(this.#newName(localpart, undefined), undefined, password, admin), body);
  }

  login(body: Json): Json {
    if (textAt(body, 'type') !== 'm.login.password') {
      throw new MatrixError(400, 'M_UNKNOWN', `Unknown login type ${String(body['type'])}`);
    }
    const name = textAt(objectAt(body, 'identifier'), 'user') ?? textAt(body, 'user') ?? '';
    const userId = name.startsWith('@') ? name : `@${name}:${this.#world.serverName}`;
    const user = this.#world.users.get(userId);
    if (user?.password === undefined || user.password !== body['password'])
      throw forbidden('Invalid username or password');
    return this.#session(user, body);
  }

  #session(user: User, body: Json): Json {
    const deviceId = textAt(body, 'device_id') ?? randomId(10).toUpperCase();
    user.devices.set(deviceId, { deviceId, displayName: textAt(body, 'initial_device_display_name') });
    const token = `syt_${randomId(32)}`;
    this.#world.tokens.set(token, { userId: user.userId, deviceId });
    return { user_id: user.userId, access_token: token, device_id: deviceId, home_server: this.#world.serverName };
  }

  logout(requester: Requester): void {
    for (const [token, owner] of this.#world.tokens) {
      if (owner.userId === requester.userId && owner.deviceId === requester.deviceId) this.#world.tokens.delete(token);
    }
    if (requester.deviceId !== undefined) this.#rooms.user(requester.userId).devices.delete(requester.deviceId);
  }

  /** PUT /devices/{id}: an appservice may make one (MSC4190), whatever its registration says; others only rename. Returns the status. */
  putDevice(requester: Requester, deviceId: string, body: Json): number {
    const user = this.#rooms.user(requester.userId);
    const device = user.devices.get(deviceId);
    const name = textAt(body, 'display_name');
    if (device !== undefined) {
      if (name !== undefined) device.displayName = name;
      return 200;
    }
    if (requester.service === undefined) throw notFound('No device found');
    user.devices.set(deviceId, { deviceId, displayName: name });
    return 201;
  }

  profile(userId: string): Json {
    const user = this.#world.users.get(userId);
    if (user === undefined) throw notFound('Profile was not found');
    return {
      ...(user.displayName === undefined ? {} : { displayname: user.displayName }),
      ...(user.avatarUrl === undefined ? {} : { avatar_url: user.avatarUrl }),
      ...Object.fromEntries(user.profile),
    };
  }

  setProfile(requester: Requester, userId: string, key: string, body: Json): void {
    if (userId !== requester.userId) throw new MatrixError(403, 'M_FORBIDDEN', "Cannot set another user's profile");
    const user = this.#rooms.user(userId);
    if (!(key in body)) throw new MatrixError(400, 'M_MISSING_PARAM', `Missing key '${key}'`);
    const text = textAt(body, key);
    const value = text === '' ? undefined : text;
    if (key === 'displayname') user.displayName = value;
    else if (key === 'avatar_url') user.avatarUrl = value;
    else {
      user.profile.set(key, body[key]);
      return;
    }
    this.#rooms.spreadProfile(requester, userId);
  }

  accountData(requester: Requester, userId: string, roomId: string, type: string): Json {
    this.#ownData(requester, userId);
    const found = this.#world.users.get(userId)?.accountData.get(`${roomId}\0${type}`);
    if (found === undefined) throw notFound('Account data not found');
    return found.content;
  }

  setAccountData(requester: Requester, userId: string, roomId: string, type: string, content: unknown): void {
    this.#ownData(requester, userId);
    if (!isObject(content)) throw new MatrixError(400, 'M_BAD_JSON', 'Content must be a JSON object.');
    this.#rooms
      .user(userId)
      .accountData.set(`${roomId}\0${type}`, { roomId, type, content, stream: this.#world.next() });
    this.#bus.wake();
  }

  /** How a person sorts a room (client API, "Room tagging"); their clients see it as account data of the room. */
  tags(requester: Requester, userId: string, roomId: string): Json {
    if (requester.userId !== userId) throw forbidden('Cannot get tags for other users.');
    const kept = this.#world.users.get(userId)?.accountData.get(`${roomId}\0m.tag`);
    return objectAt(kept?.content ?? {}, 'tags');
  }

  /** @param content how the tag is ordered; undefined takes the tag away */
  setPresence(requester: Requester, userId: string, presence: string): void {
    if (userId !== requester.userId) throw new MatrixError(403, 'M_FORBIDDEN', 'Cannot set presence of another user');
    if (!['online', 'unavailable', 'offline'].includes(presence))
      throw new MatrixError(400, 'M_BAD_JSON', 'Invalid presence state');
    this.#presence.set(userId, presence);
  }

  presenceOf(userId: string): string {
    return this.#presence.get(userId) ?? 'offline';
  }

  setTag(requester: Requester, userId: string, roomId: string, tag: string, content: Json | undefined): void {
    if (requester.userId !== userId) throw forbidden('Cannot add tags for other users.');
    if (Buffer.byteLength(tag) > 255) {
      throw new MatrixError(400, 'M_INVALID_PARAM', "tag parameter's length is over 255 bytes");
    }
    const user = this.#rooms.user(userId);
    if (content !== undefined && !user.memberships.has(roomId)) {
      throw forbidden(`User ${userId} has no membership in room ${roomId}`);
    }
    const { [tag]: _before, ...others } = this.tags(requester, userId, roomId);
    const tags = content === undefined ? others : { ...others, [tag]: content };
    this.setAccountData(requester, userId, roomId, 'm.tag', { tags });
  }

  #ownData(requester: Requester, userId: string): void {
    if (requester.userId !== userId) throw forbidden('Cannot add account data for other users.');
  }
}
