// docs/rooms.md says nothing that no test shows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..', '..');

test('every line of docs/rooms.md names a test that exists', () => {
  const lines = readFileSync(join(root, 'docs', 'rooms.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what') && !line.startsWith('| ---'));
  expect(lines.length).toBeGreaterThan(15);
  const missing = lines.filter((line) => {
    const cell = line.split('|').at(-2) ?? '';
    const [, file = 'tests/flow/rooms.test.ts', name = ''] = /(?:(tests\/\S+): )?`([^`]+)`/.exec(cell) ?? [];
    return name === '' || !readFileSync(join(root, file), 'utf8').includes(`test('${name}'`);
  });
  expect(missing).toEqual([]);
});
