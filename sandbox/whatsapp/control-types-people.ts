// The people of the simulated WhatsApp and their devices as the control API speaks of them: types, and what can be done with them.

/** The two ways to address a person: by phone number or by LID. */
export type Addressing = 'pn' | 'lid';
/** `restricted`: may write only to whom it has a chat with (463). `temp-banned`: 402 until it ends. `banned`: 406. */
export type AccountState = 'ok' | 'restricted' | 'temp-banned' | 'banned';

export interface PersonSpec {
  /** The push name. */
  readonly name: string;
  /** Digits; a fresh one when absent. */
  readonly phone?: string;
  /** Digits; a fresh one when absent. */
  readonly lid?: string;
  readonly about?: string;
  /** Simulated companions besides the phone. Default 0. */
  readonly companions?: number;
  /** How this person's own devices address direct chats. Default `pn`. */
  readonly addressing?: Addressing;
  readonly picture?: NewPicture;
}

/** A JPEG in base64; true: some other one than before; false: none. */
export type NewPicture = boolean | string;

export interface DeviceInfo {
  readonly device: number;
  readonly simulated: boolean;
  /** Connected; a simulated one: not switched off. */
  readonly online: boolean;
  /** It has asked for its mail. */
  readonly active: boolean;
  /** Stanzas that wait for it, settled by nobody yet. */
  readonly waiting: number;
  readonly prekeys: number;
}

export interface Person {
  /** The LID's digits. */
  readonly id: string;
  readonly phone: string;
  readonly name: string;
  readonly about: string;
  /** `<phone>@s.whatsapp.net` */
  readonly pn: string;
  /** `<id>@lid` */
  readonly lid: string;
  readonly addressing: Addressing;
  readonly pictureId: string | null;
  readonly state: AccountState;
  readonly available: boolean;
  readonly phoneSeen: number;
  readonly devices: readonly DeviceInfo[];
}

type Nothing = Record<string, never>;

export interface PeopleCommands {
  createPerson: [PersonSpec, Person];
  person: [{ id?: string; phone?: string }, Person | null];
  people: [Nothing, Person[]];
  changePerson: [{ id: string; name?: string; about?: string; picture?: NewPicture; phone?: string }, Person];
  addCompanion: [{ id: string }, { device: number }];
  addContact: [{ owner: string; person: string; name: string }, null];
  block: [{ by: string; person: string; blocked: boolean }, null];
  setPrivacy: [{ id: string; name: string; value: string }, null];
  setAddressing: [{ id: string; addressing: Addressing }, null];
  setAccountState: [{ id: string; state: AccountState; code?: number; seconds?: number }, null];
  setOnline: [{ id: string; device?: number; online: boolean }, null];
  phoneAway: [{ id: string; days: number }, null];
  resetPhone: [{ id: string }, null];
  advance: [{ ms: number }, null];

  scanQr: [
    { by: string; qr: string; spoil?: 'account-signature' | 'hmac' },
    { device: number; pn: string; lid: string },
  ];
  typeCode: [{ by: string; code: string }, { device: number; pn: string; lid: string }];
  codesWanted: [Nothing, string[]];
  unlink: [{ by: string; device?: number }, { unlinked: number }];
  setAvailable: [{ by: string; available: boolean }, null];
}
