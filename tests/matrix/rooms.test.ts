// Rooms as the bridge makes, finds and adopts them on a homeserver, in both room versions: never two, never with power for a ghost.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Account } from '../../sandbox/homeserver/homeserver.ts';
import { as, type EffectId, type RoomId, type UserId } from '../../src/model/ids.ts';
import { OurIds } from '../../src/matrix/ids.ts';
import { BOT, fresh, person, PIGEON, text, WingWorld, type Json } from '../support/wing-world.ts';

const ids = new OurIds({
  serverName: 'hs.test',
  botLocalpart: 'passerelle',
  prefixes: { pigeon: 'pg' },
  identityKey: Buffer.alloc(32, 7),
});

describe.each(['11', '12'] as const)('in room version %s', (version) => {
  let world: WingWorld;
  let alice: Account;
  let user: UserId;
  let chat = '';
  let chats = 0;

  beforeAll(async () => {
    world = await WingWorld.start(version);
    await world.open();
    alice = await world.hs.registerUser('alice', 'pw');
    user = alice.userId as UserId;
  });
  afterAll(async () => await world.end());
  beforeEach(async () => {
    await world.faults.clear();
    chats += 1;
    chat = `c${chats}`;
  });

  const aliasOf = (): string => ids.alias(world.spec(chat).portal);
  const resolved = async (): Promise<unknown> =>
    (await world.asBot('GET', `/directory/room/${encodeURIComponent(aliasOf())}`)).body['room_id'];
  const bridged = async (room: string, type: string): Promise<Json> => {
    const channel = ids.channel(world.spec(chat).portal);
    return await world.state(room, type, `fr.passerelle://pigeon/${channel}`);
  };

  test('the rooms of a person are gathered in one space for each network, to which they are invited once', async () => {
    const made = await world.wing.api.ensureRoom(world.spec(chat, { invite: [user] }));
    const space = await world.wing.api.gatherInSpace(user, PIGEON, made.room);
    if (space === undefined) throw new Error('no space');
    expect(space.made).toBe(true);
    expect(await world.state(space.room, 'm.room.create')).toMatchObject({ type: 'm.space' });
    expect(await world.state(space.room, 'm.room.name')).toEqual({ name: 'Pigeon' });
    expect(await world.state(space.room, 'm.room.member', user)).toMatchObject({ membership: 'invite' });
    expect(await world.state(space.room, 'm.space.child', made.room)).toEqual({ via: ['hs.test'] });
    await world.open();
    const other = await world.wing.api.ensureRoom(world.spec(`${chat}b`, { invite: [user] }));
    for (let again = 0; again < 2; again += 1)
      expect(await world.wing.api.gatherInSpace(user, PIGEON, other.room)).toEqual({ room: space.room, made: false });
    expect(await world.state(space.room, 'm.space.child', other.room)).toEqual({ via: ['hs.test'] });
    const bob = await world.hs.registerUser(`bob${chat}`, 'pw');
    const theirs = await world.wing.api.gatherInSpace(bob.userId as UserId, PIGEON, other.room);
    expect(theirs).toMatchObject({ made: true });
    expect(theirs?.room).not.toBe(space.room);
    const { api } = world.wing;
    await api.releaseFromSpace(user, PIGEON, other.room);
    expect(await world.state(space.room, 'm.space.child', other.room)).toEqual({});
    // Whoever is not in it has no place that another one could take.
    await api.releaseFromSpace(user, PIGEON, other.room, 'elsewhere:hs.test' as RoomId);
    await api.releaseFromSpace('@nobody:hs.test' as UserId, PIGEON, made.room);
    await api.releaseFromSpace(user, PIGEON, made.room, other.room);
    expect(await world.state(space.room, 'm.space.child', made.room)).toEqual({});
    expect(await world.state(space.room, 'm.space.child', other.room)).toEqual({ via: ['hs.test'] });
    await world.open({ spaces: false });
    expect(await world.wing.api.gatherInSpace(user, PIGEON, made.room)).toBeUndefined();
    await world.open();
  });

  test('a portal says what it is, keeps encryption to the bot, and is found again by its chat', async () => {
    const made = await world.wing.api.ensureRoom(world.spec(chat, { invite: [user], name: 'Zoé' }));
    expect(made).toMatchObject({ adopted: false, encrypted: false });
    for (const type of ['m.bridge', 'uk.half-shot.bridge']) {
      expect(await bridged(made.room, type)).toMatchObject({
        bridgebot: BOT,
        protocol: { id: 'pigeon', displayname: 'Pigeon' },
        channel: { displayname: 'Zoé' },
        'com.beeper.room_type': 'dm',
      });
    }
    // Clients would show the opaque alias, or the bot, as the name of a room that has none.
    expect(await world.state(made.room, 'm.room.canonical_alias')).toEqual({});
    expect(await world.state(made.room, 'io.element.functional_members')).toEqual({ service_members: [BOT] });
    const levels = await world.state(made.room, 'm.room.power_levels');
    expect(levels).toMatchObject({ events: { 'm.room.encryption': 100 }, users_default: 0 });
    const powerful = Object.keys(levels['users'] ?? {});
    expect(powerful).toEqual(version === '12' ? [] : [BOT]);
    expect((await world.state(made.room, 'm.room.create'))['m.federate']).toBe(true);
    expect(await world.state(made.room, 'm.room.member', user)).toMatchObject({
      membership: 'invite',
      is_direct: true,
    });
    expect(await world.wing.api.ensureRoom(world.spec(chat))).toEqual({ ...made, adopted: true });
    await world.join(alice, made.room);
    const encrypt = await world.ask(
      alice.accessToken,
      'PUT',
      `/rooms/${encodeURIComponent(made.room)}/state/m.room.encryption`,
      { algorithm: 'm.megolm.v1.aes-sha2' },
    );
    expect(encrypt.status).toBe(403);
  });

  test('after a restart, and after a lost answer, the same room is found and its people invited', async () => {
    await world.faults.add({ method: 'POST', path: '/createRoom', act: { kind: 'drop-after' } });
    await expect(world.wing.api.ensureRoom(world.spec(chat))).rejects.toMatchObject({ code: 'matrix-unavailable' });
    const room = await resolved();
    await world.open();
    expect(await world.wing.api.ensureRoom(world.spec(chat, { invite: [user] }))).toMatchObject({
      room,
      adopted: true,
    });
    expect(await world.state(String(room), 'm.room.member', user)).toMatchObject({ membership: 'invite' });
  });

  test('a half-made room under the alias is left behind and another is made', async () => {
    const torn = await world.asBot('POST', '/createRoom', { room_alias_name: aliasOf().slice(1).split(':')[0] });
    const made = await world.wing.api.ensureRoom(world.spec(chat));
    expect(made.adopted).toBe(false);
    expect(made.room).not.toBe(torn.body['room_id']);
    expect(await resolved()).toBe(made.room);
  });

  test.each([
    ['another chat', (content: Json): Json => ({ ...content, channel: { id: 'other' } })],
    ['nothing', (): Json => ({})],
  ])('a room whose m.bridge names %s is not adopted', async (_what, change) => {
    const made = await world.wing.api.ensureRoom(world.spec(chat));
    const content = await bridged(made.room, 'm.bridge');
    const key = `fr.passerelle://pigeon/${ids.channel(world.spec(chat).portal)}`;
    const path = `/rooms/${encodeURIComponent(made.room)}/state/m.bridge/${encodeURIComponent(key)}`;
    expect((await world.asBot('PUT', path, change(content))).status).toBe(200);
    expect((await world.wing.api.ensureRoom(world.spec(chat))).room).not.toBe(made.room);
  });

  test('a room that the bot has left or that was replaced is not adopted', async () => {
    const left = await world.wing.api.ensureRoom(world.spec(chat, { invite: [user] }));
    await world.join(alice, left.room);
    await world.wing.api.bot.leave(left.room);
    const next = await world.wing.api.ensureRoom(world.spec(chat));
    expect(next.room).not.toBe(left.room);
    const path = `/rooms/${encodeURIComponent(next.room)}/state/m.room.tombstone`;
    expect((await world.asBot('PUT', path, { body: 'gone', replacement_room: '!x' })).status).toBe(200);
    expect((await world.wing.api.ensureRoom(world.spec(chat))).room).not.toBe(next.room);
  });

  test('federation and the bot’s power are what the configuration says', async () => {
    await world.open({ federate: false, botPower: 60 });
    const { room } = await world.wing.api.ensureRoom(world.spec(chat));
    expect((await world.state(room, 'm.room.create'))['m.federate']).toBe(false);
    const levels = await world.state(room, 'm.room.power_levels');
    expect(levels['events']).toMatchObject({ 'm.room.encryption': 60 });
    expect(levels['users'] ?? {}).toEqual(version === '12' ? {} : { [BOT]: 60 });
    await world.wing.api.bot.send(room, fresh(), text('still able'));
    await world.open();
  });

  test.each([
    [true, 50, 0],
    [false, undefined, 50],
  ])('a ghost who is an admin has the power that the configuration gives (%s)', async (ghostPower, power, invite) => {
    await world.open({ ghostPower });
    const { user } = await world.wing.api.ghost(PIGEON, person(`g${chat}`));
    const { room } = await world.wing.api.ensureRoom(world.spec(chat, { direct: false }));
    const roles = new Map([user, alice.userId as UserId].map((who) => [who, 'admin'] as const));
    expect(await world.wing.api.setPowers(room, { roles, only: true, anyoneAdds: true })).toBe(true);
    const levels = await world.state(room, 'm.room.power_levels');
    const users = (levels['users'] ?? {}) as Json;
    expect([users[user], users[alice.userId], levels['invite']]).toEqual([power, 60, invite]);
    await world.open();
  });

  test('a direct room made by a person becomes the portal, and its ghost keeps no level', async () => {
    const ghost = await world.wing.api.ghost(PIGEON, person(`g${chat}`));
    const made = await world.ask(alice.accessToken, 'POST', '/createRoom', {
      preset: 'trusted_private_chat',
      is_direct: true,
      invite: [ghost.user],
    });
    const room = made.body['room_id'] as RoomId;
    expect(await world.wing.api.adoptRoom(room, ghost, world.spec(chat))).toEqual({
      room,
      adopted: true,
      encrypted: false,
    });
    expect(await resolved()).toBe(room);
    const levels = await world.state(room, 'm.room.power_levels');
    expect(Object.keys((levels['users'] ?? {}) as Json)).not.toContain(ghost.user);
    expect((await world.wing.api.members(room)).get(BOT as UserId)).toBe('join');
    // Once more, as after a crash.
    expect((await world.wing.api.adoptRoom(room, ghost, world.spec(chat)))?.room).toBe(room);
    expect(await bridged(room, 'm.bridge')).toMatchObject({ bridgebot: BOT });
  });

  test('a direct room that lets no bot in is not adopted', async () => {
    const ghost = await world.wing.api.ghost(PIGEON, person(`g${chat}`));
    const made = await world.ask(alice.accessToken, 'POST', '/createRoom', {
      preset: 'private_chat',
      is_direct: true,
      invite: [ghost.user],
      power_level_content_override: { invite: 50 },
    });
    const room = made.body['room_id'] as RoomId;
    expect(await world.wing.api.adoptRoom(room, ghost, world.spec(chat))).toBeUndefined();
    expect(await resolved()).toBeUndefined();
  });

  test('a room that the bot came into later says what it is, if the room lets it', async () => {
    const made = await world.ask(alice.accessToken, 'POST', '/createRoom', { preset: 'private_chat', invite: [BOT] });
    const room = made.body['room_id'] as RoomId;
    await world.wing.api.bot.join(room);
    await world.wing.api.declareRoom(room, world.spec(chat));
    expect(await bridged(room, 'm.bridge')).toMatchObject({ errcode: 'M_NOT_FOUND' });
    const levels = await world.state(room, 'm.room.power_levels');
    const path = `/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`;
    const users = { ...(levels['users'] as Json | undefined), [BOT]: 50 };
    expect((await world.ask(alice.accessToken, 'PUT', path, { ...levels, users })).status).toBe(200);
    await world.wing.api.declareRoom(room, world.spec(chat));
    expect(await bridged(room, 'm.bridge')).toMatchObject({ bridgebot: BOT });
  });

  test.each(['11', '12'])(
    'who leads a room of version %s is who may write its powers, and the bot only with all of its own',
    async (version) => {
      const made = await world.ask(alice.accessToken, 'POST', '/createRoom', {
        preset: 'private_chat',
        room_version: version,
        name: 'Town\u202e hall',
        invite: [BOT],
      });
      const room = made.body['room_id'] as RoomId;
      await world.wing.api.bot.join(room);
      const levels = await world.state(room, 'm.room.power_levels');
      const path = `/rooms/${encodeURIComponent(room)}/state/m.room.power_levels`;
      const leaders = async (own: number, needed: number): Promise<readonly string[]> => {
        const users = { ...(levels['users'] as Json | undefined), [BOT]: own };
        const events = { ...(levels['events'] as Json | undefined), 'm.room.power_levels': needed };
        const body = { ...levels, users, events };
        expect((await world.ask(alice.accessToken, 'PUT', path, body)).status).toBe(200);
        return [...(await world.wing.api.look(room)).leaders].toSorted();
      };
      expect(await leaders(0, 100)).toEqual([user]);
      expect(await leaders(50, 50)).toEqual([user]);
      expect(await leaders(100, 100)).toEqual([BOT, user].toSorted());
      expect((await world.wing.api.look(room)).name).toBe('Town hall');
    },
  );

  test('encryption that the homeserver forces is read back', async () => {
    const { room } = await world.wing.api.ensureRoom(world.spec(chat));
    const path = `/rooms/${encodeURIComponent(room)}/state/m.room.encryption`;
    expect((await world.asBot('PUT', path, { algorithm: 'm.megolm.v1.aes-sha2' })).status).toBe(200);
    expect(await world.wing.api.isEncrypted(room)).toBe(true);
    expect(await world.wing.api.ensureRoom(world.spec(chat))).toMatchObject({ room, encrypted: true });
  });

  test('one person has one management room, however often and from wherever it is asked for', async () => {
    const [one, two] = await Promise.all([
      world.wing.api.makeManagementRoom(user, 'Passerelle'),
      world.wing.api.makeManagementRoom(user, 'Passerelle'),
    ]);
    expect(two).toBe(one);
    await world.faults.add({ method: 'POST', path: '/createRoom', act: { kind: 'drop-after' } });
    await world.open();
    await expect(world.wing.api.makeManagementRoom(user, 'Passerelle')).rejects.toMatchObject({ retry: 'now' });
    expect(await world.wing.api.makeManagementRoom(user, 'Passerelle')).toBe(one);
    await world.join(alice, one);
    expect(await world.wing.api.makeManagementRoom(user, 'Passerelle')).toBe(one);
    const leave = `/rooms/${encodeURIComponent(one)}/leave`;
    expect((await world.ask(alice.accessToken, 'POST', leave, {})).status).toBe(200);
    const other = await world.wing.api.makeManagementRoom(user, 'Passerelle');
    expect(other).not.toBe(one);
    const encryption = `/rooms/${encodeURIComponent(other)}/state/m.room.encryption`;
    expect((await world.asBot('PUT', encryption, { algorithm: 'm.megolm.v1.aes-sha2' })).status).toBe(200);
    expect(await world.wing.api.makeManagementRoom(user, 'Passerelle')).not.toBe(other);
  });

  test('a name from outside is one line without tricks, however long it is', async () => {
    const name = `Zoé\u202e\u0000\n${'x'.repeat(70_000)}`;
    const { room } = await world.wing.api.ensureRoom(world.spec(chat, { name, topic: name }));
    const shown = String((await world.state(room, 'm.room.name'))['name']);
    expect(shown.startsWith('Zoé x')).toBe(true);
    expect(shown.length).toBeLessThanOrEqual(255);
    await world.wing.api.bot.describe(room, as<EffectId>('effect'), { name: `\u202e${'y'.repeat(70_000)}` });
    expect(String((await world.state(room, 'm.room.name'))['name'])).toMatch(/^y{1,254}…$/);
  });
});
