// docs/features.md: has a row for each case of the table that the end-to-end suite goes through, and no word that nothing was seen for.
// Whether the words are true only that suite can say.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { deeds, directions, places, type Deed, type DeedPlace, type Kind, type Place } from './kinds.ts';
import { ACTS, parse, render, type Deeds, type Table } from './page.ts';

const text = readFileSync(fileURLToPath(new URL('../../docs/features.md', import.meta.url)), 'utf8');

type Rows = Readonly<Record<string, readonly (readonly [row: string, cells: readonly string[]])[]>>;

/** Of each table of a page its rows, and in which cells of them people can do something. */
function shapeOf(page: string): Rows {
  const { places: shown, deeds: done } = parse(page);
  const cells = (table: Table): Rows[string] =>
    Object.entries(table).map(([kind, row]) => [kind, ACTS.filter((act) => row[act] !== '–')]);
  const ways = (table: Deeds): Rows[string] =>
    Object.entries(table).map(([what, [there, here]]) => [
      what,
      [...(there === '–' ? [] : ['toMatrix']), ...(here === '–' ? [] : ['toNetwork'])],
    ]);
  const sections = Object.entries(shown).flatMap(([place, section]) =>
    Object.entries(section).map(([direction, table]) => [`${place}: ${direction}`, cells(table)] as const),
  );
  return Object.fromEntries([
    ...sections,
    ...Object.entries(done).map(([place, table]) => [place, ways(table)] as const),
  ]);
}

/** The same of what the end-to-end suite goes through. */
function wanted(): Rows {
  const cells = (kinds: readonly Kind[]): Rows[string] =>
    kinds.map(({ name, acts }) => [name, ACTS.filter((act) => act === 'send' || acts.includes(act))]);
  const sections = (Object.keys(places) as readonly Place[]).flatMap((place) => {
    const { toMatrix, toNetwork } = directions(place);
    const { kinds, fromMatrix } = places[place];
    return [
      [`${place}: ${toMatrix}`, cells(kinds)],
      [`${place}: ${toNetwork}`, cells(fromMatrix)],
    ] as const;
  });
  const done = (Object.keys(deeds) as readonly DeedPlace[]).map(
    (place) => [place, deeds[place].map(({ name, ways }: Deed) => [name, ways] as const)] as const,
  );
  return Object.fromEntries([...sections, ...done]);
}

describe('the page of features', () => {
  test('is what is written from its own tables: nothing else of it was changed by hand', () => {
    expect(render(parse(text))).toBe(text);
  });

  test('has a cell for everything that people can do, and for nothing else', () => {
    expect(shapeOf(text)).toEqual(wanted());
  });

  test.each([
    ['of a kind', '| text | yes | yes | yes | yes | yes |', '| hologram | yes | yes | yes | yes | yes |'],
    ['of a deed', '| its name | yes | yes |', '| its colour | yes | yes |'],
  ])('is found out where a row %s stands in it that no test goes through', (_what, row, byHand) => {
    const lie = text.replace(row, `${row}\n${byHand}`);
    expect(lie).not.toBe(text);
    expect(render(parse(lie))).toBe(lie);
    expect(shapeOf(lie)).not.toEqual(wanted());
  });

  test.each(['silent', 'odd: a notice without words', ''])('takes no "%s" for an answer', (word) => {
    const cells = `| text | ${word} | yes | yes | yes | yes |`;
    const lie = text.replace('| text | yes | yes | yes | yes | yes |', cells);
    expect(lie).not.toBe(text);
    expect(() => parse(lie)).toThrow('text, send');
  });
});
