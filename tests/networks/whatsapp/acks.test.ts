// Whoever waits for the server's word hears of it, of its absence, or of the end; without a socket.
import { expect, test } from '@jest/globals';
import { Acks } from '../../../src/networks/whatsapp/acks.ts';
import { MemoryClock } from '../../support/memory-clock.ts';

const MOST_MS = 1_000;

/** Turns of the smallest kind between the end of one wait and the beginning of the next. */
test.each([...Array(12).keys()])(
  'what may leave %i turns after nobody was waited for any more is waited for',
  async (turns) => {
    const clock = new MemoryClock();
    const acks = new Acks(clock, MOST_MS, new AbortController().signal);
    const first = acks.wait('first', Promise.resolve());
    await new Promise(setImmediate);
    clock.pass(MOST_MS);
    let kept = Promise.resolve();
    for (let turn = 0; turn < turns; turn += 1) kept = kept.then(() => undefined);
    const second = acks.wait('second', kept);
    await expect(first).rejects.toMatchObject({ retry: 'now', mayHaveHappened: true });
    await new Promise(setImmediate);
    expect(clock.isAwaited()).toBe(true);
    clock.pass(MOST_MS);
    await expect(second).rejects.toMatchObject({ retry: 'now' });
  },
);

test('the end is heard by all, and a late word by nobody', async () => {
  const acks = new Acks(new MemoryClock(), MOST_MS, new AbortController().signal);
  const answered = acks.wait('answered', Promise.resolve());
  const waiting = [acks.wait('one', Promise.resolve()), acks.wait('two', new Promise(() => undefined))];
  acks.heard({ tag: 'ack', attrs: { id: 'answered', t: '7' } });
  acks.over();
  acks.heard({ tag: 'ack', attrs: { id: 'one', t: '8' } });
  expect(await answered).toBe(7_000);
  for (const one of waiting) await expect(one).rejects.toMatchObject({ retry: 'now', mayHaveHappened: true });
});

test('what is waited for after the end is failed at once', async () => {
  const ended = new AbortController();
  const acks = new Acks(new MemoryClock(), MOST_MS, ended.signal);
  ended.abort();
  acks.over();
  const late = acks.wait('late', new Promise(() => undefined));
  await expect(late).rejects.toMatchObject({ retry: 'now', mayHaveHappened: true });
});
