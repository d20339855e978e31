// The lanes in hand: the token of each claim, and what is known to follow in it without asking the database. Knows no statement.
import type { LaneClaim, QueueEntry } from '../model/entry.ts';
import type { LaneId } from '../model/ids.ts';
import type { FreshRow } from './accepted.ts';

interface Held {
  readonly epoch: number;
  /** The newest entry that we know; undefined when there may be others before the next one that we hear of. */
  last: number | undefined;
  next: QueueEntry[];
  /** Whoever waits for what comes next. */
  wake?: (() => void) | undefined;
}

export class HeldLanes {
  readonly #held = new Map<LaneId, Held>();

  ids(): readonly LaneId[] {
    return [...this.#held.keys()];
  }

  /** @param whole the claim's entries are all that the lane has */
  take(claim: LaneClaim, whole: boolean): void {
    this.#held.set(claim.lane, { epoch: claim.epoch, last: whole ? claim.entries.at(-1)?.id : undefined, next: [] });
  }

  /** Something came into the lane; it is kept for later if nothing can have come in between. */
  came(claim: LaneClaim, before: FreshRow['entry_before']): void {
    const held = this.#of(claim);
    if (held === undefined || held.last === undefined || held.last !== Number(before)) return;
    held.next.push(...claim.entries);
    held.last = claim.entries.at(-1)?.id;
    held.wake?.();
  }

  /** What follows `after`; undefined when only the database knows. */
  next(claim: LaneClaim, after: number): readonly QueueEntry[] | undefined {
    const held = this.#of(claim);
    if (held === undefined) return undefined;
    const next = held.next.filter(({ id }) => id > after);
    held.next = [];
    return next.length > 0 ? next : undefined;
  }

  /** What follows `after` as soon as it is known, unless `end` comes first. */
  async nextBefore(claim: LaneClaim, after: number, end: Promise<unknown>): Promise<readonly QueueEntry[] | undefined> {
    const known = this.next(claim, after);
    const held = this.#of(claim);
    if (known !== undefined || held === undefined) return known;
    const came = new Promise<void>((resolve) => {
      held.wake = resolve;
    });
    await Promise.race([came, end]);
    held.wake = undefined;
    return this.next(claim, after);
  }

  /** The database was asked what follows. @param whole these are all that it has */
  told(claim: LaneClaim, entries: readonly QueueEntry[], whole: boolean): void {
    const held = this.#of(claim);
    if (held === undefined) return;
    const newest = entries.at(-1)?.id;
    if (newest === undefined || (held.last !== undefined && held.last >= newest)) return;
    held.last = whole ? newest : undefined;
    held.next = [];
  }

  drop(claim: LaneClaim): void {
    if (this.#of(claim) !== undefined) this.#held.delete(claim.lane);
  }

  #of(claim: LaneClaim): Held | undefined {
    const held = this.#held.get(claim.lane);
    return held?.epoch === claim.epoch ? held : undefined;
  }
}
