// What the control API of the simulated WhatsApp speaks: JSON shapes and the type of every command. Types only, so that tests,
// the fault harness and the bench can import it without pulling the simulator in.
//
// People are named by their LID's digits, groups by their address (`…@g.us`), a chat by either; devices by their number, 0 is
// the phone. Times are milliseconds.

import type { FaultCommands } from './control-types-faults.ts';
import type { Addressing, NewPicture, PeopleCommands } from './control-types-people.ts';

export type * from './control-types-faults.ts';
export type * from './control-types-people.ts';

export type GroupRole = 'member' | 'admin' | 'superadmin';

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

/** `ignored`: an edit or a deletion that phones leave out (`trouble` says why). */
export type LoggedKind = 'text' | 'edit' | 'revoke' | 'reaction' | 'timer' | 'protocol' | 'ignored' | 'other';

/** A message as one simulated device has it. */
export interface Invitation {
  readonly group: string;
  readonly name: string;
  readonly code: string;
  /** Seconds. */
  readonly expiration: number;
}

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
  /** Of what is quoted, what phones show above the answer. */
  readonly quotedText: string | null;
  /** Addresses. */
  readonly mentions: readonly string[];
  readonly everyone: boolean;
  readonly expiration: number;
  readonly forwarded: boolean;
  /** What its author's app found behind an address. */
  readonly preview: Preview | null;
  /** What an invitation into a group by message holds. */
  readonly invitation: Invitation | null;
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

type Nothing = Record<string, never>;
interface ByDevice {
  /** Of `by`; default 0, the phone. */
  readonly device?: number;
}

/** Command → what it takes and what it answers. `POST /<command>` with the body as JSON. */
export interface ControlCommands extends PeopleCommands, FaultCommands {
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
      /** Told in one stanza with `locked`. */
      announce?: boolean;
      locked?: boolean;
      anyoneAdds?: boolean;
      approval?: boolean;
      ephemeral?: number;
      picture?: NewPicture;
      newInvite?: boolean;
      /** By the service, as the next. */
      suspended?: boolean;
      linkShut?: boolean;
      /** Changes of these kinds, all in one stanza; nothing changes. */
      other?: readonly string[];
      /** The service takes it to the other way; nobody is told, each hears it from the next stanza. */
      addressing?: Addressing;
    },
    GroupInfo,
  ];
  members: [
    { by: string; group: string; change: 'add' | 'remove' | 'promote' | 'demote'; people: readonly string[] },
    Record<string, string>,
  ];
  leaveGroup: [{ by: string; group: string }, null];
  /** For everybody. */
  endGroup: [{ by: string; group: string }, null];
  /** By a message to somebody who does not let themselves be added. */
  inviteByMessage: [{ by: string; group: string; to: string }, { id: string }];
  /** What a message of this person holds. */
  acceptInvitation: [Pick<Invitation, 'group' | 'code' | 'expiration'> & { by: string; from: string }, null];
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
  call: [{ by: string; to: string; video?: boolean }, { call: string }];
  /** On the phone of whoever is called. */
  answerCall: [{ by: string; caller: string; call: string; how: 'accept' | 'reject' }, null];
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
