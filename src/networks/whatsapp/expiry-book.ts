// When which message disappears from its chat: kept with the message in pages of the vault by the day on which it goes. Tells nobody.
import type { ChatId, MessageId, PersonId } from '../../model/ids.ts';
import type { VaultChange } from '../../ports/stores.ts';

const PREFIX = 'expiry/';
const VERSION = 1;
const DAY_MS = 86_400_000;
const PER_PAGE = 32;

/** Whose commits it goes with: each writes pages of its own, so that none undoes the other's. */
export type Side = 'in' | 'out';

export interface Expiry {
  readonly message: MessageId;
  readonly sender: PersonId;
  readonly chat: ChatId;
  /** Epoch ms. */
  readonly at: number;
}

interface Page {
  readonly key: string;
  readonly day: number;
  readonly list: Expiry[];
}

export class ExpiryBook {
  readonly #scope: string;
  readonly #pages = new Map<string, Page>();
  readonly #unwritten: Readonly<Record<Side, Set<Page>>> = { in: new Set(), out: new Set() };
  /** What is to come, by its message; `written`: it stands in the vault. */
  readonly #open = new Map<string, { readonly expiry: Expiry; written: boolean }>();
  #tell: () => void = () => undefined;

  /** @param kept the login's scope in the vault @throws Error when a value is of a later version */
  constructor(scope: string, kept: ReadonlyMap<string, Uint8Array>) {
    this.#scope = scope;
    for (const [key, bytes] of kept) {
      if (!key.startsWith(PREFIX)) continue;
      const { v, list } = JSON.parse(Buffer.from(bytes).toString()) as { v: number; list: Expiry[] };
      if (v !== VERSION) throw new Error('expiries of a later version');
      this.#pages.set(key, { key, day: Number(key.split('/')[2]), list });
      for (const expiry of list) this.#open.set(nameOf(expiry), { expiry, written: true });
    }
  }

  /** @param now epoch ms */
  add(side: Side, expiry: Expiry, now: number): void {
    if (this.#open.has(nameOf(expiry))) return;
    const day = Math.floor(Math.max(expiry.at, now) / DAY_MS);
    const page = this.#pageOf(side, day);
    page.list.push(expiry);
    this.#unwritten[side].add(page);
    this.#open.set(nameOf(expiry), { expiry, written: false });
  }

  /** What has to be in the commit; what came meanwhile is not called written by it. */
  take(side: Side): { readonly changes: readonly VaultChange[]; readonly written: () => void } {
    const pages = [...this.#unwritten[side]].map((page) => ({ page, list: [...page.list] }));
    const changes = pages.map(({ page, list }) => ({
      scope: this.#scope,
      key: page.key,
      value: Buffer.from(JSON.stringify({ v: VERSION, list })),
    }));
    return {
      changes,
      written: () => {
        for (const { page, list } of pages) {
          if (page.list.length === list.length) this.#unwritten[side].delete(page);
          for (const expiry of list) {
            const open = this.#open.get(nameOf(expiry));
            if (open !== undefined) open.written = true;
          }
        }
        if (pages.length > 0) this.#tell();
      },
    };
  }

  /** Resolves when more is written. */
  async more(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#tell = resolve;
    });
  }

  /** What is over, the earliest first, at most so many. @param now epoch ms */
  due(now: number, most: number): readonly Expiry[] {
    const over = [...this.#open.values()].filter(({ expiry, written }) => written && expiry.at <= now);
    const list = over.map(({ expiry }) => expiry).sort((a, b) => a.at - b.at);
    return list.slice(0, most);
  }

  /** Epoch ms of the next one, if there is one. */
  next(): number | undefined {
    let next: number | undefined;
    for (const { expiry, written } of this.#open.values()) {
      if (written && (next === undefined || expiry.at < next)) next = expiry.at;
    }
    return next;
  }

  done(list: readonly Expiry[]): void {
    for (const expiry of list) this.#open.delete(nameOf(expiry));
  }

  /** Days that are over, on which nothing is to come any more: nobody adds to them. Forgotten once that is written. @param now epoch ms */
  gone(now: number): { readonly changes: readonly VaultChange[]; readonly written: () => void } {
    const today = Math.floor(now / DAY_MS);
    const over = [...this.#pages.values()].filter(
      ({ day, list }) => day < today && list.every((expiry) => !this.#open.has(nameOf(expiry))),
    );
    return {
      changes: over.map(({ key }) => ({ scope: this.#scope, key, value: null })),
      written: () => {
        for (const page of over) {
          this.#pages.delete(page.key);
          for (const side of ['in', 'out'] as const) this.#unwritten[side].delete(page);
        }
      },
    };
  }

  #pageOf(side: Side, day: number): Page {
    for (let number = 0; ; number += 1) {
      const key = `${PREFIX}${side}/${day}/${number}`;
      const page = this.#pages.get(key) ?? { key, day, list: [] };
      this.#pages.set(key, page);
      if (page.list.length < PER_PAGE) return page;
    }
  }
}

function nameOf({ chat, message }: Expiry): string {
  return `${chat}/${message}`;
}
