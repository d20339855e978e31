// The client's side of Noise IK and XXfallback as a test needs it, written from the specification, apart from the simulator's.

import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { agree, generateKeyPair, type KeyPair } from '../../../../sandbox/whatsapp/curve.ts';

const iv = (counter: number): Buffer => Buffer.from(counter.toString(16).padStart(24, '0'), 'hex');

/** One cipher of a direction. */
export class Cipher {
  readonly #key: Uint8Array;
  #counter = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(plain: Uint8Array, authenticated: Uint8Array = new Uint8Array(0)): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv(this.#counter++)).setAAD(authenticated);
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  open(sealed: Uint8Array, authenticated: Uint8Array = new Uint8Array(0)): Buffer {
    const cipher = createDecipheriv('aes-256-gcm', this.#key, iv(this.#counter++))
      .setAAD(authenticated)
      .setAuthTag(sealed.subarray(-16));
    return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
  }
}

export class Initiator {
  readonly ephemeral: KeyPair;
  readonly identity: KeyPair;
  #hash: Buffer;
  #chaining: Buffer;
  #cipher = new Cipher(new Uint8Array(32));

  /** `name` is the whole name of the Noise protocol. */
  constructor(name: string, prologue: Uint8Array, identity = generateKeyPair(), ephemeral = generateKeyPair()) {
    this.identity = identity;
    this.ephemeral = ephemeral;
    const bytes = Buffer.from(name, 'latin1');
    this.#hash = bytes.length <= 32 ? Buffer.from(bytes.toString('latin1').padEnd(32, '\0'), 'latin1') : sha256(bytes);
    this.#chaining = this.#hash;
    this.mix(prologue);
  }

  mix(data: Uint8Array): void {
    this.#hash = sha256(Buffer.concat([this.#hash, data]));
  }

  key(pair: KeyPair, other: Uint8Array): void {
    const [chaining, key] = halves(agree(pair.privateKey, other), this.#chaining);
    this.#chaining = chaining;
    this.#cipher = new Cipher(key);
  }

  seal(plain: Uint8Array): Buffer {
    const sealed = this.#cipher.seal(plain, this.#hash);
    this.mix(sealed);
    return sealed;
  }

  open(sealed: Uint8Array): Buffer {
    const plain = this.#cipher.open(sealed, this.#hash);
    this.mix(sealed);
    return plain;
  }

  /** The cipher for what the client sends, and for what it hears. */
  split(): readonly [Cipher, Cipher] {
    const [ours, theirs] = halves(new Uint8Array(0), this.#chaining);
    return [new Cipher(ours), new Cipher(theirs)];
  }
}

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();

function halves(secret: Uint8Array, salt: Uint8Array): readonly [Buffer, Buffer] {
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, new Uint8Array(0), 64));
  return [bytes.subarray(0, 32), bytes.subarray(32)];
}
