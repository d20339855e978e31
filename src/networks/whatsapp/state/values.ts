// How the library's values are written down and read again, and under which names: nobody's number stands in a key. Pure.
import { BufferJSON, proto, type AuthenticationCreds, type SignalDataTypeMap } from '@whiskeysockets/baileys';
import { createHmac } from 'node:crypto';

export const CREDS_KEY = 'creds';
export const KEY_PREFIX = 'signal/';

export type KeyType = keyof SignalDataTypeMap;

interface Codec<T> {
  readonly pack: (value: T) => Uint8Array;
  readonly open: (bytes: Uint8Array) => T;
}

const VERSION = 1;

const raw: Codec<Uint8Array> = { pack: (value) => value, open: (bytes) => Buffer.from(bytes) };

const text: Codec<string> = { pack: (value) => Buffer.from(value), open: (bytes) => Buffer.from(bytes).toString() };

/** Without bytes inside. */
function plain<T>(): Codec<T> {
  return {
    pack: (value) => Buffer.from(JSON.stringify(value)),
    open: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as T,
  };
}

function withBytes<T>(): Codec<T> {
  return {
    pack: (value) => Buffer.from(JSON.stringify(value, BufferJSON.replacer)),
    open: (bytes) => JSON.parse(Buffer.from(bytes).toString(), BufferJSON.reviver) as T,
  };
}

const keyPair: Codec<SignalDataTypeMap['pre-key']> = {
  pack: (pair) => Buffer.concat([Buffer.of(pair.public.length), pair.public, pair.private]),
  open: (bytes) => {
    const middle = 1 + (bytes[0] ?? 0);
    return { public: Buffer.from(bytes.subarray(1, middle)), private: Buffer.from(bytes.subarray(middle)) };
  },
};

/** A session is an object of texts, whatever its type says. */
const session: Codec<SignalDataTypeMap['session']> = {
  ...plain<SignalDataTypeMap['session']>(),
  pack: (value) => {
    if (value instanceof Uint8Array) throw new Error('the library keeps sessions in another form than it used to');
    return Buffer.from(JSON.stringify(value));
  },
};

const syncKey: Codec<SignalDataTypeMap['app-state-sync-key']> = {
  pack: (value) => proto.Message.AppStateSyncKeyData.encode(value).finish(),
  open: (bytes) => proto.Message.AppStateSyncKeyData.decode(bytes),
};

/**
 * A record of sender keys is JSON that the library writes with lists of numbers for bytes, and reads as if they were base64: a key it
 * kept for a late message would come back as no Buffer, and the message could never be read. Here it is base64 from the start.
 */
const senderKey: Codec<Uint8Array> = {
  pack: (value) => Buffer.from(JSON.stringify(JSON.parse(Buffer.from(value).toString()), BufferJSON.replacer)),
  open: raw.open,
};

const codecs: { readonly [T in KeyType]: Codec<SignalDataTypeMap[T]> } = {
  'pre-key': keyPair,
  session,
  'sender-key': senderKey,
  'sender-key-memory': plain(),
  'app-state-sync-key': syncKey,
  'app-state-sync-version': withBytes(),
  'lid-mapping': text,
  'device-list': plain(),
  tctoken: withBytes(),
  'identity-key': raw,
};

const credsCodec = withBytes<AuthenticationCreds>();

export function isKeyType(name: string): name is KeyType {
  return Object.hasOwn(codecs, name);
}

export function packKey<T extends KeyType>(type: T, value: SignalDataTypeMap[T]): Uint8Array {
  return versioned(codecs[type].pack(value));
}

/** @throws Error when the bytes are of a later version */
export function openKey<T extends KeyType>(type: T, bytes: Uint8Array): SignalDataTypeMap[T] {
  return codecs[type].open(unversioned(bytes));
}

export function packCreds(creds: AuthenticationCreds): Uint8Array {
  return versioned(credsCodec.pack(creds));
}

/** @throws Error when the bytes are of a later version */
export function openCreds(bytes: Uint8Array): AuthenticationCreds {
  return credsCodec.open(unversioned(bytes));
}

const MOST_KNOWN = 500;

/** Numbers of people and chats are few enough to be guessed: their names are keyed with something that only this login has. */
export class Names {
  readonly #key: Buffer;
  /** Those that were asked for last: each send asks for a dozen, mostly the same. */
  readonly #known = new Map<string, string>();

  constructor(creds: Pick<AuthenticationCreds, 'signedIdentityKey'>) {
    this.#key = createHmac('sha256', creds.signedIdentityKey.private).update('passerelle vault names').digest();
  }

  of(type: KeyType, id: string): string {
    // Prekeys are numbered from one in every login.
    if (type === 'pre-key') return `${KEY_PREFIX}${type}/${id}`;
    return `${KEY_PREFIX}${type}/${this.hide(`${type}\0${id}`)}`;
  }

  hide(id: string): string {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const name = createHmac('sha256', this.#key).update(id).digest('base64url').slice(0, 22);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(id, name);
    return name;
  }
}

function versioned(body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(VERSION), body]);
}

function unversioned(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== VERSION) throw new Error('a value of a later version');
  return bytes.subarray(1);
}
