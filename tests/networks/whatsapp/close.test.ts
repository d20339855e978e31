// A login that is closed leaves nothing behind: judged in a process of its own by what Node says is left of it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { sandbox, setStage } from './support/stage.ts';

const PROGRAM = join(import.meta.dirname, 'support', 'closed-down.ts');

setStage();

async function left(
  cure: 'on' | 'off',
  story: 'plain' | 'cut' = 'plain',
): Promise<{ readonly resources: readonly string[]; readonly timers: readonly string[] }> {
  const { control, url, rootKey } = sandbox;
  const ready = JSON.stringify({ control, url, rootKey: rootKey.toString('hex') });
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ready, cure, story]);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof left>>;
}

test('close leaves no timer and no socket', async () => {
  expect(await left('on')).toEqual({ resources: [], timers: [] });
});

test('what was still under way when its line ended keeps no process alive', async () => {
  expect((await left('on', 'cut')).resources).toEqual([]);
});

test('the library leaves timers by itself (cure timers: false)', async () => {
  const { resources, timers } = await left('off');
  expect(resources).toContain('Timeout');
  // The time limit of an upload of keys, 30 s.
  expect(timers).toContainEqual(expect.stringContaining('Socket/socket.js'));
});
