// Both languages say the same things: keys, holes, typography, and no sentence that nobody says.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commandTable } from '../../src/commands/dispatcher.ts';
import { catalogues, render } from '../../src/words/index.ts';

const root = join(import.meta.dirname, '..', '..');
const { en, fr } = catalogues;
const keys = Object.keys(en) as (keyof typeof en)[];
/** The same word in both languages. */
const SAME = new Set(['kind.photo', 'kind.audio', 'kind.album', 'ping.pong', 'room.ghost-left']);

/** A hole, with the forms of what is counted. */
const HOLE = /\{(\w+)(?::[^|{}]+\|[^|{}]+)?\}/g;
const holes = (text: string): readonly string[] =>
  [...new Set([...text.matchAll(HOLE)].map(([, name = '']) => name))].toSorted();

describe('words', () => {
  test('the same keys with the same holes', () => {
    expect(Object.keys(fr).toSorted()).toEqual(keys.toSorted());
    expect(keys.map((key) => [key, holes(fr[key])])).toEqual(keys.map((key) => [key, holes(en[key])]));
  });

  test('French is French', () => {
    const same = keys.filter(
      (key) => en[key] === fr[key] && !SAME.has(key) && /[a-z]{3}/.test(en[key].replaceAll(HOLE, '')),
    );
    expect(same).toEqual([]);
  });

  test('French spaces do not break before signs, and apostrophes are curly', () => {
    const bare = (key: keyof typeof en): string => fr[key].replaceAll(/`[^`]*`/g, '``').replaceAll(HOLE, 'x');
    const wrong = keys.filter((key) =>
      /\u0020[:;!?»]|«\u0020|[\p{L}`»][;!?]|[\p{L}]'|[\p{L}`]:(?:\s|$)/u.test(bare(key)),
    );
    // The greeting is in both languages at once.
    expect(wrong.filter((key) => key !== 'room.management')).toEqual([]);
  });

  test('French names commands as they are called in French', () => {
    const french = new Map(commandTable.map(({ names: [english, other] }) => [english, other ?? english]));
    const foreign = keys.filter((key) =>
      [...fr[key].matchAll(/`([^\s`]+)/g)].some(([, word = '']) => (french.get(word) ?? word) !== word),
    );
    // One is in both languages, the other quotes rules, which read the same in both.
    expect(foreign.filter((key) => key !== 'room.management' && key !== 'rules.list')).toEqual([]);
  });

  test('every key is said somewhere', () => {
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.startsWith('words'),
    );
    const text = files.map((name) => readFileSync(join(root, 'src', name), 'utf8')).join('\n');
    const families = [...text.matchAll(/`([a-z]+\.[a-z-]*)\$\{/g)].map((match) => match[1] ?? '');
    const silent = keys.filter(
      (key) => !text.includes(`'${key}'`) && !families.some((family) => key.startsWith(family)),
    );
    expect(silent).toEqual([]);
  });

  test('what is counted agrees with its number, in each language by its own rule', () => {
    const hours = (language: 'en' | 'fr', count: number): string | undefined =>
      /\d+ \p{L}+/u.exec(render({ key: 'timer.hours', with: { network: 'X', hours: count } }, language))?.[0];
    expect([0, 1, 2, 24].map((count) => hours('en', count))).toEqual(['0 hours', '1 hour', '2 hours', '24 hours']);
    expect([0, 1, 2, 24].map((count) => hours('fr', count))).toEqual(['0 heure', '1 heure', '2 heures', '24 heures']);
  });

  test('of one thing nothing is said in the plural', () => {
    const numbers = ['count', 'days', 'hours', 'limit', 'minutes', 'parked', 'queued', 'seconds'];
    const said = keys.flatMap((key) => {
      const values = Object.fromEntries(holes(en[key]).map((name) => [name, numbers.includes(name) ? 1 : 'x']));
      return (['en', 'fr'] as const).map((language) => render({ key, with: values }, language));
    });
    expect(said.filter((text) => /(?<![\p{L}\d])1 (?:new |nouvelles |of |premiers )?\p{L}+s\b/u.test(text))).toEqual(
      [],
    );
  });

  test('a hole is filled once: what people typed is never read as a hole', () => {
    expect(render({ key: 'rules.made', with: { rule: '{rule} {constructor}' } }, 'en')).toBe(
      'In force: {rule} {constructor}',
    );
  });
});
