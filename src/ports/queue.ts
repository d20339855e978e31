// The door to the durable queue: one queue of entries in lanes; every write about a claimed lane is fenced by its epoch.
import type { Delivery } from '../model/delivery.ts';
import type {
  EntryPayload,
  FoundEntry,
  LaneClaim,
  NewEntry,
  Outcome,
  ParkedEntry,
  QueueEntry,
} from '../model/entry.ts';
import type { EventId, LaneId, MessageId, OwnerId, PuppetId, WorkerId } from '../model/ids.ts';
import type { Say } from '../model/say.ts';
import type { Fence } from './fence.ts';
import type { VaultChange } from './stores.ts';

export type { Fence } from './fence.ts';

export interface AcceptBatch {
  readonly entries: readonly NewEntry[];
  /** The homeserver's transaction id: a repeated one changes nothing and answers fresh = 0. */
  readonly receipt?: string;
  /** The network's cursor and keys, in the same commit. */
  readonly vault?: readonly VaultChange[];
  /** Required with network entries and vault changes. */
  readonly fence?: Fence;
}

export interface Accepted {
  readonly fresh: number;
  readonly seen: number;
  /** Lanes that got new entries. */
  readonly lanes: readonly LaneId[];
}

/** Whoever works lanes in this process: what is accepted into an empty lane goes into their hands at once. */
export interface Hands {
  readonly worker: WorkerId;
  /** How many lanes they could take now. */
  free(): number;
  take(claims: readonly LaneClaim[]): void;
}

export interface Queue {
  /** One SYNCHRONOUS commit; when it resolves we may acknowledge. @throws FencedError */
  accept(batch: AcceptBatch): Promise<Accepted>;
  /** Which of these keys were ever accepted (90 days). */
  seen(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Takes up to `lanes` free lanes that are due, with up to `entries` of their oldest entries each. Free = unclaimed, or
   * claimed by a worker whose heartbeat is dead. A lane with an owner is taken only by the holder of that owner's lease;
   * an `attempt:` owner without a live lease counts as none.
   */
  claim(worker: WorkerId, limits: { lanes: number; entries: number }): Promise<readonly LaneClaim[]>;
  /**
   * Further entries of a lane already held, after entry id `after`; `over` when its last entry was settled and the lane
   * given back. @throws FencedError
   */
  more(claim: LaneClaim, after: number, limit: number): Promise<readonly QueueEntry[] | 'over'>;
  /**
   * What is known to follow `after` in a lane in hand while the one before is still being settled, as soon as it is known;
   * empty when `end` comes first: `more` tells then. Never asks the database.
   * @param end must not reject
   */
  meanwhile(claim: LaneClaim, after: number, end: Promise<unknown>): Promise<readonly QueueEntry[]>;
  /**
   * The entry is done: row deleted, outcome kept. Batched with others; asynchronous commit. A lane in which nothing is left
   * is given back with it, whatever comes next belongs to a new claim. @throws FencedError
   */
  settle(claim: LaneClaim, entry: QueueEntry, outcome: Outcome): Promise<void>;
  /** Writes the whole plan down (synchronous commit) before the next try. @throws FencedError */
  freeze(claim: LaneClaim, entry: QueueEntry, parts: readonly Delivery[]): Promise<QueueEntry>;
  /** One frozen part is done or given up; its links are kept in the same (synchronous) commit. @throws FencedError */
  finishPart(
    claim: LaneClaim,
    entry: QueueEntry,
    part: number,
    state: 'done' | 'failed',
    outcome: Outcome,
  ): Promise<void>;
  /** Puts the lane to sleep until epoch ms `until` and gives it up. `tried` counts the attempt. @throws FencedError */
  postpone(
    claim: LaneClaim,
    entry: QueueEntry,
    until: number,
    note: { tried: boolean; code: string; toldSlow?: boolean },
  ): Promise<void>;
  /**
   * This login's line is open, or the homeserver answers: lanes that sleep because it was not so (`WAITS_FOR_LINE`,
   * `WAITS_FOR_HOMESERVER`) are due now. Or a lane that waits for another to get so far, whatever keeps it. @returns how many were woken
   */
  hasten(back: PuppetId | 'homeserver' | { readonly lane: LaneId }): Promise<number>;
  /** Takes the entry out of its lane for people to decide; the lane goes on. Synchronous. @throws FencedError */
  park(claim: LaneClaim, entry: QueueEntry, why: { code: string; say: Say }): Promise<void>;
  /** Moves the lane to another owner and gives it up. */
  reroute(claim: LaneClaim, owner: OwnerId | undefined): Promise<void>;
  /** Gives the lane up with whatever is still in it; one that is over already stays as it is. */
  yieldLane(claim: LaneClaim): Promise<void>;
  /** Entries not yet settled of one lane, oldest first, parked ones left out; `limit`: no more than so many of them. */
  unsettled(lane: LaneId, before?: number, limit?: number): Promise<readonly QueueEntry[]>;
  parked(limit: number): Promise<readonly ParkedEntry[]>;
  /** Parked entries of these lanes that name this message or event, oldest first. */
  parkedIn(lanes: readonly LaneId[], named: MessageId | EventId): Promise<readonly QueueEntry[]>;
  /** The entry of this key, if it is not settled yet: in its lane or parked. */
  find(key: string): Promise<FoundEntry | undefined>;
  /** A parked entry says something else from now on; a plan made of what it said before is forgotten. @returns false when it is not parked */
  rewrite(id: number, payload: EntryPayload): Promise<boolean>;
  /** Puts a parked entry back into its lane, marked late; it counts as tried, for it may have been. */
  release(id: number): Promise<boolean>;
  /** Deletes a parked entry (its key stays in `seen`). */
  discard(id: number): Promise<boolean>;
  depth(): Promise<{ readonly queued: number; readonly parked: number; readonly oldestMs: number }>;
  /**
   * Calls back when this or another process accepted something or a lane may be due; returns how to stop. `hands` may be
   * given lanes without having asked.
   */
  onWork(wake: () => void, hands?: Hands): () => void;
}
