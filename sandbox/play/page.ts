// Prints the transcript: who says what on which side, and how long it took to cross; it must not know how it crossed.
import type { FarTitle } from './far.ts';

export type Side = 'Matrix' | FarTitle;

const NAME_WIDTH = 24;
const INDENT = ' '.repeat(4);

export class Page {
  readonly #out: (text: string) => void;
  readonly #bold: (text: string) => string;
  readonly #dim: (text: string) => string;

  constructor(stream: NodeJS.WriteStream) {
    const colour = stream.isTTY && process.env['NO_COLOR'] === undefined;
    this.#out = (text) => void stream.write(`${text}\n`);
    this.#bold = colour ? (text) => `\u001B[1m${text}\u001B[22m` : (text) => text;
    this.#dim = colour ? (text) => `\u001B[2m${text}\u001B[22m` : (text) => text;
  }

  line(text = ''): void {
    this.#out(text);
  }

  aside(text: string): void {
    this.#out(this.#dim(`${INDENT}(${text})`));
  }

  scene(title: string): void {
    this.#out('');
    this.#out(this.#bold(title));
  }

  /** What somebody writes, where they write it. */
  says(side: Side, who: string, text: string): void {
    this.#row(side, who, text);
  }

  /** The same on the other side. `how` is a word for what it is there, when it is not a new message. */
  arrives(side: Side, who: string, text: string, ms: number, how?: string): void {
    const more = how === undefined ? '' : ` [${how}]`;
    this.#row(side, who, `${text}${more}`, `✓ ${ms} ms`, '→');
  }

  #row(side: Side, who: string, text: string, note = '', mark = ' '): void {
    const head = `  ${mark} ${side.padEnd(8)}  ${who.padEnd(NAME_WIDTH)}  `;
    const rows = text.split('\n');
    const blank = ' '.repeat(head.length);
    rows.forEach((row, index) => {
      const last = index === rows.length - 1 && note !== '' ? `   ${this.#dim(note)}` : '';
      this.#out(`${index === 0 ? head : blank}${row}${last}`);
    });
  }
}

/** A table of accounts and addresses. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
