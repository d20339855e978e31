// Pushes events to appservices with Synapse's manners (appservice/scheduler.py); it must not know the client API.
import type { Ephemeral } from './bus.ts';
import { isObject, type Json } from './json.ts';
import { ownsAlias, ownsRoom, ownsUser, type Appservice } from './registration.ts';
import { forAppservice } from './serialise.ts';
import type { PusherState } from '../types.ts';
import type { AppserviceTables, StoredEvent, World } from './world.ts';

const BATCH = 100;
const PATIENCE_MS = 60_000;

/** The pusher of one appservice. Everything but `tables` is memory and dies with the process. */
export class Pusher {
  readonly service: Appservice;
  readonly #world: World;
  readonly #tables: AppserviceTables;
  readonly #queued: StoredEvent[] = [];
  readonly #ephemeral: Json[] = [];
  readonly #dead = new AbortController();
  readonly #idle = new Set<() => void>();
  #sending = false;
  #recovering = false;
  #retrying = false;
  #timer: NodeJS.Timeout | undefined;
  #backoff = 1;
  #held = false;
  #repeat = 0;
  #delivered = 0;
  readonly #log: (line: string) => void;

  constructor(service: Appservice, world: World, log: (line: string) => void) {
    this.service = service;
    this.#world = world;
    this.#log = log;
    const tables = world.appservices.get(service.id) ?? { down: false, nextTxn: 1, txns: [] };
    world.appservices.set(service.id, tables);
    this.#tables = tables;
  }

  /** Synapse starts its recoverers only when the first event after its start concerns some appservice. */
  startRecovery(): void {
    if (this.#tables.down && !this.#recovering) this.#recover();
  }

  interestedIn(event: StoredEvent): boolean {
    if (ownsUser(this.service, event.sender)) return true;
    if (event.type === 'm.room.member' && event.stateKey !== undefined && ownsUser(this.service, event.stateKey))
      return true;
    return this.interestedInRoom(event.roomId);
  }

  interestedInRoom(roomId: string): boolean {
    if (ownsRoom(this.service, roomId)) return true;
    const room = this.#world.rooms.get(roomId);
    if (room !== undefined && this.#world.joined(room).some((userId) => ownsUser(this.service, userId))) return true;
    return this.#world.aliasesOf(roomId).some((alias) => ownsAlias(this.service, alias));
  }

  enqueue(event: StoredEvent): void {
    this.#queued.push(event);
    void this.#send();
  }

  enqueueEphemeral(news: Ephemeral): void {
    if (!this.service.ephemeral && !this.service.unstableEphemeral) return;
    if (!this.interestedInRoom(news.roomId)) return;
    this.#ephemeral.push({ type: news.type, room_id: news.roomId, content: news.content });
    void this.#send();
  }

  /** Ask the appservice whether it is there; its answer decides what the ping endpoint says. */
  async ping(transactionId: unknown): Promise<Response> {
    const answer = await fetch(`${this.service.url}/_matrix/app/v1/ping`, {
      method: 'POST',
      headers: this.#headers(),
      body: JSON.stringify({ transaction_id: transactionId ?? null }),
      signal: AbortSignal.any([this.#dead.signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    return answer;
  }

  /** After a good ping: do not wait for the back-off. Nothing happens when no recoverer runs. */
  forceRetry(): void {
    if (!this.#recovering) return;
    clearTimeout(this.#timer);
    void this.#retry();
  }

  /** GET /users or /rooms at the appservice: does it know this one? */
  async asks(kind: 'users' | 'rooms', id: string): Promise<boolean> {
    if (this.service.url === null) return false;
    try {
      const answer = await fetch(`${this.service.url}/_matrix/app/v1/${kind}/${encodeURIComponent(id)}`, {
        headers: this.#headers(),
        signal: AbortSignal.any([this.#dead.signal, AbortSignal.timeout(PATIENCE_MS)]),
      });
      await answer.body?.cancel();
      return answer.ok;
    } catch (error) {
      this.#log(`query for ${id} at ${this.service.id} failed: ${String(error)}`);
      return false;
    }
  }

  hold(held: boolean): void {
    this.#held = held;
    if (!held) {
      void this.#send();
      if (this.#recovering) this.forceRetry();
    }
  }

  repeatNext(count: number): void {
    this.#repeat = count;
  }

  resend(event: StoredEvent): void {
    this.#queued.push(event);
    void this.#send();
  }

  get state(): PusherState {
    return {
      id: this.service.id,
      state: this.#tables.down ? 'down' : 'up',
      queued: this.#queued.length,
      transactions: this.#tables.txns.length,
      delivered: this.#delivered,
      held: this.#held,
    };
  }

  get #busy(): boolean {
    return this.#sending || this.#queued.length > 0 || this.#ephemeral.length > 0 || this.#tables.txns.length > 0;
  }

  /** Resolves when all that was ever queued has been answered with 200; rejects after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (this.#busy) return;
        clearTimeout(timer);
        this.#idle.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#idle.delete(check);
        reject(new Error(`appservice ${this.service.id} not drained: ${JSON.stringify(this.state)}`));
      }, timeoutMs);
      this.#idle.add(check);
      check();
    });
  }

  /** The process is gone: nothing more is sent, what was only in memory is lost. */
  die(): void {
    this.#dead.abort();
    clearTimeout(this.#timer);
    this.#queued.length = 0;
    this.#ephemeral.length = 0;
  }

  async #send(): Promise<void> {
    if (this.#sending || this.#held || this.#dead.signal.aborted) return;
    this.#sending = true;
    try {
      while (!this.#held && !this.#dead.signal.aborted) {
        // A step aside, so that what one request writes travels in one transaction.
        await Promise.resolve();
        const events = this.#queued.splice(0, BATCH);
        const ephemeral = this.#ephemeral.splice(0, BATCH);
        if (events.length === 0 && ephemeral.length === 0) return;
        const up = !this.#tables.down;
        if (!up && events.length === 0) continue; // Ephemeral events are dropped while it is down.
        const txn = { id: this.#tables.nextTxn, events };
        this.#tables.nextTxn += 1;
        this.#tables.txns.push(txn);
        if (!up) continue; // The recoverer will bring it, in order.
        if (await this.#put(txn.id, events, ephemeral)) this.#complete(txn.id);
        else this.#failed();
      }
    } finally {
      this.#sending = false;
      for (const check of this.#idle) check();
    }
  }

  #complete(id: number): void {
    const at = this.#tables.txns.findIndex((txn) => txn.id === id);
    if (at !== -1) this.#tables.txns.splice(at, 1);
    this.#delivered += 1;
    for (const check of this.#idle) check();
  }

  #failed(): void {
    if (this.#dead.signal.aborted) return;
    this.#tables.down = true;
    this.#log(`appservice ${this.service.id} is down`);
    if (!this.#recovering) this.#recover();
  }

  #recover(): void {
    this.#recovering = true;
    this.#timer = setTimeout(() => void this.#retry(), 1000 * 2 ** this.#backoff);
    this.#timer.unref();
  }

  async #retry(): Promise<void> {
    if (this.#retrying) return;
    this.#retrying = true;
    try {
      for (;;) {
        if (this.#dead.signal.aborted || this.#held) return;
        const oldest = this.#tables.txns[0];
        if (oldest === undefined) {
          this.#recovering = false;
          this.#tables.down = false;
          this.#log(`appservice ${this.service.id} is up`);
          for (const check of this.#idle) check();
          return;
        }
        if (!(await this.#put(oldest.id, oldest.events, []))) {
          this.#backoff = Math.min(9, this.#backoff + 1);
          if (!this.#dead.signal.aborted) this.#recover();
          return;
        }
        this.#complete(oldest.id);
        this.#backoff = 1;
      }
    } finally {
      this.#retrying = false;
    }
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.service.hsToken}`, 'content-type': 'application/json' };
  }

  async #put(id: number, events: readonly StoredEvent[], ephemeral: readonly Json[]): Promise<boolean> {
    const { service } = this;
    if (service.url === null) return true;
    const body: Json = { events: events.map((event) => forAppservice(event)) };
    if (service.ephemeral) body['ephemeral'] = ephemeral;
    if (service.unstableEphemeral) body['de.sorunome.msc2409.ephemeral'] = ephemeral;
    if (service.ephemeral || service.unstableEphemeral) body['de.sorunome.msc2409.to_device'] = [];
    const text = JSON.stringify(body);
    const times = this.#repeat > 0 ? 2 : 1;
    if (times === 2) this.#repeat -= 1;
    let good = false;
    for (let time = 0; time < times; time += 1) good = await this.#once(id, text);
    return good;
  }

  async #once(id: number, text: string): Promise<boolean> {
    try {
      const answer = await fetch(`${this.service.url}/_matrix/app/v1/transactions/${id}`, {
        method: 'PUT',
        headers: this.#headers(),
        body: text,
        signal: AbortSignal.any([this.#dead.signal, AbortSignal.timeout(PATIENCE_MS)]),
      });
      const said = await answer.text();
      if (!answer.ok) this.#log(`appservice ${this.service.id} answered ${answer.status} to transaction ${id}`);
      // Synapse reads the body as JSON and takes anything else as a failure.
      return answer.ok && isObject(JSON.parse(said));
    } catch (error) {
      if (!this.#dead.signal.aborted) this.#log(`transaction ${id} to ${this.service.id} failed: ${String(error)}`);
      return false;
    }
  }
}
