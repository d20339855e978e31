// Two direct chats that turn out to be one person's, over the in-memory twins: the room is kept, nothing is lost; knows no network.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import { as, portalKeyText, type ChatId, type PersonId, type PuppetId, type RoomId } from '../../src/model/ids.ts';
import { Ended, Wire } from '../support/ending.ts';
import { BOT } from '../support/memory-matrix.ts';
import { FlowWorld, marie, MARIE, paul, turns, ZOE } from '../support/flow-world.ts';
import { hearing } from '../support/heard-calls.ts';
import { PIGEON } from '../support/memory-network.ts';

const [FORMER, NOW] = [as<ChatId>('d1'), as<ChatId>('d2')];

const HERS = as<PuppetId>(`p-${marie}-${MARIE}`);

let world: FlowWorld;

function openWorld(): FlowWorld {
  const made = new FlowWorld();
  made.login(marie, MARIE);
  made.network.chat(FORMER, [ZOE, MARIE]);
  made.network.chat(NOW, ['zoe2', MARIE]);
  return made;
}

beforeEach(() => {
  world = openWorld();
});

afterEach(async () => {
  await world.house?.stop();
});

async function turnsOut(): Promise<void> {
  world.network.happen(NOW, 'zoe2', { kind: 'same-chat', before: FORMER });
  await world.run();
}

function roomOf(puppet: PuppetId, chat: ChatId): RoomId | undefined {
  return world.db.portals.get(portalKeyText({ network: PIGEON, chat, receiver: puppet }))?.room;
}

test('the only room there is goes over, and what is said next is said in it', async () => {
  await world.start();
  world.network.say(FORMER, ZOE, 'before');
  await world.run();
  const room = world.room(FORMER);
  await turnsOut();
  world.network.say(NOW, 'zoe2', 'after');
  await world.run();
  expect(world.room(NOW)).toBe(room);
  expect(world.matrix.texts(room)).toEqual(['before', 'after']);
  expect(world.matrix.room(room).members.get(world.matrix.ghost('pigeon', ZOE))).toBe('leave');
});

test('of two rooms the former says where it goes on, once, and what is written in it still goes out', async () => {
  await world.start();
  world.network.say(FORMER, ZOE, 'here');
  world.network.say(NOW, 'zoe2', 'there');
  await world.run();
  const [former, now] = [world.room(FORMER), world.room(NOW)];
  await turnsOut();
  await turnsOut();
  expect(world.matrix.texts(former)).toEqual(['here', expect.stringContaining(now)]);
  await world.join(former, marie);
  world.matrix.say(former, marie, 'late');
  await world.run();
  expect(world.network.texts(FORMER)).toContain('marie: late');
});

test('what was said before can be answered and changed in the room that went over', async () => {
  const room = await world.begin(FORMER, 'before');
  world.matrix.say(room, marie, 'mine');
  await world.run();
  const [before, mine] = ['before', 'mine'].map((text) => world.matrix.seen(room).find((one) => one.text === text));
  await turnsOut();
  world.matrix.reply(room, marie, 'an answer', before?.event ?? as(''));
  world.matrix.edit(room, marie, mine?.event ?? as(''), 'mine, mended');
  await world.run(1_000);
  const actions = world.network.performed.map(({ action }) => action);
  expect(actions).toContainEqual(expect.objectContaining({ kind: 'send', chat: NOW, replyTo: expect.any(String) }));
  expect(actions.at(-1)).toMatchObject({ kind: 'edit', chat: NOW });
});

test('what is still on its way in the former chat comes into the same room, before what is said next', async () => {
  await world.start();
  world.network.say(FORMER, ZOE, 'first words');
  world.network.happen(NOW, 'zoe2', { kind: 'same-chat', before: FORMER });
  world.network.say(NOW, 'zoe2', 'after');
  await world.run();
  expect([...world.matrix.rooms.values()].filter(({ bridged }) => bridged)).toHaveLength(1);
  expect(world.matrix.texts(world.room(NOW))).toEqual(['first words', 'after']);
});

test('whatever comes under the former name later comes into the room that went over', async () => {
  await world.start();
  world.network.say(FORMER, ZOE, 'before');
  await world.run();
  const room = world.room(FORMER);
  await turnsOut();
  world.network.say(FORMER, ZOE, 'from a process that has not heard of it');
  await world.run();
  expect(world.matrix.texts(room)).toEqual(['before', 'from a process that has not heard of it']);
  expect(world.room(NOW)).toBe(room);
});

test('every login with a room of the former chat has it go over, whichever of them learns it', async () => {
  const [hers, his] = [world.login(marie, MARIE), world.login(paul, 'paul')];
  world.network.chats.get(FORMER)?.members.push(as<PersonId>('paul'));
  await world.start();
  world.network.say(FORMER, ZOE, 'before');
  await world.run();
  const rooms = [hers, his].map((puppet) => roomOf(puppet, FORMER));
  expect(new Set(rooms).size).toBe(2);
  await turnsOut();
  expect([hers, his].map((puppet) => roomOf(puppet, NOW))).toEqual(rooms);
  expect([hers, his].map((puppet) => roomOf(puppet, FORMER))).toEqual([undefined, undefined]);
});

/** @returns whether the house lived long enough to be ended */
async function live(at: number, after: boolean): Promise<boolean> {
  world = openWorld();
  const wire = new Wire(at, after);
  const house = await world.start('a', wire.wrap);
  world.network.say(FORMER, ZOE, 'before');
  await world.run();
  const room = world.room(FORMER);
  wire.armed = true;
  try {
    await turnsOut();
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
  }
  await turns();
  wire.armed = false;
  if (wire.dead) await world.start('a');
  await world.run(60_000);
  world.network.say(NOW, 'zoe2', 'after');
  await world.run(60_000);
  const bridged = [...world.matrix.rooms.values()].filter((one) => one.bridged);
  const members = world.matrix.room(room).members;
  expect({
    at,
    rooms: bridged.map(({ id }) => id),
    texts: world.matrix.texts(room),
    former: members.get(world.matrix.ghost('pigeon', ZOE)),
    now: members.get(world.matrix.ghost('pigeon', 'zoe2')),
    of: [...world.db.portals.values()].map(({ key, into, room: its }) => [key.chat, into, its]),
  }).toEqual({
    at,
    rooms: [room],
    texts: ['before', 'after'],
    former: 'leave',
    now: 'join',
    of: [
      [FORMER, NOW, undefined],
      [NOW, undefined, room],
    ],
  });
  await world.house?.lanes.drain();
  if (!wire.dead) await house.lanes.drain();
  return wire.dead;
}

test('ended at every call and started again, the room goes over once, with all that was said', async () => {
  for (const after of [false, true]) {
    let calls = 0;
    while (await live(calls, after)) calls += 1;
    expect(calls).toBeGreaterThan(8);
  }
}, 60_000);

/** Sends to the homeserver fail from now on, until they are let through again. */
function refuseSends(isIt: (method: string) => boolean = (method) => method === 'put'): () => void {
  world.matrix.before = (method) => {
    if (isIt(method)) throw new BridgeError('matrix-limited', 'later', 'fault.homeserver');
  };
  return () => {
    world.matrix.before = () => undefined;
  };
}

test('what cannot get into the former room now keeps the other chat waiting for a minute, and comes later', async () => {
  await world.start();
  world.network.say(FORMER, ZOE, 'before');
  await world.run();
  const room = world.room(FORMER);
  const letThrough = refuseSends();
  world.network.say(FORMER, ZOE, 'stuck');
  await world.run(10_000);
  world.network.happen(NOW, 'zoe2', { kind: 'same-chat', before: FORMER });
  await world.run(50_000);
  expect(roomOf(HERS, NOW)).toBeUndefined();
  await world.run(30_000);
  expect(roomOf(HERS, NOW)).toBe(room);
  letThrough();
  world.network.say(NOW, 'zoe2', 'after');
  await world.run(120_000);
  expect(world.matrix.texts(room).toSorted()).toEqual(['after', 'before', 'stuck']);
});

test('a room that cannot be made yet is waited for with few looks, and the other chat goes on at once when it is there', async () => {
  const asked: string[] = [];
  const counted = hearing((name) => {
    if (name === 'accept' || name === 'unsettled' || name === 'find') asked.push(name);
  });
  await world.start('a', counted);
  const letThrough = refuseSends((method) => method === 'ensureRoom');
  world.network.say(FORMER, ZOE, 'first words');
  world.network.happen(NOW, 'zoe2', { kind: 'same-chat', before: FORMER });
  world.network.say(NOW, 'zoe2', 'after');
  await world.run(60_000);
  asked.length = 0;
  await world.run(600_000);
  // Twice each ten seconds by the one that waits, and nobody writes anything.
  expect(asked.length).toBeLessThan(150);
  expect(asked).not.toContain('accept');
  letThrough();
  const isMade = (): boolean => [...world.matrix.rooms.values()].some(({ bridged }) => bridged);
  for (let looks = 0; looks < 400 && !isMade(); looks += 1) await world.run(250);
  await world.run(250);
  expect(world.matrix.texts(world.room(NOW))).toEqual(['first words', 'after']);
});

/** Marie writes something in the former chat's room that does not get out. */
async function underWay(): Promise<RoomId> {
  const room = await world.begin(FORMER, 'before');
  world.network.before = () => {
    throw new BridgeError('pigeon-limited', 'later', 'network.unreachable');
  };
  world.matrix.say(room, marie, 'mine');
  await world.run(1_000);
  return room;
}

test('what waits beside the former chat’s lane is waited for as well', async () => {
  await underWay();
  // An own message waits for the answer to one like it that is under way.
  world.network.say(FORMER, MARIE, 'mine');
  await world.run(15_000);
  world.network.happen(NOW, 'zoe2', { kind: 'same-chat', before: FORMER });
  world.network.say(NOW, 'zoe2', 'after');
  await world.run(15_000);
  expect(roomOf(HERS, NOW)).toBeUndefined();
  world.network.before = () => undefined;
  await world.run(120_000);
  expect(world.matrix.texts(world.room(NOW))).toEqual(['before', 'mine', 'mine', 'after']);
});

/** Writes something in the former chat's room that does not get out, and has the chats joined meanwhile. */
async function joinedWhileOnItsWay(): Promise<RoomId> {
  const room = await underWay();
  await turnsOut();
  world.network.before = () => undefined;
  expect(world.room(NOW)).toBe(room);
  return room;
}

test('what was on its way out when the chats were joined is linked with the chat that they are', async () => {
  const room = await joinedWhileOnItsWay();
  await world.run(120_000);
  const { id, text } = world.network.last(FORMER);
  expect(text).toBe('mine');
  expect(world.matrix.texts(room)).toEqual(['before', 'mine']);
  world.network.remove(FORMER, MARIE, id);
  await world.run();
  expect(world.matrix.texts(room)).toEqual(['before']);
});

test('what was on its way out when the chats were joined is stopped by a rule about the one that they are', async () => {
  const room = await joinedWhileOnItsWay();
  world.rule('deny', { chat: `chat:${NOW}` });
  await world.run(120_000);
  expect(world.network.chats.get(FORMER)?.said.map(({ text }) => text)).toEqual(['before']);
  expect(world.matrix.texts(room)).toContainEqual(expect.stringContaining('Not delivered'));
});

test('what was on its way in when the chats were joined is stopped by a rule about the one that they are', async () => {
  const house = await world.start();
  world.network.say(FORMER, ZOE, 'before');
  await world.run();
  const room = world.room(FORMER);
  const letThrough = refuseSends();
  world.network.say(FORMER, ZOE, 'stuck');
  await world.run(1_000);
  const puppet = world.db.puppets.get(HERS);
  if (puppet === undefined) throw new Error('no login');
  const [former, now] = [FORMER, NOW].map((chat) => ({ network: PIGEON, chat, receiver: HERS }));
  if (former === undefined || now === undefined) throw new Error('no keys');
  await house.flow.keeper.know(now, puppet);
  await house.flow.keeper.join(former, now);
  world.rule('deny', { chat: `chat:${NOW}` });
  await world.run(10_000);
  letThrough();
  await world.run(120_000);
  expect(world.matrix.texts(room).filter((text) => text === 'stuck')).toEqual([]);
});

test('who types and reads under the former name is shown in the room that went over', async () => {
  await world.start();
  world.network.say(FORMER, ZOE, 'before');
  await world.run();
  const room = world.room(FORMER);
  const event = world.matrix.seen(room)[0]?.event;
  await turnsOut();
  world.network.glimpse(FORMER, HERS, { kind: 'delivered', upTo: world.network.last(FORMER).id });
  await world.run();
  await world.pass(2_000);
  expect(world.matrix.receipts).toEqual([`${BOT} ${event}`]);
});
