// Takes messages back here when they disappear on WhatsApp, where the operator wants that; told as the deletion that a phone would send. No clock of its own.
import { originKey } from '../../model/effect.ts';
import { FencedError } from '../../model/errors.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { acceptPiecemeal } from '../../ports/piecemeal.ts';
import type { Clock, LogFacts, Logger } from '../../ports/stores.ts';
import type { Expiry, ExpiryBook } from './expiry-book.ts';
import { chatKind } from './ids.ts';

export interface WatchDoors {
  readonly book: ExpiryBook;
  readonly sink: Pick<NetworkSink, 'accept' | 'tell' | 'portalKey'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whose it is. */
  readonly facts: LogFacts;
}

const MOST_AT_ONCE = 100;
/** How long a clock that was set may go unnoticed, and after how long a failure is tried again, in ms. */
const LOOK_MS = 60_000;
const AGAIN_MS = 10_000;

/** Until it is aborted. Told again after a crash, the house has heard it. @throws AbortError, FencedError */
export async function watchExpiries({ book, sink, clock, log, facts }: WatchDoors, signal: AbortSignal): Promise<void> {
  for (;;) {
    const now = clock.now();
    const due = book.due(now, MOST_AT_ONCE);
    const gone = book.gone(now);
    if (due.length === 0 && gone.changes.length === 0) {
      await pause(clock, book, Math.max(1, Math.min(LOOK_MS, (book.next() ?? Infinity) - now)), signal);
      continue;
    }
    try {
      const events = due.map((expiry) => removal(sink, expiry));
      await acceptPiecemeal({ sink, log, facts, title: 'WhatsApp' }, events, gone.changes);
      gone.written();
      book.done(due);
    } catch (error) {
      if (error instanceof FencedError || signal.aborted) throw error;
      log.warn({ ...facts, error, ms: AGAIN_MS }, 'what disappears could not be written, will try again');
      await clock.sleep(AGAIN_MS, signal);
    }
  }
}

/** Until the next one is due, or more became known. @throws AbortError */
async function pause(clock: Clock, book: ExpiryBook, ms: number, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const slept = clock.sleep(ms, AbortSignal.any([stop.signal, signal]));
  // Called off below; an abort meanwhile is still thrown by the race.
  slept.catch(() => undefined);
  try {
    await Promise.race([slept, book.more()]);
  } finally {
    stop.abort();
  }
}

function removal(sink: WatchDoors['sink'], { chat, message, sender, at }: Expiry): NetworkEvent {
  const portal = sink.portalKey(chat, chatKind(chat));
  const key = originKey(portal, 'removal', message);
  return { key, portal, sender, at, via: 'live', kind: 'removal', target: message };
}
