// Everything the library has to remember of one login: credentials, keys, what was received and what was sent, over one ledger.
import { initAuthCreds, type AuthenticationCreds, type AuthenticationState } from '@whiskeysockets/baileys';
import { KeyedTurns } from '../../../model/keyed-turns.ts';
import { allCures, type Cures } from '../cures.ts';
import type { Clock, Logger } from '../../../ports/stores.ts';
import { Journal } from './journal.ts';
import { KeyStore } from './keys.ts';
import type { Ledger, LedgerChange } from './ledger.ts';
import { patientLedger } from './patient.ts';
import { repositoryMaker, type Hold, type MakeRepository } from './repository.ts';
import { SentBook } from './sent.ts';
import { CREDS_KEY, Names, openCreds, packCreds } from './values.ts';
import { Writer, type Along, type WriterDoors } from './writer.ts';

export interface StateDoors extends Omit<WriterDoors, 'ledger'> {
  readonly ledger: Ledger;
  readonly cures?: Cures;
  /** How long bodies of sent messages are kept. */
  readonly sentDays?: number;
}

const DAY_MS = 24 * 60 * 60_000;

export class AccountState {
  readonly creds: AuthenticationCreds;
  readonly keys: KeyStore;
  readonly journal: Journal;
  readonly sent: SentBook;
  readonly #cures: Cures;
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** See RepositoryDoors. */
  readonly forged = new Set<string>();
  readonly #closing = new AbortController();
  readonly #turns = new KeyedTurns();
  #written: Uint8Array | undefined;

  private constructor(doors: StateDoors, creds: AuthenticationCreds, kept: ReadonlyMap<string, Uint8Array>) {
    const { clock, log } = doors;
    const ledger = patientLedger({ ledger: doors.ledger, clock, log, closing: this.#closing.signal });
    this.creds = creds;
    this.#clock = clock;
    this.#log = log;
    this.#cures = doors.cures ?? allCures;
    this.#writer = new Writer(doors);
    this.#written = kept.get(CREDS_KEY);
    const writer = this.#writer;
    const names = new Names(creds);
    this.keys = new KeyStore({ ledger, writer, names, alongside: (newest) => this.#alongside(newest) }, kept);
    this.journal = new Journal({ writer, clock }, kept);
    const days = doors.sentDays === undefined ? {} : { days: doors.sentDays };
    this.sent = new SentBook({ ledger, writer, clock, names, ...days }, kept);
  }

  /** @returns undefined when the ledger holds no credentials @throws Error when something in it is of a later version */
  static async open(doors: StateDoors): Promise<AccountState | undefined> {
    const kept = await doors.ledger.readAll();
    const creds = kept.get(CREDS_KEY);
    return creds === undefined ? undefined : new AccountState(doors, openCreds(creds), kept);
  }

  /** New credentials, written down: a login begins. */
  static async begin(doors: StateDoors): Promise<AccountState> {
    const state = new AccountState(doors, initAuthCreds(), new Map());
    await state.saveCreds();
    return state;
  }

  /** The library's `auth`. */
  get auth(): AuthenticationState {
    return { creds: this.creds, keys: this.keys };
  }

  /** The library's `makeSignalRepository`. */
  get makeSignalRepository(): MakeRepository {
    return this.repositoryBehind(() => false);
  }

  /** For a socket whose frames wait for what is being kept. */
  repositoryBehind(hold: Hold): MakeRepository {
    const [cures, turns, log, forged] = [this.#cures, this.#turns, this.#log, this.forged];
    return repositoryMaker({ cures, journal: this.journal, store: this.keys, hold, turns, log, forged });
  }

  /** See Writer.along: the changes of this login's ledger that wait. */
  async along(commit: Along): Promise<void> {
    await this.#writer.along(commit);
  }

  /** After each `creds.update`, which the library has put into `creds` by then. @throws FencedError, WriterClosed */
  async saveCreds(): Promise<void> {
    const creds = packCreds(this.creds);
    this.#written = creds;
    try {
      await this.#writer.write([{ key: CREDS_KEY, value: creds }]);
    } catch (error) {
      if (this.#written === creds) this.#written = undefined;
      throw error;
    }
  }

  /** Forgets once a day what was sent too long ago, until it is aborted. @throws AbortError, FencedError, WriterClosed */
  async forgetDaily(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(DAY_MS, signal);
      await this.sent.prune();
    }
  }

  /** When all that was to be kept is; a database that is away is waited for, until the state is closed. */
  async settled(): Promise<void> {
    await this.#writer.settled();
  }

  /** Waits for what is being written; from then on nothing is. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writer.close();
  }

  /** The library makes prekeys first and counts them afterwards: a crash in between would make the same numbers again. */
  #alongside(newest: number): readonly LedgerChange[] {
    if (newest === 0 || !this.#cures.keysWithCreds) return [];
    const creds = packCreds({ ...this.creds, nextPreKeyId: Math.max(this.creds.nextPreKeyId, newest + 1) });
    if (this.#written !== undefined && Buffer.compare(this.#written, creds) === 0) return [];
    this.#written = creds;
    return [{ key: CREDS_KEY, value: creds }];
  }
}
