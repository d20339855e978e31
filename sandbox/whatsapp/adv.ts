// The signatures that make a companion a phone's companion (ADV): what the phone signs about it, what it signs in return,
// the list of companions that a phone vouches for. Pure; knows no nodes and no people.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { sign, verify, type KeyPair } from './curve.ts';

const ACCOUNT_PREFIX = Buffer.of(6, 0);
const DEVICE_PREFIX = Buffer.of(6, 1);
const KEY_LIST_PREFIX = Buffer.of(6, 2);

export interface CompanionDetails {
  readonly rawId: number;
  readonly keyIndex: number;
  /** Seconds. */
  readonly timestamp: number;
}

/** ADVSignedDeviceIdentity as the phone makes it, without the companion's own signature. `signer`: who signs in its name, for tests. */
export function signCompanion(phone: KeyPair, companion: Uint8Array, of: CompanionDetails, signer = phone): Uint8Array {
  const details = proto.ADVDeviceIdentity.encode({
    rawId: of.rawId,
    keyIndex: of.keyIndex,
    timestamp: of.timestamp,
    accountType: proto.ADVEncryptionType.E2EE,
    deviceType: proto.ADVEncryptionType.E2EE,
  }).finish();
  return proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: phone.publicKey,
    accountSignature: sign(signer.privateKey, Buffer.concat([ACCOUNT_PREFIX, details, companion])),
  }).finish();
}

/** What a simulated companion adds to its own identity. */
export function countersign(signed: Uint8Array, companion: KeyPair): Uint8Array {
  const identity = proto.ADVSignedDeviceIdentity.decode(signed);
  const { details, accountSignatureKey } = identity;
  if (!details || !accountSignatureKey) throw new Error('the device identity is not complete');
  return proto.ADVSignedDeviceIdentity.encode({
    ...identity,
    deviceSignature: sign(
      companion.privateKey,
      Buffer.concat([DEVICE_PREFIX, details, companion.publicKey, accountSignatureKey]),
    ),
  }).finish();
}

/** The identity in the envelope that proves the phone saw the companion's secret (from its QR, or agreed by code). */
export function sealIdentity(signed: Uint8Array, advSecret: Uint8Array): Uint8Array {
  return proto.ADVSignedDeviceIdentityHMAC.encode({
    details: signed,
    hmac: createHmac('sha256', advSecret).update(signed).digest(),
    accountType: proto.ADVEncryptionType.E2EE,
  }).finish();
}

/**
 * The companion's answer checked against what the phone signed: its signature must be by the companion's identity over the
 * phone's very details. The account key may be left out of the answer. Answers the complete identity, or why it is wrong.
 */
export function checkAnswer(answer: Uint8Array, signed: Uint8Array, companion: Uint8Array): Uint8Array | string {
  const ours = proto.ADVSignedDeviceIdentity.decode(signed);
  let theirs: proto.ADVSignedDeviceIdentity;
  try {
    theirs = proto.ADVSignedDeviceIdentity.decode(answer);
  } catch {
    return 'the device identity is no protobuf';
  }
  const { details, accountSignatureKey, accountSignature } = ours;
  const { deviceSignature } = theirs;
  if (!details || !accountSignatureKey || !accountSignature) return 'the phone signed nothing';
  if (!same(theirs.details, details)) return 'the details are not those that the phone signed';
  if (!same(theirs.accountSignature, accountSignature)) return 'the account signature is not the phone’s';
  if (!deviceSignature?.length) return 'the device signature is missing';
  const message = Buffer.concat([DEVICE_PREFIX, details, companion, accountSignatureKey]);
  if (!verify(companion, message, deviceSignature)) return 'the device signature is wrong';
  return proto.ADVSignedDeviceIdentity.encode({ ...ours, deviceSignature }).finish();
}

/** Both signatures of a complete identity, as a phone checks those of a stranger's companion. */
export function isGenuine(identity: Uint8Array, account: Uint8Array, companion: Uint8Array): boolean {
  const { details, accountSignatureKey, accountSignature, deviceSignature } =
    proto.ADVSignedDeviceIdentity.decode(identity);
  if (!details || !accountSignature || !deviceSignature) return false;
  // A key that comes with the identity must be the one we know the account by.
  if (accountSignatureKey?.length && !same(accountSignatureKey, account)) return false;
  return (
    verify(account, Buffer.concat([ACCOUNT_PREFIX, details, companion]), accountSignature) &&
    verify(companion, Buffer.concat([DEVICE_PREFIX, details, companion, account]), deviceSignature)
  );
}

/** The phone's signed list of the companions that are valid now (ADVSignedKeyIndexList). */
export function signKeyIndexList(
  phone: KeyPair,
  of: { readonly rawId: number; readonly timestamp: number; readonly valid: readonly number[] },
): Uint8Array {
  const details = proto.ADVKeyIndexList.encode({
    rawId: of.rawId,
    timestamp: of.timestamp,
    currentIndex: Math.max(0, ...of.valid),
    validIndexes: [...of.valid],
    accountType: proto.ADVEncryptionType.E2EE,
  }).finish();
  return proto.ADVSignedKeyIndexList.encode({
    details,
    accountSignature: sign(phone.privateKey, Buffer.concat([KEY_LIST_PREFIX, details])),
    accountSignatureKey: phone.publicKey,
  }).finish();
}

function same(one: Uint8Array | null | undefined, other: Uint8Array): boolean {
  return one !== null && one !== undefined && one.length === other.length && timingSafeEqual(one, other);
}
