// The words of the control API of the simulated Telegram: what can be asked of it, and what it answers. It knows no
// protocol and no server. All 64-bit numbers (user ids, random ids, access hashes) are decimal strings; message ids,
// dates (unix seconds) and durations (milliseconds, unless the name says otherwise) are numbers.

export interface PersonSpec {
  readonly firstName: string;
  readonly lastName?: string;
  readonly username?: string;
  /** International, digits only; made up when absent. */
  readonly phone?: string;
  readonly id?: string;
  /** Home data centre; the first of the server's list when absent. */
  readonly dc?: number;
  /** Cloud password (two-step verification). */
  readonly password?: string;
  readonly passwordHint?: string;
  readonly photo?: boolean;
  readonly about?: string;
}

export interface Person {
  readonly id: string;
  readonly phone: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly username: string;
  readonly dc: number;
  readonly photoId: string | null;
}

/** A message entity as the wire names it, for example `{ type: 'messageEntityBold', offset: 0, length: 4 }` (UTF-16 units). */
export interface Entity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
}

/** One message as one of the two sides of a private chat numbers and sees it. */
export interface WorldMessage {
  /** The same on both sides; never on the wire. */
  readonly uid: number;
  /** The message id in the viewer's own numbering. */
  readonly id: number;
  /** The message id in the other side's numbering; null when that side has never had it. */
  readonly peerMessageId: number | null;
  readonly from: string;
  readonly to: string;
  readonly out: boolean;
  readonly text: string;
  readonly entities: readonly Entity[];
  readonly date: number;
  readonly editDate: number | null;
  /** Every earlier text, oldest first. */
  readonly edits: readonly string[];
  /** True when this viewer no longer has it. */
  readonly deleted: boolean;
  /** Null for what the control API wrote without one. */
  readonly randomId: string | null;
  /** Id, in the viewer's numbering, of the message this one answers. */
  readonly replyTo: number | null;
  /** Has the receiver read it. */
  readonly read: boolean;
}

/** What a message is besides its text; `call` and `joined` are service messages and have none. */
export type MessageKind =
  'text' | 'photo' | 'sticker' | 'voice' | 'file' | 'location' | 'contact' | 'call' | 'screenshot' | 'joined';

/** A basic group counts in everybody's own box; supergroups and channels count for themselves. In a channel nobody's name is shown. */
export type GroupKind = 'group' | 'supergroup' | 'channel';

export interface Group {
  /** One number for all chats, negative. */
  readonly id: string;
  readonly kind: GroupKind;
  readonly title: string;
  readonly members: readonly string[];
}

export interface WorldChat {
  readonly with: string;
  readonly messages: number;
  readonly unread: number;
  readonly topMessage: number;
}

export interface SessionInfo {
  /** Id of the authorisation key, hexadecimal. */
  readonly key: string;
  readonly dc: number;
  readonly layer: number;
  /** Live MTProto sessions (sockets) of this key. */
  readonly sockets: number;
  /** How many of them receive updates. */
  readonly receiving: number;
}

export interface SentCode {
  readonly phone: string;
  readonly code: string;
  readonly hash: string;
  readonly sentAt: number;
}

export interface CallRecord {
  readonly method: string;
  readonly account: string | null;
  readonly at: number;
  /** `ok`, `lost`, or the rpc error as `400 PEER_ID_INVALID`. */
  readonly outcome: string;
}

export interface SandboxOptions {
  /** What a repeated random_id answers: `error` 500 RANDOM_ID_DUPLICATE, or `replay` of the first answer with pts_count 0. */
  readonly dupMode: 'error' | 'replay';
  /** Form of a pushed message: `updateShortMessage`, a whole `updates`, or as the real one: whole the first time, then short. */
  readonly pushForm: 'short' | 'full' | 'mixed';
  /** Form of the answer to sendMessage: updateShortSentMessage or `updates` with updateMessageID. */
  readonly sentForm: 'short' | 'full';
  /** Events per getDifference answer; more gives a slice. */
  readonly differenceLimit: number;
  /** More missed events than this answers differenceTooLong. */
  readonly differenceTooLong: number;
  /** Send the login code as a message of the service account 777000 to sessions already open. */
  readonly codeInApp: boolean;
}

export interface SandboxStats {
  readonly people: number;
  readonly messages: number;
  readonly keys: number;
  readonly sockets: number;
  readonly handshakes: number;
  readonly calls: number;
  readonly pushes: number;
  readonly pushesDropped: number;
  readonly rss: number;
  /** Calls of methods that are not built here, by name. */
  readonly unknownMethods: Readonly<Record<string, number>>;
}

export type AccountState = 'ok' | 'banned' | 'deactivated';

/** Command → what it takes and what it answers. `POST /<command>` with the body as JSON. */
export interface ControlCommands {
  createPerson: [PersonSpec, Person];
  changePerson: [
    { id: string; firstName?: string; lastName?: string; username?: string; photo?: boolean; password?: string },
    Person,
  ];
  person: [{ id?: string; phone?: string; username?: string }, Person | null];
  addContact: [{ owner: string; person: string; firstName: string; lastName?: string }, null];
  sentCode: [{ phone: string }, SentCode | null];
  acceptLogin: [{ account: string; token: string }, null];
  /** A key with this account signed in, as a client would hold it after its login. `key` is base64. */
  createKey: [{ account: string }, { dc: number; address: string; key: string }];
  setAccountState: [{ account: string; state: AccountState }, null];

  write: [
    {
      from: string;
      to: string;
      text: string;
      kind?: MessageKind;
      entities?: readonly Entity[];
      replyTo?: number;
      randomId?: string;
    },
    WorldMessage,
  ];
  createGroup: [{ kind: GroupKind; title: string; members: readonly string[] }, Group];
  /** `from` is in the group. The id is that of the message, in a basic group in the author's numbering. */
  writeIn: [{ from: string; group: string; text: string }, { id: number }];
  edit: [{ by: string; id: number; text: string; entities?: readonly Entity[] }, WorldMessage];
  remove: [{ by: string; ids: readonly number[]; revoke: boolean }, { removed: number }];
  react: [{ by: string; id: number; emoji: string | null }, null];
  type: [{ from: string; to: string; action?: 'typing' | 'cancel' }, null];
  read: [{ by: string; with: string; maxId: number }, null];

  /** Only those after the viewer's message id `after`, if given. */
  messages: [{ viewer: string; with: string; after?: number }, WorldMessage[]];
  chats: [{ viewer: string }, WorldChat[]];
  sessions: [{ account: string }, SessionInfo[]];
  calls: [{ method?: string; account?: string }, CallRecord[]];
  clearCalls: [Record<string, never>, null];
  stats: [Record<string, never>, SandboxStats];
  version: [Record<string, never>, { version: number }];
  /** Answers when the world has changed after `version`, or after `timeout` (at most 30 s). */
  waitChange: [{ version: number; timeout: number }, { version: number }];

  options: [Partial<SandboxOptions>, SandboxOptions];
  dropPushes: [{ account: string; count: number | 'all' }, null];
  spoilPushes: [{ account: string; how: 'unknown' | 'twice'; count: number }, null];
  holdPackets: [{ account: string; hold: boolean }, null];
  delayAnswers: [{ ms: number; method?: string; account?: string; times?: number }, null];
  failNext: [{ code: number; message: string; method: string; account?: string; times?: number }, null];
  loseReplies: [{ method: string; account?: string; times?: number; kill?: boolean }, null];
  killSockets: [{ account?: string; forget?: boolean }, { killed: number }];
  revoke: [
    { account: string; error?: 'AUTH_KEY_UNREGISTERED' | 'SESSION_REVOKED'; kill?: boolean },
    { revoked: number },
  ];
  forgetKeys: [{ account: string }, { forgotten: number }];
  rotateSalts: [{ account?: string }, { rotated: number }];
  refuseConnections: [{ ms: number }, null];
  clearFaults: [Record<string, never>, null];
}

export type ControlCommand = keyof ControlCommands;

/** The one line the process prints on its standard output when it is ready. */
export interface ReadyLine {
  readonly control: string;
  /** Data centre → port on 127.0.0.1. */
  readonly dcs: Readonly<Record<string, number>>;
  /** The addresses that help.getConfig hands out (10.255.0.N), which nobody can dial, → data centre. */
  readonly addresses: Readonly<Record<string, number>>;
  readonly rsa: {
    /** Modulus, decimal. */
    readonly n: string;
    readonly e: number;
    /** PKCS#1 public key. */
    readonly pem: string;
    /** Signed 64-bit, decimal. */
    readonly fingerprint: string;
  };
}
