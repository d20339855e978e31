// The secrets of messages: kept in the commit they are given to, read again, and the newest ones only.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { MessageId } from '../../../src/model/ids.ts';
import { SecretBook } from '../../../src/networks/whatsapp/secret-book.ts';

const SCOPE = 'login:wa-me';
const message = (n: number): MessageId => `l5.M${n}` as MessageId;
const secret = (n: number): Uint8Array => Uint8Array.from(Buffer.alloc(32, n % 251));

/** A vault of one login: what was written, under its keys. */
class Kept extends Map<string, Uint8Array> {
  take(book: SecretBook): void {
    const { changes, written } = book.take();
    for (const { scope, key, value } of changes) {
      if (scope !== SCOPE || value === null) throw new Error('not where it belongs');
      this.set(key, value);
    }
    written();
  }
}

describe('the secrets of messages', () => {
  test('are found by their message, and again after a start', () => {
    const [book, kept] = [new SecretBook(SCOPE, new Map()), new Kept()];
    for (const n of [1, 2, 3]) book.remember(message(n), secret(n));
    kept.take(book);
    expect(book.take().changes).toEqual([]);
    const again = new SecretBook(SCOPE, kept);
    for (const one of [book, again]) {
      expect([1, 2, 3, 4].map((n) => one.find(message(n)))).toEqual([secret(1), secret(2), secret(3), undefined]);
    }
  });

  test('are not lost when their commit failed, or more came while it went on', () => {
    const [book, kept] = [new SecretBook(SCOPE, new Map()), new Kept()];
    book.remember(message(1), secret(1));
    // Nobody wrote it.
    book.take();
    const { changes, written } = book.take();
    expect(changes).toHaveLength(1);
    book.remember(message(2), secret(2));
    written();
    kept.take(book);
    expect(new SecretBook(SCOPE, kept).find(message(2))).toEqual(secret(2));
  });

  test('are the first ones: nobody seals anew what was said before', () => {
    const book = new SecretBook(SCOPE, new Map());
    book.remember(message(1), secret(1));
    book.remember(message(1), secret(2));
    book.remember(message(3), randomBytes(16));
    expect(book.find(message(1))).toEqual(secret(1));
    expect(book.find(message(3))).toBeUndefined();
  });

  test('are the newest thousands, in few values of the vault', () => {
    const kept = new Kept();
    let book = new SecretBook(SCOPE, new Map());
    for (let n = 0; n < 6000; n += 1) {
      book.remember(message(n), secret(n));
      if (n % 100 === 99) kept.take(book);
      if (n % 1000 === 999) book = new SecretBook(SCOPE, kept);
    }
    expect(kept.size).toBe(256);
    for (const n of [5999, 3000, 6000 - 4000]) expect(book.find(message(n))).toEqual(secret(n));
    expect(book.find(message(0))).toBeUndefined();
    const bytes = [...kept.values()].reduce((sum, value) => sum + value.length, 0);
    expect(bytes).toBeLessThan(320_000);
  });

  test('of a later version are not overwritten', () => {
    const later = new Map([['secret/0', Buffer.from('{"v":2,"seq":0,"list":""}')]]);
    expect(() => new SecretBook(SCOPE, later)).toThrow('later version');
  });
});
