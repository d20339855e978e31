// The address book of an account's phone, as its person sees it and nobody else: what they call people. Of one login, sealed in its
// vault; what it says of who is who is believed for this login alone. Knows no wire and no rooms.
import type { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { ContactLine } from '../../ports/network.ts';
import type { VaultChange } from '../../ports/stores.ts';
import type { Setting } from './chat-marks.ts';
import { handlesOf, type Handles } from './jid.ts';

export interface Contact extends Handles {
  readonly name: string;
}

/** Somebody is called otherwise, or no longer anything. */
export interface Called {
  readonly handles: Handles;
  readonly name: string | undefined;
}

/** Of a contact's key in the vault. */
export const CONTACT = 'contact/';
const VERSION = 1;
const LONGEST_NAME = 200;

export class ContactBook {
  readonly #scope: string;
  /** By the name that the setting has. */
  #contacts: ReadonlyMap<string, Contact> = new Map();
  /** By LID and by number. */
  #index: ReadonlyMap<string, Contact> = new Map();

  /** @param kept the login's scope in the vault @throws Error when a value is of a later version */
  constructor(scope: string, kept: ReadonlyMap<string, Uint8Array>) {
    this.#scope = scope;
    const all = [...kept].filter(([key]) => key.startsWith(CONTACT));
    this.#put(new Map(all.map(([key, bytes]) => [key.slice(CONTACT.length), opened(bytes)])));
  }

  nameOf({ lid, pn }: Handles): string | undefined {
    return (this.#index.get(`lid:${lid}`) ?? this.#index.get(`pn:${pn}`))?.name;
  }

  /** Everybody, by name, for their person alone. */
  lines(): readonly ContactLine[] {
    const all = [...this.#contacts.values()].toSorted((a, b) => a.name.localeCompare(b.name));
    return all.map(({ name, pn }) => ({ name, ...(pn === undefined ? {} : { identifier: `+${pn}` }) }));
  }

  /** Whom the person means by a name, whatever its case and accents. */
  named(name: string): readonly Contact[] {
    const wanted = plain(name);
    return [...this.#contacts.values()].filter((one) => plain(one.name) === wanted);
  }

  /** @param whole the settings are all that there are. Until `written` is called, nothing has changed. */
  take(
    settings: readonly Setting[],
    whole: boolean,
  ): { readonly changes: readonly VaultChange[]; readonly called: readonly Called[]; readonly written: () => void } {
    const after = new Map(whole ? [] : this.#contacts);
    for (const setting of settings) {
      const [kind, key = ''] = setting.index;
      if (kind !== 'contact') continue;
      const contact = setting.removed ? undefined : contactIn(key, setting.value?.contactAction);
      if (contact === undefined) after.delete(key);
      else after.set(key, contact);
    }
    const changes: VaultChange[] = [];
    const called: Called[] = [];
    for (const key of new Set([...this.#contacts.keys(), ...after.keys()])) {
      const [was, is] = [this.#contacts.get(key), after.get(key)];
      if (was?.name === is?.name && was?.lid === is?.lid && was?.pn === is?.pn) continue;
      changes.push({ scope: this.#scope, key: `${CONTACT}${key}`, value: is === undefined ? null : packed(is) });
      const { lid, pn } = is ?? was ?? {};
      const handles = { ...(lid === undefined ? {} : { lid }), ...(pn === undefined ? {} : { pn }) };
      called.push({ handles, name: is?.name });
    }
    return { changes, called, written: () => this.#put(after) };
  }

  #put(contacts: ReadonlyMap<string, Contact>): void {
    this.#contacts = contacts;
    const index = new Map<string, Contact>();
    for (const contact of contacts.values()) {
      if (contact.lid !== undefined) index.set(`lid:${contact.lid}`, contact);
      if (contact.pn !== undefined) index.set(`pn:${contact.pn}`, contact);
    }
    this.#index = index;
  }
}

function contactIn(jid: string, action: proto.SyncActionValue.IContactAction | null | undefined): Contact | undefined {
  const handles = handlesOf(jid, jid.endsWith('lid') ? action?.pnJid : action?.lidJid);
  const name = (action?.fullName ?? action?.firstName ?? '').trim().slice(0, LONGEST_NAME).toWellFormed();
  return handles === undefined || name === '' ? undefined : { ...handles, name };
}

function plain(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').trim().toLowerCase();
}

function packed(contact: Contact): Uint8Array {
  return Buffer.from(JSON.stringify({ v: VERSION, ...contact }));
}

function opened(bytes: Uint8Array): Contact {
  const { v, ...contact } = JSON.parse(Buffer.from(bytes).toString()) as { v: number } & Contact;
  if (v !== VERSION) throw new Error('a contact of a later version');
  return contact;
}
