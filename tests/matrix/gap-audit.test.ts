// What the homeserver forgot to push is found by the audit, once, as late; what was pushed or is none of our business is not.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Account } from '../../sandbox/homeserver/homeserver.ts';
import type { RoomId, UserId } from '../../src/model/ids.ts';
import { fresh, person, PIGEON, text, WingWorld } from '../support/wing-world.ts';

let world: WingWorld;
let alice: Account;
let room: RoomId;

beforeEach(async () => {
  world = await WingWorld.start();
  await world.open();
  alice = await world.hs.registerUser('alice', 'pw');
  room = await joined('c1');
  await world.listen();
  await world.wing.ping();
  await world.say(alice, room, 'pushed');
  await world.heard.until(() => world.heard.bodies().includes('pushed'));
});
afterEach(async () => await world.end());

async function joined(chat: string): Promise<RoomId> {
  const made = await world.wing.api.ensureRoom(world.spec(chat, { invite: [alice.userId as UserId] }));
  await world.join(alice, made.room);
  return made.room;
}

const round = async (): Promise<number> => await world.wing.audit.round(world.heard);
const late = (): string[] => world.heard.bodies(world.heard.late);

/** Said while the homeserver keeps its transactions in memory, which dies with it. */
async function forgotten(words: readonly string[], where: RoomId = room): Promise<void> {
  await world.faults.hold('bridge', true);
  for (const one of words) await world.say(alice, where, one);
  await world.hs.kill();
  await world.hs.restart();
  await world.faults.hold('bridge', false);
}

describe('the gap audit', () => {
  test('finds what was dropped, in order, once, and nothing that was pushed', async () => {
    expect(await round()).toBe(0);
    await forgotten(['one', 'two', 'three']);
    await world.say(alice, room, 'pushed again');
    await world.heard.until(() => world.heard.bodies().includes('pushed again'));
    expect(await round()).toBe(3);
    expect(late()).toEqual(['one', 'two', 'three']);
    expect(world.heard.bodies()).toEqual(['pushed', 'pushed again']);
    expect(await round()).toBe(0);
    expect(late()).toEqual(['one', 'two', 'three']);
  });

  test('goes on after a restart from where it stood', async () => {
    await round();
    await forgotten(['while the bridge was away']);
    await world.open();
    expect(await round()).toBe(1);
    expect(late()).toEqual(['while the bridge was away']);
  });

  test('pages back through a room in which much was dropped, and through that room only', async () => {
    const other = await joined('c2');
    await world.say(alice, other, 'old news');
    await round();
    const words = Array.from({ length: 180 }, (_one, index) => `n${index}`);
    await forgotten(words);
    await world.say(alice, other, 'small talk');
    await world.heard.until(() => world.heard.bodies().includes('small talk'));
    await world.faults.add({ path: '/messages', times: 999, act: { kind: 'delay', ms: 0 } });
    await world.faults.add({ path: encodeURIComponent(other), times: 999, act: { kind: 'answer', status: 500 } });
    await round();
    expect(late()).toEqual(words);
    expect((await world.faults.hits())[0]).toBeGreaterThan(1);
  });

  test('finds what was dropped behind more that was pushed than a page holds', async () => {
    await round();
    const words = Array.from({ length: 120 }, (_one, index) => `dropped ${index}`);
    await forgotten(words);
    for (let n = 0; n < 180; n += 1) await world.say(alice, room, `pushed ${n}`);
    await world.heard.until(() => world.heard.bodies().includes('pushed 179'));
    expect(await round()).toBe(120);
    expect(late()).toEqual(words);
  });

  test('pages no further back than where it stood, though ghosts did all the talking', async () => {
    const ghost = await world.wing.api.ghost(PIGEON, person('zoe'));
    await world.wing.api.bot.invite(room, ghost.user);
    await ghost.join(room);
    for (let n = 0; n < 320; n += 1) await ghost.send(room, fresh(), text(`long ago ${n}`));
    await round();
    for (let n = 0; n < 120; n += 1) await ghost.send(room, fresh(), text(`since then ${n}`));
    await forgotten(['the last word']);
    await world.faults.add({ path: '/messages', times: 999, act: { kind: 'delay', ms: 0 } });
    await round();
    expect(late()).toEqual(['the last word']);
    // 120 since the last round, 50 of them in the sync itself.
    expect((await world.faults.hits())[0]).toBeLessThanOrEqual(2);
  });

  test('begins with a token and no rooms, and asks for nothing older', async () => {
    await forgotten(['before the first round']);
    expect(await round()).toBe(0);
    expect(late()).toEqual([]);
    await forgotten(['after it']);
    await round();
    expect(late()).toEqual(['after it']);
  });

  test('does not take up what was said before the bot came', async () => {
    await round();
    const made = await world.ask(alice.accessToken, 'POST', '/createRoom', { preset: 'private_chat' });
    const own = made.body['room_id'] as RoomId;
    for (let n = 0; n < 70; n += 1) await world.say(alice, own, `private ${n}`);
    const bot = world.wing.api.bot.user;
    await world.ask(alice.accessToken, 'POST', `/rooms/${encodeURIComponent(own)}/invite`, { user_id: bot });
    await world.wing.api.bot.join(own);
    await forgotten(['to the bot'], own);
    await round();
    expect(late()).toEqual(['to the bot']);
  });

  test('keeps its place when what it found could not be written down', async () => {
    await round();
    await forgotten(['kept']);
    const broken = {
      ...world.heard,
      accept: () => Promise.reject(new Error('no database')),
      ephemeral: () => undefined,
    };
    await expect(world.wing.audit.round(broken)).rejects.toThrow('no database');
    await round();
    expect(late()).toEqual(['kept']);
  });

  test('starts anew when the homeserver does not know its place any more', async () => {
    await round();
    await world.faults.add({
      path: '/sync',
      act: { kind: 'answer', status: 400, errcode: 'M_UNKNOWN', error: 'Invalid stream token' },
    });
    expect(await round()).toBe(0);
    await forgotten(['found after that']);
    await round();
    expect(late()).toEqual(['found after that']);
  });

  test('what a ghost says is nothing to find', async () => {
    await round();
    const ghost = await world.wing.api.ghost(PIGEON, person('zoe'));
    await world.wing.api.bot.invite(room, ghost.user);
    await ghost.join(room);
    await ghost.send(room, fresh(), text('from over there'));
    expect(await round()).toBe(0);
    expect(world.heard.late).toEqual([]);
  });
});

describe('the homeserver', () => {
  test('pushes at once what it held back, as soon as it is pinged after a start', async () => {
    await world.wing.door.close();
    await world.say(alice, room, 'nobody there');
    const down = async (): Promise<boolean> =>
      (await world.faults.pushers()).some((one) => one.id === 'bridge' && one.state === 'down');
    while (!(await down())) await new Promise((resolve) => setImmediate(resolve));
    await world.open();
    await world.listen();
    await world.wing.ping();
    await world.heard.until(() => world.heard.bodies().includes('nobody there'));
    expect(world.heard.bodies()).toEqual(['pushed', 'nobody there']);
  });

  test('is answered the same when it sends a transaction or an event again, before and after a restart', async () => {
    const before = (await world.store.queue.depth()).queued;
    await world.faults.repeatTransactions('bridge', 1);
    const event = await world.say(alice, room, 'twice');
    await world.heard.until(() => world.heard.bodies().filter((one) => one === 'twice').length === 2);
    await world.open();
    await world.listen();
    await world.faults.resendEvent('bridge', event);
    await world.heard.until(() => world.heard.bodies().filter((one) => one === 'twice').length === 3);
    expect(await world.store.queue.seen([event])).toEqual(new Set([event]));
    expect((await world.store.queue.depth()).queued).toBe(before + 1);
  });
});
