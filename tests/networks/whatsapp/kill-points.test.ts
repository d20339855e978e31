// A crash between any two writes: at every write of a conversation, just before it and just after it, and what each cure is for.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { allCures, type Cures } from '../../../src/networks/whatsapp/cures.ts';
import { mendLibsignal } from '../../../src/networks/whatsapp/state/libsignal.ts';
import { Life, type Outcome } from './support/life.ts';
import type { Moment } from './support/mortal.ts';

const good = { lost: [], unreadable: [], wrong: [], doubled: [], withoutReceipt: 0 };
const MOST = 100;

/** How many writes a life has, when whoever writes waits for the disk, and when only frames do. */
const writes = { waiting: 0, gated: 0 };

/** They have nothing in common, and wait more than they work: so many are lived at a time. */
const AT_ONCE = 8;

/** One life for each write up to this one, in their order, until somebody has seen enough. */
async function* lives(last: number, live: (at: number) => Promise<Outcome>): AsyncGenerator<[number, Outcome]> {
  for (let from = 1; from <= last; from += AT_ONCE) {
    const points = Array.from({ length: Math.min(AT_ONCE, last - from + 1) }, (_, index) => from + index);
    const outcomes = await Promise.all(points.map(async (at) => [at, await live(at)] as [number, Outcome]));
    yield* outcomes;
  }
}

beforeAll(async () => {
  mendLibsignal(allCures);
  writes.waiting = (await new Life(0, 'after').run()).writes;
  writes.gated = (await new Life(0, 'after', {}, true).run()).writes;
});

test('nobody dies, nothing is lost, and the points are as many as the writes', async () => {
  expect(await new Life(0, 'after').run()).toEqual({ ...good, writes: writes.waiting });
  expect(writes.waiting).toBeLessThan(MOST);
});

test('what is written while only frames wait is written in fewer commits, and nothing is lost', async () => {
  expect(await new Life(0, 'after', {}, true).run()).toEqual({ ...good, writes: writes.gated });
  expect(writes.gated).toBeGreaterThan(20);
  expect(writes.gated).toBeLessThan(writes.waiting - 6);
});

describe.each([
  ['before', 'waiting'],
  ['after', 'waiting'],
  ['before', 'gated'],
  ['after', 'gated'],
] as const)('a crash just %s each write, %s', (moment, how) => {
  test('loses nothing, asks for nothing again, uses no number twice', async () => {
    const bad: { at: number; outcome: Partial<Outcome> }[] = [];
    const live = async (at: number): Promise<Outcome> => await new Life(at, moment, {}, how === 'gated').run();
    for await (const [at, { writes: _writes, ...outcome }] of lives(writes[how], live)) {
      if (JSON.stringify(outcome) !== JSON.stringify(good)) bad.push({ at, outcome });
    }
    expect(bad).toEqual([]);
  }, 180_000);
});

describe('without a cure some point does harm', () => {
  /** The first harm that any point does. */
  async function harm(
    cures: Partial<Cures>,
    look: (outcome: Outcome) => readonly string[],
  ): Promise<readonly string[]> {
    for (const moment of ['before', 'after'] satisfies Moment[]) {
      const live = async (at: number): Promise<Outcome> => await new Life(at, moment, cures).run();
      for await (const [, outcome] of lives(Math.min(MOST, writes.waiting + 11), live)) {
        const found = look(outcome);
        if (found.length > 0) return found;
      }
    }
    return [];
  }

  test('defect 1: what was decrypted cannot be read again (cure journal: false)', async () => {
    expect(await harm({ journal: false }, (outcome) => outcome.unreadable)).not.toEqual([]);
  }, 180_000);

  test('defect 6: a prekey gets the number of another (cure keysWithCreds: false)', async () => {
    expect(await harm({ keysWithCreds: false }, (outcome) => outcome.doubled)).not.toEqual([]);
  }, 180_000);

  test('defect 7: two messages are encrypted with one key (cure stepFirst: false)', async () => {
    expect(await harm({ stepFirst: false }, (outcome) => outcome.unreadable)).not.toEqual([]);
  }, 180_000);
});
