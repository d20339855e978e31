// Why an app state patch or snapshot is refused; knows nobody's state.

/**
 * - `unknown-key`: made with a key we were not given (companions wait for the phone to share it).
 * - `version`: not the next one.
 * - `bad-…-mac`: the bytes, or the whole state after them, are not what the sender made.
 */
export type AppStateReason =
  'unknown-key' | 'version' | 'bad-value-mac' | 'bad-index-mac' | 'bad-patch-mac' | 'bad-snapshot-mac' | 'malformed';

export class AppStateError extends Error {
  override readonly name = 'AppStateError';
  readonly reason: AppStateReason;

  constructor(reason: AppStateReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
