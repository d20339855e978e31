// Nothing may be skipped, narrowed or tried again: reads every test file, since the linter knows some of these words only. Knows no
// test's subject.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { filesOf } from './support/house-rules.ts';

const TESTS = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(TESTS, '..');

/** Calls, so that a sentence may still speak of skipping. */
const FORBIDDEN =
  /\b(?:x(?:it|test|describe)|f(?:it|describe))\s*[(.`]|\b(?:test|it|describe)(?:\.(?:concurrent|each))*\.(?:skip|only|todo|failing)\b|\bretryTimes\b|--passWithNoTests/g;

function shirking(text: string): string[] {
  return [...text.matchAll(FORBIDDEN)].map(([word]) => word);
}

test('no test is skipped, left to do, run alone or tried again', () => {
  const self = 'nothing-skipped.test.ts';
  const found = filesOf(TESTS)
    .filter((file) => file !== self)
    .flatMap((file) => shirking(readFileSync(join(TESTS, file), 'utf8')).map((word) => `${file}: ${word}`));
  expect(found).toEqual([]);
  for (const file of ['jest.config.mjs', 'package.json', 'scripts/boot.mjs', '.ci/run']) {
    expect([file, shirking(readFileSync(join(ROOT, file), 'utf8'))]).toEqual([file, []]);
  }
});

test.each([
  ["test.skip('a', () => {})", 'test.skip'],
  ["test.concurrent.only('a')", 'test.concurrent.only'],
  ["xdescribe('a', () => {})", 'xdescribe('],
  ["fit('a', () => {})", 'fit('],
  ["test.todo('a')", 'test.todo'],
  ["test.failing('a', () => {})", 'test.failing'],
  ['jest.retryTimes(3)', 'retryTimes'],
  ["expect('profit (net)').toBe(1)", undefined],
])('reads %s', (text, word) => {
  expect(shirking(text)).toEqual(word === undefined ? [] : [word]);
});

test('the linter refuses the words that it knows', () => {
  const { rules } = JSON.parse(readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8')) as {
    readonly rules: Readonly<Record<string, string>>;
  };
  expect(rules).toMatchObject({ 'jest/no-disabled-tests': 'error', 'jest/no-focused-tests': 'error' });
});
