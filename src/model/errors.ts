// The one error that crosses walls: how certain the refusal is, when to try again and what people are told.
import { say, type Say, type SayKey } from './say.ts';

/** now: same id at once (a lost answer) · later: back off · after-login: wait for the person · never: park and tell the author. */
export type Retry = 'now' | 'later' | 'after-login' | 'never';

export interface BridgeErrorOptions {
  readonly cause?: unknown;
  /** Epoch ms before which another try is pointless (429, FLOOD_WAIT). */
  readonly notBefore?: number;
  readonly values?: Readonly<Record<string, string | number>>;
  /** True when the effect may have happened although no answer came. */
  readonly mayHaveHappened?: boolean;
  /** True when whoever runs the bridge has to act: administrators hear of it as well. */
  readonly alert?: boolean;
  /** Of `never`: nobody can decide otherwise, so that its author hears so and nothing is put aside. */
  readonly final?: boolean;
}

/** `code` is for logs and metrics (kebab-case, no personal data); `human` is for people. */
export class BridgeError extends Error {
  readonly code: string;
  readonly retry: Retry;
  readonly human: Say;
  readonly notBefore: number | undefined;
  readonly mayHaveHappened: boolean;
  readonly alert: boolean;
  readonly final: boolean;

  constructor(code: string, retry: Retry, human: SayKey, options: BridgeErrorOptions = {}) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BridgeError';
    this.code = code;
    this.retry = retry;
    this.human = say(human, options.values);
    this.notBefore = options.notBefore;
    this.mayHaveHappened = options.mayHaveHappened ?? false;
    this.alert = options.alert ?? false;
    this.final = options.final ?? false;
  }
}

/**
 * Codes (as a regular expression, for us and for Postgres) of what only waits for a login's line or for the login itself: tried
 * again at once when that line is open. A date that the network named is none of these.
 */
export const WAITS_FOR_LINE = '(^|-)(offline|no-answer|signed-out|logged-out)$';
/** The same of what waits for the homeserver to answer. */
export const WAITS_FOR_HOMESERVER = '^matrix-unavailable$';

/** Thrown when a write carries an epoch that is no longer in force: the writer must stop, not retry. */
export class FencedError extends Error {
  constructor(what: string) {
    super(`lease lost: ${what}`);
    this.name = 'FencedError';
  }
}

/** Thrown when what is to be written down is such that the database never takes it: another try is in vain. */
export class RefusedError extends Error {
  constructor(what: string, cause?: unknown) {
    super(`not taken: ${what}`, cause === undefined ? undefined : { cause });
    this.name = 'RefusedError';
  }
}
