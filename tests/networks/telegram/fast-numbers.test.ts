// The quick 64-bit numbers give what the library's own give, for every edge and for chance; knows nothing of messages.
import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { quickly, slowly } from '../../../src/networks/telegram/wire/fast-numbers.ts';
import { Api, long } from '../../../src/networks/telegram/wire/api.ts';

const EDGES = [
  0n,
  1n,
  -1n,
  255n,
  256n,
  -256n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

function bytesOf(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

const samples = [...EDGES.map(bytesOf), ...Array.from({ length: 2000 }, () => randomBytes(8))];

test.each([
  [true, true],
  [true, false],
  [false, true],
  [false, false],
])('reading is the same: little %s, signed %s', (little, signed) => {
  for (const bytes of samples) {
    const [quick, slow] = [quickly.read(bytes, little, signed), slowly.read(bytes, little, signed)];
    expect(quick.toString()).toBe(slow.toString());
    expect(quick.equals(slow)).toBe(true);
  }
});

test('writing is the same, of numbers, texts and what is too large', () => {
  for (const bytes of samples) {
    const value = long(bytes.readBigInt64LE());
    expect(quickly.write(value)).toEqual(slowly.write(value));
    const positive = long(bytes.readBigUInt64LE());
    expect(quickly.write(positive, 8)).toEqual(slowly.write(positive, 8));
    expect(quickly.write(positive.toString())).toEqual(slowly.write(positive.toString()));
  }
  expect(quickly.write(77)).toEqual(slowly.write(77));
});

test('longer and shorter numbers are the library’s own business', () => {
  for (const length of [1, 4, 16, 32]) {
    const bytes = randomBytes(length);
    expect(quickly.read(bytes, true, true).toString()).toBe(slowly.read(bytes, true, true).toString());
  }
  const wide = slowly.read(randomBytes(32), true, false);
  expect(quickly.write(wide, 32)).toEqual(slowly.write(wide, 32));
});

test('the library uses them: a request with a number reads back as it was written', () => {
  const request = new Api.PingDelayDisconnect({ pingId: long(-(2n ** 63n) + 5n), disconnectDelay: 75 });
  const bytes = request.getBytes();
  expect(bytes.readBigInt64LE(4)).toBe(-(2n ** 63n) + 5n);
});
