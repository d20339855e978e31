// What cannot be read does not end a login: a damaged row is shown as one, what nobody foresaw is told and begun again. On the wire, with
// rows in the vault as a fault of ours may have left them.
import { describe, expect, test } from '@jest/globals';
import { RefusedError } from '../../../src/model/errors.ts';
import { vaultScope, type NetworkSink } from '../../../src/ports/network.ts';
import type { Clock } from '../../../src/ports/stores.ts';
import { realClock } from '../../support/house.ts';
import type { Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { messageOf } from './support/world.ts';

const DAY_MS = 86_400_000;

setStage();

/** As the next process finds it. */
async function kept({ house, puppet, session }: Scene, key: string, value: object | string): Promise<void> {
  await session.disconnect();
  const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  await house.keep([{ scope: vaultScope(puppet.id), key, value: bytes }]);
}

interface Damaged {
  readonly tag: string;
  readonly attrs: object;
}

function row({ tag, attrs }: Damaged): object {
  const enc = { tag: 'enc', attrs: { v: '2', type: 'msg' }, bytes: '' };
  const plain = Buffer.from([0x0a, 2, 0x68, 0x69, 1]).toString('base64');
  return { v: 1, at: Date.now(), seq: 1, node: { tag, attrs, children: [enc] }, parts: [{ plain }] };
}

async function again({ house, puppet }: Scene, sink = house.sink(puppet), clock?: Clock): Promise<Scene['session']> {
  const session = scenes.open(house, {}, clock).openSession(puppet, sink);
  await session.connect();
  return session;
}

describe('a row that cannot be read', () => {
  test.each([
    ['that somebody said', (by: string) => ({ from: by })],
    ['that was said in a group', (by: string) => ({ from: '1234-5678@g.us', participant: by })],
  ])('%s is shown as one, and what comes behind it as ever', async (_, where) => {
    const scene = await scenes.live();
    const { house, me, friend, chat } = scene;
    const attrs = { ...where(friend.lid), id: 'ODD1', t: '1700000000', notify: 5 };
    await kept(scene, 'journal/odd', row({ tag: 'message', attrs }));
    await again(scene);
    await sandbox.write(friend.id, me.id, 'and now to you');
    await house.until(() => house.texts(chat).includes('and now to you'));
    expect(house.events[0]).toMatchObject({
      kind: 'message',
      message: messageOf(friend, 'ODD1'),
      at: 1_700_000_000_000,
      parts: [{ kind: 'told', say: { key: 'whatsapp.unread' } }],
    });
    expect(house.events.filter(({ kind }) => kind === 'message')).toHaveLength(2);
    expect(house.states).toEqual([]);
  });

  test('or cannot be written down either is shown as one, and what came with it and behind it as ever', async () => {
    const scene = await scenes.live();
    const { house, puppet, me, friend, chat } = scene;
    const rows = ['M1', 'ODD1', 'M2'].map((id) =>
      row({ tag: 'message', attrs: { from: friend.lid, id, t: '1700000000' } }),
    );
    for (const [index, one] of rows.entries()) await kept(scene, `journal/${index}`, { ...one, seq: index + 1 });
    const sink = house.sink(puppet);
    const odd = messageOf(friend, 'ODD1');
    const refused: number[] = [];
    const accept: NetworkSink['accept'] = async (events, vault) => {
      const isOdd = events.some(
        (one) => one.kind === 'message' && one.message === odd && one.parts[0]?.kind === 'text',
      );
      if (!isOdd) return await sink.accept(events, vault);
      refused.push(events.length);
      throw new RefusedError('a text');
    };
    await again(scene, { ...sink, accept });
    await sandbox.write(friend.id, me.id, 'and now to you');
    await house.until(() => house.texts(chat).includes('and now to you'));
    expect(house.texts(chat)).toEqual(['hi', 'told', 'hi', 'and now to you']);
    expect(house.events[1]).toMatchObject({ message: odd, parts: [{ kind: 'told', say: { key: 'whatsapp.unread' } }] });
    expect([refused, house.states]).toEqual([[3, 1], []]);
  });

  test('in a chat that cannot be read either is told once', async () => {
    const scene = await scenes.live();
    const { house, me, friend, chat } = scene;
    await kept(scene, 'journal/odd', row({ tag: 'message', attrs: { from: 5, id: 'ODD1' } }));
    await kept(scene, 'journal/odder', row({ tag: 'notification', attrs: { from: friend.lid, type: 'w:gp2', id: 5 } }));
    await kept(scene, 'journal/oddest', row({ tag: 'notification', attrs: { from: 6, type: 'picture' } }));
    await again(scene);
    await sandbox.write(friend.id, me.id, 'and now to you');
    await house.until(() => house.texts(chat).includes('and now to you'));
    expect(house.texts()).toEqual(['and now to you']);
    expect(house.told.map(({ words }) => words.key)).toEqual(['whatsapp.unread-somewhere']);
    expect(house.states).toEqual([]);
  });
});

/** The adapter's own waits, but no others, are a tenth, or a moment where they are for days. */
const sleep: Clock['sleep'] = async (ms, signal) => await realClock.sleep(ms >= 600_000 ? 20 : ms / 10, signal);

test('what nobody foresaw is told with what to do, and what came is read with the next line', async () => {
  const scene = await scenes.live();
  const { house, puppet, me, friend, chat, session } = scene;
  await session.disconnect();
  let [refusing, stopped] = [false, false];
  const clock: Clock = {
    now: () => Date.now(),
    sleep: async (ms, signal) => {
      if (!stopped) return await sleep(ms, signal);
      stopped = false;
      throw new Error('a clock that stops');
    },
  };
  const sink: NetworkSink = {
    ...house.sink(puppet),
    accept: async (events, vault) => {
      if (!refusing || !events.some(({ kind }) => kind === 'message'))
        return await house.sink(puppet).accept(events, vault);
      // Whoever waits for the database now has no clock to wait by.
      [refusing, stopped] = [false, true];
      throw new Error('not now');
    },
  };
  await again(scene, sink, clock);
  refusing = true;
  await sandbox.write(friend.id, me.id, 'read at last');
  await house.until(() => house.states.at(-1)?.state === 'online');
  await house.until(() => house.texts(chat).includes('read at last'));
  expect(house.states).toMatchObject([
    { state: 'offline', why: { human: { key: 'whatsapp.trouble' } } },
    { state: 'online' },
  ]);
  expect(house.texts(chat)).toEqual(['read at last']);
});

test('what nobody foresaw and does not pass opens the line ever more rarely', async () => {
  const scene = await scenes.live();
  const { house, puppet, me, friend, chat, session } = scene;
  await session.disconnect();
  let stopped = false;
  const slept: number[] = [];
  const clock: Clock = {
    now: () => Date.now(),
    sleep: async (ms, signal) => {
      slept.push(ms);
      if (!stopped) return await sleep(ms, signal);
      stopped = false;
      throw new Error('a clock that stops');
    },
  };
  const sink: NetworkSink = {
    ...house.sink(puppet),
    accept: async (events, vault) => {
      stopped = house.states.filter(({ state }) => state === 'offline').length < 5;
      if (stopped && events.some(({ kind }) => kind === 'message')) throw new Error('not now');
      stopped = false;
      await house.sink(puppet).accept(events, vault);
    },
  };
  await again(scene, sink, clock);
  await sandbox.write(friend.id, me.id, 'read at last');
  await house.until(() => house.texts(chat).includes('read at last'));
  // Between 8 and 16 s is the fifth wait of a line.
  expect(slept.some((ms) => ms >= 8_000 && ms < 16_000)).toBe(true);
});

test('what is only looked at because of what came ends nothing', async () => {
  const scene = await scenes.live();
  const { house, puppet, me, friend, chat, session } = scene;
  await session.disconnect();
  let armed = false;
  const looked = Promise.withResolvers<void>();
  const sink = house.sink(puppet);
  const portalKey: NetworkSink['portalKey'] = (...chosen) => {
    if (!armed) return sink.portalKey(...chosen);
    looked.resolve();
    throw new Error('no such chat');
  };
  await again(scene, { ...sink, portalKey });
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(chat).includes('met'));
  armed = true;
  await sandbox.command('changePerson', { id: friend.id, picture: true });
  await looked.promise;
  armed = false;
  await sandbox.write(friend.id, me.id, 'still there');
  await house.until(() => house.texts(chat).includes('still there'));
  expect(house.texts(chat)).toEqual(['met', 'still there']);
  expect(house.states).toEqual([]);
});

test('a login of which something kept cannot be read says so, and opens once it can', async () => {
  const scene = await scenes.live();
  const { house, puppet, me, friend, chat } = scene;
  await kept(scene, 'journal/odd', '{');
  await expect(again(scene)).rejects.toMatchObject({
    code: 'whatsapp-unreadable-state',
    retry: 'later',
    human: { key: 'whatsapp.unreadable-state' },
  });
  expect(house.states).toMatchObject([{ state: 'offline', why: { code: 'whatsapp-unreadable-state' } }]);
  await house.keep([{ scope: vaultScope(puppet.id), key: 'journal/odd', value: null }]);
  await again(scene);
  await sandbox.write(friend.id, me.id, 'here again');
  await house.until(() => house.texts(chat).includes('here again'));
});

test('a phone that stays away is told of although the database was away at that moment', async () => {
  let [days, refused] = [0, 0];
  const scene = await scenes.live();
  const { house, puppet, session } = scene;
  await session.disconnect();
  const tell: NetworkSink['tell'] = async (...words) => {
    refused += 1;
    if (refused < 3) throw new Error('away');
    await house.sink(puppet).tell(...words);
  };
  const clock: Clock = { now: () => Date.now() + days * DAY_MS, sleep };
  await again(scene, { ...house.sink(puppet), tell }, clock);
  days = 11;
  await house.until(() => house.told.some(({ words }) => words.key === 'whatsapp.phone-away'));
  expect(refused).toBeGreaterThan(2);
});
