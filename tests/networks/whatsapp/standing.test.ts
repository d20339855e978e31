// What WhatsApp lets an account do, and how each connection ended: told with one next action, kept over a restart, over when it is over.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import { as, type ChatId } from '../../../src/model/ids.ts';
import { momentOf } from '../../../src/model/moment.ts';
import { PACING_KEY } from '../../../src/networks/whatsapp/pacing.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import type { Clock } from '../../../src/ports/stores.ts';
import { render } from '../../../src/words/index.ts';
import { realClock } from '../../support/house.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, newPerson } from './support/world.ts';

const DAY_MS = 86_400_000;
const YOUNG_DAYS = 8;

setStage();

/** The bridge's days ahead of this machine's clock. */
let days = 0;
/** Whoever sleeps for an hour or more sleeps until the days have passed. */
const clock: Clock = {
  now: () => Date.now() + days * DAY_MS,
  sleep: async (ms, signal) => {
    const until = clock.now() + ms;
    do await realClock.sleep(Math.min(20, Math.max(0, until - clock.now())), signal);
    while (clock.now() < until);
  },
};

afterEach(() => {
  days = 0;
});

/** A link that is no longer young, with a chat that a friend began. */
async function grown(): Promise<Scene & { readonly stranger: Person }> {
  const scene = await scenes.live({}, clock);
  days = YOUNG_DAYS;
  await sandbox.write(scene.friend.id, scene.me.id, 'met');
  await scene.house.until(() => scene.house.texts(scene.chat).includes('met'));
  return { ...scene, stranger: await newPerson(sandbox) };
}

function newest({ house }: Pick<Scene, 'house'>): string | undefined {
  return house.states.at(-1)?.why?.human.key;
}

describe('an account that may begin no new chats', () => {
  test('is told so at once and until when, goes on in the chats it has, also after a restart, until WhatsApp says otherwise', async () => {
    const scene = await grown();
    const { house, me, chat, session, adapter, puppet, stranger } = scene;
    const seconds = YOUNG_DAYS * 86_400 + 7_200;
    await sandbox.command('setAccountState', { id: me.id, state: 'restricted', seconds });
    await house.until(() => newest(scene) === 'whatsapp.restricted-until');
    const said = render(house.states.at(-1)?.why?.human ?? { key: 'whatsapp.empty' }, 'en');
    expect(said).toContain(new Date(Date.now() + seconds * 1000).toISOString().slice(0, 13).replace('T', ' '));
    expect(house.states.at(-1)?.state).toBe('online');
    const until = house.states.at(-1)?.why?.notBefore ?? 0;
    expect(momentOf(until)).toBe(house.states.at(-1)?.why?.human.with?.['until']);
    const anew = as<ChatId>(idOf(stranger));
    const refused = { retry: 'never', human: { key: 'whatsapp.restricted-until' } };
    await expect(session.perform(text(anew, 'hello?'), effect(), context)).rejects.toMatchObject(refused);
    await session.perform(text(chat, 'you I may answer'), effect(), context);
    await adapter.close();
    const states = house.states.length;
    const again = scenes.open(house, {}, clock).openSession(puppet, house.sink(puppet));
    await again.connect();
    expect(house.states.slice(states)).toMatchObject([{ state: 'online', why: { human: refused.human } }]);
    await expect(again.perform(text(anew, 'and now?'), effect(), context)).rejects.toMatchObject(refused);
    await sandbox.command('setAccountState', { id: me.id, state: 'ok' });
    await house.until(() => newest(scene) === undefined);
    await again.perform(text(anew, 'hello'), effect(), context);
    expect((await sandbox.messages(stranger.id, me.id)).map((one) => one.text)).toEqual(['hello']);
  });

  test('may again when the time is over, although nobody says so', async () => {
    const scene = await grown();
    const { house, me, session, stranger } = scene;
    await sandbox.command('setAccountState', { id: me.id, state: 'restricted', seconds: YOUNG_DAYS * 86_400 + 60 });
    await house.until(() => newest(scene) === 'whatsapp.restricted-until');
    days += 1;
    await house.until(() => newest(scene) === undefined && house.states.at(-1)?.state === 'online');
    await expect(session.perform(text(as<ChatId>(idOf(stranger)), 'hello?'), effect(), context)).rejects.toMatchObject({
      code: 'whatsapp-nack-463',
    });
  });

  test('is not called online when the time is over while its line stays closed', async () => {
    const { house, me, puppet, adapter } = await grown();
    await sandbox.command('setAccountState', { id: me.id, state: 'restricted', seconds: YOUNG_DAYS * 86_400 + 60 });
    await house.until(() => house.states.at(-1)?.why?.human.key === 'whatsapp.restricted-until');
    await sandbox.command('dismiss', { person: me.id, how: { failure: { reason: '405' } } });
    await house.until(() => house.states.at(-1)?.state === 'stopped');
    const kept = async (): Promise<{ readonly restrictedUntil: number }> =>
      JSON.parse(
        Buffer.from((await house.vault.readAll(vaultScope(puppet.id))).get(PACING_KEY) ?? []).toString(),
      ) as Awaited<ReturnType<typeof kept>>;
    expect((await kept()).restrictedUntil).toBeGreaterThan(0);
    days += 1;
    while ((await kept()).restrictedUntil > 0) await realClock.sleep(20);
    await adapter.close();
    expect(house.states.at(-1)?.state).toBe('stopped');
  });

  test('learns until when from the refusal of a message, and that a refusal was none of the account', async () => {
    const scene = await grown();
    const { house, me, session, stranger } = scene;
    const other = await newPerson(sandbox);
    await sandbox.command('onDelivery', { person: me.id, device: 1, how: 'drop', kind: 'notification' });
    await sandbox.command('setAccountState', { id: me.id, state: 'restricted', seconds: YOUNG_DAYS * 86_400 + 7_200 });
    const nack = { code: 'whatsapp-nack-463' };
    await expect(session.perform(text(as<ChatId>(idOf(stranger)), 'a'), effect(), context)).rejects.toMatchObject(nack);
    expect(newest(scene)).toBe('whatsapp.restricted-until');
    await sandbox.command('setAccountState', { id: me.id, state: 'ok' });
    await house.until(() => newest(scene) === undefined);
    await sandbox.command('failNext', { person: me.id, what: 'message', code: 463 });
    await expect(session.perform(text(as<ChatId>(idOf(other)), 'b'), effect(), context)).rejects.toMatchObject(nack);
    expect(newest(scene)).toBeUndefined();
    await session.perform(text(as<ChatId>(idOf(other)), 'c'), effect(), context);
  });
});

describe('an account that is banned for a time', () => {
  test('keeps its link, says why and until when, and goes on by itself when the ban is over', async () => {
    const scene = await scenes.live({}, clock);
    const { house, me, puppet, friend, chat } = scene;
    await sandbox.command('setAccountState', { id: me.id, state: 'temp-banned', code: 104, seconds: 7_200 });
    const [told] = await house.until(() => house.states.length > 0 && house.states);
    expect([told?.state, told?.why?.human.key]).toEqual(['stopped', 'whatsapp.ban-same']);
    const until = new Date(Date.now() + 7_200_000).toISOString().slice(0, 13).replace('T', ' ');
    expect(render(told?.why?.human ?? { key: 'whatsapp.empty' }, 'fr')).toContain(until);
    expect((await house.vault.readAll(vaultScope(puppet.id))).has('creds')).toBe(true);
    const logins = (await sandbox.command('logins', { person: me.id })).length;
    await sandbox.write(friend.id, me.id, 'meanwhile');
    days = 1;
    await sandbox.command('advance', { ms: DAY_MS });
    await house.until(() => house.texts(chat).includes('meanwhile'));
    await house.until(() => house.states.at(-1)?.state === 'online');
    expect(house.states.map(({ state }) => state)).toEqual(['stopped', 'online']);
    expect(await sandbox.command('logins', { person: me.id })).toHaveLength(logins + 1);
  });
});

test('a phone that is switched off for two weeks of the clock takes the link with it', async () => {
  const { house, me } = await scenes.live();
  await sandbox.command('setOnline', { id: me.id, online: false });
  await sandbox.command('advance', { ms: 13 * DAY_MS });
  expect((await sandbox.person(me.id)).devices).toHaveLength(2);
  await sandbox.command('advance', { ms: 2 * DAY_MS });
  const told = await house.until(() => house.states.find(({ state }) => state === 'signed-out'));
  expect(told.why?.human.key).toBe('whatsapp.logged-out');
});

describe('a connection that ends, and will be opened again by itself, says why while it is away:', () => {
  test.each([
    [{ streamError: '408' }, 'whatsapp.timed-out'],
    [{ streamError: '428' }, 'whatsapp.line-lost'],
    [{ streamError: '429' }, 'network.rate-limited'],
    [{ streamError: '463' }, 'whatsapp.restricted'],
    [{ streamError: '500' }, 'whatsapp.server-fault'],
    [{ failure: { reason: '500' } }, 'whatsapp.server-fault'],
    [{ streamError: '503' }, 'whatsapp.busy'],
    [{ failure: { reason: '503' } }, 'whatsapp.busy'],
    ['restart', 'whatsapp.restarting'],
    [{ streamError: '477' }, 'whatsapp.ended'],
    [{ failure: { reason: '418' } }, 'whatsapp.ended'],
  ] as const)('%j', async (how, key) => {
    const { house, me, friend, chat } = await scenes.live();
    await sandbox.command('dismiss', { person: me.id, how });
    await house.until(() => house.states.at(-1)?.state === 'online');
    expect(house.states.map(({ state, why }) => [state, why?.human.key, why?.alert])).toEqual([
      ['offline', key, false],
      ['online', undefined, undefined],
    ]);
    await sandbox.write(friend.id, me.id, 'still there');
    await house.until(() => house.texts(chat).includes('still there'));
  });

  test('a cut cable', async () => {
    const { house, me } = await scenes.live();
    await sandbox.command('killSockets', { person: me.id });
    const told = await house.until(() => house.states[0]);
    expect([told.state, told.why?.human.key]).toEqual(['offline', 'whatsapp.line-lost']);
  });

  test('a phone without linked devices (411), which ends the link', async () => {
    const { house, me } = await scenes.live();
    await sandbox.command('dismiss', { person: me.id, how: { streamError: '411' } });
    const told = await house.until(() => house.states[0]);
    expect([told.state, told.why?.human.key]).toEqual(['signed-out', 'whatsapp.no-multi-device']);
  });
});

test.each([
  [{ failure: { reason: '405' } }, true],
  [{ failure: { reason: '409' } }, true],
  ['replaced', true],
  ['removed', false],
] as const)('whoever runs the bridge has to hear of %j: %j', async (how, alert) => {
  const { house, me } = await scenes.live();
  await sandbox.command('dismiss', { person: me.id, how });
  const told = await house.until(() => house.states[0]);
  expect(told.why?.alert).toBe(alert);
});
