// The phone's last contact over weeks of a clock that stands still until it is moved: warnings on their days, once; knows no wire.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Say } from '../../../src/model/say.ts';
import { contactIn, PhoneWatch } from '../../../src/networks/whatsapp/phone-watch.ts';
import { render } from '../../../src/words/index.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { turns } from '../../support/flow-world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let clock: MemoryClock;
let told: { cause: string; words: Say; day: number }[];
let stop: AbortController;
let start: number;

beforeEach(() => {
  clock = new MemoryClock();
  start = clock.now();
  told = [];
  stop = new AbortController();
});

afterEach(() => stop.abort());

function watch(kept?: number): PhoneWatch {
  const tell = async (cause: string, words: Say): Promise<void> => {
    await Promise.resolve();
    told.push({ cause, words, day: Math.floor((clock.now() - start) / DAY) });
  };
  const doors = { scope: 'login:x', clock, sink: { tell } };
  const one = new PhoneWatch(doors, kept === undefined ? undefined : Buffer.from(String(kept)));
  one.run(stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return one;
}

async function pass(days: number): Promise<void> {
  for (let hour = 0; hour < days * 24; hour += 6) {
    clock.pass(6 * HOUR);
    await turns(3);
  }
}

test('whoever leaves the phone away is warned on day 10, 12 and 14; what is said after that has the cause of day 14, and is not told again', async () => {
  watch();
  await pass(9);
  expect(told).toEqual([]);
  await pass(7);
  expect(new Set(told.map(({ cause }) => cause.split('/').at(-1)))).toEqual(new Set(['10', '12', '14']));
  expect(told.map(({ day }) => day)).toEqual([10, 12, 14, 15, 16]);
  expect(told.map(({ words }) => words.key).slice(0, 3)).toEqual([
    'whatsapp.phone-away',
    'whatsapp.phone-away',
    'whatsapp.phone-gone',
  ]);
  for (const language of ['en', 'fr'] as const)
    for (const { words } of told) expect(render(words, language)).not.toMatch(/\{\w+\}|whatsapp\./);
});

test('a phone that shows itself begins the days anew', async () => {
  const one = watch();
  await pass(11);
  one.heard(clock.now());
  await pass(9);
  expect(told.map(({ day }) => day)).toEqual([10]);
  await pass(2);
  expect(told.map(({ day }) => day)).toEqual([10, 21]);
  expect(new Set(told.map(({ cause }) => cause)).size).toBe(2);
});

test('what the bridge was told while it was away itself is heard before it warns', async () => {
  const one = watch(start - 13 * DAY);
  await turns();
  expect(told).toEqual([]);
  one.heard(start - DAY);
  await pass(2);
  expect(told).toEqual([]);
});

test('is written down once an hour at most', () => {
  const one = watch(start);
  expect(one.heard(start + 60_000)).toBeUndefined();
  const change = one.heard(start + HOUR);
  expect(contactIn(change?.value ?? undefined)).toBe(start + HOUR);
  expect(one.heard(start + HOUR + 60_000)).toBeUndefined();
  expect(one.heard(start)).toBeUndefined();
});
