// Cuts one typed line into words, with quotes; knows no commands.
import { say, type Say } from '../model/say.ts';

export interface Token {
  readonly text: string;
  /** It stood in quotes: it is a value, never a keyword. */
  readonly quoted: boolean;
  /** Where it begins and ends in the line, quotes included. */
  readonly start: number;
  readonly end: number;
}

export type Tokens = { readonly tokens: readonly Token[]; readonly line: string } | { readonly problem: Say };

/** A line that is longer is no command, in UTF-16 units. */
export const LONGEST_LINE = 2_000;

/** Opening quotes with what closes them; telephones write the curly ones by themselves. */
const QUOTES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”', '‘': '’', '«': '»', '„': '“' };

const LINE_BREAK = /[\n\r\v\f\u0085\u2028\u2029]/;
/** Control and invisible format characters (terminal escapes, bidirectional overrides, zero widths), lone surrogates. */
const STRANGE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/u;
const SPACE = /\s/;

/** Several lines are never run, not even the first of them: what looks like one command must be one. */
export function tokenize(body: string): Tokens {
  if (body.length > LONGEST_LINE) return { problem: say('command.too-long') };
  const line = body.replaceAll('\t', ' ').trim();
  if (LINE_BREAK.test(line)) return { problem: say('command.one-line') };
  if (STRANGE.test(line)) return { problem: say('command.strange-characters') };
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length) {
    if (SPACE.test(line.charAt(at))) {
      at += 1;
      continue;
    }
    const close = QUOTES[line.charAt(at)];
    const token = close === undefined ? bare(line, at) : quoted(line, at, close);
    if (token === undefined) return { problem: say('command.open-quote') };
    tokens.push(token);
    at = token.end;
  }
  return { tokens, line };
}

function bare(line: string, start: number): Token {
  let end = start;
  while (end < line.length && !SPACE.test(line.charAt(end))) end += 1;
  return { text: line.slice(start, end), quoted: false, start, end };
}

/** A closing quote ends the word only at a space or the line's end, so that `'l'été'` is one word. */
function quoted(line: string, start: number, close: string): Token | undefined {
  for (let end = line.indexOf(close, start + 1); end !== -1; end = line.indexOf(close, end + 1)) {
    const after = line.charAt(end + 1);
    if (after !== '' && !SPACE.test(after)) continue;
    return { text: line.slice(start + 1, end).trim(), quoted: true, start, end: end + 1 };
  }
  return undefined;
}

/** A word as people may write it: without accents, case or curly apostrophes (`Règles` is `regles`). */
export function plain(word: string): string {
  return word.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('’', "'").toLowerCase();
}

/** Text from outside, fit to be shown within a sentence: one line, nothing invisible, at most 200 UTF-16 units. */
export function tame(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  if (clean.length <= 200) return clean;
  // Not within a pair of surrogates.
  return `${clean.slice(0, 199).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
