// Sending over the wire to a homeserver that fails in every way it can: one event each time, and failures that say what they are.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FaultRule } from '../../sandbox/homeserver/homeserver.ts';
import { BridgeError } from '../../src/model/errors.ts';
import type { EventId, RoomId } from '../../src/model/ids.ts';
import { BOT, fresh, person, PIGEON, text, WingWorld, type Json } from '../support/wing-world.ts';

let world: WingWorld;
let room: RoomId;
let chats = 0;

beforeAll(async () => {
  world = await WingWorld.start();
  await world.open();
});
afterAll(async () => await world.end());
beforeEach(async () => {
  await world.faults.clear();
  chats += 1;
  room = (await world.wing.api.ensureRoom(world.spec(`c${chats}`))).room;
});

const SEND: Pick<FaultRule, 'method' | 'path'> = { method: 'PUT', path: '/send/m.room.message/' };
const failure = async (work: Promise<unknown>): Promise<BridgeError> => {
  const caught: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(caught instanceof BridgeError)) throw new Error('it did not fail as it should');
  return caught;
};
const ghost = async (name = 'zoe') => {
  const speaker = await world.wing.api.ghost(PIGEON, person(name));
  const { bot } = world.wing.api;
  await bot.invite(room, speaker.user);
  await speaker.join(room);
  return speaker;
};

describe('one effect is one event', () => {
  test.each<readonly [string, FaultRule['act']]>([
    ['the answer is lost', { kind: 'drop-after' }],
    ['the request is lost', { kind: 'drop-before' }],
    ['the homeserver lies that it failed', { kind: 'answer', status: 502, text: '<html>', execute: true }],
  ])('when %s', async (_how, act) => {
    const speaker = await ghost();
    await world.faults.add({ ...SEND, act, times: 2 });
    const id = fresh();
    const event = await speaker.send(room, id, text('once'));
    expect(await speaker.send(room, id, text('once'))).toBe(event);
    expect(await world.bodies(room)).toEqual(['once']);
    expect(await world.faults.hits()).toEqual([2]);
  });

  test('a reaction that stands already, from under another transaction id, is found; another one is another event', async () => {
    const [speaker, other] = [await ghost(), await ghost('ana')];
    const target = await speaker.send(room, fresh(), text('liked'));
    const events = [await speaker.react(room, fresh(), target, '👍'), await other.react(room, fresh(), target, '👍')];
    expect(await speaker.react(room, fresh(), target, '👍')).toBe(events[0]);
    expect(await other.react(room, fresh(), target, '👍')).toBe(events[1]);
    const third = await speaker.react(room, fresh(), target, '🎉');
    const all = (await world.timeline(room)).filter(({ type }) => type === 'm.reaction');
    expect(all.map((one) => one['event_id'])).toEqual([...events, third]);
  });

  test('also after the homeserver was killed, for which every speaker names its device', async () => {
    const speaker = await ghost();
    const [one, two] = [fresh(), fresh()];
    const events = [await speaker.send(room, one, text('a')), await world.wing.api.bot.send(room, two, text('b'))];
    await world.hs.kill();
    await world.hs.restart();
    expect([await speaker.send(room, one, text('a')), await world.wing.api.bot.send(room, two, text('b'))]).toEqual(
      events,
    );
    expect(await world.bodies(room)).toEqual(['a', 'b']);
  });

  test('found again by its marker when the transaction id is forgotten', async () => {
    const speaker = await ghost();
    const [id, other] = [fresh(), fresh()];
    const event = await speaker.send(room, id, text('marked'));
    expect(await world.wing.api.findDelivered(room, id)).toBe(event);
    expect(await world.wing.api.findDelivered(room, other)).toBeUndefined();
  });

  test('a thousand events later it is left open whether it is there', async () => {
    const speaker = await ghost();
    const id = fresh();
    await speaker.send(room, id, text('long ago'));
    for (let n = 0; n < 1000; n += 1) await speaker.send(room, fresh(), text(`${n}`));
    expect(await world.wing.api.findDelivered(room, id)).toBe('beyond');
  });
});

test('an event is seen as it is now: whose, of when, taken back or not, in its newest words; one that never was is not there', async () => {
  const speaker = await ghost();
  const [kept, gone] = [fresh(), fresh()];
  const stays = await speaker.send(room, kept, text('stays'));
  const goes = await speaker.send(room, gone, text('goes'));
  await world.wing.api.bot.redact(room, fresh(), goes);
  const { api } = world.wing;
  const [now, at] = [Date.now(), expect.any(Number)];
  expect(await api.lookAtEvent(room, goes)).toEqual({ sender: speaker.user, at, redacted: true });
  const look = await api.lookAtEvent(room, stays);
  expect(look).toEqual({ sender: speaker.user, at, redacted: false, words: 'stays' });
  expect((await api.eventsBefore(room, goes))[0]).toBe(stays);
  expect(Math.abs((look?.at ?? 0) - now)).toBeLessThan(60_000);
  expect(await api.lookAtEvent(room, '$never' as EventId)).toBeUndefined();
  await speaker.edit(room, fresh(), stays, text('older'));
  await speaker.edit(room, fresh(), stays, text('changed'));
  expect((await api.lookAtEvent(room, stays))?.words).toBe('changed');
  const told = await speaker.send(room, fresh(), { kind: 'unsupported', what: 'a notice' });
  expect(await api.lookAtEvent(room, told)).toEqual({ sender: speaker.user, at, redacted: false });
  await speaker.edit(room, fresh(), told, text('words at last'));
  expect((await api.lookAtEvent(room, told))?.words).toBe('words at last');
});

describe('a failure says what it is', () => {
  test.each<readonly [string, FaultRule['act'], object]>([
    [
      'a limit, with when to come back',
      { kind: 'answer', status: 429, errcode: 'M_LIMIT_EXCEEDED', retryAfterMs: 90_000 },
      { code: 'matrix-limited', retry: 'later' },
    ],
    [
      'an overload',
      { kind: 'answer', status: 503, errcode: 'M_UNKNOWN' },
      { code: 'matrix-unavailable', retry: 'now', mayHaveHappened: true },
    ],
    ['a dead socket', { kind: 'drop-before' }, { code: 'matrix-unavailable', retry: 'now', mayHaveHappened: true }],
    [
      'a proxy that has lost its homeserver',
      { kind: 'answer', status: 404, text: '<html>not here</html>' },
      { code: 'matrix-unavailable', retry: 'later' },
    ],
    [
      'a proxy that forbids',
      { kind: 'answer', status: 403, text: '<html>no</html>' },
      { code: 'matrix-unavailable', retry: 'later' },
    ],
    ['too much', { kind: 'answer', status: 413, text: 'x' }, { code: 'matrix-too-large', retry: 'never' }],
  ])('%s', async (_what, act, expected) => {
    const { bot } = world.wing.api;
    await world.faults.add({ ...SEND, act, times: 9 });
    expect(await failure(bot.send(room, fresh(), text('x')))).toMatchObject(expected);
  });

  test('a limit is not tried again before its time', async () => {
    const act = { kind: 'answer', status: 429, errcode: 'M_LIMIT_EXCEEDED', retryAfterMs: 90_000 } as const;
    await world.faults.add({ ...SEND, act, times: 9 });
    const before = Date.now();
    const { notBefore = 0 } = await failure(world.wing.api.bot.send(room, fresh(), text('x')));
    expect(notBefore - before).toBeGreaterThanOrEqual(90_000);
    expect(await world.faults.hits()).toEqual([1]);
  });

  test('the same through the library: profile, membership, state', async () => {
    const { bot } = world.wing.api;
    await world.faults.add({ path: '/join/', act: { kind: 'answer', status: 502, text: '<html>' } });
    expect(await failure(bot.join(room))).toMatchObject({ code: 'matrix-unavailable', retry: 'now' });
    await world.faults.add({
      path: '/join/',
      act: { kind: 'answer', status: 429, errcode: 'M_LIMIT_EXCEEDED', retryAfterMs: 90_000 },
    });
    const limited = await failure(bot.join(room));
    expect(limited).toMatchObject({ code: 'matrix-limited', retry: 'later' });
    expect((limited.notBefore ?? 0) - Date.now()).toBeGreaterThan(60_000);
    await world.faults.add({ path: '/join/', act: { kind: 'drop-before' } });
    expect(await failure(bot.join(room))).toMatchObject({ code: 'matrix-unavailable', retry: 'now' });
    const speaker = await world.wing.api.ghost(PIGEON, person('outside'));
    expect(await failure(speaker.join(room))).toMatchObject({ code: 'matrix-forbidden', retry: 'never' });
  });
});

describe('a ghost', () => {
  test('that was kicked is invited, joins and says it under the same id', async () => {
    const speaker = await ghost();
    await speaker.send(room, fresh(), text('before'));
    await world.wing.api.bot.kick(room, speaker.user);
    await speaker.send(room, fresh(), text('after'));
    expect(await world.bodies(room)).toEqual(['before', 'after']);
    await world.wing.api.bot.kick(room, speaker.user);
    await world.wing.api.bot.invite(room, speaker.user);
    await speaker.join(room);
    expect((await world.wing.api.members(room)).get(speaker.user)).toBe('join');
  });

  test('that is banned is refused for good', async () => {
    const speaker = await ghost();
    await world.asBot('POST', `/rooms/${encodeURIComponent(room)}/ban`, { user_id: speaker.user });
    expect(await failure(speaker.send(room, fresh(), text('x')))).toMatchObject({
      code: 'matrix-forbidden',
      retry: 'never',
    });
  });

  test('whose device somebody deleted makes it anew', async () => {
    const { api } = world.wing;
    const user = api.ghostUser(PIGEON, person('lost'));
    const username = user.slice(1).split(':')[0];
    await world.ask('as-token', 'POST', '/register', {
      type: 'm.login.application_service',
      username,
      inhibit_login: true,
    });
    await world.store.ghosts.save({ network: PIGEON, person: person('lost'), user, registered: true });
    const speaker = await ghost('lost');
    await speaker.send(room, fresh(), text('with a device again'));
    expect(await world.bodies(room)).toEqual(['with a device again']);
  });

  test('whom a restored homeserver has forgotten altogether is made anew', async () => {
    const user = world.wing.api.ghostUser(PIGEON, person('forgotten'));
    await world.store.ghosts.save({ network: PIGEON, person: person('forgotten'), user, registered: true });
    const speaker = await world.wing.api.ghost(PIGEON, person('forgotten'));
    await speaker.send(room, fresh(), text('back again'));
    expect(await world.bodies(room)).toEqual(['back again']);
  });

  test('has never power, and nobody gives it any when the room refuses it something', async () => {
    const speaker = await ghost();
    await failure(speaker.kick(room, world.wing.api.bot.user));
    await failure(speaker.invite(room, as(BOT), true));
    const levels = await world.state(room, 'm.room.power_levels');
    expect(Object.keys((levels['users'] ?? {}) as Json).filter((user) => user.startsWith('@_pg_'))).toEqual([]);
  });
});

describe('what is sent', () => {
  test('carries the time of the network, the marker and the mark of what is late', async () => {
    const speaker = await ghost();
    await speaker.send(room, fresh(), text('old'), { at: 86_400_000, late: true });
    const event = (await world.timeline(room)).at(-1);
    expect(event).toMatchObject({
      origin_server_ts: 86_400_000,
      content: { body: 'old', 'fr.passerelle.late': true, 'fr.passerelle.delivery': expect.any(String) },
    });
  });

  test('says the words of what is too large with its marks, without them', async () => {
    const speaker = await ghost();
    const words = '<'.repeat(15_000);
    const body = {
      kind: 'text',
      as: 'text',
      text: { text: words, spans: [{ kind: 'bold', start: 0, length: 5 }] },
    } as const;
    const event = await speaker.send(room, fresh(), body);
    await speaker.edit(room, fresh(), event, body);
    const [sent, edit] = (await world.timeline(room)).slice(-2).map((one) => one['content'] as Json);
    expect(sent).toMatchObject({ body: words });
    expect(sent?.['formatted_body']).toBeUndefined();
    expect(edit?.['m.new_content']).toMatchObject({ body: words });
    expect(await failure(speaker.send(room, fresh(), text('é'.repeat(40_000))))).toMatchObject({
      code: 'matrix-too-large',
      retry: 'never',
    });
  });
});

function as(user: string) {
  return user as typeof world.wing.api.bot.user;
}
