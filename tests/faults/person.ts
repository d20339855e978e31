// A person at a Matrix client: joins what they are invited to, writes, edits, takes back, reads; knows nothing of bridges.
import { askHomeserver, editContent } from '../../sandbox/homeserver/ask.ts';
import type { Account } from '../../sandbox/homeserver/homeserver.ts';

/** An event as a client reads it. */
export interface ClientEvent {
  readonly type: string;
  readonly event_id: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly redacts?: string;
  readonly unsigned?: { readonly redacted_because?: unknown };
}

interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Readonly<Record<string, { readonly timeline?: { readonly events?: readonly ClientEvent[] } }>>;
    readonly invite?: Readonly<Record<string, unknown>>;
  };
}

const FILTER = JSON.stringify({
  presence: { types: [] },
  room: { timeline: { limit: 1000 }, ephemeral: { types: [] } },
});

export class Person {
  readonly account: Account;
  readonly #url: string;
  #since = '';
  #serial = 0;

  constructor(url: string, account: Account) {
    this.#url = url;
    this.account = account;
  }

  get id(): string {
    return this.account.userId;
  }

  /** What happened since the last look, in the rooms of this person; invitations are accepted on the way. */
  async look(): Promise<readonly { readonly room: string; readonly event: ClientEvent }[]> {
    const query = `/sync?timeout=0&filter=${encodeURIComponent(FILTER)}${this.#since}`;
    const answer = (await this.ask('GET', query)) as unknown as SyncAnswer;
    for (const room of Object.keys(answer.rooms?.invite ?? {})) {
      await this.ask('POST', `/join/${encodeURIComponent(room)}`, {});
    }
    this.#since = `&since=${encodeURIComponent(answer.next_batch)}`;
    return Object.entries(answer.rooms?.join ?? {}).flatMap(([room, { timeline }]) =>
      (timeline?.events ?? []).map((event) => ({ room, event })),
    );
  }

  async rooms(): Promise<readonly string[]> {
    return (await this.ask('GET', '/joined_rooms'))['joined_rooms'] as string[];
  }

  /** A failure of the homeserver that people use would be the harness's own: it ends the run. */
  async ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    return await askHomeserver({ url: this.#url, token: this.account.accessToken, method, path, body });
  }

  /** @returns the new event's id */
  async say(room: string, body: string): Promise<string> {
    return await this.#send(room, { msgtype: 'm.text', body });
  }

  async edit(room: string, event: string, body: string): Promise<string> {
    return await this.#send(room, editContent(event, body));
  }

  async takeBack(room: string, event: string): Promise<void> {
    this.#serial += 1;
    await this.ask(
      'PUT',
      `/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(event)}/t${this.#serial}`,
      {},
    );
  }

  /** The whole room, oldest first, page by page. */
  async messages(room: string): Promise<readonly ClientEvent[]> {
    const all: ClientEvent[] = [];
    let from = '';
    for (;;) {
      const page = await this.ask('GET', `/rooms/${encodeURIComponent(room)}/messages?dir=f&limit=500${from}`);
      all.push(...(page['chunk'] as ClientEvent[]));
      const end = page['end'];
      if (typeof end !== 'string' || (page['chunk'] as unknown[]).length === 0) return all;
      from = `&from=${encodeURIComponent(end)}`;
    }
  }

  async #send(room: string, content: unknown): Promise<string> {
    this.#serial += 1;
    const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/t${this.#serial}`;
    return String((await this.ask('PUT', path, content))['event_id']);
  }
}
