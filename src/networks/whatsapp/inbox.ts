// From the journal's rows to the house's commit: read, accepted with everything learnt on the way, then taken. Knows no socket.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { RefusedError } from '../../model/errors.ts';
import type { PuppetId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import { say, type SayKey } from '../../model/say.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { patiently } from '../../ports/patiently.ts';
import type { Clock, LogFacts, Logger } from '../../ports/stores.ts';
import type { CallDesk } from './calls.ts';
import type { ChatBook } from './chat-book.ts';
import type { ExpiryBook } from './expiry-book.ts';
import { handlesOf, type Handles } from './jid.ts';
import { childrenOf } from './notifications.ts';
import type { PeopleBook } from './people-book.ts';
import type { PeopleDesk } from './people-desk.ts';
import type { Heard, RowReader } from './row-reader.ts';
import { learntNews } from './learnt-news.ts';
import type { SecretBook } from './secret-book.ts';
import type { SettingsKeys } from './settings-keys.ts';
import type { Journal } from './state/journal.ts';
import { placed, type LedgerChange } from './state/ledger.ts';
import type { Row } from './state/row.ts';

export interface InboxDoors {
  readonly puppet: PuppetId;
  readonly scope: string;
  readonly sink: NetworkSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Journal;
  /** Lets a commit take along what the login has to keep: for what is new, the very commit that keeps what was decrypted. */
  readonly along: (commit: (changes: readonly LedgerChange[]) => Promise<void>) => Promise<void>;
  readonly reader: Pick<RowReader, 'read' | 'unread'>;
  readonly chats: ChatBook;
  readonly secrets: SecretBook;
  readonly calls: Pick<CallDesk, 'take'>;
  /** Absent where what disappears stays here. */
  readonly expiries: ExpiryBook | undefined;
  readonly people: PeopleDesk;
  readonly book: PeopleBook;
  /** Keeps what its own telephone hands over. @throws FencedError, WriterClosed, RefusedError */
  readonly settingsKeys: (keys: SettingsKeys) => Promise<void>;
  /** The house has it. */
  readonly accepted: (events: readonly NetworkEvent[], rows: readonly Row[]) => void;
  /** It cannot go on: the login is lost (FencedError), or something happened that nobody foresaw; then resume() begins again. */
  readonly failed: (why: unknown) => void;
}

/** A row and what it comes to. */
interface Item {
  readonly row: Row;
  readonly heard: Heard;
}

const NOTHING = { changes: [], written: () => undefined };
const MOST_AT_ONCE = 100;
/** A stanza that the library has not decrypted by then is not waited for, in ms. */
const HOLD_MS = 20_000;

export class Inbox {
  readonly #doors: InboxDoors;
  readonly #closing = new AbortController();
  /** Sentences about what is of no chat, to be said once each. */
  readonly #elsewhere = new Set<SayKey>();
  #rows: Row[] = [];
  #working: Promise<void> | undefined;
  #tell: () => void = () => undefined;

  constructor(doors: InboxDoors) {
    this.#doors = doors;
  }

  /** Never waits: the library may be in the middle of a stanza. */
  add(rows: readonly Row[]): void {
    this.#rows.push(...rows);
    this.#tell();
    this.resume();
  }

  /** After a failure: what was not accepted is read once more. */
  resume(): void {
    if (this.#rows.length === 0 || this.#closing.signal.aborted) return;
    this.#working ??= this.#work();
  }

  /** What is not accepted stays in the journal. Whoever closes it closes the writer as well, which may be waiting for its database. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    try {
      await Promise.resolve();
      while (this.#rows.length > 0 && !this.#closing.signal.aborted) {
        const batch = this.#ready();
        if (batch.length === 0) await this.#more();
        else await this.#accept(batch);
        const done = new Set(batch);
        this.#rows = this.#rows.filter((row) => !done.has(row));
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#doors.failed(error);
    } finally {
      // In the turn that found no more to do: whoever adds in the next one must not rely on this one.
      this.#working = undefined;
    }
  }

  /** In the order of arrival, up to what is still being decrypted. */
  #ready(): readonly Row[] {
    const { journal, clock } = this.#doors;
    const limit = journal.underWay(clock.now() - HOLD_MS) ?? Number.POSITIVE_INFINITY;
    const ready = this.#rows.filter(({ seq }) => seq < limit).sort((a, b) => a.seq - b.seq);
    return ready.slice(0, MOST_AT_ONCE);
  }

  /** Until another row is complete, or the one that is waited for has had its time. */
  async #more(): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#closing.signal]);
    const more = new Promise<void>((resolve) => {
      this.#tell = resolve;
    });
    const slept = this.#doors.clock.sleep(HOLD_MS, signal);
    // Called off below once a row has come; a close meanwhile is still thrown by the race.
    slept.catch(() => undefined);
    try {
      await Promise.race([more, slept]);
    } finally {
      stop.abort();
    }
  }

  async #accept(batch: readonly Row[]): Promise<void> {
    const { reader, people, book, clock, accepted } = this.#doors;
    for (const { node } of batch) {
      await this.#isTaken(async () => await people.look(book, namedIn(node), clock.now()));
    }
    const read: Item[] = [];
    for (const row of batch) read.push({ row, heard: await reader.read(row) });
    for (const { heard } of read) if (heard.keys !== undefined) await this.#keep(heard.keys);
    const kept = (await this.#isKept(read)) ? read : await this.#oneByOne(read);
    try {
      accepted(eventsIn(kept), batch);
    } catch (error) {
      // It is kept: what is only looked at because of it may be left out.
      this.#doors.log.error({ ...this.#facts, error }, 'what came was kept, and not looked at further');
    }
  }

  /** What the database does not take is asked of the telephone when it is missed. @throws FencedError, WriterClosed */
  async #keep(keys: SettingsKeys): Promise<void> {
    await this.#isTaken(async () => await this.#doors.settingsKeys(keys));
  }

  /** Of rows that the database does not take as they are. @returns them as they were written down @throws RefusedError */
  async #oneByOne(all: readonly Item[]): Promise<readonly Item[]> {
    const kept: Item[] = [];
    for (const item of all) {
      if (await this.#isKept([item])) {
        kept.push(item);
        continue;
      }
      const { row } = item;
      const facts = { ...this.#facts, code: 'unread', key: row.key };
      this.#doors.log.error(facts, 'what came could not be written down, and is shown as that');
      kept.push(await this.#shown(row));
    }
    return kept;
  }

  /** As something to see on the phone, in its place or, where not even that is taken, told without one. */
  async #shown(row: Row): Promise<Item> {
    const nowhere: Heard = { events: [], elsewhere: 'whatsapp.unread-somewhere' };
    for (const heard of [this.#doors.reader.unread(row), nowhere]) {
      const shown = { row, heard };
      if (await this.#isKept([shown])) return shown;
    }
    throw new RefusedError('a row that cannot be shown');
  }

  /** @returns false when the database will never take them @throws FencedError */
  async #isKept(items: readonly Item[]): Promise<boolean> {
    return await this.#isTaken(
      async () => await this.#doors.along(async (waiting) => await this.#commit(items, waiting)),
    );
  }

  /** Again and again while the database is away. @returns false where another try would end alike @throws FencedError */
  async #isTaken(work: () => Promise<void>): Promise<boolean> {
    const { clock, log } = this.#doors;
    const patience = { clock, log, facts: this.#facts, closing: this.#closing.signal };
    try {
      await patiently(patience, 'news could not be written, will try again', work);
      return true;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      return false;
    }
  }

  async #commit(items: readonly Item[], waiting: readonly LedgerChange[]): Promise<void> {
    const { sink, journal, scope, people, book, chats, secrets, calls, expiries, clock } = this.#doors;
    const { changes, taken } = journal.take(items.map(({ row }) => row));
    const [learnt, remembered, sealed] = [people.take(book), chats.take(), secrets.take()];
    // Before what is said in it: else that would open a second room.
    const joined = learntNews(learnt, sink, clock.now());
    for (const { heard } of items) if (heard.elsewhere !== undefined) this.#elsewhere.add(heard.elsewhere);
    for (const words of this.#elsewhere) {
      await sink.tell(`elsewhere/${words}`, say(words));
      this.#elsewhere.delete(words);
    }
    const more = [learnt, remembered, sealed, calls.take(), expiries?.take('in') ?? NOTHING];
    const own = placed(scope, [...waiting, ...changes]);
    await sink.accept([...joined, ...eventsIn(items)], [...own, ...more.flatMap((one) => one.changes)]);
    taken();
    for (const one of more) one.written();
  }

  get #facts(): LogFacts {
    return { puppet: this.#doors.puppet, network: 'whatsapp' };
  }
}

function eventsIn(items: readonly Item[]): readonly NetworkEvent[] {
  return items.flatMap(({ heard }) => heard.events);
}

/** Everybody whom a stanza names by an address. */
function namedIn(node: BinaryNode): readonly Handles[] {
  const all = [node, ...childrenOf(node)].flatMap(({ attrs }) => Object.values(attrs));
  return all.flatMap((text) => handlesOf(text) ?? []);
}
