// What was received and is not the house's yet: written before its receipt can leave, read again after a crash. Knows no socket.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../../../ports/stores.ts';
import type { LedgerChange } from './ledger.ts';
import {
  isComplete,
  isReadable,
  markOf,
  packMark,
  packRow,
  ROW_PREFIX,
  unpack,
  type Awaited,
  type Mark,
  type Part,
  type Row,
} from './row.ts';
import { ciphertextsOf, isReceived, nameOf, packNode, unpackNode } from './stanza.ts';
import type { Writer } from './writer.ts';

export interface JournalDoors {
  readonly writer: Pick<Writer, 'write' | 'whenever'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** A ciphertext as it came: whose it is and which of them. */
export interface Heard {
  readonly key: string;
  readonly index: number;
  /** The row as it was before anything was decrypted. */
  readonly fresh: Row;
}

/** By its key: its place, since when it is waited for, and on how many connections it was. */
interface Again {
  readonly seq: number;
  readonly at: number;
  readonly lines: number;
}

/** What did not come again on so many connections never will. */
const MOST_LINES = 3;
/** Deliveries repeat what was not acknowledged when a connection ended: the newest. */
const MOST_MARKS = 512;
/** The server keeps what was not acknowledged for so long; what is not complete by then never will be. */
const KEPT_MS = 30 * 24 * 60 * 60_000;

export class Journal {
  readonly #doors: JournalDoors;
  /** Rows without the plaintexts of all their ciphertexts, and those nobody has taken yet. */
  readonly #rows = new Map<string, Row>();
  readonly #marks = new Map<string, Mark>();
  /** Of rows that are being committed: when they are. */
  readonly #keeping = new Map<string, Promise<void>>();
  /** Ciphertexts of this connection, by the very bytes that the library hands to its repository. */
  readonly #heard = new WeakMap<Uint8Array, Heard>();
  /** What comes again: begun and not kept when a connection ended. */
  readonly #awaited = new Map<string, Again>();
  /** Where nothing of the library's is under way: what is told of a row must not run in the transaction that brought it. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #seq = 0;
  #onRow: ((row: Row) => void) | undefined;

  /** @param kept what the ledger holds of this login */
  constructor(doors: JournalDoors, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#doors = doors;
    const marks: [string, Mark][] = [];
    const stale: LedgerChange[] = [];
    for (const [key, bytes] of kept) {
      if (!key.startsWith(ROW_PREFIX)) continue;
      const found = unpack(key, bytes);
      if (!('node' in found)) marks.push([key, found]);
      else if (!isComplete(found) && doors.clock.now() - found.at > KEPT_MS) stale.push({ key, value: null });
      else {
        // Half of it is kept: it comes again, and may be waited for from now on.
        this.#rows.set(key, isComplete(found) ? found : { ...found, at: doors.clock.now() });
        this.#seq = Math.max(this.#seq, found.seq);
      }
    }
    for (const [key, mark] of marks.sort(([, a], [, b]) => a.at - b.at)) this.#marks.set(key, mark);
    for (const row of this.#rows.values()) for (const one of row.behind ?? []) this.#await(one);
    doors.writer.whenever([...stale, ...this.#tooMany()]);
  }

  /** Complete rows that nobody has taken yet, in the order of their arrival. */
  unread(): readonly Row[] {
    return [...this.#rows.values()].filter(isComplete).sort((a, b) => a.seq - b.seq);
  }

  /**
   * Number of the earliest stanza that is not here yet, though a later one may be: it is still being decrypted (the library works
   * off what was stored for us beside what comes now), or comes again. @param since epoch ms; nothing older is waited for
   */
  underWay(since: number): number | undefined {
    const waited = [...this.#rows.values()].filter((row) => !isComplete(row));
    const numbers = [...waited, ...this.#awaited.values()].filter(({ at }) => at >= since).map(({ seq }) => seq);
    return numbers.length === 0 ? undefined : Math.min(...numbers);
  }

  /**
   * Called with every row as soon as it is complete and its commit has begun: a later commit of the same writer may say that it is taken,
   * or that very one (Writer.along). Never within a transaction.
   */
  onRow(listener: (row: Row) => void): void {
    this.#onRow = listener;
  }

  /**
   * A stanza came, and the library has not seen it yet.
   * @returns when it is kept; undefined when nothing has to be kept now: its ciphertexts are kept as they are decrypted
   */
  heard(node: BinaryNode): Promise<void> | undefined {
    if (!isReceived(node)) return undefined;
    const key = `${ROW_PREFIX}${nameOf(node)}`;
    const ciphertexts = ciphertextsOf(node);
    const known = this.#rows.get(key);
    const row = known ?? this.#fresh(key, node, ciphertexts);
    for (const [index, ciphertext] of ciphertexts.entries()) this.#heard.set(ciphertext, { key, index, fresh: row });
    if (this.#marks.has(key)) return undefined;
    if (known !== undefined) return this.#keeping.get(key);
    this.#rows.set(key, row);
    this.#awaited.delete(key);
    if (ciphertexts.length > 0) return undefined;
    return this.#keep(row, async () => await this.#doors.writer.write([{ key, value: packRow(row) }]));
  }

  /** Where a ciphertext came from; undefined when no stanza brought it. */
  find(ciphertext: Uint8Array): Heard | undefined {
    return this.#heard.get(ciphertext);
  }

  /** What a ciphertext said when it was decrypted before, and when that is kept if it is not yet. */
  plaintext({ key, index }: Heard): { readonly plain: Uint8Array; readonly kept?: Promise<void> } | undefined {
    const plain = this.#marks.get(key)?.parts[index] ?? this.#rows.get(key)?.parts[index]?.plain;
    const kept = this.#keeping.get(key);
    if (plain === undefined) return undefined;
    return kept === undefined ? { plain } : { plain, kept };
  }

  /** @param write begins the commit that moves the ratchet, with this row in it @returns when it is kept */
  decrypted(heard: Heard, plain: Uint8Array, write: (row: Row) => Promise<void>): Promise<void> {
    return this.#met(heard, { plain }, write);
  }

  /** There is no plaintext: kept, so that a placeholder can be shown whatever happens next. */
  async failed(heard: Heard, failed: string): Promise<void> {
    await this.#met(heard, { failed }, async (row) => {
      await this.#doors.writer.write([{ key: row.key, value: packRow(row) }]);
    });
  }

  #met({ key, index, fresh }: Heard, part: Part, write: (row: Row) => Promise<void>): Promise<void> {
    const before = this.#rows.get(key) ?? fresh;
    const parts = before.parts.map((one, at) => (at === index ? part : one));
    const row = { ...before, parts, behind: this.#behind(before.seq) };
    this.#rows.set(key, row);
    // The connection that brought it may have ended meanwhile.
    this.#awaited.delete(key);
    return this.#keep(row, write);
  }

  #keep(row: Row, write: (row: Row) => Promise<void>): Promise<void> {
    const kept = write(row);
    this.#keeping.set(row.key, kept);
    const over = (): void => {
      if (this.#keeping.get(row.key) === kept) this.#keeping.delete(row.key);
    };
    // The writer has told its line why nothing is kept any more; whoever waits hears of it as well.
    kept.then(over, over);
    if (isComplete(row)) this.#outside(() => this.#onRow?.(row));
    return kept;
  }

  /**
   * What has to be in the commit that accepts what came of these rows; call taken() after it. Of a row that could be read a
   * mark stays, so that its second delivery is neither decrypted nor told again.
   */
  take(rows: readonly Row[]): { readonly changes: readonly LedgerChange[]; readonly taken: () => void } {
    const at = this.#doors.clock.now();
    const marks = new Map(rows.map((row) => [row.key, isReadable(row) ? markOf(row, at) : undefined]));
    const changes = [...marks].map(([key, mark]) => ({ key, value: mark === undefined ? null : packMark(mark) }));
    return {
      changes: [...changes, ...this.#tooMany(changes.length)],
      taken: () => {
        for (const [key, mark] of marks) {
          this.#rows.delete(key);
          if (mark !== undefined) this.#marks.set(key, mark);
        }
        this.#tooMany();
      },
    };
  }

  /** Forgets the connection that ended: what it had begun to bring comes again, and has its place still. */
  forgetIncomplete(): void {
    for (const [key, { seq, lines }] of this.#awaited) {
      if (lines < MOST_LINES) this.#await({ key, seq }, lines + 1);
      else this.#awaited.delete(key);
    }
    for (const [key, row] of this.#rows) {
      if (row.parts.length > 0 && row.parts.every((part) => part.plain === undefined && part.failed === undefined)) {
        this.#rows.delete(key);
        this.#await(row);
      }
    }
  }

  #await({ key, seq }: Awaited, lines = 0): void {
    this.#seq = Math.max(this.#seq, seq);
    if (this.#rows.has(key) || this.#marks.has(key)) return;
    this.#awaited.set(key, { seq, at: this.#doors.clock.now(), lines });
  }

  /** What came before this place and will not be kept before it: after a crash, only what is written here knows of it. */
  #behind(seq: number): readonly Awaited[] {
    const open = [...this.#rows.values()].filter((row) => !isComplete(row));
    const awaited = [...this.#awaited].map(([key, one]) => ({ key, seq: one.seq }));
    return [...open.map((row) => ({ key: row.key, seq: row.seq })), ...awaited].filter((one) => one.seq < seq);
  }

  /** Removes the oldest marks beyond the limit. @param more how many are about to come: then none is removed yet */
  #tooMany(more?: number): readonly LedgerChange[] {
    const count = this.#marks.size + (more ?? 0) - MOST_MARKS;
    if (count <= 0) return [];
    const oldest = [...this.#marks.keys()].slice(0, count);
    if (more === undefined) for (const key of oldest) this.#marks.delete(key);
    return oldest.map((key) => ({ key, value: null }));
  }

  #fresh(key: string, node: BinaryNode, ciphertexts: readonly Uint8Array[]): Row {
    const seq = this.#awaited.get(key)?.seq ?? this.#seq + 1;
    this.#seq = Math.max(this.#seq, seq);
    return {
      key,
      seq,
      at: this.#doors.clock.now(),
      node: unpackNode(packNode(node, ciphertexts)),
      parts: ciphertexts.map(() => ({})),
    };
  }
}
