// Whether a signature of Signal and WhatsApp is right. Pure: knows no protocol, no library and nobody's keys.
import { createPublicKey, verify } from 'node:crypto';

const P = 2n ** 255n - 19n;
/** What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410). */
const ED25519 = Buffer.from('302a300506032b6570032100', 'hex');
/** Before a key of Curve25519, where it has its type with it. */
const TYPE = 5;

/**
 * XEdDSA (signal.org/docs/specifications/xeddsa) as libsignal has it: the sign of the Edwards point is the signature's top bit.
 * @param publicKey Curve25519: 32 bytes, or 33 with its type before it @returns false also for what has another length
 */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = publicKey.length === 33 && publicKey[0] === TYPE ? publicKey.subarray(1) : publicKey;
  if (key.length !== 32 || signature.length !== 64) return false;
  const plain = Buffer.from(signature);
  const top = plain[63] ?? 0;
  plain[63] = top & 0x7f;
  const point = edwardsOf(key);
  point[31] = (point[31] ?? 0) | (top & 0x80);
  const signer = createPublicKey({ key: Buffer.concat([ED25519, point]), format: 'der', type: 'spki' });
  return verify(null, message, signer, plain);
}

/** y = (u - 1) / (u + 1), little-endian. */
function edwardsOf(key: Uint8Array): Buffer {
  const u = BigInt(`0x${Buffer.from(key).reverse().toString('hex')}`) % 2n ** 255n;
  const y = ((u + P - 1n) * inverse((u + 1n) % P)) % P;
  return Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse();
}

/** Fermat: to the power of P - 2. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let square = value;
  for (let left = P - 2n; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}
