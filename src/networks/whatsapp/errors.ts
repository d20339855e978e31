// From WhatsApp's codes to what the house should do and what people are told: one table, no other error policy in this folder.
import { BridgeError, FencedError, type Retry } from '../../model/errors.ts';
import { momentOf } from '../../model/moment.ts';
import type { PuppetState } from '../../model/records.ts';
import type { SayKey } from '../../model/say.ts';

const VALUES = { network: 'WhatsApp', login: 'whatsapp' };

/** How a connection ended: the status of the stream error or failure, and the failure's attributes. */
export interface Ending {
  readonly status: number;
  readonly code?: string;
  /** Seconds that a ban lasts. */
  readonly expire?: number;
}

/**
 * restart: at once, with the same credentials · back-off: as the reconnect budget allows · wait: not before `until` ·
 * stop: not by itself · sign-out: the credentials are worth nothing any more, forget them and never link again by itself.
 */
export interface Parting {
  readonly next: 'restart' | 'back-off' | 'wait' | 'stop' | 'sign-out';
  readonly state: PuppetState;
  readonly error: BridgeError;
  /** Epoch ms. */
  readonly until?: number;
  /** Of a ban: why, in WhatsApp's numbers. */
  readonly code?: string;
}

/** The account is banned for a time. */
export interface Ban {
  /** Epoch ms. */
  readonly until: number;
  /** Why, in WhatsApp's numbers. */
  readonly code?: string | undefined;
}

const PARTINGS: Readonly<Record<number, readonly [Parting['next'], SayKey]>> = {
  401: ['sign-out', 'whatsapp.logged-out'],
  402: ['wait', 'whatsapp.temp-ban'],
  403: ['sign-out', 'whatsapp.locked'],
  405: ['stop', 'whatsapp.outdated'],
  406: ['sign-out', 'whatsapp.banned'],
  408: ['back-off', 'whatsapp.timed-out'],
  409: ['stop', 'whatsapp.unwelcome'],
  411: ['sign-out', 'whatsapp.no-multi-device'],
  428: ['back-off', 'whatsapp.line-lost'],
  429: ['back-off', 'network.rate-limited'],
  440: ['stop', 'whatsapp.replaced'],
  463: ['back-off', 'whatsapp.restricted'],
  500: ['back-off', 'whatsapp.server-fault'],
  503: ['back-off', 'whatsapp.busy'],
  515: ['restart', 'whatsapp.restarting'],
};

/** Why an account is banned for a time (whatsmeow types/events). */
const BANS: Readonly<Record<string, SayKey>> = {
  101: 'whatsapp.ban-strangers',
  102: 'whatsapp.ban-blocked',
  103: 'whatsapp.ban-groups',
  104: 'whatsapp.ban-same',
  106: 'whatsapp.ban-lists',
};

export const DAY = 24 * 3_600_000;
/** Not again in the life of this process. */
const FOR_GOOD = Number.MAX_SAFE_INTEGER;

const STATES: Readonly<Record<Parting['next'], PuppetState>> = {
  restart: 'offline',
  'back-off': 'offline',
  wait: 'stopped',
  stop: 'stopped',
  'sign-out': 'signed-out',
};

/** @param now epoch ms */
export function partingOf({ status, code, expire }: Ending, now: number): Parting {
  const [next, plain] = PARTINGS[status] ?? ['back-off', 'whatsapp.ended'];
  const words = status === 402 && code !== undefined && Object.hasOwn(BANS, code) ? (BANS[code] ?? plain) : plain;
  const seconds = expire !== undefined && Number.isFinite(expire) && expire > 0 ? expire : DAY / 1000;
  const until = next === 'wait' ? Math.round(now + seconds * 1000) : undefined;
  const retry: Retry = next === 'sign-out' ? 'after-login' : 'later';
  const notBefore = next === 'stop' ? FOR_GOOD : until;
  const error = new BridgeError(`whatsapp-ended-${status}`, retry, words, {
    values: { ...VALUES, code: status, ...(until === undefined ? {} : { until: momentOf(until) }) },
    alert: next === 'stop',
    ...(notBefore === undefined ? {} : { notBefore }),
  });
  const state = STATES[next];
  if (until === undefined) return { next, state, error };
  return { next, state, error, until, ...(code === undefined ? {} : { code }) };
}

/** A ban that was told before, as if WhatsApp said it again. @param now epoch ms */
export function stillBanned({ until, code }: Ban, now: number): Parting {
  const expire = (until - now) / 1000;
  return partingOf({ status: 402, expire, ...(code === undefined ? {} : { code }) }, now);
}

/** Reads the library's error of a closed connection, whatever it holds. */
export function endingOf(error: unknown): Ending {
  const { output, data } = (error ?? {}) as { readonly output?: unknown; readonly data?: unknown };
  const status = Number((output as { readonly statusCode?: unknown } | null | undefined)?.statusCode);
  const { code, expire } = (data ?? {}) as { readonly code?: unknown; readonly expire?: unknown };
  const seconds = Number(expire);
  return {
    status: Number.isInteger(status) ? status : 428,
    ...(typeof code === 'string' ? { code } : {}),
    ...(Number.isFinite(seconds) && seconds > 0 ? { expire: seconds } : {}),
  };
}

const NACKS: Readonly<Record<number, readonly [Retry, SayKey]>> = {
  401: ['never', 'whatsapp.may-not-write'],
  403: ['never', 'whatsapp.may-not-write'],
  404: ['never', 'whatsapp.peer-gone'],
  // The group went from numbers to LIDs while this was on its way; the library asks how it is before each message.
  421: ['now', 'network.unreachable'],
  429: ['later', 'network.rate-limited'],
  463: ['never', 'whatsapp.restricted'],
  479: ['later', 'network.unreachable'],
};
const RATE_MS = 60_000;

/** The server's ack of a message carried an error. @param now epoch ms */
export function nackOf(code: number, now: number): BridgeError {
  const [retry, words] = NACKS[code] ?? (code >= 500 ? ['later', 'network.unreachable'] : ['never', 'network.refused']);
  const notBefore = code === 429 ? { notBefore: now + RATE_MS } : {};
  return new BridgeError(`whatsapp-nack-${code}`, retry, words, { values: { ...VALUES, code }, ...notBefore });
}

/** New chats are closed to the account. @param limit until when (epoch ms), and whether that is our guess: it is not told then */
export function restricted({ until, guessed }: { readonly until: number; readonly guessed: boolean }): BridgeError {
  const [words, when] = guessed
    ? (['whatsapp.restricted', {}] as const)
    : (['whatsapp.restricted-until', { until: momentOf(until) }] as const);
  return new BridgeError('whatsapp-restricted', 'never', words, { values: { ...VALUES, ...when }, notBefore: until });
}

/** WhatsApp asks the account to wait. */
export function isRateLimit(error: unknown): error is BridgeError {
  return error instanceof BridgeError && error.code === 'whatsapp-nack-429';
}

/** Only new chats are closed to the account: the others go on. */
export function isRestriction(error: unknown): boolean {
  return error instanceof BridgeError && error.code === 'whatsapp-nack-463';
}

/** No ack came, or the connection went while a message was on its way: it is sent again under the same id. */
export function unanswered(cause?: unknown): BridgeError {
  return new BridgeError('whatsapp-no-answer', 'now', 'network.unreachable', {
    cause,
    mayHaveHappened: true,
    values: VALUES,
  });
}

/** What came cannot be read on, for a reason that nobody foresaw. */
export function trouble(cause: unknown): BridgeError {
  return new BridgeError('whatsapp-trouble', 'later', 'whatsapp.trouble', { cause, values: VALUES });
}

const UNREADABLE = 'whatsapp-unreadable-state';

/** Whether the vault could not be asked, and not what it holds is the trouble: a database that is away says so with a code. */
export function isAway(error: unknown): boolean {
  return error instanceof FencedError || (typeof error === 'object' && error !== null && 'code' in error);
}

/** Why a login could not be read from the vault. @throws always */
export function unreadable(error: unknown): never {
  if (isAway(error)) throw error;
  throw new BridgeError(UNREADABLE, 'later', 'whatsapp.unreadable-state', { cause: error, values: VALUES });
}

export function isUnreadable(error: unknown): error is BridgeError {
  return error instanceof BridgeError && error.code === UNREADABLE;
}
