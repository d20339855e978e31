// What can go wrong on the wire, in words of our own, so that nobody else meets the library's error classes.

/**
 * rpc: Telegram answered with an error · flood: it asks to wait `seconds` · no-answer: the deadline passed · lost: the
 * connection ended first · refused-key: the transport does not know our key (-404) · unreadable: the answer could not be parsed.
 */
export type FaultKind = 'rpc' | 'flood' | 'no-answer' | 'lost' | 'refused-key' | 'unreadable';

export class WireFault extends Error {
  readonly kind: FaultKind;
  /** The wire code, such as PEER_ID_INVALID; never contains personal data. */
  readonly code: string;
  readonly status: number | undefined;
  readonly seconds: number | undefined;
  /** Where Telegram sends us instead. */
  readonly dc: number | undefined;

  constructor(
    kind: FaultKind,
    code: string,
    details: { status?: number; seconds?: number; dc?: number; cause?: unknown } = {},
  ) {
    super(code, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'WireFault';
    this.kind = kind;
    this.code = code;
    this.status = details.status;
    this.seconds = details.seconds;
    this.dc = details.dc;
  }
}

function numberIn(error: Error, key: string): number | undefined {
  const value = (error as unknown as Record<string, unknown>)[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The library's error, whatever its class, as a fault. Classes lose their code in two places (see docs/telegram-library.md 14). */
export function faultOf(error: unknown): WireFault {
  if (error instanceof WireFault) return error;
  if (!(error instanceof Error)) return new WireFault('lost', String(error).slice(0, 80));
  const name = error.constructor.name;
  const seconds = numberIn(error, 'seconds');
  const status = numberIn(error, 'code');
  if (seconds !== undefined && /Flood|Slow/.test(name)) {
    return new WireFault('flood', name === 'SlowModeWaitError' ? 'SLOWMODE_WAIT' : 'FLOOD_WAIT', {
      status: 420,
      seconds,
    });
  }
  const dc = numberIn(error, 'newDc');
  if (dc !== undefined) return new WireFault('rpc', 'MIGRATE', { status: 303, dc });
  if (name === 'TypeNotFoundError') return new WireFault('unreadable', 'TYPE_NOT_FOUND');
  if (name === 'MsgWaitError') return new WireFault('rpc', 'MSG_WAIT_FAILED', { status: 400 });
  const code = (error as unknown as { errorMessage?: unknown }).errorMessage;
  if (typeof code === 'string') return new WireFault('rpc', code, status === undefined ? {} : { status });
  return new WireFault('lost', name, { cause: error });
}
