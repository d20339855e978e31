// A device whose Signal code is libsignal's, as Baileys runs it, to talk with ours; with the cure for its known defect on
// demand. Knows nothing of our code but the form of a bundle and of a sealed message.

import { randomBytes } from 'node:crypto';
import { ProtocolAddress, SessionBuilder, SessionCipher, SessionRecord, type SignalStorage } from 'libsignal';
import { calculateSignature, generateKeyPair } from 'libsignal/src/curve.js';
import { unpadRandomMax16, writeRandomPadMax16 } from '@whiskeysockets/baileys/lib/Utils/generics.js';
import type { PreKeyBundle } from '../../../../../sandbox/whatsapp/signal/identity.ts';
import type { Sealed } from '../../../../../sandbox/whatsapp/signal/device.ts';

interface Pair {
  readonly pubKey: Buffer;
  readonly privKey: Buffer;
}

/** What the declarations of libsignal leave out. */
interface Entry {
  serialize(): unknown;
  readonly constructor: { deserialize(data: unknown): Entry };
  indexInfo: { used: number };
  pendingPreKey?: unknown;
}
interface Cipher {
  encrypt(data: Buffer): Promise<{ type: number; body: Buffer }>;
  doDecryptWhisperMessage(data: Buffer, session: Entry): Promise<Buffer>;
  decryptWithSessions(data: Buffer, sessions: readonly Entry[]): Promise<{ session: Entry; plaintext: Buffer }>;
}

const typed = (key: Uint8Array): Buffer => Buffer.concat([Buffer.of(5), key]);
const keyPair = (): Pair => generateKeyPair() as Pair;

/**
 * Tries each session on a copy, so that a failed try leaves no trace. libsignal itself tries on the record it stores
 * afterwards: a record with two sessions is damaged by the first message of the other one.
 */
async function tryOnCopies(
  this: Cipher,
  data: Buffer,
  sessions: readonly Entry[],
): Promise<{ session: Entry; plaintext: Buffer }> {
  let last: unknown = new Error('no sessions');
  for (const session of sessions) {
    const copy = session.constructor.deserialize(session.serialize());
    try {
      const plaintext = await this.doDecryptWhisperMessage(data, copy);
      copy.indexInfo.used = Date.now();
      delete session.pendingPreKey;
      Object.assign(session, copy);
      return { session, plaintext };
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

export class LibsignalParty {
  readonly #identity = keyPair();
  readonly #signed = keyPair();
  readonly #registrationId = 1 + (randomBytes(2).readUInt16BE() & 0x1fff);
  readonly #preKeys = new Map<number, Pair>();
  readonly #sessions = new Map<string, string>();
  readonly #cured: boolean;
  #nextPreKey = 1;

  constructor({ cured = false }: { cured?: boolean } = {}) {
    this.#cured = cured;
  }

  bundle({ preKey = true }: { preKey?: boolean } = {}): PreKeyBundle {
    const id = this.#nextPreKey++;
    const pair = keyPair();
    if (preKey) this.#preKeys.set(id, pair);
    return {
      registrationId: this.#registrationId,
      identityKey: this.#identity.pubKey.subarray(1),
      signedPreKey: {
        id: 7,
        publicKey: this.#signed.pubKey.subarray(1),
        signature: calculateSignature(this.#identity.privKey, this.#signed.pubKey),
      },
      ...(preKey ? { preKey: { id, publicKey: pair.pubKey.subarray(1) } } : {}),
    };
  }

  get unusedPreKeys(): number {
    return this.#preKeys.size;
  }

  async startSession(address: string, bundle: PreKeyBundle): Promise<void> {
    const device = {
      registrationId: bundle.registrationId,
      identityKey: typed(bundle.identityKey),
      signedPreKey: {
        keyId: bundle.signedPreKey.id,
        publicKey: typed(bundle.signedPreKey.publicKey),
        signature: Buffer.from(bundle.signedPreKey.signature),
      },
      ...(bundle.preKey === undefined
        ? {}
        : { preKey: { keyId: bundle.preKey.id, publicKey: typed(bundle.preKey.publicKey) } }),
    };
    // The declaration asks for a prekey, the code does not.
    const builder = new SessionBuilder(this.#storage(), this.#address(address));
    await builder.initOutgoing(device as Parameters<SessionBuilder['initOutgoing']>[0]);
  }

  async encryptTo(address: string, plaintext: Uint8Array): Promise<Sealed> {
    const { type, body } = await this.#cipher(address).encrypt(writeRandomPadMax16(plaintext));
    return { type: type === 3 ? 'pkmsg' : 'msg', bytes: body };
  }

  async decrypt(address: string, type: Sealed['type'], bytes: Buffer): Promise<Buffer> {
    const cipher = new SessionCipher(this.#storage(), this.#address(address));
    if (this.#cured) Object.assign(cipher, { decryptWithSessions: tryOnCopies });
    const padded =
      type === 'pkmsg' ? await cipher.decryptPreKeyWhisperMessage(bytes) : await cipher.decryptWhisperMessage(bytes);
    return Buffer.from(unpadRandomMax16(padded));
  }

  #cipher(address: string): Cipher {
    return new SessionCipher(this.#storage(), this.#address(address)) as unknown as Cipher;
  }

  /** libsignal queues jobs for the whole process by this name, so no two parties may share one. */
  #address(address: string): ProtocolAddress {
    return new ProtocolAddress(`${this.#identity.pubKey.toString('hex')}-${address}`, 0);
  }

  #storage(): SignalStorage {
    return {
      loadSession: async (id) => {
        const kept = this.#sessions.get(id);
        return kept === undefined ? null : SessionRecord.deserialize(JSON.parse(kept) as Uint8Array);
      },
      storeSession: async (id, session) => {
        this.#sessions.set(id, JSON.stringify(session.serialize()));
      },
      isTrustedIdentity: () => true,
      loadPreKey: async (id) => this.#preKeys.get(Number(id)),
      removePreKey: (id) => {
        this.#preKeys.delete(id);
      },
      loadSignedPreKey: () => this.#signed,
      getOurRegistrationId: () => this.#registrationId,
      getOurIdentity: () => this.#identity,
    };
  }
}
