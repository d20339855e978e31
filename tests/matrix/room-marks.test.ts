// How a person keeps a room, written through the double puppet as their own clients write it, and nothing of theirs undone.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Account } from '../../sandbox/homeserver/homeserver.ts';
import type { ChatMarks } from '../../src/model/chat.ts';
import type { RoomId, UserId } from '../../src/model/ids.ts';
import { WingWorld, type Json } from '../support/wing-world.ts';

let world: WingWorld;
let alice: Account;
let user: UserId;
let room: RoomId;

beforeEach(async () => {
  world = await WingWorld.start();
  await world.open();
  alice = await world.hs.registerUser('alice', 'pw');
  user = alice.userId as UserId;
  ({ room } = await world.wing.api.ensureRoom(world.spec('c1', { invite: [user] })));
  await world.join(alice, room);
});
afterEach(async () => await world.end());

const mark = async (marks: ChatMarks): Promise<boolean> => await world.wing.api.markRoom(user, room, marks);
const asAlice = async (method: string, path: string, body?: Json) =>
  await world.ask(alice.accessToken, method, path, body);
const own = (): string => `/user/${encodeURIComponent(user)}/rooms/${encodeURIComponent(room)}`;
const rule = (): string => `/pushrules/global/room/${encodeURIComponent(room)}`;
const tags = async (): Promise<unknown> => (await asAlice('GET', `${own()}/tags`)).body['tags'];
const data = async (type: string): Promise<Json> => (await asAlice('GET', `${own()}/account_data/${type}`)).body;
/** How often something is written from now on. */
const writes = async (): Promise<() => Promise<number>> => {
  for (const path of ['/tags/', '/pushrules/', '/account_data/'])
    for (const method of ['PUT', 'DELETE'])
      await world.faults.add({ method, path, times: 99, act: { kind: 'delay', ms: 0 } });
  return async () => (await world.faults.hits()).reduce((sum, one) => sum + one, 0);
};

describe('a chat that on the phone is', () => {
  test('pinned or archived is a favourite, or of low priority, and keeps the tags of its person', async () => {
    await asAlice('PUT', `${own()}/tags/u.work`, { order: 0.3 });
    expect(await mark({ pinned: true })).toBe(true);
    expect(await tags()).toEqual({ 'u.work': { order: 0.3 }, 'm.favourite': {} });
    await mark({ pinned: false, archived: true });
    expect(await tags()).toEqual({ 'u.work': { order: 0.3 }, 'm.lowpriority': {} });
  });

  test('muted notifies of nothing but mentions, until it is not', async () => {
    await mark({ muted: true });
    expect((await asAlice('GET', rule())).body).toMatchObject({ actions: ['dont_notify'], enabled: true });
    await mark({ muted: false });
    expect((await asAlice('GET', rule())).status).toBe(404);
  });

  test('not muted keeps a rule of its person by which it is heard', async () => {
    await asAlice('PUT', rule(), { actions: ['notify', { set_tweak: 'sound', value: 'default' }] });
    await mark({ muted: false });
    expect((await asAlice('GET', rule())).status).toBe(200);
    await mark({ muted: true });
    expect((await asAlice('GET', rule())).body['actions']).toEqual(['dont_notify']);
  });

  test('marked as unread is so under the name of the specification and the one before', async () => {
    for (const unread of [true, false]) {
      await mark({ unread });
      for (const type of ['m.marked_unread', 'com.famedly.marked_unread']) expect(await data(type)).toEqual({ unread });
    }
  });
});

test('what is so already is not written again', async () => {
  const all = { pinned: true, archived: true, muted: true, unread: true };
  const none = { pinned: false, archived: false, muted: false, unread: false };
  for (const [marks, count] of [
    [none, 0],
    [all, 5],
    [all, 0],
    [none, 5],
  ] as const) {
    const written = await writes();
    await mark(marks);
    expect(await written()).toBe(count);
    await world.faults.clear();
  }
});

test('nothing is written for whom the bridge may not speak', async () => {
  const bob = await world.hs.registerUser('bob', 'pw');
  expect(await world.wing.api.markRoom(bob.userId as UserId, room, { pinned: true })).toBe(false);
});

test('a room that its person is no longer in is refused for good', async () => {
  await asAlice('POST', `/rooms/${encodeURIComponent(room)}/leave`, {});
  await asAlice('POST', `/rooms/${encodeURIComponent(room)}/forget`, {});
  const other = (await world.wing.api.ensureRoom(world.spec('c2', { direct: false }))).room;
  await expect(world.wing.api.markRoom(user, other, { pinned: true })).rejects.toMatchObject({ retry: 'never' });
});
