// What a homeserver is to the sandbox, the tests, the bench and the fault harness; it must not know which kind runs behind it.

/** `synapse` is the real thing from PyPI, `double` is our own stand-in with the same manners. */
export type HomeserverKind = 'synapse' | 'double';

/** A person's account with a first device, as a client would hold it after logging in. */
export interface Account {
  readonly userId: string;
  readonly accessToken: string;
  readonly deviceId: string;
}

export interface HomeserverOptions {
  readonly kind: HomeserverKind;
  /** Paths of appservice registration files (YAML or JSON), read at every start and restart. */
  readonly registrations: readonly string[];
  /** The default room version, '12' unless told. */
  readonly roomVersion?: '11' | '12';
  /** Folder for data and logs; made when missing, never removed. */
  readonly dir: string;
  /** Default `hs.test`. */
  readonly serverName?: string;
  /** A fixed port on 127.0.0.1; a free one by default. It stays the same over restarts. */
  readonly port?: number;
  /** What its operator has set beside the defaults. */
  readonly settings?: HomeserverSettings;
  /** Double only: run in a process of its own, so that its CPU is not the caller's. Synapse always does. */
  readonly ownProcess?: boolean;
  /** Sentences about slow steps (installing Synapse); silent by default. */
  readonly say?: (sentence: string) => void;
}

/** Settings of an operator that the bridge notices; all off by default. */
export interface HomeserverSettings {
  /** Every room that people or the bridge make is encrypted (Synapse: encryption_enabled_by_default_for_room_type). Synapse only. */
  readonly encryptByDefault?: boolean;
  /** Tchap's module of room access rules is loaded: a room made as direct holds two people and no third. Synapse only. */
  readonly accessRules?: boolean;
  /** Who is online is told: off unless asked for, and limited as by default. Synapse only. */
  readonly presence?: boolean;
}

export interface Homeserver {
  readonly kind: HomeserverKind;
  /** Client API base, `http://127.0.0.1:PORT`, no slash at the end. */
  readonly url: string;
  readonly serverName: string;
  /** The default room version in force. */
  readonly roomVersion: string;
  /** File that holds the homeserver's log. */
  readonly logFile: string;
  /** The process that serves it; undefined for a double inside the caller's process. */
  readonly pid: number | undefined;
  /** Make an account (shared-secret registration) and log its first device in. Throws when the name is taken. */
  registerUser(localpart: string, password: string, admin?: boolean): Promise<Account>;
  /** Another device of an existing account, by password. */
  login(localpart: string, password: string): Promise<Account>;
  /** Graceful end (SIGTERM); the data stays in `dir` (the double: in memory of its process). */
  stop(): Promise<void>;
  /** As `kill -9`: what was only in memory is gone, sockets die. */
  kill(): Promise<void>;
  /** Start again with the same data and port; after `stop` or `kill`, or by itself stops first. Changed settings stay. */
  restart(settings?: HomeserverSettings): Promise<void>;
  /** End for good and free everything (also the double's process and memory). */
  dispose(): Promise<void>;
  /** Fault injection; undefined on Synapse. */
  readonly faults: Faults | undefined;
}

/** One rule of fault injection; it applies to the next `times` requests that match. */
export interface FaultRule {
  /** HTTP method, any when left out. */
  readonly method?: string;
  /** Regular expression source, matched against path and query as received. */
  readonly path: string;
  /** How many requests it hits, 1 by default. */
  readonly times?: number;
  /** Matching requests let through before the first hit, 0 by default. */
  readonly after?: number;
  readonly act:
    | {
        readonly kind: 'answer';
        readonly status: number;
        readonly errcode?: string;
        readonly error?: string;
        readonly retryAfterMs?: number;
        /** Answer this text instead of Matrix JSON, as a proxy would. */
        readonly text?: string;
        /** Execute the request first and lie about the outcome. */
        readonly execute?: boolean;
      }
    /** Close the socket before executing. */
    | { readonly kind: 'drop-before' }
    /** Execute, then close the socket without an answer. */
    | { readonly kind: 'drop-after' }
    /** Wait before executing. */
    | { readonly kind: 'delay'; readonly ms: number };
}

/** What the pusher of one appservice is doing. */
export interface PusherState {
  readonly id: string;
  readonly state: 'up' | 'down';
  /** Events waiting in memory only (lost in a crash). */
  readonly queued: number;
  /** Transactions written down and not yet answered. */
  readonly transactions: number;
  /** Transactions answered with 200 since the beginning. */
  readonly delivered: number;
  readonly held: boolean;
}

/** The double's control panel; the same over HTTP (`/_control/...`) and in process. */
export interface Faults {
  add(rule: FaultRule): Promise<void>;
  /** Forget all rules, release what is held, end repetition. */
  clear(): Promise<void>;
  /** How often each pending or spent rule has hit, in the order they were added since the last clear. */
  hits(): Promise<readonly number[]>;
  /** Send each of the next `count` transactions once more, unchanged, after it was answered. */
  repeatTransactions(appservice: string, count: number): Promise<void>;
  /** Push an event again inside a new transaction. */
  resendEvent(appservice: string, eventId: string): Promise<void>;
  /** Keep transactions back (events wait in memory) until released. */
  hold(appservice: string, held: boolean): Promise<void>;
  pushers(): Promise<readonly PusherState[]>;
  /** Resolves when nothing is queued, in flight or written down for this appservice; rejects after `timeoutMs`. */
  drained(appservice: string, timeoutMs: number): Promise<void>;
}
