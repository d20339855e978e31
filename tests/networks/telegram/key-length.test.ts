// The library's authorisation keys against the simulator's own arithmetic: both must name a key the same.
import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { AuthKey } from 'telegram/crypto/AuthKey.js';

/** The id of a key whose first byte is zero, as the library computes it from the number without its zeros. */
async function idOf(zeros: number): Promise<{ library: bigint; protocol: bigint }> {
  const whole = Buffer.concat([Buffer.alloc(zeros), Buffer.alloc(256 - zeros, 7)]);
  const key = new AuthKey();
  await key.setKey(whole.subarray(zeros));
  return {
    library: BigInt.asUintN(64, BigInt(String(key.keyId))),
    protocol: createHash('sha1').update(whole).digest().readBigUInt64LE(12),
  };
}

test('defect 29: a key that begins with zeros keeps its length, which the library by itself drops', async () => {
  const before = await idOf(1);
  expect(before.library).not.toBe(before.protocol);
  await import('../../../src/networks/telegram/wire/key-length.ts');
  for (const zeros of [0, 1, 2]) {
    const { library, protocol } = await idOf(zeros);
    expect(library).toBe(protocol);
  }
});
