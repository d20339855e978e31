// The secrets of the newest messages of one login, with which what hangs on them is sealed; go into the vault with the messages. No cipher.
import { createHash } from 'node:crypto';
import type { MessageId } from '../../model/ids.ts';
import type { VaultChange } from '../../ports/stores.ts';
import { SECRET_BYTES } from './addon.ts';

const PREFIX = 'secret/';
const VERSION = 1;
const NAME_BYTES = 9;
/** So many in one value of the vault, which is written with each message, and so many values: the oldest is written over. */
const PER_PAGE = 16;
const PAGES = 256;

interface Page {
  /** Rises by one with each page. */
  readonly seq: number;
  readonly secrets: Map<string, Uint8Array>;
}

interface Kept {
  readonly v: number;
  readonly seq: number;
  /** Names and secrets in turn, base64. */
  readonly list: string;
}

export class SecretBook {
  readonly #scope: string;
  /** By their place. */
  readonly #pages = new Map<number, Page>();
  /** By a message's name: where its secret is. */
  readonly #index = new Map<string, Page>();
  readonly #unwritten = new Set<Page>();
  #newest: Page = { seq: 0, secrets: new Map() };

  /** @param kept the login's scope in the vault @throws Error when a value is of a later version */
  constructor(scope: string, kept: ReadonlyMap<string, Uint8Array>) {
    this.#scope = scope;
    for (const [key, bytes] of kept) {
      if (!key.startsWith(PREFIX)) continue;
      const page = opened(bytes);
      this.#put(page);
      if (page.seq >= this.#newest.seq) this.#newest = page;
    }
    this.#put(this.#newest);
  }

  find(message: MessageId): Uint8Array | undefined {
    const name = nameOf(message);
    return this.#index.get(name)?.secrets.get(name);
  }

  /** The first secret of a message is the one that counts. */
  remember(message: MessageId, secret: Uint8Array): void {
    if (secret.length !== SECRET_BYTES || this.find(message) !== undefined) return;
    if (this.#newest.secrets.size >= PER_PAGE) {
      this.#newest = { seq: this.#newest.seq + 1, secrets: new Map() };
      this.#put(this.#newest);
    }
    const name = nameOf(message);
    this.#newest.secrets.set(name, Uint8Array.from(secret));
    this.#index.set(name, this.#newest);
    this.#unwritten.add(this.#newest);
  }

  /** In the place of the page that was there before. */
  #put(page: Page): void {
    const before = this.#pages.get(placeOf(page));
    for (const name of before?.secrets.keys() ?? []) if (this.#index.get(name) === before) this.#index.delete(name);
    this.#pages.set(placeOf(page), page);
    for (const name of page.secrets.keys()) this.#index.set(name, page);
  }

  take(): { readonly changes: readonly VaultChange[]; readonly written: () => void } {
    const pages = [...this.#unwritten].map((page) => ({ page, size: page.secrets.size }));
    const changes = pages.map(({ page }) => ({
      scope: this.#scope,
      key: `${PREFIX}${placeOf(page)}`,
      value: packed(page),
    }));
    return {
      changes,
      written: () => {
        for (const { page, size } of pages) if (page.secrets.size === size) this.#unwritten.delete(page);
      },
    };
  }
}

function placeOf({ seq }: Page): number {
  return seq % PAGES;
}

/** Short enough to be kept by the thousand, long enough that nobody finds two of one name. */
function nameOf(message: MessageId): string {
  return createHash('sha256').update(message).digest().subarray(0, NAME_BYTES).toString('base64');
}

function packed({ seq, secrets }: Page): Uint8Array {
  const list = [...secrets].flatMap(([name, secret]) => [Buffer.from(name, 'base64'), secret]);
  const kept: Kept = { v: VERSION, seq, list: Buffer.concat(list).toString('base64') };
  return Buffer.from(JSON.stringify(kept));
}

function opened(bytes: Uint8Array): Page {
  const { v, seq, list } = JSON.parse(Buffer.from(bytes).toString()) as Kept;
  if (v !== VERSION) throw new Error('secrets of messages of a later version');
  const all = Buffer.from(list, 'base64');
  const secrets = new Map<string, Uint8Array>();
  for (let at = 0; at < all.length; at += NAME_BYTES + SECRET_BYTES) {
    const name = all.subarray(at, at + NAME_BYTES).toString('base64');
    secrets.set(name, Uint8Array.from(all.subarray(at + NAME_BYTES, at + NAME_BYTES + SECRET_BYTES)));
  }
  return { seq, secrets };
}
