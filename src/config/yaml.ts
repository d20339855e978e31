// Reads YAML with the line of every setting and writes it for people; the only importer of the YAML library.
import {
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Scalar,
  stringify,
  visit,
  type Document,
  type Node,
} from 'yaml';

export interface YamlSource {
  /** The plain value of the whole text; undefined when it is empty. */
  readonly value: unknown;
  /** Line (from 1) of the key or item at a path, or of its nearest parent that exists; undefined in an empty text. */
  readonly lineOf: (path: readonly PropertyKey[]) => number | undefined;
}

export class YamlError extends Error {
  readonly line: number;

  constructor(line: number, why: string) {
    super(why);
    this.name = 'YamlError';
    this.line = line;
  }
}

/** @throws YamlError naming the line but never repeating the text, which may hold secrets */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const first = document.errors[0];
  if (first !== undefined) {
    const quote = first.code === 'MISSING_CHAR' ? lastQuote(document, first.pos[0]) : undefined;
    const reason = quote === undefined ? first.code.toLowerCase().replaceAll('_', ' ') : 'a quote is not closed';
    throw new YamlError(lines.linePos(quote ?? first.pos[0]).line, `this is not valid YAML (${reason})`);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    // Only aliases can fail here; the library's message repeats their names.
    throw new YamlError(1, 'this is not valid YAML (an alias leads nowhere, or too many do)');
  }
  return {
    value,
    lineOf: (path) => {
      const at = offsetOf(document, path);
      return at === undefined ? undefined : lines.linePos(at).line;
    },
  };
}

/** Changes values in a text and keeps its comments. */
export function editYaml(
  text: string,
  changes: readonly { readonly path: readonly string[]; readonly value: unknown }[],
): string {
  const document = parseDocument(text);
  for (const { path, value } of changes) document.setIn(path, value);
  return document.toString({ lineWidth: 0 });
}

export function writeYaml(value: unknown, comment?: string): string {
  const head = comment === undefined ? '' : `${comment.replace(/^/gm, '# ')}\n`;
  return head + stringify(value, { lineWidth: 0, singleQuote: true });
}

/** Where the quoted text began that does not end: its end, which the library names, may be lines further down. */
function lastQuote(document: Document, end: number): number | undefined {
  let last: number | undefined;
  visit(document, {
    Scalar: (_key, { type, range }) => {
      const at = range?.[0];
      const quoted = type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE;
      if (quoted && at !== undefined && at <= end && at >= (last ?? 0)) last = at;
    },
  });
  return last;
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  let node: Node | null = document.contents;
  let found = node?.range?.[0];
  for (const step of path) {
    const next: { readonly node: Node | null; readonly at: number | undefined } | undefined = childOf(node, step);
    if (next === undefined) return found;
    found = next.at ?? found;
    node = next.node;
  }
  return found;
}

function childOf(node: Node | null, step: PropertyKey): { node: Node | null; at: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
    );
    if (pair === undefined || !isScalar(pair.key)) return undefined;
    return { node: asNode(pair.value), at: pair.key.range?.[0] };
  }
  if (!isSeq(node)) return undefined;
  const item = asNode(node.items[Number(step)]);
  return item === null ? undefined : { node: item, at: item.range?.[0] };
}

function asNode(value: unknown): Node | null {
  return isMap(value) || isSeq(value) || isScalar(value) ? value : null;
}
