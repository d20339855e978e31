// Our derivations against the vectors that Signal's own libraries publish in their tests: chain keys and message keys,
// X3DH from both ends; and the padding.
import { describe, expect, test } from '@jest/globals';
import { publicKeyOf } from '../../../../sandbox/whatsapp/curve.ts';
import { agreeAsInitiator, agreeAsResponder } from '../../../../sandbox/whatsapp/signal/agreement.ts';
import { hkdf, messageKeys, stepChain } from '../../../../sandbox/whatsapp/signal/derive.ts';
import { pad, unpad } from '../../../../sandbox/whatsapp/signal/padding.ts';
import { seededRandom } from '../../../../sandbox/whatsapp/signal/random.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const pairOf = (privateKey: string) => ({ privateKey: hex(privateKey), publicKey: publicKeyOf(hex(privateKey)) });

describe('the derivations', () => {
  test('of HKDF are those of RFC 5869, case 3', () => {
    expect(hkdf(hex('0b'.repeat(22)), Buffer.alloc(0), '', 42).toString('hex')).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });

  test('of a chain step are those of the version 3 vector', () => {
    const chain = { key: hex('8ab72d6f4cc5ac0d387eaf463378ddb28edd07385b1cb01250c715982e7ad48f'), next: 0 };
    const { seed, chain: after } = stepChain(chain);
    const keys = messageKeys(seed);
    expect(keys.cipher.toString('hex')).toBe('bf51e9d75e0e31031051f82a2491ffc084fa298b7793bd9db620056febf45217');
    expect(keys.mac.toString('hex')).toBe('c6c77d6a73a354337a56435e34607dfe48e3ace14e77314dc6abc172e7a7030b');
    expect(after.key.toString('hex')).toBe('28e8f8fee54b801eef7c5cfb2f17f32c7b334485bbb70fac6ec10342a246d15d');
    expect(after.next).toBe(1);
  });

  test('of X3DH are those of the vector for the side that is written to', () => {
    const { chain } = agreeAsResponder(
      {
        identity: pairOf('4875cc69ddf8ea0719ec947d61081135868d5fd801f02c0225e516df2156605e'),
        signedPreKey: pairOf('583900131fb727998b7803fe6ac22cc591f342e4e42a8c8d5d78194209b8d253'),
        preKey: undefined,
      },
      {
        identity: hex('b4a8455660ada65b401007f615e654041746432e3339c6875149bceefcb42b4a'),
        base: hex('472d1fb1a9862c3af6beaca8920277e2b26f4a79213ec7c906aeb35e03cf8950'),
      },
    );
    expect(chain.toString('hex')).toBe('9797caca53c989bbe229a40ca7727010eb2604fc14945d77958a0aeda088b44d');
  });

  test('of X3DH are those of the vector for the side that starts', () => {
    const { chain } = agreeAsInitiator(
      {
        identity: pairOf('9040f0d4e09cf38f6dc7c13779c908c015a1da4fa78737a080eb0a6f4f5f8f58'),
        base: pairOf('11ae7c64d1e61cd596b76a0db5012673391cae66edbfcf073b4da80516a47449'),
      },
      {
        identity: hex('f1f43874f6966956c2dd473f8fa15adeb71d1cb991b2341692324cefb1c5e626'),
        signedPreKey: hex('ac248a8f263be6863576eb0362e28c828f0107a3379d34bab1586bf8c770cd67'),
        preKey: undefined,
      },
    );
    expect(chain.toString('hex')).toBe('ab9be50e5cb22a925446ab90ee5670545f4fd32902459ec274b6ad0ae5d6031a');
  });
});

describe('X3DH', () => {
  const random = seededRandom('agreement');
  const [alice, base, bob, signed, once] = Array.from({ length: 5 }, () => pairOf(random(32).toString('hex'))) as [
    ReturnType<typeof pairOf>,
    ReturnType<typeof pairOf>,
    ReturnType<typeof pairOf>,
    ReturnType<typeof pairOf>,
    ReturnType<typeof pairOf>,
  ];

  test.each([
    ['with a one-time prekey', once],
    ['without', undefined],
  ])('gives both sides the same secret %s', (_name, preKey) => {
    const initiator = agreeAsInitiator(
      { identity: alice, base },
      { identity: bob.publicKey, signedPreKey: signed.publicKey, preKey: preKey?.publicKey },
    );
    const responder = agreeAsResponder(
      { identity: bob, signedPreKey: signed, preKey },
      { identity: alice.publicKey, base: base.publicKey },
    );
    expect(responder).toEqual(initiator);
  });
});

describe('the padding', () => {
  test('is 1 to 16 bytes of their number, each length in its turn', () => {
    const random = seededRandom('padding');
    const lengths = new Set<number>();
    for (let i = 0; i < 500; i += 1) {
      const padded = pad(Buffer.from('hello'), random);
      const tail = padded.subarray(5);
      lengths.add(tail.length);
      expect(tail.every((byte) => byte === tail.length)).toBe(true);
      expect(unpad(padded).toString()).toBe('hello');
    }
    expect([...lengths].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  });

  test.each([
    ['nothing', ''],
    ['none', '00'],
    ['more than there is', '4103'],
    ['more than there may be', '11'.repeat(17)],
    ['uneven', '410203'],
  ])('is refused when it is %s', (_name, bytes) => {
    expect(() => unpad(hex(bytes))).toThrow(expect.objectContaining({ reason: 'bad-padding' }));
  });
});
