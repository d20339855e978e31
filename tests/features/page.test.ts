// docs/features.md: has a row for each case of the table that the end-to-end suite goes through, and no word that nothing was seen for.
// Whether the words are true only that suite can say.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { directions, places, type Kind, type Place } from './kinds.ts';
import { ACTS, parse, render, type Table } from './page.ts';

const text = readFileSync(fileURLToPath(new URL('../../docs/features.md', import.meta.url)), 'utf8');
const all = Object.keys(places) as readonly Place[];

/** Which cells a table has, and where people can do nothing. */
function shape(table: Table | undefined): unknown {
  return Object.entries(table ?? {}).map(([kind, cells]) => [kind, ACTS.filter((act) => cells[act] !== '–')]);
}

function wanted(kinds: readonly Kind[]): unknown {
  return kinds.map(({ name, acts }) => [name, ACTS.filter((act) => act === 'send' || acts.includes(act))]);
}

describe('the page of features', () => {
  test('is what is written from its own tables: nothing else of it was changed by hand', () => {
    expect(render(parse(text))).toBe(text);
  });

  test.each(all)('has a cell for everything that people can do, and for nothing else: %s', (place) => {
    const { toMatrix, toNetwork } = directions(place);
    const section = parse(text)[place];
    expect(Object.keys(parse(text))).toEqual(all);
    expect(Object.keys(section ?? {})).toEqual([toMatrix, toNetwork]);
    expect(shape(section?.[toMatrix])).toEqual(wanted(places[place].kinds));
    expect(shape(section?.[toNetwork])).toEqual(wanted(places[place].fromMatrix));
  });

  test.each(['silent', 'odd: a notice without words', ''])('takes no "%s" for an answer', (word) => {
    const cells = `| text | ${word} | yes | yes | yes | yes |`;
    const lie = text.replace('| text | yes | yes | yes | yes | yes |', cells);
    expect(lie).not.toBe(text);
    expect(() => parse(lie)).toThrow('text, send');
  });
});
