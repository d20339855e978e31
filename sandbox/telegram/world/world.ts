// The world as it is: people, their private names for each other, their chats, who wrote what. Every change is told to
// one listener as events of the boxes it touched. Knows no TL, no sockets, no faults.

import { createHash, randomBytes } from 'node:crypto';
import type { AccountState, Entity, MessageKind, PersonSpec } from '../control-types.ts';
import { Box, type BoxEvent, type Copy, type Message } from './box.ts';
import { makePhoto, type Photo } from './photo.ts';
import { CloudPassword } from './srp.ts';
import { Refusal } from '../../refusal.ts';
import { Version } from '../../version.ts';

export interface Human {
  readonly id: bigint;
  readonly phone: string;
  firstName: string;
  lastName: string;
  username: string;
  about: string;
  readonly dc: number;
  password: CloudPassword | null;
  photo: Photo | null;
  state: AccountState;
  /** Whom this person saved, under which name. */
  readonly contacts: Map<bigint, { firstName: string; lastName: string }>;
  readonly box: Box;
  /** random_id → what it made. */
  readonly sent: Map<bigint, Copy>;
}

/** Something that moves no pts. */
export type Passing =
  | { readonly kind: 'reactions'; readonly copy: Copy }
  | { readonly kind: 'typing'; readonly from: bigint; readonly cancel: boolean }
  | { readonly kind: 'name' | 'photo'; readonly person: bigint };

export interface Listener {
  /** `origin` is whatever the caller gave as the doer: it need not be told. */
  boxEvent(owner: Human, event: BoxEvent, origin: unknown): void;
  passing(owner: Human, what: Passing): void;
}

/** Characters of one message; counted in UTF-16 units, the strictest reading of the documentation. */
export const MAX_TEXT = 4096;
const EDIT_LIMIT_SECONDS = 48 * 3600;
/** Beyond 32 bits, as ids of new accounts are. */
const FIRST_ID = 6_100_000_001n;

const now = (): number => Math.floor(Date.now() / 1000);

export const plainPhone = (phone: string): string => phone.replaceAll(/[\s()+-]/g, '');

function clip(entities: readonly Entity[], shift: number, length: number): Entity[] {
  return entities.flatMap((entity) => {
    const start = Math.max(0, entity.offset - shift);
    const end = Math.min(length, entity.offset - shift + entity.length);
    return end > start ? [{ ...entity, offset: start, length: end - start }] : [];
  });
}

/** As the service keeps a text: without white space around it, entities moved along. */
const NOTHING = { text: '', entities: [] } as const;

export function tidy(text: string, entities: readonly Entity[]): { text: string; entities: Entity[] } {
  const start = text.trimStart();
  const kept = start.trimEnd();
  if (kept === '') throw new Refusal(400, 'MESSAGE_EMPTY');
  if (kept.length > MAX_TEXT) throw new Refusal(400, 'MESSAGE_TOO_LONG');
  return { text: kept, entities: clip(entities, text.length - start.length, kept.length) };
}

export class World {
  readonly people = new Map<bigint, Human>();
  readonly #byPhone = new Map<string, Human>();
  readonly #byUsername = new Map<string, Human>();
  readonly #secret = randomBytes(16);
  readonly #homes: readonly number[];
  #listener: Listener = { boxEvent: () => undefined, passing: () => undefined };
  #nextId = FIRST_ID;
  #nextUid = 1;
  readonly #version = new Version();
  /** Moves with every change. */

  constructor(homes: readonly number[]) {
    this.#homes = homes;
  }

  listen(listener: Listener): void {
    this.#listener = listener;
  }

  get messageCount(): number {
    return this.#nextUid - 1;
  }

  get version(): number {
    return this.#version.current;
  }

  /** Something changed, here or around: whoever waits looks again. */
  touch(): void {
    this.#version.touch();
  }

  /** Resolves at the next change, or after `ms`. */
  changed(since: number, ms: number): Promise<void> {
    return this.#version.changed(since, ms);
  }

  create(spec: PersonSpec): Human {
    const id = spec.id === undefined ? this.#nextId++ : BigInt(spec.id);
    const phone = plainPhone(spec.phone ?? `33${(700_000_000n + (id % 100_000_000n)).toString()}`);
    const dc = spec.dc ?? this.#homes[0] ?? 4;
    if (this.people.has(id)) throw new Error(`there is a person ${id} already`);
    if (this.#byPhone.has(phone)) throw new Error(`the phone ${phone} is taken`);
    if (!/^\d{5,15}$/.test(phone)) throw new Error(`"${phone}" is no phone number`);
    if (!this.#homes.includes(dc)) throw new Error(`there is no data centre ${dc}`);
    const human: Human = {
      id,
      phone,
      firstName: spec.firstName,
      lastName: spec.lastName ?? '',
      username: '',
      about: spec.about ?? '',
      dc,
      password: spec.password === undefined ? null : new CloudPassword(spec.password, spec.passwordHint),
      photo: null,
      state: 'ok',
      contacts: new Map(),
      box: new Box(id),
      sent: new Map(),
    };
    this.#setUsername(human, spec.username ?? '');
    if (spec.photo === true) this.#newPhoto(human);
    this.people.set(id, human);
    this.#byPhone.set(phone, human);
    this.touch();
    return human;
  }

  #setUsername(human: Human, username: string): void {
    const wanted = username.toLowerCase();
    const holder = this.#byUsername.get(wanted);
    if (holder !== undefined && holder !== human) throw new Error(`the username ${username} is taken`);
    this.#byUsername.delete(human.username.toLowerCase());
    human.username = username;
    if (wanted !== '') this.#byUsername.set(wanted, human);
  }

  #newPhoto(human: Human): void {
    const id = randomBytes(8).readBigUInt64LE() >> 2n;
    human.photo = makePhoto(id, randomBytes(8).readBigInt64LE(), now(), `${human.id} ${id}`);
  }

  change(
    human: Human,
    to: { firstName?: string; lastName?: string; username?: string; photo?: boolean; password?: string },
  ): void {
    const before = `${human.firstName}\0${human.lastName}\0${human.username}`;
    if (to.firstName !== undefined) human.firstName = to.firstName;
    if (to.lastName !== undefined) human.lastName = to.lastName;
    if (to.username !== undefined) this.#setUsername(human, to.username);
    if (to.password !== undefined) human.password = to.password === '' ? null : new CloudPassword(to.password);
    const renamed = before !== `${human.firstName}\0${human.lastName}\0${human.username}`;
    if (to.photo === true) this.#newPhoto(human);
    else if (to.photo === false) human.photo = null;
    for (const peer of human.box.chats.keys()) {
      const other = this.people.get(peer);
      if (other === undefined) continue;
      if (renamed) this.#listener.passing(other, { kind: 'name', person: human.id });
      if (to.photo !== undefined) this.#listener.passing(other, { kind: 'photo', person: human.id });
    }
    this.touch();
  }

  byPhone(phone: string): Human | undefined {
    return this.#byPhone.get(plainPhone(phone));
  }

  byUsername(username: string): Human | undefined {
    return this.#byUsername.get(username.replace(/^@/, '').toLowerCase());
  }

  /** What `viewer` must show to be let near `target`: different for every pair, the same for ever. */
  accessHash(viewer: bigint, target: bigint): bigint {
    return createHash('sha256').update(this.#secret).update(`${viewer}|${target}`).digest().readBigInt64LE();
  }

  addContact(owner: Human, person: Human, firstName: string, lastName: string): void {
    owner.contacts.set(person.id, { firstName, lastName });
    this.touch();
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
    this.#listener.boxEvent(from, event, origin);
    if (to !== from) {
      const theirs = to.box.receive(message, from.id);
      this.#listener.boxEvent(to, to.box.record({ kind: 'new', copy: theirs }), origin);
    }
    this.touch();
    return { copy, event };
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
    this.#listener.boxEvent(by, event, origin);
    for (const theirs of message.copies.values()) {
      const owner = this.people.get(theirs.owner);
      if (owner === undefined || owner === by || theirs.deleted) continue;
      this.#listener.boxEvent(owner, owner.box.record({ kind: 'edit', copy: theirs }), origin);
    }
    this.touch();
    return { copy, event };
  }

  /** Ids that are not there, or no longer, count for nothing, as with the real service. */
  remove(by: Human, ids: readonly number[], revoke: boolean, origin: unknown = null): { pts: number; count: number } {
    const gone = new Map<Human, number[]>([[by, []]]);
    for (const id of ids) {
      const mine = by.box.find(id);
      if (mine === undefined) continue;
      for (const copy of revoke ? mine.message.copies.values() : [mine]) {
        const owner = this.people.get(copy.owner);
        if (owner === undefined || copy.deleted) continue;
        copy.deleted = true;
        const list = gone.get(owner);
        if (list === undefined) gone.set(owner, [copy.id]);
        else list.push(copy.id);
      }
    }
    for (const [owner, list] of gone) {
      if (list.length === 0) continue;
      this.#listener.boxEvent(owner, owner.box.record({ kind: 'delete', ids: list }, list.length), origin);
    }
    this.touch();
    return { pts: by.box.pts, count: gone.get(by)?.length ?? 0 };
  }

  /** One reaction each; null takes it back. Both sides are told, without a number. Throws Refusal. */
  react(by: Human, id: number, emoji: string | null): void {
    const copy = by.box.find(id);
    if (copy === undefined || copy.deleted) throw new Refusal(400, 'MESSAGE_ID_INVALID');
    if (emoji === null) copy.message.reactions.delete(by.id);
    else copy.message.reactions.set(by.id, emoji);
    for (const one of copy.message.copies.values()) {
      const owner = this.people.get(one.owner);
      if (owner !== undefined && !one.deleted) this.#listener.passing(owner, { kind: 'reactions', copy: one });
    }
    this.touch();
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
    this.#listener.boxEvent(by, event, origin);
    const theirs = newest.message.copies.get(peer.id);
    const theirChat = peer.box.chat(by.id);
    if (theirs !== undefined && peer !== by && theirs.id > theirChat.readOutbox) {
      theirChat.readOutbox = theirs.id;
      const seen = peer.box.record({ kind: 'read-outbox', peer: by.id, maxId: theirs.id });
      this.#listener.boxEvent(peer, seen, origin);
    }
    this.touch();
    return { pts: event.pts, count: event.count };
  }

  typing(from: Human, to: Human, cancel: boolean): void {
    this.#listener.passing(to, { kind: 'typing', from: from.id, cancel });
  }
}
