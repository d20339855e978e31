// Adds a test server's RSA key to the library's process-wide list; production keys are the library's own.
import './fast-numbers.ts';
import { createHash, createPublicKey } from 'node:crypto';
import { _serverKeys } from 'telegram/crypto/RSA.js';
import { long } from './api.ts';

/** TL `bytes`: length, data, padding to four. */
function tlBytes(data: Buffer): Buffer {
  const head =
    data.length < 254
      ? Buffer.of(data.length)
      : Buffer.of(254, data.length & 255, (data.length >> 8) & 255, data.length >> 16);
  const padding = (4 - ((head.length + data.length) % 4)) % 4;
  return Buffer.concat([head, data, Buffer.alloc(padding)]);
}

function part(value: string | undefined): Buffer {
  if (value === undefined) throw new Error('not an RSA public key');
  return Buffer.from(value, 'base64url');
}

/** @param pem RSA public key (SPKI or PKCS#1). Fingerprint = last 8 bytes of SHA-1 over TL n and e, little endian, signed. */
export function trustServer(pem: string): void {
  const jwk = createPublicKey(pem).export({ format: 'jwk' });
  const n = part(jwk.n);
  const e = part(jwk.e);
  const hash = createHash('sha1').update(tlBytes(n)).update(tlBytes(e)).digest();
  const fingerprint = hash.readBigInt64LE(hash.length - 8).toString();
  _serverKeys.set(fingerprint, {
    n: long(BigInt(`0x${n.toString('hex')}`)),
    e: Number.parseInt(e.toString('hex'), 16),
  });
}
