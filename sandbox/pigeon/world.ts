// The toy network's memory: people, chats, messages and one log per account, in the order things happen; knows no sockets.
import { randomBytes } from 'node:crypto';
import { Refusal, type Chat, type Happening, type Message, type Person, type PublicPerson } from './types.ts';

export const MAX_TEXT = 2_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Kept extends Mutable<Omit<Message, 'edits' | 'reactions'>> {
  edits: { text: string; until: number }[];
  reactions: Record<string, string>;
}
interface KeptChat {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  name?: string;
  readonly members: Set<string>;
  readonly messages: Kept[];
}
type Unnumbered = Happening extends infer One ? (One extends Happening ? Omit<One, 'no'> : never) : never;

export class World {
  readonly #people = new Map<string, Mutable<Person>>();
  readonly #handles = new Map<string, string>();
  readonly #tokens = new Map<string, string>();
  readonly #chats = new Map<string, KeptChat>();
  readonly #messages = new Map<string, Kept>();
  readonly #logs = new Map<string, Happening[]>();
  /** What an account's acts with a client id came to. */
  readonly #done = new Map<string, unknown>();
  readonly #grown: (account: string) => void;
  #count = 0;
  #groups = 0;

  /** @param grown is told the account whose log has just grown */
  constructor(grown: (account: string) => void) {
    this.#grown = grown;
  }

  addPerson(name: string, password: string): Person {
    const id = String(this.#people.size + 1);
    const base = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
    const handle = this.#handles.has(base) || base === '' ? `${base}_${id}` : base;
    const person = { id, name, handle, password };
    this.#people.set(id, person);
    this.#handles.set(handle, id);
    this.#logs.set(id, []);
    return { ...person };
  }

  person(id: string): PublicPerson {
    const { name, handle } = this.#person(id);
    return { id, name, handle };
  }

  /** By handle, with or without `@`, or by id. */
  find(identifier: string): PublicPerson {
    const typed = identifier.trim().replace(/^@/, '').toLowerCase();
    return this.person(this.#handles.get(typed) ?? typed);
  }

  renamePerson(id: string, name: string): void {
    const person = this.#person(id);
    person.name = name;
    const seenBy = new Map<string, string>();
    for (const chat of this.#chats.values()) {
      if (chat.kind !== 'direct' || !chat.members.has(id)) continue;
      for (const member of chat.members) if (member !== id) seenBy.set(member, chat.id);
    }
    for (const [account, chat] of seenBy) {
      this.#log([account], { kind: 'person', chat, by: id, at: Date.now(), person: this.person(id) });
    }
  }

  login(handle: string, password: string): { readonly token: string; readonly person: PublicPerson } {
    const id = this.#handles.get(handle.trim().replace(/^@/, '').toLowerCase());
    if (id === undefined || this.#person(id).password !== password) throw new Refusal('wrong-password');
    const token = randomBytes(16).toString('hex');
    this.#tokens.set(token, id);
    return { token, person: this.person(id) };
  }

  accountOf(token: string): string {
    const account = this.#tokens.get(token);
    if (account === undefined) throw new Refusal('unknown-token');
    return account;
  }

  logout(token: string): void {
    this.#tokens.delete(token);
  }

  tokensOf(account: string): string[] {
    return [...this.#tokens].filter(([, of]) => of === account).map(([token]) => token);
  }

  /** How much has ever been written into an account's log. */
  head(account: string): number {
    return this.#logs.get(account)?.length ?? 0;
  }

  /** Entries after `since`, numbered from since + 1. */
  since(account: string, since: number, most: number): readonly Happening[] {
    return this.#logs.get(account)?.slice(since, since + most) ?? [];
  }

  direct(a: string, b: string): Chat {
    const members = [this.#person(a).id, this.#person(b).id].sort((x, y) => Number(x) - Number(y));
    const id = `d${members.join('-')}`;
    const chat = this.#chats.get(id) ?? { id, kind: 'direct', members: new Set(members), messages: [] };
    this.#chats.set(id, chat);
    return shown(chat);
  }

  group(name: string, members: readonly string[]): Chat {
    this.#groups += 1;
    const id = `g${this.#groups}`;
    const chat: KeptChat = { id, kind: 'group', name, members: new Set(members), messages: [] };
    for (const member of members) this.#person(member);
    this.#chats.set(id, chat);
    return shown(chat);
  }

  chat(id: string): Chat {
    return shown(this.#chat(id));
  }

  chats(): Chat[] {
    return [...this.#chats.values()].map(shown);
  }

  /** `by` is who did it: the person themselves when nobody is named. */
  move(chat: string, person: string, now: 'in' | 'out', by = person): void {
    const { members } = this.#chat(chat);
    const told = new Set([...members, this.#person(person).id]);
    if (now === 'in') members.add(person);
    else members.delete(person);
    this.#log(told, { kind: 'member', chat, by, at: Date.now(), person, now });
  }

  rename(chat: string, by: string, name: string): void {
    const kept = this.#chat(chat, by);
    kept.name = name;
    this.#log(kept.members, { kind: 'chat', chat, by, at: Date.now(), name });
  }

  messages(chat: string): Message[] {
    const kept = this.#chats.get(chat);
    return kept === undefined ? [] : kept.messages.map((one) => structuredClone(one));
  }

  message(id: string): Message {
    return structuredClone(this.#message(id));
  }

  /** Whatever an account does under a client id it does once: a repeat gets the first answer. */
  once<T>(account: string, client: string | undefined, act: () => T): T {
    if (client === undefined) return act();
    const key = `${account}/${client}`;
    if (this.#done.has(key)) return this.#done.get(key) as T;
    const answer = act();
    this.#done.set(key, answer);
    return answer;
  }

  write(by: string, chat: string, text: string, more: { replyTo?: string; client?: string } = {}): Message {
    const direct = /^d(\d+)-(\d+)$/.exec(chat);
    if (direct !== null && !this.#chats.has(chat)) this.direct(direct[1] ?? '', direct[2] ?? '');
    const kept = this.#chat(chat, by);
    checkText(text);
    const { replyTo } = more;
    if (replyTo !== undefined && this.#message(replyTo).chat !== chat) throw new Refusal('unknown-message');
    const message: Kept = {
      id: `m${this.#messages.size + 1}`,
      chat,
      by,
      at: Date.now(),
      text,
      ...more,
      edits: [],
      reactions: {},
    };
    this.#messages.set(message.id, message);
    kept.messages.push(message);
    const reply = replyTo === undefined ? {} : { replyTo };
    this.#log(kept.members, { kind: 'message', chat, by, at: message.at, message: message.id, text, ...reply });
    return message;
  }

  edit(by: string, id: string, text: string): number {
    const message = this.#own(by, id);
    checkText(text);
    if (message.removedAt !== undefined) throw new Refusal('gone');
    const at = Math.max(Date.now(), (message.edits.at(-1)?.until ?? message.at) + 1);
    message.edits.push({ text: message.text, until: at });
    message.text = text;
    this.#log(this.#chat(message.chat).members, { kind: 'edit', chat: message.chat, by, at, message: id, text });
    return at;
  }

  remove(by: string, id: string): number {
    const message = this.#own(by, id);
    if (message.removedAt !== undefined) return message.removedAt;
    message.removedAt = Date.now();
    const { chat, removedAt: at } = message;
    this.#log(this.#chat(chat).members, { kind: 'removal', chat, by, at, message: id });
    return at;
  }

  react(by: string, id: string, emoji: string | null): number {
    const message = this.#message(id);
    const { members } = this.#chat(message.chat, by);
    if (message.removedAt !== undefined) throw new Refusal('gone');
    const at = Date.now();
    if ((message.reactions[by] ?? null) === emoji) return at;
    if (emoji === null) delete message.reactions[by];
    else message.reactions[by] = emoji;
    this.#log(members, { kind: 'reaction', chat: message.chat, by, at, message: id, emoji });
    return at;
  }

  #log(accounts: Iterable<string>, happening: Unnumbered): void {
    this.#count += 1;
    const numbered: Happening = { ...happening, no: this.#count };
    for (const account of accounts) {
      this.#logs.get(account)?.push(numbered);
      this.#grown(account);
    }
  }

  #person(id: string): Mutable<Person> {
    const person = this.#people.get(id);
    if (person === undefined) throw new Refusal('unknown-person');
    return person;
  }

  #chat(id: string, by?: string): KeptChat {
    const chat = this.#chats.get(id);
    if (chat === undefined) throw new Refusal('unknown-chat');
    if (by !== undefined && !chat.members.has(by)) throw new Refusal('not-member');
    return chat;
  }

  #message(id: string): Kept {
    const message = this.#messages.get(id);
    if (message === undefined) throw new Refusal('unknown-message');
    return message;
  }

  #own(by: string, id: string): Kept {
    const message = this.#message(id);
    if (message.by !== by) throw new Refusal('not-yours');
    return message;
  }
}

function shown(chat: KeptChat): Chat {
  const { id, kind, name, members } = chat;
  return { id, kind, ...(name === undefined ? {} : { name }), members: [...members] };
}

function checkText(text: string): void {
  if (text.trim() === '') throw new Refusal('empty');
  if (text.length > MAX_TEXT) throw new Refusal('too-long');
}
