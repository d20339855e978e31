// One device of a person as the service knows it: its public keys, the prekeys it left here, its ADV identity, and its
// mailbox. Whether a real client or a simulated one sits behind it is the mailbox's business. Knows no sockets, no secrets.

import type { Addressing } from '../control-types.ts';
import type { PreKeyBundle } from '../signal/identity.ts';
import type { Mailbox } from './mailbox.ts';
import type { Person } from './person.ts';

export interface PreKey {
  readonly id: number;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export interface SignedPreKey extends PreKey {
  readonly signature: Uint8Array;
}

export interface Keys {
  /** Public, 32 bytes. */
  readonly identity: Uint8Array;
  readonly registration: number;
  signed: SignedPreKey;
  /** Not handed out yet, oldest first. */
  readonly prekeys: PreKey[];
  /** Makes one more when there is none left: simulated devices never run out. */
  readonly more: (() => PreKey | undefined) | null;
}

export interface DeviceSpec {
  readonly id: number;
  readonly keyIndex: number;
  readonly simulated: boolean;
  readonly keys: Keys;
  /** The client's static Noise key; null for simulated devices, which have no connection. */
  readonly noise: Uint8Array | null;
  /** ADVSignedDeviceIdentity with both signatures; null for a phone. */
  readonly identity: Uint8Array | null;
  readonly platform: string;
}

export class Device {
  readonly person: Person;
  readonly id: number;
  readonly keyIndex: number;
  readonly simulated: boolean;
  readonly keys: Keys;
  readonly noise: Uint8Array | null;
  readonly identity: Uint8Array | null;
  readonly platform: string;
  readonly mailbox: Mailbox;
  /** It said that its person is there. */
  available = false;
  /** Clients are given a signed prekey of the service's own in this one's name. */
  forged = false;
  /** Whom this device subscribed to: LID digits or group ids. */
  readonly watching = new Set<string>();

  constructor(person: Person, spec: DeviceSpec, mailbox: Mailbox) {
    this.person = person;
    this.id = spec.id;
    this.keyIndex = spec.keyIndex;
    this.simulated = spec.simulated;
    this.keys = spec.keys;
    this.noise = spec.noise;
    this.identity = spec.identity;
    this.platform = spec.platform;
    this.mailbox = mailbox;
  }

  jid(way: Addressing): string {
    return this.person.deviceJid(way, this.id);
  }

  /** What a stranger needs to begin a session; takes one of the prekeys. */
  takeBundle(): PreKeyBundle {
    const { identity, registration, signed, prekeys, more } = this.keys;
    const preKey = prekeys.shift() ?? more?.();
    return {
      registrationId: registration,
      identityKey: identity,
      signedPreKey: signed,
      ...(preKey === undefined ? {} : { preKey }),
    };
  }

  /** `<LID digits>:<device>`: its name in the logs and keys of this simulator. */
  get name(): string {
    return `${this.person.lid}:${this.id}`;
  }
}
