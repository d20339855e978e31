// Nothing may be skipped, narrowed or tried again: the linter forbids it, and this, the second net, sees that it does, and reads
// every test file and the commands besides. Knows no test's subject.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

const SHIRKING = `import { describe, expect, it, jest, test } from '@jest/globals';
jest.retryTimes(3);
test.todo('a thing to do');
it.todo('another');
test.skip('a', () => expect(1).toBe(1));
it.skip('a', () => expect(1).toBe(1));
describe.skip('a', () => undefined);
test.skip.each([1])('a %i', (n) => expect(n).toBe(1));
test.failing('a', () => expect(1).toBe(2));
test.concurrent.skip('a', async () => expect(await Promise.resolve(1)).toBe(1));
test.only('a', () => expect(1).toBe(1));
it.only.each([1])('a %i', (n) => expect(n).toBe(1));
describe.only('a', () => undefined);
xit('a', () => expect(1).toBe(1));
xtest('a', () => expect(1).toBe(1));
xdescribe('a', () => undefined);
fit('a', () => expect(1).toBe(1));
fdescribe('a', () => undefined);
const { retryTimes } = jest;
`;

test('the linter itself refuses each of them', () => {
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-lint-'));
  try {
    writeFileSync(join(dir, 'shirking.test.ts'), SHIRKING);
    const linter = join(ROOT, 'node_modules', 'oxlint', 'bin', 'oxlint');
    const said = spawnSync(process.execPath, [linter, '-c', join(ROOT, '.oxlintrc.json'), '-f', 'unix', '.'], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect(said.status).not.toBe(0);
    const rules =
      /Error\/(?:jest\(no-(?:disabled-tests|focused-tests|restricted-jest-methods)|eslint\(no-restricted-properties)\)/;
    const refused = said.stdout
      .split('\n')
      .filter((line) => rules.test(line))
      .map((line) => Number(line.split(':')[1]));
    // Every line but the first.
    expect([...new Set(refused)].toSorted((a, b) => a - b)).toEqual(
      SHIRKING.trim()
        .split('\n')
        .slice(1)
        .map((_line, index) => index + 2),
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});
