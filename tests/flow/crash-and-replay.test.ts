// One message's way in each direction, its house ended at every single call to a port, before and after the call takes effect:
// after another start exactly one message is on the other side. Knows no wire.
import { describe, expect, test } from '@jest/globals';
import type { ChatMarks } from '../../src/model/chat.ts';
import { Ended, Wire } from '../support/ending.ts';
import { FlowWorld, marie, MARIE, turns, ZOE } from '../support/flow-world.ts';
import type { ChatId, RoomId } from '../../src/model/ids.ts';

interface Way {
  readonly name: string;
  readonly doubled?: boolean;
  /** No room yet: the message opens it. */
  readonly first?: boolean;
  act(world: FlowWorld, chat: ChatId, room: RoomId | undefined): void;
  /** What people see on both sides in the end. */
  readonly there: readonly string[];
  readonly here: readonly string[];
  /** How Marie keeps the room in the end; the network tells. */
  readonly kept?: ChatMarks;
}

const BEFORE = { there: 'marie: hello', here: 'hello' };

const ways: readonly Way[] = [
  {
    name: 'a message to the network',
    act: (world, _chat, room) => void world.matrix.say(need(room), marie, 'how are you'),
    there: [BEFORE.there, 'marie: how are you'],
    here: [BEFORE.here, 'how are you'],
  },
  {
    name: 'a message in two parts to the network',
    act: (world, _chat, room) => void world.matrix.say(need(room), marie, 'one two three four five six'),
    there: [BEFORE.there, 'marie: one two three four ', 'marie: five six'],
    here: [BEFORE.here, 'one two three four five six'],
  },
  {
    name: 'an edit to the network',
    act: (world, _chat, room) => void world.matrix.edit(need(room), marie, hello(world, need(room)), 'hello you'),
    there: ['marie: hello you'],
    here: ['hello you'],
  },
  {
    name: 'an edit to the network that needs a part more',
    act: (world, _chat, room) =>
      void world.matrix.edit(need(room), marie, hello(world, need(room)), 'one two three four five six'),
    there: ['marie: one two three four ', 'marie: five six'],
    here: ['one two three four five six'],
  },
  {
    name: 'a removal to the network',
    act: (world, _chat, room) => void world.matrix.redact(need(room), marie, hello(world, need(room))),
    there: [],
    here: [],
  },
  {
    name: 'a message and its edit to the network',
    act: (world, _chat, room) => {
      const event = world.matrix.say(need(room), marie, 'first');
      world.matrix.edit(need(room), marie, event, 'second');
    },
    there: [BEFORE.there, 'marie: second'],
    here: [BEFORE.here, 'second'],
  },
  {
    name: 'a message from the network',
    act: (world, chat) => void world.network.say(chat, ZOE, 'fine'),
    there: [BEFORE.there, 'zoe: fine'],
    here: [BEFORE.here, 'fine'],
  },
  {
    name: 'a message in two parts from the network',
    act: (world, chat) => void world.network.say(chat, ZOE, 'a b', { parts: ['a', 'b'] }),
    there: [BEFORE.there, 'zoe: a b'],
    here: [BEFORE.here, 'a', 'b'],
  },
  {
    name: 'a message, its edit and another one from the network',
    act: (world, chat) => {
      const message = world.network.say(chat, ZOE, 'fine');
      world.network.edit(chat, ZOE, message, 'fine!');
      world.network.say(chat, ZOE, 'and you?');
    },
    there: [BEFORE.there, 'zoe: fine!', 'zoe: and you?'],
    here: [BEFORE.here, 'fine!', 'and you?'],
  },
  {
    name: 'a message and its removal from the network',
    act: (world, chat) => world.network.remove(chat, ZOE, world.network.say(chat, ZOE, 'fine')),
    there: [BEFORE.there],
    here: [BEFORE.here],
  },
  {
    name: 'the first message from the network, which opens the room',
    first: true,
    act: (world, chat) => void world.network.say(chat, ZOE, 'fine'),
    there: ['zoe: fine'],
    here: ['fine'],
  },
  {
    name: 'a message from the person’s own phone, as the person',
    doubled: true,
    act: (world, chat) => void world.network.say(chat, MARIE, 'from my phone'),
    there: [BEFORE.there, 'marie: from my phone'],
    here: [BEFORE.here, 'from my phone'],
  },
  {
    name: 'how a chat is kept on the phone',
    doubled: true,
    act: (world, chat) => {
      world.network.keep(chat, MARIE, { muted: true, unread: true });
      world.network.keep(chat, MARIE, { unread: false });
    },
    there: [BEFORE.there],
    here: [BEFORE.here],
    kept: { muted: true, unread: false },
  },
  {
    name: 'the first message in a chat that is kept in some way',
    first: true,
    doubled: true,
    act: (world, chat) => {
      world.network.keep(chat, MARIE, { pinned: true });
      world.network.say(chat, ZOE, 'fine');
    },
    there: ['zoe: fine'],
    here: ['fine'],
    kept: { pinned: true },
  },
  {
    name: 'a message here and another from the phone at the same time',
    doubled: true,
    act: (world, chat, room) => {
      world.matrix.say(need(room), marie, 'from here');
      world.network.say(chat, MARIE, 'from my phone');
    },
    there: [BEFORE.there, 'marie: from my phone', 'marie: from here'],
    here: [BEFORE.here, 'from here', 'from my phone'],
  },
];

function need(room: RoomId | undefined): RoomId {
  if (room === undefined) throw new Error('no room');
  return room;
}

function hello(world: FlowWorld, room: RoomId) {
  const found = world.matrix.seen(room).find((one) => one.text === 'hello');
  if (found === undefined) throw new Error('nothing was said');
  return found.event;
}

interface Lived {
  readonly ended: boolean;
  readonly there: unknown;
  readonly here: unknown;
  readonly kept: unknown;
}

/** @returns whether the house lived long enough to be ended, and what is to be seen afterwards */
async function live(way: Way, at: number, after: boolean): Promise<Lived> {
  const world = new FlowWorld();
  const wire = new Wire(at, after);
  world.network.tellsMarks = way.kept !== undefined;
  if (way.doubled === true) world.matrix.doubles.add(marie);
  world.login(marie, MARIE);
  const chat = world.network.chat('d1', [MARIE, ZOE]);
  const house = await world.start('a', wire.wrap);
  let room: RoomId | undefined;
  if (way.first !== true) {
    // The conversation stands, with one message of Marie's in it.
    world.network.say(chat, ZOE, 'x');
    await world.run();
    room = world.room(chat);
    await world.join(room, marie);
    world.network.remove(chat, ZOE, world.network.last(chat).id);
    world.matrix.say(room, marie, 'hello');
    await world.run();
  }
  wire.armed = true;
  way.act(world, chat, room);
  try {
    await world.run(60_000);
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
  }
  await turns();
  if (wire.dead) {
    await world.start('a');
    await world.run(60_000);
  }
  await world.house?.lanes.drain();
  if (!wire.dead) await house.lanes.drain();
  const all = [...world.matrix.rooms.values()].filter((one) => one.bridged);
  const here = all.length === 1 ? all.flatMap((one) => world.matrix.texts(one.id)) : `${all.length} rooms`;
  const [kept] = world.matrix.marks.values();
  return { ended: wire.dead, there: world.network.texts(chat), here, kept };
}

describe('ended at every call and started again', () => {
  for (const way of ways) {
    for (const after of [false, true]) {
      test(`${way.name}, ${after ? 'after' : 'before'} each call takes effect`, async () => {
        let calls = 0;
        for (; ; calls += 1) {
          const { ended, there, here, kept } = await live(way, calls, after);
          const sorted = (list: unknown): unknown =>
            way.name.includes('same time') && Array.isArray(list)
              ? list.map(String).toSorted((a, b) => (a < b ? -1 : 1))
              : list;
          expect({ calls, there: sorted(there), here: sorted(here), kept }).toEqual({
            calls,
            there: sorted(way.there),
            here: sorted(way.here),
            kept: way.kept,
          });
          if (!ended) break;
        }
        expect(calls).toBeGreaterThan(4);
      }, 60_000);
    }
  }
});
