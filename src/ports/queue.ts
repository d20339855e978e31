// The door to the durable queue: one queue of entries in lanes; every write about a claimed lane is fenced by its epoch.
import type { Delivery } from '../model/delivery.ts';
import type { LaneClaim, NewEntry, Outcome, ParkedEntry, QueueEntry } from '../model/entry.ts';
import type { LaneId, OwnerId, WorkerId } from '../model/ids.ts';
import type { Say } from '../model/say.ts';
import type { VaultChange } from './stores.ts';

/** A lease as its holder knows it: a write with it succeeds only while worker and epoch are still in force. */
export interface Fence {
  readonly owner: OwnerId;
  readonly worker: WorkerId;
  readonly epoch: number;
}

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
  /** Further entries of a lane already held, after entry id `after`. @throws FencedError */
  more(claim: LaneClaim, after: number, limit: number): Promise<readonly QueueEntry[]>;
  /** The entry is done: row deleted, outcome kept. Batched with others; asynchronous commit. @throws FencedError */
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
  /** Takes the entry out of its lane for people to decide; the lane goes on. Synchronous. @throws FencedError */
  park(claim: LaneClaim, entry: QueueEntry, why: { code: string; say: Say }): Promise<void>;
  /** Moves the lane to another owner and gives it up. */
  reroute(claim: LaneClaim, owner: OwnerId | undefined): Promise<void>;
  /** Gives the lane up with whatever is still in it. */
  yieldLane(claim: LaneClaim): Promise<void>;
  /** Entries not yet settled of one lane, oldest first, parked ones left out. */
  unsettled(lane: LaneId, before?: number): Promise<readonly QueueEntry[]>;
  parked(limit: number): Promise<readonly ParkedEntry[]>;
  /** Puts a parked entry back into its lane, marked late. */
  release(id: number): Promise<boolean>;
  /** Deletes a parked entry (its key stays in `seen`). */
  discard(id: number): Promise<boolean>;
  depth(): Promise<{ readonly queued: number; readonly parked: number; readonly oldestMs: number }>;
  /** Calls back when this or another process accepted something or a lane may be due; returns how to stop. */
  onWork(wake: () => void): () => void;
  /** Deletes `seen` rows older than `days`. */
  prune(days: number): Promise<number>;
}
