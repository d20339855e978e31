// The world as it is: people, groups, the clock, and how each is found by its addresses. Knows no nodes and tells nobody;
// whoever changes something calls `version.touch()`.

import { randomInt } from 'node:crypto';
import type { Addressing } from '../control-types.ts';
import { parseJid } from '../wire/jid.ts';
import { Clock } from './clock.ts';
import type { Device } from './device.ts';
import { Group } from './group.ts';
import { LID_SERVER, Person, PN_SERVER, type Picture } from './person.ts';
import { Version } from '../../version.ts';

const FIRST_LID = 100_000_000_000_001n;
const LID_STEP = 7_919n;
const FIRST_PHONE = 33_600_000_001n;

export const plainPhone = (phone: string): string => phone.replaceAll(/[\s()+-]/g, '');

export class World {
  readonly clock = new Clock();
  readonly version = new Version();
  /** By LID digits. */
  readonly people = new Map<string, Person>();
  readonly #byPhone = new Map<string, Person>();
  /** By their digits. */
  readonly groups = new Map<string, Group>();
  /** Every one that ever was, by id: an address that was given out leads to it as long as it is good. */
  readonly pictures = new Map<string, Picture>();
  #nextLid = FIRST_LID;
  #nextPhone = FIRST_PHONE;
  #nextPicture = 1_700_000_000;
  #nextGroup = 1;
  #nextStanza = 1;
  #nextVersion = 1;

  addPerson(name: string, phone?: string, lid?: string): Person {
    const number = plainPhone(phone ?? this.#freePhone());
    const digits = lid ?? String((this.#nextLid += LID_STEP));
    if (!/^\d{7,15}$/.test(number)) throw new Error(`"${number}" is no phone number`);
    if (!/^\d{5,20}$/.test(digits)) throw new Error(`"${digits}" is no LID`);
    if (this.#byPhone.has(number)) throw new Error(`the phone ${number} is taken`);
    if (this.people.has(digits)) throw new Error(`the LID ${digits} is taken`);
    const person = new Person(digits, number, name, this.clock.now(), randomInt(1, 2 ** 31));
    this.people.set(digits, person);
    this.#byPhone.set(number, person);
    this.version.touch();
    return person;
  }

  #freePhone(): string {
    while (this.#byPhone.has(String(this.#nextPhone))) this.#nextPhone++;
    return String(this.#nextPhone++);
  }

  /** The person keeps the LID and gets another number; the old one is free. */
  changePhone(person: Person, phone: string): void {
    const number = plainPhone(phone);
    if (!/^\d{7,15}$/.test(number)) throw new Error(`"${number}" is no phone number`);
    if (this.#byPhone.has(number)) throw new Error(`the phone ${number} is taken`);
    this.#byPhone.delete(person.phone);
    person.phone = number;
    this.#byPhone.set(number, person);
    this.version.touch();
  }

  byPhone(phone: string): Person | undefined {
    return this.#byPhone.get(plainPhone(phone));
  }

  /** Whom a direct address means, whichever of the two ways it has and whatever its device. */
  personAt(jid: string): Person | undefined {
    const address = parseJid(jid);
    if (address === undefined) return undefined;
    if (address.server === LID_SERVER) return this.people.get(address.user);
    if (address.server === PN_SERVER || address.server === 'c.us') return this.#byPhone.get(address.user);
    return undefined;
  }

  deviceAt(jid: string): Device | undefined {
    return this.personAt(jid)?.devices.get(parseJid(jid)?.device ?? 0);
  }

  /** In which of the two ways this address is written. */
  static wayOf(jid: string): Addressing {
    return parseJid(jid)?.server === LID_SERVER ? 'lid' : 'pn';
  }

  addGroup(creator: Person, subject: string, addressing: Addressing): Group {
    const id = `12036330000${String(this.#nextGroup++).padStart(7, '0')}`;
    const t = this.clock.seconds();
    const group = new Group(id, { addressing, creator, subject, t, version: this.newVersion() });
    this.groups.set(id, group);
    this.version.touch();
    return group;
  }

  groupAt(jid: string): Group | undefined {
    const address = parseJid(jid);
    return address?.server === 'g.us' ? this.groups.get(address.user) : undefined;
  }

  /** The groups of a community. */
  linkedTo(parent: Group): readonly Group[] {
    return [...this.groups.values()].filter((group) => group.parent === parent.jid);
  }

  newPicture(bytes: Uint8Array, preview?: Uint8Array): Picture {
    const picture = { id: String(this.#nextPicture++), bytes, ...(preview === undefined ? {} : { preview }) };
    this.pictures.set(picture.id, picture);
    return picture;
  }

  /** A name for what a group is like from now on; as the service makes them, they look like microseconds. */
  newVersion(): string {
    return String(1_700_000_000_000_000 + this.#nextVersion++);
  }

  /** An id for a stanza that the service itself makes. */
  stanzaId(): string {
    return String(1_000_000 + this.#nextStanza++);
  }

  /** Everyone who shares a chat with this person, and the person. */
  acquaintances(person: Person): Set<Person> {
    const found = new Set<Person>([person]);
    for (const lid of person.chats) {
      const other = this.people.get(lid);
      if (other !== undefined) found.add(other);
    }
    for (const other of this.people.values()) {
      if (other.contacts.has(person.lid)) found.add(other);
    }
    for (const group of this.groups.values()) {
      if (group.members.has(person)) for (const member of group.members.keys()) found.add(member);
    }
    return found;
  }
}
