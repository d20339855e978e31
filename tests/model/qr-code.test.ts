// QR codes, square by square: fixed where an independent reader (zxing-cpp 2.3) has read every one of them back to its text.
import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { qrCode } from '../../src/model/qr-code.ts';

test.each([
  ['https://matrix.org', 25, 'd7590fb091a60ce9851331db6301481d'],
  ['é'.repeat(60), 45, '696c1ff7d774bfae551875f77191268a'],
  ['wa.me/'.repeat(50), 69, '5ea9eeb537c88a347ab6f6a1b61f59fb'],
  ['Passerelle '.repeat(100), 125, '954bac748a025abb750e84094ad0d86f'],
  ['x'.repeat(2331), 177, '61770a50fe6aa139041bc7009f3cbc30'],
])('draws %.20s… as it was read back', (text, size, hash) => {
  const squares = qrCode(text);
  const drawn = squares.map((row) => row.map((dark) => (dark ? '#' : ' ')).join('')).join('\n');
  expect(squares).toHaveLength(size);
  expect(createHash('sha256').update(drawn).digest('hex').slice(0, 32)).toBe(hash);
});

test('refuses what no code holds', () => {
  expect(() => qrCode('x'.repeat(2332))).toThrow(RangeError);
});
