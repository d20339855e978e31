// The look for planted secrets finds each disguise that an output may give them, and no figure that only looks alike.
import { expect, test } from '@jest/globals';
import { Canaries } from '../e2e/support/canaries.ts';

const SECRET = 'pass "word" é/7';

test.each([
  ['plain', SECRET],
  ['in JSON', JSON.stringify({ msg: SECRET })],
  ['in an address', `GET /x?y=${encodeURIComponent(SECRET)}`],
  ['in hexadecimal', Buffer.from(SECRET).toString('hex')],
  ['in base64', Buffer.from(SECRET).toString('base64')],
])('a secret is found %s', (_how, output) => {
  const canaries = new Canaries();
  canaries.secret('a password', SECRET);
  expect(canaries.foundIn(`before ${output} after`)).toEqual([`a password: ${SECRET}`]);
});

test('a short code is found in words and not in figures', () => {
  const canaries = new Canaries();
  canaries.secret('a code', '45812');
  expect(canaries.foundIn('{"port":45812,"time":"2026-01-01T00:00:45.812Z","ms":45812}')).toEqual([]);
  expect(canaries.foundIn('{"msg":"the code is 45812"}')).toEqual(['a code: 45812']);
});
