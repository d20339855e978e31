// A person at a Matrix client: one account, its sync, and what people do in rooms. It must not know that there is a bridge.
import { setTimeout as pause } from 'node:timers/promises';
import { askHomeserver, editContent } from '../homeserver/ask.ts';
import type { Account } from '../homeserver/homeserver.ts';

export interface SeenEvent {
  readonly room: string;
  readonly id: string;
  readonly type: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Of a redaction: the event it removes. */
  readonly redacts: string | undefined;
}

/** What was waited for has not come in time. */
export class InVain extends Error {
  override readonly name = 'InVain';
}

interface StateEvent {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
}

interface RawEvent {
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly redacts?: string;
}

interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Readonly<Record<string, { readonly timeline?: { readonly events?: readonly RawEvent[] } }>>;
    readonly invite?: Readonly<Record<string, { readonly invite_state?: { readonly events?: readonly StateEvent[] } }>>;
  };
}

const SYNC_MS = 20_000;
const FILTER = JSON.stringify({ room: { timeline: { limit: 100 } }, presence: { types: [] } });

export class MatrixPerson {
  readonly name: string;
  readonly account: Account;
  readonly #url: string;
  readonly #seen: SeenEvent[] = [];
  readonly #known = new Set<string>();
  readonly #invites = new Set<string>();
  readonly #roomNames = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  readonly #left = new AbortController();
  #syncing: Promise<void> | undefined;
  #trouble: Error | undefined;
  #txn = 0;

  constructor(name: string, url: string, account: Account) {
    this.name = name;
    this.account = account;
    this.#url = url;
  }

  /** Goes on line; what is seen before the first answer counts too. */
  listen(): void {
    this.#syncing ??= this.#sync();
  }

  async leave(): Promise<void> {
    this.#left.abort();
    await this.#syncing;
  }

  /** Everything seen so far, oldest first. */
  get seen(): readonly SeenEvent[] {
    return this.#seen;
  }

  /** Rooms this person is invited to and has not joined. */
  get invites(): readonly string[] {
    return [...this.#invites];
  }

  /** As its last change or the invitation to it says; undefined for a room without one. */
  roomName(room: string): string | undefined {
    return this.#roomNames.get(room);
  }

  /** @throws InVain after `ms` */
  async waitFor<T>(look: () => T | undefined, ms: number): Promise<T> {
    const until = Date.now() + ms;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#trouble !== undefined) throw this.#trouble;
      const left = until - Date.now();
      if (left <= 0) throw new InVain(`${this.name} waited ${Math.round(ms / 1000)} s in vain`);
      await this.#change(left);
    }
  }

  async setName(): Promise<void> {
    const path = `/profile/${encodeURIComponent(this.account.userId)}/displayname`;
    await this.#call('PUT', path, { displayname: this.name });
  }

  async openDirect(user: string): Promise<string> {
    const body = { invite: [user], is_direct: true, preset: 'trusted_private_chat' };
    return String((await this.#call('POST', '/createRoom', body))['room_id']);
  }

  async join(room: string): Promise<void> {
    await this.#call('POST', `/join/${encodeURIComponent(room)}`, {});
    this.#invites.delete(room);
  }

  /** @returns the event's id */
  async say(room: string, body: string): Promise<string> {
    return await this.#send(room, { msgtype: 'm.text', body });
  }

  async edit(room: string, event: string, body: string): Promise<string> {
    return await this.#send(room, editContent(event, body));
  }

  async remove(room: string, event: string): Promise<void> {
    const path = `/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(event)}/${this.#nextTxn()}`;
    await this.#call('PUT', path, {});
  }

  /** The name under which somebody appears; their id when they have none. */
  async nameOf(user: string): Promise<string> {
    const answer = await this.#call('GET', `/profile/${encodeURIComponent(user)}`);
    const name = answer['displayname'];
    return typeof name === 'string' ? name : user;
  }

  /** Whether this account is signed in at another client too. */
  async elsewhere(): Promise<boolean> {
    const { devices } = (await this.#call('GET', '/devices')) as {
      readonly devices?: readonly { device_id: string }[];
    };
    return devices?.some((one) => one.device_id !== this.account.deviceId) ?? false;
  }

  async #send(room: string, content: Readonly<Record<string, unknown>>): Promise<string> {
    const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/${this.#nextTxn()}`;
    return String((await this.#call('PUT', path, content))['event_id']);
  }

  #nextTxn(): string {
    this.#txn += 1;
    return `play-${this.#txn}`;
  }

  async #sync(): Promise<void> {
    let since: string | undefined;
    while (!this.#left.signal.aborted) {
      const query = new URLSearchParams({ timeout: since === undefined ? '0' : String(SYNC_MS), filter: FILTER });
      if (since !== undefined) query.set('since', since);
      try {
        const answer = (await this.#call('GET', `/sync?${query.toString()}`)) as unknown as SyncAnswer;
        since = answer.next_batch;
        this.#take(answer);
      } catch (error) {
        if (this.#left.signal.aborted) return;
        this.#trouble = error instanceof Error ? error : new Error(String(error));
        for (const listener of this.#listeners) listener();
        return;
      }
    }
  }

  #take({ rooms = {} }: SyncAnswer): void {
    for (const [room, { invite_state: state }] of Object.entries(rooms.invite ?? {})) {
      this.#invites.add(room);
      for (const event of state?.events ?? []) this.#takeName(room, event);
    }
    for (const [room, { timeline }] of Object.entries(rooms.join ?? {})) {
      this.#invites.delete(room);
      for (const event of timeline?.events ?? []) {
        const { event_id: id, type, sender, content, redacts } = event;
        if (this.#known.has(id)) continue;
        this.#takeName(room, event);
        this.#known.add(id);
        const inContent = content['redacts'];
        const target = redacts ?? (typeof inContent === 'string' ? inContent : undefined);
        this.#seen.push({ room, id, type, sender, content, redacts: target });
      }
    }
    for (const listener of this.#listeners) listener();
  }

  #takeName(room: string, { type, content }: StateEvent): void {
    const name = content['name'];
    if (type === 'm.room.name' && typeof name === 'string') this.#roomNames.set(room, name);
  }

  /** Resolves at the next sync answer, or after `ms`. */
  async #change(ms: number): Promise<void> {
    const over = new AbortController();
    let listener = (): void => undefined;
    const heard = new Promise<void>((resolve) => {
      listener = resolve;
    });
    this.#listeners.add(listener);
    // Called off when the answer has come.
    const late = pause(ms, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([heard, late]);
    this.#listeners.delete(listener);
    over.abort();
  }

  async #call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const signal = AbortSignal.any([this.#left.signal, AbortSignal.timeout(60_000)]);
    return await askHomeserver({ url: this.#url, token: this.account.accessToken, method, path, body, signal });
  }
}
