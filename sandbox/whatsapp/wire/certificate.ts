// By what a client knows the server: a root key, an intermediate and a leaf certificate for the server's static key. Knows no
// handshake.

import { createHash } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { publicKeyOf, generateKeyPair, sign, type KeyPair } from '../curve.ts';

/** What can be wrong with a chain, for tests of strict clients. Each chain has at most one flaw. */
export type CertificateFlaw =
  /** The intermediate certificate is signed by a key that is not the root. */
  | 'root'
  /** The leaf is signed by a key that is not the intermediate's. */
  | 'leaf-signature'
  /** The leaf is for a key that is not the server's static key. */
  | 'leaf-key'
  /** The leaf names another issuer than the intermediate. */
  | 'leaf-issuer';

const INTERMEDIATE_SERIAL = 3;
const LEAF_SERIAL = 21;
const DAY = 86_400;

/** The long-lived keys of the simulated service. With a seed they are the same in every run. */
export class ServerIdentity {
  readonly staticKeys: KeyPair;
  readonly #root: KeyPair;
  readonly #intermediate: KeyPair;

  /** `seed`: any text; without it the keys are random. */
  constructor(seed?: string) {
    const pair = (name: string): KeyPair => {
      if (seed === undefined) return generateKeyPair();
      const privateKey = Uint8Array.from(createHash('sha256').update(`${name} of ${seed}`).digest());
      return { privateKey, publicKey: publicKeyOf(privateKey) };
    };
    this.#root = pair('root');
    this.#intermediate = pair('intermediate');
    this.staticKeys = pair('static');
  }

  /** 32 bytes that a client must trust: whatsmeow's WACertPubKey, Baileys' WA_CERT_DETAILS.PUBLIC_KEY. */
  get rootKey(): Uint8Array {
    return this.#root.publicKey;
  }

  /** An encoded `CertChain`, valid from yesterday for a year. */
  chain(flaw?: CertificateFlaw): Uint8Array {
    const stranger = generateKeyPair();
    const now = Math.floor(Date.now() / 1000);
    const certificate = (details: proto.CertChain.NoiseCertificate.IDetails, signer: KeyPair) => {
      const encoded = proto.CertChain.NoiseCertificate.Details.encode({
        ...details,
        notBefore: now - DAY,
        notAfter: now + 365 * DAY,
      }).finish();
      return { details: encoded, signature: sign(signer.privateKey, encoded) };
    };
    const intermediate = certificate(
      { serial: INTERMEDIATE_SERIAL, issuerSerial: 0, key: this.#intermediate.publicKey },
      flaw === 'root' ? stranger : this.#root,
    );
    const leaf = certificate(
      {
        serial: LEAF_SERIAL,
        issuerSerial: flaw === 'leaf-issuer' ? INTERMEDIATE_SERIAL + 1 : INTERMEDIATE_SERIAL,
        key: flaw === 'leaf-key' ? stranger.publicKey : this.staticKeys.publicKey,
      },
      flaw === 'leaf-signature' ? stranger : this.#intermediate,
    );
    return proto.CertChain.encode({ intermediate, leaf }).finish();
  }
}
