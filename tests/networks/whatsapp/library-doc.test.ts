// docs/whatsapp-library.md tells the truth: each test it names exists, each switch too, and nobody but tests turns one off.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { allCures } from '../../../src/networks/whatsapp/cures.ts';
import { filesOf } from '../../support/house-rules.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const doc = readFileSync(join(root, 'docs', 'whatsapp-library.md'), 'utf8');
const rows = doc
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const folder = join(root, 'tests', 'networks', 'whatsapp');
const texts = filesOf(folder)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(folder, file), 'utf8'));

function quoted(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/`([^`]+)`/g)].map(([, words]) => words ?? '');
}

test('every test that is named exists', () => {
  const names = new Set(
    texts.flatMap((text) => [...text.matchAll(/\(\s*(['"`])([^\n]+?)\1,\s*(?:async )?\(/g)].map(([, , name]) => name)),
  );
  const named = rows.flatMap((cells) => quoted(cells[4]));
  expect(named.filter((name) => !names.has(name))).toEqual([]);
  expect(named.length).toBeGreaterThan(15);
});

test('every defect has a row, and every row a test or a reason', () => {
  expect(rows.map((cells) => Number(cells[1]))).toEqual(Array.from({ length: rows.length }, (_, index) => index + 1));
  for (const [, number, , cure, shown] of rows) {
    const excused = (cure ?? '').startsWith('not needed') && (shown ?? '').startsWith('none');
    expect([number, excused || quoted(shown).length > 0]).toEqual([number, true]);
  }
});

test('every switch is written down, read by the adapter, and turned off by some test that is named for it', () => {
  const written = new Set(rows.flatMap((cells) => quoted(cells[3])));
  const source = filesOf(join(root, 'src', 'networks', 'whatsapp')).map((file) =>
    readFileSync(join(root, 'src', 'networks', 'whatsapp', file), 'utf8'),
  );
  for (const cure of Object.keys(allCures)) {
    const off = texts.some((text) => text.includes(`(cure ${cure}: false)`));
    const read = source.some((text) => new RegExp(`\\bcures\\.${cure}\\b`).test(text));
    expect({ cure, written: written.has(cure), off, read }).toEqual({ cure, written: true, off: true, read: true });
  }
  expect(Object.values(allCures)).not.toContain(false);
});

test('only tests turn one off', () => {
  const outside = filesOf(join(root, 'src')).filter(
    (file) => !file.startsWith('networks/') && /\bcures\b/.test(readFileSync(join(root, 'src', file), 'utf8')),
  );
  expect(outside).toEqual([]);
});
