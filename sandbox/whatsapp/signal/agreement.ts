// X3DH: how two devices come to a first shared root key, with or without a one-time prekey. Knows no messages.

import type { KeyPair } from '../curve.ts';
import { rootOf } from './derive.ts';
import { agreeWith } from './keys.ts';

/** As if the secrets stood behind a point that no curve has: tells X25519 from other curves. */
const DOMAIN = Buffer.alloc(32, 0xff);

interface Shared {
  readonly root: Buffer;
  readonly chain: Buffer;
}

/** @throws SignalError `malformed` for keys of low order */
export function agreeAsInitiator(
  ours: { readonly identity: KeyPair; readonly base: KeyPair },
  theirs: { readonly identity: Uint8Array; readonly signedPreKey: Uint8Array; readonly preKey: Uint8Array | undefined },
): Shared {
  return rootOf(
    Buffer.concat([
      DOMAIN,
      agreeWith(ours.identity, theirs.signedPreKey),
      agreeWith(ours.base, theirs.identity),
      agreeWith(ours.base, theirs.signedPreKey),
      ...(theirs.preKey === undefined ? [] : [agreeWith(ours.base, theirs.preKey)]),
    ]),
  );
}

/** @throws SignalError `malformed` for keys of low order */
export function agreeAsResponder(
  ours: { readonly identity: KeyPair; readonly signedPreKey: KeyPair; readonly preKey: KeyPair | undefined },
  theirs: { readonly identity: Uint8Array; readonly base: Uint8Array },
): Shared {
  return rootOf(
    Buffer.concat([
      DOMAIN,
      agreeWith(ours.signedPreKey, theirs.identity),
      agreeWith(ours.identity, theirs.base),
      agreeWith(ours.signedPreKey, theirs.base),
      ...(ours.preKey === undefined ? [] : [agreeWith(ours.preKey, theirs.base)]),
    ]),
  );
}
