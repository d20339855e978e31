// A conversation both ways over the in-memory twins, as people see it on either side; knows no wire.
import { afterEach, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import { FlowWorld, marie, MARIE, paul, turns, ZOE } from '../support/flow-world.ts';

const world = new FlowWorld();

// Also when the test has failed: a house that goes on would keep the process from ending.
afterEach(async () => {
  await world.house?.stop();
});

test('a first message opens the room, an answer goes back, an edit and a removal follow', async () => {
  world.login(marie, MARIE);
  const chat = world.network.chat('d1', [MARIE, ZOE]);
  await world.start();
  const message = world.network.say(chat, ZOE, 'hello');
  await world.run();
  const room = world.room(chat);
  expect(world.matrix.texts(room)).toEqual(['hello']);
  await world.join(room, marie);
  const answer = world.matrix.say(room, marie, 'hi');
  await world.run();
  expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: hi']);
  world.matrix.edit(room, marie, answer, 'hi!');
  world.network.edit(chat, ZOE, message, 'hello!');
  await world.run();
  expect(world.network.texts(chat)).toEqual(['zoe: hello!', 'marie: hi!']);
  expect(world.matrix.texts(room)).toEqual(['hello!', 'hi!']);
}, 10_000);

test('each room is put among those of its network for everybody who comes into it', async () => {
  world.login(marie, MARIE);
  world.login(paul, 'paul');
  const [chat, choir] = [
    world.network.chat('d3', [MARIE, ZOE]),
    world.network.chat('c3', [MARIE, 'paul', ZOE], 'group'),
  ];
  await world.start();
  world.network.say(chat, ZOE, 'hello');
  world.network.say(choir, ZOE, 'hello all');
  await world.run();
  const [room, hall] = [world.room(chat), world.room(choir)];
  for (const theirs of [`${marie} pigeon ${room}`, `${marie} pigeon ${hall}`, `${paul} pigeon ${hall}`])
    expect(world.matrix.gathered).toContain(theirs);
  expect(world.matrix.gathered).not.toContain(`${paul} pigeon ${room}`);
});

test('what waits for a line goes as soon as the line is open, however often it was tried', async () => {
  const puppet = world.login(marie, MARIE);
  const chat = world.network.chat('d2', [MARIE, ZOE]);
  const room = await world.begin(chat);
  const away = new BridgeError('pigeon-offline', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
  world.network.before = () => {
    throw away;
  };
  world.matrix.say(room, marie, 'are you there?');
  const nextTry = (): number => Math.max(...[...world.db.lanes.values()].map(({ readyAt }) => readyAt));
  do await world.run(1_000);
  while (nextTry() < world.clock.now() + 10_000);
  world.network.before = () => undefined;
  await world.run(1_000);
  expect(world.network.texts(chat)).toEqual(['zoe: hello']);
  world.network.report(puppet, 'offline', away);
  await turns();
  world.network.report(puppet, 'online');
  await world.run(1_000);
  expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: are you there?']);
}, 10_000);
