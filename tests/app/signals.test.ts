// What a signal to a whole group of processes means: the launcher hands it on, and it is one request all the same.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';

const signals = new URL('../../src/app/signals.ts', import.meta.url).href;
const PROGRAM = `
const { stopSignal } = await import(${JSON.stringify(signals)});
const say = (line) => process.stdout.write(line + '\\n');
const log = { debug() {}, info() {}, error() {}, warn: (_facts, line) => say(line) };
const stop = stopSignal(log);
const alive = setInterval(() => undefined, 1000);
say('ready');
stop.signal.addEventListener('abort', () => say('asked'));
process.stdin.once('data', () => { clearInterval(alive); process.exit(0); });
`;

async function program() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => (await lines.next()).value;
  const ended = once(child, 'exit');
  expect(await next()).toBe('ready');
  return { child, next, ended };
}

test('the same request twice at once lets what is in hand end', async () => {
  const { child, next, ended } = await program();
  child.kill('SIGTERM');
  expect(await next()).toBe('asked');
  child.kill('SIGTERM');
  child.kill('SIGINT');
  child.stdin.end('done\n');
  expect(await ended).toEqual([0, null]);
});

test('asked again later, it ends at once', async () => {
  const { child, next, ended } = await program();
  child.kill('SIGTERM');
  expect(await next()).toBe('asked');
  while (child.exitCode === null) {
    child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(await ended).toEqual([143, null]);
});
