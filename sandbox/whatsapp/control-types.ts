// What the control API of the simulated WhatsApp speaks: JSON shapes and the type of every command. Types only, so that tests,
// the fault harness and the bench can import it without pulling the simulator in.
//
// People are named by their LID's digits, groups by their address (`…@g.us`), a chat by either; devices by their number, 0 is
// the phone. Times are milliseconds.

/** The two ways to address a person: by phone number or by LID. */
export type Addressing = 'pn' | 'lid';
export type GroupRole = 'member' | 'admin' | 'superadmin';
/** `restricted`: may write only to whom it has a chat with (463). `temp-banned`: 402 until it ends. `banned`: 403. */
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

export interface GroupInfo {
  /** The address, `…@g.us`. */
  readonly id: string;
  readonly subject: string;
  readonly description: string | null;
  readonly addressing: Addressing;
  readonly members: Readonly<Record<string, GroupRole>>;
  readonly requests: readonly string[];
  readonly announce: boolean;
  readonly locked: boolean;
  readonly anyoneAdds: boolean;
  readonly approval: boolean;
  readonly ephemeral: number;
  readonly invite: string;
  readonly pictureId: string | null;
}

export interface Preview {
  readonly url: string;
  readonly title: string;
  readonly description?: string;
}

export interface TextOptions {
  readonly replyTo?: string;
  /** People. */
  readonly mentions?: readonly string[];
  /** Everybody in the group; phones write `@all` for it. */
  readonly everyone?: boolean;
  readonly forwarded?: boolean;
  /** How often it was forwarded. Default 1. */
  readonly score?: number;
  /** Seconds until it disappears. */
  readonly expiration?: number;
  readonly preview?: Preview;
  readonly viewOnce?: boolean;
}

export type LoggedKind = 'text' | 'edit' | 'revoke' | 'reaction' | 'timer' | 'protocol' | 'other';

/** A message as one simulated device has it. */
export interface LoggedMessage {
  readonly id: string;
  /** The other person of a direct chat, or the group. */
  readonly chat: string;
  readonly from: string;
  readonly fromDevice: number;
  /** How the stanza named its author. */
  readonly addressing: Addressing;
  readonly at: number;
  readonly kind: LoggedKind;
  /** The text; of a reaction its emoji ('' takes it back); of `other` the name of the message's kind. */
  readonly text: string;
  /** What an edit, a revocation or a reaction is about. */
  readonly target: string | null;
  readonly quoted: string | null;
  /** Addresses. */
  readonly mentions: readonly string[];
  readonly everyone: boolean;
  readonly expiration: number;
  readonly forwarded: boolean;
  /** What its author's app found behind an address. */
  readonly preview: Preview | null;
  /** The stanza's `edit` attribute: 1, 7 or 8. */
  readonly edit: string | null;
  /** False: the device could not read it (yet). */
  readonly readable: boolean;
  readonly trouble: string | null;
}

export interface SeenReceipt {
  readonly id: string;
  /** `delivery`, `read`, `read-self`, `played`, `retry`, `inactive`, `sender`… */
  readonly type: string;
  readonly from: string;
  readonly participant: string | null;
}

export interface NodeRecord {
  /** `in`: from a client; `out`: to one. */
  readonly way: 'in' | 'out';
  /** `<person>:<device>`; null before a login. */
  readonly device: string | null;
  readonly kind: string;
  readonly attrs: Readonly<Record<string, string>>;
  /** As XML; bytes by their length. */
  readonly text: string;
  readonly at: number;
}

export interface UnknownRecord {
  readonly device: string | null;
  readonly kind: string;
  readonly text: string;
  readonly why: string;
}

export interface LoginRecord {
  readonly device: string | null;
  /** `ok`, or the reason of the failure. */
  readonly outcome: string;
  readonly at: number;
}

export interface SandboxOptions {
  /** How new groups name their members. */
  readonly groupAddressing: Addressing;
  /** A phone sends its keys and (empty) history to a companion that has just been linked. */
  readonly historySync: boolean;
  readonly newChatQuota: number;
  /** So many days without the phone end its companions. */
  readonly phoneLimitDays: number;
}

export interface SandboxStats {
  readonly people: number;
  readonly groups: number;
  readonly sessions: number;
  /** Clients that show a QR now. */
  readonly pairing: number;
  readonly rss: number;
}

/** Whom a fault is about; nothing is everybody. */
export interface FaultTarget {
  readonly person?: string;
  readonly device?: number;
}

/** The last words to a client before its connection ends; those of the real service. */
export type Dismissal =
  /** 515 */
  | 'restart'
  /** 401 */
  | 'removed'
  /** 440 */
  | 'replaced'
  | { readonly streamError: string }
  | { readonly failure: Readonly<Record<string, string>> };

type Nothing = Record<string, never>;
interface ByDevice {
  /** Of `by`; default 0, the phone. */
  readonly device?: number;
}

/** Command → what it takes and what it answers. `POST /<command>` with the body as JSON. */
export interface ControlCommands {
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

  createGroup: [{ by: string; subject: string; members: readonly string[]; addressing?: Addressing }, GroupInfo];
  createCommunity: [
    { by: string; subject: string; members: readonly string[]; addressing?: Addressing },
    { parent: GroupInfo; announcements: GroupInfo },
  ];
  linkGroup: [{ by: string; parent: string; group: string }, null];
  group: [{ group: string }, GroupInfo | null];
  groups: [{ of?: string }, GroupInfo[]];
  changeGroup: [
    {
      by: string;
      group: string;
      subject?: string;
      description?: string;
      announce?: boolean;
      locked?: boolean;
      anyoneAdds?: boolean;
      approval?: boolean;
      ephemeral?: number;
      picture?: NewPicture;
      newInvite?: boolean;
    },
    GroupInfo,
  ];
  members: [
    { by: string; group: string; change: 'add' | 'remove' | 'promote' | 'demote'; people: readonly string[] },
    Record<string, string>,
  ];
  leaveGroup: [{ by: string; group: string }, null];
  joinGroup: [{ by: string; code: string }, { group: string; asked: boolean }];
  answerRequests: [
    { by: string; group: string; answer: 'approve' | 'reject'; people: readonly string[] },
    Record<string, string>,
  ];

  write: [{ by: string; to: string; text: string; id?: string } & ByDevice & TextOptions, { id: string }];
  /** `sealed`: as phones have done it since 2026, with the message's secret. */
  edit: [
    { by: string; chat: string; id: string; text: string; editId?: string; sealed?: boolean } & ByDevice,
    { id: string },
  ];
  remove: [{ by: string; chat: string; id: string } & ByDevice, { id: string }];
  /** In the announcements of a community it is sealed with the message's secret. */
  react: [{ by: string; chat: string; id: string; emoji: string } & ByDevice, { id: string }];
  setTimer: [{ by: string; to: string; seconds: number } & ByDevice, { id: string }];
  /** Any message, as the JSON of its protobuf (bytes in base64). */
  send: [
    { by: string; to: string; message: object; id?: string; type?: string; edit?: string } & ByDevice,
    { id: string },
  ];
  /** A stanza without ciphertext: `view_once`, or any other type of `unavailable`. */
  sendUnavailable: [{ by: string; to: string; type?: string; id?: string } & ByDevice, { id: string }];
  /** What the people in `to` see for a day. */
  postStatus: [{ by: string; to: readonly string[]; text: string }, { id: string }];
  /** To each of these people alone, as a broadcast list (its digits) of `by`. */
  writeToList: [{ by: string; list: string; to: readonly string[]; text: string }, { id: string }];
  /** A channel that `to` follows posts something, in the open, as channels do. */
  postInChannel: [{ to: string; channel: string; text: string }, { id: string }];
  type: [{ by: string; to: string; state?: 'composing' | 'paused' | 'recording' } & ByDevice, null];
  /** Without ids: everything unread in the chat. */
  read: [{ by: string; chat: string; ids?: readonly string[] } & ByDevice, { read: number }];
  /** Changes a shared setting (mute, pin, archive…) on the phone; `value` is the JSON of a SyncActionValue. */
  changeSetting: [
    {
      by: string;
      collection: string;
      index: readonly string[];
      value: object;
      version?: number;
      remove?: boolean;
    },
    null,
  ];
  /** Says that the media host has a collection's snapshot there: who begins from nothing fetches it. */
  putSnapshot: [{ of: string; collection: string; directPath: string }, null];
  /** What the phone has of the shared settings, the changes of its companions included. */
  settings: [{ viewer: string; collection: string }, { index: readonly string[]; value: object }[]];
  setAvailable: [{ by: string; available: boolean }, null];
  call: [{ by: string; to: string; video?: boolean }, { call: string }];
  endCall: [{ by: string; to: string; call: string; reason?: 'timeout' | 'hangup' }, null];

  /** What a simulated device shows, oldest first, from the so many-th on. */
  messages: [{ viewer: string; device?: number; with?: string; from?: number }, LoggedMessage[]];
  receipts: [{ viewer: string; device?: number; id?: string }, SeenReceipt[]];
  chatStates: [{ viewer: string; device?: number }, { from: string; state: string }[]];
  calls: [{ viewer: string; device?: number }, string[]];
  /** The notifications a simulated device has had, as XML. */
  notices: [{ viewer: string; device?: number }, string[]];
  /** What waits for a device, as XML. */
  mailbox: [{ of: string; device: number }, string[]];

  /** Of a person or a group: the JPEG in base64. */
  picture: [{ of: string }, { id: string; jpeg: string } | null];
  /** What was asked of the web hosts. */
  webRequests: [Nothing, { host: string; path: string; status: number }[]];

  nodes: [{ person?: string; device?: number; kind?: string; way?: 'in' | 'out' }, NodeRecord[]];
  /** How many stanzas of each kind real clients have sent. */
  counts: [{ person?: string }, Record<string, number>];
  unknown: [Nothing, UnknownRecord[]];
  /** Messages for which a device of the chat had no ciphertext. */
  missed: [Nothing, { id: string; device: string }[]];
  logins: [{ person?: string }, LoginRecord[]];
  clearRecords: [Nothing, null];
  stats: [Nothing, SandboxStats];
  version: [Nothing, { version: number }];
  /** Answers when the world has changed after `version`, or after `timeout` (at most 30 s). */
  waitChange: [{ version: number; timeout: number }, { version: number }];
  options: [Partial<SandboxOptions>, SandboxOptions];

  /** What becomes of the next stanzas for a device; `kind` is the stanza's tag. */
  onDelivery: [
    FaultTarget & { how: 'hold' | 'drop' | 'twice' | 'swap' | 'delay'; kind?: string; ms?: number; times?: number },
    null,
  ];
  release: [FaultTarget, null];
  /** `what`: xmlns of an iq, or `message`, `receipt`. Not executed, but refused. */
  failNext: [FaultTarget & { what: string; code: number; text?: string; times?: number }, null];
  /** Executed, and the answer (the ack) is never sent; kill also cuts the connection. */
  loseReplies: [FaultTarget & { what: string; times?: number; kill?: boolean }, null];
  delayReplies: [FaultTarget & { what: string; ms: number; times?: number }, null];
  /** The next requests to the web hosts are answered so; 0: not at all. */
  failWeb: [{ status: number; times?: number }, null];
  /** The attributes of the `failure` that the next logins get: `{ reason: '405' }`. */
  failLogins: [FaultTarget & { attrs: Readonly<Record<string, string>>; times?: number }, null];
  dismiss: [FaultTarget & { how: Dismissal }, { dismissed: number }];
  killSockets: [FaultTarget, { killed: number }];
  refuseConnections: [{ ms: number }, null];
  /** The next messages of this device can be read by nobody. */
  damage: [{ by: string; device?: number; times?: number }, null];
  /** This device takes the next messages for unreadable, and asks for them again. */
  blind: [{ viewer: string; device?: number; times?: number }, null];
  setRetries: [{ by: string; device?: number; answer: boolean }, null];
  setConfirms: [{ by: string; device?: number; confirm: boolean }, null];
  /** This device forgets its Signal sessions with all devices of `with`: the next message begins a new one. */
  forgetSession: [{ by: string; device?: number; with: string }, null];
  /** Prekeys that the service still has of a device, from now on. */
  drainPrekeys: [{ of: string; device: number; left: number }, null];
  clearFaults: [Nothing, null];
}

export type ControlCommand = keyof ControlCommands;

/** The one line the process prints on its standard output when it is ready. */
export interface ReadyLine {
  readonly control: string;
  /** `ws://127.0.0.1:PORT/ws/chat` */
  readonly url: string;
  /** The public key that clients must trust for certificates, hex. */
  readonly rootKey: string;
  /** Where the service's web hosts (`pps.whatsapp.net`) are: `https://127.0.0.1:PORT`; connect here, under their names. */
  readonly web: string;
  /** PEM: the certificate that clients must trust for them. */
  readonly webCertificate: string;
}
