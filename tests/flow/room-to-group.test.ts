// A room where people are already becomes a group: what is asked first, what waits meanwhile, and what becomes of it when it fails.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { roomToGroup } from '../../src/flow/room-to-group.ts';
import { BridgeError } from '../../src/model/errors.ts';
import { as, type ChatId, type EventId, type PersonId, type RoomId, type UserId } from '../../src/model/ids.ts';
import { FlowWorld, MARIE, marie, paul, turns, ZOE } from '../support/flow-world.ts';
import { BOT } from '../support/memory-matrix.ts';

const ada = as<UserId>('@ada:hs');
let world: FlowWorld;
let hall: RoomId;
let zoe: UserId;

beforeEach(async () => {
  world = new FlowWorld();
  world.network.makesGroups = true;
  world.login(marie, MARIE);
  world.login(paul, 'paul');
  await world.start();
  // Zoe has a face here.
  world.network.say(world.network.chat('zoe', [MARIE, ZOE]), ZOE, 'hello');
  await world.run();
  zoe = world.matrix.ghost('pigeon', ZOE);
  hall = world.matrix.create(marie, { invite: [ada] });
  world.matrix.state(hall, marie, 'm.room.name', { name: 'Hall' });
  world.matrix.member(hall, marie, BOT, 'invite');
  await world.run();
  powers({ [marie]: 100, [BOT]: 100 });
  world.matrix.member(hall, marie, zoe, 'invite');
  await world.run();
});

afterEach(async () => {
  await world.house?.stop();
});

function powers(users: Record<string, number>): void {
  world.matrix.state(hall, marie, 'm.room.power_levels', { users, state_default: 50, invite: 0 });
}

let serial = 0;
async function ask(owner = marie, room = hall): Promise<readonly string[]> {
  const { house } = world;
  const puppet = [...world.db.puppets.values()].find((one) => one.owner === owner);
  if (house === undefined || puppet === undefined) throw new Error('nobody to ask');
  serial += 1;
  return (await roomToGroup(house.flow, { puppet, room, cause: as<EventId>(`$ask${serial}`) })).map(({ key }) => key);
}

const made = (): readonly ChatId[] => [...world.network.chats.keys()].filter((id) => id.startsWith('made-'));
const said = (): readonly string[] => {
  const [chat] = made();
  return chat === undefined ? [] : (world.network.chats.get(chat)?.said ?? []).map(({ text }) => text);
};
const told = (): string => [...world.matrix.rooms.keys()].flatMap((room) => world.matrix.texts(room)).join('\n');

test('bot and ghost stay in a room of somebody who may make groups of it, and say so once', () => {
  const { members } = world.matrix.room(hall);
  expect([members.get(BOT), members.get(zoe)]).toEqual(['join', 'join']);
  expect(world.matrix.texts(hall)).toEqual([expect.stringContaining(`create-group pigeon ${hall}`)]);
});

test('they leave one of somebody who may not', async () => {
  world.rule('deny', { chat: 'group:*' });
  await world.pass(10_000);
  const other = world.matrix.create(marie, { invite: [ada] });
  for (const user of [BOT, zoe]) world.matrix.member(other, marie, user, 'invite');
  await world.run(10_000);
  const { members } = world.matrix.room(other);
  expect([members.get(BOT), members.get(zoe)]).toEqual(['leave', 'leave']);
});

test('nothing is made of a room that is not theirs to give, nor without a name, nor one that is encrypted', async () => {
  expect(await ask(paul)).toEqual(['group.room-not-there']);
  world.matrix.member(hall, paul, paul, 'join');
  expect(await ask(paul)).toEqual(['group.room-powers']);
  powers({ [marie]: 100 });
  expect(await ask()).toEqual(['group.room-powers']);
  powers({ [marie]: 100, [BOT]: 100 });
  world.matrix.state(hall, marie, 'm.room.name', {});
  expect(await ask()).toEqual(['group.room-nameless']);
  world.matrix.encrypt(hall, marie);
  expect(await ask()).toEqual(['group.room-encrypted']);
  await world.run();
  expect(made()).toEqual([]);
});

test('its people are whom the network knows and the rules let; who is not taken is named', async () => {
  for (const user of [ada, paul]) world.matrix.member(hall, user, user, 'join');
  world.network.shy.add(as<PersonId>('paul'));
  expect(await ask()).toEqual(['group.room-making', 'group.room-left']);
  await world.run(10_000);
  const [chat] = made();
  expect(world.network.chats.get(chat ?? as<ChatId>(''))?.members).toEqual([MARIE, ZOE]);
  expect(world.room(chat ?? as<ChatId>(''))).toBe(hall);
  expect(told()).toContain(`did not take these into the group: ${paul}`);
  expect(told()).toContain('The room is the group Hall on Pigeon now');
});

test('a rule that comes before it is made stops it, and nobody over there hears of it', async () => {
  let away = true;
  world.network.making = () => {
    if (away) throw new BridgeError('network-away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
  };
  await ask();
  await world.run();
  world.rule('deny', { chat: 'group:*' });
  away = false;
  await world.pass(30_000);
  expect(made()).toEqual([]);
  expect(told()).toContain('may not be bridged');
});

test('what is written, changed and taken back while the network is away goes out when it is there', async () => {
  let away = true;
  world.network.making = () => {
    if (away) throw new BridgeError('network-away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
  };
  await ask();
  world.matrix.say(hall, marie, 'first');
  const slip = world.matrix.say(hall, marie, 'slip');
  world.matrix.edit(hall, marie, slip, 'mended');
  await world.run(10_000);
  expect(said()).toEqual([]);
  await world.house?.stop();
  away = false;
  await world.start();
  await world.run(60_000);
  expect(said()).toEqual(['first', 'mended']);
  expect(made()).toHaveLength(1);
});

test('for a network that does not come back nothing waits longer than ten minutes, and its person is told', async () => {
  world.network.making = () => {
    throw new BridgeError('network-away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
  };
  await ask();
  world.matrix.say(hall, marie, 'anybody?');
  await world.pass(25 * 60_000);
  expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
  expect(told()).toContain('Pigeon cannot be reached.');
});

test('a login that signs out meanwhile keeps nobody waiting for ever, and makes no group when it is back', async () => {
  let away = true;
  world.network.making = () => {
    if (away) throw new BridgeError('network-away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
  };
  await ask();
  await world.run();
  const { store } = world.house ?? {};
  const [puppet] = [...world.db.puppets.values()].filter(({ owner }) => owner === marie);
  if (store === undefined || puppet === undefined) throw new Error('no house');
  await store.puppets.setState(puppet.id, 'signed-out');
  const line = world.matrix.say(hall, marie, 'anybody?');
  await world.run();
  expect(await store.queue.find(line)).toBeDefined();
  await world.pass(30 * 60_000);
  expect(await store.queue.find(line)).toBeUndefined();
  away = false;
  await store.puppets.setState(puppet.id, 'offline');
  await world.pass(30 * 60_000);
  expect(made()).toEqual([]);
  expect(await store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
});

test('what the network refuses is told at once', async () => {
  world.network.making = () => {
    throw new BridgeError('too-many', 'never', 'whatsapp.group-name-long', { values: { network: 'Pigeon', count: 7 } });
  };
  await ask();
  await world.run(10_000);
  expect(told()).toContain('7 characters');
  expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
});

test('who speaks in the group before its room is known opens one, which leads to the other', async () => {
  world.network.answering = async () => {
    world.network.answering = async () => await Promise.resolve();
    const [chat] = made();
    if (chat !== undefined) world.network.say(chat, ZOE, 'I was quicker');
    await turns(200);
  };
  await ask();
  await world.run(10_000);
  const [chat] = made();
  if (chat === undefined) throw new Error('no group');
  expect(world.room(chat)).toBe(hall);
  const early = [...world.matrix.rooms.keys()].find((room) => world.matrix.texts(room).includes('I was quicker'));
  expect(early).not.toBe(hall);
  expect(world.matrix.texts(early ?? hall).at(-1)).toContain(hall);
  world.matrix.say(hall, marie, 'over here');
  await world.run();
  expect(said()).toEqual(['I was quicker', 'over here']);
});

describe('somebody new over there', () => {
  const ZED = 'zed';
  beforeEach(async () => {
    // In a group with Marie, and never written to.
    const group = world.network.chat('choir', [MARIE, ZOE, ZED], 'group', 'Choir');
    world.network.say(group, ZED, 'hello all');
    await world.run();
    world.matrix.member(hall, marie, world.matrix.ghost('pigeon', ZED), 'invite');
    await world.run();
  });

  function onlyKnown(): void {
    world.db.rules.clear();
    world.rule('allow', { action: 'bridge', id: 'bridge' });
    // What was judged a moment ago is not asked for again.
    world.clock.pass(6_000);
  }

  const inside = (): readonly string[] => {
    const [chat] = made();
    return world.network.chats.get(chat ?? as<ChatId>(''))?.members ?? [];
  };

  test('is brought into the group where a rule lets people begin conversations', async () => {
    expect(await ask()).toEqual(['group.room-making']);
    await world.run(10_000);
    expect(inside()).toEqual([MARIE, ZOE, ZED]);
  });

  test('is left out where none does, and named; whoever was written to comes in', async () => {
    onlyKnown();
    expect(await ask()).toEqual(['group.room-making', 'group.room-left']);
    await world.run(10_000);
    expect(inside()).toEqual([MARIE, ZOE]);
  });

  test('is left out when the rule goes before the group is made, and named', async () => {
    let away = true;
    world.network.making = () => {
      if (away)
        throw new BridgeError('network-away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
    };
    expect(await ask()).toEqual(['group.room-making']);
    await world.run();
    onlyKnown();
    away = false;
    await world.pass(30_000);
    expect(inside()).toEqual([MARIE, ZOE]);
    expect(told()).toContain(`no rule lets them: ${world.matrix.ghost('pigeon', ZED)}`);
  });
});
