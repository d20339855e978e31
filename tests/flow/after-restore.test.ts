// After a backup was restored, over in-memory twins: what can be known again is, and what cannot is brought and reported.
import { afterEach, expect, test } from '@jest/globals';
import { FlowWorld, MARIE, ZOE, marie } from '../support/flow-world.ts';
import type { RoomId } from '../../src/model/ids.ts';

let running: FlowWorld | undefined;
afterEach(async () => {
  await running?.house?.stop();
});

/** Marie writes to Zoe, and the database forgets it. @returns the world before its start after the restore */
async function forgotten(): Promise<{
  world: FlowWorld;
  room: RoomId;
  chat: ReturnType<FlowWorld['network']['chat']>;
}> {
  const world = new FlowWorld();
  running = world;
  world.matrix.doubles.add(marie);
  world.login(marie, MARIE);
  const chat = world.network.chat('d1', [MARIE, ZOE]);
  const house = await world.start();
  world.network.say(chat, ZOE, 'first');
  await world.run();
  const room = world.room(chat);
  world.matrix.say(room, marie, 'written here');
  await world.run();
  await house.stop();
  const links = [...world.db.links.values()].filter((link) => link.direction === 'to-network');
  expect(links).toHaveLength(1);
  for (const link of links) world.db.links.delete(link.effect);
  world.db.seen.clear();
  world.network.forgetCursors();
  world.restoredAt = world.clock.now();
  return { world, room, chat };
}

test('what was sent to Matrix is known again by its marker', async () => {
  const { world, room } = await forgotten();
  for (const link of world.db.links.values()) world.db.links.delete(link.effect);
  await world.start();
  await world.run(5_000);
  expect(world.matrix.texts(room).filter((text) => text === 'first')).toEqual(['first']);
});

test('a room too long to be looked through is no answer, and its person is told once', async () => {
  const { world, room } = await forgotten();
  world.matrix.longRooms = true;
  world.matrix.doubles.clear();
  for (const link of world.db.links.values()) world.db.links.delete(link.effect);
  await world.start();
  await world.run(5_000);
  const told = [...world.matrix.rooms.values()].flatMap((one) => world.matrix.texts(one.id));
  expect(told.filter((text) => text.includes('came back from a backup'))).toHaveLength(1);
  expect(world.matrix.texts(room)).toContain('first');
});

test('an own message waits for what the audit brings back, and is not doubled', async () => {
  const { world, room } = await forgotten();
  const house = await world.start();
  await world.run(20_000);
  expect(world.matrix.texts(room)).toEqual(['first', 'written here']);
  const event = world.matrix.feed.find((one) => JSON.stringify(one).includes('written here'));
  await house.intake.fromMatrix(undefined, [event], true);
  await world.run(10_000);
  await world.pass(5 * 60_000);
  expect(world.matrix.texts(room)).toEqual(['first', 'written here']);
  expect([...world.db.links.values()].filter((link) => link.direction === 'to-network')).toHaveLength(1);
});

test('what stays undecided is brought, and its person is told once', async () => {
  const { world, room } = await forgotten();
  await world.start();
  await world.run(20_000);
  await world.pass(3 * 60_000);
  expect(world.matrix.texts(room)).toEqual(['first', 'written here', 'written here']);
  const told = [...world.matrix.rooms.values()].flatMap((one) => world.matrix.texts(one.id));
  expect(told.filter((text) => text.includes('came back from a backup'))).toHaveLength(1);
});
