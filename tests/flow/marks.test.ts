// How people keep their chats on their phones (marked as unread, muted, pinned, archived), kept alike on Matrix for each alone.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import type { ChatId, UserId } from '../../src/model/ids.ts';
import { Ended, Wire } from '../support/ending.ts';
import { FlowWorld, MARIE, marie, paul, turns, ZOE } from '../support/flow-world.ts';
import { forbidden } from '../support/memory-matrix.ts';

let world: FlowWorld;
let chat: ChatId;

beforeEach(() => {
  world = new FlowWorld();
  world.network.tellsMarks = true;
  world.matrix.doubles.add(marie);
  world.login(marie, MARIE);
});

afterEach(async () => {
  await world.house?.stop();
});

async function open(...more: Parameters<typeof world.network.chat>): Promise<void> {
  chat = world.network.chat(...more);
  await world.start();
  world.network.say(chat, ZOE, 'hello');
  await world.run();
}

const kept = (user: UserId): unknown => world.matrix.marks.get(`${user} ${world.room(chat)}`);

describe('a chat of one person', () => {
  const direct = ['d1', [MARIE, ZOE]] as const;

  test('is kept on Matrix as on the phone, change by change, and nothing is said in it', async () => {
    await open(...direct);
    world.network.keep(chat, MARIE, { muted: true });
    world.network.keep(chat, MARIE, { pinned: true, unread: true });
    await world.run();
    expect(kept(marie)).toEqual({ muted: true, pinned: true, unread: true });
    world.network.keep(chat, MARIE, { muted: false });
    await world.run();
    expect(kept(marie)).toEqual({ muted: false, pinned: true, unread: true });
    expect(world.matrix.texts(world.room(chat))).toEqual(['hello']);
  });

  test('gets no room for it, and is kept so from the moment it has one', async () => {
    chat = world.network.chat(...direct);
    await world.start();
    world.network.keep(chat, MARIE, { archived: true });
    await world.run();
    expect([...world.db.portals.values()]).toEqual([]);
    world.network.say(chat, ZOE, 'hello');
    await world.run();
    expect(kept(marie)).toEqual({ archived: true });
  });

  test('that the network does not tell now keeps no message waiting, and is kept so with its next change', async () => {
    chat = world.network.chat(...direct);
    await world.start();
    world.network.keep(chat, MARIE, { pinned: true });
    await world.run();
    let asked = 0;
    world.network.describing = () => {
      asked += 1;
      // The room has to be made.
      if (asked > 1) throw new BridgeError('pigeon-no-answer', 'later', 'network.unreachable');
    };
    world.network.say(chat, ZOE, 'first');
    await world.run(1_000);
    world.network.say(chat, ZOE, 'second');
    await world.run(0);
    expect(asked).toBe(2);
    expect(world.matrix.texts(world.room(chat))).toEqual(['first', 'second']);
    expect(kept(marie)).toBeUndefined();
    world.network.keep(chat, MARIE, { muted: true });
    await world.run();
    expect(kept(marie)).toMatchObject({ muted: true });
  });

  test('stays as it is where the bridge may not speak for its person, and where they are out of the room', async () => {
    await open(...direct);
    world.matrix.doubles.delete(marie);
    world.network.keep(chat, MARIE, { muted: true });
    await world.run();
    world.matrix.doubles.add(marie);
    world.matrix.before = (method) => {
      if (method === 'markRoom') throw forbidden();
    };
    world.network.keep(chat, MARIE, { pinned: true });
    await world.run();
    expect(kept(marie)).toEqual({});
    expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
  });

  test('stays as it is where no rule allows the chat any more', async () => {
    await open(...direct);
    world.db.rules.clear();
    world.rule('deny');
    await world.pass(10_000);
    world.network.keep(chat, MARIE, { muted: true });
    await world.run();
    expect(kept(marie)).toEqual({});
  });

  test('stays as it is where no rule allows the chat any more, once the homeserver that it waits for is back', async () => {
    await open(...direct);
    world.matrix.before = (method) => {
      if (method === 'markRoom') throw new BridgeError('matrix-limited', 'later', 'fault.homeserver');
    };
    world.network.keep(chat, MARIE, { muted: true });
    await world.run(1_000);
    world.rule('deny');
    await world.run(10_000);
    world.matrix.before = () => undefined;
    await world.run(120_000);
    expect(kept(marie)).toEqual({});
    expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
  });

  test('waits for a homeserver that is away', async () => {
    await open(...direct);
    let away = 3;
    world.matrix.before = (method) => {
      if (method === 'markRoom' && (away -= 1) >= 0) throw new Error('away');
    };
    world.network.keep(chat, MARIE, { muted: true });
    await world.run(60_000);
    expect(kept(marie)).toEqual({ muted: true });
  });
});

describe('a group of two logins', () => {
  const group = ['choir', [MARIE, ZOE, 'paul'], 'group', 'Choir'] as const;

  beforeEach(() => {
    world.matrix.doubles.add(paul);
    world.login(paul, 'paul');
  });

  test('is kept by each as on their own phone, whoever reads it', async () => {
    await open(...group);
    for (const user of [marie, paul]) await world.join(world.room(chat), user);
    world.network.keep(chat, MARIE, { muted: true });
    world.network.keep(chat, 'paul', { pinned: true });
    await world.run();
    expect([kept(marie), kept(paul)]).toEqual([{ muted: true }, { pinned: true }]);
  });

  test('is kept so too by whoever is let in later', async () => {
    chat = world.network.chat(...group);
    world.network.keep(chat, 'paul', { archived: true });
    await world.start();
    world.network.say(chat, ZOE, 'hello');
    await world.run();
    world.network.say(chat, ZOE, 'are you both here?');
    await world.run();
    expect(kept(paul)).toEqual({ archived: true });
  });

  test('is kept so too by whoever is let in later, although the bridge ended in between', async () => {
    for (const after of [false, true]) {
      let calls = 0;
      while (await endedWhileLetIn(calls, after)) calls += 1;
      expect(calls).toBeGreaterThan(5);
    }
  }, 60_000);

  /** @returns whether the house lived long enough to be ended */
  async function endedWhileLetIn(at: number, after: boolean): Promise<boolean> {
    world = new FlowWorld();
    world.network.tellsMarks = true;
    for (const [user, self] of [
      [marie, MARIE],
      [paul, 'paul'],
    ] as const) {
      world.matrix.doubles.add(user);
      world.login(user, self);
    }
    chat = world.network.chat(...group);
    world.network.keep(chat, 'paul', { archived: true });
    const wire = new Wire(at, after);
    const house = await world.start('a', wire.wrap);
    wire.armed = true;
    world.network.say(chat, ZOE, 'hello');
    // What ends the house ends whatever it was at.
    await world.run().catch((error: unknown) => {
      if (!(error instanceof Ended)) throw error;
    });
    await turns();
    wire.armed = false;
    if (wire.dead) await world.start('a');
    await world.run(60_000);
    expect({ at, kept: kept(paul) }).toEqual({ at, kept: { archived: true } });
    expect(world.matrix.room(world.room(chat)).timeline.filter(({ state_key: user }) => user === paul)).toHaveLength(2);
    await world.house?.lanes.drain();
    if (!wire.dead) await house.lanes.drain();
    return wire.dead;
  }
});
