// Two direct chats that turn out to be one person's, over the in-memory twins: the room is kept, nothing is lost; knows no network.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { as, type ChatId } from '../../src/model/ids.ts';
import { FlowWorld, marie, MARIE, ZOE } from '../support/flow-world.ts';

const [FORMER, NOW] = [as<ChatId>('d1'), as<ChatId>('d2')];

let world: FlowWorld;

beforeEach(async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  world.network.chat(FORMER, [MARIE, ZOE]);
  world.network.chat(NOW, [MARIE, 'zoe2']);
  await world.start();
  await world.run();
});

afterEach(async () => {
  await world.house?.stop();
});

async function turnsOut(): Promise<void> {
  world.network.happen(NOW, 'zoe2', { kind: 'same-chat', before: FORMER });
  await world.run();
}

test('the only room there is goes over, and what is said next is said in it', async () => {
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
