// What a login remembers of its chats and of what people call themselves; goes into the vault with the events it came from.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { ChatId, MessageId, PersonId } from '../../model/ids.ts';
import type { EphemeralEvent } from '../../model/network-event.ts';
import type { EphemeralContext } from '../../ports/network.ts';
import type { VaultChange } from '../../ports/stores.ts';
import { newerTimer, type Timer } from './timers.ts';

export interface ChatMemory {
  /** The address that the chat was last heard under. */
  readonly jid?: string;
  /** The other side wrote, or the person did on their phone: the chat is no new one. */
  readonly met?: true;
  /** Seconds until messages disappear; absent = they stay. */
  readonly timer?: number;
  /** Epoch s when that was set. */
  readonly timerSince?: number;
  /** How a group names its people, as far as it is known. */
  readonly addressing?: 'lid' | 'pn';
}

type SaidBefore = EphemeralContext['saidBefore'];

const CHAT = 'chat/';
const NAME = 'name/';
const WAITING = 'waiting/';
const READ = 'read/';
const VERSION = 1;
/** Phones have forgotten by then what they should send once more, in ms. */
const WAITED_MS = 30 * 24 * 60 * 60_000;
/** Messages that can be quoted with their words. */
const MOST_RECALLED = 500;
/** Messages of a chat that one receipt names. */
const MOST_UNREAD = 200;

export class ChatBook {
  readonly #scope: string;
  readonly #chats = new Map<ChatId, ChatMemory>();
  readonly #names = new Map<PersonId, string>();
  /** Since when, epoch ms, the oldest first. */
  readonly #waiting = new Map<MessageId, number>();
  readonly #recent = new Map<MessageId, proto.IMessage>();
  /** What others said in a chat since the start and nobody has read, oldest first: of what was said before, the house knows. */
  readonly #unread = new Map<ChatId, readonly MessageId[]>();
  /** How far a chat has been read: all that is kept of it. */
  readonly #lastRead = new Map<ChatId, MessageId>();
  /** Of these all has been read that was said before the start. */
  readonly #caughtUp = new Set<ChatId>();
  readonly #unwritten = new Map<string, VaultChange>();

  /** @param kept the login's scope in the vault @throws Error when a value is of a later version */
  constructor(scope: string, kept: ReadonlyMap<string, Uint8Array>) {
    this.#scope = scope;
    const waiting: [MessageId, number][] = [];
    for (const [key, bytes] of kept) {
      if (key.startsWith(CHAT)) this.#chats.set(key.slice(CHAT.length) as ChatId, opened<ChatMemory>(bytes));
      else if (key.startsWith(NAME))
        this.#names.set(key.slice(NAME.length) as PersonId, opened<{ name: string }>(bytes).name);
      else if (key.startsWith(READ))
        this.#lastRead.set(key.slice(READ.length) as ChatId, opened<{ upTo: MessageId }>(bytes).upTo);
      else if (key.startsWith(WAITING))
        waiting.push([key.slice(WAITING.length) as MessageId, opened<{ at?: number }>(bytes).at ?? 0]);
    }
    for (const one of waiting.toSorted(([, a], [, b]) => a - b)) this.#waiting.set(...one);
  }

  chat(chat: ChatId): ChatMemory {
    return this.#chats.get(chat) ?? {};
  }

  note(chat: ChatId, more: ChatMemory): void {
    const before = this.chat(chat);
    const after = { ...before, ...more };
    const fields = ['jid', 'met', 'timer', 'timerSince', 'addressing'] as const;
    if (fields.every((field) => after[field] === before[field])) return;
    this.#chats.set(chat, after);
    this.#write(`${CHAT}${chat}`, after);
  }

  /** Undefined while nothing told of it. */
  timer(chat: ChatId): Timer | undefined {
    const { timer, timerSince } = this.chat(chat);
    return timer === undefined
      ? undefined
      : { seconds: timer, ...(timerSince === undefined ? {} : { since: timerSince }) };
  }

  /** What a message tells of it; the newest setting counts. */
  time(chat: ChatId, told: Timer): void {
    const { seconds, since } = newerTimer(this.timer(chat), told);
    this.note(chat, { timer: seconds, ...(since === undefined ? {} : { timerSince: since }) });
  }

  nameOf(person: PersonId): string | undefined {
    return this.#names.get(person);
  }

  /** @returns whether somebody changed the name they had */
  call(person: PersonId, name: string): boolean {
    const before = this.#names.get(person);
    if (before === name) return false;
    this.#names.set(person, name);
    this.#write(`${NAME}${person}`, { name });
    return before !== undefined;
  }

  isWaiting(message: MessageId): boolean {
    return this.#waiting.has(message);
  }

  /** Whoever has been waited for too long is waited for no more. @param now epoch ms */
  wait(message: MessageId, now: number): void {
    if (this.#waiting.has(message)) return;
    for (const [oldest, at] of this.#waiting) {
      if (now - at <= WAITED_MS) break;
      this.heal(oldest);
    }
    this.#waiting.set(message, now);
    this.#write(`${WAITING}${message}`, { at: now });
  }

  heal(message: MessageId): void {
    if (!this.#waiting.delete(message)) return;
    this.#write(`${WAITING}${message}`, null);
  }

  /** Nothing of it is written down: it happens with every message. */
  said(chat: ChatId, message: MessageId): void {
    this.#leave(chat, [...(this.#unread.get(chat) ?? []), message].slice(-MOST_UNREAD));
  }

  /**
   * All that is read with this message, oldest first. @param saidBefore what others said before it and after what was read last, as
   * the house remembers it: asked once per chat and start @throws as that does; then nothing counts as read
   */
  async readUpTo(chat: ChatId, message: MessageId, saidBefore: SaidBefore | undefined): Promise<readonly MessageId[]> {
    if (this.#isLastRead(chat, message)) return [];
    const earlier = this.#caughtUp.has(chat) ? undefined : await saidBefore?.(this.#lastRead.get(chat));
    // Read on the phone meanwhile.
    if (this.#isLastRead(chat, message)) return [];
    if (earlier !== undefined) this.#caughtUp.add(chat);
    const unread = this.#unread.get(chat) ?? [];
    const end = unread.indexOf(message) + 1;
    this.#readTo(chat, message, unread.slice(end));
    // Older than what is remembered, or read before: it is told once.
    return [...new Set([...(earlier ?? []), ...unread.slice(0, end), message])];
  }

  /** On another device of ours: nobody has to be told any more. */
  readElsewhere({ portal: { chat }, upTo }: Extract<EphemeralEvent, { kind: 'read' }>): void {
    const unread = this.#unread.get(chat) ?? [];
    const end = unread.indexOf(upTo) + 1;
    if (end > 0 || !this.#caughtUp.has(chat)) this.#readTo(chat, upTo, unread.slice(end));
  }

  #isLastRead(chat: ChatId, message: MessageId): boolean {
    return this.#lastRead.get(chat) === message && this.#unread.get(chat)?.includes(message) !== true;
  }

  #readTo(chat: ChatId, message: MessageId, left: readonly MessageId[]): void {
    this.#leave(chat, left);
    this.#lastRead.set(chat, message);
    this.#write(`${READ}${chat}`, { upTo: message });
  }

  #leave(chat: ChatId, messages: readonly MessageId[]): void {
    if (messages.length === 0) this.#unread.delete(chat);
    else this.#unread.set(chat, messages);
  }

  recall(message: MessageId): proto.IMessage | undefined {
    return this.#recent.get(message);
  }

  remember(message: MessageId, content: proto.IMessage): void {
    this.#recent.delete(message);
    this.#recent.set(message, content);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= MOST_RECALLED) break;
      this.#recent.delete(oldest);
    }
  }

  take(): { readonly changes: readonly VaultChange[]; readonly written: () => void } {
    const changes = [...this.#unwritten.values()];
    return {
      changes,
      written: () => {
        for (const change of changes) {
          if (this.#unwritten.get(change.key) === change) this.#unwritten.delete(change.key);
        }
      },
    };
  }

  #write(key: string, value: object | null): void {
    const bytes = value === null ? null : Buffer.from(JSON.stringify({ v: VERSION, ...value }));
    this.#unwritten.set(key, { scope: this.#scope, key, value: bytes });
  }
}

function opened<T>(bytes: Uint8Array): T {
  const { v, ...rest } = JSON.parse(Buffer.from(bytes).toString()) as { v: number } & T;
  if (v !== VERSION) throw new Error('a remembered chat of a later version');
  return rest as T;
}
