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
  nothing: 'there is nothing to do: what it is about was never over there, and its author was told so before',
  '–': 'people cannot do that with it',
} as const;
export type Outcome = keyof typeof OUTCOMES;

export type Cells = Readonly<Record<Act, Outcome>>;
/** Kind → what became of it. */
export type Table = Readonly<Record<string, Cells>>;
/** The title of a direction → its table. */
export type Section = Readonly<Record<string, Table>>;
/** The title of a place, a network's kind of chat → both directions. */
export type Page = Readonly<Record<string, Section>>;

const HEAD = `# What crosses, kind by kind

<!-- Written by FEATURES=write npm run e2e -- tests/e2e/features; changes by hand fail that test. -->

Each cell was seen: every end-to-end run does all of it on a real Synapse, with the bridge started as people start it and with the
simulated networks of \`sandbox\`, and fails when something else happens than what stands here (\`tests/e2e/features.e2e.ts\`).
_Reply_ is a message of that kind that answers another one, _react_ a reaction to a message of that kind.
`;

export function render(page: Page): string {
  const legend = Object.entries(OUTCOMES).map(([word, meaning]) => `| ${word} | ${meaning} |`);
  const parts = [HEAD, ['| in a cell | means |', '| --- | --- |', ...legend, ''].join('\n')];
  for (const [place, section] of Object.entries(page)) {
    parts.push(`## ${place}\n`);
    for (const [direction, table] of Object.entries(section)) {
      const rows = Object.entries(table).map(
        ([kind, cells]) => `| ${[kind, ...ACTS.map((act) => cells[act])].join(' | ')} |`,
      );
      const head = [`| kind | ${ACTS.join(' | ')} |`, `| ${['kind', ...ACTS].map(() => '---').join(' | ')} |`];
      parts.push([`### ${direction}`, '', ...head, ...rows, ''].join('\n'));
    }
  }
  return parts.join('\n');
}

/** @throws Error naming a cell that holds another word */
export function parse(text: string): Page {
  const page: Record<string, Record<string, Record<string, Cells>>> = {};
  let section: Record<string, Record<string, Cells>> | undefined;
  let table: Record<string, Cells> | undefined;
  for (const line of text.split('\n')) {
    const [, place] = /^## (.+)$/.exec(line) ?? [];
    const [, direction] = /^### (.+)$/.exec(line) ?? [];
    if (place !== undefined) {
      section = page[place] = {};
      table = undefined;
    } else if (direction !== undefined && section !== undefined) table = section[direction] = {};
    else if (table !== undefined && /^\| (?!kind \||---)/.test(line)) {
      const [kind = '', ...cells] = line.slice(2, -2).split(' | ');
      table[kind] = Object.fromEntries(ACTS.map((act, at) => [act, outcome(cells[at], `${kind}, ${act}`)])) as Cells;
    }
  }
  return page;
}

function outcome(word: string | undefined, where: string): Outcome {
  if (word === undefined || !Object.hasOwn(OUTCOMES, word)) throw new Error(`${where}: "${String(word)}"`);
  return word as Outcome;
}
