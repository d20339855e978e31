// What people write to each other in private chats and basic groups, and what becomes of it. Knows no TL.

import type { Entity, MessageKind } from '../control-types.ts';
import { Refusal } from '../../refusal.ts';
import type { BoxEvent, Copy, Message } from './box.ts';
import type { News } from './news.ts';
import type { Human, People } from './people.ts';

/** Characters of one message; counted in UTF-16 units, the strictest reading of the documentation. */
export const MAX_TEXT = 4096;
const EDIT_LIMIT_SECONDS = 48 * 3600;

const now = (): number => Math.floor(Date.now() / 1000);

function clip(entities: readonly Entity[], shift: number, length: number): Entity[] {
  return entities.flatMap((entity) => {
    const start = Math.max(0, entity.offset - shift);
    const end = Math.min(length, entity.offset - shift + entity.length);
    return end > start ? [{ ...entity, offset: start, length: end - start }] : [];
  });
}

const NOTHING = { text: '', entities: [] } as const;

/** As the service keeps a text: without white space around it, entities moved along. Throws Refusal. */
export function tidy(text: string, entities: readonly Entity[]): { text: string; entities: Entity[] } {
  const start = text.trimStart();
  const kept = start.trimEnd();
  if (kept === '') throw new Refusal(400, 'MESSAGE_EMPTY');
  if (kept.length > MAX_TEXT) throw new Refusal(400, 'MESSAGE_TOO_LONG');
  return { text: kept, entities: clip(entities, text.length - start.length, kept.length) };
}

export class Messages {
  readonly #people: People;
  readonly #news: News;
  #nextUid = 1;

  constructor(people: People, news: News) {
    this.#people = people;
    this.#news = news;
  }

  get count(): number {
    return this.#nextUid - 1;
  }

  /**
   * One message in a private chat. Both sides get a copy under a number of their own and an event. Throws Refusal.
   * A known random id throws too: ask `from.sent` before.
   */
  write(
    from: Human,
    to: Human,
    what: {
      text: string;
      kind?: MessageKind;
      entities?: readonly Entity[];
      randomId?: bigint | null;
      replyTo?: number | null;
    },
    origin: unknown = null,
  ): { copy: Copy; event: BoxEvent } {
    const kind = what.kind ?? 'text';
    // Only a text must say something.
    const { text, entities } = kind !== 'text' && what.text === '' ? NOTHING : tidy(what.text, what.entities ?? []);
    const answered = what.replyTo === null || what.replyTo === undefined ? undefined : from.box.find(what.replyTo);
    if (what.randomId !== null && what.randomId !== undefined && from.sent.has(what.randomId)) {
      throw new Refusal(500, 'RANDOM_ID_DUPLICATE');
    }
    const message: Message = {
      uid: this.#nextUid++,
      from: from.id,
      to: to.id,
      date: now(),
      kind,
      text,
      entities,
      editDate: null,
      edits: [],
      randomId: what.randomId ?? null,
      replyTo: answered === undefined || answered.deleted || answered.peer !== to.id ? null : answered.message,
      reactions: new Map(),
      copies: new Map(),
    };
    const copy = from.box.receive(message, to.id);
    if (message.randomId !== null) from.sent.set(message.randomId, copy);
    const event = from.box.record({ kind: 'new', copy });
    this.#news.boxEvent(from, event, origin);
    if (to !== from) {
      const theirs = to.box.receive(message, from.id);
      this.#news.boxEvent(to, to.box.record({ kind: 'new', copy: theirs }), origin);
    }
    this.#news.touch();
    return { copy, event };
  }

  /** One message in a basic group: a copy and an event for everybody in it. Answers the author's copy. Throws Refusal. */
  writeToAll(from: Human, peer: bigint, members: readonly Human[], said: string): Copy {
    const { text, entities } = tidy(said, []);
    const message: Message = {
      uid: this.#nextUid++,
      from: from.id,
      to: peer,
      date: now(),
      kind: 'text',
      text,
      entities,
      editDate: null,
      edits: [],
      randomId: null,
      replyTo: null,
      reactions: new Map(),
      copies: new Map(),
    };
    const own = from.box.receive(message, peer);
    this.#news.boxEvent(from, from.box.record({ kind: 'new', copy: own }), null);
    for (const one of members) {
      if (one === from) continue;
      this.#news.boxEvent(one, one.box.record({ kind: 'new', copy: one.box.receive(message, peer) }), null);
    }
    this.#news.touch();
    return own;
  }

  /** Throws Refusal when it is not the author's, too old, or the same. Answers the author's own event. */
  edit(
    by: Human,
    id: number,
    what: { text: string; entities?: readonly Entity[] },
    origin: unknown = null,
  ): { copy: Copy; event: BoxEvent } {
    const copy = by.box.find(id);
    if (copy === undefined || copy.deleted) throw new Refusal(400, 'MESSAGE_ID_INVALID');
    const { message } = copy;
    if (message.from !== by.id) throw new Refusal(403, 'MESSAGE_AUTHOR_REQUIRED');
    if (now() - message.date > EDIT_LIMIT_SECONDS) throw new Refusal(400, 'MESSAGE_EDIT_TIME_EXPIRED');
    const { text, entities } = tidy(what.text, what.entities ?? []);
    if (text === message.text && JSON.stringify(entities) === JSON.stringify(message.entities)) {
      throw new Refusal(400, 'MESSAGE_NOT_MODIFIED');
    }
    message.edits.push(message.text);
    message.text = text;
    message.entities = entities;
    message.editDate = now();
    const event = by.box.record({ kind: 'edit', copy });
    this.#news.boxEvent(by, event, origin);
    for (const theirs of message.copies.values()) {
      const owner = this.#people.get(theirs.owner);
      if (owner === undefined || owner === by || theirs.deleted) continue;
      this.#news.boxEvent(owner, owner.box.record({ kind: 'edit', copy: theirs }), origin);
    }
    this.#news.touch();
    return { copy, event };
  }

  /** Ids that are not there, or no longer, count for nothing, as with the real service. */
  remove(by: Human, ids: readonly number[], revoke: boolean, origin: unknown = null): { pts: number; count: number } {
    const gone = new Map<Human, number[]>([[by, []]]);
    for (const id of ids) {
      const mine = by.box.find(id);
      if (mine === undefined) continue;
      for (const copy of revoke ? mine.message.copies.values() : [mine]) {
        const owner = this.#people.get(copy.owner);
        if (owner === undefined || copy.deleted) continue;
        copy.deleted = true;
        const list = gone.get(owner);
        if (list === undefined) gone.set(owner, [copy.id]);
        else list.push(copy.id);
      }
    }
    for (const [owner, list] of gone) {
      if (list.length === 0) continue;
      this.#news.boxEvent(owner, owner.box.record({ kind: 'delete', ids: list }, list.length), origin);
    }
    this.#news.touch();
    return { pts: by.box.pts, count: gone.get(by)?.length ?? 0 };
  }

  /** One reaction each; null takes it back. Both sides are told, without a number. Throws Refusal. */
  react(by: Human, id: number, emoji: string | null): void {
    const copy = by.box.find(id);
    if (copy === undefined || copy.deleted) throw new Refusal(400, 'MESSAGE_ID_INVALID');
    if (emoji === null) copy.message.reactions.delete(by.id);
    else copy.message.reactions.set(by.id, emoji);
    for (const one of copy.message.copies.values()) {
      const owner = this.#people.get(one.owner);
      if (owner !== undefined && !one.deleted) this.#news.passing(owner, { kind: 'reactions', copy: one });
    }
    this.#news.touch();
  }

  /** `by` has seen everything up to `maxId` (own numbering; 0 is all) of the chat with `peer`. */
  read(by: Human, peer: Human, maxId: number, origin: unknown = null): { pts: number; count: number } {
    const chat = by.box.chat(peer.id);
    const newest = chat.copies.findLast(
      (copy) => copy.message.from !== by.id && (maxId === 0 || copy.id <= maxId) && !copy.deleted,
    );
    if (newest === undefined || newest.id <= chat.readInbox) return { pts: by.box.pts, count: 0 };
    chat.readInbox = newest.id;
    const mine = { kind: 'read-inbox', peer: peer.id, maxId: newest.id, unread: by.box.unread(chat) } as const;
    const event = by.box.record(mine);
    this.#news.boxEvent(by, event, origin);
    const theirs = newest.message.copies.get(peer.id);
    const theirChat = peer.box.chat(by.id);
    if (theirs !== undefined && peer !== by && theirs.id > theirChat.readOutbox) {
      theirChat.readOutbox = theirs.id;
      const seen = peer.box.record({ kind: 'read-outbox', peer: by.id, maxId: theirs.id });
      this.#news.boxEvent(peer, seen, origin);
    }
    this.#news.touch();
    return { pts: event.pts, count: event.count };
  }

  typing(from: Human, to: Human, cancel: boolean): void {
    this.#news.passing(to, { kind: 'typing', from: from.id, cancel });
  }
}
