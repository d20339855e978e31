// What lanes ask of whoever does their work, and what they need themselves; words only.
import type { LaneClaim, QueueEntry } from '../model/entry.ts';
import type { WorkerId } from '../model/ids.ts';
import type { Say } from '../model/say.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, Leases, Logger } from '../ports/stores.ts';

/** What became of one run of an entry. */
export type Ran =
  /** `end` = when that is written down, if it need not be waited for before the next one begins. */
  | { readonly do: 'settled'; readonly end?: Promise<void> }
  /**
   * Try again soon, not counted as an attempt: something else must finish first. The lane waits too, unless the entry
   * waits `beside` it and lets the ones behind it pass.
   */
  | { readonly do: 'wait'; readonly ms: number; readonly code: string; readonly beside?: boolean }
  | { readonly do: 'park'; readonly code: string; readonly say: Say }
  | { readonly do: 'reroute'; readonly owner: NonNullable<LaneClaim['owner']> | undefined };

/** It failed for good, nobody knows whether it did, it takes long, or it waits for its author. */
export type About = 'failed' | 'unsure' | 'slow' | 'waiting';

export interface LaneWork {
  /** Runs one entry; settles it itself. `behind` = what is known to follow it. @throws BridgeError or anything else for lanes to judge */
  run(claim: LaneClaim, entry: QueueEntry, behind: readonly QueueEntry[]): Promise<Ran>;
  /** It needs nothing of what the entry before it leaves behind, and may begin before that is written down. */
  isFree(entry: QueueEntry): boolean;
  /** Tells the author, in an idempotent way, what became of the entry. */
  tell(entry: QueueEntry, about: About, why: Say): Promise<void>;
  /** Epoch ms from which on the entry is not tried any more; undefined = never. */
  staleAt(entry: QueueEntry): number | undefined;
}

export interface LaneSettings {
  /** Lanes worked on at the same time in this process. */
  readonly concurrency: number;
  /** Entries taken with a lane. */
  readonly run: number;
  readonly slowMs: number;
  /** Idle wait between looks, in ms; work that is announced wakes at once. */
  readonly idleMs: number;
}

export interface LaneDoors {
  readonly queue: Queue;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Logger;
  readonly worker: WorkerId;
  readonly work: LaneWork;
}
