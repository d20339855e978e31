// Two direct chats that turn out to be one person's, over the in-memory twins: the room is kept, nothing is lost; knows no network.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { as, portalKeyText, type ChatId, type PersonId, type PuppetId, type RoomId } from '../../src/model/ids.ts';
import { Ended, Wire } from '../support/ending.ts';
import { FlowWorld, marie, MARIE, paul, turns, ZOE } from '../support/flow-world.ts';
import { PIGEON } from '../support/memory-network.ts';

const [FORMER, NOW] = [as<ChatId>('d1'), as<ChatId>('d2')];

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
  await world.start();
  world.network.say(FORMER, ZOE, 'before');
  await world.run();
  const room = world.room(FORMER);
  await world.join(room, marie);
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
