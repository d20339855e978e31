// Names and topics of rooms on a homeserver: what stands there and whose it is, what is written over what, and what is remembered for how long.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { effectId } from '../../src/model/effect.ts';
import { as, type RoomId } from '../../src/model/ids.ts';
import { VaultedWordings } from '../../src/matrix/wordings.ts';
import type { Wording } from '../../src/ports/matrix.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { memoryStore } from '../support/memory-store.ts';
import { WingWorld } from '../support/wing-world.ts';

let world: WingWorld;
let room: RoomId;

beforeEach(async () => {
  world = await WingWorld.start();
  await world.open();
  room = (await world.wing.api.ensureRoom(world.spec('c1'))).room;
});
afterEach(async () => await world.end());

test('over ours, a name and a topic that a person set stay, and those that we wrote do not', async () => {
  const { api } = world.wing;
  const { bot } = api;
  const names = async (type: string): Promise<readonly unknown[]> =>
    (await world.timeline(room))
      .filter((one) => one.type === type)
      .map(({ content }) => Object.values(content as object)[0]);
  const before = await names('m.room.name');
  await bot.describe(room, effectId('over none of ours', 0), { name: 'not this' }, 'over-ours');
  expect(await names('m.room.name')).toEqual(before);
  await bot.describe(room, effectId('ours', 0), { name: 'ours', topic: 'ours' });
  expect(await api.said(room, 'name')).toEqual({ text: 'ours', ours: true });
  await bot.describe(room, effectId('over ours', 0), { name: 'ours  too', topic: '' }, 'over-ours');
  expect(await api.said(room, 'name')).toEqual({ text: api.shownWords({ name: 'ours  too' }).name, ours: true });
  for (const part of ['name', 'topic'])
    expect(
      (await world.asBot('PUT', `/rooms/${encodeURIComponent(room)}/state/m.room.${part}`, { [part]: 'theirs' }))
        .status,
    ).toBe(200);
  await bot.describe(room, effectId('over theirs', 0), { name: 'not this', topic: 'not this' }, 'over-ours');
  expect([await api.said(room, 'name'), await api.said(room, 'topic')]).toEqual([
    { text: 'theirs', ours: false },
    { text: 'theirs', ours: false },
  ]);
  expect(await names('m.room.topic')).toEqual(['ours', '', 'theirs']);
});

test('of a room where the bot is not nothing is known', async () => {
  expect(await world.wing.api.said(as<RoomId>('!elsewhere:hs.test'), 'name')).toBeUndefined();
});

test('what went to a group and came from there is remembered for minutes, over a restart, and then forgotten', async () => {
  const { vault } = memoryStore();
  const clock = new MemoryClock();
  const open = (): VaultedWordings => new VaultedWordings(vault, clock);
  const wording = (id: string, is: Wording['is']): Wording => ({
    id: effectId(id, 0),
    of: 'name',
    text: id,
    at: clock.now(),
    is,
  });
  const first = wording('first', 'leaving');
  await open().keep(room, first);
  clock.pass(60_000);
  const second = wording('second', 'theirs');
  await open().keep(room, second, { ...first, is: 'back' });
  expect(await open().of(room)).toEqual([{ ...first, is: 'back' }, second]);
  expect(await open().of(as<RoomId>('!other:hs.test'))).toEqual([]);
  clock.pass(540_000);
  expect(await open().of(room)).toEqual([second]);
  const third = wording('third', 'done');
  await open().keep(room, third);
  expect((await vault.readAll(`matrix:wording:${room}`)).size).toBe(2);
  await open().forget(room, third.id);
  expect(await open().of(room)).toEqual([second]);
});
