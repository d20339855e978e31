// The keeper of live lines over the in-memory twins: leases lost, logins paused, lines that will not open; knows no events.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import { loginOwner, type PuppetId } from '../../src/model/ids.ts';
import { say } from '../../src/model/say.ts';
import { FlowWorld, marie, MARIE, paul, turns, ZOE } from '../support/flow-world.ts';

let world: FlowWorld;
let puppet: PuppetId;

beforeEach(() => {
  world = new FlowWorld();
  puppet = world.login(marie, MARIE);
  world.network.chat('d1', [MARIE, ZOE]);
});

afterEach(async () => {
  await world.house?.stop();
});

test('a login that is tended comes online, and closes when the house stops', async () => {
  const house = await world.start();
  await world.run();
  expect(world.network.open()).toEqual([puppet]);
  expect(world.db.puppets.get(puppet)?.state).toBe('online');
  await house.puppets.stop();
  expect(world.network.open()).toEqual([]);
});

test('a lease that is lost closes the line', async () => {
  const house = await world.start();
  await world.run();
  const lease = world.db.leases.get(loginOwner(puppet));
  if (lease === undefined) throw new Error('no lease');
  lease.worker = 'b#1' as never;
  lease.epoch += 1;
  world.db.workers.set('b', { slot: 'b', id: 'b#1' as never, beatAt: world.clock.now(), dead: false });
  await house.puppets.tend();
  expect(world.network.open()).toEqual([]);
  expect(house.puppets.session(puppet)).toBeUndefined();
});

test('a login that another process ended has no line left here', async () => {
  const house = await world.start();
  await world.run();
  await house.store.puppets.setState(puppet, 'signed-out');
  await house.puppets.tend();
  expect(world.network.open()).toEqual([]);
});

test('a login that may not stay is paused, its person hears why, and it comes back when it may', async () => {
  await world.start();
  await world.run();
  world.mayStay = () => say('policy.login-denied', { network: 'Pigeon', reason: 'enough' });
  await world.run();
  expect(world.network.open()).toEqual([]);
  expect(world.db.puppets.get(puppet)?.state).toBe('paused');
  const room = world.db.persons.get(marie)?.managementRoom;
  expect(room === undefined ? [] : world.matrix.texts(room)).toEqual([expect.stringContaining('enough')]);
  world.mayStay = () => undefined;
  await world.run();
  await turns();
  expect(world.network.open()).toEqual([puppet]);
});

test('why the network ended a line is told, once for each reason, and kept for whoever asks', async () => {
  const house = await world.start();
  await world.run();
  const told = (): readonly string[] => {
    const room = world.db.persons.get(marie)?.managementRoom;
    return room === undefined ? [] : world.matrix.texts(room);
  };
  const report = async (words: Parameters<typeof say>[0]): Promise<void> => {
    world.network.report(puppet, 'stopped', new BridgeError('ended', 'later', words));
    await world.run();
  };
  await report('whatsapp.outdated');
  await report('whatsapp.outdated');
  expect(told()).toEqual([expect.stringContaining('An administrator must update it')]);
  await report('whatsapp.replaced');
  expect(told()).toHaveLength(2);
  expect(world.db.puppets.get(puppet)).toMatchObject({ state: 'stopped', why: { key: 'whatsapp.replaced' } });
  expect(house.puppets.session(puppet)).toBeDefined();
});

test('a worker that may have lost its leases says nothing of a login, and opens its line anew if it has not', async () => {
  const house = await world.start();
  await world.run();
  world.clock.pass(15_000);
  expect(house.store.leases.alive()).toBe(false);
  world.network.report(puppet, 'signed-out', new BridgeError('ended', 'after-login', 'whatsapp.replaced'));
  await turns();
  expect(world.db.puppets.get(puppet)).toMatchObject({ state: 'online' });
  expect(world.network.open()).toEqual([]);
  await world.run();
  expect(world.network.open()).toEqual([puppet]);
  expect(world.db.persons.get(marie)?.managementRoom).toBeUndefined();
});

test('a line that does not open is tried again; one that the account refuses is signed out', async () => {
  world.network.refusing = new BridgeError('away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
  const house = await world.start();
  await world.run();
  expect(house.puppets.session(puppet)).toBeUndefined();
  world.network.refusing = undefined;
  await world.pass(10_000);
  expect(world.network.open()).toEqual([puppet]);
  await house.stop();
  world.network.refusing = new BridgeError('revoked', 'after-login', 'fault.internal');
  await world.start();
  await turns();
  expect(world.db.puppets.get(puppet)?.state).toBe('signed-out');
});

describe('what the network lets an account not do', () => {
  const limit = new BridgeError('limited', 'never', 'whatsapp.restricted');
  const told = (user = marie): readonly string[] => {
    const room = world.db.persons.get(user)?.managementRoom;
    return room === undefined ? [] : world.matrix.texts(room);
  };

  test('is told once, stays after the line is opened anew, and its end is told as well', async () => {
    await world.start();
    await world.run();
    world.network.report(puppet, 'online', limit);
    await world.run();
    expect(world.db.puppets.get(puppet)).toMatchObject({ state: 'online', why: { key: 'whatsapp.restricted' } });
    expect(told()).toEqual([expect.stringContaining('begin new chats')]);
    await world.house?.stop();
    world.network.limit = limit;
    await world.start();
    await world.run();
    expect(world.db.puppets.get(puppet)).toMatchObject({ state: 'online', why: { key: 'whatsapp.restricted' } });
    expect(told()).toHaveLength(1);
    world.network.report(puppet, 'online');
    await world.run();
    expect(world.db.puppets.get(puppet)?.why).toBeUndefined();
    expect(told()).toEqual([expect.anything(), expect.stringContaining('open to you again')]);
  });

  test.each([
    new BridgeError('limited', 'never', 'whatsapp.restricted-until', { values: { until: 'noon' } }),
    new BridgeError('limited', 'never', 'whatsapp.restricted'),
  ])('is not told again each time the line drops and comes back: $human.key', async (why) => {
    await world.start();
    await world.run();
    for (let drops = 0; drops < 3; drops += 1) {
      world.clock.pass(1_000);
      world.network.report(puppet, 'online', why);
      await world.run();
      world.network.report(puppet, 'offline', new BridgeError('lost', 'later', 'whatsapp.line-lost'));
      await world.run();
    }
    expect(told()).toEqual([expect.stringContaining('begin new chats')]);
  });

  test('is over when the network takes the login back, which is told; a line that was only away is not', async () => {
    await world.start();
    await world.run();
    for (const state of ['offline', 'online', 'stopped', 'online'] as const) {
      const why =
        state === 'online'
          ? []
          : [new BridgeError('ended', 'later', 'whatsapp.temp-ban', { values: { until: 'noon' } })];
      world.network.report(puppet, state, ...why);
      await world.run();
    }
    expect(told()).toEqual([expect.stringContaining('until noon'), expect.stringContaining('works again')]);
  });

  const HOUR_MS = 3_600_000;
  const lost = new BridgeError('lost', 'later', 'whatsapp.line-lost');
  const forAnHour = (): BridgeError =>
    new BridgeError('limited', 'never', 'whatsapp.restricted-until', {
      values: { until: 'noon' },
      notBefore: world.clock.now() + HOUR_MS,
    });

  test('is told as over once when that shows only after the line was away', async () => {
    // The second is of another day.
    world.clock.pass(24 * HOUR_MS - 1_000);
    await world.start();
    await world.run();
    for (const [state, why] of [
      ['online', limit],
      ['offline', lost],
      ['online', undefined],
      ['offline', lost],
      ['online', undefined],
    ] as const) {
      world.network.report(puppet, state, why);
      await world.run();
    }
    expect(told()).toEqual([expect.anything(), expect.stringContaining('open to you again')]);
    world.clock.pass(2_000);
    world.network.report(puppet, 'online', limit);
    world.network.report(puppet, 'online');
    await world.run();
    expect(told().slice(2)).toEqual([expect.stringContaining('begin new chats'), expect.stringContaining('again')]);
  });

  test('is over by the clock for whoever starts while the network is away, and not told again when it is back', async () => {
    await world.start();
    await world.run();
    world.network.report(puppet, 'online', forAnHour());
    await world.run();
    await world.house?.stop();
    world.clock.pass(HOUR_MS);
    world.network.unasked = lost;
    await world.start();
    await world.run();
    expect(world.network.open()).toEqual([]);
    expect(told()).toEqual([expect.anything(), expect.stringContaining('open to you again')]);
    expect(world.db.puppets.get(puppet)).toMatchObject({ state: 'offline' });
    expect(world.db.puppets.get(puppet)?.why).toBeUndefined();
    expect(world.db.puppets.get(puppet)?.waits).toBeUndefined();
    world.network.unasked = undefined;
    await world.pass(20 * 60_000);
    expect(world.db.puppets.get(puppet)?.state).toBe('online');
    expect(told()).toHaveLength(2);
  });

  test('is over by the clock while the line drops and does not come back', async () => {
    await world.start();
    await world.run();
    world.network.report(puppet, 'online', forAnHour());
    world.network.report(puppet, 'offline', lost);
    await world.pass(HOUR_MS);
    expect(told()).toEqual([expect.anything(), expect.stringContaining('open to you again')]);
    expect(world.db.puppets.get(puppet)).toMatchObject({ state: 'offline', why: { key: 'whatsapp.line-lost' } });
  });

  test('a ban that ends while nothing can be reached is not shown any more, and told as over when it works again', async () => {
    await world.start();
    await world.run();
    world.network.report(puppet, 'online', limit);
    const [values, notBefore] = [{ until: 'noon' }, world.clock.now() + HOUR_MS];
    world.network.report(
      puppet,
      'stopped',
      new BridgeError('ban', 'later', 'whatsapp.temp-ban', { values, notBefore }),
    );
    await world.run();
    await world.house?.stop();
    world.clock.pass(HOUR_MS);
    world.network.unasked = lost;
    await world.start();
    await world.run();
    expect(told()).toHaveLength(2);
    expect(world.db.puppets.get(puppet)).toMatchObject({ state: 'offline' });
    expect(world.db.puppets.get(puppet)?.why).toBeUndefined();
    world.network.report(puppet, 'offline', lost);
    world.network.unasked = undefined;
    world.network.limit = limit;
    await world.pass(20 * 60_000);
    // The ban is over; the limit from before it is not, and was told.
    expect(told().slice(2)).toEqual([expect.stringContaining('works again')]);
    world.network.report(puppet, 'online');
    await world.run();
    expect(told().slice(3)).toEqual([expect.stringContaining('open to you again')]);
  });

  test('and what whoever runs the bridge has to mend is told to administrators, once a day', async () => {
    await world.start();
    await world.run();
    const why = new BridgeError('outdated', 'later', 'whatsapp.outdated', { alert: true });
    const other = world.login(marie, 'zoe');
    await world.run();
    for (const one of [puppet, other]) {
      world.network.report(one, 'stopped', why);
      await world.run();
    }
    expect(told(paul)).toEqual([expect.stringContaining('outdated')]);
    expect(told()).toHaveLength(2);
  });
});

test('a line that waits for a day is opened at once when its person asks for it', async () => {
  const notBefore = world.clock.now() + 86_400_000;
  world.network.unasked = new BridgeError('too-often', 'later', 'network.rate-limited', { notBefore });
  const house = await world.start();
  await world.run();
  expect(world.network.open()).toEqual([]);
  const login = world.db.puppets.get(puppet);
  if (login === undefined) throw new Error('no login');
  await house.puppets.welcome(login);
  await turns();
  expect(world.network.open()).toEqual([puppet]);
});
