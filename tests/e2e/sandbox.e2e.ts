// `npm run sandbox` on a real Synapse: what it takes when nobody asks for anything, and the conversation it plays there.
import { afterEach, expect, test } from '@jest/globals';
import { linesOf, SandboxRun } from '../sandbox/play/support.ts';

const runs: SandboxRun[] = [];

afterEach(async () => {
  for (const one of runs.splice(0)) await one.clean();
});

test('the sandbox takes Synapse by itself, and every line crosses', async () => {
  const sandbox = new SandboxRun(['--once']);
  runs.push(sandbox);
  const code = await sandbox.ended;
  expect(sandbox.output).toContain('Homeserver: Synapse, the real one.');
  expect(sandbox.output).toMatch(/\n(\d+) of \1 crossed/);
  expect(code).toBe(0);
  const { arrived } = linesOf(sandbox.output);
  expect(arrived.filter((line) => line.startsWith('→ Matrix')).length).toBeGreaterThanOrEqual(11);
  expect(arrived.filter((line) => line.startsWith('→ Telegram')).length).toBeGreaterThanOrEqual(5);
  expect(arrived.filter((line) => line.startsWith('→ WhatsApp')).length).toBeGreaterThanOrEqual(4);
  expect(sandbox.left()).toEqual([]);
}, 240_000);
