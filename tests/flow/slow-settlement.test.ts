// What a slow disk must not change: while settlements take their time, nothing is overtaken, and nothing taken back stays.
import { afterEach, expect, test } from '@jest/globals';
import type { LaneWork } from '../../src/flow/lane-work.ts';
import { as, type EventId, type RoomId } from '../../src/model/ids.ts';
import type { Queue } from '../../src/ports/queue.ts';
import type { MessageLinkStore } from '../../src/ports/stores.ts';
import { FlowWorld, marie, MARIE, turns, type Wrap, ZOE } from '../support/flow-world.ts';

type Work = (...given: unknown[]) => unknown;

const changing =
  (changed: Readonly<Record<string, (work: Work) => Work>>): Wrap =>
  (port) =>
    new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const work = value.bind(target) as Work;
        return typeof name === 'string' && Object.hasOwn(changed, name) ? changed[name]?.(work) : work;
      },
    });

const late =
  (by: number) =>
  (work: Work): Work =>
  async (...given) => {
    await turns(by);
    return await work(...given);
  };

/** Every settlement begins some turns after it was asked for, as on a disk that is busy. */
const slowly = changing({ ['settle' satisfies keyof Queue]: late(60) });

/** And that nothing is known of a message is answered after the next settlement, which may have changed just that. */
function slowlyLookedUp(): Wrap {
  let settled = 0;
  const stale =
    (work: Work): Work =>
    async (...given) => {
      const found = await work(...given);
      const before = settled;
      if (!Array.isArray(found) || found.length > 0) return found;
      for (let turn = 0; turn < 400; turn += 1) {
        if (settled > before) break;
        await turns(1);
      }
      return found;
    };
  return changing({
    ['settle' satisfies keyof Queue]:
      (work) =>
      async (...given) => {
        const done = await late(200)(work)(...given);
        settled += 1;
        return done;
      },
    ['byMessage' satisfies keyof MessageLinkStore]: stale,
    ['byEvent' satisfies keyof MessageLinkStore]: stale,
  });
}

let world: FlowWorld;

// Also when a test has failed: a house that goes on would keep the process from ending.
afterEach(async () => {
  await world.house?.stop();
});

/** As if no lane waited until what came before is written down: the planners themselves must ask for it. */
const hastily = changing({ ['isFree' satisfies keyof LaneWork]: () => () => true });

async function open(wrap = slowly, work?: Wrap) {
  world = new FlowWorld();
  world.login(marie, MARIE);
  // They write under their own name from their telephone.
  world.matrix.doubles.add(marie);
  const chat = world.network.chat('d1', [MARIE, ZOE]);
  await world.start('a', wrap, work);
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

/** Until it is so; only turns pass, no time. */
async function soon(look: () => boolean): Promise<void> {
  for (let turn = 0; !look(); turn += 1) {
    if (turn > 5_000) throw new Error('it did not become so');
    await turns(1);
  }
}

test('a reaction to what was written here a moment ago finds it, although it was looked up too early', async () => {
  const { chat, room } = await open(slowlyLookedUp());
  // An echo of what was written would keep the reaction behind it.
  world.network.echoes = false;
  world.matrix.say(room, marie, 'news');
  await Promise.all([pushed(), soon(() => world.network.texts(chat).length === 2)]);
  world.network.react(chat, ZOE, world.network.last(chat).id, '👍');
  await world.run(30_000);
  expect(world.matrix.reactions(room)).toEqual([expect.stringContaining('👍')]);
});

test.each([
  ['a reaction', (room: RoomId, event: EventId) => world.matrix.react(room, marie, event, '👍')],
  ['a reply', (room: RoomId, event: EventId) => world.matrix.reply(room, marie, 'agreed', event)],
])('%s to what has just come finds it, although it was looked up too early', async (_what, does) => {
  const { chat, room } = await open(slowlyLookedUp());
  const id = world.network.say(chat, ZOE, 'news');
  const arrived = (): EventId | undefined => world.matrix.seen(room).find(({ text }) => text === 'news')?.event;
  await soon(() => arrived() !== undefined);
  does(room, arrived() ?? as<EventId>(''));
  await world.run(30_000);
  const { reactions } = world.network.message(chat, id);
  const answer = world.network.last(chat);
  expect([...reactions.values(), ...(answer.replyTo === id ? ['answered'] : [])]).toHaveLength(1);
  expect(world.matrix.texts(room).filter((text) => !['hello', 'news', 'agreed'].includes(text))).toEqual([]);
});

async function pushed(): Promise<void> {
  if (world.house !== undefined) await world.push(world.house);
}

test('what changes a message that its lane has not written down finds it, whichever way it goes', async () => {
  const { chat, room } = await open(slowly, hastily);
  const gone = world.network.say(chat, ZOE, 'gone');
  world.network.remove(chat, ZOE, gone);
  const edited = world.network.say(chat, ZOE, 'edited');
  world.network.edit(chat, ZOE, edited, 'EDITED');
  const liked = world.network.say(chat, ZOE, 'liked');
  world.network.react(chat, ZOE, liked, '👍');
  await world.run(2_000);
  await world.pass(60_000);
  expect(world.matrix.texts(room).filter((text) => text !== 'hello')).toEqual(['EDITED', 'liked']);
  const mine = world.matrix.say(room, marie, 'taken back');
  world.matrix.redact(room, marie, mine);
  const other = world.matrix.say(room, marie, 'changed');
  world.matrix.edit(room, marie, other, 'CHANGED');
  await world.run(2_000);
  await world.pass(60_000);
  expect(world.network.texts(chat).filter((text) => /taken back|changed/i.test(text))).toEqual([
    expect.stringContaining('CHANGED'),
  ]);
  expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
});

test('whoever answers what has just come begins no conversation, although nothing is kept of it yet', async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  const chat = world.network.chat('d1', [MARIE, ZOE]);
  await world.start('a', slowly);
  await world.matrix.api().ghost(world.network.adapter().id, ZOE as never);
  const room = world.matrix.create(marie, { invite: [world.matrix.ghost('pigeon', ZOE)] });
  await world.run(2_000);
  world.db.rules.clear();
  world.rule('allow', { action: 'bridge', id: 'bridge' });
  world.clock.pass(6_000);
  // What the network knows is asked for once in a while.
  world.matrix.say(room, marie, 'a word to a stranger');
  await world.run(2_000);
  expect(world.network.texts(chat)).toEqual([]);
  world.network.say(chat, ZOE, 'who is there?');
  await soon(() => world.matrix.texts(room).includes('who is there?'));
  world.matrix.say(room, marie, 'an answer');
  await world.run(2_000);
  expect(world.network.texts(chat)).toEqual(['zoe: who is there?', 'marie: an answer']);
});
