// Makes the library's checks of signatures real, once for the whole process: it asks, and throws the answer away (crypto.js:23).
// Knows no socket.
import { Curve, proto, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import type { Cures } from './cures.ts';
import { isSignedBy } from './xeddsa.ts';

const { NoiseCertificate } = proto.CertChain;
const original = { ...Curve };

/** Holds for every login of the process; calling it again changes nothing. */
export function mendCurve(cures: Pick<Cures, 'signatures'>): void {
  Object.assign(Curve, cures.signatures ? checking() : original);
}

/**
 * In a handshake the library agrees on a key with the server's, then asks of the leaf, then of the intermediate certificate, all in one
 * turn; that the leaf is for that very key, and by that intermediate, it does not ask (whatsmeow does: handshake.go).
 */
function checking(): Pick<typeof Curve, 'sharedKey' | 'verify'> {
  let server: Uint8Array = Buffer.of();
  let leaf: Uint8Array = Buffer.of();
  return {
    sharedKey(privateKey, publicKey) {
      server = publicKey;
      return original.sharedKey(privateKey, publicKey);
    },
    verify(publicKey, message, signature) {
      const before = leaf;
      leaf = message;
      if (!isSignedBy(publicKey, message, signature)) return false;
      return !same(publicKey, WA_CERT_DETAILS.PUBLIC_KEY) || isChain(before, message, server);
    },
  };
}

/** The leaf's own signature was asked for just before: the library throws when either answer is no. */
function isChain(leaf: Uint8Array, intermediate: Uint8Array, server: Uint8Array): boolean {
  const { key, issuerSerial } = NoiseCertificate.Details.decode(leaf);
  return issuerSerial === NoiseCertificate.Details.decode(intermediate).serial && same(key ?? Buffer.of(), server);
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
