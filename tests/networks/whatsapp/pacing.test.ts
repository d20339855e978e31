// How much a login does, counted under a clock of our own; what is allowed, what waits and what is refused in words.
import { describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../../src/model/errors.ts';
import type { ChatId } from '../../../src/model/ids.ts';
import { backOff, DailyBudget } from '../../../src/networks/whatsapp/budget.ts';
import { Pacing, PACING_KEY, type SendAsk } from '../../../src/networks/whatsapp/pacing.ts';
import { settingsSchema } from '../../../src/networks/whatsapp/settings.ts';

const { pacing: settings } = settingsSchema.parse({});
const DAY = 86_400_000;
const NOW = 100 * DAY;
const old = (): Pacing => new Pacing(settings, 0);
const known = (chat = 'l5'): SendAsk => ({ chat: chat as ChatId, established: true });
const fresh = (chat: string): SendAsk => ({ chat: chat as ChatId, established: false });
const LONG = 'Bonjour, je déménage : voici ma nouvelle adresse !';

/** What the ledger holds when everything is packed. */
const packed = (pacing: Pacing, now: number): ReadonlyMap<string, Uint8Array> =>
  new Map([[PACING_KEY, pacing.pack(now)]]);

/** Sends, and keeps what has to be kept with it. */
function send(pacing: Pacing, ask: SendAsk, now: number, ledger: Map<string, Uint8Array>): void {
  for (const { key, value } of pacing.send(ask, now)) {
    if (value === null) ledger.delete(key);
    else ledger.set(key, value);
  }
}

/** The refusal's code, or when it may be tried again, or undefined when it may go. */
function refusal(pacing: Pacing, ask: SendAsk, now: number): string | number | undefined {
  try {
    pacing.send(ask, now);
    return undefined;
  } catch (error) {
    if (error instanceof BridgeError) return error.retry === 'later' ? error.notBefore : error.human.key;
    throw error;
  }
}

/** How many go in this time when whoever waits comes back exactly when told. */
function sentWithin(ms: number, ask: SendAsk, pacing = old()): number {
  let sent = 0;
  for (let now = NOW; now < NOW + ms;) {
    const until = refusal(pacing, ask, now);
    if (until === undefined) sent += 1;
    else now = Number(until);
  }
  return sent;
}

describe('messages', () => {
  test('five at once, twenty a minute, whoever pushes', () => {
    expect(sentWithin(1, known())).toBe(5);
    expect(sentWithin(60_000, known())).toBe(20);
    expect(sentWithin(600_000, known())).toBe(200);
  });

  test('as many as the configuration says', () => {
    const busy = settingsSchema.parse({ pacing: { sendsAtOnce: 50, sendsPerMinute: 300 } }).pacing;
    const quiet = settingsSchema.parse({ pacing: { sendsAtOnce: 1, sendsPerMinute: 2 } }).pacing;
    expect(sentWithin(1, known(), new Pacing(busy, 0))).toBe(50);
    expect(sentWithin(60_000, known(), new Pacing(busy, 0))).toBe(300);
    expect(sentWithin(60_000, known(), new Pacing(quiet, 0))).toBe(2);
    expect(settingsSchema.safeParse({ pacing: { sendsPerMinute: 0 } }).success).toBe(false);
  });

  test('are written down in few bytes, however many there were', () => {
    const { pacing: open } = settingsSchema.parse({ pacing: { sendsAtOnce: 500, sendsPerMinute: 5000 } });
    const pacing = new Pacing(open, 0);
    const ledger = new Map<string, Uint8Array>();
    for (let i = 0; i < 10_000; i += 1) {
      const changes = pacing.send({ ...known(`l${i % 20}`), text: `${LONG} ${i}` }, NOW + i * 50);
      expect(changes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)).toBeLessThan(100);
      for (const { key, value } of changes) {
        if (value === null) ledger.delete(key);
        else ledger.set(key, value);
      }
    }
    expect(ledger.size).toBe(500);
    expect(pacing.pack(NOW + 10_000 * 50).length).toBeLessThan(32_000);
  });

  test('six files a minute', () => {
    expect(sentWithin(60_000, { ...known(), media: true })).toBe(6);
  });

  test('are counted over a restart', () => {
    const pacing = old();
    for (let i = 0; i < 5; i += 1) pacing.send(known(), NOW);
    expect(refusal(new Pacing(settings, 0, packed(pacing, NOW)), known(), NOW)).toBe(NOW + 5000);
    expect(() => new Pacing(settings, 0, new Map([[PACING_KEY, Buffer.from('{}')]]))).toThrow();
  });

  test('are counted over a restart when a long text was the last that was written down', () => {
    const pacing = old();
    const ledger = new Map(packed(pacing, NOW));
    for (let i = 0; i < 5; i += 1) send(pacing, { ...known(), text: `${LONG} ${i}` }, NOW + i, ledger);
    expect(refusal(new Pacing(settings, 0, ledger), known(), NOW + 10)).toBe(NOW + 5000);
  });

  test('wait for the end of a ban', () => {
    const pacing = old();
    pacing.ban({ until: NOW + DAY, code: '104' });
    expect(refusal(new Pacing(settings, 0, packed(pacing, NOW)), known(), NOW)).toBe(NOW + DAY);
    expect(refusal(pacing, known(), NOW + DAY)).toBeUndefined();
  });
});

describe('new chats', () => {
  test('five a day, fifteen a week, and those begun stay open', () => {
    const pacing = old();
    const begunOn = (day: number): number => {
      const tries = Array.from({ length: 10 }, (_, i) =>
        refusal(pacing, fresh(`l${day}${i}`), NOW + day * DAY + i * 60_000),
      );
      return tries.filter((one) => one === undefined).length;
    };
    expect([0, 1, 2, 3].map(begunOn)).toEqual([5, 5, 5, 0]);
    const later = NOW + 3 * DAY + 3_600_000;
    expect(refusal(pacing, fresh('l00'), later)).toBeUndefined();
    expect(refusal(pacing, fresh('new'), later)).toBe('whatsapp.pace-new-chats-week');
    expect(refusal(pacing, known('answered'), later)).toBeUndefined();
    expect(begunOn(7)).toBe(5);
  });

  test('say so when the day is full', () => {
    const pacing = old();
    for (let i = 0; i < 5; i += 1) pacing.send(fresh(`l${i}`), NOW + i * 60_000);
    expect(refusal(pacing, fresh('l9'), NOW + DAY / 2)).toBe('whatsapp.pace-new-chats');
  });

  test('none in the first seven days of a link, while answers go', () => {
    const young = new Pacing(settings, NOW);
    expect(refusal(young, fresh('l5'), NOW + 7 * DAY - 1)).toBe('whatsapp.pace-young');
    expect(refusal(young, known(), NOW + 1)).toBeUndefined();
    expect(refusal(young, fresh('l5'), NOW + 7 * DAY)).toBeUndefined();
  });

  test('none while WhatsApp restricts the account, while the others go on', () => {
    const pacing = old();
    pacing.restrict({ until: NOW + DAY, guessed: true });
    const kept = new Pacing(settings, 0, packed(pacing, NOW));
    expect(refusal(kept, fresh('l5'), NOW)).toBe('whatsapp.restricted');
    expect(refusal(kept, known(), NOW)).toBeUndefined();
    expect(refusal(kept, fresh('l5'), NOW + DAY)).toBeUndefined();
    kept.restrict({ until: NOW + DAY, guessed: false });
    expect(refusal(kept, fresh('l6'), NOW)).toBe('whatsapp.restricted-until');
    kept.restrict(undefined);
    expect(refusal(kept, fresh('l6'), NOW)).toBeUndefined();
  });
});

describe('the same text', () => {
  test('goes to five chats in a day, however it is spelled; the sixth is refused', () => {
    const pacing = old();
    const ledger = new Map<string, Uint8Array>();
    for (let i = 0; i < 5; i += 1)
      send(pacing, { ...known(`l${i}`), text: i % 2 === 0 ? LONG : LONG.toUpperCase() }, NOW + i * 60_000, ledger);
    const again = new Pacing(settings, 0, ledger);
    expect(refusal(again, { ...known('l9'), text: `  ${LONG}` }, NOW + 400_000)).toBe('whatsapp.pace-same-text');
    expect(refusal(again, { ...known('l0'), text: LONG }, NOW + 500_000)).toBeUndefined();
    expect(refusal(again, { ...known('l9'), text: `${LONG} Zoé` }, NOW + 600_000)).toBeUndefined();
    expect(refusal(again, { ...known('l9'), text: LONG }, NOW + 2 * DAY)).toBeUndefined();
  });

  test('is not minded when it is short, and is kept by its hash only', () => {
    const pacing = old();
    for (let i = 0; i < 9; i += 1)
      expect(refusal(pacing, { ...known(`l${i}`), text: 'ok' }, NOW + i * 60_000)).toBeUndefined();
    const ledger = new Map<string, Uint8Array>();
    send(pacing, { ...known('l5'), text: LONG }, NOW + DAY, ledger);
    const kept = [...ledger, ...packed(pacing, NOW + DAY)].map(
      ([key, value]) => `${key} ${Buffer.from(value).toString()}`,
    );
    expect(kept.length).toBe(2);
    expect(kept.join()).not.toMatch(/bonjour|déménage|l5/i);
  });
});

test('twenty look-ups a day, no group by default, thirty profiles a minute', () => {
  const pacing = old();
  for (let i = 0; i < 20; i += 1) pacing.lookUp(NOW + i);
  expect(() => {
    pacing.lookUp(NOW + 30);
  }).toThrow('whatsapp-pace-look-up');
  pacing.lookUp(NOW + DAY + 40);
  expect(() => {
    pacing.makeGroup(NOW);
  }).toThrow('whatsapp-pace-group');
  for (let i = 0; i < 30; i += 1) expect(pacing.profile(NOW)).toBe(NOW);
  expect(pacing.profile(NOW)).toBe(NOW + 60_000);
});

test('three links, or twenty reconnects, a day', () => {
  const budget = new DailyBudget(3);
  expect([0, 1, 2].map((i) => budget.take(NOW + i))).toEqual([NOW, NOW + 1, NOW + 2]);
  const again = new DailyBudget(3, budget.kept());
  expect(again.take(NOW + 3)).toBe(NOW + DAY);
  expect(again.take(NOW + DAY)).toBe(NOW + DAY);
  const reconnects = new DailyBudget(settings.reconnectsPerDay);
  const taken = Array.from({ length: 30 }, (_, i) => reconnects.take(NOW + i)).filter((at, i) => at === NOW + i);
  expect(taken.length).toBe(20);
});

test('reconnects wait twice as long each time, spread, ten minutes at most', () => {
  expect([0, 1, 2, 9, 10, 5000].map((attempt) => backOff(attempt, 1))).toEqual([
    1000, 2000, 4000, 512_000, 600_000, 600_000,
  ]);
  expect(backOff(3, 0)).toBe(4000);
});

describe('settings', () => {
  const url = 'ws://127.0.0.1:4000/ws/chat';
  const root = 'ab'.repeat(32);
  test('are safe as they come', () => {
    expect(settingsSchema.parse({})).toEqual({
      enabled: true,
      deviceName: 'Passerelle bridge',
      disappearing: 'keep',
      loginsPerPerson: 1,
      pacing: {
        sendsAtOnce: 5,
        sendsPerMinute: 20,
        newChatsPerDay: 5,
        newChatsPerWeek: 15,
        youngLinkDays: 7,
        lookupsPerDay: 20,
        groupsPerDay: 0,
        reconnectsPerDay: 20,
      },
      presence: false,
      dangerousTestServers: false,
    });
    expect(settingsSchema.parse({ pacing: { newChatsPerDay: 1 } }).pacing).toMatchObject({
      newChatsPerDay: 1,
      newChatsPerWeek: 15,
    });
  });

  test.each<[string, object]>([
    ['test servers without saying so', { test: { url, root } }],
    ['more messages in five seconds than any account', { pacing: { sendsAtOnce: 501 } }],
    ['more messages a minute than any account', { pacing: { sendsPerMinute: 5001 } }],
    ['saying so without test servers', { dangerousTestServers: true }],
    ['test servers elsewhere', { dangerousTestServers: true, test: { url: 'wss://web.whatsapp.com/ws/chat', root } }],
    [
      'servers that only begin like this machine',
      { dangerousTestServers: true, test: { url: 'ws://localhost.example/', root } },
    ],
    ['a count below nothing', { pacing: { newChatsPerDay: -1 } }],
    ['a count beyond reason', { pacing: { newChatsPerDay: 1000 } }],
    ['an unknown setting', { colour: 'red' }],
  ])('refuse %s', (_name, given) => {
    expect(settingsSchema.safeParse(given).success).toBe(false);
  });

  test('take a simulator on this machine', () => {
    expect(settingsSchema.safeParse({ dangerousTestServers: true, test: { url, root } }).success).toBe(true);
  });
});
