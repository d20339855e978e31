// The cipher of what hangs on a message and is sealed with that message's secret: edits, reactions, comments. Pure; knows no chat.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** What it is used for is part of the key. */
export type AddonUse = 'Enc Reaction' | 'Enc Comment' | 'Message Edit' | 'Event Edit';

/** Names in the key: the message it hangs on, and the addresses, without a device, of who wrote that and who wrote this. */
export interface AddonNames {
  readonly id: string;
  readonly author: string;
  readonly actor: string;
}

export interface Sealed {
  readonly encPayload: Uint8Array;
  readonly encIv: Uint8Array;
}

export const SECRET_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

function keyOf(use: AddonUse, secret: Uint8Array, { id, author, actor }: AddonNames): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `${id}${author}${actor}${use}`, 32));
}

export function sealAddon(use: AddonUse, secret: Uint8Array, names: AddonNames, plain: Uint8Array): Sealed {
  const encIv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(use, secret, names), encIv);
  return { encIv, encPayload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

/** @returns undefined when it was sealed under other names or with another secret, or was changed */
export function openAddon(
  use: AddonUse,
  secret: Uint8Array,
  names: AddonNames,
  { encPayload, encIv }: Sealed,
): Uint8Array | undefined {
  if (encIv.length !== IV_BYTES || encPayload.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', keyOf(use, secret, names), encIv, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(encPayload.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(encPayload.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    // Not this key: whoever asks tries the next names.
    return undefined;
  }
}
