// Where somebody here would be the first to write to somebody over there: asked of the rules at every door, and nothing goes out
// when they refuse; what was begun already goes on. No wire.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChatId, RoomId } from '../../src/model/ids.ts';
import { FlowWorld, marie, MARIE, turns, ZOE } from '../support/flow-world.ts';

let world: FlowWorld;
let chat: ChatId;

beforeEach(async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  chat = world.network.chat('d1', [MARIE, ZOE]);
  await world.start();
  await world.matrix.api().ghost(world.network.adapter().id, ZOE as never);
});

afterEach(async () => {
  await world.house?.stop();
});

const zoe = () => world.matrix.ghost('pigeon', ZOE);
const sent = () => world.network.performed.map(({ action }) => action.kind);
const parked = async () => (await world.house?.store.queue.parked(10)) ?? [];

/** Rules that let people have every chat, and begin none. */
function noNewChats(reason?: string): void {
  world.db.rules.clear();
  world.rule('allow', { action: 'bridge', id: 'bridge' });
  if (reason !== undefined) world.rule('deny', { action: 'start-chat', id: 'no-new', reason });
  // What was judged a moment ago is not asked for again.
  world.clock.pass(6_000);
}

/** A room for the chat, in which nobody has said anything, made while the rules allowed it. */
async function opened(): Promise<RoomId> {
  const room = world.matrix.create(marie, { invite: [zoe()] });
  await world.run();
  expect(world.room(chat)).toBe(room);
  return room;
}

describe('a ghost in a direct room', () => {
  test('says what to ask an administrator for, and leaves; what was written to it stays here', async () => {
    noNewChats();
    const room = world.matrix.create(marie, { invite: [zoe()] });
    world.matrix.say(room, marie, 'hi Zoe');
    await world.run();
    expect(world.matrix.texts(room)).toContainEqual(expect.stringContaining('allow start-chat @marie:hs pigeon'));
    expect(world.matrix.room(room).members.get(zoe())).toBe('leave');
    expect(sent()).toEqual([]);
  });

  test('says the reason of the rule that forbids it', async () => {
    noNewChats('nobody new before the move');
    const room = world.matrix.create(marie, { invite: [zoe()] });
    await world.run();
    expect(world.matrix.texts(room)).toEqual([expect.stringContaining('nobody new before the move')]);
  });

  test('stays where the two have talked over there, whatever the rules say of others', async () => {
    world.network.chats.get(chat)?.said.push({ id: 'm0' as never, by: ZOE as never, text: 'hi', reactions: new Map() });
    noNewChats('nobody new');
    const room = world.matrix.create(marie, { invite: [zoe()] });
    world.matrix.say(room, marie, 'hello again');
    await world.run();
    expect(world.room(chat)).toBe(room);
    expect(world.network.texts(chat)).toEqual(['zoe: hi', 'marie: hello again']);
  });
});

describe('the first message', () => {
  test('stays here when the rules no longer allow it, its author told; it can be sent when they do', async () => {
    const room = await opened();
    noNewChats('nobody new');
    const event = world.matrix.say(room, marie, 'hi Zoe');
    await world.run();
    expect(sent()).toEqual([]);
    expect(world.matrix.seen(room).at(-1)).toMatchObject({ replyTo: event });
    expect(world.matrix.texts(room).at(-1)).toBe(
      'Not delivered: You may not begin this conversation on Pigeon: nobody new',
    );
    const [entry] = await parked();
    world.rule('allow', { id: 'no-new', action: 'start-chat' });
    world.clock.pass(6_000);
    await world.house?.store.queue.release(entry?.id ?? 0);
    await world.run();
    expect(world.network.texts(chat)).toEqual(['marie: hi Zoe']);
  });

  test('of several parts leaves no part over there', async () => {
    const room = await opened();
    noNewChats();
    world.matrix.say(room, marie, 'more words than one message over there can hold');
    await world.run();
    expect(sent()).toEqual([]);
  });

  test('goes when the other side has written meanwhile, and so does every later one', async () => {
    const room = await opened();
    noNewChats();
    world.network.say(chat, ZOE, 'may I?');
    await world.run();
    world.matrix.say(room, marie, 'of course');
    await world.run();
    world.matrix.say(room, marie, 'at ten');
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: may I?', 'marie: of course', 'marie: at ten']);
  });

  test('once out begins the conversation: no rule is needed for the next, over a restart too', async () => {
    const room = await opened();
    world.matrix.say(room, marie, 'hi Zoe');
    await world.run();
    // What the network remembers is not needed for it.
    world.network.chats.get(chat)?.said.splice(0);
    noNewChats();
    world.matrix.say(room, marie, 'are you there?');
    await world.run();
    await world.house?.stop();
    await world.start();
    world.matrix.say(room, marie, 'hello?');
    await world.run();
    expect(sent()).toEqual(['send', 'send', 'send']);
  });

  test('is not announced by typing', async () => {
    const room = await opened();
    noNewChats();
    world.house?.ephemeral.fromMatrix({ kind: 'typing', room, users: [marie] });
    await world.run();
    expect(world.network.marks).toEqual([]);
    world.network.say(chat, ZOE, 'hello');
    await world.run();
    world.house?.ephemeral.fromMatrix({ kind: 'typing', room, users: [] });
    await world.run();
    expect(world.network.marks).toEqual(['marie typing']);
  });
});

describe('whether anything was said over there', () => {
  /** Begins and ends to type so many times. */
  async function typed(room: RoomId, times: number): Promise<void> {
    for (let turn = 0; turn < times; turn += 1) {
      for (const users of [[marie], []]) {
        world.house?.ephemeral.fromMatrix({ kind: 'typing', room, users });
        await turns();
      }
    }
  }

  test('is not asked where a rule lets people begin', async () => {
    const room = await opened();
    await typed(room, 5);
    expect(world.network.marks.length).toBeGreaterThan(0);
    expect(world.network.traffic).toEqual([]);
  });

  test('is asked once for all that is typed in half a minute, and again later', async () => {
    const room = await opened();
    noNewChats();
    await typed(room, 5);
    expect(world.network.marks).toEqual([]);
    expect(world.network.traffic).toEqual([chat]);
    world.clock.pass(31_000);
    await typed(room, 1);
    expect(world.network.traffic).toEqual([chat, chat]);
  });
});

test('in a group everybody may write who may have it', async () => {
  const group = world.network.chat('g1', [MARIE, ZOE], 'group', 'Choir');
  noNewChats('nobody new');
  world.network.say(group, ZOE, 'welcome');
  await world.run();
  // It is so long ago that nothing of it is remembered anywhere.
  world.db.links.clear();
  world.network.chats.get(group)?.said.splice(0);
  const room = world.room(group);
  await world.join(room, marie);
  world.matrix.say(room, marie, 'hello all');
  await world.run();
  expect(world.network.texts(group)).toEqual(['marie: hello all']);
});

test('into a group nobody new is brought; whoever is known comes in', async () => {
  const group = world.network.chat('g1', [MARIE, 'paul'], 'group', 'Choir');
  world.network.chats.get(group)?.admins.add(MARIE as never);
  world.network.say(group, 'paul', 'welcome');
  await world.run();
  const room = world.room(group);
  await world.join(room, marie);
  noNewChats('nobody new');
  world.matrix.member(room, marie, zoe(), 'invite');
  await world.run();
  expect(sent()).toEqual([]);
  expect(world.matrix.texts(room).at(-1)).toContain('nobody new');
  world.network.say(chat, ZOE, 'take me along');
  await world.run();
  world.matrix.member(room, marie, zoe(), 'leave');
  await world.run();
  world.matrix.member(room, marie, zoe(), 'invite');
  await world.run();
  expect(sent()).toContain('add');
});
