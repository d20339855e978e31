// One row of the durable queue and what may be done to it; knows no SQL and no wire.
import type {
  EffectId,
  EventId,
  LaneId,
  NetworkId,
  OwnerId,
  PersonId,
  PortalKey,
  PuppetId,
  RoomId,
  UserId,
} from './ids.ts';
import type { Delivery, Tone } from './delivery.ts';
import type { NetworkEvent } from './network-event.ts';
import type { MessageLink, ReactionLink } from './records.ts';
import type { Say } from './say.ts';
import type { Shown } from './shown.ts';

/** The version written into new entries; readers upcast older ones. */
export const ENTRY_VERSION = 1;

export type EntryPayload =
  /**
   * The event exactly as the homeserver sent it: a parser's fault loses nothing. `editedAt` (epoch ms, the homeserver's clock) = when
   * the edit was written whose words it was given while it was put aside.
   */
  | { readonly from: 'matrix'; readonly event: unknown; readonly editedAt?: number }
  | { readonly from: 'network'; readonly puppet: PuppetId; readonly event: NetworkEvent }
  | { readonly from: 'bridge'; readonly act: BridgeAct };

/** What the bridge does of its own accord, durably. */
export type BridgeAct =
  | {
      readonly kind: 'open-portal';
      readonly portal: PortalKey;
      readonly puppet: PuppetId;
      readonly for: UserId;
      readonly room?: RoomId;
    }
  /** Makes a group of a room and of those people in it; `for` asked for it. What is said in the room waits beside this lane. */
  | {
      readonly kind: 'make-group';
      readonly puppet: PuppetId;
      readonly for: UserId;
      readonly room: RoomId;
      readonly name: string;
      readonly people: readonly { readonly person: PersonId; readonly user: UserId }[];
    }
  /** Makes a group's room look as its network says the group is; `back` = who was sent out of the room and is still in the group. */
  | {
      readonly kind: 'mirror';
      readonly portal: PortalKey;
      readonly puppet: PuppetId;
      readonly back?: readonly PersonId[];
      /** How the group is stays out of it: that may just be changing by what people do in the room. */
      readonly only?: 'people';
    }
  /** Keeps a room that is new to a login's person as they keep the chat on their phone. */
  | { readonly kind: 'mark'; readonly portal: PortalKey; readonly puppet: PuppetId }
  /** A room that is the chat's no more leaves the spaces of its people, where `instead` takes its place. Keeps no chat waiting. */
  | { readonly kind: 'out-of-spaces'; readonly portal: PortalKey; readonly room: RoomId; readonly instead?: RoomId }
  /** Everything before it in its own lane is done: `lane`, which waits for that, goes on. */
  | { readonly kind: 'wake'; readonly lane: LaneId }
  /** `ends`: causes of codes that are worth nothing any more. */
  | {
      readonly kind: 'tell';
      readonly user: UserId;
      readonly say: Say;
      readonly show?: Shown;
      readonly ends?: readonly string[];
    }
  /** The bot says something in a room, once per entry key; `tone` as in Delivery. */
  | {
      readonly kind: 'say';
      readonly room: RoomId;
      readonly reader: UserId;
      readonly say: Say;
      readonly replyTo?: EventId;
      readonly tone?: Tone;
    };

export interface NewEntry {
  /** The canonical cause, unique for ever (in `seen`). */
  readonly key: string;
  readonly lane: LaneId;
  readonly owner?: OwnerId;
  readonly payload: EntryPayload;
  /** Found by the gap audit or released after parking: delivered marked with its original time. */
  readonly late?: boolean;
}

export interface QueueEntry extends NewEntry {
  readonly id: number;
  readonly v: number;
  readonly late: boolean;
  /** Epoch ms. */
  readonly receivedAt: number;
  /** Tries made before this one. */
  readonly attempts: number;
  /** The frozen plan, in part order; empty when the plan is made anew. */
  readonly parts: readonly FrozenPart[];
  /** The author has been told that it takes long. */
  readonly toldSlow: boolean;
}

export interface FrozenPart {
  readonly part: number;
  readonly delivery: Delivery;
  readonly state: 'owed' | 'done' | 'failed';
}

/** A lane held by a worker: every write about it carries the epoch. */
export interface LaneClaim {
  readonly lane: LaneId;
  readonly epoch: number;
  readonly owner?: OwnerId;
  readonly entries: readonly QueueEntry[];
}

/** What is kept when an entry, or a part of it, is done. */
export interface Outcome {
  readonly links?: readonly MessageLink[];
  readonly edited?: readonly { readonly effect: EffectId; readonly editedAt: number }[];
  readonly removed?: readonly EffectId[];
  readonly reactions?: readonly ReactionLink[];
  readonly unreacted?: readonly ReactionLink[];
}

/** An entry that is not settled, wherever it waits. */
export interface FoundEntry extends QueueEntry {
  readonly parked: boolean;
}

export interface ParkedEntry {
  readonly id: number;
  readonly key: string;
  readonly lane: LaneId;
  readonly reason: string;
  readonly say: Say;
  readonly receivedAt: number;
  readonly network?: NetworkId;
}
