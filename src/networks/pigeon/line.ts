// One attached connection: takes the account's log in order and moves the cursor only with what the house wrote down.
import type { PuppetId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { patiently } from '../../ports/patiently.ts';
import { acceptPiecemeal } from '../../ports/piecemeal.ts';
import type { Clock, Logger, VaultChange } from '../../ports/stores.ts';
import { WireFault } from './errors.ts';
import { readEntry, readLog, readPassing } from './read.ts';
import type { Wire, WireListener } from './wire.ts';

export interface LineDoors {
  readonly puppet: PuppetId;
  readonly sink: NetworkSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly place: (cursor: number) => VaultChange;
  /** A line that was live is no more: the wire went, the login ended, the log has a hole, or another process has the login. */
  readonly lost: (why: unknown) => void;
}

/** Entries of one commit. */
const MOST_AT_ONCE = 200;

export class Line {
  readonly #doors: LineDoors;
  readonly #closed = new AbortController();
  readonly #caughtUp = Promise.withResolvers<void>();
  #wire: Wire | undefined;
  #next = 1;
  #cursor = 0;
  #head: number | undefined;
  #waiting: unknown[] = [];
  #working: Promise<void> | undefined;
  #live = false;
  #over = false;

  constructor(doors: LineDoors) {
    this.#doors = doors;
    // open() may have failed before it waits for this.
    this.#caughtUp.promise.catch(() => undefined);
  }

  /** @throws WireFault before open() */
  get wire(): Wire {
    if (this.#wire === undefined) throw new WireFault('lost', 'closed');
    return this.#wire;
  }

  /** Caught up and not lost. */
  get live(): boolean {
    return this.#live && !this.#over;
  }

  /** Resolves when everything that had happened before is written down. @throws WireFault, FencedError */
  async open(openWire: (listener: WireListener) => Promise<Wire>, token: string, cursor: number): Promise<void> {
    this.#cursor = cursor;
    this.#next = cursor + 1;
    const wire = await openWire({ news: (line) => this.#news(line), lost: (why) => this.#lose(why) });
    this.#wire = wire;
    try {
      // Closed while it was being opened.
      if (this.#over) throw new WireFault('lost', 'closed');
      const { head } = await wire.call('attach', { token, since: cursor });
      if (!Number.isSafeInteger(head)) throw new WireFault('no-answer', 'unreadable');
      this.#head = Number(head);
      this.#arrived();
      await this.#caughtUp.promise;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Waits for what is being written down. */
  async close(): Promise<void> {
    this.#over = true;
    this.#waiting = [];
    this.#closed.abort();
    this.#caughtUp.reject(new WireFault('lost', 'closed'));
    await this.#wire?.close();
    await this.#working;
  }

  #news(line: Readonly<Record<string, unknown>> | undefined): void {
    if (this.#over) return;
    const { sink, log, puppet } = this.#doors;
    const page = readLog(line);
    if (page !== undefined) {
      this.#page(page.first, page.entries);
      return;
    }
    if (line?.['over'] === 'unknown-token') {
      this.#lose(new WireFault('refused', 'unknown-token'));
      return;
    }
    const glimpse = readPassing(line, (chat, kind) => sink.portalKey(chat, kind));
    if (glimpse === undefined) log.warn({ puppet, network: 'pigeon', code: 'unreadable-line' }, 'a line was not read');
    else sink.glimpse(glimpse);
  }

  /** What came before is dropped; after a hole everything is asked for again. */
  #page(first: number, entries: readonly unknown[]): void {
    if (first > this.#next) {
      this.#lose(new WireFault('lost', 'hole'));
      return;
    }
    const fresh = entries.slice(this.#next - first);
    this.#next += fresh.length;
    this.#waiting.push(...fresh);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    const { sink, clock, log, puppet, place } = this.#doors;
    const facts = { puppet, network: 'pigeon' };
    const patience = { clock, log, facts, closing: this.#closed.signal };
    const doors = { sink, log, facts, title: 'Pigeon' };
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.splice(0, MOST_AT_ONCE);
        const events: NetworkEvent[] = [];
        for (const [index, entry] of batch.entries()) {
          const event = readEntry(entry, this.#cursor + index + 1, (chat, kind) => sink.portalKey(chat, kind));
          if (event === undefined)
            log.warn({ puppet, network: 'pigeon', code: 'unreadable-entry' }, 'an entry was not read');
          else events.push(event);
        }
        const cursor = this.#cursor + batch.length;
        // Until it is written down, nothing else is.
        await patiently(patience, 'news could not be written down, will try again', async () => {
          await acceptPiecemeal(doors, events, [place(cursor)]);
        });
        this.#cursor = cursor;
        this.#arrived();
      }
    } catch (error) {
      this.#lose(error);
    }
  }

  #arrived(): void {
    if (this.#over || this.#head === undefined || this.#cursor < this.#head) return;
    this.#live = true;
    this.#caughtUp.resolve();
  }

  #lose(why: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    if (this.#live) this.#doors.lost(why);
    else this.#caughtUp.reject(why);
  }
}
