// The simulator's curve agrees with the RFCs and with the signatures of two libraries that nobody here wrote.

import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import * as rust from 'whatsapp-rust-bridge';
import { agree, CurveError, generateKeyPair, publicKeyOf, sign, verify } from '../../../sandbox/whatsapp/curve.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** libsignal's curve: Buffers, public keys with the type byte 5. */
const libsignal = createRequire(import.meta.url)('libsignal/src/curve.js') as {
  calculateAgreement(publicKey: Buffer, privateKey: Buffer): Buffer;
  calculateSignature(privateKey: Buffer, message: Buffer): Buffer;
  verifySignature(publicKey: Buffer, message: Buffer, signature: Buffer): boolean;
};

const typed = (publicKey: Uint8Array): Buffer => Buffer.concat([Buffer.from([5]), publicKey]);
const MESSAGES = [new Uint8Array(0), Buffer.from('a'), Buffer.from('the quick brown fox'), Buffer.alloc(5000, 7)];

describe('agreement', () => {
  test.each([
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ])('RFC 7748, section 5.2', (scalar, u, secret) => {
    expect(toHex(agree(hex(scalar), hex(u)))).toBe(secret);
  });

  test('RFC 7748, section 6.1', () => {
    const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
    const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
    expect(toHex(publicKeyOf(alice))).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    expect(toHex(publicKeyOf(bob))).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
    const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
    expect(toHex(agree(alice, publicKeyOf(bob)))).toBe(secret);
    expect(toHex(agree(bob, publicKeyOf(alice)))).toBe(secret);
  });

  test('with libsignal and the Rust library', () => {
    const [ours, theirs] = [generateKeyPair(), generateKeyPair()];
    const secret = toHex(agree(ours.privateKey, theirs.publicKey));
    expect(toHex(libsignal.calculateAgreement(typed(ours.publicKey), Buffer.from(theirs.privateKey)))).toBe(secret);
    expect(toHex(rust.calculateAgreement(typed(ours.publicKey), theirs.privateKey))).toBe(secret);
    expect(toHex(rust.getPublicFromPrivateKey(ours.privateKey))).toBe(toHex(typed(ours.publicKey)));
  });

  test('refuses what is no key', () => {
    const { privateKey, publicKey } = generateKeyPair();
    expect(() => agree(privateKey, typed(publicKey))).toThrow(CurveError);
    expect(() => agree(privateKey.subarray(1), publicKey)).toThrow(CurveError);
    expect(() => agree(privateKey, new Uint8Array(32))).toThrow(CurveError);
  });
});

describe('signatures', () => {
  test.each(MESSAGES.map((message) => [message.length, message] as const))(
    'over %i bytes, both ways',
    (_length, message) => {
      for (let i = 0; i < 4; i++) {
        const { publicKey, privateKey } = generateKeyPair();
        const ours = sign(privateKey, message);
        expect(verify(publicKey, message, ours)).toBe(true);
        expect(rust.verifySignature(typed(publicKey), message, ours)).toBe(true);
        expect(verify(publicKey, message, rust.calculateSignature(privateKey, message))).toBe(true);
        expect(libsignal.verifySignature(typed(publicKey), Buffer.from(message), Buffer.from(ours))).toBe(true);
        const theirs = libsignal.calculateSignature(Buffer.from(privateKey), Buffer.from(message));
        expect(verify(publicKey, message, theirs)).toBe(true);
      }
    },
  );

  test('are refused when any one bit is another', () => {
    const { publicKey, privateKey } = generateKeyPair();
    const message = Buffer.from('pay 5 to Alice');
    const signature = sign(privateKey, message);
    const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
      bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const bits = (bytes: Uint8Array) => Array.from({ length: bytes.length * 8 }, (_, bit) => bit);
    expect(bits(signature).filter((bit) => verify(publicKey, message, flipped(signature, bit)))).toEqual([]);
    expect(bits(message).filter((bit) => verify(publicKey, flipped(message, bit), signature))).toEqual([]);
    // The highest bit of u is not part of the key (RFC 7748).
    expect(bits(publicKey).filter((bit) => verify(flipped(publicKey, bit), message, signature))).toEqual([255]);
  });

  test('are refused for another key, another size, or none', () => {
    const { publicKey, privateKey } = generateKeyPair();
    const message = Buffer.from('hello');
    const signature = sign(privateKey, message);
    expect(verify(generateKeyPair().publicKey, message, signature)).toBe(false);
    expect(verify(typed(publicKey), message, signature)).toBe(false);
    expect(verify(publicKey, message, signature.subarray(1))).toBe(false);
    expect(verify(publicKey, message, new Uint8Array(64))).toBe(false);
    expect(() => sign(privateKey.subarray(1), message)).toThrow(CurveError);
  });
});
