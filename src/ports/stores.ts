// The doors to what is kept: one small interface per concern; knows no SQL.
import type {
  ChatId,
  EventId,
  EffectId,
  MessageId,
  NetworkId,
  OwnerId,
  PersonId,
  PortalKey,
  PuppetId,
  RoomId,
  UserId,
  WorkerId,
} from '../model/ids.ts';
import type {
  Ghost,
  MessageLink,
  Person,
  Portal,
  PortalState,
  Puppet,
  PuppetState,
  Wait,
  ReactionLink,
} from '../model/records.ts';
import type { Rule } from '../model/rules.ts';
import type { Language, Say } from '../model/say.ts';
import type { Fence } from './fence.ts';

/** Matrix people: language and management room. */
export interface PersonStore {
  find(user: UserId): Promise<Person | undefined>;
  byManagementRoom(room: RoomId): Promise<Person | undefined>;
  setLanguage(user: UserId, language: Language): Promise<void>;
  /** From now on this is the person's room; `language` is for somebody who was never met. */
  setRoom(user: UserId, room: RoomId, language: Language): Promise<void>;
  /** The person's room; where there is none, `make`'s: asked by one at a time, of all processes. `make` must not ask this store. */
  ensureRoom(user: UserId, language: Language, make: () => Promise<RoomId>): Promise<RoomId>;
  /** This room is nobody's any more. @returns whose it was */
  forgetRoom(room: RoomId): Promise<UserId | undefined>;
}

export interface PuppetStore {
  find(id: PuppetId): Promise<Puppet | undefined>;
  /** Of this person, on every network or on one. */
  ofOwner(owner: UserId, network?: NetworkId): Promise<readonly Puppet[]>;
  ofNetwork(network: NetworkId): Promise<readonly Puppet[]>;
  all(): Promise<readonly Puppet[]>;
  /** Logins whose remote account is this person (usually one; a rule may allow more). */
  ofAccount(network: NetworkId, self: PersonId): Promise<readonly Puppet[]>;
  /** What its person waits for stays as it is. */
  save(puppet: Puppet): Promise<void>;
  setState(id: PuppetId, state: PuppetState, why?: Say, waits?: readonly Wait[]): Promise<void>;
}

export interface GhostStore {
  find(network: NetworkId, person: PersonId): Promise<Ghost | undefined>;
  byUser(user: UserId): Promise<Ghost | undefined>;
  save(ghost: Ghost): Promise<void>;
}

/** What is named changes, whatever else of the portal others change meanwhile; `null` takes the room away. */
export type PortalChange = Partial<Omit<Portal, 'key' | 'room' | 'into'>> & { readonly room?: RoomId | null };

export interface PortalFilter {
  readonly network?: NetworkId;
  readonly state?: PortalState;
  readonly receiver?: PuppetId;
  readonly chat?: ChatId;
  /** They lead to this chat. */
  readonly into?: ChatId;
}

/** No door writes a whole portal over another: what one process read a while ago must not undo what another wrote. */
export interface PortalStore {
  byKey(key: PortalKey): Promise<Portal | undefined>;
  byRoom(room: RoomId): Promise<Portal | undefined>;
  /** Keeps a new one. @returns what is kept: the one that was there already, if it was */
  add(portal: Portal): Promise<Portal>;
  /**
   * @param whileIn only as long as this is its room. @param whileOf only as long as these are its facts
   * @returns the portal as it is now, undefined when nothing was changed
   */
  change(
    key: PortalKey,
    change: PortalChange,
    whileIn?: RoomId,
    whileOf?: readonly string[],
  ): Promise<Portal | undefined>;
  /**
   * Two chats are one: in ONE commit `from` leads to `to` from now on and, where `to` has no room, gives it its own with whatever
   * links to messages in it; the facts of `to` are those of both. Nothing is changed where both have a room, or where `to` itself
   * leads elsewhere; again, it changes nothing more. @returns `to` as it is now when `from` leads to it
   */
  join(from: PortalKey, to: PortalKey): Promise<Portal | undefined>;
  list(filter: PortalFilter): Promise<readonly Portal[]>;
  count(): Promise<number>;
  /** Called after each change, whichever process made it: undefined = any of them may have changed. @returns how to stop */
  onChange(changed: (key: string | undefined) => void): () => void;
}

export interface MessageLinkStore {
  /** Every remote message an event stands for, in part order (a long text is split into several). */
  byEvent(event: EventId): Promise<readonly MessageLink[]>;
  /** The same of several, in no order. */
  byEvents(events: readonly EventId[]): Promise<readonly MessageLink[]>;
  byMessage(portal: PortalKey, message: MessageId): Promise<readonly MessageLink[]>;
  byEffect(effect: EffectId): Promise<MessageLink | undefined>;
  /** Has any message of this chat passed through here, in this direction or either, as far as it is remembered? */
  anyIn(portal: PortalKey, direction?: MessageLink['direction']): Promise<boolean>;
  /** Newest link of a message id within the direct portals of one receiver. */
  byReceiver(network: NetworkId, receiver: PuppetId, message: MessageId): Promise<MessageLink | undefined>;
  reaction(portal: PortalKey, message: MessageId, person: PersonId): Promise<ReactionLink | undefined>;
  reactionByEvent(event: EventId): Promise<ReactionLink | undefined>;
}

export interface AuditLine {
  readonly at: number;
  readonly by: UserId | 'file' | 'bridge';
  readonly what: string;
}

export interface RuleStore {
  all(): Promise<readonly Rule[]>;
  put(rule: Rule): Promise<void>;
  /** With its line of the audit, in one commit. @returns false when there is no such rule or it comes from the file: then no line either */
  remove(id: string, line: AuditLine): Promise<boolean>;
  /** Replaces every rule whose source is the configuration file. */
  replaceFileRules(rules: readonly Rule[]): Promise<void>;
  audit(line: AuditLine): Promise<void>;
  audited(limit: number): Promise<readonly AuditLine[]>;
  /** Grows with every change, from any process. */
  version(): Promise<number>;
}

/** A value's place is (table, login or scope, key): it is part of what the seal authenticates. */
export type VaultChange =
  | { readonly scope: string; readonly key: string; readonly value: Uint8Array }
  | { readonly scope: string; readonly key: string; readonly value: null };

export interface Vault {
  read(scope: string, key: string): Promise<Uint8Array | undefined>;
  /** Every key of a scope with its opened value. */
  readAll(scope: string): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Atomic; synchronous commit. @throws FencedError when a fence is given and lost. */
  write(changes: readonly VaultChange[], fence?: Fence): Promise<void>;
  /**
   * What is at this place becomes what is made of it (null: nothing), by one at a time of all processes that do so; `change` must not
   * ask the database. @returns what is there then
   */
  update(
    scope: string,
    key: string,
    change: (before: Uint8Array | undefined) => Uint8Array | null,
  ): Promise<Uint8Array | undefined>;
  forget(scope: string): Promise<void>;
}

export interface Leases {
  /** Announces this worker (stable slot) and takes its own former leases over; keep calling beat(). @throws Error when the slot is alive elsewhere. */
  enlist(): Promise<WorkerId>;
  /** This worker. @throws Error before enlist() */
  self(): WorkerId;
  /** Renews heartbeat and held leases. @returns the fences still held. Stop using any that is missing. */
  beat(): Promise<readonly Fence[]>;
  /** Takes a lease if it is free, expired, or its holder's process is known dead; undefined when somebody else holds it. */
  acquire(owner: OwnerId): Promise<Fence | undefined>;
  release(fence: Fence): Promise<void>;
  /** Owners among these that nobody live holds. */
  free(owners: readonly OwnerId[]): Promise<readonly OwnerId[]>;
  /** Live workers, this one included, with how many leases each holds. */
  workers(): Promise<readonly { readonly worker: WorkerId; readonly leases: number }[]>;
  /** False as soon as this process, by its own monotonic clock, may have lost everything (SIGSTOP, stalled database). */
  alive(): boolean;
  holder(owner: OwnerId): Promise<WorkerId | undefined>;
  retire(): Promise<void>;
}

export interface Clock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Only allow-listed fields leave the process: see app/logger.ts. Never a body, a name or a phone number. */
export interface Logger {
  debug(facts: LogFacts, line: string): void;
  info(facts: LogFacts, line: string): void;
  warn(facts: LogFacts, line: string): void;
  error(facts: LogFacts, line: string): void;
}

export interface LogFacts {
  readonly lane?: string;
  readonly key?: string;
  readonly kind?: string;
  readonly code?: string;
  readonly network?: string;
  readonly puppet?: string;
  readonly attempt?: number;
  readonly ms?: number;
  readonly count?: number;
  readonly port?: number;
  readonly worker?: string;
  readonly room?: string;
  readonly event?: string;
  readonly status?: number;
  readonly state?: string;
  /** Host and port of a server that the operator set, as URL.host gives it. */
  readonly host?: string;
  /** Error whose class, code and stack (without message) are logged. */
  readonly error?: unknown;
}
