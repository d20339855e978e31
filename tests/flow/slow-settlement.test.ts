// What a slow disk must not change: while settlements take their time, nothing is overtaken, and nothing taken back stays.
import { afterEach, expect, test } from '@jest/globals';
import type { Queue } from '../../src/ports/queue.ts';
import { FlowWorld, marie, MARIE, turns, type Wrap, ZOE } from '../support/flow-world.ts';

/** Every settlement begins some turns after it was asked for, as on a disk that is busy. */
const slowly: Wrap = (port) =>
  new Proxy(port, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const work = value.bind(target) as (...given: unknown[]) => unknown;
      if (name !== ('settle' satisfies keyof Queue)) return work;
      return async (...given: unknown[]) => {
        await turns(60);
        return await work(...given);
      };
    },
  });

let world: FlowWorld;

// Also when a test has failed: a house that goes on would keep the process from ending.
afterEach(async () => {
  await world.house?.stop();
});

async function open() {
  world = new FlowWorld();
  world.login(marie, MARIE);
  // They write under their own name from their telephone.
  world.matrix.doubles.add(marie);
  const chat = world.network.chat('d1', [MARIE, ZOE]);
  await world.start('a', slowly);
  world.network.say(chat, ZOE, 'hello');
  await world.run(2_000);
  const room = world.room(chat);
  await world.join(room, marie);
  return { chat, room };
}

test.each([
  ['a contact', ZOE],
  ['their own telephone', MARIE],
])('what comes from %s keeps its order, and what they change at once is changed', async (_whose, who) => {
  const { chat, room } = await open();
  world.network.say(chat, who, 'one');
  const two = world.network.say(chat, who, 'two');
  const three = world.network.say(chat, who, 'three');
  world.network.remove(chat, who, two);
  world.network.edit(chat, who, three, 'THREE');
  world.network.say(chat, who, 'four');
  await world.run(2_000);
  await world.pass(60_000);
  expect(world.matrix.texts(room).filter((text) => text !== 'hello')).toEqual(['one', 'THREE', 'four']);
  expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
});

test('what is written here keeps its order', async () => {
  const { chat, room } = await open();
  const said = ['one', 'two', 'three', 'four', 'five'];
  for (const text of said) world.matrix.say(room, marie, text);
  await world.run(2_000);
  expect(world.network.texts(chat).filter((text) => said.some((one) => text.endsWith(one)))).toHaveLength(5);
  expect(
    world.network
      .texts(chat)
      .slice(1)
      .map((text) => text.replace(/^.*: /, '')),
  ).toEqual(said);
});
