// What the doctor's checks are given and what they answer; shapes only, no check.
import type { Config } from '../config/schema.ts';
import type { DatabaseFacts } from './database.ts';

export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  /** What was seen; no secret in it. */
  readonly seen: string;
  /** What to do; always there unless ok. */
  readonly todo?: string;
}

/** What the homeserver answered, or why it did not. */
export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown; readonly date: string | undefined }
  | { readonly kind: 'silent'; readonly code: string };

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With its leading slash; parts already encoded. */
  readonly path: string;
  /** Whose token; absent: none. */
  readonly token?: 'bridge' | 'double';
  /** Speak as this user. */
  readonly user?: string;
  readonly body?: unknown;
}

export type Call = (request: Request) => Promise<Answer>;

/** Everything the checks may touch. */
export interface DoctorPorts {
  readonly config: Config;
  readonly call: Call;
  /** Epoch ms. */
  readonly now: () => number;
  readonly database: () => Promise<DatabaseFacts>;
  /** Free bytes where the bridge writes. */
  readonly freeBytes: () => Promise<number>;
  /** Sentences, from registrationDifferences(). */
  readonly registration: () => readonly string[];
  /** Runs `work` while somebody answers pings at the bridge's own address. */
  readonly answering: <T>(
    work: () => Promise<T>,
  ) => Promise<{ readonly result: T; readonly by: 'bridge' | 'doctor' | 'nobody' }>;
  /** By network id: resolves when its servers can be reached, rejects with a code otherwise. */
  readonly probes: Readonly<Record<string, () => Promise<void>>>;
  /** Leave out what makes a room. */
  readonly quick: boolean;
}

export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };
