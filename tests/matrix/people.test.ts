// Ghosts, double puppets and media on a homeserver: seen under the right name, never in a message's way, never twice.
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Account } from '../../sandbox/homeserver/homeserver.ts';
import { effectId } from '../../src/model/effect.ts';
import type { MxcUri, RoomId, UserId } from '../../src/model/ids.ts';
import type { MediaStream } from '../../src/ports/network.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { fresh, person, PIGEON, text, WingWorld, type Json } from '../support/wing-world.ts';

let world: WingWorld;
let alice: Account;
let user: UserId;
let room: RoomId;

beforeEach(async () => {
  world = await WingWorld.start();
  await world.open();
  alice = await world.hs.registerUser('alice', 'pw');
  user = alice.userId as UserId;
  room = (await world.wing.api.ensureRoom(world.spec('c1', { invite: [user] }))).room;
});
afterEach(async () => await world.end());

const profile = async (of: string): Promise<Json> =>
  (await world.asBot('GET', `/profile/${encodeURIComponent(of)}`)).body;
const stream = (words: string): MediaStream => ({ mime: 'text/plain', chunks: Readable.from([Buffer.from(words)]) });
const download = async (uri: string, token: string): Promise<number> => {
  const url = `${world.hs.url}/_matrix/client/v1/media/download/${uri.slice('mxc://'.length)}`;
  return (await fetch(url, { headers: { authorization: `Bearer ${token}`, connection: 'close' } })).status;
};

describe('a ghost', () => {
  test('has its name with the network’s, and its picture', async () => {
    await world.open({ openNetworkMedia: () => Promise.resolve(stream('picture')) });
    const avatar = { hash: 'h1', source: { from: 'network', handle: 1 } } as const;
    const zoe = { id: person('zoe'), name: 'Zoé (Pigeon)', avatar };
    const ghost = await world.wing.api.ghost(PIGEON, person('zoe'), zoe);
    const seen = await profile(ghost.user);
    expect(seen).toEqual({ displayname: 'Zoé (Pigeon)', avatar_url: expect.stringMatching(/^mxc:/) });
    expect(await download(String(seen['avatar_url']), alice.accessToken)).toBe(200);
  });

  test('speaks although the homeserver allows no names, and although its picture cannot be had', async () => {
    await world.open({ openNetworkMedia: () => Promise.reject(new Error('no picture')) });
    await world.faults.add({ path: '/displayname', act: { kind: 'answer', status: 403, errcode: 'M_FORBIDDEN' } });
    const avatar = { hash: 'h1', source: { from: 'network', handle: 1 } } as const;
    for (const name of ['zoe', 'yan']) {
      const ghost = await world.wing.api.ghost(PIGEON, person(name), { id: person(name), name, avatar });
      await world.wing.api.bot.invite(room, ghost.user);
      await ghost.send(room, fresh(), text(name));
    }
    expect(await world.bodies(room)).toEqual(['zoe', 'yan']);
    expect((await profile(world.wing.api.ghostUser(PIGEON, person('yan'))))['displayname']).toBe('yan (Pigeon)');
  });

  test('gets its first picture at once, another when its time has come, and loses it when there is none any more', async () => {
    const clock = new MemoryClock();
    const opened: unknown[] = [];
    await world.open({
      clock,
      openNetworkMedia: (_network, source) => {
        opened.push(source.from === 'network' ? source.handle : source);
        return Promise.resolve(stream('picture'));
      },
    });
    const zoe = { id: person('zoe'), name: 'Zoé' };
    const pictured = async (handle: number | null | undefined): Promise<unknown> => {
      const source = { from: 'network', handle } as const;
      const avatar = handle === undefined ? {} : { avatar: handle === null ? null : { hash: `h${handle}`, source } };
      const ghost = await world.wing.api.ghost(PIGEON, person('zoe'), { ...zoe, ...avatar });
      return (await profile(ghost.user))['avatar_url'];
    };
    const later = async (until: (now: unknown) => boolean): Promise<void> => {
      clock.pass(600_000);
      const ghost = world.wing.api.ghostUser(PIGEON, person('zoe'));
      while (!until((await profile(ghost))['avatar_url'])) await new Promise((wake) => setImmediate(wake));
    };
    expect(await pictured(null)).toBeUndefined();
    const first = await pictured(1);
    expect(first).toMatch(/^mxc:/);
    expect(await pictured(undefined)).toBe(first);
    expect(await pictured(1)).toBe(first);
    expect(await pictured(2)).toBe(first);
    await later((now) => now !== first);
    expect(opened).toEqual([1, 2]);
    expect(await pictured(null)).toMatch(/^mxc:/);
    await later((now) => now === undefined);
    // It may come back as the first one did.
    expect(await pictured(2)).toMatch(/^mxc:/);
  });

  test('changes its profile at most every ten minutes, and then to the newest', async () => {
    const clock = new MemoryClock();
    await world.open({ clock });
    const named = async (name: string) =>
      await world.wing.api.ghost(PIGEON, person('zoe'), { id: person('zoe'), name });
    const { user: ghost } = await named('one');
    await named('two');
    await named('three');
    expect((await profile(ghost))['displayname']).toBe('one (Pigeon)');
    await world.faults.add({ path: '/displayname', times: 9, act: { kind: 'delay', ms: 0 } });
    clock.pass(600_000);
    while ((await profile(ghost))['displayname'] === 'one (Pigeon)') await new Promise((wake) => setImmediate(wake));
    expect((await profile(ghost))['displayname']).toBe('three (Pigeon)');
    expect(await world.faults.hits()).toEqual([1]);
  });
});

describe('a double puppet', () => {
  test('speaks as its person, once, and marks the room as direct', async () => {
    await world.join(alice, room);
    const double = await world.wing.api.double(user);
    expect(double?.user).toBe(user);
    const id = fresh();
    const event = await double?.send(room, id, text('from my phone'));
    expect(await double?.send(room, id, text('from my phone'))).toBe(event);
    expect((await world.timeline(room)).at(-1)).toMatchObject({ sender: user, content: { body: 'from my phone' } });
    const ghost = world.wing.api.ghostUser(PIGEON, person('zoe'));
    await world.wing.api.markDirect(user, room, ghost);
    await world.wing.api.markDirect(user, room, ghost);
    const path = `/user/${encodeURIComponent(user)}/account_data/m.direct`;
    expect((await world.ask(alice.accessToken, 'GET', path)).body).toEqual({ [ghost]: [room] });
  });

  test('says it once although the homeserver was killed in between', async () => {
    await world.join(alice, room);
    const double = await world.wing.api.double(user);
    const id = fresh();
    const event = await double?.send(room, id, text('once'));
    await world.hs.kill();
    await world.hs.restart();
    expect(await double?.send(room, id, text('once'))).toBe(event);
    expect(await world.bodies(room)).toEqual(['once']);
  });

  test('finds another device when its person signed that one out', async () => {
    const second = await world.hs.login('alice', 'pw');
    await world.join(second, room);
    const double = await world.wing.api.double(user);
    await double?.send(room, fresh(), text('one'));
    await world.store.vault.write([{ scope: 'matrix:double', key: user, value: Buffer.from('GONE') }]);
    await world.open();
    await (await world.wing.api.double(user))?.send(room, fresh(), text('two'));
    expect(await world.bodies(room)).toEqual(['one', 'two']);
  });

  test('is nobody outside of the second registration, and none of ours', async () => {
    const bob = await world.hs.registerUser('bob', 'pw');
    expect(await world.wing.api.double(bob.userId as UserId)).toBeUndefined();
    expect(await world.wing.api.double(world.wing.api.bot.user)).toBeUndefined();
    await world.open({ doublePuppetToken: 'not known there' });
    expect(await world.wing.api.double(user)).toBeUndefined();
    await world.open({ doublePuppetToken: undefined });
    expect(await world.wing.api.double(user)).toBeUndefined();
  });
});

describe('a medium', () => {
  test('is uploaded once, whatever answers are lost, and is not read without a token', async () => {
    const id = effectId('medium', 0);
    await world.faults.add({ method: 'PUT', path: '/media/v3/upload/', act: { kind: 'drop-after' } });
    await expect(world.wing.api.upload(id, stream('words'), 'w.txt')).rejects.toMatchObject({ retry: 'now' });
    await world.open();
    const uri = await world.wing.api.upload(id, stream('words'), 'w.txt');
    expect(await world.wing.api.upload(id, stream('words'), 'w.txt')).toBe(uri);
    const opened = await world.wing.api.openMedia({ from: 'matrix', uri });
    const chunks: Uint8Array[] = [];
    for await (const chunk of opened.chunks) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('words');
    expect(opened).toMatchObject({ mime: 'text/plain', size: 5 });
    expect(await download(uri, '')).toBe(401);
  });

  test('that another try is just filling is not taken for filled', async () => {
    const id = effectId('medium', 1);
    const act = { kind: 'answer', status: 409, errcode: 'M_CANNOT_OVERWRITE_MEDIA' } as const;
    await world.faults.add({ method: 'PUT', path: '/media/v3/upload/', act });
    await expect(world.wing.api.upload(id, stream('words'), 'w.txt')).rejects.toMatchObject({
      code: 'matrix-unavailable',
    });
    const uri = await world.wing.api.upload(id, stream('words'), 'w.txt');
    expect(await download(uri, alice.accessToken)).toBe(200);
  });

  test('that is not there is refused for good', async () => {
    const uri = 'mxc://hs.test/nothing' as MxcUri;
    await expect(world.wing.api.openMedia({ from: 'matrix', uri })).rejects.toMatchObject({ retry: 'never' });
  });
});
