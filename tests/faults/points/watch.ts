// Knows which questions to the database are about one login's state on WhatsApp, counts them, and strikes at the one it is told. Knows
// no bridge: what a stroke does is somebody else's.
import type { DoorWatch, Passage } from './door.ts';
import type { Ask } from './frames.ts';

/** Where a stroke falls: by its number among all, or the so many-th of one kind. */
export interface Point {
  readonly kind?: string;
  /** From 1 on. */
  readonly nth: number;
}

export interface Armed extends Point {
  readonly passage: Exclude<Passage, 'through'>;
  readonly fall: (cut: () => void) => void;
}

/** Of logins, and of logins that are being made. */
const SCOPE = /^(?:login|draft):/;
/** Of accept_entries(): keys of entries, scopes and keys of sealed values. */
const ENTRIES = 0;
const SCOPES = 7;
const KEYS = 8;

export class Watch implements DoorWatch {
  /** Kinds of the points since the last begin(), in their order. */
  #kinds: string[] = [];
  #counting = false;
  #armed: Armed | undefined;
  #fallen: Armed | undefined;
  #hit: string | undefined;

  get kinds(): readonly string[] {
    return this.#kinds;
  }

  /** Kind of the point that was struck, if it was reached. */
  get hit(): string | undefined {
    return this.#hit;
  }

  begin(armed?: Armed): void {
    this.#kinds = [];
    this.#counting = true;
    this.#armed = armed;
    this.#fallen = undefined;
    this.#hit = undefined;
  }

  /** Counts no more, and strikes no more. */
  end(): void {
    this.#counting = false;
    this.#armed = undefined;
  }

  readonly passage = (ask: Ask): Passage => {
    const kind = this.#counting ? kindOf(ask) : undefined;
    if (kind === undefined) return 'through';
    this.#kinds.push(kind);
    const armed = this.#armed;
    if (armed === undefined || (armed.kind !== undefined && armed.kind !== kind)) return 'through';
    const count = armed.kind === undefined ? this.#kinds.length : this.#kinds.filter((one) => one === kind).length;
    if (count !== armed.nth) return 'through';
    this.#armed = undefined;
    this.#fallen = armed;
    this.#hit = kind;
    return armed.passage;
  };

  readonly struck = (cut: () => void): void => {
    this.#fallen?.fall(cut);
  };
}

/** What a question is about, in words; undefined when it is not about the state of a login. */
export function kindOf({ text, values }: Ask): string | undefined {
  if (!text.includes('accept_entries')) {
    return /\bvault\b/.test(text) && values.some((one) => SCOPE.test(one ?? '')) ? verbOf(text) : undefined;
  }
  if (!listOf(values[SCOPES]).some((scope) => SCOPE.test(scope))) return undefined;
  const kinds = listOf(values[KEYS]).map(keyKind);
  const events = listOf(values[ENTRIES]).length > 0 ? ['events'] : [];
  return [...new Set([...kinds, ...events])].toSorted().join(' ');
}

/** `select` */
function verbOf(text: string): string {
  return /\w+/.exec(text)?.[0] ?? '';
}

/** `signal/session/…` is a session, `journal/…` a row of the journal, `lid:…` and `login-…` somebody's. */
function keyKind(key: string): string {
  const [first = '', second = ''] = key.split(/[/:]|(?<=^wa)-/);
  return first === 'signal' ? second : first;
}

/** The texts of an array as Postgres reads it. */
function listOf(array: string | undefined): readonly string[] {
  return [...(array ?? '').matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}
