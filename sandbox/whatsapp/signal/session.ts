// The sessions with one other device: how they begin on either side, which one is used for sending, and which one reads
// a message. Records are values: a message that cannot be read changes nothing. Knows no addresses.

import { agreeAsInitiator, agreeAsResponder } from './agreement.ts';
import { SignalError } from './errors.ts';
import { checkBundle, type Identity, type PreKeyBundle } from './identity.ts';
import { newKeyPair } from './keys.ts';
import {
  readPreKeyWhisper,
  readWhisper,
  writePreKeyWhisper,
  type PreKeyWhisperMessage,
  type ReceivedWhisper,
} from './messages.ts';
import { initiate, knowsKey, openMessage, respond, sealMessage, type Ends, type Ratchet } from './ratchet.ts';
import type { RandomBytes } from './random.ts';

/** Sessions kept beside the current one, for what is still under way. */
export const MAX_ARCHIVED = 40;

export type CiphertextType = 'pkmsg' | 'msg';

export interface Session {
  readonly weStarted: boolean;
  /** The key that names the session: the initiator's ephemeral one, 32 bytes. */
  readonly baseKey: Uint8Array;
  readonly theirIdentity: Uint8Array;
  readonly theirRegistrationId: number;
  /** What every message of ours repeats until an answer shows that the first one was read. */
  readonly pending: { readonly preKeyId: number | undefined; readonly signedPreKeyId: number } | undefined;
  readonly ratchet: Ratchet;
}

export interface SessionRecord {
  readonly current: Session | undefined;
  /** Last used first. */
  readonly archived: readonly Session[];
}

export const NO_SESSIONS: SessionRecord = { current: undefined, archived: [] };

/** Makes a session the current one, and an archived one of the one that was. */
function promote(record: SessionRecord, session: Session): SessionRecord {
  const others = [record.current, ...record.archived].filter((other) => other !== undefined);
  return {
    current: session,
    archived: others.filter((other) => !sameSession(other, session)).slice(0, MAX_ARCHIVED),
  };
}

function sameSession(one: Session, other: Session): boolean {
  return one.weStarted === other.weStarted && Buffer.compare(one.baseKey, other.baseKey) === 0;
}

/**
 * Starts a session from a bundle, whatever sessions there are already.
 * @throws SignalError `bad-signature` when the owner did not sign the bundle's prekey, `malformed`
 */
export function startSession(
  record: SessionRecord,
  self: Identity,
  bundle: PreKeyBundle,
  random: RandomBytes,
): SessionRecord {
  checkBundle(bundle);
  const base = newKeyPair(random);
  const { root } = agreeAsInitiator(
    { identity: self.keyPair, base },
    {
      identity: bundle.identityKey,
      signedPreKey: bundle.signedPreKey.publicKey,
      preKey: bundle.preKey?.publicKey,
    },
  );
  return promote(record, {
    weStarted: true,
    baseKey: base.publicKey,
    theirIdentity: bundle.identityKey,
    theirRegistrationId: bundle.registrationId,
    pending: { preKeyId: bundle.preKey?.id, signedPreKeyId: bundle.signedPreKey.id },
    ratchet: initiate(root, bundle.signedPreKey.publicKey, random),
  });
}

/** Where a fault may spoil the bytes: after the MAC was made, before they are wrapped. */
export type Spoil = (whisper: Buffer) => Buffer;

/** @throws SignalError `no-session` */
export function sealWithRecord(
  record: SessionRecord,
  self: Identity,
  plaintext: Uint8Array,
  spoil: Spoil = (whisper) => whisper,
): { record: SessionRecord; type: CiphertextType; bytes: Buffer } {
  const session = record.current;
  if (session === undefined) throw new SignalError('no-session', 'no session to send with');
  const ends: Ends = { sender: self.keyPair.publicKey, receiver: session.theirIdentity };
  const sealed = sealMessage(session.ratchet, plaintext, ends);
  const message = spoil(sealed.bytes);
  const next = { ...record, current: { ...session, ratchet: sealed.ratchet } };
  if (session.pending === undefined) return { record: next, type: 'msg', bytes: message };
  const bytes = writePreKeyWhisper({
    registrationId: self.registrationId,
    preKeyId: session.pending.preKeyId,
    signedPreKeyId: session.pending.signedPreKeyId,
    baseKey: Buffer.from(session.baseKey),
    identityKey: Buffer.from(self.keyPair.publicKey),
    message,
  });
  return { record: next, type: 'pkmsg', bytes };
}

function read(session: Session, self: Identity, received: ReceivedWhisper, random: RandomBytes): [Session, Buffer] {
  const ends: Ends = { sender: session.theirIdentity, receiver: self.keyPair.publicKey };
  const opened = openMessage(session.ratchet, received, ends, random);
  // They have read what we started with, so it need not be repeated.
  return [{ ...session, pending: undefined, ratchet: opened.ratchet }, opened.plaintext];
}

/**
 * Reads a message with whichever session it belongs to, and makes that one the current one, as official phones do.
 * @throws SignalError `no-session` when there is none at all, `duplicate` when it was read before, else what the session it
 * belongs to, or the one last used, says of it
 */
export function openWithRecord(
  record: SessionRecord,
  self: Identity,
  bytes: Uint8Array,
  random: RandomBytes,
): { record: SessionRecord; plaintext: Buffer } {
  const received = readWhisper(bytes);
  const sessions = [record.current, ...record.archived].filter((session) => session !== undefined);
  const owner = sessions.find(({ ratchet }) => knowsKey(ratchet, received.message.ratchetKey));
  const refusals: SignalError[] = [];
  for (const session of owner === undefined ? sessions : [owner]) {
    try {
      const [after, plaintext] = read(session, self, received, random);
      return { record: promote(record, after), plaintext };
    } catch (error) {
      if (!(error instanceof SignalError)) throw error;
      refusals.push(error);
    }
  }
  throw refusals[0] ?? new SignalError('no-session', 'no session with the sender');
}

/**
 * Reads a message that may begin a session. The one-time prekey it names is spent only if it can be read.
 * @throws SignalError `unknown-prekey`, and whatever openWithRecord throws but `no-session`
 */
export function openFirstWithRecord(
  record: SessionRecord,
  self: Identity,
  bytes: Uint8Array,
  random: RandomBytes,
): { record: SessionRecord; plaintext: Buffer } {
  const first = readPreKeyWhisper(bytes);
  const known = [record.current, ...record.archived].find(
    (session) => session?.weStarted === false && Buffer.compare(session.baseKey, first.baseKey) === 0,
  );
  if (known !== undefined && Buffer.compare(known.theirIdentity, first.identityKey) !== 0) {
    throw new SignalError('untrusted', 'a session of somebody else');
  }
  const [after, plaintext] = read(known ?? accept(self, first), self, readWhisper(first.message), random);
  if (first.preKeyId !== undefined) self.spendPreKey(first.preKeyId);
  return { record: promote(record, after), plaintext };
}

function accept(self: Identity, first: PreKeyWhisperMessage): Session {
  const signedPreKey = self.signedPreKey(first.signedPreKeyId);
  const preKey = first.preKeyId === undefined ? undefined : self.oneTimePreKey(first.preKeyId);
  const { root } = agreeAsResponder(
    { identity: self.keyPair, signedPreKey, preKey },
    { identity: first.identityKey, base: first.baseKey },
  );
  return {
    weStarted: false,
    baseKey: first.baseKey,
    theirIdentity: first.identityKey,
    theirRegistrationId: first.registrationId,
    pending: undefined,
    ratchet: respond(root, signedPreKey),
  };
}
