// Curve25519 as WhatsApp uses it: X25519 key pairs and agreement, and XEdDSA signatures by the same keys. Knows no protocol.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  verify as verifyEd25519,
} from 'node:crypto';

/** 32 bytes each; the public one is the bare Montgomery u, without the type byte 5 that some messages put before it. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

/** A key or signature of the wrong size, or a public key with which no secret can be agreed. */
export class CurveError extends Error {
  override readonly name = 'CurveError';
}

// RFC 8410: what comes before the 32 bytes in a DER file.
const X25519_PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex');
const X25519_PUBLIC = Buffer.from('302a300506032b656e032100', 'hex');
const ED25519_PUBLIC = Buffer.from('302a300506032b6570032100', 'hex');

function sized(what: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new CurveError(`${what} of ${bytes.length} bytes instead of ${length}`);
  return bytes;
}

/**
 * What is made of a key once, remembered for as long as these very bytes are in use: making an object of Node costs more than
 * agreeing with it. The bytes of a key are never written again.
 */
function once<Made>(make: (key: Uint8Array) => Made): (key: Uint8Array) => Made {
  const made = new WeakMap<Uint8Array, Made>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const fresh = make(key);
    made.set(key, fresh);
    return fresh;
  };
}

const privateKeyObject = once((key) =>
  createPrivateKey({
    key: Buffer.concat([X25519_PRIVATE, sized('a private key', key, 32)]),
    format: 'der',
    type: 'pkcs8',
  }),
);

const publicKeyObject = once((key) =>
  createPublicKey({
    key: Buffer.concat([X25519_PUBLIC, sized('a public key', key, 32)]),
    format: 'der',
    type: 'spki',
  }),
);

export function generateKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519', {
    publicKeyEncoding: { format: 'der', type: 'spki' },
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  });
  return {
    publicKey: Uint8Array.from(publicKey.subarray(X25519_PUBLIC.length)),
    privateKey: Uint8Array.from(privateKey.subarray(X25519_PRIVATE.length)),
  };
}

/** The public key of any 32 bytes; they are clamped as RFC 7748 says. Throws CurveError. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const der = createPublicKey(privateKeyObject(privateKey)).export({ format: 'der', type: 'spki' });
  return Uint8Array.from(der.subarray(X25519_PUBLIC.length));
}

/** X25519: the 32 shared bytes. Throws CurveError, also for a point of small order (the secret would be zero). */
export function agree(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const ours = privateKeyObject(privateKey);
  const theirs = publicKeyObject(publicKey);
  try {
    return Uint8Array.from(diffieHellman({ privateKey: ours, publicKey: theirs }));
  } catch (error) {
    throw new CurveError('no secret can be agreed with this public key', { cause: error });
  }
}

// The field, the order of the base point, and twisted Edwards points in extended coordinates (RFC 8032, section 5.1).
const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const TWICE_D = (2n * 37095705934669439343138083508754565189542113879843219016388785533085940283555n) % P;

interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const NEUTRAL: Point = { x: 0n, y: 1n, z: 1n, t: 0n };
const BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960n;
const BASE: Point = { x: BASE_X, y: BASE_Y, z: 1n, t: (BASE_X * BASE_Y) % P };

const mod = (value: bigint, by: bigint): bigint => {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
};

function add(one: Point, other: Point): Point {
  const a = ((one.y - one.x) * (other.y - other.x)) % P;
  const b = ((one.y + one.x) * (other.y + other.x)) % P;
  const c = (((one.t * TWICE_D) % P) * other.t) % P;
  const d = (2n * one.z * other.z) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { x: (e * f) % P, y: (g * h) % P, z: (f * g) % P, t: (e * h) % P };
}

/** 1/value: Fermat, by square and multiply. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let square = mod(value, P);
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

let doubled: readonly Point[] | null = null;

/** The base point times 2^0, 2^1, … 2^254, made once. */
function powers(): readonly Point[] {
  if (doubled === null) {
    const made = [BASE];
    for (let i = 1, last = BASE; i < 255; i++) made.push((last = add(last, last)));
    doubled = made;
  }
  return doubled;
}

/** The base point times `scalar` (below 2^255), encoded. */
function timesBase(scalar: bigint): Uint8Array {
  let sum = NEUTRAL;
  for (const [i, power] of powers().entries()) if (((scalar >> BigInt(i)) & 1n) === 1n) sum = add(sum, power);
  const oneByZ = inverse(sum.z);
  const encoded = toBytes(mod(sum.y * oneByZ, P));
  encoded[31] = (encoded[31] ?? 0) | (Number(mod(sum.x * oneByZ, P) & 1n) << 7);
  return encoded;
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const toBytes = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse());

function clamped(privateKey: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(sized('a private key', privateKey, 32));
  bytes[0] = (bytes[0] ?? 0) & 248;
  bytes[31] = ((bytes[31] ?? 0) & 127) | 64;
  return bytes;
}

function hashToScalar(...parts: readonly Uint8Array[]): bigint {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return mod(toNumber(hash.digest()), ORDER);
}

// XEdDSA's hash1: 2^256 - 2 before what is hashed, so that it never meets hash0.
const HASH_1 = Buffer.concat([Buffer.from([0xfe]), Buffer.alloc(31, 0xff)]);

/** The Edwards point of a private key, as it is hashed into each of its signatures. */
const pointOf = once((privateKey) => timesBase(toNumber(clamped(privateKey))));

/**
 * 64 bytes: an XEdDSA signature in the form of Signal and WhatsApp, where the sign of the Edwards point travels in the top bit
 * instead of being forced to zero (signal.org/docs/specifications/xeddsa, with libsignal's deviation). `noise` is
 * 64 random bytes, given only by those who must be able to repeat what they did. Throws CurveError.
 */
export function sign(privateKey: Uint8Array, message: Uint8Array, noise: Uint8Array = randomBytes(64)): Uint8Array {
  const scalar = clamped(privateKey);
  const a = toNumber(scalar);
  const point = pointOf(privateKey);
  const r = hashToScalar(HASH_1, scalar, message, sized('noise', noise, 64));
  const commitment = timesBase(r);
  const s = toBytes(mod(r + hashToScalar(commitment, point, message) * a, ORDER));
  s[31] = (s[31] ?? 0) | ((point[31] ?? 0) & 128);
  return Uint8Array.from([...commitment, ...s]);
}

/** Montgomery u to Edwards y = (u - 1) / (u + 1), as the verifying keys for either sign of the point. */
const verifyingKeys = once((publicKey) => {
  const u = mod(toNumber(publicKey) & (2n ** 255n - 1n), P);
  const y = toBytes(mod((u - 1n) * inverse(u + 1n), P));
  return [0, 128].map((sign) => {
    const edwards = Uint8Array.from(y);
    edwards[31] = (edwards[31] ?? 0) | sign;
    return createPublicKey({ key: Buffer.concat([ED25519_PUBLIC, edwards]), format: 'der', type: 'spki' });
  });
});

/** Whether `signature` over `message` is by the owner of `publicKey`; false also for keys and signatures of a wrong size. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  // The sign of the point is the signature's top bit.
  const plain = Uint8Array.from(signature);
  const key = verifyingKeys(publicKey)[(plain[63] ?? 0) >> 7];
  plain[63] = (plain[63] ?? 0) & 127;
  return key !== undefined && verifyEd25519(null, message, key, plain);
}
