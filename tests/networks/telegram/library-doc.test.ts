// docs/telegram-library.md tells the truth: each test it names exists, each switch too, and nobody but tests turns one off.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { allCures } from '../../../src/networks/telegram/cures.ts';
import { filesOf } from '../../support/house-rules.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const doc = readFileSync(join(root, 'docs', 'telegram-library.md'), 'utf8');
const rows = doc
  .split('\n')
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

function quoted(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/`([^`]+)`/g)].map(([, words]) => words ?? '');
}

test('every test that is named exists', () => {
  const tests = filesOf(join(root, 'tests')).filter((file) => file.endsWith('.test.ts'));
  const names = new Set(
    tests.flatMap((file) => [
      ...[...readFileSync(join(root, 'tests', file), 'utf8').matchAll(/\(\s*(['"`])([^\n]+?)\1,\s*(?:async )?\(/g)].map(
        ([, , name]) => name,
      ),
    ]),
  );
  const named = [...rows.flatMap((cells) => quoted(cells[4])), ...quoted(doc.split('## What is known')[1])];
  const missing = named.filter((name) => / /.test(name) && !names.has(name));
  expect(missing).toEqual([]);
  expect(named.length).toBeGreaterThan(28);
});

test('every defect has a row, and every row a test or a reason', () => {
  expect(rows.map((cells) => Number(cells[1]))).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
  for (const [, number, , cure, shown] of rows) {
    const excused = (cure ?? '').startsWith('not needed') && (shown ?? '').startsWith('none');
    expect([number, excused || quoted(shown).length > 0]).toEqual([number, true]);
  }
});

test('every defect that is cured is shown with its cure off, or as the library has it by itself', () => {
  // Being kept apart is all that helps against the last one.
  const unshown = rows.filter(([, number, , cure, shown]) => {
    const excused = (cure ?? '').startsWith('not needed') || number === '28';
    const switched = quoted(cure).some((name) => Object.hasOwn(allCures, name));
    return !excused && !switched && !quoted(shown).some((name) => /\blibrary\b/.test(name));
  });
  expect(unshown.map(([, number]) => number)).toEqual([]);
});

test('every switch is read by the adapter, and some test turns it off', () => {
  const folder = join(root, 'tests', 'networks', 'telegram');
  const blocks = filesOf(folder)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split(/^(?= *test\b| *(?:async )?function\b)/m));
  const source = filesOf(join(root, 'src', 'networks', 'telegram')).map((file) =>
    readFileSync(join(root, 'src', 'networks', 'telegram', file), 'utf8'),
  );
  for (const cure of Object.keys(allCures)) {
    // Written out, or a parameter of that name which the same test gives both ways.
    const off = new RegExp(`\\b${cure}: false\\b|\\(${cure}(?:: boolean)?[,)](?=[^]*\\(false\\))`);
    const table = new RegExp(`^ *test\\.each\\((?=[^]*\\bfalse\\b)[^]*\\(${cure}[,)]`);
    const shown = blocks.filter((block) => off.test(block) || table.test(block)).length;
    const read = source.filter((text) => new RegExp(`\\bcures\\.${cure}\\b`).test(text)).length;
    expect({ cure, shown: shown > 0, read: read > 0 }).toEqual({ cure, shown: true, read: true });
  }
});

test('every switch is written down, and only tests turn one off', () => {
  const written = new Set(rows.flatMap((cells) => quoted(cells[3])));
  expect(Object.keys(allCures).filter((cure) => !written.has(cure))).toEqual([]);
  expect(Object.values(allCures)).not.toContain(false);
  const source = filesOf(join(root, 'src'));
  const outside = source.filter(
    (file) =>
      // WhatsApp has switches of its own, and a test of their page.
      !/^networks\/(?:telegram|whatsapp)\//.test(file) &&
      /cures|createTelegram\([^)]*,[^)]*,/.test(readFileSync(join(root, 'src', file), 'utf8')),
  );
  expect(outside).toEqual([]);
});
