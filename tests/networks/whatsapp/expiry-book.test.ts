// When messages disappear: known once it is written, over a start, each on its day, and forgotten when the day is over.
import { describe, expect, test } from '@jest/globals';
import type { ChatId, MessageId, PersonId } from '../../../src/model/ids.ts';
import { FencedError } from '../../../src/model/errors.ts';
import type { NetworkEvent } from '../../../src/model/network-event.ts';
import { ExpiryBook, type Expiry, type Side } from '../../../src/networks/whatsapp/expiry-book.ts';
import { watchExpiries } from '../../../src/networks/whatsapp/expiry-watch.ts';
import type { VaultChange } from '../../../src/ports/stores.ts';
import { realClock } from '../../support/house.ts';
import { quiet } from '../../support/quiet.ts';

const DAY = 86_400_000;
const NOW = 1000 * DAY + 5;
const expiry = (n: number, at: number): Expiry => ({
  message: `l5.M${n}` as MessageId,
  sender: 'l5' as PersonId,
  chat: 'l5' as ChatId,
  at,
});
const numbers = (list: readonly Expiry[]): readonly string[] => list.map(({ message }) => message.slice(4));

class Kept extends Map<string, Uint8Array> {
  write(changes: readonly VaultChange[]): void {
    for (const { key, value } of changes) {
      if (value === null) this.delete(key);
      else this.set(key, value);
    }
  }

  forget(book: ExpiryBook, now: number): void {
    const { changes, written } = book.gone(now);
    this.write(changes);
    written();
  }

  commit(book: ExpiryBook, side: Side = 'in'): void {
    const { changes, written } = book.take(side);
    this.write(changes);
    written();
  }
}

describe('what disappears', () => {
  test('is due in its time, earliest first, but not before it is written', () => {
    const [book, kept] = [new ExpiryBook('s', new Map()), new Kept()];
    book.add('in', expiry(1, NOW + 20), NOW);
    book.add('in', expiry(2, NOW + 10), NOW);
    expect(book.due(NOW + 50, 9)).toEqual([]);
    expect(book.next()).toBeUndefined();
    kept.commit(book);
    expect(book.next()).toBe(NOW + 10);
    expect(numbers(book.due(NOW + 15, 9))).toEqual(['2']);
    expect(numbers(book.due(NOW + 50, 9))).toEqual(['2', '1']);
    expect(numbers(book.due(NOW + 50, 1))).toEqual(['2']);
  });

  test('is known again after a start, whoever wrote it', () => {
    const [book, kept] = [new ExpiryBook('s', new Map()), new Kept()];
    for (let n = 0; n < 80; n += 1) book.add(n % 2 === 0 ? 'in' : 'out', expiry(n, NOW + n * DAY), NOW);
    kept.commit(book, 'in');
    kept.commit(book, 'out');
    expect(new ExpiryBook('s', kept).due(NOW + 90 * DAY, 100)).toHaveLength(80);
    expect(book.take('in').changes).toEqual([]);
  });

  test('that came while others were being written is written next', () => {
    const [book, kept] = [new ExpiryBook('s', new Map()), new Kept()];
    book.add('in', expiry(1, NOW), NOW);
    const { written } = book.take('in');
    book.add('in', expiry(2, NOW), NOW);
    written();
    expect(numbers(book.due(NOW, 9))).toEqual(['1']);
    kept.commit(book);
    expect(numbers(new ExpiryBook('s', kept).due(NOW, 9))).toEqual(['1', '2']);
  });

  test('is forgotten with its day, when all of it is done', () => {
    const [book, kept] = [new ExpiryBook('s', new Map()), new Kept()];
    for (const n of [1, 2]) book.add('in', expiry(n, NOW + n), NOW);
    // What comes late, over already, belongs to the day on which it comes.
    book.add('out', expiry(3, NOW - 5 * DAY), NOW);
    kept.commit(book, 'in');
    kept.commit(book, 'out');
    book.done(book.due(NOW + 1, 9));
    expect(book.gone(NOW).changes).toEqual([]);
    kept.forget(book, NOW + DAY);
    expect([...kept.keys()]).toEqual(['expiry/in/1000/0']);
    book.done(book.due(NOW + 2, 9));
    kept.forget(book, NOW + DAY);
    expect(kept.size).toBe(0);
  });

  test('of a later version is not overwritten', () => {
    expect(() => new ExpiryBook('s', new Map([['expiry/in/1/0', Buffer.from('{"v":2}')]]))).toThrow('later version');
  });
});

test('the watch tells it as a deletion, again when it could not be written, and what becomes known meanwhile', async () => {
  const [book, told] = [new ExpiryBook('s', new Map()), [] as NetworkEvent[]];
  const add = (n: number): void => {
    book.add('in', expiry(n, NOW), NOW);
    book.take('in').written();
  };
  let refuse = true;
  const enough = new AbortController();
  const sink = {
    portalKey: (chat: ChatId) => ({ network: 'whatsapp', chat }) as never,
    tell: async () => await Promise.resolve(),
    accept: async (events: readonly NetworkEvent[]) => {
      await Promise.resolve();
      if (refuse) {
        refuse = false;
        throw new Error('away');
      }
      told.push(...events);
      if (told.length === 1) setImmediate(() => add(2));
      if (told.length === 2) throw new FencedError('elsewhere');
    },
  };
  const clock = {
    now: () => NOW,
    sleep: async (ms: number, signal?: AbortSignal) => await realClock.sleep(Math.min(ms, 5), signal),
  };
  add(1);
  await expect(watchExpiries({ book, sink, clock, log: quiet, facts: {} }, enough.signal)).rejects.toThrow('elsewhere');
  expect(told).toMatchObject([
    { kind: 'removal', sender: 'l5', target: 'l5.M1', at: NOW },
    { kind: 'removal', target: 'l5.M2' },
  ]);
});

test('the watch takes a day that is over out of the vault, though the database was away at first', async () => {
  const [book, kept] = [new ExpiryBook('s', new Map()), new Kept()];
  book.add('in', expiry(1, NOW), NOW);
  kept.commit(book);
  book.done(book.due(NOW, 9));
  expect(kept.size).toBe(1);
  const enough = new AbortController();
  let tries = 0;
  const sink = {
    portalKey: (chat: ChatId) => ({ network: 'whatsapp', chat }) as never,
    tell: async () => await Promise.resolve(),
    accept: async (_: readonly NetworkEvent[], vault: readonly VaultChange[] = []) => {
      await Promise.resolve();
      tries += 1;
      if (tries === 1) throw new Error('away');
      kept.write(vault);
    },
  };
  const clock = {
    now: () => NOW + DAY,
    sleep: async (ms: number, signal?: AbortSignal) => {
      // Nothing is left to do: it waits for what comes.
      if (ms > 10_000) enough.abort();
      await realClock.sleep(Math.min(ms, 5), signal);
    },
  };
  await expect(watchExpiries({ book, sink, clock, log: quiet, facts: {} }, enough.signal)).rejects.toThrow('aborted');
  expect([tries, kept.size]).toEqual([2, 0]);
});
