// Works off the lanes: claims, runs one entry after the other, and is the only place that retries, parks or gives up; knows no wire.
import { BridgeError, FencedError } from '../model/errors.ts';
import type { LaneClaim, QueueEntry } from '../model/entry.ts';
import { say, type Say } from '../model/say.ts';
import type { WorkerId } from '../model/ids.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, Leases, Logger } from '../ports/stores.ts';

/** What became of one run of an entry. */
export type Ran =
  | { readonly do: 'settled' }
  /** Try again soon, not counted as an attempt: something else must finish first. */
  | { readonly do: 'wait'; readonly ms: number; readonly code: string }
  | { readonly do: 'park'; readonly code: string; readonly say: Say }
  | { readonly do: 'reroute'; readonly owner: NonNullable<LaneClaim['owner']> | undefined };

export interface LaneWork {
  /** Runs one entry; settles it itself. @throws BridgeError or anything else for lanes to judge */
  run(claim: LaneClaim, entry: QueueEntry): Promise<Ran>;
  /** Tells the author, in an idempotent way, that the entry failed for good or takes long. */
  tell(entry: QueueEntry, about: 'failed' | 'slow' | 'waiting', why: Say): Promise<void>;
  /** Is this error worth telling only once it takes long, or is the entry too old to go on? */
  tooOld(entry: QueueEntry): boolean;
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

const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 60_000;
/** Tries of an entry that fails by a bug of ours before it is parked for people to look at. */
const BUG_TRIES = 5;

export class Lanes {
  readonly #doors: LaneDoors;
  readonly #settings: LaneSettings;
  readonly #running = new Set<Promise<void>>();
  #stopping = false;
  #wake: () => void = () => undefined;
  #woken = false;
  #loop: Promise<void> | undefined;
  #forget: () => void = () => undefined;
  #settled = 0;

  constructor(doors: LaneDoors, settings: LaneSettings) {
    this.#doors = doors;
    this.#settings = settings;
  }

  /** Entries settled since the start, for metrics and health. */
  get settled(): number {
    return this.#settled;
  }

  start(): void {
    this.#forget = this.#doors.queue.onWork(() => this.#rouse());
    this.#loop = this.#turn();
  }

  /** Takes nothing new, finishes what is in hand, gives the rest back. */
  async drain(): Promise<void> {
    this.#stopping = true;
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
      const claims = free > 0 && this.#doors.leases.alive() ? await this.#claim(free) : [];
      for (const claim of claims) this.#begin(claim);
      if (claims.length === 0 || free <= claims.length) await this.#rest();
    }
  }

  async #claim(free: number): Promise<readonly LaneClaim[]> {
    try {
      return await this.#doors.queue.claim(this.#doors.worker, {
        lanes: Math.min(free, 16),
        entries: this.#settings.run,
      });
    } catch (error) {
      this.#doors.log.warn({ error }, 'the queue could not be read, will try again');
      await this.#doors.clock.sleep(FIRST_BACKOFF_MS);
      return [];
    }
  }

  #begin(claim: LaneClaim): void {
    const running = this.#runLane(claim)
      .catch(async (error: unknown) => {
        const level = error instanceof FencedError ? 'info' : 'warn';
        this.#doors.log[level]({ lane: claim.lane, error }, 'lane given up');
        await this.#giveUp(claim);
      })
      .finally(() => {
        this.#running.delete(running);
        this.#rouse();
      });
    this.#running.add(running);
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

  async #runLane(claim: LaneClaim): Promise<void> {
    let entries = claim.entries;
    while (entries.length > 0) {
      for (const entry of entries) {
        if (this.#stopping || !this.#doors.leases.alive()) {
          await this.#doors.queue.yieldLane(claim);
          return;
        }
        const goOn = await this.#runEntry(claim, entry);
        if (!goOn) return;
      }
      entries = await this.#doors.queue.more(claim, entries.at(-1)?.id ?? 0, this.#settings.run);
    }
    await this.#doors.queue.yieldLane(claim);
  }

  /** @returns whether the lane goes on with its next entry. */
  async #runEntry(claim: LaneClaim, entry: QueueEntry): Promise<boolean> {
    const began = this.#doors.clock.now();
    try {
      const ran = await this.#doors.work.run(claim, entry);
      return await this.#after(claim, entry, ran, began);
    } catch (error) {
      if (error instanceof FencedError) throw error;
      return await this.#failed(claim, entry, error);
    }
  }

  async #after(claim: LaneClaim, entry: QueueEntry, ran: Ran, began: number): Promise<boolean> {
    const { queue, log, clock } = this.#doors;
    switch (ran.do) {
      case 'settled':
        this.#settled += 1;
        log.debug(
          { lane: claim.lane, key: entry.key, attempt: entry.attempts + 1, ms: clock.now() - began },
          'settled',
        );
        return true;
      case 'wait':
        await queue.postpone(claim, entry, clock.now() + ran.ms, { tried: false, code: ran.code });
        return false;
      case 'reroute':
        await queue.reroute(claim, ran.owner);
        return false;
      case 'park':
        await queue.park(claim, entry, { code: ran.code, say: ran.say });
        log.warn({ lane: claim.lane, key: entry.key, code: ran.code }, 'parked');
        return true;
    }
  }

  async #failed(claim: LaneClaim, entry: QueueEntry, error: unknown): Promise<boolean> {
    const { queue, log, clock, work } = this.#doors;
    const known = error instanceof BridgeError;
    const human = known ? error.human : say('fault.internal');
    const code = known ? error.code : 'internal';
    log.warn({ lane: claim.lane, key: entry.key, attempt: entry.attempts + 1, code, error }, 'not done');
    const hopeless = known ? error.retry === 'never' : entry.attempts + 1 >= BUG_TRIES;
    if (hopeless || work.tooOld(entry)) {
      const why = hopeless ? human : say('fault.too-old', { id: entry.id });
      await work.tell(entry, 'failed', why);
      await queue.park(claim, entry, { code: hopeless ? code : 'too-old', say: why });
      return true;
    }
    let toldSlow = entry.toldSlow;
    if (known && error.retry === 'after-login' && !toldSlow) {
      await work.tell(entry, 'waiting', human);
      toldSlow = true;
    } else if (!toldSlow && clock.now() - entry.receivedAt > this.#settings.slowMs) {
      await work.tell(entry, 'slow', human);
      toldSlow = true;
    }
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(entry.attempts, 12));
    const wait = backoff * (0.75 + Math.random() / 2);
    const until = Math.max(known ? (error.notBefore ?? 0) : 0, clock.now() + wait);
    await queue.postpone(claim, entry, until, { tried: true, code, toldSlow });
    return false;
  }
}
