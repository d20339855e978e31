// What a login remembers of its chats: messages that are to come once more, kept with the rest, for as long as they may come.
import { expect, test } from '@jest/globals';
import type { MessageId } from '../../../src/model/ids.ts';
import { ChatBook } from '../../../src/networks/whatsapp/chat-book.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);
const message = (n: number): MessageId => `l5.M${n}` as MessageId;

/** Writes what a book has to say into a vault of one login. */
function write(book: ChatBook, kept: Map<string, Uint8Array>): void {
  const { changes, written } = book.take();
  for (const { key, value } of changes) {
    if (value === null) kept.delete(key);
    else kept.set(key, value);
  }
  written();
}

test('what has to be sent once more is waited for, also after a start, until it comes', () => {
  const kept = new Map<string, Uint8Array>();
  const book = new ChatBook('login:x', kept);
  book.wait(message(1), NOW);
  write(book, kept);
  const again = new ChatBook('login:x', kept);
  expect([1, 2].map((n) => again.isWaiting(message(n)))).toEqual([true, false]);
  again.heal(message(1));
  write(again, kept);
  expect([...kept.keys()]).toEqual([]);
});

test('what never came is forgotten after a month, also after a start, and what is of no date at once', () => {
  const kept = new Map([['waiting/l5.M0', Buffer.from(JSON.stringify({ v: 1 }))]]) as Map<string, Uint8Array>;
  let book = new ChatBook('login:x', kept);
  for (const day of [20, 0, 10]) book.wait(message(day), NOW + day * DAY_MS);
  write(book, kept);
  expect([...kept.keys()].toSorted()).toEqual(['waiting/l5.M0', 'waiting/l5.M10', 'waiting/l5.M20']);
  book = new ChatBook('login:x', kept);
  book.wait(message(41), NOW + 41 * DAY_MS);
  write(book, kept);
  expect([...kept.keys()].toSorted()).toEqual(['waiting/l5.M20', 'waiting/l5.M41']);
  expect([0, 10, 20, 41].map((n) => book.isWaiting(message(n)))).toEqual([false, false, true, true]);
});
