// What people hear when a login fails: one table from wire code to sentence. Pure.
import { BridgeError } from '../../model/errors.ts';
import type { SayKey } from '../../model/say.ts';
import { bridgeError } from './errors.ts';
import { WireFault } from './wire/fault.ts';

const NETWORK = 'Telegram';

export class LoginRefusal extends BridgeError {
  constructor(code: string, words: SayKey, cause?: unknown) {
    super(`telegram-login-${code}`, 'never', words, { cause, values: { network: NETWORK } });
  }
}

const WORDS: Readonly<Record<string, SayKey>> = {
  PHONE_NUMBER_INVALID: 'telegram.phone-invalid',
  PHONE_NUMBER_BANNED: 'telegram.phone-banned',
  PHONE_NUMBER_UNOCCUPIED: 'telegram.sign-up',
  PHONE_CODE_INVALID: 'telegram.code-wrong',
  PHONE_CODE_EMPTY: 'telegram.code-wrong',
  PHONE_CODE_EXPIRED: 'telegram.code-expired',
  EMAIL_CODE_INVALID: 'telegram.code-wrong',
  PASSWORD_HASH_INVALID: 'telegram.password-wrong',
  PHONE_PASSWORD_FLOOD: 'telegram.too-many-codes',
};

/** @param now epoch ms @returns a BridgeError, or the error itself when it is a bug of ours */
export function refusalOf(error: unknown, now: number): unknown {
  if (!(error instanceof WireFault)) return error;
  const words = WORDS[error.code];
  if (words !== undefined) return new LoginRefusal(error.code.toLowerCase().replaceAll('_', '-'), words, error);
  if (error.kind === 'flood') {
    const seconds = error.seconds ?? 60;
    return new BridgeError('telegram-login-flood', 'later', 'telegram.login-flood', {
      cause: error,
      notBefore: now + seconds * 1000,
      values: { network: NETWORK, minutes: Math.max(1, Math.ceil(seconds / 60)) },
    });
  }
  if (error.kind === 'lost' || error.kind === 'no-answer')
    return new LoginRefusal('lost', 'telegram.login-lost', error);
  return bridgeError(error, now);
}
