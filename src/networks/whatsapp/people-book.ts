// Who is who: one person id for a LID and a phone number, whichever was seen first; knows neither rooms nor wire.
import type { PersonId } from '../../model/ids.ts';
import type { VaultChange } from '../../ports/stores.ts';
import type { Names } from './ids.ts';
import { overlap, type Handles } from './jid.ts';

/** Shared by all logins: a person in a group is one ghost, whoever sees them. */
export const PEOPLE_SCOPE = 'whatsapp:people';

interface Row {
  readonly person: PersonId;
  /** Epoch ms when the person's id was first given. */
  readonly at: number;
  /** Epoch ms when this name was last found to lead to them: of two numbers, the later one is theirs. */
  readonly since: number;
}

/** Two ids that turned out to be one person: `from` is used no more. */
export interface Merged {
  readonly from: PersonId;
  readonly to: PersonId;
}

/** Somebody who was known already has this number from now on; undefined: theirs is somebody else's now. */
export interface Numbered {
  readonly person: PersonId;
  readonly pn: string | undefined;
}

/**
 * Rules. Whoever comes with both names, or with a LID, is called by the LID; whoever comes by number only, by the sealed
 * number. An id once given stays: when the other name is learnt later it leads to the same id, so ghost and room are kept.
 * Were both seen apart before they were known to be one (rare: two rooms exist), the older id stays and the other leads to it
 * from then on, and the house joins their chats; what they said under the younger id is changed no more from over there.
 * A LID is an account, a number only its address: a number that comes with another account's LID has moved to that account.
 */
export class PeopleBook {
  readonly #names: Names;
  readonly #rows = new Map<string, Row>();
  readonly #handles = new Map<PersonId, Handles>();
  #changed = new Set<string>();
  #merged: Merged[] = [];
  #numbered: Numbered[] = [];

  /** @param kept all values of PEOPLE_SCOPE in the vault @throws Error when a value is not one of ours */
  constructor(names: Names, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#names = names;
    const rows = [...kept].map(([key, value]) => [key, rowOf(value)] as const);
    for (const [key, row] of rows.toSorted(([, a], [, b]) => a.since - b.since)) this.#put(key, row);
    this.#changed.clear();
  }

  /** The person with these names, named now if nobody was yet. @param now epoch ms @throws Error without any name */
  person(handles: Handles, now: number): PersonId {
    const { lid, pn } = handles;
    const [byLid, byNumber] = [this.#find({ lid }), this.#find({ pn })];
    if (lid === undefined) {
      if (pn === undefined) throw new Error('a person has a LID or a number');
      return byNumber?.person ?? this.#name({ pn }, { person: this.#names.byNumber(pn), at: now }, now);
    }
    const apart = byNumber !== undefined && this.#handles.get(byNumber.person)?.lid === undefined;
    if (byLid === undefined) {
      return this.#name(handles, apart ? byNumber : { person: this.#names.byLid(lid), at: now }, now);
    }
    if (pn === undefined) return byLid.person;
    return this.#name(handles, apart ? this.#merge(byLid, byNumber) : byLid, now);
  }

  /** Who already has one of these names; nobody is named for it. */
  known(handles: Handles): PersonId | undefined {
    return this.#find(handles)?.person;
  }

  /** A person told WhatsApp that they have a new number (or account): they stay who they were. @param now epoch ms */
  renamed(before: Handles, after: Handles, now: number): PersonId {
    const person = this.person(before, now);
    return this.#name(after, this.#find(before) ?? { person, at: now }, now);
  }

  /** Every name under which a person can be reached now; also of an id that nobody gave in this book's time. */
  handles(person: PersonId): Handles | undefined {
    return this.#handles.get(person) ?? this.#names.handlesIn(person);
  }

  /** Where the vault keeps what is known of these names. */
  keysOf({ lid, pn }: Handles): readonly string[] {
    return [
      ...(lid === undefined ? [] : [lidKey(lid)]),
      ...(pn === undefined ? [] : [`pn:${this.#names.byNumber(pn)}`]),
    ];
  }

  /** What another process wrote about a name: taken if it is newer, or of two people found to be one the older id. */
  absorb(key: string, value: Uint8Array): void {
    const [theirs, ours] = [rowOf(value), this.#rows.get(key)];
    const better =
      ours === undefined || theirs.since > ours.since || (theirs.since === ours.since && theirs.at < ours.at);
    if (!better || this.#changed.has(key)) return;
    this.#put(key, theirs);
    this.#changed.delete(key);
  }

  /** What changed since the last call, to be written with whatever was learnt it from. */
  drain(): readonly VaultChange[] {
    const changes = [...this.#changed].flatMap((key): VaultChange[] => {
      const row = this.#rows.get(key);
      return row === undefined ? [] : [{ scope: PEOPLE_SCOPE, key, value: pack(row) }];
    });
    this.#changed = new Set();
    return changes;
  }

  /** Pairs found to be one person since the last call. */
  drainMerged(): readonly Merged[] {
    const merged = this.#merged;
    this.#merged = [];
    return merged;
  }

  /** Numbers that were learnt, or are new, or went to somebody else, since the last call. */
  drainNumbered(): readonly Numbered[] {
    const numbered = this.#numbered;
    this.#numbered = [];
    return numbered;
  }

  #find({ lid, pn }: { readonly lid?: string | undefined; readonly pn?: string | undefined }): Row | undefined {
    const byLid = lid === undefined ? undefined : this.#rows.get(`lid:${lid}`);
    return byLid ?? (pn === undefined ? undefined : this.#rows.get(`pn:${this.#names.byNumber(pn)}`));
  }

  #merge(one: Row, other: Row): Row {
    const [to, from] = other.at < one.at ? [other, one] : [one, other];
    this.#merged.push({ from: from.person, to: to.person });
    this.#number(to.person, this.#handles.get(from.person)?.pn);
    for (const [key, row] of this.#rows) if (row.person === from.person) this.#put(key, { ...to, since: row.since });
    this.#handles.delete(from.person);
    return to;
  }

  #name({ lid, pn }: Handles, { person, at }: Omit<Row, 'since'>, since: number): PersonId {
    const former = pn === undefined ? undefined : this.#find({ pn })?.person;
    if (former !== undefined && former !== person && this.#handles.get(former)?.pn === pn)
      this.#numbered.push({ person: former, pn: undefined });
    this.#number(person, pn);
    if (lid !== undefined) this.#put(`lid:${lid}`, { person, at, since });
    if (pn !== undefined) this.#put(`pn:${this.#names.byNumber(pn)}`, { person, at, since });
    return person;
  }

  /** Of whoever is new all is asked when their chat begins. */
  #number(person: PersonId, pn: string | undefined): void {
    const known = this.#handles.get(person);
    if (known !== undefined && pn !== undefined && known.pn !== pn) this.#numbered.push({ person, pn });
  }

  #put(key: string, row: Row): void {
    const lid = key.startsWith('lid:') ? key.slice(4) : undefined;
    const handle: Handles | undefined = lid === undefined ? this.#names.handlesIn(key.slice(3) as PersonId) : { lid };
    if (handle === undefined) throw new Error('a people book of another key');
    const before = this.#rows.get(key);
    const now = this.#handles.get(row.person);
    if (before?.person === row.person && now !== undefined && overlap(now, handle)) return;
    if (before !== undefined) this.#lose(before.person, handle);
    this.#rows.set(key, row);
    this.#handles.set(row.person, { ...this.#handles.get(row.person), ...handle });
    this.#changed.add(key);
  }

  #lose(person: PersonId, handle: Handles): void {
    const { lid, pn } = this.#handles.get(person) ?? {};
    const left = {
      ...(lid === undefined || lid === handle.lid ? {} : { lid }),
      ...(pn === undefined || pn === handle.pn ? {} : { pn }),
    };
    this.#handles.set(person, left);
  }
}

function lidKey(lid: string): string {
  return `lid:${lid}`;
}

function pack(row: Row): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, ...row }));
}

function rowOf(value: Uint8Array): Row {
  const { v, person, at, since } = JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>;
  if (v !== 1 || typeof person !== 'string' || typeof at !== 'number' || typeof since !== 'number')
    throw new Error('not a row of the people book');
  return { person: person as PersonId, at, since };
}
