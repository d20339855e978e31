// The XML node in which everything is said on WhatsApp's wire, and small hands to read one. Knows no stanza.

/**
 * `attrs` values are strings as people write them: JIDs too (`4915…:3@s.whatsapp.net`). `content` is children, bytes, or (only
 * when decoded from a dictionary word, packed digits or a JID) a string; what a client wrote as other text arrives as bytes.
 */
export interface BinaryNode {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly content?: readonly BinaryNode[] | Uint8Array | string;
}

/** Makes a node; attributes that are undefined are left out. */
export function node(
  tag: string,
  attrs: Readonly<Record<string, string | undefined>> = {},
  content?: BinaryNode['content'],
): BinaryNode {
  const given = Object.entries(attrs).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { tag, attrs: Object.fromEntries(given), ...(content === undefined ? {} : { content }) };
}

/** The children, or those with this tag; none when the content is something else. */
export function children(of: BinaryNode | undefined, tag?: string): readonly BinaryNode[] {
  const all = of?.content;
  if (all === undefined || typeof all === 'string' || all instanceof Uint8Array) return [];
  return tag === undefined ? all : all.filter((one) => one.tag === tag);
}

/** The first child, or the first with this tag. */
export function child(of: BinaryNode | undefined, tag?: string): BinaryNode | undefined {
  return children(of, tag)[0];
}

/** The content as text, whichever way it was encoded; undefined when it is children or nothing. */
export function text(of: BinaryNode | undefined): string | undefined {
  const content = of?.content;
  if (typeof content === 'string') return content;
  return content instanceof Uint8Array ? Buffer.from(content).toString('utf8') : undefined;
}

/** The content as bytes, whichever way it was encoded; undefined when it is children or nothing. */
export function bytes(of: BinaryNode | undefined): Uint8Array | undefined {
  const content = of?.content;
  if (content instanceof Uint8Array) return content;
  return typeof content === 'string' ? Buffer.from(content, 'utf8') : undefined;
}

/** As XML, for logs and failing tests: bytes by their length, nothing of what people wrote. */
export function toXml({ tag, attrs, content }: BinaryNode): string {
  const head = [tag, ...Object.entries(attrs).map(([key, value]) => `${key}=${JSON.stringify(value)}`)].join(' ');
  if (content === undefined) return `<${head}/>`;
  if (typeof content === 'string') return `<${head}>${content.length} characters</${tag}>`;
  if (content instanceof Uint8Array) return `<${head}>${content.length} bytes</${tag}>`;
  return `<${head}>${content.map(toXml).join('')}</${tag}>`;
}
