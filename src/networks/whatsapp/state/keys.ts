// The library's key store over a login's ledger: whatever is set together is one commit; what was used last stays in memory.
import type { SignalDataSet, SignalDataTypeMap, SignalKeyStore } from '@whiskeysockets/baileys';
import type { Ledger, LedgerChange } from './ledger.ts';
import { isKeyType, KEY_PREFIX, openKey, packKey, type KeyType, type Names } from './values.ts';
import type { Writer } from './writer.ts';

export interface KeyDoors {
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly writer: Pick<Writer, 'write'>;
  readonly names: Names;
  /** What has to be in the same commit as these. @param newest number of the highest new prekey, or 0 */
  readonly alongside: (newest: number) => readonly LedgerChange[];
}

/** More than this many absent values are read in one go. */
const FEW = 24;
/** Bytes of values kept in memory. */
const MOST_BYTES = 1_048_576;
/** What an entry costs besides its bytes. */
const ENTRY_BYTES = 200;

export class KeyStore implements SignalKeyStore {
  readonly #doors: KeyDoors;
  /** By name, used last at the end; null = known to be absent. */
  readonly #memory = new Map<string, Uint8Array | null>();
  /** Not committed yet: how many writes of the name are under way. */
  readonly #unwritten = new Map<string, number>();
  /** Those of them that frames wait for. */
  readonly #held = new Map<string, number>();
  /** Names that are being read, until somebody writes them. */
  readonly #reading = new Map<string, symbol>();
  #bytes = 0;

  /** @param kept what is in the ledger, if it was read already: the newest of it stays in memory */
  constructor(doors: KeyDoors, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#doors = doors;
    for (const [name, value] of kept) {
      // Most prekeys are never asked for, the others once.
      if (!name.startsWith(KEY_PREFIX) || name.startsWith(doors.names.of('pre-key', ''))) continue;
      this.#remember(name, Uint8Array.from(value));
      if (this.#bytes > MOST_BYTES) break;
    }
  }

  async get<T extends KeyType>(type: T, ids: string[]): Promise<{ [id: string]: SignalDataTypeMap[T] }> {
    const names = new Map(ids.map((id) => [id, this.#doors.names.of(type, id)]));
    const found = await this.#find([...new Set(names.values())]);
    const values: { [id: string]: SignalDataTypeMap[T] } = {};
    for (const [id, name] of names) {
      const bytes = found.get(name);
      if (bytes !== null && bytes !== undefined) values[id] = openKey(type, bytes);
    }
    return values;
  }

  /** Written out before it returns, kept when it resolves: the library may go on changing what it gave. @throws FencedError, WriterClosed */
  async set(data: SignalDataSet): Promise<void> {
    await this.#write(data, this.#changes(data), []);
  }

  /**
   * As set(), for what no frame may leave before: the same value set again meanwhile (the library commits it once more at the end of
   * its transaction) is not waited for. @param rows no keys, of the same commit @returns when it is kept
   */
  begin(data: SignalDataSet, rows: readonly LedgerChange[] = []): Promise<void> {
    const changes = this.#changes(data);
    for (const { key } of changes) count(this.#held, key, 1);
    return this.#write(data, changes, rows).finally(() => {
      for (const { key } of changes) count(this.#held, key, -1);
    });
  }

  async #write(data: SignalDataSet, changes: readonly LedgerChange[], rows: readonly LedgerChange[]): Promise<void> {
    for (const { key, value } of changes) {
      count(this.#unwritten, key, 1);
      this.#reading.delete(key);
      this.#remember(key, value);
    }
    const alongside = [...rows, ...this.#doors.alongside(newestPreKey(data))];
    let isKept = false;
    try {
      await this.#doors.writer.write([...changes, ...alongside]);
      isKept = true;
    } finally {
      for (const { key } of changes) {
        count(this.#unwritten, key, -1);
        // What is not in the ledger is not remembered as if it were.
        if (!isKept && !this.#unwritten.has(key)) this.#drop(key);
      }
      this.#forget();
    }
  }

  /** Bytes in memory, about. */
  get size(): number {
    return this.#bytes;
  }

  #changes(data: SignalDataSet): readonly LedgerChange[] {
    const changes: LedgerChange[] = [];
    for (const [type, values] of Object.entries(data)) {
      if (!isKeyType(type)) throw new Error('the library keeps keys of a kind that is not known here');
      for (const [id, value] of Object.entries(values)) {
        const key = this.#doors.names.of(type, id);
        const bytes = value === null || value === undefined ? null : packKey(type, value as never);
        if (!this.#isKept(key, bytes)) changes.push({ key, value: bytes });
      }
    }
    return changes;
  }

  /** It is written so already, or is about to be while frames wait for it. */
  #isKept(key: string, bytes: Uint8Array | null): boolean {
    const kept = this.#memory.get(key);
    // What was set later than a held value is of a later write: nothing is known of that one.
    if (kept === undefined || this.#unwritten.get(key) !== this.#held.get(key)) return false;
    return kept === null || bytes === null ? kept === bytes : Buffer.compare(kept, bytes) === 0;
  }

  async #find(names: readonly string[]): Promise<ReadonlyMap<string, Uint8Array | null>> {
    const found = new Map<string, Uint8Array | null>();
    const absent: string[] = [];
    for (const name of names) {
      const value = this.#memory.get(name);
      if (value === undefined) absent.push(name);
      else {
        this.#memory.delete(name);
        this.#memory.set(name, value);
        found.set(name, value);
      }
    }
    const { ledger } = this.#doors;
    if (absent.length <= FEW) {
      await Promise.all(absent.map(async (name) => found.set(name, await this.#read(name))));
      return found;
    }
    const marks = new Map(absent.map((name) => [name, this.#begin(name)]));
    const all = await ledger.readAll();
    for (const [name, mark] of marks) found.set(name, this.#end(name, mark, all.get(name)) ?? (await this.#read(name)));
    return found;
  }

  async #read(name: string): Promise<Uint8Array | null> {
    for (;;) {
      const mark = this.#begin(name);
      const value = this.#end(name, mark, await this.#doors.ledger.read(name));
      if (value !== undefined) return value;
    }
  }

  #begin(name: string): symbol {
    // Who reads it already is not disturbed: two who took it from each other would read for ever.
    const mark = this.#reading.get(name) ?? Symbol(name);
    this.#reading.set(name, mark);
    return mark;
  }

  /** What was written since the read began is newer than what was read. @returns undefined when it has to be read again */
  #end(name: string, mark: symbol, read: Uint8Array | undefined): Uint8Array | null | undefined {
    const known = this.#memory.get(name);
    if (known !== undefined) return known;
    if (this.#reading.get(name) !== mark) return undefined;
    this.#reading.delete(name);
    const value = read === undefined ? null : Uint8Array.from(read);
    this.#remember(name, value);
    this.#forget();
    return value;
  }

  #remember(name: string, value: Uint8Array | null): void {
    this.#drop(name);
    this.#memory.set(name, value);
    this.#bytes += cost(value);
  }

  #drop(name: string): void {
    const before = this.#memory.get(name);
    if (before === undefined) return;
    this.#memory.delete(name);
    this.#bytes -= cost(before);
  }

  #forget(): void {
    if (this.#bytes <= MOST_BYTES) return;
    for (const name of this.#memory.keys()) {
      if (this.#unwritten.has(name)) continue;
      this.#drop(name);
      if (this.#bytes <= MOST_BYTES) return;
    }
  }
}

function count(where: Map<string, number>, key: string, by: 1 | -1): void {
  const now = (where.get(key) ?? 0) + by;
  if (now === 0) where.delete(key);
  else where.set(key, now);
}

function cost(value: Uint8Array | null): number {
  return ENTRY_BYTES + (value?.length ?? 0);
}

function newestPreKey(data: SignalDataSet): number {
  let newest = 0;
  for (const [id, value] of Object.entries(data['pre-key'] ?? {})) {
    if (value !== null) newest = Math.max(newest, Number(id));
  }
  return newest;
}
