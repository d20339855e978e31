// Wakes whoever works lanes: at once in this process, by a debounced NOTIFY in the others; a lost bell only costs a poll.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Logger } from '../ports/stores.ts';
import type { Db } from './db.ts';

const CHANNEL = 'passerelle_work';
const DEBOUNCE_MS = 20;
const RECONNECT_MS = 1000;

export class WorkBell {
  readonly #db: Db;
  readonly #log: Logger;
  readonly #wakers = new Set<() => void>();
  /** Signs our own notices: we were woken when we rang. */
  readonly #name = randomUUID();
  readonly #timers = new Set<NodeJS.Timeout>();
  #client: pg.Client | undefined;
  #telling: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(db: Db, log: Logger) {
    this.#db = db;
    this.#log = log;
  }

  listen(wake: () => void): () => void {
    this.#wakers.add(wake);
    if (this.#client === undefined && this.#wakers.size === 1) void this.#connect();
    return () => this.#wakers.delete(wake);
  }

  ring(): void {
    for (const wake of this.#wakers) wake();
    if (this.#telling !== undefined || this.#closed) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.#db.relaxed.query(`select pg_notify($1, $2)`, [CHANNEL, this.#name]).catch((error: unknown) => {
        this.#log.debug({ error }, 'other workers were not woken: they will look by themselves');
      });
    }, DEBOUNCE_MS);
  }

  ringIn(ms: number): void {
    if (ms > 60_000 || this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const wake of this.#wakers) wake();
    }, ms + 1);
    timer.unref();
    this.#timers.add(timer);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#telling);
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#client?.end();
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    try {
      const client = await this.#db.connect();
      if (this.#isClosed()) return await client.end();
      this.#client = client;
      client.on('error', () => this.#again(client));
      client.on('end', () => this.#again(client));
      client.on('notification', ({ payload }) => {
        if (payload === this.#name) return;
        for (const wake of this.#wakers) wake();
      });
      await client.query(`listen ${CHANNEL}`);
    } catch (error) {
      this.#log.debug({ error }, 'the work bell is not connected yet');
      this.#again(this.#client);
    }
  }

  /** Asked again after each wait: it may have become so meanwhile. */
  #isClosed(): boolean {
    return this.#closed;
  }

  #again(client: pg.Client | undefined): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = undefined;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#connect();
    }, RECONNECT_MS);
    timer.unref();
    this.#timers.add(timer);
  }
}
