// One lane from its claim to its end: one entry after the other, and the only place that retries, parks or gives up; knows no wire.
import type { LaneClaim, QueueEntry } from '../model/entry.ts';
import { BridgeError, FencedError } from '../model/errors.ts';
import { say } from '../model/say.ts';
import type { LaneDoors, LaneSettings, Ran } from './lane-work.ts';

const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 60_000;
/** Tries of an entry that fails by a bug of ours before it is parked for people to look at. */
const BUG_TRIES = 5;

/** The lane goes on, has been given up, or goes on while this entry waits beside it. */
type Next = 'on' | 'stop' | { readonly until: number; readonly code: string };

/** An entry that is done, and is being written down while the next one runs; what went wrong with that, if anything did. */
interface Settling {
  readonly entry: QueueEntry;
  readonly end: Promise<{ readonly error: unknown } | undefined>;
}

export interface LaneHouse {
  /** Nothing new may be begun. */
  stopping(): boolean;
  /** An entry is done and written down. */
  settled(): void;
}

export class LaneRun {
  readonly #doors: LaneDoors;
  readonly #settings: LaneSettings;
  readonly #house: LaneHouse;
  readonly #claim: LaneClaim;
  #settling: Settling | undefined;

  constructor(doors: LaneDoors, settings: LaneSettings, house: LaneHouse, claim: LaneClaim) {
    this.#doors = doors;
    this.#settings = settings;
    this.#house = house;
    this.#claim = claim;
  }

  /** @throws FencedError when the lane is no longer ours, and whatever the queue throws */
  async toEnd(): Promise<'over' | 'given-back'> {
    const { queue, clock } = this.#doors;
    const claim = this.#claim;
    let { entries } = claim;
    let beside: { readonly entry: QueueEntry; readonly until: number; readonly code: string } | undefined;
    // Whoever waits beside a busy lane has its turn all the same.
    while (entries.length > 0 && (beside === undefined || beside.until > clock.now())) {
      for (const [index, entry] of entries.entries()) {
        if (this.#house.stopping() || !this.#doors.leases.alive()) {
          if (await this.#writtenDown()) await queue.yieldLane(claim);
          return 'given-back';
        }
        const next = await this.#runEntry(entry, entries.slice(index + 1));
        if (next === 'stop') return 'given-back';
        if (next !== 'on') beside ??= { entry, ...next };
      }
      const last = entries.at(-1)?.id ?? 0;
      entries = this.#settling === undefined ? [] : await queue.meanwhile(claim, last, this.#settling.end);
      if (entries.length > 0) continue;
      if (!(await this.#writtenDown())) return 'given-back';
      const more = await queue.more(claim, last, this.#settings.run);
      if (more === 'over') return 'over';
      entries = more;
    }
    if (!(await this.#writtenDown())) return 'given-back';
    if (beside === undefined) await queue.yieldLane(claim);
    else await queue.postpone(claim, beside.entry, beside.until, { tried: false, code: beside.code });
    return 'given-back';
  }

  async #runEntry(entry: QueueEntry, behind: readonly QueueEntry[]): Promise<Next> {
    const { clock, work } = this.#doors;
    if (!work.isFree(entry) && !(await this.#writtenDown())) return 'stop';
    const began = clock.now();
    let ran: Ran | undefined;
    let failure: unknown;
    try {
      ran = await work.run(this.#claim, entry, behind);
    } catch (error) {
      failure = error;
    }
    // Whatever became of this one, the one before comes first.
    const end = ran?.do === 'settled' ? ran.end : undefined;
    const settling = end === undefined ? undefined : this.#settlingOf(entry, end, began);
    if (!(await this.#writtenDown())) {
      await settling?.end;
      return 'stop';
    }
    this.#settling = settling;
    if (failure instanceof FencedError) throw failure;
    if (ran === undefined) return await this.#failed(entry, failure);
    return settling === undefined ? await this.#after(entry, ran, began) : 'on';
  }

  #settlingOf(entry: QueueEntry, end: Promise<void>, began: number): Settling {
    const heard = end.then(
      () => {
        this.#note(entry, began);
        return undefined;
      },
      (error: unknown) => ({ error }),
    );
    return { entry, end: heard };
  }

  /** What is done is written down, or its failure dealt with. @returns whether the lane is still ours */
  async #writtenDown(): Promise<boolean> {
    const settling = this.#settling;
    if (settling === undefined) return true;
    this.#settling = undefined;
    const failure = await settling.end;
    if (failure === undefined) return true;
    if (failure.error instanceof FencedError) throw failure.error;
    return (await this.#failed(settling.entry, failure.error)) === 'on';
  }

  #note(entry: QueueEntry, began: number): void {
    const { log, clock } = this.#doors;
    this.#house.settled();
    log.debug({ lane: entry.lane, key: entry.key, attempt: entry.attempts + 1, ms: clock.now() - began }, 'settled');
  }

  async #after(entry: QueueEntry, ran: Ran, began: number): Promise<Next> {
    const { queue, log, clock, work } = this.#doors;
    const claim = this.#claim;
    switch (ran.do) {
      case 'settled':
        this.#note(entry, began);
        return 'on';
      case 'wait': {
        const until = clock.now() + ran.ms;
        if (ran.beside === true) return { until, code: ran.code };
        await queue.postpone(claim, entry, until, { tried: false, code: ran.code });
        return 'stop';
      }
      case 'reroute':
        await queue.reroute(claim, ran.owner);
        return 'stop';
      case 'park':
        await work.tell(entry, 'failed', ran.say);
        await queue.park(claim, entry, { code: ran.code, say: ran.say });
        log.warn({ lane: claim.lane, key: entry.key, code: ran.code }, 'parked');
        return 'on';
    }
  }

  async #failed(entry: QueueEntry, error: unknown): Promise<Next> {
    const { queue, log, clock, work } = this.#doors;
    const claim = this.#claim;
    const known = error instanceof BridgeError;
    const human = known ? error.human : say('fault.internal');
    const code = known ? error.code : 'internal';
    log.warn({ lane: claim.lane, key: entry.key, attempt: entry.attempts + 1, code, error }, 'not done');
    if (known && error.retry === 'never' && error.final) {
      await work.tell(entry, error.mayHaveHappened ? 'unsure' : 'failed', human);
      await queue.settle(claim, entry, {});
      this.#house.settled();
      return 'on';
    }
    const hopeless = known ? error.retry === 'never' : entry.attempts + 1 >= BUG_TRIES;
    const staleAt = work.staleAt(entry);
    if (hopeless || (staleAt !== undefined && clock.now() >= staleAt)) {
      const why = hopeless ? human : say('fault.too-old', { id: entry.id });
      return await this.#after(entry, { do: 'park', code: hopeless ? code : 'too-old', say: why }, 0);
    }
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(entry.attempts, 12));
    const wait = backoff * (0.75 + Math.random() / 2);
    const soonest = Math.max(known ? (error.notBefore ?? 0) : 0, clock.now() + wait);
    // A network may ask for days: people are asked when the entry has become too old, not when the network is ready.
    const until = staleAt === undefined ? soonest : Math.min(soonest, Math.max(staleAt, clock.now()));
    let toldSlow = entry.toldSlow;
    if (known && error.retry === 'after-login' && !toldSlow) {
      await work.tell(entry, 'waiting', human);
      toldSlow = true;
    } else if (!toldSlow && until - entry.receivedAt > this.#settings.slowMs) {
      // Said as soon as it is certain that it will take long.
      await work.tell(entry, 'slow', human);
      toldSlow = true;
    }
    await queue.postpone(claim, entry, until, { tried: true, code, toldSlow });
    return 'stop';
  }
}
