// Mends the Signal library while the program runs, once for the whole process: sessions are tried on copies, work on a session stays
// in the transaction that asked for it, nothing private is printed. Refuses a library other than the one it was written for.
import { addTransactionCapability, DEFAULT_CONNECTION_CONFIG } from '@whiskeysockets/baileys';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Cures } from '../cures.ts';
import { KeyedTurns } from '../../../model/keyed-turns.ts';

interface Session {
  readonly indexInfo: { used: number; closed: number; remoteIdentityKey: Buffer; baseKey: Buffer };
  pendingPreKey?: unknown;
  serialize(): unknown;
}

interface SessionRecord {
  sessions: Record<string, Session>;
  getSession(baseKey: Buffer): Session | undefined;
  getSessions(): Session[];
  getOpenSession(): Session | undefined;
  isClosed(session: Session): boolean;
  closeSession(session: Session): void;
  openSession(session: Session): void;
  removeOldSessions(): void;
}

interface Storage {
  isTrustedIdentity(id: string, key: Buffer): Promise<boolean> | boolean;
}

interface SessionCipher {
  readonly addr: { readonly id: string; toString(): string };
  readonly storage: Storage;
  queueJob<T>(job: () => Promise<T>): Promise<T>;
  getRecord(): Promise<SessionRecord | null | undefined>;
  storeRecord(record: SessionRecord): Promise<void>;
  decryptWithSessions(data: Buffer, sessions: Session[]): Promise<{ session: Session; plaintext: Buffer }>;
  doDecryptWhisperMessage(data: Buffer, session: Session): Promise<Buffer>;
  decryptWhisperMessage(data: Buffer): Promise<Buffer>;
}

interface SessionBuilder {
  readonly storage: object;
  initOutgoing(device: unknown): Promise<void>;
  initIncoming(record: SessionRecord, message: { baseKey: Buffer }): Promise<number | undefined>;
}

type Fault = new (...args: unknown[]) => Error;

interface Library {
  readonly SessionCipher: { readonly prototype: SessionCipher };
  readonly SessionBuilder: { readonly prototype: SessionBuilder };
  readonly SessionRecord: { readonly prototype: SessionRecord; createEntry(): Session };
  readonly SessionError: Fault;
  readonly UntrustedIdentityKeyError: Fault;
}

export type SignalCures = Pick<Cures, 'copies' | 'ownContext' | 'silence'>;

/** Of libsignal 6.0.0 and Baileys 7.0.0-rc14; see digestOf(). */
const WRITTEN_FOR = '7e10090ff8e3a9a3';
/** Closed sessions that a record keeps, as the library has it. */
const MOST_SESSIONS = 40;

/** The copy that Baileys itself loads. */
const library = loadLibrary();
const original = {
  cipher: methodsOf(library.SessionCipher.prototype, ['queueJob', 'decryptWithSessions', 'decryptWhisperMessage']),
  builder: methodsOf(library.SessionBuilder.prototype, ['initOutgoing', 'initIncoming']),
  record: methodsOf(library.SessionRecord.prototype, ['closeSession', 'openSession', 'removeOldSessions']),
};
/** Queues of each login by address: the library has one for all of them, where they wait for each other. */
const queues = new WeakMap<object, KeyedTurns>();
let inForce = '';

/**
 * Holds for every login of the process; calling it again changes nothing.
 * @throws Error when the library's text is not the one that this was written for
 */
export function mendLibsignal(cures: SignalCures): void {
  const wanted = JSON.stringify([cures.copies, cures.ownContext, cures.silence]);
  if (inForce === wanted) return;
  if (inForce === '') refuseOther(digestOf(library));
  Object.assign(library.SessionCipher.prototype, {
    ...original.cipher,
    ...(cures.copies ? { decryptWithSessions } : {}),
    ...(cures.ownContext ? { queueJob } : {}),
    ...(cures.silence ? { decryptWhisperMessage } : {}),
  });
  Object.assign(library.SessionBuilder.prototype, {
    ...original.builder,
    ...(cures.ownContext ? { initOutgoing } : {}),
    ...(cures.silence ? { initIncoming } : {}),
  });
  Object.assign(library.SessionRecord.prototype, {
    ...original.record,
    ...(cures.silence ? { closeSession, openSession, removeOldSessions } : {}),
  });
  inForce = wanted;
}

/** @throws Error unless it is the digest of the library that this was written for */
export function refuseOther(digest: string): void {
  if (digest === WRITTEN_FOR) return;
  throw new Error(
    `The Signal library is another than the one its defects were mended in (${digest}): read docs/whatsapp-library.md first.`,
  );
}

/** Of every piece of text that is replaced or relied upon, here and in repository.ts. */
export function digestOf({ SessionCipher, SessionBuilder, SessionRecord }: Library): string {
  const hash = createHash('sha256');
  const signal = [SessionCipher, SessionBuilder, SessionRecord, SessionRecord.createEntry().constructor];
  const hooked = [DEFAULT_CONNECTION_CONFIG.makeSignalRepository, addTransactionCapability];
  for (const piece of [...signal, ...hooked]) hash.update(Function.prototype.toString.call(piece)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

export function signalLibrary(): Library {
  return library;
}

function loadLibrary(): Library {
  const ours = createRequire(import.meta.url);
  return createRequire(ours.resolve('@whiskeysockets/baileys'))('libsignal') as Library;
}

function methodsOf<T extends object, K extends keyof T>(prototype: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, prototype[name]])) as Pick<T, K>;
}

/** A try that fails has already moved that session's ratchet: so each is tried on a copy, and the one that succeeds is taken over. */
async function decryptWithSessions(
  this: SessionCipher,
  data: Buffer,
  sessions: Session[],
): Promise<{ session: Session; plaintext: Buffer }> {
  if (sessions.length === 0) throw new library.SessionError('No sessions available');
  for (const session of sessions) {
    const copy = (session.constructor as unknown as { deserialize(data: unknown): Session }).deserialize(
      session.serialize(),
    );
    try {
      const plaintext = await this.doDecryptWhisperMessage(data, copy);
      if (copy.pendingPreKey === undefined) delete session.pendingPreKey;
      Object.assign(session, copy);
      session.indexInfo.used = Date.now();
      return { session, plaintext };
    } catch {
      // Meant for another session, or for none of them: that is said below.
    }
  }
  // A key that was used before is no reason of its own: its sender may have lost count, and is asked again.
  throw new library.SessionError('No matching sessions found for message');
}

/** As the library does it, without its remarks. */
async function decryptWhisperMessage(this: SessionCipher, data: Buffer): Promise<Buffer> {
  return await this.queueJob(async () => {
    const record = await this.getRecord();
    if (record === null || record === undefined) throw new library.SessionError('No session record');
    const { session, plaintext } = await this.decryptWithSessions(data, record.getSessions());
    const theirs = session.indexInfo.remoteIdentityKey;
    if (!(await this.storage.isTrustedIdentity(this.addr.id, theirs))) {
      throw new library.UntrustedIdentityKeyError(this.addr.id, theirs);
    }
    await this.storeRecord(record);
    return plaintext;
  });
}

async function queueJob<T>(this: SessionCipher, job: () => Promise<T>): Promise<T> {
  const turns = queues.get(this.storage) ?? new KeyedTurns();
  queues.set(this.storage, turns);
  return await turns.run(this.addr.toString(), AsyncLocalStorage.bind(job));
}

/** The library runs it in the context of whoever came first: so its storage is bound to whoever asks. */
async function initOutgoing(this: SessionBuilder, device: unknown): Promise<void> {
  const storage = Object.fromEntries(
    Object.entries(this.storage).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'function' ? AsyncLocalStorage.bind(value as () => unknown) : value,
    ]),
  );
  const bound = Object.create(this, { storage: { value: storage } }) as SessionBuilder;
  await original.builder.initOutgoing.call(bound, device);
}

/** Closes the open session itself, where the library would print it; when anything fails, the record is thrown away. */
async function initIncoming(
  this: SessionBuilder,
  record: SessionRecord,
  message: { baseKey: Buffer },
): Promise<number | undefined> {
  const open = record.getSession(message.baseKey) === undefined ? record.getOpenSession() : undefined;
  if (open !== undefined) record.closeSession(open);
  return await original.builder.initIncoming.call(this, record, message);
}

function closeSession(this: SessionRecord, session: Session): void {
  if (!this.isClosed(session)) session.indexInfo.closed = Date.now();
}

function openSession(this: SessionRecord, session: Session): void {
  session.indexInfo.closed = -1;
}

function removeOldSessions(this: SessionRecord): void {
  const closed = Object.entries(this.sessions).filter(([, session]) => this.isClosed(session));
  const oldest = closed.sort(([, a], [, b]) => a.indexInfo.closed - b.indexInfo.closed);
  const surplus = Object.keys(this.sessions).length - MOST_SESSIONS;
  for (const [key] of oldest.slice(0, Math.max(0, surplus))) delete this.sessions[key];
}
