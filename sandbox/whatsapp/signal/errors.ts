// The reasons for which a simulated party cannot read or start something; knows nobody's state.

/**
 * - `duplicate`: this very message was decrypted before (phones confirm it again and show nothing).
 * - `no-session`, `no-sender-key`: nothing to decrypt with (phones ask for a retry).
 * - `unknown-prekey`: the message names a prekey we never made or already used.
 * - `bad-mac`, `bad-signature`, `bad-padding`, `malformed`, `version`, `untrusted`: the bytes are not what they claim.
 * - `too-far`: more messages are missing before it than we keep keys for.
 */
export type SignalReason =
  | 'duplicate'
  | 'no-session'
  | 'no-sender-key'
  | 'unknown-prekey'
  | 'bad-mac'
  | 'bad-signature'
  | 'bad-padding'
  | 'malformed'
  | 'version'
  | 'untrusted'
  | 'too-far';

export class SignalError extends Error {
  readonly reason: SignalReason;

  constructor(reason: SignalReason, message: string) {
    super(message);
    this.name = 'SignalError';
    this.reason = reason;
  }
}
