// How the wing comes in: once its account is there, by one request; and refused for good where the registration is wrong.
import { afterEach, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WingWorld, type Json } from '../support/wing-world.ts';

let world: WingWorld;
afterEach(async () => await world.end());

test('the first start makes account and device, the next ones find them', async () => {
  world = await WingWorld.start();
  await world.open();
  await world.faults.add({ path: '/register', times: 9, act: { kind: 'answer', status: 500 } });
  await world.open();
  expect(await world.faults.hits()).toEqual([0]);
  expect((await world.asBot('GET', '/account/whoami')).body['user_id']).toBe(world.wing.api.bot.user);
});

test.each<readonly [string, Json, object]>([
  ['that does not name the bot', { namespaces: { users: [], aliases: [], rooms: [] } }, { code: 'matrix-forbidden' }],
  ['with another token', { as_token: 'another' }, { code: 'matrix-token' }],
])('a registration %s is refused at once', async (_what, changed, expected) => {
  world = await WingWorld.start('12', changed);
  await expect(world.open()).rejects.toMatchObject(expected);
});

test('a homeserver that lets an appservice make no devices refuses it at once', async () => {
  world = await WingWorld.start();
  const act = { kind: 'answer', status: 404, errcode: 'M_NOT_FOUND' } as const;
  await world.faults.add({ path: '/devices/', times: 9, act });
  await expect(world.open()).rejects.toMatchObject({ code: 'matrix-not-found', retry: 'never' });
});

test('a homeserver that is not there yet is worth another try', async () => {
  world = await WingWorld.start();
  await world.hs.stop();
  await expect(world.open()).rejects.toMatchObject({ code: 'matrix-unavailable', retry: 'now' });
});

test('nobody asks the homeserver for a login: accounts are moved by the registration alone', () => {
  const asked = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => /client\/(?:v3|r0)\/login|['"`]\/login\b/.test(readFileSync(join('src', file), 'utf8')));
  expect(asked).toEqual([]);
});
