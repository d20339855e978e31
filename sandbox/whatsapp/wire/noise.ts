// The server's side of WhatsApp's Noise handshake: XX for a client that knows nothing, IK for one that kept our key, XXfallback
// when what it kept is old; then two ciphers that count. Knows neither sockets nor nodes. (noiseprotocol.org, revision 34;
// WhatsApp hashes no empty payloads.)

import { createCipheriv, createDecipheriv, createHash, createSecretKey, hkdfSync } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { agree, CurveError, generateKeyPair, type KeyPair } from '../curve.ts';
import { WireError } from './wire-error.ts';

export type NoisePattern = 'XX' | 'IK' | 'XXfallback';

const TAG_LENGTH = 16;

function nonce(counter: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(counter, 8);
  return iv;
}

function seal(key: Uint8Array, counter: number, plain: Uint8Array, authenticated: Uint8Array): Buffer {
  // Node 24 takes several times as long for keys that are bytes.
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce(counter)).setAAD(authenticated);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws WireError when the bytes are too short or were not sealed like this. */
function open(key: Uint8Array, counter: number, sealed: Uint8Array, authenticated: Uint8Array): Buffer {
  if (sealed.length < TAG_LENGTH) throw new WireError(`a ciphertext of ${sealed.length} bytes`);
  const body = sealed.subarray(0, sealed.length - TAG_LENGTH);
  const cipher = createDecipheriv('aes-256-gcm', createSecretKey(key), nonce(counter), { authTagLength: TAG_LENGTH })
    .setAAD(authenticated)
    .setAuthTag(sealed.subarray(body.length));
  try {
    return Buffer.concat([cipher.update(body), cipher.final()]);
  } catch (error) {
    throw new WireError('a ciphertext that does not open', { cause: error });
  }
}

/** Noise's SymmetricState. */
class Symmetric {
  #hash: Buffer;
  #chaining: Uint8Array;
  #key: Uint8Array;
  #counter = 0;

  constructor(pattern: NoisePattern, prologue: Uint8Array) {
    const name = Buffer.from(`Noise_${pattern}_25519_AESGCM_SHA256`);
    this.#hash = name.length > 32 ? createHash('sha256').update(name).digest() : Buffer.concat([name], 32);
    this.#chaining = this.#hash;
    this.#key = this.#hash;
    this.mixHash(prologue);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  #derive(secret: Uint8Array): readonly [Uint8Array, Uint8Array] {
    const bytes = new Uint8Array(hkdfSync('sha256', secret, this.#chaining, '', 64));
    return [bytes.subarray(0, 32), bytes.subarray(32)];
  }

  mixKey(privateKey: Uint8Array, publicKey: Uint8Array): void {
    try {
      [this.#chaining, this.#key] = this.#derive(agree(privateKey, publicKey));
    } catch (error) {
      if (!(error instanceof CurveError)) throw error;
      throw new WireError(`a handshake with ${error.message}`, { cause: error });
    }
    this.#counter = 0;
  }

  encrypt(plain: Uint8Array): Buffer {
    const sealed = seal(this.#key, this.#counter++, plain, this.#hash);
    this.mixHash(sealed);
    return sealed;
  }

  decrypt(sealed: Uint8Array): Buffer {
    const plain = open(this.#key, this.#counter++, sealed, this.#hash);
    this.mixHash(sealed);
    return plain;
  }

  /** The key of what the client sends, and that of what the server sends. */
  split(): readonly [Uint8Array, Uint8Array] {
    return this.#derive(new Uint8Array(0));
  }
}

const EMPTY = new Uint8Array(0);

/** The two ciphers after the handshake. The order of calls is the order on the wire: a frame that is skipped breaks all later ones. */
export class NoiseTransport {
  readonly #readKey: Uint8Array;
  readonly #writeKey: Uint8Array;
  #read = 0;
  #written = 0;

  constructor([readKey, writeKey]: readonly [Uint8Array, Uint8Array]) {
    this.#readKey = readKey;
    this.#writeKey = writeKey;
  }

  encrypt(plain: Uint8Array): Buffer {
    return seal(this.#writeKey, this.#written++, plain, EMPTY);
  }

  /** Throws WireError. */
  decrypt(sealed: Uint8Array): Buffer {
    return open(this.#readKey, this.#read++, sealed, EMPTY);
  }
}

export interface Established {
  readonly pattern: NoisePattern;
  /** The client's static key (32 bytes): by it a server knows a linked device again. */
  readonly clientKey: Uint8Array;
  /** An encoded ClientPayload. */
  readonly payload: Uint8Array;
  readonly transport: NoiseTransport;
}

export interface HandshakeStep {
  /** Goes to the client before anything else. */
  readonly answer?: Uint8Array;
  /** Set when the handshake is done. */
  readonly established?: Established;
}

function handshakeMessage(frame: Uint8Array): proto.HandshakeMessage {
  try {
    return proto.HandshakeMessage.decode(frame);
  } catch (error) {
    throw new WireError('a handshake that is no HandshakeMessage', { cause: error });
  }
}

const helloOf = (serverHello: proto.HandshakeMessage.IServerHello): Uint8Array =>
  proto.HandshakeMessage.encode({ serverHello }).finish();

/** One client's handshake. */
export class Responder {
  readonly #static: KeyPair;
  readonly #chain: Uint8Array;
  readonly #prologue: Uint8Array;
  #waiting: { readonly pattern: NoisePattern; readonly state: Symmetric; readonly ephemeral: KeyPair } | undefined;

  /** `chain` is an encoded CertChain; `prologue` the client's intro. */
  constructor(staticKeys: KeyPair, chain: Uint8Array, prologue: Uint8Array) {
    this.#static = staticKeys;
    this.#chain = chain;
    this.#prologue = prologue;
  }

  /** Takes the client's frames in order, until one establishes the connection. Throws WireError. */
  take(frame: Uint8Array): HandshakeStep {
    const { clientHello, clientFinish } = handshakeMessage(frame);
    if (this.#waiting !== undefined) return { established: this.#finish(clientFinish) };
    const theirs = clientHello?.ephemeral;
    if (theirs?.length !== 32) throw new WireError('a hello without an ephemeral key');
    if (!clientHello?.static?.length || !clientHello.payload?.length) return this.#greet('XX', theirs);
    return this.#resume(theirs, clientHello.static, clientHello.payload) ?? this.#greet('XXfallback', theirs);
  }

  /** XX, second message: e, ee, s, es. */
  #greet(pattern: 'XX' | 'XXfallback', theirs: Uint8Array): HandshakeStep {
    const state = new Symmetric(pattern, this.#prologue);
    state.mixHash(theirs);
    const ephemeral = generateKeyPair();
    state.mixHash(ephemeral.publicKey);
    state.mixKey(ephemeral.privateKey, theirs);
    const sealedStatic = state.encrypt(this.#static.publicKey);
    state.mixKey(this.#static.privateKey, theirs);
    const payload = state.encrypt(this.#chain);
    this.#waiting = { pattern, state, ephemeral };
    return { answer: helloOf({ ephemeral: ephemeral.publicKey, static: sealedStatic, payload }) };
  }

  /** XX, third message: s, se. */
  #finish(finish: proto.HandshakeMessage.IClientFinish | null | undefined): Established {
    if (this.#waiting === undefined || !finish?.static?.length || !finish.payload?.length) {
      throw new WireError('a handshake without its finish');
    }
    const { pattern, state, ephemeral } = this.#waiting;
    const clientKey = Uint8Array.from(state.decrypt(finish.static));
    state.mixKey(ephemeral.privateKey, clientKey);
    const payload = Uint8Array.from(state.decrypt(finish.payload));
    return { pattern, clientKey, payload, transport: new NoiseTransport(state.split()) };
  }

  /** IK: e, es, s, ss, answered by e, ee, se; undefined when the client's idea of our static key is not ours. */
  #resume(theirs: Uint8Array, sealedStatic: Uint8Array, sealedPayload: Uint8Array): HandshakeStep | undefined {
    const state = new Symmetric('IK', this.#prologue);
    state.mixHash(this.#static.publicKey);
    state.mixHash(theirs);
    state.mixKey(this.#static.privateKey, theirs);
    let clientKey: Uint8Array;
    try {
      clientKey = Uint8Array.from(state.decrypt(sealedStatic));
    } catch (error) {
      if (error instanceof WireError) return undefined;
      throw error;
    }
    state.mixKey(this.#static.privateKey, clientKey);
    const payload = Uint8Array.from(state.decrypt(sealedPayload));
    const ephemeral = generateKeyPair();
    state.mixHash(ephemeral.publicKey);
    state.mixKey(ephemeral.privateKey, theirs);
    state.mixKey(ephemeral.privateKey, clientKey);
    const answer = helloOf({ ephemeral: ephemeral.publicKey, payload: state.encrypt(this.#chain) });
    return {
      answer,
      established: { pattern: 'IK', clientKey, payload, transport: new NoiseTransport(state.split()) },
    };
  }
}
