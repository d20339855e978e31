// Works off the lanes: claims those that are due and lets each run to its end; knows no wire and no entry.
import type { LaneClaim } from '../model/entry.ts';
import { FencedError } from '../model/errors.ts';
import { LaneRun, type LaneHouse } from './lane-run.ts';
import type { LaneDoors, LaneSettings } from './lane-work.ts';

const FIRST_BACKOFF_MS = 200;
/** While the queue itself cannot be read: the longest wait between two looks, and the time between two lines of the log. */
const LONGEST_BLIND_MS = 5_000;
const BLIND_LINE_MS = 10_000;
/** Lanes taken in one look. */
const MOST_CLAIMED = 16;

export class Lanes {
  readonly #doors: LaneDoors;
  readonly #settings: LaneSettings;
  readonly #running = new Set<Promise<void>>();
  #stopping = false;
  /** The last look found as many lanes as could be taken: there may be more. */
  #hungry = false;
  #wake: () => void = () => undefined;
  #woken = false;
  #loop: Promise<void> | undefined;
  #forget: () => void = () => undefined;
  #settled = 0;
  /** Looks that failed in a row, and when the log last heard of one. */
  #blind = 0;
  #blindSaidAt = Number.NEGATIVE_INFINITY;
  readonly #draining = new AbortController();
  readonly #house: LaneHouse = {
    stopping: () => this.#stopping,
    settled: () => {
      this.#settled += 1;
    },
  };

  constructor(doors: LaneDoors, settings: LaneSettings) {
    this.#doors = doors;
    this.#settings = settings;
  }

  /** Entries settled since the start, for metrics and health. */
  get settled(): number {
    return this.#settled;
  }

  start(): void {
    const { queue, worker, leases } = this.#doors;
    this.#forget = queue.onWork(() => this.#rouse(), {
      worker,
      free: () => (leases.alive() ? this.#settings.concurrency - this.#running.size : 0),
      take: (claims) => {
        for (const claim of claims) this.#begin(claim);
      },
    });
    this.#loop = this.#turn();
  }

  /** Takes nothing new, finishes what is in hand, gives the rest back. */
  async drain(): Promise<void> {
    this.#stopping = true;
    this.#draining.abort();
    this.#forget();
    this.#rouse();
    await this.#loop;
    await Promise.all(this.#running);
  }

  #rouse(): void {
    this.#woken = true;
    this.#wake();
  }

  async #turn(): Promise<void> {
    while (!this.#stopping) {
      this.#woken = false;
      const free = this.#settings.concurrency - this.#running.size;
      const wanted = this.#doors.leases.alive() ? Math.min(free, MOST_CLAIMED) : 0;
      const claims = wanted > 0 ? await this.#claim(wanted) : [];
      for (const claim of claims) this.#begin(claim);
      this.#hungry = claims.length === wanted;
      // Fewer than wanted: nothing else is due until somebody says so. None wanted: without a live lease nothing may be taken.
      if (wanted === 0 || !this.#hungry || free <= claims.length) await this.#rest();
    }
  }

  async #claim(lanes: number): Promise<readonly LaneClaim[]> {
    const { queue, worker } = this.#doors;
    try {
      const claims = await queue.claim(worker, { lanes, entries: this.#settings.run });
      this.#blind = 0;
      return claims;
    } catch (error) {
      await this.#waitBlind(error);
      return [];
    }
  }

  /** The database is away: looked at ever more rarely, and said now and then. */
  async #waitBlind(error: unknown): Promise<void> {
    const { clock, log } = this.#doors;
    const now = clock.now();
    if (now - this.#blindSaidAt >= BLIND_LINE_MS) {
      this.#blindSaidAt = now;
      log.warn({ error, count: this.#blind + 1 }, 'the queue could not be read, will try again');
    }
    const wait = Math.min(LONGEST_BLIND_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#blind, 12));
    this.#blind += 1;
    // Being asked to stop ends the wait.
    await clock.sleep(wait, this.#draining.signal).catch(() => undefined);
  }

  #begin(claim: LaneClaim): void {
    const running = this.#endOf(claim).then((end) => {
      this.#running.delete(running);
      // A lane that is over leaves nothing behind; any other may be due again, or has made room for one that waits.
      if (end !== 'over' || this.#hungry) this.#rouse();
    });
    this.#running.add(running);
  }

  async #endOf(claim: LaneClaim): Promise<'over' | 'given-back'> {
    try {
      return await new LaneRun(this.#doors, this.#settings, this.#house, claim).toEnd();
    } catch (error) {
      const level = error instanceof FencedError ? 'info' : 'warn';
      this.#doors.log[level]({ lane: claim.lane, error }, 'lane given up');
      await this.#giveUp(claim);
      return 'given-back';
    }
  }

  /** Says so to the queue, so that the lane is claimed anew; if the database does not hear it, the queue knows at least. */
  async #giveUp(claim: LaneClaim): Promise<void> {
    try {
      await this.#doors.queue.yieldLane(claim);
    } catch (error) {
      this.#doors.log.info({ lane: claim.lane, error }, 'the queue was not told that a lane was given up');
    }
  }

  async #rest(): Promise<void> {
    if (this.#woken || this.#stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#settings.idleMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}
