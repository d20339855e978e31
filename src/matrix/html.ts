// Neutral rich text to Matrix HTML and back, within the specification's allow-list; pure, knows no events.
import { parseFragment, type DefaultTreeAdapterTypes } from 'parse5';
import { as, type PersonId, type UserId } from '../model/ids.ts';
import type { RichText, Span } from '../model/message.ts';

/** The Matrix id to name for a mentioned person of the network at hand; undefined leaves plain text. */
export type MentionOf = (person: PersonId) => UserId | undefined;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (one) => ESCAPES[one] ?? one);
}

const TAGS = {
  bold: 'strong',
  italic: 'em',
  underline: 'u',
  strike: 'del',
  code: 'code',
  quote: 'blockquote',
} as const;
/** Blocks stay outside of what is inline. */
const RANK: Partial<Record<Span['kind'], number>> = { quote: 0, pre: 1 };

function openTag(span: Span, mention: MentionOf): readonly [string, string] {
  switch (span.kind) {
    case 'pre': {
      const language = span.language?.replaceAll(/[^A-Za-z0-9_+#.-]/g, '') ?? '';
      return [language === '' ? '<pre><code>' : `<pre><code class="language-${language}">`, '</code></pre>'];
    }
    case 'spoiler':
      return ['<span data-mx-spoiler>', '</span>'];
    case 'link':
      return isSafeLink(span.href) ? [`<a href="${escapeHtml(span.href)}">`, '</a>'] : ['', ''];
    case 'mention': {
      const user = userOf(span.of, mention);
      return user === undefined ? ['', ''] : [`<a href="https://matrix.to/#/${encodeURIComponent(user)}">`, '</a>'];
    }
    default:
      return [`<${TAGS[span.kind]}>`, `</${TAGS[span.kind]}>`];
  }
}

/** Everyone has no address: the word for them stands alone. */
export function userOf(of: Extract<Span, { kind: 'mention' }>['of'], mention: MentionOf): UserId | undefined {
  if ('everyone' in of) return undefined;
  return 'user' in of ? of.user : mention(of.person);
}

export function isSafeLink(href: string): boolean {
  return /^(?:https?|mailto):/i.test(href) && URL.canParse(href);
}

/** @returns undefined when there is nothing to say beyond the plain text. */
export function writeHtml(rich: RichText, mention: MentionOf): string | undefined {
  const text = rich.text;
  const spans = rich.spans
    .map((span) => ({ span, from: Math.max(0, span.start), to: Math.min(text.length, span.start + span.length) }))
    .filter((one) => one.to > one.from)
    .toSorted((a, b) => (RANK[a.span.kind] ?? 2) - (RANK[b.span.kind] ?? 2) || a.from - b.from || b.to - a.to);
  if (spans.length === 0) return undefined;
  const cuts = [...new Set([0, text.length, ...spans.flatMap((one) => [one.from, one.to])])].toSorted((a, b) => a - b);
  let out = '';
  let open: typeof spans = [];
  for (const [index, from] of cuts.entries()) {
    const to = cuts[index + 1] ?? from;
    const wanted = to === from ? [] : spans.filter((one) => one.from <= from && one.to >= to);
    let kept = 0;
    while (kept < open.length && open[kept] === wanted[kept]) kept += 1;
    for (const one of open.slice(kept).toReversed()) out += openTag(one.span, mention)[1];
    for (const one of wanted.slice(kept)) out += openTag(one.span, mention)[0];
    open = wanted;
    const escaped = escapeHtml(text.slice(from, to).toWellFormed());
    out += wanted.some((one) => one.span.kind === 'pre') ? escaped : escaped.replaceAll('\n', '<br>');
  }
  return out;
}

const MAX_DEPTH = 100;
const BLOCKS = new Set([
  ...['p', 'div', 'blockquote', 'pre', 'ul', 'ol', 'li', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'table', 'tr'],
  ...['details', 'summary', 'caption'],
]);
const SILENT = new Set(['mx-reply', 'script', 'style', 'title', 'head', 'template', 'noscript', 'iframe']);
const INLINE: Readonly<Record<string, Span['kind'] & ('bold' | 'italic' | 'underline' | 'strike' | 'code' | 'quote')>> =
  {
    ...{ b: 'bold', strong: 'bold', i: 'italic', em: 'italic', u: 'underline', ins: 'underline' },
    ...{ s: 'strike', del: 'strike', strike: 'strike', code: 'code', blockquote: 'quote' },
    ...{ h1: 'bold', h2: 'bold', h3: 'bold', h4: 'bold', h5: 'bold', h6: 'bold' },
  };

/** Where a text ends without the run of this character at its end; a regular expression would look at every run of it. */
function endWithout(text: string, last: string): number {
  let end = text.length;
  while (end > 0 && text[end - 1] === last) end -= 1;
  return end;
}

class Reader {
  text = '';
  readonly spans: Span[] = [];

  walk(
    nodes: readonly DefaultTreeAdapterTypes.ChildNode[],
    depth: number,
    pre: boolean,
    list?: { next?: number },
  ): void {
    for (const node of nodes) {
      if (node.nodeName === '#text' && 'value' in node) this.#say(node.value, pre);
      else if ('tagName' in node) this.#element(node, depth, pre, list);
    }
  }

  #say(value: string, pre: boolean): void {
    let said = value;
    if (!pre) {
      said = value.replaceAll(/[ \t\r\n\f]+/g, ' ');
      const before = this.text.at(-1);
      if ((before === undefined || before === '\n' || before === ' ') && said.startsWith(' ')) said = said.slice(1);
    }
    this.text += said;
  }

  #line(): void {
    this.text = this.text.slice(0, endWithout(this.text, ' '));
    if (this.text !== '' && !this.text.endsWith('\n')) this.text += '\n';
  }

  #element(node: DefaultTreeAdapterTypes.Element, depth: number, pre: boolean, list?: { next?: number }): void {
    const tag = node.tagName;
    if (SILENT.has(tag)) return;
    if (tag === 'br') {
      this.text += '\n';
      return;
    }
    if (tag === 'img') {
      this.text += attribute(node, 'alt') ?? attribute(node, 'title') ?? '';
      return;
    }
    const block = BLOCKS.has(tag);
    if (block) this.#line();
    if (tag === 'hr') this.text += '---';
    if (tag === 'li') this.text += list?.next === undefined ? '• ' : `${list.next++}. `;
    if (tag === 'td' || tag === 'th') this.#say(' ', pre);
    const start = this.text.length;
    const own = tag === 'ol' ? { next: startOf(node) } : tag === 'ul' ? {} : list;
    if (depth < MAX_DEPTH) this.walk(node.childNodes, depth + 1, pre || tag === 'pre', own);
    else this.text += deepText(node);
    this.#mark(node, start, pre);
    if (block) this.#line();
  }

  #mark(node: DefaultTreeAdapterTypes.Element, start: number, pre: boolean): void {
    const length = endWithout(this.text, '\n') - start;
    if (length <= 0) return;
    const span = meaning(node, pre);
    if (span !== undefined) this.spans.push({ start, length, ...span });
  }
}

type Meaning = Span extends infer One ? (One extends Span ? Omit<One, 'start' | 'length'> : never) : never;

function meaning(node: DefaultTreeAdapterTypes.Element, pre: boolean): Meaning | undefined {
  const tag = node.tagName;
  if (tag === 'pre') {
    const code = node.childNodes.find((one) => one.nodeName === 'code');
    const classes = code !== undefined && 'tagName' in code ? attribute(code, 'class') : undefined;
    const language = /(?:^|\s)language-(\S{1,40})/.exec(classes ?? '')?.[1];
    return language === undefined ? { kind: 'pre' } : { kind: 'pre', language };
  }
  if (tag === 'code' && pre) return undefined;
  if (tag === 'span' && attribute(node, 'data-mx-spoiler') !== undefined) return { kind: 'spoiler' };
  if (tag === 'a') {
    const href = attribute(node, 'href') ?? '';
    const user = /^https?:\/\/matrix\.to\/#\/((?:@|%40)[^/?]+)/i.exec(href)?.[1];
    const id = user === undefined ? undefined : decoded(user);
    if (id?.includes(':') === true) return { kind: 'mention', of: { user: as<UserId>(id) } };
    return isSafeLink(href) ? { kind: 'link', href } : undefined;
  }
  const kind = Object.hasOwn(INLINE, tag) ? INLINE[tag] : undefined;
  return kind === undefined ? undefined : { kind };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A malformed escape: then it names nobody.
    return undefined;
  }
}

function attribute(node: DefaultTreeAdapterTypes.Element, name: string): string | undefined {
  return node.attrs.find((one) => one.name === name)?.value;
}

function startOf(node: DefaultTreeAdapterTypes.Element): number {
  const start = Number(attribute(node, 'start') ?? '1');
  return Number.isSafeInteger(start) ? start : 1;
}

/** Below the depth limit the marks are given up, the words are not. */
function deepText(top: DefaultTreeAdapterTypes.Element): string {
  const stack: DefaultTreeAdapterTypes.ChildNode[] = top.childNodes.toReversed();
  let out = '';
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.nodeName === '#text' && 'value' in node) out += node.value;
    else if ('tagName' in node && !SILENT.has(node.tagName)) stack.push(...node.childNodes.toReversed());
  }
  return out;
}

/** Reads any HTML; what the allow-list does not know loses its tags, never its words. */
export function readHtml(html: string): RichText {
  const reader = new Reader();
  reader.walk(parseFragment(html).childNodes, 0, false);
  const text = reader.text.trimEnd();
  const spans = reader.spans
    .map((span) => ({ ...span, length: Math.min(span.length, text.length - span.start) }))
    .filter((span) => span.length > 0)
    .toSorted((a, b) => a.start - b.start || b.length - a.length);
  return { text, spans };
}
