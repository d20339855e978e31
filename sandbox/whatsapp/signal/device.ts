// One simulated device (a phone, a companion, a contact's device) as a Signal party: whom it has sessions with, which
// groups it has keys for, and what it can be made to do wrong. Knows no stanzas and no accounts.

import { Identity, type PreKeyBundle } from './identity.ts';
import type { KeyPair } from '../curve.ts';
import { SignalError } from './errors.ts';
import { pad, unpad } from './padding.ts';
import { skipMessages } from './ratchet.ts';
import { systemRandom, type RandomBytes } from './random.ts';
import {
  acceptDistribution,
  distributionOf,
  newSenderKey,
  openFromGroup,
  sealForGroup,
  skipForGroup,
  type ForeignSenderKey,
  type OwnSenderKey,
} from './sender-key.ts';
import {
  NO_SESSIONS,
  openFirstWithRecord,
  openWithRecord,
  sealWithRecord,
  startSession,
  type CiphertextType,
  type SessionRecord,
} from './session.ts';

export interface DeviceOptions {
  /** A seeded source makes everything the device does repeatable. */
  readonly random?: RandomBytes;
  /** The LID address behind any address a stanza may carry: one person's device has one record. */
  readonly resolve?: (address: string) => string;
  readonly keyPair?: KeyPair;
  readonly registrationId?: number;
}

export interface Sealed {
  readonly type: CiphertextType;
  readonly bytes: Buffer;
}

/** `mac`: the message arrives whole but its MAC (for a group its signature) does not fit, so nobody can read it. */
export type Damage = 'none' | 'mac';

function spoilLast(bytes: Buffer): Buffer {
  const spoiled = Buffer.from(bytes);
  spoiled[spoiled.length - 1] = (spoiled.at(-1) ?? 0) ^ 1;
  return spoiled;
}

export class SignalDevice {
  readonly identity: Identity;
  readonly #random: RandomBytes;
  readonly #resolve: (address: string) => string;
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #ownKeys = new Map<string, OwnSenderKey>();
  readonly #foreignKeys = new Map<string, readonly ForeignSenderKey[]>();

  constructor(options: DeviceOptions = {}) {
    const { random = systemRandom, resolve = (address: string): string => address, ...given } = options;
    this.#random = random;
    this.#resolve = resolve;
    this.identity = new Identity({ random, ...given });
  }

  /** What the server hands out for this device, or what goes into a retry receipt; see Identity.bundle. */
  bundle(oneTime: 'fresh' | 'none' | 'again' = 'fresh'): PreKeyBundle {
    return this.identity.bundle(oneTime);
  }

  hasSession(address: string): boolean {
    return this.#record(address).current !== undefined;
  }

  /** The identity key of the other device in the session in use, 32 bytes. */
  identityOf(address: string): Uint8Array | undefined {
    return this.#record(address).current?.theirIdentity;
  }

  /**
   * Starts a session though there may be one already: after a retry receipt, or, when both sides do it before either has
   * heard of the other, a glare.
   * @throws SignalError `bad-signature`, `malformed`
   */
  startSession(address: string, bundle: PreKeyBundle): void {
    this.#keep(address, startSession(this.#record(address), this.identity, bundle, this.#random));
  }

  /** Forgets all sessions with a device, as a phone that was reset: what it sent in them cannot be read any more. */
  forgetSession(address: string): void {
    this.#sessions.delete(this.#resolve(address));
  }

  /**
   * A padded plaintext for one device. The bundle is needed, and used, only while there is no session.
   * @throws SignalError `no-session` without either, `bad-signature` for a bundle its owner did not sign
   */
  encryptTo(
    address: string,
    plaintext: Uint8Array,
    { bundle, damage = 'none' }: { readonly bundle?: PreKeyBundle; readonly damage?: Damage } = {},
  ): Sealed {
    if (bundle !== undefined && !this.hasSession(address)) this.startSession(address, bundle);
    const padded = pad(plaintext, this.#random);
    const { record, ...sealed } = sealWithRecord(
      this.#record(address),
      this.identity,
      padded,
      damage === 'mac' ? spoilLast : undefined,
    );
    this.#keep(address, record);
    return sealed;
  }

  /**
   * The plaintext without its padding. What cannot be read leaves every session as it was.
   * @throws SignalError with the reason; `duplicate` for what was read before
   */
  decrypt(address: string, type: CiphertextType, bytes: Uint8Array): Buffer {
    const open = type === 'pkmsg' ? openFirstWithRecord : openWithRecord;
    const { record, plaintext } = open(this.#record(address), this.identity, bytes, this.#random);
    this.#keep(address, record);
    return unpad(plaintext);
  }

  /** Lets the counter of the session run on, as if so many messages had been lost on the way. */
  skipMessages(address: string, count: number): void {
    const record = this.#record(address);
    if (record.current === undefined) throw new SignalError('no-session', 'no session to send with');
    const current = { ...record.current, ratchet: skipMessages(record.current.ratchet, count) };
    this.#keep(address, { ...record, current });
  }

  /** The message that lets a device read this one's messages to a group, from the next one on. */
  distribution(group: string): Buffer {
    return distributionOf(this.#ownKey(group));
  }

  /** @throws SignalError `malformed`, `version` */
  acceptDistribution(group: string, sender: string, bytes: Uint8Array): void {
    const slot = this.#slot(group, sender);
    this.#foreignKeys.set(slot, acceptDistribution(this.#foreignKeys.get(slot) ?? [], bytes));
  }

  /** A padded plaintext for all who have the distribution. */
  encryptGroup(group: string, plaintext: Uint8Array, { damage = 'none' }: { readonly damage?: Damage } = {}): Buffer {
    const [own, bytes] = sealForGroup(this.#ownKey(group), pad(plaintext, this.#random), this.#random);
    this.#ownKeys.set(group, own);
    return damage === 'mac' ? spoilLast(bytes) : bytes;
  }

  /**
   * The plaintext without its padding. What cannot be read leaves the key as it was.
   * @throws SignalError with the reason; `duplicate` for what was read before
   */
  decryptGroup(group: string, sender: string, bytes: Uint8Array): Buffer {
    const slot = this.#slot(group, sender);
    const [known, plaintext] = openFromGroup(this.#foreignKeys.get(slot) ?? [], bytes);
    this.#foreignKeys.set(slot, known);
    return unpad(plaintext);
  }

  /** Lets the counter of the group's key run on, as if so many messages had been lost on the way. */
  skipGroupMessages(group: string, count: number): void {
    this.#ownKeys.set(group, skipForGroup(this.#ownKey(group), count));
  }

  /** A new key for the next message, which everybody must be told: after somebody left the group. */
  renewGroupKey(group: string): void {
    this.#ownKeys.delete(group);
  }

  /** Forgets what others told about their keys in a group: the next message of each cannot be read. */
  forgetGroupKeys(group: string): void {
    for (const slot of this.#foreignKeys.keys()) if (slot.startsWith(`${group} `)) this.#foreignKeys.delete(slot);
  }

  #record(address: string): SessionRecord {
    return this.#sessions.get(this.#resolve(address)) ?? NO_SESSIONS;
  }

  #keep(address: string, record: SessionRecord): void {
    this.#sessions.set(this.#resolve(address), record);
  }

  #slot(group: string, sender: string): string {
    return `${group} ${this.#resolve(sender)}`;
  }

  #ownKey(group: string): OwnSenderKey {
    const own = this.#ownKeys.get(group) ?? newSenderKey(this.#random);
    this.#ownKeys.set(group, own);
    return own;
  }
}
