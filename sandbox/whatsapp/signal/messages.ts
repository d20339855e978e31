// The four messages of the Signal protocol as bytes, in version 3: one version byte, a protobuf, and a MAC or a signature
// behind it. Knows how they look, not what they mean.

import { SignalError } from './errors.ts';
import { Fields, writeFields } from './fields.ts';

/** Current version and lowest version understood, four bits each. */
const VERSION = 0x33;
const KEY_TYPE = 0x05;
export const MAC_LENGTH = 8;
const SIGNATURE_LENGTH = 64;

export interface WhisperMessage {
  readonly ratchetKey: Buffer;
  readonly counter: number;
  /** Counter of the last message of the sender's chain before this one. */
  readonly previousCounter: number;
  readonly ciphertext: Buffer;
}

export interface PreKeyWhisperMessage {
  readonly registrationId: number;
  readonly preKeyId: number | undefined;
  readonly signedPreKeyId: number;
  readonly baseKey: Buffer;
  readonly identityKey: Buffer;
  /** A whole WhisperMessage, MAC included. */
  readonly message: Buffer;
}

export interface SenderKeyMessage {
  readonly keyId: number;
  readonly iteration: number;
  readonly ciphertext: Buffer;
}

export interface SenderKeyDistribution {
  readonly keyId: number;
  readonly iteration: number;
  readonly chainKey: Buffer;
  readonly signingKey: Buffer;
}

/** A public key as it is written everywhere in Signal: its type, then its 32 bytes. */
export function typedKey(key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(KEY_TYPE), key]);
}

/** @throws SignalError `malformed` unless the bytes are a typed Curve25519 key. */
function untypedKey(bytes: Buffer): Buffer {
  if (bytes.length !== 33 || bytes[0] !== KEY_TYPE) throw new SignalError('malformed', 'not a Curve25519 key');
  return bytes.subarray(1);
}

function body(bytes: Uint8Array, tail: number): Fields {
  const version = bytes[0];
  if (version === undefined || bytes.length <= 1 + tail) throw new SignalError('malformed', 'the message is too short');
  if (version >> 4 < 3 || (version & 0x0f) !== 3) throw new SignalError('version', `version byte ${version}`);
  return new Fields(bytes.subarray(1, bytes.length - tail));
}

const versioned = (...fields: Parameters<typeof writeFields>): Buffer =>
  Buffer.concat([Buffer.of(VERSION), writeFields(...fields)]);

/** Without the MAC: that is made over these bytes. */
export function writeWhisper(message: WhisperMessage): Buffer {
  return versioned([
    [1, typedKey(message.ratchetKey)],
    [2, message.counter],
    [3, message.previousCounter],
    [4, message.ciphertext],
  ]);
}

/** A message as it came: what it says, what its MAC covers, and the MAC. */
export interface ReceivedWhisper {
  readonly message: WhisperMessage;
  readonly signed: Uint8Array;
  readonly mac: Uint8Array;
}

/** @throws SignalError `malformed`, `version` */
export function readWhisper(bytes: Uint8Array): ReceivedWhisper {
  const fields = body(bytes, MAC_LENGTH);
  return {
    message: {
      ratchetKey: untypedKey(fields.bytes(1)),
      counter: fields.number(2),
      previousCounter: fields.optionalNumber(3) ?? 0,
      ciphertext: fields.bytes(4),
    },
    signed: bytes.subarray(0, bytes.length - MAC_LENGTH),
    mac: bytes.subarray(bytes.length - MAC_LENGTH),
  };
}

export function writePreKeyWhisper(message: PreKeyWhisperMessage): Buffer {
  return versioned([
    [1, message.preKeyId],
    [2, typedKey(message.baseKey)],
    [3, typedKey(message.identityKey)],
    [4, message.message],
    [5, message.registrationId],
    [6, message.signedPreKeyId],
  ]);
}

/** @throws SignalError `malformed`, `version` */
export function readPreKeyWhisper(bytes: Uint8Array): PreKeyWhisperMessage {
  const fields = body(bytes, 0);
  return {
    preKeyId: fields.optionalNumber(1),
    baseKey: untypedKey(fields.bytes(2)),
    identityKey: untypedKey(fields.bytes(3)),
    message: fields.bytes(4),
    registrationId: fields.optionalNumber(5) ?? 0,
    signedPreKeyId: fields.number(6),
  };
}

/** Without the signature: that is made over these bytes. */
export function writeSenderKeyMessage(message: SenderKeyMessage): Buffer {
  return versioned([
    [1, message.keyId],
    [2, message.iteration],
    [3, message.ciphertext],
  ]);
}

/** The message and what its signature covers. @throws SignalError `malformed`, `version` */
export function readSenderKeyMessage(bytes: Uint8Array): {
  message: SenderKeyMessage;
  signed: Uint8Array;
  signature: Uint8Array;
} {
  const fields = body(bytes, SIGNATURE_LENGTH);
  return {
    message: { keyId: fields.number(1), iteration: fields.number(2), ciphertext: fields.bytes(3) },
    signed: bytes.subarray(0, bytes.length - SIGNATURE_LENGTH),
    signature: bytes.subarray(bytes.length - SIGNATURE_LENGTH),
  };
}

export function writeDistribution(distribution: SenderKeyDistribution): Buffer {
  return versioned([
    [1, distribution.keyId],
    [2, distribution.iteration],
    [3, distribution.chainKey],
    [4, typedKey(distribution.signingKey)],
  ]);
}

/** @throws SignalError `malformed`, `version` */
export function readDistribution(bytes: Uint8Array): SenderKeyDistribution {
  const fields = body(bytes, 0);
  const chainKey = fields.bytes(3);
  if (chainKey.length !== 32) throw new SignalError('malformed', `a chain key of ${chainKey.length} bytes`);
  return {
    keyId: fields.number(1),
    iteration: fields.number(2),
    chainKey,
    signingKey: untypedKey(fields.bytes(4)),
  };
}
