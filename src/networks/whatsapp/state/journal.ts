// What was received and is not the house's yet: written before its receipt can leave, read again after a crash. Knows no socket.
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Clock } from '../../../ports/stores.ts';
import type { LedgerChange } from './ledger.ts';
import { isComplete, isReadable, markOf, packMark, packRow, ROW_PREFIX, unpack, type Mark, type Row } from './row.ts';
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

/** Deliveries repeat what was not acknowledged when a connection ended: the newest. */
const MOST_MARKS = 512;
/** The server keeps what was not acknowledged for so long; what is not complete by then never will be. */
const KEPT_MS = 30 * 24 * 60 * 60_000;

export class Journal {
  readonly #doors: JournalDoors;
  /** Rows without the plaintexts of all their ciphertexts, and those nobody has taken yet. */
  readonly #rows = new Map<string, Row>();
  readonly #marks = new Map<string, Mark>();
  /** Rows that are being committed: whoever gets the lock next must know them before they are told. */
  readonly #committing = new Map<string, Row>();
  /** Ciphertexts of this connection, by the very bytes that the library hands to its repository. */
  readonly #heard = new WeakMap<Uint8Array, Heard>();
  /** Rows that are being written by heard(). */
  readonly #writing = new Map<string, Promise<void>>();
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
        this.#rows.set(key, found);
        this.#seq = Math.max(this.#seq, found.seq);
      }
    }
    for (const [key, mark] of marks.sort(([, a], [, b]) => a.at - b.at)) this.#marks.set(key, mark);
    doors.writer.whenever([...stale, ...this.#tooMany()]);
  }

  /** Complete rows that nobody has taken yet, in the order of their arrival. */
  unread(): readonly Row[] {
    return [...this.#rows.values()].filter(isComplete).sort((a, b) => a.seq - b.seq);
  }

  /**
   * Number of the earliest stanza that is still being decrypted: what came after it is not to be told before it (the library
   * works off what was stored for us beside what comes now). @param since epoch ms; nothing older is waited for
   */
  underWay(since: number): { readonly seq: number; readonly at: number } | undefined {
    for (const row of this.#rows.values()) if (row.at >= since && !isComplete(row)) return row;
    return undefined;
  }

  /** Called with every row as soon as it is complete and kept; never within a transaction. */
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
    if (known !== undefined) return this.#writing.get(key);
    if (ciphertexts.length > 0) {
      this.#rows.set(key, row);
      return undefined;
    }
    const writing = this.#doors.writer
      .write([{ key, value: packRow(row) }])
      .then(() => this.kept(row))
      .finally(() => this.#writing.delete(key));
    this.#writing.set(key, writing);
    this.#rows.set(key, row);
    return writing;
  }

  /** Where a ciphertext came from; undefined when no stanza brought it. */
  find(ciphertext: Uint8Array): Heard | undefined {
    return this.#heard.get(ciphertext);
  }

  /** What a ciphertext said when it was decrypted before. */
  plaintext({ key, index }: Heard): Uint8Array | undefined {
    const row = this.#committing.get(key) ?? this.#rows.get(key);
    return this.#marks.get(key)?.parts[index] ?? row?.parts[index]?.plain;
  }

  /** The row with this ciphertext's plaintext in it, to be written in the commit that moves the ratchet, then given to kept(). */
  decrypted({ key, index, fresh }: Heard, plain: Uint8Array): Row {
    const row = this.#committing.get(key) ?? this.#rows.get(key) ?? fresh;
    const next = { ...row, parts: row.parts.map((part, at) => (at === index ? { plain } : part)) };
    this.#committing.set(key, next);
    return next;
  }

  /** There is no plaintext: kept, so that a placeholder can be shown whatever happens next. */
  async failed({ key, index, fresh }: Heard, failed: string): Promise<void> {
    const row = this.#rows.get(key) ?? fresh;
    const parts = row.parts.map((part, at) => (at === index ? { failed } : part));
    const next = { ...row, parts };
    await this.#doors.writer.write([{ key, value: packRow(next) }]);
    this.kept(next);
  }

  /** The row is committed. */
  kept(row: Row): void {
    if (this.#committing.get(row.key) === row) this.#committing.delete(row.key);
    this.#rows.set(row.key, row);
    if (isComplete(row)) this.#onRow?.(row);
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

  /** Forgets the connection that ended: what it had begun to bring comes again. */
  forgetIncomplete(): void {
    for (const [key, row] of this.#rows) {
      if (row.parts.length > 0 && row.parts.every((part) => part.plain === undefined && part.failed === undefined)) {
        this.#rows.delete(key);
      }
    }
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
    this.#seq += 1;
    return {
      key,
      seq: this.#seq,
      at: this.#doors.clock.now(),
      node: unpackNode(packNode(node, ciphertexts)),
      parts: ciphertexts.map(() => ({})),
    };
  }
}
