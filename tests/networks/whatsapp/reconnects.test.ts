// When and how often a login comes back over the wire: waits that grow, a measure for the day that outlives a restart, bans that are sat
// out, and the person who may have it back at once. Logins are counted at WhatsApp.
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { NetworkSession } from '../../../src/ports/network.ts';
import { render } from '../../../src/words/index.ts';
import { LeapingClock } from './support/leaping-clock.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const LONGEST_MS = 600 * SECOND;
/** Time leaps while a line opens. */
const OPEN_MS = 30 * DAY;

setStage();

let clock: LeapingClock;
let scene: Scene;

beforeEach(async () => {
  clock = new LeapingClock();
  scene = await scenes.live({ openMs: OPEN_MS }, clock);
  await sandbox.write(scene.friend.id, scene.me.id, 'met');
  await scene.house.until(() => scene.house.texts(scene.chat).includes('met'));
});

const logins = async (): Promise<number> => (await sandbox.command('logins', { person: scene.me.id })).length;

async function cut(): Promise<void> {
  const before = scene.house.states.length;
  await sandbox.command('killSockets', { person: scene.me.id });
  await scene.house.until(() => scene.house.states.length > before);
}

const isOnline = (): boolean => scene.house.states.at(-1)?.state === 'online';

/** Ends the line, and lets the wait after it pass. */
async function drop(): Promise<void> {
  await cut();
  await clock.passUntil(isOnline, SECOND);
}

/** Of those who sleep, who comes back to open the line. */
const waits = (): readonly number[] => clock.slept.filter((ms) => ms <= LONGEST_MS);

/** As after the end of the process; not connected. */
async function again(): Promise<NetworkSession> {
  await scene.session.disconnect();
  await scene.adapter.close();
  return scenes.open(scene.house, { openMs: OPEN_MS }, clock).openSession(scene.puppet, scene.house.sink(scene.puppet));
}

const why = (): string | undefined => scene.house.states.at(-1)?.why?.human.key;

describe('a line that breaks', () => {
  test('is opened again after a second, and after twice as long each time in vain, ten minutes at most', async () => {
    const inVain = 12;
    await sandbox.command('failLogins', { person: scene.me.id, attrs: { reason: '503' }, times: inVain });
    const before = await logins();
    clock.slept.length = 0;
    await cut();
    for (let tried = 1; tried <= inVain + 1; tried += 1) {
      // Nobody comes before the half of each wait is over.
      const wait = Math.min(LONGEST_MS, 2 ** (tried - 1) * SECOND);
      await sandbox.waitFor(async () => await Promise.resolve(waits().length >= tried));
      await clock.pass(wait / 2 - 1);
      expect(await logins()).toBe(before + tried - 1);
      await clock.pass(wait / 2 + 1);
      await sandbox.waitFor(async () => (await logins()) === before + tried);
    }
    await scene.house.until(isOnline);
    for (const [attempt, ms] of waits()
      .slice(0, inVain + 1)
      .entries()) {
      const whole = Math.min(LONGEST_MS, 2 ** attempt * SECOND);
      expect([attempt, ms >= whole / 2, ms <= whole]).toEqual([attempt, true, true]);
    }
  });

  test('twenty times a day is enough: it waits, also over a restart, and says so once; its person may have it at once', async () => {
    const { house, chat, me, friend } = scene;
    // The first was when it was opened.
    for (let time = 1; time < 20; time += 1) await drop();
    const before = await logins();
    expect(house.told).toEqual([]);
    await cut();
    await house.until(() => why() === 'whatsapp.reconnects' && house.told.length === 1);
    await clock.pass(HOUR, HOUR / 6);
    const restarted = await again();
    const refused = await restarted.connect().catch((error: unknown) => error);
    expect(refused).toMatchObject({ retry: 'later', human: { key: 'whatsapp.reconnects' } });
    expect((refused as { notBefore: number }).notBefore).toBeGreaterThan(clock.now() + 22 * HOUR);
    expect([await logins(), why()]).toEqual([before, 'whatsapp.reconnects']);

    await restarted.connect('asked');
    expect(await logins()).toBe(before + 1);
    await restarted.perform(text(chat, 'asked for'), effect(), context);
    await sandbox.waitForText(friend.id, me.id, 'asked for');
    await cut();
    await house.until(() => why() === 'whatsapp.reconnects');
    await clock.pass(21 * HOUR, HOUR);
    expect(await logins()).toBe(before + 1);
    expect(house.told).toHaveLength(1);
    for (const language of ['en', 'fr'] as const)
      expect(render(house.told[0]?.words ?? { key: 'fault.internal' }, language)).toMatch(/20 .* UTC .*`reconn/);
    await clock.passUntil(isOnline, HOUR);
    expect(await logins()).toBe(before + 2);
  });

  test('is not counted while WhatsApp cannot even be reached', async () => {
    await sandbox.command('refuseConnections', { ms: 600_000 });
    await cut();
    for (let hour = 0; hour < 12; hour += 1) await clock.pass(HOUR, HOUR / 6);
    expect(scene.house.told).toEqual([]);
    await sandbox.command('refuseConnections', { ms: 0 });
    await clock.passUntil(isOnline, 60 * SECOND);
  });
});

describe('an account that is banned for a time', () => {
  const ban = { failure: { reason: '402', code: '104', expire: '7200' } } as const;

  test('comes back when it is over, and not before', async () => {
    const before = await logins();
    await sandbox.command('dismiss', { person: scene.me.id, how: ban });
    await scene.house.until(() => why() === 'whatsapp.ban-same');
    await clock.pass(2 * HOUR - 120 * SECOND, 600 * SECOND);
    expect(await logins()).toBe(before);
    const sent = scene.session.perform(text(scene.chat, 'too early'), effect(), context);
    await expect(sent).rejects.toMatchObject({ retry: 'later' });
    await clock.pass(240 * SECOND, 60 * SECOND);
    await scene.house.until(isOnline);
    await scene.session.perform(text(scene.chat, 'after it'), effect(), context);
    await sandbox.waitForText(scene.friend.id, scene.me.id, 'after it');
    expect((await sandbox.messages(scene.friend.id, scene.me.id)).map((one) => one.text)).not.toContain('too early');
  });

  test('is not tried over a restart, even when its person wants it, and says why and until when', async () => {
    const before = await logins();
    const start = clock.now();
    await sandbox.command('dismiss', { person: scene.me.id, how: ban });
    await scene.house.until(() => why() === 'whatsapp.ban-same');
    await clock.pass(HOUR);
    const restarted = await again();
    for (const by of [undefined, 'asked'] as const) {
      const refused = await restarted.connect(by).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        retry: 'later',
        notBefore: start + 2 * HOUR,
        human: { key: 'whatsapp.ban-same' },
      });
      expect(scene.house.states.at(-1)).toMatchObject({
        state: 'stopped',
        why: { human: { key: 'whatsapp.ban-same' } },
      });
    }
    expect(await logins()).toBe(before);
    await clock.pass(HOUR + SECOND);
    await restarted.connect();
    expect(await logins()).toBe(before + 1);
  });
});

describe('a phone that stays away', () => {
  const warned = (): readonly string[] => scene.house.told.map(({ words }) => `${words.key} ${words.with?.['days']}`);

  test('is said to its person on the days 10, 12 and 14, and no more once it is back', async () => {
    await clock.pass(9 * DAY, DAY / 4);
    expect(warned()).toEqual([]);
    await clock.pass(4 * DAY, DAY / 4);
    expect(warned()).toEqual(['whatsapp.phone-away 10', 'whatsapp.phone-away 12']);
    await clock.pass(2 * DAY, DAY / 4);
    expect(warned()[2]).toBe('whatsapp.phone-gone 14');
    await sandbox.command('advance', { ms: 15 * DAY });
    await sandbox.write(scene.me.id, scene.friend.id, 'here I am');
    await scene.house.until(() => scene.house.texts(scene.chat).includes('here I am'));
    await clock.pass(9 * DAY, DAY / 4);
    expect(warned()).toHaveLength(3);
    await clock.pass(2 * DAY, DAY / 4);
    expect(warned()[3]).toBe('whatsapp.phone-away 10');
  });
});
