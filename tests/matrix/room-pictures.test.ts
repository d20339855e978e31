// Pictures of rooms on a homeserver: written when they are others, brought once, and what a room shows is remembered over a restart.
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MARKER } from '../../src/matrix/marker.ts';
import { effectId } from '../../src/model/effect.ts';
import type { MxcUri, RoomId } from '../../src/model/ids.ts';
import { person, PIGEON, WingWorld } from '../support/wing-world.ts';

let world: WingWorld;
let room: RoomId;

beforeEach(async () => {
  world = await WingWorld.start();
  await world.open();
  room = (await world.wing.api.ensureRoom(world.spec('c1'))).room;
});
afterEach(async () => await world.end());

const changes = async () => (await world.timeline(room)).filter(({ type }) => type === 'm.room.avatar');

test('a picture is written when it is another one, by whoever shows it, and taken away', async () => {
  const { bot } = world.wing.api;
  const [one, two] = ['mxc://hs.test/one', 'mxc://hs.test/two'] as MxcUri[];
  const [first, second, third] = [effectId('first', 0), effectId('second', 0), effectId('third', 0)];
  await bot.showPicture(room, effectId('none', 0), undefined);
  await bot.showPicture(room, first, one);
  await bot.showPicture(room, effectId('again', 0), one);
  await world.wing.api.setPowers(room, { locked: false });
  const ghost = await world.wing.api.ghost(PIGEON, person('zoe'));
  await ghost.showPicture(room, second, two);
  await bot.showPicture(room, third, undefined);
  const found = (await changes()).map(({ sender, content }) => {
    const { [MARKER]: marker, ...shown } = content as Record<string, unknown>;
    return [sender, shown, world.wing.api.readMarker(room, String(marker))];
  });
  expect(found).toEqual([
    [bot.user, { url: one }, first],
    [ghost.user, { url: two }, second],
    [bot.user, {}, third],
  ]);
});

test('what a room shows is kept, and forgotten, for the next start as well', async () => {
  const shown = { hash: 'h1', uri: 'mxc://hs.test/one' as MxcUri };
  expect(await world.wing.api.pictures.shown(room)).toBeUndefined();
  await world.wing.api.pictures.keep(room, shown);
  await world.open();
  expect(await world.wing.api.pictures.shown(room)).toEqual(shown);
  await world.wing.api.pictures.keep(room, undefined);
  expect(await world.wing.api.pictures.shown(room)).toBeUndefined();
});

test('what was last set in the room is remembered, whatever the room shows, and that it was taken away there until another comes', async () => {
  const { pictures } = world.wing.api;
  const [mine, theirs] = ['h1', 'h2'].map((hash) => ({ hash, uri: `mxc://hs.test/${hash}` as MxcUri }));
  await pictures.keep(room, mine, 1);
  expect(await pictures.fromHere(room)).toEqual({ set: mine, taken: false });
  await pictures.keep(room, undefined, 2);
  expect([await pictures.shown(room), await pictures.fromHere(room)]).toEqual([undefined, { set: mine, taken: true }]);
  await pictures.keep(room, theirs);
  expect([await pictures.shown(room), await pictures.fromHere(room)]).toEqual([theirs, { set: mine, taken: false }]);
});

test('whoever keeps one at the same time loses nothing of the other, and the one done last over there is the last', async () => {
  const { pictures } = world.wing.api;
  const [mine, older, theirs] = ['h1', 'h2', 'h3'].map((hash) => ({ hash, uri: `mxc://hs.test/${hash}` as MxcUri }));
  await Promise.all([pictures.keep(room, theirs), pictures.keep(room, mine, 2), pictures.keep(room, theirs)]);
  expect(await pictures.fromHere(room)).toEqual({ set: mine, taken: false });
  await Promise.all([pictures.keep(room, older, 1), pictures.keep(room, undefined, 1)]);
  expect(await pictures.fromHere(room)).toEqual({ set: mine, taken: false });
  await pictures.keep(room, undefined, 3);
  await pictures.keep(room, older, 2);
  expect([await pictures.shown(room), await pictures.fromHere(room)]).toEqual([undefined, { set: mine, taken: true }]);
});

test('over ours, a picture that a person set stays, and one that we wrote does not', async () => {
  const { bot } = world.wing.api;
  const [ours, theirs] = ['mxc://hs.test/ours', 'mxc://hs.test/theirs'] as MxcUri[];
  await bot.showPicture(room, effectId('over nothing', 0), ours, 'over-ours');
  expect(await changes()).toEqual([]);
  await bot.showPicture(room, effectId('ours', 0), ours);
  await bot.showPicture(room, effectId('over ours', 0), undefined, 'over-ours');
  // What bears no marker of ours is a person's.
  const path = `/rooms/${encodeURIComponent(room)}/state/m.room.avatar`;
  expect((await world.asBot('PUT', path, { url: theirs })).status).toBe(200);
  await bot.showPicture(room, effectId('over theirs', 0), ours, 'over-ours');
  await bot.showPicture(room, effectId('taken', 0), undefined, 'over-ours');
  expect((await changes()).map(({ content }) => (content as { url?: string }).url)).toEqual([ours, undefined, theirs]);
});

test('one picture is in the store once, whoever brings it', async () => {
  const open = async () => ({ mime: 'image/jpeg', chunks: Readable.from([Buffer.from('a picture')]) });
  const { pictures } = world.wing.api;
  const uri = await pictures.bring(PIGEON, 'h1', open);
  expect(uri).toMatch(/^mxc:/);
  expect(await pictures.bring(PIGEON, 'h1', open)).toBe(uri);
  expect(await pictures.bring(PIGEON, 'h2', open)).not.toBe(uri);
  expect(await pictures.bring(PIGEON, 'h3', async () => await Promise.resolve(undefined))).toBeUndefined();
  const atOnce = await Promise.all([1, 2, 3].map(async () => await pictures.bring(PIGEON, 'h4', open)));
  expect(new Set(atOnce).size).toBe(1);
});
