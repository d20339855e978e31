// Tells a login's person of the chats that are not bridged, when it is time: gathered, and once. Knows no wire.
import { FencedError } from '../../model/errors.ts';
import type { PuppetId } from '../../model/ids.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import type { Heard, UnbridgedBook } from './unbridged.ts';

/** Whoever comes back after a while hears of many at once: so long, in ms, is waited for the rest of them. */
const GATHER_MS = 5_000;
const RETRY_MS = 60_000;

export interface TellerDoors {
  readonly puppet: PuppetId;
  readonly book: UnbridgedBook;
  readonly sink: Pick<NetworkSink, 'tell'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class UnbridgedTeller {
  readonly #doors: TellerDoors;
  readonly #closed = new AbortController();
  #running: Promise<void> | undefined;

  constructor(doors: TellerDoors) {
    this.#doors = doors;
  }

  /** Says what waits, now or later. @param fresh what has just been written down */
  nudge(fresh: readonly Heard[] = []): void {
    const { log, puppet } = this.#doors;
    for (const { kind } of fresh)
      log.info(
        { puppet, network: 'telegram', code: 'unbridged', kind },
        'a message came in a chat that is not bridged yet',
      );
    if (this.#running !== undefined || this.#doors.book.notBefore() === undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Leaves no timer. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { book, clock, log, puppet } = this.#doors;
    let soonest = clock.now() + GATHER_MS;
    for (;;) {
      const notBefore = book.notBefore();
      if (notBefore === undefined) return;
      // Being closed ends the wait.
      await clock.sleep(Math.max(notBefore, soonest) - clock.now(), this.#closed.signal).catch(() => undefined);
      if (this.#closed.signal.aborted) return;
      try {
        await this.#tell();
      } catch (error) {
        // Another process has this login, and what waits with it.
        if (error instanceof FencedError) return;
        log.warn(
          { puppet, network: 'telegram', error, ms: RETRY_MS },
          'a notice could not be written down, will try again',
        );
        soonest = clock.now() + RETRY_MS;
      }
    }
  }

  async #tell(): Promise<void> {
    const { book, sink, clock, log, puppet } = this.#doors;
    const notice = book.notice(clock.now());
    if (notice === undefined) return;
    await sink.tell(`unbridged/${notice.cause}`, notice.words, notice.changes);
    notice.told();
    log.info(
      { puppet, network: 'telegram', code: 'unbridged-told', count: notice.count },
      'told of chats that are not bridged yet',
    );
  }
}
