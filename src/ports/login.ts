// A login as data: the same steps are drawn by the management room today and by the console tomorrow.
import type { BridgeError } from '../model/errors.ts';
import type { PersonId, PuppetId } from '../model/ids.ts';
import type { Say } from '../model/say.ts';
import type { VaultChange } from './stores.ts';

export interface LoginFlow {
  /** Typed by people: `login telegram phone`. */
  readonly id: string;
  readonly title: Say;
}

export interface LoginField {
  readonly name: string;
  readonly label: Say;
  /** A secret is redacted in the room at once and never logged. */
  readonly secret: boolean;
}

/** What a finished login brings; the house checks the rules against it and writes everything in one commit. */
export interface NewLogin {
  readonly puppet: PuppetId;
  readonly self: PersonId;
  /** Shown to the owner: a name or a username. */
  readonly name: string;
  /** Rule facts of the account itself (`phone:+33…`, `username:x`). */
  readonly facts: readonly string[];
  /** The sealed session and first cursor. */
  readonly vault: readonly VaultChange[];
}

export type LoginStep =
  | {
      readonly kind: 'show';
      readonly form: 'qr' | 'code';
      readonly data: string;
      readonly until: number;
      readonly say: Say;
    }
  | { readonly kind: 'ask'; readonly say: Say; readonly fields: readonly LoginField[] }
  | { readonly kind: 'wait'; readonly say: Say }
  | { readonly kind: 'done'; readonly login: NewLogin }
  | { readonly kind: 'failed'; readonly error: BridgeError };

/** What a login that died half-made came to. */
export type Leftover =
  /** Nothing was linked. */
  | { readonly kind: 'nothing' }
  /** It was kept after all: the login stands. */
  | { readonly kind: 'kept'; readonly puppet: PuppetId }
  /** It was linked, and is no longer. */
  | { readonly kind: 'undone' }
  /** It is linked still, under this name, and its person has to end it over there. */
  | { readonly kind: 'linked'; readonly device: string };

export interface LoginProcess {
  /** Each step replaces the one before it; 'done' and 'failed' end the stream. */
  readonly steps: AsyncIterable<LoginStep>;
  answer(fields: Readonly<Record<string, string>>): void;
  /** Ends the process and leaves nothing open; after `done` it also closes the wire used for the login. */
  cancel(): Promise<void>;
  /** The rules refused the account: log it out on the network at once. Only after `done`. */
  abandon(): Promise<void>;
}
