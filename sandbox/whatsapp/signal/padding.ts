// The padding WhatsApp puts inside the encryption, so that a length tells little: 1 to 16 bytes, each of them their
// number. Knows nothing of what it pads.

import { SignalError } from './errors.ts';
import type { RandomBytes } from './random.ts';

export function pad(plaintext: Uint8Array, random: RandomBytes): Buffer {
  const count = ((random(1)[0] ?? 0) & 0x0f) + 1;
  return Buffer.concat([plaintext, Buffer.alloc(count, count)]);
}

/** @throws SignalError `bad-padding` unless the last bytes are what `pad` writes */
export function unpad(padded: Uint8Array): Buffer {
  const count = padded.at(-1) ?? 0;
  if (count < 1 || count > 16 || count > padded.length)
    throw new SignalError('bad-padding', `${count} bytes of padding`);
  const end = padded.length - count;
  if (padded.subarray(end).some((byte) => byte !== count)) throw new SignalError('bad-padding', 'uneven padding');
  return Buffer.from(padded.subarray(0, end));
}
