// Structured logs from allow-listed fields only: no body, no name, no phone number, no token, at any level; knows no wing.
import { createHmac } from 'node:crypto';
import { pino, type DestinationStream } from 'pino';
import type { LogFacts, Logger } from '../ports/stores.ts';
import { safeError, withoutStacks, type SafeError } from './safe-error.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Ids are shown as short keyed hashes: equal ids look equal, and nobody without the key finds the id again. */
  readonly key: Uint8Array;
  /** Standard output when absent. */
  readonly out?: DestinationStream;
}

export function makeLogger(options: LoggerOptions): Logger {
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.out ?? pino.destination({ fd: 1, sync: true }),
  );
  const write =
    (level: Exclude<LogLevel, 'silent' | 'trace'>) =>
    (facts: LogFacts, line: string): void => {
      if (log.isLevelEnabled(level)) log[level](allowed(facts, options.key, level), oneLine(line));
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

type Show = (value: unknown, key: Uint8Array, level: string) => unknown;

/** One row per field of LogFacts; what is not here cannot be logged. */
const shows: Readonly<Record<keyof LogFacts, Show>> = {
  lane: shortId,
  key: shortId,
  puppet: shortId,
  room: shortId,
  event: shortId,
  kind: word,
  code: word,
  network: word,
  worker: shortId,
  state: word,
  attempt: figure,
  ms: figure,
  count: figure,
  port: figure,
  status: figure,
  host: hostName,
  error: (value, _key, level) => shownError(safeError(value), level),
};

function allowed(facts: LogFacts, key: Uint8Array, level: string): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, show] of Object.entries(shows)) {
    const value = facts[name as keyof LogFacts];
    if (value === undefined) continue;
    const shown = show(value, key, level);
    if (shown !== undefined) kept[name] = shown;
  }
  return kept;
}

/** `!room:example.org` → `!3f9ac2d1`; a kind in front (`n:`, `m:`, `$`, `@`) stays readable. */
function shortId(value: unknown, key: Uint8Array): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const kind = /^(?:[a-z]{1,8}:)?[!$@#]?/.exec(value)?.[0] ?? '';
  return kind + createHmac('sha256', key).update(value).digest('hex').slice(0, 8);
}

/** A homeserver that is away is no fault of ours: each try would tell the same frames again. */
function shownError(error: SafeError, level: string): SafeError {
  return level === 'warn' && error.code === 'matrix-unavailable' ? withoutStacks(error) : error;
}

/** `host` or `host:port` of an address: no path, no user, and never a bare number. */
function hostName(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return /^(?=.*[^\d])(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(value) ? value : '?';
}

/** Our own short words; a sentence, an id or a number that somebody put here by mistake is not shown. */
function word(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return /^[A-Za-z][A-Za-z0-9._:-]{0,47}$|^[0-9A-Z]{5}$/.test(value) && !/\d{6,}/.test(value) ? value : '?';
}

function figure(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? Math.round(value * 10) / 10 : undefined;
}

/** Lines are fixed texts of ours; a break in one would fake a second record for readers of plain text. */
function oneLine(line: string): string {
  return line.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, 200);
}
