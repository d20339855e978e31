// What other processes say through the database (LISTEN/NOTIFY), on one connection: quick, but it may be lost; knows no meanings.
import type pg from 'pg';
import type { Logger } from '../ports/stores.ts';
import type { Db } from './db.ts';

const RECONNECT_MS = 1000;

/** @param said undefined: the connection is new, and whatever was said before it was missed */
export type Hear = (said: string | undefined) => void;

export class Notices {
  readonly #db: Db;
  readonly #log: Logger;
  readonly #hearers = new Map<string, Set<Hear>>();
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #opening = false;
  #closed = false;

  constructor(db: Db, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  /** @param channel a plain identifier of Postgres @returns how to stop */
  on(channel: string, hear: Hear): () => void {
    const hearers = this.#hearers.get(channel) ?? new Set();
    const first = hearers.size === 0;
    this.#hearers.set(channel, hearers.add(hear));
    if (this.#client === undefined) void this.#connect();
    else if (first) void this.#listen(this.#client, [channel]);
    return () => hearers.delete(hear);
  }

  /** Lost without a word to whoever does not listen. */
  tell(channel: string, words: string): void {
    this.#db.relaxed.query(`select pg_notify($1, $2)`, [channel, words]).catch((error: unknown) => {
      this.#log.debug({ error }, 'other workers were not told: they will look by themselves');
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#client?.end();
  }

  async #connect(): Promise<void> {
    if (this.#closed || this.#opening || this.#client !== undefined) return;
    this.#opening = true;
    try {
      const client = await this.#db.connect();
      if (this.#isClosed()) return await client.end();
      this.#client = client;
      client.on('error', () => this.#again(client));
      client.on('end', () => this.#again(client));
      client.on('notification', ({ channel, payload }) => this.#tellHearers(channel, payload ?? ''));
      await this.#listen(client, [...this.#hearers.keys()]);
    } catch (error) {
      this.#log.debug({ error }, 'the notices of other workers are not connected yet');
      this.#again(this.#client);
    } finally {
      this.#opening = false;
    }
  }

  async #listen(client: pg.Client, channels: readonly string[]): Promise<void> {
    try {
      for (const channel of channels) {
        await client.query(`listen ${channel}`);
        this.#tellHearers(channel, undefined);
      }
    } catch (error) {
      this.#log.debug({ error }, 'the notices of other workers are not heard yet');
      this.#again(client);
      // It may be gone already.
      client.end().catch(() => undefined);
    }
  }

  #tellHearers(channel: string, said: string | undefined): void {
    for (const hear of this.#hearers.get(channel) ?? []) hear(said);
  }

  /** Asked again after each wait: it may have become so meanwhile. */
  #isClosed(): boolean {
    return this.#closed;
  }

  #again(client: pg.Client | undefined): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), RECONNECT_MS);
    this.#timer.unref();
  }
}
