// The phone's side of linking by code: what it makes of the eight characters a person types, and of the bundle that the
// companion answers with. Pure; knows no nodes and no people.

import { createCipheriv, createDecipheriv, pbkdf2, randomBytes, hkdfSync } from 'node:crypto';
import { promisify } from 'node:util';
import { agree, generateKeyPair, type KeyPair } from './curve.ts';

const derive = promisify(pbkdf2);
const ROUNDS = 131_072;
const NO_SALT = Buffer.alloc(0);
const BUNDLE_INFO = 'link_code_pairing_key_bundle_encryption_key';
const ADV_INFO = 'adv_secret';
const TAG_LENGTH = 16;

/** The code does not fit the companion's: the bundle does not open, or names other keys. */
export class WrongCode extends Error {
  override readonly name = 'WrongCode';
}

export interface PhoneHalf {
  /** What goes to the companion: salt, iv, encrypted ephemeral key. */
  readonly wrapped: Uint8Array;
  readonly ephemeral: KeyPair;
  readonly companionEphemeral: Uint8Array;
}

const keyOf = (code: string, salt: Uint8Array): Promise<Buffer> => derive(code, salt, ROUNDS, 32, 'sha256');

/** A wrong code is not found out here: the companion's key merely comes out wrong. */
export async function openHello(code: string, wrapped: Uint8Array): Promise<PhoneHalf> {
  if (wrapped.length !== 80) throw new Error('the companion’s key has the wrong length');
  const theirs = createDecipheriv('aes-256-ctr', await keyOf(code, wrapped.subarray(0, 32)), wrapped.subarray(32, 48));
  const companionEphemeral = Buffer.concat([theirs.update(wrapped.subarray(48)), theirs.final()]);
  const ephemeral = generateKeyPair();
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const ours = createCipheriv('aes-256-ctr', await keyOf(code, salt), iv);
  return {
    wrapped: Buffer.concat([salt, iv, ours.update(ephemeral.publicKey), ours.final()]),
    ephemeral,
    companionEphemeral,
  };
}

/** The ADV secret that both sides now share. Throws WrongCode. */
export function openFinish(half: PhoneHalf, phone: KeyPair, bundle: Uint8Array, companion: Uint8Array): Uint8Array {
  let shared: Uint8Array;
  let opened: Buffer;
  try {
    shared = agree(half.ephemeral.privateKey, half.companionEphemeral);
    const key = Buffer.from(hkdfSync('sha256', shared, bundle.subarray(0, 32), BUNDLE_INFO, 32));
    const sealed = bundle.subarray(44);
    const cipher = createDecipheriv('aes-256-gcm', key, bundle.subarray(32, 44));
    cipher.setAuthTag(sealed.subarray(sealed.length - TAG_LENGTH));
    opened = Buffer.concat([cipher.update(sealed.subarray(0, sealed.length - TAG_LENGTH)), cipher.final()]);
  } catch {
    throw new WrongCode('the code is not the one that the companion shows');
  }
  if (
    opened.length !== 96 ||
    !opened.subarray(0, 32).equals(companion) ||
    !opened.subarray(32, 64).equals(phone.publicKey)
  ) {
    throw new WrongCode('the companion answered with other keys');
  }
  const identity = agree(phone.privateKey, companion);
  const secret = Buffer.concat([shared, identity, opened.subarray(64)]);
  return Buffer.from(hkdfSync('sha256', secret, NO_SALT, ADV_INFO, 32));
}
