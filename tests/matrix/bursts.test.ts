// Sends in bursts: who goes at once, who waits for whom, and that nobody waits for ever. Knows no homeserver.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Bursts } from '../../src/matrix/bursts.ts';

interface Sent {
  readonly name: string;
  readonly answer: () => void;
  readonly refuse: (error: Error) => void;
}

let sent: Sent[];
let bursts: Bursts;

beforeEach(() => {
  jest.useFakeTimers();
  sent = [];
  bursts = new Bursts(1_000);
});

afterEach(() => {
  jest.useRealTimers();
});

async function send(name: string): Promise<string> {
  return await bursts.run(
    async () =>
      await new Promise<string>((resolve, reject) => {
        sent.push({ name, answer: () => resolve(name), refuse: reject });
      }),
  );
}

const names = (): readonly string[] => sent.map(({ name }) => name);
const turns = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);

test('goes at once when nothing is under way', async () => {
  const first = send('first');
  await turns();
  expect(names()).toEqual(['first']);
  sent[0]?.answer();
  expect(await first).toBe('first');
  void send('second');
  await turns();
  expect(names()).toEqual(['first', 'second']);
});

test('gathers what comes meanwhile, and lets it go together when a tenth of those before have their answer', async () => {
  const burst = Array.from({ length: 20 }, (_, at) => `b${at}`);
  const all = [send('a')];
  await turns();
  all.push(...burst.map(send));
  await turns();
  expect(names()).toEqual(['a']);
  sent[0]?.answer();
  await turns();
  expect(names()).toEqual(['a', ...burst]);
  all.push(send('c'), send('d'));
  sent[1]?.answer();
  await turns();
  expect(names()).toEqual(['a', ...burst]);
  sent[2]?.answer();
  await turns();
  expect(names()).toEqual(['a', ...burst, 'c', 'd']);
  for (const one of sent) one.answer();
  expect(await Promise.all(all)).toEqual(['a', ...burst, 'c', 'd']);
});

test('goes on after a refusal, which its sender hears', async () => {
  const refused = send('refused').then(
    () => 'sent',
    (error: unknown) => String(error),
  );
  await turns();
  const next = send('next');
  sent[0]?.refuse(new Error('no'));
  expect(await refused).toBe('Error: no');
  await turns();
  sent[1]?.answer();
  expect(await next).toBe('next');
});

test('does not wait longer than it may for one that hangs, and the next ones not at all', async () => {
  void send('hangs');
  await turns();
  void send('waits');
  await jest.advanceTimersByTimeAsync(999);
  expect(names()).toEqual(['hangs']);
  await jest.advanceTimersByTimeAsync(1);
  expect(names()).toEqual(['hangs', 'waits']);
  void send('later');
  await turns();
  expect(names()).toEqual(['hangs', 'waits']);
  sent[1]?.answer();
  await turns();
  expect(names()).toEqual(['hangs', 'waits', 'later']);
  // The late answer changes nothing: one is still under way.
  sent[0]?.answer();
  void send('last');
  await turns();
  expect(names()).toEqual(['hangs', 'waits', 'later']);
  sent[2]?.answer();
  await turns();
  expect(names()).toEqual(['hangs', 'waits', 'later', 'last']);
});
