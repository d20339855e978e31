// docs/features.md as tables: written from what was seen, read to be compared with it. It must not know how anything was seen.

/** What a person can do with a kind of message. */
export const ACTS = ['send', 'edit', 'reply', 'react', 'delete'] as const;
export type Act = (typeof ACTS)[number];

/** What may stand in a cell, and what it means. `silent` is not among them: a loss without a word is a defect. */
export const OUTCOMES = {
  yes: 'it arrives as what it is',
  text: 'its words arrive, but not what they answer',
  notice: 'a readable notice stands in the room in its place, with the words that came along',
  told: 'it does not leave: its author is told so in the room, and why',
  here: 'it stays on the side where it is done: nothing tells the bridge of it',
  nothing: 'there is nothing to do: what it is about was never over there, and its author was told so before',
  '–': 'people cannot do that with it',
} as const;
export type Outcome = keyof typeof OUTCOMES;

export type Cells = Readonly<Record<Act, Outcome>>;
/** Kind → what became of it. */
export type Table = Readonly<Record<string, Cells>>;
/** The title of a direction → its table. */
export type Section = Readonly<Record<string, Table>>;
/** What people do beside writing → what becomes of it, from there and from here. */
export type Deeds = Readonly<Record<string, readonly [toMatrix: Outcome, toNetwork: Outcome]>>;

export interface Page {
  /** The title of a place, a network's kind of chat → both directions. */
  readonly places: Readonly<Record<string, Section>>;
  readonly deeds: Readonly<Record<string, Deeds>>;
}

const HEAD = `# What crosses, kind by kind

<!-- Written by FEATURES=write npm run e2e -- tests/e2e/features; changes by hand fail that test. -->

Each cell was seen: every end-to-end run does all of it on a real Synapse, with the bridge started as people start it and with the
simulated networks of \`sandbox\`, and fails when something else happens than what stands here (\`tests/e2e/features.e2e.ts\`).
_Reply_ is a message of that kind that answers another one, _react_ a reaction to a message of that kind. What people do beside
writing has tables of its own at the end.
`;

const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const headOf = (columns: readonly string[]): string => `${rowOf(columns)}\n${rowOf(columns.map(() => '---'))}`;
const DEEDS = ['what', 'from there to Matrix', 'from Matrix to there'] as const;

export function render({ places, deeds }: Page): string {
  const legend = Object.entries(OUTCOMES).map((row) => rowOf(row));
  const parts = [HEAD, ['| in a cell | means |', '| --- | --- |', ...legend, ''].join('\n')];
  for (const [place, section] of Object.entries(places)) {
    parts.push(`## ${place}\n`);
    for (const [direction, table] of Object.entries(section)) {
      const rows = Object.entries(table).map(([kind, cells]) => rowOf([kind, ...ACTS.map((act) => cells[act])]));
      parts.push([`### ${direction}`, '', headOf(['kind', ...ACTS]), ...rows, ''].join('\n'));
    }
  }
  for (const [place, table] of Object.entries(deeds)) {
    const rows = Object.entries(table).map(([what, cells]) => rowOf([what, ...cells]));
    parts.push([`## ${place}`, '', headOf(DEEDS), ...rows, ''].join('\n'));
  }
  return parts.join('\n');
}

/** @throws Error naming a cell that holds another word */
export function parse(text: string): Page {
  const places: Record<string, Record<string, Record<string, Cells>>> = {};
  const deeds: Record<string, Record<string, readonly [Outcome, Outcome]>> = {};
  let place = '';
  let table: Record<string, Cells> | undefined;
  for (const line of text.split('\n')) {
    const [, title] = /^## (.+)$/.exec(line) ?? [];
    const [, direction] = /^### (.+)$/.exec(line) ?? [];
    if (title !== undefined) {
      place = title;
      table = undefined;
    } else if (direction !== undefined) {
      table = (places[place] ??= {})[direction] = {};
    } else if (place !== '' && /^\| (?!kind \||what \||---)/.test(line)) {
      const [what = '', ...cells] = line.slice(2, -2).split(' | ');
      const at = (n: number, column: string): Outcome => outcome(cells[n], `${what}, ${column}`);
      if (table === undefined) (deeds[place] ??= {})[what] = [at(0, 'to Matrix'), at(1, 'from Matrix')];
      else table[what] = Object.fromEntries(ACTS.map((act, n) => [act, at(n, act)])) as Cells;
    }
  }
  return { places, deeds };
}

function outcome(word: string | undefined, where: string): Outcome {
  if (word === undefined || !Object.hasOwn(OUTCOMES, word)) throw new Error(`${where}: "${String(word)}"`);
  return word as Outcome;
}
