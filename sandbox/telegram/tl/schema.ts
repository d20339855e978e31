// Turns the text of a TL schema, in either of the two spellings found in packages, into definitions. Knows nothing of
// bytes.

export type TlType =
  | { readonly kind: 'int' | 'long' | 'double' | 'string' | 'bytes' | 'int128' | 'int256' | 'bool' | 'true' | 'any' }
  | { readonly kind: 'flags' }
  | { readonly kind: 'vector'; readonly of: TlType }
  /** A type of the schema, for example `InputPeer`: any of its constructors. */
  | { readonly kind: 'object'; readonly name: string };

export interface TlField {
  readonly name: string;
  readonly type: TlType;
  /** `flags.3?` → the flags field and the bit. */
  readonly when: { readonly flags: string; readonly bit: number } | null;
}

export interface TlDefinition {
  readonly name: string;
  readonly id: number;
  readonly fields: readonly TlField[];
  readonly result: TlType;
  readonly method: boolean;
}

const SIMPLE: Readonly<Record<string, TlType>> = {
  '#': { kind: 'flags' },
  int: { kind: 'int' },
  long: { kind: 'long' },
  // A spelling of @mtcute for `long` that is known to fit 53 bits; the same on the wire.
  int53: { kind: 'long' },
  double: { kind: 'double' },
  string: { kind: 'string' },
  bytes: { kind: 'bytes' },
  int128: { kind: 'int128' },
  int256: { kind: 'int256' },
  Bool: { kind: 'bool' },
  true: { kind: 'true' },
  X: { kind: 'any' },
  '!X': { kind: 'any' },
};

function typeOf(text: string): TlType {
  const simple = SIMPLE[text];
  if (simple !== undefined) return simple;
  const vector = /^[Vv]ector<(.+)>$/.exec(text);
  if (vector?.[1] !== undefined) return { kind: 'vector', of: typeOf(vector[1]) };
  return { kind: 'object', name: text };
}

function fieldOf(name: string, text: string): TlField {
  const conditional = /^(\w+)\.(\d+)\?(.+)$/.exec(text);
  if (conditional === null) return { name, type: typeOf(text), when: null };
  const [, flags = '', bit = '0', type = ''] = conditional;
  return { name, type: typeOf(type), when: { flags, bit: Number(bit) } };
}

/** What every codec knows by itself and no schema needs to define. */
const BUILT_IN = new Set(['boolFalse', 'boolTrue', 'true', 'vector', 'null']);

/** The TL language: `name#id field:type … = Type;`, methods after `---functions---`. */
export function parseTl(text: string): TlDefinition[] {
  const found: TlDefinition[] = [];
  let method = false;
  for (const raw of text.split('\n')) {
    const line = raw.trim().replace(/;$/, '');
    if (line === '---functions---') method = true;
    else if (line === '---types---') method = false;
    const parsed = /^([\w.]+)#([0-9a-f]+)\s*(.*?)\s*=\s*(.+)$/.exec(line);
    if (parsed === null) continue;
    const [, name = '', id = '', middle = '', result = ''] = parsed;
    if (BUILT_IN.has(name)) continue;
    const fields = middle
      .split(/\s+/)
      .filter((part) => part.includes(':') && !part.startsWith('{'))
      .map((part) => fieldOf(part.slice(0, part.indexOf(':')), part.slice(part.indexOf(':') + 1)));
    found.push({ name, id: Number.parseInt(id, 16), fields, result: typeOf(result), method });
  }
  return found;
}

interface JsonModifiers {
  readonly predicate?: string;
  readonly isVector?: boolean;
}

interface JsonEntry {
  readonly kind: 'class' | 'method';
  readonly name: string;
  readonly id: number;
  readonly type: string;
  readonly typeModifiers?: JsonModifiers;
  readonly arguments: readonly {
    readonly name: string;
    readonly type: string;
    readonly typeModifiers?: JsonModifiers;
  }[];
}

/** The JSON of @mtcute (`api-schema.json`: `l` is the layer, `e` the entries). */
export function parseJson(text: string): { layer: number; definitions: TlDefinition[] } {
  const { l, e } = JSON.parse(text) as { readonly l: number; readonly e: readonly JsonEntry[] };
  const spell = (type: string, modifiers: JsonModifiers | undefined): string =>
    modifiers?.isVector === true ? `Vector<${type}>` : type;
  const definitions = e
    .filter((entry) => !BUILT_IN.has(entry.name))
    .map((entry) => ({
      name: entry.name,
      id: entry.id >>> 0,
      method: entry.kind === 'method',
      result: typeOf(spell(entry.type, entry.typeModifiers)),
      fields: entry.arguments.map((argument) => {
        const condition = argument.typeModifiers?.predicate;
        const type = spell(argument.type, argument.typeModifiers);
        return fieldOf(argument.name, condition === undefined ? type : `${condition}?${type}`);
      }),
    }));
  return { layer: l, definitions };
}
