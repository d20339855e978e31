// A sentence for people, as a catalogue key with its values; rendered in the reader's language only where it is shown.
import type { SayKey } from '../words/index.ts';

export type { SayKey } from '../words/index.ts';

export interface Say {
  readonly key: SayKey;
  readonly with?: Readonly<Record<string, string | number>>;
}

export function say(key: SayKey, values?: Readonly<Record<string, string | number>>): Say {
  return values === undefined ? { key } : { key, with: values };
}

export function isSame(one: Say | undefined, other: Say | undefined): boolean {
  return one?.key === other?.key && JSON.stringify(one?.with ?? {}) === JSON.stringify(other?.with ?? {});
}

export type Language = 'en' | 'fr';
