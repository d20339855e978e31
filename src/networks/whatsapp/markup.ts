// RichText to WhatsApp's marks and back, with who is mentioned; pure, knows people only by what it is told.
import type { PersonId } from '../../model/ids.ts';
import { EVERYONE, type RichText, type Span } from '../../model/message.ts';
import { parseJid } from './jid.ts';
import { readMarks } from './marks.ts';
import { rewrite, type Replacement } from './rewrite.ts';

export interface Marked {
  readonly text: string;
  /** Addresses for `contextInfo.mentionedJid`, each once. */
  readonly mentioned: readonly string[];
  /** For `contextInfo.nonJidMentions`. */
  readonly everyone?: true;
}

/** Who a mention's address stands for, and what they are called in front of everybody, if that is known. */
export interface Mentioned {
  readonly person: PersonId;
  readonly name?: string;
}

/** What stands in the text on the wire, in every language; phones show their own word for it. */
const ALL = '@all';
const FENCE = '```';
const SIGNS = { bold: '*', italic: '_', strike: '~', code: '`' } as const;
type Signed = keyof typeof SIGNS;
const ORDER: readonly Signed[] = ['bold', 'italic', 'strike', 'code'];

/**
 * No word is lost. Marks that WhatsApp would not take where they stand (within a word, around a space) are left out, and so are
 * underline and spoiler, which it does not have. A mention becomes the number in its address, as WhatsApp writes them; an address
 * behind other words is added in brackets. Marks that people typed themselves are marks over there: WhatsApp knows no escape.
 * @param mention the address to mention a person by in this chat; undefined leaves the words
 * @param group whether everyone can be called here
 */
export function writeMarks(rich: RichText, mention: (person: PersonId) => string | undefined, group = false): Marked {
  const mentioned = new Set<string>();
  const everyone = group && rich.spans.some((span) => span.kind === 'mention' && 'everyone' in span.of);
  const spelled = rewrite(rich, [...replacements(rich, mention, mentioned), ...(everyone ? callsOf(rich) : [])]);
  const text = lines(spelled);
  const safe = bones(readMarks(text).text) === bones(spelled.text);
  return { text: safe ? text : spelled.text, mentioned: [...mentioned], ...(everyone ? { everyone } : {}) };
}

function callsOf({ text, spans }: RichText): Replacement[] {
  return spans
    .filter((span) => span.kind === 'mention' && 'everyone' in span.of)
    .filter(({ start, length }) => text.slice(start, start + length) === EVERYONE)
    .map(({ start, length }) => ({ start, length, text: ALL }));
}

/** What must survive: everything but spaces and what may be a mark. */
function bones(text: string): string {
  return text.replaceAll(/[\s*_~`>•-]+/g, '');
}

function replacements(
  rich: RichText,
  mention: (person: PersonId) => string | undefined,
  mentioned: Set<string>,
): Replacement[] {
  const list: Replacement[] = [];
  const verbatim = rich.spans.filter((span) => span.kind === 'code' || span.kind === 'pre');
  for (const span of rich.spans) {
    const end = span.start + span.length;
    if (span.length <= 0) continue;
    if (span.kind === 'link' && !says(rich.text.slice(span.start, end), span.href)) {
      list.push({ start: end, length: 0, text: ` (${span.href})` });
    }
    if (span.kind !== 'mention' || !('person' in span.of)) continue;
    if (verbatim.some((one) => one.start < end && one.start + one.length > span.start)) continue;
    const address = mention(span.of.person);
    const user = parseJid(address)?.user;
    if (address === undefined || user === undefined) continue;
    mentioned.add(address);
    list.push({ start: span.start, length: span.length, text: `@${user}` });
  }
  return list;
}

/** Do the words name the address themselves? */
function says(words: string, href: string): boolean {
  const bare = (text: string): string =>
    text
      .trim()
      .replace(/^(?:https?:\/\/|mailto:)/i, '')
      .replace(/\/$/, '');
  return bare(words) === bare(href);
}

function lines(rich: RichText): string {
  const blocks = blocksOf(rich);
  let out = '';
  let at = 0;
  for (const { from, to } of blocks) {
    out += plainLines(rich, at, from);
    out += FENCE + rich.text.slice(from, to) + FENCE;
    at = to;
  }
  return out + plainLines(rich, at, rich.text.length);
}

function blocksOf(rich: RichText): { readonly from: number; readonly to: number }[] {
  const blocks: { readonly from: number; readonly to: number }[] = [];
  let free = 0;
  const spans = rich.spans.filter((span) => span.kind === 'pre');
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const from = span.start;
    let to = Math.min(rich.text.length, span.start + span.length);
    // What follows begins a line of its own.
    while (to > from && rich.text[to - 1] === '\n') to -= 1;
    const inside = rich.text.slice(from, to);
    if (from < free || inside === '' || inside.includes('`')) continue;
    blocks.push({ from, to });
    free = to;
  }
  return blocks;
}

function plainLines(rich: RichText, from: number, to: number): string {
  const near = rich.spans.filter((span) => span.start < to && span.start + span.length > from);
  const quotes = near.filter((span) => span.kind === 'quote');
  const signed = near.filter((span): span is Span & { kind: Signed } => span.kind in SIGNS);
  let at = from;
  const lines = rich.text.slice(from, to).split('\n');
  return lines
    .map((line) => {
      const [start, end] = [at, at + line.length];
      at = end + 1;
      const whole = (start === 0 || rich.text[start - 1] === '\n') && line.trim() !== '';
      const quoted = whole && quotes.some((span) => span.start < end && span.start + span.length > start);
      const item = whole && !quoted && line.startsWith('• ') && line.trim() !== '•';
      const lead = quoted ? '> ' : item ? '* ' : '';
      const first = item ? start + 2 : start;
      const inside = signed.filter((span) => span.start < end && span.start + span.length > first);
      return lead + signedLine(rich.text, first, end, inside);
    })
    .join('\n');
}

/** One line with its marks, if WhatsApp reads the same words in it; else without. */
function signedLine(text: string, from: number, to: number, spans: readonly (Span & { kind: Signed })[]): string {
  const plain = text.slice(from, to);
  if (spans.length === 0) return plain;
  const ranges = spans.flatMap((span) => {
    let [start, end] = [Math.max(from, span.start), Math.min(to, span.start + span.length)];
    while (start < end && /\s/.test(text[start] ?? '')) start += 1;
    while (end > start && /\s/.test(text[end - 1] ?? '')) end -= 1;
    return end > start ? [{ start, end, kind: span.kind }] : [];
  });
  const marked = nested(text, from, to, ranges);
  // Read behind a sign that begins no line of its own kind.
  return readMarks(`.${marked}`).text === `.${plain}` || readMarks(marked).text === plain ? marked : plain;
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly kind: Signed;
}

/** Ranges of one kind that meet are one. */
function united(ranges: readonly Range[]): Range[] {
  const list: Range[] = [];
  for (const one of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = list.at(-1);
    if (last !== undefined && one.start <= last.end) list.splice(-1, 1, { ...last, end: Math.max(last.end, one.end) });
    else list.push(one);
  }
  return list;
}

function nested(text: string, from: number, to: number, ranges: readonly Range[]): string {
  const byKind = ORDER.map((kind) => ({ kind, ranges: united(ranges.filter((one) => one.kind === kind)), next: 0 }));
  const edges = byKind.flatMap((one) => one.ranges.flatMap(({ start, end }) => [start, end]));
  const cuts = [...new Set([from, to, ...edges])].toSorted((a, b) => a - b);
  let out = '';
  let open: Signed[] = [];
  for (const [index, at] of cuts.entries()) {
    const next = cuts[index + 1] ?? at;
    const covering = new Map<Signed, number>();
    for (const one of byKind) {
      while ((one.ranges[one.next]?.end ?? Infinity) <= at) one.next += 1;
      const range = one.ranges[one.next];
      if (range !== undefined && range.start <= at && next > at) covering.set(one.kind, range.end);
    }
    // Whatever ends last stands outside; code is innermost, for nothing is read in it.
    const rank = (kind: Signed): number => (kind === 'code' ? -1 : (covering.get(kind) ?? 0));
    const wanted = ORDER.filter((kind) => covering.has(kind)).toSorted((a, b) => rank(b) - rank(a));
    let kept = 0;
    while (kept < open.length && wanted.includes(open[kept] ?? 'code')) kept += 1;
    for (const kind of open.slice(kept).toReversed()) out += SIGNS[kind];
    open = open.slice(0, kept);
    const fresh = wanted.filter((one) => !open.includes(one));
    const said = text.slice(at, next);
    // Nothing opens before a space.
    const spaces = fresh.length === 0 ? '' : (/^\s*/.exec(said)?.[0] ?? '');
    out += spaces + fresh.map((kind) => SIGNS[kind]).join('') + said.slice(spaces.length);
    open.push(...fresh);
  }
  return out;
}

/**
 * @param mentioned `contextInfo.mentionedJid`; in the text stand the numbers of these addresses
 * @param groups names of groups that are mentioned, by the number in the text
 * @param everyone whether all in the chat are
 */
export function readText(
  text: string,
  mentioned: readonly string[],
  whois: (jid: string) => Mentioned | undefined,
  groups: ReadonlyMap<string, string> = new Map(),
  everyone = false,
): RichText {
  const rich = readMarks(text);
  if (mentioned.length === 0 && groups.size === 0 && !everyone) return rich;
  const byUser = new Map(mentioned.map((jid) => [parseJid(jid)?.user, jid]));
  const list: Replacement[] = [];
  for (const match of rich.text.matchAll(/@(\d{1,24}(?:-\d{1,12})?)(?!\d)/g)) {
    const [whole, user = ''] = match;
    const place = { start: match.index, length: whole.length };
    const group = groups.get(user);
    const jid = byUser.get(user);
    const found = jid === undefined ? undefined : whois(jid);
    if (group !== undefined) list.push({ ...place, text: `@${group}` });
    else if (found !== undefined) {
      const text = found.name === undefined ? whole : `@${found.name}`;
      list.push({ ...place, text, span: { kind: 'mention', of: { person: found.person } } });
    }
  }
  if (!everyone) return rewrite(rich, list);
  const calls = [...rich.text.matchAll(/(?<!\w)@all(?!\w)/g)].map(({ index }) => ({
    start: index,
    length: ALL.length,
    text: EVERYONE,
    span: { kind: 'mention', of: { everyone: true } } as const,
  }));
  const read = rewrite(rich, [...list, ...calls]);
  if (calls.length > 0) return read;
  const whole: Span = { start: 0, length: read.text.length, kind: 'mention', of: { everyone: true } };
  return { ...read, spans: [...read.spans, whole] };
}
