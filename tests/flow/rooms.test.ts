// First contact and comings and goings, each case as docs/rooms.md decides it, over the in-memory twins; knows no wire.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import type { ChatId, RoomId } from '../../src/model/ids.ts';
import { FlowWorld, marie, MARIE, paul, ZOE } from '../support/flow-world.ts';
import { BOT, type MemoryMatrix } from '../support/memory-matrix.ts';

let world: FlowWorld;
let matrix: MemoryMatrix;
let chat: ChatId;

beforeEach(async () => {
  world = new FlowWorld();
  matrix = world.matrix;
  world.login(marie, MARIE);
  chat = world.network.chat('d1', [MARIE, ZOE]);
  await world.start();
});

afterEach(async () => {
  await world.house?.stop();
});

const zoe = () => matrix.ghost('pigeon', ZOE);

/** A conversation that stands: Zoe wrote, Marie is in the room. */
async function conversation(): Promise<RoomId> {
  world.network.say(chat, ZOE, 'hello');
  await world.run();
  const room = world.room(chat);
  await world.join(room, marie);
  return room;
}

function management(): RoomId {
  const room = world.db.persons.get(marie)?.managementRoom;
  if (room === undefined) throw new Error('no management room');
  return room;
}

const memberOf = (room: RoomId, user: typeof marie) => matrix.room(room).members.get(user);

describe('the bot', () => {
  test('invited to a private room makes it the management room and greets', async () => {
    const room = matrix.create(marie, { invite: [BOT] });
    await world.run();
    expect(management()).toBe(room);
    expect(matrix.texts(room)).toEqual([expect.stringContaining('I am the bridge')]);
    matrix.say(room, marie, 'ping');
    await world.run();
    expect(world.commands.map((one) => one.body)).toEqual(['ping']);
  });

  test('invited together with the first line greets and answers that line too, and nothing older', async () => {
    const room = matrix.create(marie, {});
    matrix.say(room, marie, 'a word to myself');
    await world.run();
    world.clock.pass(1000);
    matrix.member(room, marie, BOT, 'invite');
    matrix.say(room, marie, 'ping');
    await world.run();
    expect(management()).toBe(room);
    expect(world.commands.map((one) => one.body)).toEqual(['ping']);
    expect(matrix.texts(room)).toContainEqual(expect.stringContaining('I am the bridge'));
  });

  test('reads a command as it was typed, whatever marks a client makes of it', async () => {
    const room = matrix.create(marie, { invite: [BOT] });
    await world.run();
    const marks = { format: 'org.matrix.custom.html', formatted_body: 'pass<em>word</em> &lt;3' };
    matrix.say(room, marie, 'pass*word* <3', marks);
    await world.run();
    expect(world.commands.map((one) => one.body)).toEqual(['pass*word* <3']);
  });

  test('invited to a room with others says that it takes commands in private only, and leaves', async () => {
    const room = matrix.create(marie, { invite: [paul, BOT] });
    await world.run();
    expect(matrix.texts(room)).toEqual([expect.stringContaining('private room')]);
    expect(memberOf(room, BOT)).toBe('leave');
  });

  test('invited to an encrypted room says in clear that it cannot read it and opens an unencrypted one', async () => {
    const room = matrix.create(marie, { invite: [BOT], encrypted: true });
    await world.run();
    expect(matrix.texts(room)).toEqual([expect.stringContaining('cannot read encrypted rooms')]);
    expect(management()).not.toBe(room);
    expect(matrix.room(management()).encrypted).toBe(false);
  });

  test('in a management room that becomes encrypted opens another one, and says so once', async () => {
    const room = matrix.create(marie, { invite: [BOT] });
    await world.run();
    matrix.encrypt(room, marie);
    matrix.emit(room, marie, 'm.room.encrypted', { ciphertext: 'x' });
    await world.run();
    expect(management()).not.toBe(room);
    expect(matrix.texts(room).filter((one) => one.includes('encrypted'))).toHaveLength(1);
  });

  test('left alone in a management room leaves it too', async () => {
    const room = matrix.create(marie, { invite: [BOT] });
    await world.run();
    matrix.member(room, marie, marie, 'leave');
    await world.run();
    expect(memberOf(room, BOT)).toBe('leave');
    expect(world.db.persons.get(marie)?.managementRoom).toBeUndefined();
  });

  test('removed from a portal: the next message opens another room, and its person is told', async () => {
    const room = await conversation();
    matrix.member(room, marie, BOT, 'leave');
    await world.run();
    world.network.say(chat, ZOE, 'are you there');
    await world.run();
    expect(world.room(chat)).not.toBe(room);
    expect(matrix.texts(world.room(chat))).toEqual(['are you there']);
    expect(matrix.texts(management())).toEqual([expect.stringContaining('I was removed')]);
  });

  test('removed from a portal: what was said there opens another room also while the line is away', async () => {
    await world.house?.stop();
    const adapter = world.network.adapter();
    // Its people have names that only the login's phone knows.
    const capabilities = { ...adapter.capabilities, contacts: true } as const;
    world.network.adapter = () => ({ ...adapter, capabilities });
    await world.start();
    const room = await conversation();
    matrix.member(room, marie, BOT, 'leave');
    await world.run();
    world.network.describing = () => {
      throw new BridgeError('pigeon-offline', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
    };
    world.network.say(chat, ZOE, 'are you there');
    await world.run();
    expect(world.room(chat)).not.toBe(room);
    expect(matrix.texts(world.room(chat))).toEqual(['are you there']);
  });

  test('invited back to a portal comes and stays', async () => {
    const room = await conversation();
    matrix.room(room).members.set(BOT, 'leave');
    matrix.member(room, marie, BOT, 'invite');
    await world.run();
    expect(memberOf(room, BOT)).toBe('join');
    expect(matrix.texts(room)).toEqual(['hello']);
  });
});

describe('a ghost', () => {
  beforeEach(async () => {
    await matrix.api().ghost(world.network.adapter().id, ZOE as never);
  });

  test('invited to a direct room adopts it, and what its person wrote meanwhile goes out', async () => {
    const room = matrix.create(marie, { invite: [zoe()] });
    matrix.say(room, marie, 'hi Zoe');
    await world.run();
    expect(world.room(chat)).toBe(room);
    expect(world.network.texts(chat)).toEqual(['marie: hi Zoe']);
    world.network.say(chat, ZOE, 'hi');
    await world.run();
    expect(matrix.texts(room)).toEqual(['hi Zoe', 'hi']);
  });

  test('invited to a direct room that lets no bot in opens the portal elsewhere and sends its person there', async () => {
    const room = matrix.create(marie, { invite: [zoe()] });
    matrix.closedToBot.add(room);
    await world.run();
    const portal = world.room(chat);
    expect(portal).not.toBe(room);
    expect(memberOf(portal, marie)).toBe('invite');
    expect(matrix.texts(room)).toEqual([expect.stringContaining(portal)]);
    expect(memberOf(room, zoe())).toBe('leave');
  });

  test('invited where the rules forbid it says why and leaves', async () => {
    world.rule('deny', { chat: 'chat:d1', reason: 'not this one' });
    const room = matrix.create(marie, { invite: [zoe()] });
    await world.run();
    expect(matrix.texts(room)).toEqual([expect.stringContaining('not this one')]);
    expect(memberOf(room, zoe())).toBe('leave');
  });

  test('invited by somebody without a login says how to get one and leaves', async () => {
    const room = matrix.create(paul, { invite: [zoe()] });
    await world.run();
    expect(matrix.texts(room)).toEqual([expect.stringContaining('login pigeon')]);
    expect(memberOf(room, zoe())).toBe('leave');
  });

  test('invited to an encrypted room or to a group says why and leaves', async () => {
    const secret = matrix.create(marie, { invite: [zoe()], encrypted: true });
    const group = matrix.create(marie, { invite: [zoe(), paul] });
    await world.run();
    expect(matrix.texts(secret)).toEqual([expect.stringContaining('encrypted')]);
    expect(matrix.texts(group)).toEqual([expect.stringContaining('direct conversations only')]);
    expect([memberOf(secret, zoe()), memberOf(group, zoe())]).toEqual(['leave', 'leave']);
  });

  test('that cannot follow an invitation has its author told so in the management room', async () => {
    matrix.before = (method, by) => {
      if (method === 'join' && by === zoe()) throw new Error('a bug');
    };
    const room = matrix.create(marie, { invite: [zoe()] });
    await world.run();
    for (let tries = 0; tries < 20; tries += 1) {
      world.clock.pass(600_000);
      await world.run();
    }
    expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 1 });
    expect(matrix.texts(management())).toEqual([
      expect.stringMatching(`${room} could not be followed: something went`),
    ]);
  });

  test('invited although the conversation has a room sends its person there', async () => {
    const portal = await conversation();
    const room = matrix.create(marie, { invite: [zoe()] });
    await world.run();
    expect(matrix.texts(room)).toEqual([expect.stringContaining(portal)]);
    expect(memberOf(room, zoe())).toBe('leave');
  });

  test('removed from a portal comes back with its next message', async () => {
    const room = await conversation();
    matrix.member(room, marie, zoe(), 'leave');
    world.network.say(chat, ZOE, 'again');
    await world.run();
    expect(matrix.texts(room)).toEqual(['hello', 'again']);
    expect(memberOf(room, zoe())).toBe('join');
  });
});

describe('a person', () => {
  test('who leaves a portal, the last human too, is invited again by the next message; nothing is lost', async () => {
    const room = await conversation();
    matrix.member(room, marie, marie, 'leave');
    await world.run();
    world.network.say(chat, ZOE, 'where are you');
    await world.run();
    expect(memberOf(room, marie)).toBe('invite');
    expect(matrix.texts(room)).toEqual(['hello', 'where are you']);
  });

  test('who left a portal and writes from the phone is back with what they wrote', async () => {
    matrix.doubles.add(marie);
    const room = await conversation();
    matrix.member(room, marie, marie, 'leave');
    await world.run();
    world.network.say(chat, MARIE, 'from my phone');
    await world.run();
    expect(memberOf(room, marie)).toBe('join');
    expect(matrix.seen(room).at(-1)).toMatchObject({ by: marie, text: 'from my phone' });
  });

  test('who is no person but a machine that writes notices keeps them on this side', async () => {
    const room = await conversation();
    matrix.say(room, marie, 'build passed', { msgtype: 'm.notice' });
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello']);
    expect(matrix.texts(room)).toEqual(['hello', 'build passed']);
  });

  test('who is banned from their portal stops no message', async () => {
    const room = await conversation();
    matrix.member(room, BOT, marie, 'ban');
    await world.run();
    matrix.member(room, marie, marie, 'leave');
    matrix.room(room).members.set(marie, 'ban');
    await world.run();
    world.network.say(chat, ZOE, 'still here');
    await world.run();
    expect(matrix.texts(room)).toEqual(['hello', 'still here']);
  });

  test('without a login speaking in a portal is told once that nothing leaves it', async () => {
    const room = await conversation();
    matrix.member(room, marie, paul, 'invite');
    await world.join(room, paul);
    matrix.say(room, paul, 'one');
    matrix.say(room, paul, 'two');
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello']);
    expect(matrix.texts(room).filter((one) => one.includes('no login'))).toHaveLength(1);
  });
});

describe('a portal', () => {
  test('whose encryption the homeserver forces says so once, and an encrypted message is refused', async () => {
    matrix.forceEncryption = true;
    const room = await conversation();
    world.network.say(chat, ZOE, 'more');
    const secret = matrix.emit(room, marie, 'm.room.encrypted', { ciphertext: 'x' });
    await world.run();
    expect(matrix.texts(room).filter((one) => one.includes('turned encryption on'))).toHaveLength(1);
    expect(matrix.seen(room).filter((one) => one.replyTo === secret)).toHaveLength(1);
  });

  test('in which encryption is switched on later says so', async () => {
    const room = await conversation();
    matrix.encrypt(room, marie);
    await world.run();
    expect(matrix.texts(room)).toEqual(['hello', expect.stringContaining('turned encryption on')]);
  });

  test('is put into its person’s space once when it opens', async () => {
    let gathered = 0;
    matrix.before = (method) => {
      if (method === 'gatherInSpace') gathered += 1;
    };
    await conversation();
    expect(gathered).toBe(1);
  });

  test('that is upgraded is followed into the room that names it', async () => {
    const room = await conversation();
    const next = matrix.create(marie, { invite: [BOT], predecessor: room });
    matrix.tombstone(room, marie, next);
    await world.run();
    expect(world.room(chat)).toBe(next);
    expect(matrix.room(next).bridged).toBe(true);
    world.network.say(chat, ZOE, 'moved');
    await world.run();
    expect(matrix.texts(next)).toEqual(['moved']);
    expect(matrix.gathered).toEqual([`${marie} pigeon ${next}`]);
  });

  test('that is upgraded by a client that invites people afterwards is followed when the bot is invited', async () => {
    const room = await conversation();
    const next = matrix.create(marie, { predecessor: room });
    matrix.tombstone(room, marie, next);
    await world.run();
    matrix.member(next, marie, BOT, 'invite');
    await world.run();
    expect(world.room(chat)).toBe(next);
    world.network.say(chat, ZOE, 'moved');
    await world.run();
    expect(matrix.texts(next)).toEqual(['moved']);
  });

  test('that is upgraded into a room that never lets the bot in gets another room with the next message', async () => {
    const room = await conversation();
    const next = matrix.create(marie, { predecessor: room });
    matrix.tombstone(room, marie, next);
    await world.run();
    await world.pass(61_000);
    world.network.say(chat, ZOE, 'anew');
    await world.run();
    expect([room, next]).not.toContain(world.room(chat));
    expect(matrix.texts(world.room(chat))).toEqual(['anew']);
    expect(matrix.gathered).toEqual([`${marie} pigeon ${world.room(chat)}`]);
  });

  test('is not followed into a room that only claims to replace it', async () => {
    const room = await conversation();
    const trap = matrix.create(paul, { invite: [BOT, marie], predecessor: room });
    await world.run();
    expect(world.room(chat)).toBe(room);
    expect(memberOf(trap, BOT)).toBe('leave');
  });

  test('that is closed without a successor gets another room with the next message', async () => {
    const room = await conversation();
    matrix.tombstone(room, marie);
    await world.run();
    world.network.say(chat, ZOE, 'anew');
    await world.run();
    expect(world.room(chat)).not.toBe(room);
  });
});
