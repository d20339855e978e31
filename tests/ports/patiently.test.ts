// Waiting for the database: longer from try to try, not for ever when nobody waits any more, and not at all for a lost lease or a refusal.
import { expect, test } from '@jest/globals';
import { FencedError, RefusedError } from '../../src/model/errors.ts';
import { patiently } from '../../src/ports/patiently.ts';
import type { LogFacts } from '../../src/ports/stores.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { quiet } from '../support/quiet.ts';

const AWAY = new Error('the database is away');

function patient(): {
  clock: MemoryClock;
  closing: AbortController;
  warned: (readonly [LogFacts, string])[];
  run: <T>(work: () => Promise<T>) => Promise<T>;
} {
  const clock = new MemoryClock();
  const closing = new AbortController();
  const warned: (readonly [LogFacts, string])[] = [];
  const log = { ...quiet, warn: (facts: LogFacts, line: string): void => void warned.push([facts, line]) };
  const patience = { clock, log, facts: { network: 'pigeon' }, closing: closing.signal };
  return {
    clock,
    closing,
    warned,
    run: async (work) => await patiently(patience, 'it was not written, will try again', work),
  };
}

test('what fails is done again, after ever longer waits of at most ten seconds, and each failure is said', async () => {
  const { clock, warned, run } = patient();
  let tries = 0;
  const done = run(async () => {
    tries += 1;
    if (tries <= 9) throw AWAY;
    return await Promise.resolve('written');
  });
  const waits = [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000];
  for (const [index, ms] of waits.entries()) {
    await settled(() => clock.isAwaited());
    clock.pass(ms - 1);
    expect([tries, clock.isAwaited()]).toEqual([index + 1, true]);
    clock.pass(1);
  }
  expect(await done).toBe('written');
  expect(warned.map(([{ ms }]) => ms)).toEqual(waits);
  expect(warned[0]).toEqual([{ network: 'pigeon', error: AWAY, ms: 100 }, 'it was not written, will try again']);
});

test('a lost lease is not waited for', async () => {
  const { warned, run } = patient();
  const fenced = new FencedError('a test');
  await expect(run(async () => await Promise.reject(fenced))).rejects.toBe(fenced);
  expect(warned).toEqual([]);
});

test('what the database never takes is not tried again', async () => {
  const { clock, warned, run } = patient();
  const refused = new RefusedError('a test');
  let tries = 0;
  const done = run(async () => {
    tries += 1;
    return await Promise.reject(refused);
  });
  await expect(done).rejects.toBe(refused);
  expect([tries, warned, clock.isAwaited()]).toEqual([1, [], false]);
});

test('when nobody waits any more, the wait ends at once, and a failure after that is the last', async () => {
  const { clock, closing, run } = patient();
  let tries = 0;
  const fails = async (): Promise<never> => {
    tries += 1;
    return await Promise.reject(AWAY);
  };
  const waiting = run(fails);
  await settled(() => clock.isAwaited());
  closing.abort();
  await expect(waiting).rejects.toThrow('aborted');
  expect(tries).toBe(1);
  await expect(run(fails)).rejects.toBe(AWAY);
  expect(tries).toBe(2);
});

/** Lets promises settle until it is so. */
async function settled(so: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !so(); turn += 1) await Promise.resolve();
  expect(so()).toBe(true);
}
