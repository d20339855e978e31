// Every mutant still fits the tree: what it changes is there, once; whether it is caught is what `npm run faults -- --mutants` shows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { byPlace, changed, readMutants, uncleanness } from './mutants.ts';
import { NETWORKS } from './worlds.ts';

const root = join(import.meta.dirname, '..', '..');

test('the promises that a mutant breaks', () => {
  expect(readMutants(root).map(({ name }) => name)).toEqual([
    'ack-ignored',
    'asynchronous-commit',
    'dropped-order',
    'early-acknowledgement',
    'echo-dropped',
    'glare-cure-off',
    'lock-cure-off',
    'no-dedupe',
    'random-ids',
    'receipt-before-journal',
    'session-apart',
  ]);
});

test.each(readMutants(root).map((mutant) => [mutant.name, mutant] as const))('%s fits the tree', (_, mutant) => {
  expect(mutant.symptoms.length > 0 || mutant.points === true).toBe(true);
  for (const network of mutant.networks ?? NETWORKS) expect(NETWORKS).toContain(network);
  expect(mutant.changes.length).toBeGreaterThan(0);
  const texts = new Map<string, string>();
  for (const change of mutant.changes) {
    const text = texts.get(change.file) ?? readFileSync(join(root, change.file), 'utf8');
    texts.set(change.file, changed(text, change));
    expect(texts.get(change.file)).not.toBe(text);
  }
});

test('each place where mutants run has a control of its own', () => {
  const places = [...byPlace(readMutants(root))].map(([where, there]) => [where, there.map(({ name }) => name)]);
  expect(places).toEqual([
    ['whatsapp, in trouble', ['ack-ignored', 'glare-cure-off', 'lock-cure-off', 'receipt-before-journal']],
    [
      'everywhere',
      ['asynchronous-commit', 'dropped-order', 'early-acknowledgement', 'echo-dropped', 'no-dedupe', 'random-ids'],
    ],
  ]);
});

test('those that are looked for where single statements are struck', () => {
  const there = readMutants(root).filter(({ points }) => points === true);
  expect(there.map(({ name }) => name)).toEqual(['receipt-before-journal', 'session-apart']);
});

test('a change that fits nowhere, or twice, is refused', () => {
  const change = { file: 'a.ts', find: 'one', replace: 'two' };
  expect(changed('one', change)).toBe('two');
  expect(() => changed('none here', { ...change, find: 'xyz' })).toThrow('a.ts holds 0 times');
  expect(() => changed('one one', change)).toThrow('a.ts holds 2 times');
});

test('the control is clean only when nothing at all is wrong with the bridge as it is', () => {
  const figures = {
    kills: 18,
    messages: 900,
    lost: 0,
    doubled: 0,
    reordered: 0,
    misrouted: 0,
    toldFailed: 0,
    messagesPerKill: 20,
    inFlightAtKillMedian: 9,
    seed: 1,
  };
  const clean = { figures, findings: [], endedByThemselves: 0 };
  expect(uncleanness(clean)).toBeUndefined();
  for (const count of ['lost', 'doubled', 'reordered', 'misrouted', 'toldFailed']) {
    expect(uncleanness({ ...clean, figures: { ...figures, [count]: 2 } })).toBe(`${count} 2`);
  }
  expect(uncleanness({ ...clean, figures: { ...figures, messages: 0 } })).toBe('no messages');
  expect(uncleanness({ ...clean, endedByThemselves: 3 })).toBe('ended by itself 3 times');
  expect(uncleanness({ ...clean, findings: ['an edit of 7 is missing'] })).toBe('an edit of 7 is missing');
});
