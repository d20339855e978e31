// From what the toy server says to what the house should do and what people are told: one table, no other error policy here.
import { BridgeError, type Retry } from '../../model/errors.ts';
import type { SayKey } from '../../model/say.ts';

/** refused: the server said no · no-answer: it said nothing · lost: the connection is gone or could not be made. */
export class WireFault extends Error {
  readonly kind: 'refused' | 'no-answer' | 'lost';
  readonly code: string;
  /** Ms to wait before another try, as the server wishes. */
  readonly wait: number | undefined;

  constructor(kind: WireFault['kind'], code: string, options: { wait?: number; cause?: unknown } = {}) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'WireFault';
    this.kind = kind;
    this.code = code;
    this.wait = options.wait;
  }
}

const NETWORK = 'Pigeon';

const TABLE: Readonly<Record<string, readonly [Retry, SayKey]>> = {
  busy: ['later', 'network.unreachable'],
  wait: ['later', 'network.rate-limited'],
  'unknown-token': ['after-login', 'network.signed-out'],
  'unknown-person': ['never', 'network.not-found'],
};

/** Whether this answer ends the login. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof WireFault && error.kind === 'refused' && error.code === 'unknown-token';
}

export function offline(cause?: unknown): BridgeError {
  return new BridgeError('pigeon-offline', 'later', 'network.unreachable', { cause, values: { network: NETWORK } });
}

/** @param acted the call may have had its effect if no answer came @param now epoch ms */
export function bridgeError(error: unknown, now: number, acted = false, identifier = ''): unknown {
  if (!(error instanceof WireFault)) return error;
  const values = { network: NETWORK, login: 'pigeon', code: error.code, identifier };
  if (error.kind !== 'refused') {
    const options = { cause: error, mayHaveHappened: acted, values };
    return new BridgeError('pigeon-no-answer', 'now', 'network.unreachable', options);
  }
  const [retry, words] = TABLE[error.code] ?? ['never', 'network.refused'];
  const notBefore = error.wait === undefined ? {} : { notBefore: now + error.wait };
  return new BridgeError(`pigeon-${error.code}`, retry, words, { cause: error, values, ...notBefore });
}
