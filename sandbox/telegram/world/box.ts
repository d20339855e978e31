// The update box of one account: its message numbering, its copies of messages, and the numbered log of events (pts)
// that getDifference replays (core.telegram.org/api/updates). Knows no TL.

import type { Entity, MessageKind } from '../control-types.ts';

/** A message as it is, whoever looks. */
export interface Message {
  readonly uid: number;
  readonly from: bigint;
  /** A person, or a basic group's peer number (groups.ts). */
  readonly to: bigint;
  readonly date: number;
  readonly kind: MessageKind;
  text: string;
  entities: readonly Entity[];
  editDate: number | null;
  readonly edits: string[];
  readonly randomId: bigint | null;
  readonly replyTo: Message | null;
  /** Who reacts, and how. */
  readonly reactions: Map<bigint, string>;
  /** Who has had it under which number. */
  readonly copies: Map<bigint, Copy>;
}

/** A message as one account has it. */
export interface Copy {
  readonly id: number;
  readonly owner: bigint;
  /** The other side of the private chat, or the basic group's peer number. */
  readonly peer: bigint;
  readonly message: Message;
  deleted: boolean;
}

/** One numbered event; `pts` is the box's value after it, `count` how far it moved. */
export type BoxEvent = { readonly pts: number; readonly count: number } & (
  | { readonly kind: 'new' | 'edit'; readonly copy: Copy }
  | { readonly kind: 'delete'; readonly ids: readonly number[] }
  | { readonly kind: 'read-inbox'; readonly peer: bigint; readonly maxId: number; readonly unread: number }
  | { readonly kind: 'read-outbox'; readonly peer: bigint; readonly maxId: number }
);

type Bare<E> = E extends BoxEvent ? Omit<E, 'pts' | 'count'> : never;

export interface Chat {
  readonly peer: bigint;
  /** Every copy, by growing id. */
  readonly copies: Copy[];
  readInbox: number;
  readOutbox: number;
}

const MAX_LOG = 50_000;

export class Box {
  readonly owner: bigint;
  readonly chats = new Map<bigint, Chat>();
  readonly #copies = new Map<number, Copy>();
  readonly #log: BoxEvent[] = [];
  #pts = 1;
  #lastId = 0;

  constructor(owner: bigint) {
    this.owner = owner;
  }

  get pts(): number {
    return this.#pts;
  }

  chat(peer: bigint): Chat {
    let chat = this.chats.get(peer);
    if (chat === undefined) {
      chat = { peer, copies: [], readInbox: 0, readOutbox: 0 };
      this.chats.set(peer, chat);
    }
    return chat;
  }

  /** The copy under this number, deleted or not. */
  find(id: number): Copy | undefined {
    return this.#copies.get(id);
  }

  /** Gives the message this box's next number. */
  receive(message: Message, peer: bigint): Copy {
    const copy: Copy = { id: ++this.#lastId, owner: this.owner, peer, message, deleted: false };
    this.#copies.set(copy.id, copy);
    message.copies.set(this.owner, copy);
    this.chat(peer).copies.push(copy);
    return copy;
  }

  record(event: Bare<BoxEvent>, count = 1): BoxEvent {
    this.#pts += count;
    const numbered: BoxEvent = { ...event, pts: this.#pts, count };
    this.#log.push(numbered);
    if (this.#log.length > MAX_LOG) this.#log.splice(0, this.#log.length - MAX_LOG);
    return numbered;
  }

  /** The events after `pts`, oldest first; null when the log does not reach back that far. */
  since(pts: number): BoxEvent[] | null {
    if (pts >= this.#pts) return [];
    const [oldest] = this.#log;
    if (oldest === undefined || pts < oldest.pts - oldest.count) return null;
    let at = this.#log.length;
    while (at > 0 && (this.#log[at - 1]?.pts ?? 0) > pts) at--;
    return this.#log.slice(at);
  }

  /** Messages from the other side that are not read yet. */
  unread(chat: Chat): number {
    let count = 0;
    for (let at = chat.copies.length - 1; at >= 0; at--) {
      const copy = chat.copies[at];
      if (copy === undefined || copy.id <= chat.readInbox) break;
      if (!copy.deleted && copy.message.from !== this.owner) count++;
    }
    return count;
  }

  visible(chat: Chat): Copy[] {
    return chat.copies.filter((copy) => !copy.deleted);
  }
}
