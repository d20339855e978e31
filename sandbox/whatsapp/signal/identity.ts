// What a simulated device is to others before any session: its identity key, its registration id, its signed prekeys
// and its one-time prekeys. Knows no sessions.

import { sign, verify, type KeyPair } from '../curve.ts';
import { SignalError } from './errors.ts';
import { newKeyPair } from './keys.ts';
import { typedKey } from './messages.ts';
import { randomBelow, type RandomBytes } from './random.ts';

/** What the server hands to somebody who wants to start a session with a device. Keys are 32 raw bytes. */
export interface PreKeyBundle {
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: { readonly id: number; readonly publicKey: Uint8Array; readonly signature: Uint8Array };
  /** Missing when the device has none left. */
  readonly preKey?: { readonly id: number; readonly publicKey: Uint8Array };
}

/** Signed prekeys that still open sessions; older ones are forgotten, as on phones that rotate them. */
const SIGNED_KEPT = 3;

export interface IdentityOptions {
  readonly random: RandomBytes;
  /** A given identity instead of a fresh one (a phone that was set up anew keeps neither). */
  readonly keyPair?: KeyPair;
  readonly registrationId?: number;
}

/** @throws SignalError `bad-signature` unless the device itself signed the prekey of its bundle */
export function checkBundle(bundle: PreKeyBundle): void {
  const { publicKey, signature } = bundle.signedPreKey;
  if (!verify(bundle.identityKey, typedKey(publicKey), signature)) {
    throw new SignalError('bad-signature', 'the signed prekey is not signed by its owner');
  }
}

export class Identity {
  readonly keyPair: KeyPair;
  readonly registrationId: number;
  readonly #random: RandomBytes;
  readonly #signed = new Map<number, { pair: KeyPair; signature: Uint8Array }>();
  readonly #oneTime = new Map<number, KeyPair>();
  #lastSigned = 0;
  #lastOneTime = 0;
  #handedOut: PreKeyBundle['preKey'];

  constructor(options: IdentityOptions) {
    this.#random = options.random;
    this.keyPair = options.keyPair ?? newKeyPair(options.random);
    this.registrationId = options.registrationId ?? 1 + randomBelow(options.random, 0x3ffe);
    this.rotateSignedPreKey();
  }

  /** A new signed prekey for the bundles to come; sessions begun with the last few can still be opened. */
  rotateSignedPreKey(): void {
    this.#lastSigned += 1;
    const pair = newKeyPair(this.#random);
    const signature = sign(this.keyPair.privateKey, typedKey(pair.publicKey), this.#random(64));
    this.#signed.set(this.#lastSigned, { pair, signature });
    this.#signed.delete(this.#lastSigned - SIGNED_KEPT);
  }

  /**
   * A bundle as the server hands it out. One-time prekeys are made as they are asked for and handed out once:
   * `oneTime` is `none` as when they have run out, `again` to hand out the last one twice, which servers must not do.
   */
  bundle(oneTime: 'fresh' | 'none' | 'again' = 'fresh'): PreKeyBundle {
    const signed = this.#signed.get(this.#lastSigned);
    if (signed === undefined) throw new Error('an identity always has a signed prekey');
    if (oneTime === 'fresh') this.#handedOut = this.#newPreKey();
    if (oneTime === 'again' && this.#handedOut === undefined) throw new Error('no prekey was handed out yet');
    return {
      registrationId: this.registrationId,
      identityKey: this.keyPair.publicKey,
      signedPreKey: { id: this.#lastSigned, publicKey: signed.pair.publicKey, signature: signed.signature },
      ...(oneTime === 'none' || this.#handedOut === undefined ? {} : { preKey: this.#handedOut }),
    };
  }

  /** @throws SignalError `unknown-prekey` */
  signedPreKey(id: number): KeyPair {
    const signed = this.#signed.get(id);
    if (signed === undefined) throw new SignalError('unknown-prekey', `no signed prekey ${id}`);
    return signed.pair;
  }

  /** @throws SignalError `unknown-prekey` when it was never made, or was used */
  oneTimePreKey(id: number): KeyPair {
    const pair = this.#oneTime.get(id);
    if (pair === undefined) throw new SignalError('unknown-prekey', `no prekey ${id}`);
    return pair;
  }

  /** To be called once the first message of the session made with it has been read. */
  spendPreKey(id: number): void {
    this.#oneTime.delete(id);
  }

  #newPreKey(): { id: number; publicKey: Uint8Array } {
    // Three bytes on the wire, and 0 means none.
    this.#lastOneTime = (this.#lastOneTime % 0xffffff) + 1;
    const pair = newKeyPair(this.#random);
    this.#oneTime.set(this.#lastOneTime, pair);
    return { id: this.#lastOneTime, publicKey: pair.publicKey };
  }
}
