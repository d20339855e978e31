// What the store keeps about people, rooms and messages; knows no SQL.
import type { ChatSnapshot } from './chat.ts';
import type {
  ChatId,
  EffectId,
  EventId,
  MessageId,
  NetworkId,
  PersonId,
  PortalKey,
  PuppetId,
  RoomId,
  UserId,
} from './ids.ts';
import type { Language, Say } from './say.ts';

/**
 * online/offline follow the wire; stopped: the network ended the line and it is not opened again before the cause is gone;
 * signed-out needs the person; paused is a rule's or an administrator's doing.
 */
export type PuppetState = 'online' | 'offline' | 'stopped' | 'signed-out' | 'paused';

/** What a login's person was told to wait for, until they are told that it is over. */
export interface Wait {
  /** Of an open line that may not do everything, or of one that stays closed. */
  readonly state: 'online' | 'stopped';
  readonly why: Say;
  /** Epoch ms from which it is over by the clock, where that is known. */
  readonly until?: number;
  /** Epoch ms when it was told first. */
  readonly since: number;
}

export interface Puppet {
  readonly id: PuppetId;
  readonly network: NetworkId;
  readonly owner: UserId;
  /** The remote account's own person id. */
  readonly self: PersonId;
  /** Shown to its owner only. */
  readonly name: string;
  readonly state: PuppetState;
  readonly why?: Say;
  readonly waits?: readonly Wait[];
}

export interface Ghost {
  readonly network: NetworkId;
  readonly person: PersonId;
  readonly user: UserId;
  readonly name?: string;
  readonly avatarHash?: string;
  /** Epoch ms of the last profile change pushed to the homeserver. */
  readonly profiledAt?: number;
  /** The homeserver knows the account and its device. */
  readonly registered: boolean;
}

export type PortalState = 'open' | 'read-only' | 'closed';

export interface Portal {
  readonly key: PortalKey;
  readonly room?: RoomId;
  readonly kind: ChatSnapshot['kind'];
  readonly name?: string;
  /** The other person of a direct chat. */
  readonly person?: PersonId;
  readonly state: PortalState;
  /** The login that brings a shared chat's events. */
  readonly reader?: PuppetId;
  /** The homeserver forced encryption on this room. */
  readonly encrypted: boolean;
  /** What rules match this chat on, as its network described it (`direct:1`, `username:alice`). */
  readonly facts: readonly string[];
  /** Its person left the room: the next message invites them again. */
  readonly away: boolean;
  /** The chat that this one turned out to be: whatever comes for this one goes there. */
  readonly into?: ChatId;
}

/** Older than every version of a message. */
export const PLACEHOLDER = 0;

/** One Matrix event that stands for one part of one remote message. */
export interface MessageLink {
  readonly portal: PortalKey;
  readonly message: MessageId;
  readonly part: number;
  readonly event: EventId;
  readonly room: RoomId;
  readonly effect: EffectId;
  readonly direction: 'to-matrix' | 'to-network';
  /** The author: remote person, or Matrix user for to-network. */
  readonly sender: string;
  readonly at: number;
  /** Newest edit applied, epoch ms, or `FIRST_VERSION`; `PLACEHOLDER` while the message itself has not been shown; see versions.ts. */
  readonly editedAt?: number;
  readonly removed?: boolean;
}

/** A Matrix person as the bridge knows them. */
export interface Person {
  readonly user: UserId;
  readonly language: Language;
  readonly managementRoom?: RoomId;
}

/** A reaction event on Matrix that stands for a remote person's reaction. */
export interface ReactionLink {
  readonly portal: PortalKey;
  readonly message: MessageId;
  readonly person: PersonId;
  readonly event: EventId;
  readonly emoji: string;
}
