// A person with a number: the two addresses people have (phone number and LID), the profile, the privacy, the devices, whom
// they know and whom they block. Knows no nodes, no sockets, no Signal.

import type { AccountState, Addressing } from '../control-types.ts';
import { AppState } from './app-state.ts';
import type { Device } from './device.ts';

export const PN_SERVER = 's.whatsapp.net';
export const LID_SERVER = 'lid';

/** How many companions one phone may link. */
export const MAX_COMPANIONS = 4;

export interface Picture {
  /** Decimal; grows with every change, as the clients tell a new one by it. */
  readonly id: string;
  /** JPEG */
  readonly bytes: Uint8Array;
  /** The smaller one, where the client sent one of its own. */
  readonly preview?: Uint8Array;
}

/** The categories of the privacy settings with the value of a new account. */
const PRIVACY: Readonly<Record<string, string>> = {
  readreceipts: 'all',
  last: 'contacts',
  online: 'all',
  profile: 'all',
  status: 'all',
  groupadd: 'all',
  calladd: 'all',
  messages: 'all',
  defense: 'off',
};

export class Person {
  /** The LID's digits: the one name that survives a changed number. */
  readonly lid: string;
  phone: string;
  /** The push name: what strangers see. */
  name: string;
  about: string;
  picture: Picture | null = null;
  state: AccountState = 'ok';
  /** When a temporary ban ends, and its code. */
  ban: { readonly code: number; readonly until: number } | null = null;
  /** How this person's own devices address direct chats. */
  addressing: Addressing;
  readonly devices = new Map<number, Device>();
  /** Whom this person saved, under which name. */
  readonly contacts = new Map<string, string>();
  readonly blocked = new Set<string>();
  readonly privacy = new Map<string, string>(Object.entries(PRIVACY));
  /** Whoever gave this person a trusted-contact token: LID digits → token and when (seconds). */
  readonly tokens = new Map<string, { readonly token: Uint8Array; readonly t: number }>();
  /** With whom there has been a message in a direct chat (LID digits): a restricted account may write only to these. */
  readonly chats = new Set<string>();
  disappearing = 0;
  /** Direct chats begun by this person. */
  newChats = 0;
  readonly appState = new AppState();
  available = false;
  /** Milliseconds of the world's clock. */
  lastSeen = 0;
  phoneSeen: number;
  nextDevice = 1;
  nextKeyIndex = 1;
  /** Which account this is in the eyes of the ADV signatures; a new one whenever the phone registers anew. */
  readonly rawId: number;

  constructor(lid: string, phone: string, name: string, now: number, rawId: number) {
    this.lid = lid;
    this.phone = phone;
    this.name = name;
    this.about = '';
    this.addressing = 'pn';
    this.phoneSeen = now;
    this.rawId = rawId;
  }

  /** The address without a device, in one of the two ways. */
  jid(way: Addressing): string {
    return way === 'lid' ? `${this.lid}@${LID_SERVER}` : `${this.phone}@${PN_SERVER}`;
  }

  /** The address of one device; the phone (0) goes without its number. */
  deviceJid(way: Addressing, device: number): string {
    const user = way === 'lid' ? this.lid : this.phone;
    return `${user}${device === 0 ? '' : `:${device}`}@${way === 'lid' ? LID_SERVER : PN_SERVER}`;
  }

  get phoneDevice(): Device {
    const phone = this.devices.get(0);
    if (phone === undefined) throw new Error(`${this.lid} has no phone`);
    return phone;
  }

  get companions(): Device[] {
    return [...this.devices.values()].filter((device) => device.id !== 0);
  }
}

/** By the privacy of whose picture it is. */
export function maySeePicture(of: Person, viewer: Person): boolean {
  const setting = of.privacy.get('profile');
  if (of === viewer) return true;
  return setting !== 'none' && (setting !== 'contacts' || of.contacts.has(viewer.lid));
}
