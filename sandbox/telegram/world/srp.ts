// The cloud password (core.telegram.org/api/srp): what a server keeps of it and how it checks a proof. Knows no TL.

import { pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { DH_G, DH_PRIME, DH_PRIME_NUMBER, fromBigint, pad256, powModPrime, sha256, toBigint } from '../wire/crypto.ts';

const salted = (data: Uint8Array, salt: Uint8Array): Buffer => sha256(salt, data, salt);

const G = pad256(Buffer.from([DH_G]));

export class CloudPassword {
  readonly salt1: Buffer = randomBytes(8 + 32);
  readonly salt2: Buffer = randomBytes(16);
  readonly hint: string;
  readonly #verifier: Buffer;

  constructor(password: string, hint = '') {
    this.hint = hint;
    const first = salted(salted(Buffer.from(password, 'utf8'), this.salt1), this.salt2);
    const x = salted(pbkdf2Sync(first, this.salt1, 100_000, 64, 'sha512'), this.salt2);
    this.#verifier = powModPrime(Buffer.from([DH_G]), x);
  }

  /** Opens one round: B for the client, and the check of its answer. */
  challenge(): { id: bigint; b: Buffer; accepts: (a: Uint8Array, proof: Uint8Array) => boolean } {
    const secret = randomBytes(256);
    const k = toBigint(sha256(DH_PRIME, G));
    const v = toBigint(this.#verifier);
    const public_ = (k * v + toBigint(powModPrime(Buffer.from([DH_G]), secret))) % DH_PRIME_NUMBER;
    const b = fromBigint(public_, 256);
    return {
      id: randomBytes(8).readBigInt64LE(),
      b,
      accepts: (given, proof) => {
        const a = pad256(given);
        const number = toBigint(a);
        if (number <= 1n || number >= DH_PRIME_NUMBER - 1n || proof.length !== 32) return false;
        const u = sha256(a, b);
        const base = (number * toBigint(powModPrime(this.#verifier, u))) % DH_PRIME_NUMBER;
        const key = sha256(powModPrime(fromBigint(base, 256), secret));
        const mix = sha256(DH_PRIME);
        sha256(G).forEach((byte, at) => {
          mix[at] = (mix[at] ?? 0) ^ byte;
        });
        const expected = sha256(mix, sha256(this.salt1), sha256(this.salt2), a, b, key);
        return timingSafeEqual(expected, proof);
      },
    };
  }
}
