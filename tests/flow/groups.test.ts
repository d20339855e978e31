// Groups in the corridor: who is let into their rooms, what is put back, and that nothing goes round in circles.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import type { ChatId, RoomId } from '../../src/model/ids.ts';
import { BOT } from '../support/memory-matrix.ts';
import { FlowWorld, MARIE, marie, paul, ZOE } from '../support/flow-world.ts';

let world: FlowWorld;
let chat: ChatId;
let room: RoomId;

beforeEach(async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  chat = world.network.chat('choir', [MARIE, ZOE, 'paul', 'ana'], 'group', 'Choir');
  world.network.setRole(chat, ZOE, ZOE, 'admin');
});

afterEach(async () => {
  await world.house?.stop();
});

async function open(): Promise<void> {
  await world.start();
  world.network.say(chat, ZOE, 'hello');
  await world.run();
  room = world.room(chat);
  await world.join(room, marie);
}

const ghost = (person: string): ReturnType<typeof world.matrix.ghost> => world.matrix.ghost('pigeon', person);
const present = (user: Parameters<typeof world.matrix.level>[1]): unknown => world.matrix.room(room).members.get(user);

describe('the room of a group', () => {
  test('shows its people from the first message on, with power for admins and nobody else', async () => {
    await open();
    expect(['ana', 'paul', ZOE].map((one) => present(ghost(one)))).toEqual(['join', 'join', 'join']);
    expect(present(ghost(MARIE))).toBeUndefined();
    expect([ZOE, 'ana'].map((one) => world.matrix.level(room, ghost(one)))).toEqual([50, 0]);
  });

  test('lets another login of the group in only where a rule allows it', async () => {
    world.db.rules.clear();
    world.rule('allow', { id: 'marie' });
    world.db.rules.set('marie', {
      id: 'marie',
      effect: 'allow',
      action: 'any',
      user: marie,
      source: 'file',
      by: 'file',
      madeAt: 0,
    });
    world.login(paul, 'paul');
    await open();
    expect(present(paul)).toBeUndefined();
    world.network.move(chat, ZOE, 'paul', 'out');
    world.network.move(chat, ZOE, 'paul', 'in');
    await world.run();
    expect(present(paul)).toBeUndefined();
    world.rule('allow');
    await world.pass(10_000);
    world.network.move(chat, ZOE, 'paul', 'out');
    world.network.move(chat, ZOE, 'paul', 'in');
    await world.run();
    expect(present(paul)).toBe('invite');
  });

  test('takes a change of the person on their own phone as theirs, and sends it back nowhere', async () => {
    world.matrix.doubles.add(marie);
    await open();
    world.network.rename(chat, MARIE, 'Named on the phone');
    await world.run();
    const named = world.matrix.room(room).timeline.findLast(({ type }) => type === 'm.room.name');
    expect(named).toMatchObject({ sender: marie, content: { name: 'Named on the phone' } });
    world.network.move(chat, MARIE, 'new', 'in');
    await world.run();
    expect(present(ghost('new'))).toBe('join');
    expect(world.network.performed).toEqual([]);
  });

  test('is put back where a change is refused, and its person told why', async () => {
    await open();
    world.network.before = () => {
      throw new BridgeError('no-right', 'never', 'fault.not-yours');
    };
    world.matrix.state(room, marie, 'm.room.name', { name: 'Mine' });
    world.matrix.member(room, marie, ghost('ana'), 'leave');
    world.matrix.member(room, marie, ghost('stranger'), 'invite');
    await world.run();
    expect(world.matrix.room(room).name).toBe('Choir');
    expect(present(ghost('ana'))).toBe('join');
    expect(world.matrix.texts(room).filter((text) => text.includes('only the author'))).toHaveLength(2);
    expect((await world.house?.store.queue.depth())?.parked).toBe(0);
  });

  test('is put back where nobody is signed in who could change it', async () => {
    await open();
    world.matrix.member(room, BOT, paul, 'join');
    world.matrix.state(room, paul, 'm.room.name', { name: 'Nobody’s' });
    await world.run();
    expect(world.matrix.room(room).name).toBe('Choir');
    expect(world.matrix.texts(room).join()).toContain('You have no login');
    expect(world.network.performed).toEqual([]);
  });

  test('undoes nothing that changed over there meanwhile', async () => {
    await open();
    const before = { ...world.matrix.room(room).levels };
    world.network.setRole(chat, ZOE, 'ana', 'admin');
    const users = { ...(before['users'] as Record<string, number>), [ghost('paul')]: 50 };
    world.matrix.state(room, marie, 'm.room.power_levels', { ...before, users });
    await world.run();
    expect([...(world.network.chats.get(chat)?.admins ?? [])].toSorted()).toEqual(['ana', 'paul', ZOE]);
  });
});
