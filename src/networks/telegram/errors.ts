// From a wire code to what the house should do and what people are told: one table, no other error policy in this folder.
import { BridgeError, type Retry } from '../../model/errors.ts';
import type { SayKey } from '../../model/say.ts';
import { WireFault } from './wire/fault.ts';

const NETWORK = 'Telegram';

/** The account is no longer ours: only its person can repair that. */
const SIGNED_OUT = new Set([
  'AUTH_KEY_UNREGISTERED',
  'AUTH_KEY_INVALID',
  'AUTH_KEY_PERM_EMPTY',
  'AUTH_KEY_NOT_FOUND',
  'SESSION_REVOKED',
  'SESSION_EXPIRED',
  'USER_DEACTIVATED',
  'USER_DEACTIVATED_BAN',
]);

/** Sent from two addresses at once: the key is dead for good. */
const DUPLICATED = 'AUTH_KEY_DUPLICATED';

/** Refused for good, and nobody can decide otherwise. */
const TOO_LATE = 'MESSAGE_EDIT_TIME_EXPIRED';

type Row = readonly [retry: Retry, words: SayKey];

const TABLE: Readonly<Record<string, Row>> = {
  PEER_ID_INVALID: ['never', 'telegram.peer-gone'],
  USER_ID_INVALID: ['never', 'telegram.peer-gone'],
  INPUT_USER_DEACTIVATED: ['never', 'telegram.peer-gone'],
  USER_IS_BLOCKED: ['never', 'telegram.blocked'],
  YOU_BLOCKED_USER: ['never', 'telegram.you-blocked'],
  PRIVACY_PREMIUM_REQUIRED: ['never', 'telegram.premium-required'],
  CHAT_WRITE_FORBIDDEN: ['never', 'telegram.may-not-write'],
  USER_BANNED_IN_CHANNEL: ['never', 'telegram.may-not-write'],
  PEER_FLOOD: ['never', 'telegram.peer-flood'],
  MESSAGE_TOO_LONG: ['never', 'telegram.too-long'],
  MESSAGE_EMPTY: ['never', 'telegram.empty'],
  MESSAGE_ID_INVALID: ['never', 'telegram.message-gone'],
  MESSAGE_AUTHOR_REQUIRED: ['never', 'telegram.not-yours'],
  [TOO_LATE]: ['never', 'telegram.edit-too-late'],
  MESSAGE_DELETE_FORBIDDEN: ['never', 'telegram.not-yours'],
  USERNAME_NOT_OCCUPIED: ['never', 'network.not-found'],
  USERNAME_INVALID: ['never', 'network.not-found'],
  PHONE_NOT_OCCUPIED: ['never', 'network.not-found'],
  MSG_WAIT_FAILED: ['now', 'network.unreachable'],
  RPC_CALL_FAIL: ['later', 'network.unreachable'],
  RPC_MCGET_FAIL: ['later', 'network.unreachable'],
  INTERDC_CALL_ERROR: ['later', 'network.unreachable'],
  TIMEOUT: ['now', 'network.unreachable'],
};

/** Whether this answer ends the login. */
export function isSignedOut(error: unknown): boolean {
  if (!(error instanceof WireFault) || (error.kind !== 'rpc' && error.kind !== 'refused-key')) return false;
  return SIGNED_OUT.has(error.code) || error.code === DUPLICATED;
}

export function signedOut(cause: unknown): BridgeError {
  const closed = cause instanceof WireFault && cause.code.startsWith('USER_DEACTIVATED');
  const words = closed ? 'telegram.account-closed' : 'network.signed-out';
  return new BridgeError('telegram-signed-out', 'after-login', words, {
    cause,
    values: { network: NETWORK, login: 'telegram' },
  });
}

export function offline(cause?: unknown): BridgeError {
  return new BridgeError('telegram-offline', 'later', 'network.unreachable', { cause, values: { network: NETWORK } });
}

export function floodUntil(until: number, cause?: unknown): BridgeError {
  return new BridgeError('telegram-flood', 'later', 'network.rate-limited', {
    cause,
    notBefore: until,
    values: { network: NETWORK },
  });
}

/** @param acted the call may have had its effect if no answer came @param now epoch ms */
export function bridgeError(error: unknown, now: number, acted = false, identifier = ''): unknown {
  if (!(error instanceof WireFault)) return error;
  // A refused key may be refused in passing: the session, which counts, says when it is over.
  if (error.kind !== 'refused-key' && isSignedOut(error)) return signedOut(error);
  const values = { network: NETWORK, code: error.code, identifier };
  switch (error.kind) {
    case 'flood':
      return floodUntil(now + (error.seconds ?? 1) * 1000, error);
    case 'no-answer':
    case 'lost':
    case 'refused-key':
      return new BridgeError('telegram-no-answer', 'now', 'network.unreachable', {
        cause: error,
        mayHaveHappened: acted,
        values,
      });
    case 'unreadable':
      return new BridgeError('telegram-unreadable', 'later', 'network.unreachable', {
        cause: error,
        mayHaveHappened: acted,
        values,
      });
    case 'rpc': {
      const row = TABLE[error.code];
      if (row !== undefined) {
        const final = error.code === TOO_LATE;
        return new BridgeError(codeOf(error.code), row[0], row[1], { cause: error, values, final });
      }
      const serverSide = (error.status ?? 400) >= 500 || (error.status ?? 0) < 0;
      if (serverSide) {
        return new BridgeError(codeOf(error.code), 'later', 'network.unreachable', {
          cause: error,
          mayHaveHappened: acted,
          values,
        });
      }
      return new BridgeError(codeOf(error.code), 'never', 'network.refused', { cause: error, values });
    }
  }
}

function codeOf(code: string): string {
  return `telegram-${code.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, 64);
}
