// The library's Signal repository as its socket gets it (makeSignalRepository): one lock, the journal inside the transaction of the
// ratchet, and no ciphertext that is ahead of what is written. Knows no socket.
import {
  addTransactionCapability,
  DEFAULT_CONNECTION_CONFIG,
  type SignalDataSet,
  type SignalKeyStoreWithTransaction,
  type SignalRepositoryWithLIDStore,
  type SocketConfig,
} from '@whiskeysockets/baileys';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { KeyedTurns } from '../../../model/keyed-turns.ts';
import type { Logger } from '../../../ports/stores.ts';
import type { Cures } from '../cures.ts';
import { isSignedBy } from '../xeddsa.ts';
import { endTransactions } from './ended.ts';
import type { Journal } from './journal.ts';
import type { KeyStore } from './keys.ts';
import { packRow } from './row.ts';

export type MakeRepository = SocketConfig['makeSignalRepository'];

export interface RepositoryDoors {
  readonly cures: Cures;
  readonly journal: Journal;
  readonly store: Pick<KeyStore, 'set' | 'begin'>;
  readonly hold: Hold;
  /** Those of the login: a line that has ended may still be at work on a message when the next one is open. */
  readonly turns: KeyedTurns;
  readonly log: Logger;
  /** Devices with which no session was begun, since their prekeys are not signed by them: their addresses. */
  readonly forged: Set<string>;
}

/** Lets no frame leave before this is kept. @returns false when there are no frames to hold: then it has to be waited for */
export type Hold = (kept: Promise<void>) => boolean;

/** A write that failed is tried again below: here it is over. */
export const transactionOpts = { maxCommitRetries: 1, delayBetweenTriesMs: 0 };

const ACCOUNT = 'account';
/**
 * Transactions that write whole values and read nothing: mappings of numbers, and sessions with devices that are no more. They need no
 * lock, and whoever holds the account's may be waiting for them: a lookup for the one, a send that wants the list of devices for the other.
 */
const UNLOCKED = /^(?:lid-mapping|delete-\d+-sessions)$/;

export function repositoryMaker(doors: RepositoryDoors): MakeRepository {
  return (auth, logger, pnToLid) => {
    const keys = auth.keys as SignalKeyStoreWithTransaction;
    if (doors.cures.ended) endTransactions(keys);
    if (doors.cures.oneLock) takeOneLock(keys, doors.turns);
    const steps = new Steps(doors, keys);
    const inner = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, logger, pnToLid);
    return {
      ...inner,
      ...steps.around(inner),
      ...(doors.cures.journal ? reading(doors, keys, steps, inner) : {}),
      ...(doors.cures.signatures ? distrusting(doors, inner) : {}),
    };
  };
}

/** The keys of a repository outside of a socket: what makeSocket does with `auth.keys`. */
export function withTransactions(
  store: KeyStore,
  logger: Parameters<typeof addTransactionCapability>[1],
): SignalKeyStoreWithTransaction {
  return addTransactionCapability(store, logger, transactionOpts);
}

function takeOneLock(keys: SignalKeyStoreWithTransaction, turns: KeyedTurns): void {
  const transaction = keys.transaction.bind(keys);
  keys.transaction = async (work, key) => {
    if (keys.isInTransaction()) return await transaction(work, key);
    const lock = UNLOCKED.test(key) ? `${ACCOUNT}/${key}` : ACCOUNT;
    return await turns.run(lock, async () => await transaction(work, lock));
  };
}

/**
 * The library takes any signature of a prekey (libsignal's session_builder.js:26), so whoever hands the keys out could read along. A
 * device whose prekey is not its own gets nothing; the others of the same answer must not suffer for it.
 */
function distrusting(
  { log, forged }: RepositoryDoors,
  inner: SignalRepositoryWithLIDStore,
): Pick<SignalRepositoryWithLIDStore, 'injectE2ESession'> {
  return {
    injectE2ESession: async (opts) => {
      const { identityKey, signedPreKey }: Partial<typeof opts.session> = opts.session;
      const { publicKey, signature }: Partial<typeof opts.session.signedPreKey> = signedPreKey ?? {};
      const nothing = Buffer.of();
      const address = inner.jidToSignalProtocolAddress(opts.jid);
      if (isSignedBy(identityKey ?? nothing, publicKey ?? nothing, signature ?? nothing)) {
        forged.delete(address);
        await inner.injectE2ESession(opts);
        return;
      }
      if (forged.has(address)) return;
      forged.add(address);
      log.warn(
        { network: 'whatsapp', code: 'forged-prekey' },
        'a device is sent nothing: its prekey is not signed by its identity',
      );
    },
  };
}

/**
 * Decryption: the plaintext is kept in the commit of the ratchet's step, and a second delivery does not touch the ratchet. Nobody waits
 * for the disk but the frames: what several messages say is one commit, and their receipts leave after it.
 */
function reading(
  { journal, store, hold, cures }: RepositoryDoors,
  keys: SignalKeyStoreWithTransaction,
  steps: Steps,
  inner: SignalRepositoryWithLIDStore,
): Pick<SignalRepositoryWithLIDStore, 'decryptMessage' | 'decryptGroupMessage'> {
  const read = async (
    ciphertext: Uint8Array,
    lock: string,
    decrypt: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> => {
    const heard = journal.find(ciphertext);
    if (heard === undefined) throw new Error('a ciphertext that no stanza brought');
    let unreadable: Error | undefined;
    try {
      return await keys.transaction(async () => {
        // Looked up under the lock: the first delivery may be at work.
        const before = journal.plaintext(heard);
        if (before !== undefined) {
          if (before.kept !== undefined && !hold(before.kept)) await before.kept;
          return before.plain;
        }
        const { result: plain, made } = await steps.made(decrypt).catch((error: unknown) => {
          unreadable = error instanceof Error ? error : new Error('unknown');
          throw unreadable;
        });
        const kept = journal.decrypted(heard, plain, async (row) => {
          await store.begin(made, [{ key: row.key, value: packRow(row) }]);
        });
        if (!hold(kept)) await kept;
        return plain;
      }, lock);
    } catch (error) {
      if (unreadable !== undefined) await journal.failed(heard, unreadable.message);
      throw error;
    }
  };
  return {
    decryptMessage: async (opts) => await read(opts.ciphertext, opts.jid, async () => await inner.decryptMessage(opts)),
    decryptGroupMessage: async (opts) =>
      await read(opts.msg, opts.group, async () => await (cures.bothNames ? byEitherName : byOneName)(inner, opts)),
  };
}

type OfGroup = Parameters<SignalRepositoryWithLIDStore['decryptGroupMessage']>[0];

async function byOneName(inner: SignalRepositoryWithLIDStore, opts: OfGroup): Promise<Uint8Array> {
  return await inner.decryptGroupMessage(opts);
}

/** Whoever is called by LID now may have told their key of the group while they were called by number. */
async function byEitherName(inner: SignalRepositoryWithLIDStore, opts: OfGroup): Promise<Uint8Array> {
  try {
    return await byOneName(inner, opts);
  } catch (error) {
    const authorJid = await inner.lidMapping.getPNForLID(opts.authorJid);
    if (authorJid === null) throw error;
    // The library acts on what is wrong with the name that the message came under.
    return await byOneName(inner, { ...opts, authorJid }).catch(() => {
      throw error;
    });
  }
}

/**
 * A transaction of the library sends before it commits. What must not be used twice (a ratchet's step, the number of a prekey)
 * is therefore written as soon as it is made; the commit of the transaction then finds it written.
 */
class Steps {
  readonly #doors: RepositoryDoors;
  readonly #keys: SignalKeyStoreWithTransaction;
  readonly #made = new AsyncLocalStorage<SignalDataSet[]>();

  constructor(doors: RepositoryDoors, keys: SignalKeyStoreWithTransaction) {
    this.#doors = doors;
    this.#keys = keys;
    const { cures } = doors;
    const set = keys.set.bind(keys);
    keys.set = async (data) => {
      await set(data);
      if (!keys.isInTransaction()) return;
      this.#made.getStore()?.push(data);
      const made = Object.entries(data['pre-key'] ?? {}).filter(([, key]) => key !== null);
      if (cures.stepFirst && made.length > 0) await doors.store.set({ 'pre-key': Object.fromEntries(made) });
    };
  }

  around(
    inner: SignalRepositoryWithLIDStore,
  ): Pick<SignalRepositoryWithLIDStore, 'encryptMessage' | 'encryptGroupMessage'> {
    return {
      encryptMessage: async (opts) => await this.#ahead(async () => await inner.encryptMessage(opts)),
      encryptGroupMessage: async (opts) => await this.#ahead(async () => await inner.encryptGroupMessage(opts)),
    };
  }

  /** What the work sets, all in one: of each value the last. */
  async made<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly made: SignalDataSet }> {
    const all: SignalDataSet[] = [];
    const result = await this.#made.run(all, work);
    const made: Record<string, Record<string, unknown>> = {};
    for (const data of all) {
      for (const [type, values] of Object.entries(data)) made[type] = { ...made[type], ...values };
    }
    return { result, made };
  }

  /** Outside of a transaction the library commits before it gives the ciphertext away. */
  async #ahead<T>(encrypt: () => Promise<T>): Promise<T> {
    if (!this.#doors.cures.stepFirst || !this.#keys.isInTransaction()) return await encrypt();
    const { result, made } = await this.made(encrypt);
    const step: SignalDataSet = {
      ...(made.session === undefined ? {} : { session: made.session }),
      ...(made['sender-key'] === undefined ? {} : { 'sender-key': made['sender-key'] }),
    };
    // The account's lock need not wait for the disk: whoever has it next finds the step in memory, and its frames wait behind.
    const kept = this.#doors.store.begin(step);
    if (!this.#doors.hold(kept)) await kept;
    return result;
  }
}
