// The people of the world: who they are, how they are found, their private names for each other. Knows no messages.

import { createHash, randomBytes } from 'node:crypto';
import type { AccountState, PersonSpec } from '../control-types.ts';
import { Box, type Copy } from './box.ts';
import type { News } from './news.ts';
import { makePhoto, type Photo } from './photo.ts';
import { CloudPassword } from './srp.ts';

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

/** Beyond 32 bits, as ids of new accounts are. */
const FIRST_ID = 6_100_000_001n;

export const plainPhone = (phone: string): string => phone.replaceAll(/[\s()+-]/g, '');

export class People {
  readonly #all = new Map<bigint, Human>();
  readonly #byPhone = new Map<string, Human>();
  readonly #byUsername = new Map<string, Human>();
  readonly #secret = randomBytes(16);
  readonly #homes: readonly number[];
  readonly #news: News;
  #nextId = FIRST_ID;

  constructor(homes: readonly number[], news: News) {
    this.#homes = homes;
    this.#news = news;
  }

  get size(): number {
    return this.#all.size;
  }

  values(): Iterable<Human> {
    return this.#all.values();
  }

  get(id: bigint): Human | undefined {
    return this.#all.get(id);
  }

  create(spec: PersonSpec): Human {
    const id = spec.id === undefined ? this.#nextId++ : BigInt(spec.id);
    const phone = plainPhone(spec.phone ?? `33${(700_000_000n + (id % 100_000_000n)).toString()}`);
    const dc = spec.dc ?? this.#homes[0] ?? 4;
    if (this.#all.has(id)) throw new Error(`there is a person ${id} already`);
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
    this.#all.set(id, human);
    this.#byPhone.set(phone, human);
    this.#news.touch();
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
    human.photo = makePhoto(id, randomBytes(8).readBigInt64LE(), Math.floor(Date.now() / 1000), `${human.id} ${id}`);
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
      const other = this.#all.get(peer);
      if (other === undefined) continue;
      if (renamed) this.#news.passing(other, { kind: 'name', person: human.id });
      if (to.photo !== undefined) this.#news.passing(other, { kind: 'photo', person: human.id });
    }
    this.#news.touch();
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
    this.#news.touch();
  }
}
