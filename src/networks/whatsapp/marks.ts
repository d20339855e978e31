// Reads WhatsApp's marks (*bold*, _italic_, ~strike~, `code`, ```block```, quotes, lists) into rich text. Pure; knows no people.
import type { RichText, Span } from '../../model/message.ts';

const KINDS = { '*': 'bold', _: 'italic', '~': 'strike' } as const;
type Mark = keyof typeof KINDS;

const FENCE = '```';

/**
 * As WhatsApp shows it: a mark opens before something that is no space and after something that is no letter or digit, closes
 * the other way round, and does not reach over a line; blocks do. What opens and never closes is text. `* ` and `- ` begin an
 * item of a list, shown with a dot; `> ` a quoted line; `1. ` stays as it is.
 */
export function readMarks(text: string): RichText {
  return new Reader().read(text);
}

class Reader {
  #out = '';
  readonly #spans: Span[] = [];
  /** Where the quote began that is still open. */
  #quote: number | undefined;

  read(text: string): RichText {
    let at = 0;
    for (;;) {
      const open = text.indexOf(FENCE, at);
      const close = open < 0 ? -1 : text.indexOf(FENCE, open + FENCE.length + 1);
      if (close < 0) break;
      this.#lines(text.slice(at, open), isLineStart(text, at));
      this.#block(text, open, close);
      at = close + FENCE.length;
    }
    this.#lines(text.slice(at), isLineStart(text, at));
    this.#endQuote();
    const spans = this.#spans.toSorted((a, b) => a.start - b.start || b.length - a.length);
    return { text: this.#out, spans };
  }

  /** A block of its own lines, else code within a line. */
  #block(text: string, open: number, close: number): void {
    const inside = text.slice(open + FENCE.length, close);
    const after = text[close + FENCE.length];
    const alone = isLineStart(text, open) && (after === undefined || after === '\n');
    if (alone) this.#endQuote();
    const start = this.#out.length;
    this.#out += inside;
    this.#spans.push({ start, length: inside.length, kind: alone || inside.includes('\n') ? 'pre' : 'code' });
  }

  #lines(text: string, atStart: boolean): void {
    for (const [index, line] of text.split('\n').entries()) {
      if (index > 0) this.#out += '\n';
      if (index > 0 || atStart) this.#line(line, text === '' && index === 0);
      else inline(line, (more) => (this.#out += more), this.#spans, this.#out.length);
    }
  }

  /** @param beforeBlock nothing but a block stands on this line */
  #line(line: string, beforeBlock: boolean): void {
    if (beforeBlock) return;
    const quoted = /^> (?=.*\S)/.test(line);
    if (!quoted) this.#endQuote();
    else this.#quote ??= this.#out.length;
    const rest = quoted ? line.slice(2) : line;
    const item = !quoted && /^[*-] (?=.*\S)/.test(rest);
    if (item) this.#out += '• ';
    inline(item ? rest.slice(2) : rest, (more) => (this.#out += more), this.#spans, this.#out.length);
  }

  #endQuote(): void {
    if (this.#quote === undefined) return;
    const end = this.#out.endsWith('\n') ? this.#out.length - 1 : this.#out.length;
    this.#spans.push({ start: this.#quote, length: end - this.#quote, kind: 'quote' });
    this.#quote = undefined;
  }
}

function isLineStart(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === '\n';
}

const WORD = /[\p{L}\p{N}]/u;
const SPACE = /\s/;

function isWord(char: string | undefined): boolean {
  return char !== undefined && WORD.test(char);
}

function isSpace(char: string | undefined): boolean {
  return char === undefined || SPACE.test(char);
}

interface Line {
  readonly text: string;
  /** Begin and end of each piece of code, its marks included. */
  readonly codes: ReadonlyMap<number, number>;
  /** Where each mark may close, in order. */
  readonly closers: Readonly<Record<Mark, readonly number[]>>;
}

/** Reads one line; each mark looks its end up in a list made before, so that a line full of marks takes no longer. */
function inline(text: string, say: (text: string) => void, spans: Span[], base: number): void {
  const codes = codesOf(text);
  const closers: Record<Mark, number[]> = { '*': [], _: [], '~': [] };
  for (let at = 1; at < text.length; at += 1) {
    const end = codes.get(at);
    if (end !== undefined) at = end - 1;
    else {
      const mark = markAt(text, at);
      if (mark !== undefined && !isSpace(text[at - 1]) && !isWord(text[at + 1])) closers[mark].push(at);
    }
  }
  let length = base;
  const add = (more: string): void => {
    length += more.length;
    say(more);
  };
  walk({ text, codes, closers }, 0, text.length, new Set(), { add, at: () => length, spans });
}

interface Out {
  readonly add: (text: string) => void;
  readonly at: () => number;
  readonly spans: Span[];
}

function walk(line: Line, from: number, to: number, within: ReadonlySet<Mark>, out: Out): void {
  let said = from;
  for (let at = from; at < to; at += 1) {
    const code = line.codes.get(at);
    if (code !== undefined && code <= to) {
      out.add(line.text.slice(said, at));
      mark(out, 'code', () => {
        out.add(line.text.slice(at + 1, code - 1));
      });
      said = code;
      at = code - 1;
      continue;
    }
    const kind = markAt(line.text, at);
    if (kind === undefined || within.has(kind) || !opens(line.text, at)) continue;
    const close = nextAfter(line.closers[kind], at + 1);
    if (close === undefined || close >= to) continue;
    out.add(line.text.slice(said, at));
    mark(out, KINDS[kind], () => {
      walk(line, at + 1, close, new Set([...within, kind]), out);
    });
    said = close + 1;
    at = close;
  }
  out.add(line.text.slice(said, to));
}

function mark(out: Out, kind: 'code' | (typeof KINDS)[Mark], inside: () => void): void {
  const start = out.at();
  inside();
  out.spans.push({ start, length: out.at() - start, kind });
}

function markAt(text: string, at: number): Mark | undefined {
  const char = text[at];
  return char === '*' || char === '_' || char === '~' ? char : undefined;
}

function opens(text: string, at: number): boolean {
  return !isWord(text[at - 1]) && !isSpace(text[at + 1]) && text[at + 1] !== text[at];
}

function codesOf(text: string): ReadonlyMap<number, number> {
  const codes = new Map<number, number>();
  let at = text.indexOf('`');
  while (at >= 0) {
    const close = text.indexOf('`', at + 1);
    if (close < 0) break;
    const has = close > at + 1 && text.slice(at + 1, close).trim() !== '';
    if (has) codes.set(at, close + 1);
    at = has ? text.indexOf('`', close + 1) : close;
  }
  return codes;
}

/** The first of these sorted places that comes after one. */
function nextAfter(places: readonly number[], after: number): number | undefined {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return places[low];
}
