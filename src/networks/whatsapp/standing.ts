// Whether WhatsApp lets the account begin new chats, and from when again: kept, enforced by its pacing, and told to the house when it
// begins and when it is over. Knows no wire.
import type { BridgeError } from '../../model/errors.ts';
import { KeyedTurns } from '../../model/keyed-turns.ts';
import type { PuppetState } from '../../model/records.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Clock } from '../../ports/stores.ts';
import { DAY, restricted } from './errors.ts';
import { PACING_KEY, type Pacing, type Restriction } from './pacing.ts';

export interface StandingDoors {
  readonly scope: string;
  readonly sink: Pick<NetworkSink, 'keep' | 'report'>;
  readonly clock: Clock;
  /** Absent only in tests. */
  readonly pacing: Pacing | undefined;
  /** Is its line open now? A limit that begins or ends while it is not is only kept: the next line tells it. */
  readonly isOpen: () => boolean;
}

/** No sleep is longer, in ms: timers end at 24 days. */
const LONGEST_MS = 7 * DAY;

export class Standing {
  readonly #doors: StandingDoors;
  #limit: Restriction | undefined;
  readonly #turns = new KeyedTurns();
  #changed = new AbortController();

  constructor(doors: StandingDoors) {
    this.#doors = doors;
    this.#limit = doors.pacing?.restriction(doors.clock.now());
  }

  /** Why the account is not free while its line is open. */
  get why(): BridgeError | undefined {
    return this.#limit === undefined ? undefined : restricted(this.#limit);
  }

  /** As NetworkSink.report: an open line says with it what the account may not do. */
  report(state: PuppetState, why?: BridgeError): void {
    this.#doors.sink.report(state, why ?? (state === 'online' ? this.why : undefined));
  }

  /** WhatsApp closed new chats to the account. @param until epoch ms; undefined when it did not say */
  async limit(until: number | undefined): Promise<void> {
    const now = this.#doors.clock.now();
    if (until !== undefined && until <= now) {
      await this.free();
      return;
    }
    await this.#set({ until: until ?? now + DAY, guessed: until === undefined });
  }

  /** New chats are open again. */
  async free(): Promise<void> {
    await this.#set(undefined);
  }

  /** Ends each limit when its time is over, until it is aborted. @throws AbortError, FencedError */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#doors;
    for (;;) {
      const changed = this.#changed.signal;
      const left = this.#limit === undefined ? LONGEST_MS : this.#limit.until - clock.now();
      if (left <= 0) await this.free();
      else {
        try {
          await clock.sleep(Math.min(left, LONGEST_MS), AbortSignal.any([signal, changed]));
        } catch (error) {
          // Another limit, or none: how long to sleep is another question.
          if (signal.aborted || !changed.aborted) throw error;
        }
      }
    }
  }

  /** One after the other: whoever says it again waits until it is kept. */
  async #set(limit: Restriction | undefined): Promise<void> {
    await this.#turns.run('limit', async () => await this.#change(limit));
  }

  async #change(limit: Restriction | undefined): Promise<void> {
    const { pacing, scope, sink, clock, isOpen } = this.#doors;
    if (this.#limit?.until === limit?.until && this.#limit?.guessed === limit?.guessed) return;
    pacing?.restrict(limit);
    if (pacing !== undefined) await sink.keep([{ scope, key: PACING_KEY, value: pacing.pack(clock.now()) }]);
    this.#limit = limit;
    this.#changed.abort();
    this.#changed = new AbortController();
    if (isOpen()) this.report('online');
  }
}
