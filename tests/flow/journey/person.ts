// A person at a Matrix client: makes rooms, joins where they are invited, writes, and waits for what others write; knows no bridge.
import { setTimeout as sleep } from 'node:timers/promises';
import { askHomeserver } from '../../../sandbox/homeserver/ask.ts';
import type { Account } from '../../../sandbox/homeserver/homeserver.ts';

export interface ClientEvent {
  readonly type: string;
  readonly event_id: string;
  readonly sender: string;
  readonly state_key?: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly unsigned?: { readonly redacted_because?: unknown };
}

const LIMIT_MS = 25_000;
/** Of what was said last, where something else was waited for. */
const SHOWN = 5;

export class Person {
  readonly id: string;
  readonly #token: string;
  readonly #url: string;
  /** Those it knows. */
  readonly #rooms = new Set<string>();
  #serial = 0;

  constructor(url: string, account: Account) {
    this.#url = url;
    this.id = account.userId;
    this.#token = account.accessToken;
  }

  async directRoom(other: string): Promise<string> {
    const made = await this.#ask('POST', '/createRoom', { invite: [other], is_direct: true });
    this.#rooms.add(String(made['room_id']));
    return String(made['room_id']);
  }

  /** A room of this person's own, unencrypted, with these invited. */
  async room(name: string, invite: readonly string[]): Promise<string> {
    const made = await this.#ask('POST', '/createRoom', { preset: 'private_chat', name, invite });
    this.#rooms.add(String(made['room_id']));
    return String(made['room_id']);
  }

  async join(room: string): Promise<void> {
    this.#rooms.add(room);
    await this.#ask('POST', `/join/${encodeURIComponent(room)}`, {});
  }

  async say(room: string, body: string): Promise<string> {
    return await this.send(room, { msgtype: 'm.text', body });
  }

  async send(room: string, content: object, type = 'm.room.message'): Promise<string> {
    this.#serial += 1;
    const path = `/rooms/${encodeURIComponent(room)}/send/${type}/journey${this.#serial}`;
    return String((await this.#ask('PUT', path, content))['event_id']);
  }

  async redact(room: string, event: string): Promise<void> {
    this.#serial += 1;
    const [where, what] = [encodeURIComponent(room), encodeURIComponent(event)];
    await this.#ask('PUT', `/rooms/${where}/redact/${what}/journey${this.#serial}`, {});
  }

  /** The content of a state event; undefined when there is none. */
  async state(room: string, type: string, key = ''): Promise<Readonly<Record<string, unknown>> | undefined> {
    const found = (await this.wholeState(room)).find((one) => one.type === type && one.state_key === key);
    return found?.content;
  }

  async wholeState(room: string): Promise<readonly ClientEvent[]> {
    return await this.#list('GET', `/rooms/${encodeURIComponent(room)}/state`);
  }

  /** Whether somebody is shown as online. */
  async presence(user: string): Promise<unknown> {
    return (await this.#ask('GET', `/presence/${encodeURIComponent(user)}/status`))['presence'];
  }

  async setState(room: string, type: string, content: object, key = ''): Promise<string> {
    const path = `/rooms/${encodeURIComponent(room)}/state/${type}/${encodeURIComponent(key)}`;
    return String((await this.#ask('PUT', path, content))['event_id']);
  }

  async kick(room: string, user: string): Promise<void> {
    await this.#ask('POST', `/rooms/${encodeURIComponent(room)}/kick`, { user_id: user });
  }

  async invite(room: string, user: string): Promise<void> {
    await this.#ask('POST', `/rooms/${encodeURIComponent(room)}/invite`, { user_id: user });
  }

  async leave(room: string): Promise<void> {
    await this.#ask('POST', `/rooms/${encodeURIComponent(room)}/leave`, {});
  }

  /** The next room that is new to this person, joined; the bridge may have joined it for them. */
  async nextRoom(): Promise<string> {
    const room = await eventually('a new room', async () => {
      const { rooms } = (await this.#ask('GET', '/sync?timeout=0')) as {
        rooms?: { invite?: Record<string, unknown>; join?: Record<string, unknown> };
      };
      return Object.keys({ ...rooms?.invite, ...rooms?.join }).find((one) => !this.#rooms.has(one));
    });
    this.#rooms.add(room);
    await this.#ask('POST', `/join/${encodeURIComponent(room)}`, {});
    return room;
  }

  /** Everything in the room, oldest first. */
  async events(room: string): Promise<readonly ClientEvent[]> {
    const page = await this.#ask('GET', `/rooms/${encodeURIComponent(room)}/messages?dir=f&limit=1000`);
    return page['chunk'] as readonly ClientEvent[];
  }

  /** What is said in the room, each with the localpart of who said it; edits in their newest form. */
  async conversation(room: string): Promise<readonly string[]> {
    const events = (await this.events(room)).filter(({ type }) => type === 'm.room.message');
    return events.map(({ sender, content }) => `${sender.split(':')[0] ?? ''}: ${String(content['body'])}`);
  }

  /** @throws after 25 s */
  async heard(room: string, what: string, match: (event: ClientEvent) => boolean): Promise<ClientEvent> {
    return await eventually(what, async () => (await this.events(room)).find(match));
  }

  /** What somebody else says with these words in it, whatever their case. @param nth 2: the second time */
  async answer(room: string, words: string, nth = 1): Promise<ClientEvent> {
    const fits = ({ sender, content }: ClientEvent): boolean =>
      sender !== this.id &&
      typeof content['body'] === 'string' &&
      content['body'].toLowerCase().includes(words.toLowerCase());
    const look = async (): Promise<ClientEvent | undefined> => (await this.events(room)).filter(fits)[nth - 1];
    return await eventually(words, look, async () => (await this.conversation(room)).slice(-SHOWN).join('\n'));
  }

  async read(room: string, event: string): Promise<void> {
    await this.#ask('POST', `/rooms/${encodeURIComponent(room)}/receipt/m.read/${encodeURIComponent(event)}`, {});
  }

  async type(room: string, typing: boolean): Promise<void> {
    const path = `/rooms/${encodeURIComponent(room)}/typing/${encodeURIComponent(this.id)}`;
    await this.#ask('PUT', path, typing ? { typing, timeout: 20_000 } : { typing });
  }

  /** What is true of a room for now, or for this person alone (`account_data`), by type. */
  async beside(
    room: string,
    where: 'ephemeral' | 'account_data',
  ): Promise<ReadonlyMap<string, ClientEvent['content']>> {
    const { rooms } = (await this.#ask('GET', '/sync?timeout=0')) as {
      rooms?: { join?: Record<string, Record<string, { events?: readonly ClientEvent[] }>> };
    };
    const events = rooms?.join?.[room]?.[where]?.events ?? [];
    return new Map(events.map(({ type, content }) => [type, content]));
  }

  /** Content of what this person's clients keep about all rooms. */
  async accountData(type: string): Promise<Readonly<Record<string, unknown>>> {
    return await this.#ask('GET', `/user/${encodeURIComponent(this.id)}/account_data/${type}`);
  }

  /** What this person is notified of in a room; undefined without a rule for it. */
  async notified(room: string): Promise<readonly unknown[] | undefined> {
    const { global } = (await this.#ask('GET', '/pushrules/')) as {
      global: { room: readonly { rule_id: string; actions: readonly unknown[] }[] };
    };
    return global.room.find(({ rule_id: id }) => id === room)?.actions;
  }

  async profile(user: string): Promise<Readonly<Record<string, unknown>>> {
    return await this.#ask('GET', `/profile/${encodeURIComponent(user)}`);
  }

  /** @returns its `mxc:` address */
  async upload(bytes: Uint8Array, mime: string): Promise<string> {
    const answer = await fetch(`${this.#url}/_matrix/media/v3/upload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': mime },
      body: Buffer.from(bytes),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    if (!answer.ok) throw new Error(`an upload answered ${answer.status}`);
    return String(((await answer.json()) as Record<string, unknown>)['content_uri']);
  }

  /** What stands at an `mxc:` address. */
  async download(uri: string): Promise<Buffer> {
    const path = uri.slice('mxc://'.length);
    const answer = await fetch(`${this.#url}/_matrix/client/v1/media/download/${path}`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    if (!answer.ok) throw new Error(`${uri} answered ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }

  async #list(method: string, path: string): Promise<readonly ClientEvent[]> {
    return (await this.#ask(method, path)) as unknown as readonly ClientEvent[];
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    return await askHomeserver({ url: this.#url, token: this.#token, method, path, body, signal });
  }
}

/** Looks until there is something. @param instead what there is @throws after 25 s, naming what was waited for, and what there is instead */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  instead?: () => Promise<string>,
): Promise<T> {
  const until = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > until) {
      const there = instead === undefined ? '' : `; there is:\n${await instead()}`;
      throw new Error(`waited in vain for: ${what}${there}`);
    }
    await sleep(50);
  }
}

/** So many texts, each with its number. */
export function numbered(text: string, count: number): string[] {
  return Array.from({ length: count }, (_, number) => `${text} ${number}`);
}
