// Writes one login's changes one commit after the other: whatever waits goes together, in order. Knows no meaning of what it writes.
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { FencedError, RefusedError } from '../../../model/errors.ts';
import type { PuppetId } from '../../../model/ids.ts';
import { patiently } from '../../../ports/patiently.ts';
import type { Clock, Logger } from '../../../ports/stores.ts';
import type { Ledger, LedgerChange } from './ledger.ts';

export interface WriterDoors {
  readonly ledger: Pick<Ledger, 'write'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent while a login is being made. */
  readonly puppet?: PuppetId;
  /**
   * Told before anybody learns that a change was not written: from now on nothing may leave the socket, or the server would forget what
   * we never kept.
   */
  readonly broken: (why: unknown) => void;
}

/** Makes one commit of what it is given and of its own. */
export type Along = (changes: readonly LedgerChange[]) => Promise<void>;

interface Waiting {
  readonly changes: readonly LedgerChange[];
  /** Goes with what comes next. */
  patient: boolean;
  readonly along?: Along;
  readonly done: () => void;
  readonly failed: (why: unknown) => void;
}

/** What goes with the next commit is not held longer than this, in ms. */
const PATIENCE_MS = 20;

/** Nothing is written any more: the line was closed. */
export class WriterClosed extends Error {
  constructor() {
    super('the state is closed');
    this.name = 'WriterClosed';
  }
}

export class Writer {
  readonly #doors: WriterDoors;
  readonly #closing = new AbortController();
  /** What is written is nobody's transaction. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #waiting: Waiting[] = [];
  #whenever = new Map<string, LedgerChange>();
  #working: Promise<void> | undefined;
  #patience: NodeJS.Timeout | undefined;
  #broken: { readonly why: unknown } | undefined;

  constructor(doors: WriterDoors) {
    this.#doors = doors;
  }

  /**
   * Durable when it resolves. A database that is away is waited for until the line closes.
   * @throws FencedError, WriterClosed; then nothing is written any more. RefusedError when the database never takes these changes
   */
  async write(changes: readonly LedgerChange[]): Promise<void> {
    this.#refuse();
    if (changes.length > 0) await this.#wait({ changes, patient: false });
  }

  /** As write(), for what need not be kept before what is about to be written: in the same commit, if that comes soon. @throws as write() */
  async writeSoon(changes: readonly LedgerChange[]): Promise<void> {
    this.#refuse();
    if (changes.length > 0) await this.#wait({ changes, patient: true });
  }

  /**
   * A commit of somebody else that takes along what waits, in its turn: one commit instead of two.
   * @throws FencedError, WriterClosed; whatever it throws itself: then what waited is written without it, and it may be asked again
   */
  async along(along: Along): Promise<void> {
    await this.#wait({ changes: [], along, patient: false });
  }

  async #wait(what: Pick<Waiting, 'changes' | 'along' | 'patient'>): Promise<void> {
    this.#refuse();
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ ...what, done: resolve, failed: reject });
      if (!what.patient) this.#start();
      else this.#patience ??= setTimeout(() => this.#hurry(), PATIENCE_MS);
    });
  }

  /** Goes with the next commit, at the latest with the last one; may be lost in a crash. */
  whenever(changes: readonly LedgerChange[]): void {
    for (const change of changes) this.#whenever.set(change.key, change);
  }

  /** When nothing waits to be written, or nothing is written any more. */
  async settled(): Promise<void> {
    this.#hurry();
    while (this.#working !== undefined) await this.#working;
  }

  /** Waits for what is being written; a database that is away is not waited for any more. */
  async close(): Promise<void> {
    if (this.#broken === undefined && this.#waiting.length === 0 && this.#whenever.size > 0) {
      this.#waiting.push({ changes: [], patient: false, done: () => undefined, failed: () => undefined });
      this.#start();
    }
    this.#hurry();
    this.#closing.abort();
    await this.#working;
  }

  #refuse(): void {
    if (this.#broken !== undefined) throw this.#broken.why;
    if (this.#closing.signal.aborted) throw new WriterClosed();
  }

  #start(): void {
    this.#working ??= this.#outside(async () => await this.#work());
  }

  /** Nothing waits for the next commit any longer. */
  #hurry(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    if (this.#waiting.length === 0) return;
    for (const one of this.#waiting) one.patient = false;
    this.#start();
  }

  async #work(): Promise<void> {
    try {
      // What is asked for in this turn goes together: a send asks for three things.
      await setImmediate();
      while (this.#waiting.some(({ patient }) => !patient)) {
        if (!(await this.#writeBatch(this.#nextBatch()))) return;
      }
    } finally {
      // In the turn that found no more to do: whoever asks in the next one must not rely on this one.
      this.#working = undefined;
    }
  }

  /** @returns whether anything can be written any more */
  async #writeBatch(batch: readonly Waiting[]): Promise<boolean> {
    const whenever = this.#whenever;
    this.#whenever = new Map();
    const merged = new Map(whenever);
    for (const change of batch.flatMap(({ changes }) => changes)) merged.set(change.key, change);
    const changes = [...merged.values()];
    try {
      if (!(await this.#taken(batch.at(-1), changes))) await this.#commit(changes);
    } catch (error) {
      if (error instanceof RefusedError) return await this.#apart(batch, [...whenever.values()]);
      this.#break(error, batch);
      return false;
    }
    for (const { done } of batch) done();
    return true;
  }

  /**
   * Something among these is such that the database never takes it: each is written by itself, so that it fails alone. The line ends, for
   * nothing may leave that rests on it; what is written later goes on. @returns whether anything can be written any more
   */
  async #apart(batch: readonly Waiting[], whenever: readonly LedgerChange[]): Promise<boolean> {
    const refused: Waiting[] = [];
    let why: unknown;
    const isTaken = async (changes: readonly LedgerChange[]): Promise<boolean> => {
      try {
        if (changes.length > 0) await this.#commit(changes);
        return true;
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        why = error;
        return false;
      }
    };
    try {
      for (const change of whenever) {
        if (await isTaken([change])) continue;
        const { log, puppet } = this.#doors;
        const facts = { network: 'whatsapp', code: 'unkept', ...(puppet === undefined ? {} : { puppet }) };
        log.error(facts, 'what may be lost could not be kept, and is');
      }
      for (const one of batch) {
        if (await isTaken(one.changes)) one.done();
        else refused.push(one);
      }
    } catch (error) {
      this.#break(error, batch);
      return false;
    }
    if (refused.length > 0) this.#doors.broken(why);
    for (const { failed } of refused) failed(why);
    return true;
  }

  /** All that waits, up to the first that commits for all before it. */
  #nextBatch(): readonly Waiting[] {
    const end = this.#waiting.findIndex(({ along }) => along !== undefined);
    const batch = this.#waiting;
    this.#waiting = end < 0 ? [] : batch.splice(end + 1);
    return batch;
  }

  /** @returns whether they are committed by it @throws FencedError */
  async #taken(last: Waiting | undefined, changes: readonly LedgerChange[]): Promise<boolean> {
    if (last?.along === undefined) return false;
    try {
      await last.along(changes);
      return true;
    } catch (error) {
      if (error instanceof FencedError) throw error;
      // It may be its own fault: nothing else has to wait for it.
      last.failed(error);
      return false;
    }
  }

  async #commit(changes: readonly LedgerChange[]): Promise<void> {
    const { ledger, clock, log, puppet } = this.#doors;
    const facts = { network: 'whatsapp', count: changes.length, ...(puppet === undefined ? {} : { puppet }) };
    const patience = { clock, log, facts, closing: this.#closing.signal };
    await patiently(patience, 'keys could not be written, will try again', async () => await ledger.write(changes));
  }

  #break(why: unknown, batch: readonly Waiting[]): void {
    this.#broken = { why };
    const waiting = [...batch, ...this.#waiting];
    this.#waiting = [];
    this.#doors.broken(why);
    for (const { failed } of waiting) failed(why);
  }
}
