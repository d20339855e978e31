// The stream of one login's news: in order, without gaps, and moved on only after the house has written it down. Knows no Matrix.
import { patiently } from '../../ports/patiently.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import type { Cures } from './cures.ts';
import { GapTracker, type Cursor } from './gaps.ts';
import type { Happening } from './read.ts';
import { Api, type Envelope } from './wire/api.ts';

export interface Batch {
  readonly happenings: readonly Happening[];
  readonly users: readonly Api.TypeUser[];
  readonly chats: readonly Api.TypeChat[];
  readonly cursor: Cursor;
}

type News = Omit<Batch, 'cursor'>;
const NOTHING: News = { happenings: [], users: [], chats: [] };

export interface StreamDoors {
  difference(cursor: Cursor): Promise<Api.updates.TypeDifference>;
  state(): Promise<Api.updates.State>;
  /** What private chats said, and the last word of others, since `date` (seconds): for holes too long for a difference. */
  history(date: number): Promise<{
    readonly messages: readonly Api.TypeMessage[];
    readonly users: readonly Api.TypeUser[];
    readonly chats: readonly Api.TypeChat[];
  }>;
  /**
   * Durable when it resolves.
   * @param idle nothing need be written down if nothing but the cursor is new
   * @returns whether it was
   */
  commit(batch: Batch, idle: boolean): Promise<boolean>;
  /** Saves the cursor alone (only with the cure for defect 2 off, and at the end). */
  keep(cursor: Cursor): Promise<void>;
  /** The stream cannot go on: the lease is lost, or the wire failed. */
  failed(error: unknown): void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A gap is usually two packets that overtook each other; longer than this, in ms, something is missing. */
const PATIENCE_MS = 500;
/**
 * Answers of our own calls, signs of typing and chats that are not bridged move the cursor without events; it is saved with the next
 * event, or after so many and so long. What a crash forgets of it comes again, and again to nothing.
 */
const MOST_UNSAVED = 50;
const OFTENEST_SAVED_MS = 1_000;

export class UpdateStream {
  readonly #doors: StreamDoors;
  readonly #cures: Cures;
  readonly #tracker: GapTracker;
  readonly #closed = new AbortController();
  readonly #caughtUp: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #inbox: { readonly envelope: Envelope; readonly own: boolean }[] = [];
  #running: Promise<void> | undefined;
  #wantsDifference = false;
  #patient = false;
  #saved: Cursor;
  #unsaved = 0;
  #savedAt = Number.NEGATIVE_INFINITY;

  constructor(doors: StreamDoors, cursor: Cursor, cures: Cures) {
    this.#doors = doors;
    this.#cures = cures;
    this.#tracker = new GapTracker(cursor);
    this.#saved = cursor;
  }

  /** Everything up to here is written down, or came to nothing; the vault may be a few of the latter behind. */
  get cursor(): Cursor {
    return this.#saved;
  }

  offer(envelope: Envelope, own: boolean): void {
    if (this.#closed.signal.aborted) return;
    this.#inbox.push({ envelope, own });
    this.#kick();
  }

  /** Fetches what was missed; resolves when it is written down. */
  async catchUp(): Promise<void> {
    if (!this.#cures.gaps) return;
    await new Promise<void>((resolve, reject) => {
      this.#caughtUp.push({ resolve, reject });
      this.#wantsDifference = true;
      this.#kick();
    });
  }

  /** Something was lost unread. */
  suspect(): void {
    this.#wantsDifference = true;
    this.#kick();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    for (const { reject } of this.#caughtUp.splice(0)) reject(new Error('closed'));
    await this.#running;
  }

  #kick(): void {
    if (this.#closed.signal.aborted) return;
    if (!this.#cures.serial) {
      // Defect 3 as it is: every envelope at once.
      void this.#round().catch((error: unknown) => this.#fail(error));
      return;
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#pressing()) this.#kick();
    });
  }

  #pressing(): boolean {
    return !this.#closed.signal.aborted && (this.#inbox.length > 0 || this.#wantsDifference);
  }

  async #run(): Promise<void> {
    try {
      while (this.#pressing()) await this.#round();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed.signal.aborted) return;
    for (const { reject } of this.#caughtUp.splice(0)) reject(error);
    this.#closed.abort();
    this.#doors.failed(error);
  }

  async #round(): Promise<void> {
    if (this.#wantsDifference && this.#cures.gaps) {
      this.#wantsDifference = false;
      await this.#fetchDifference();
      for (const { resolve } of this.#caughtUp.splice(0)) resolve();
      return;
    }
    this.#wantsDifference = false;
    const inbox = this.#inbox;
    this.#inbox = [];
    const happenings: Happening[] = [];
    const users: Api.TypeUser[] = [];
    const chats: Api.TypeChat[] = [];
    for (const { envelope, own } of inbox) {
      const taken = this.#tracker.take(envelope, own);
      happenings.push(...taken.happenings);
      users.push(...taken.users);
      chats.push(...taken.chats);
      if (taken.need === 'difference') this.#wantsDifference = true;
      if (taken.need === 'patience') this.#bePatient();
    }
    await this.#commit({ happenings, users, chats });
  }

  #bePatient(): void {
    if (this.#patient) return;
    this.#patient = true;
    this.#doors.clock.sleep(PATIENCE_MS, this.#closed.signal).then(
      () => {
        this.#patient = false;
        if (this.#tracker.holding) this.suspect();
      },
      () => {
        // Closed meanwhile: nobody waits any more.
        this.#patient = false;
      },
    );
  }

  async #fetchDifference(): Promise<void> {
    for (;;) {
      const before = this.#tracker.cursor;
      const answer = await this.#doors.difference(before);
      if (this.#closed.signal.aborted) return;
      if (answer instanceof Api.updates.DifferenceTooLong) {
        await this.#leap(before);
        return;
      }
      if (answer instanceof Api.updates.DifferenceEmpty) {
        await this.#resume({ ...before, date: answer.date, seq: answer.seq }, NOTHING);
        return;
      }
      const slice = answer instanceof Api.updates.DifferenceSlice;
      const state = slice ? answer.intermediateState : answer.state;
      const happenings = [
        ...answer.newMessages.map((message) => happened(message, before)),
        ...answer.newEncryptedMessages.map((message): Happening => ({
          update: new Api.UpdateNewEncryptedMessage({ message, qts: state.qts }),
          date: state.date,
        })),
        ...answer.otherUpdates.map((update): Happening => ({ update, date: state.date })),
      ];
      await this.#resume(cursorOf(state), { happenings, users: answer.users, chats: answer.chats });
      if (!slice) return;
    }
  }

  /** The hole is too long: what private chats said meanwhile is read from their history; edits and deletions in it are not known. */
  async #leap(before: Cursor): Promise<void> {
    const state = await this.#doors.state();
    const { messages, users, chats } = await this.#doors.history(before.date);
    this.#doors.log.warn(
      { network: 'telegram', code: 'difference-too-long', count: messages.length },
      'caught up from histories',
    );
    const happenings = messages.map((message) => happened(message, before));
    await this.#resume(cursorOf(state), { happenings, users, chats });
  }

  async #resume(cursor: Cursor, { happenings, users, chats }: News): Promise<void> {
    const taken = this.#tracker.resume(cursor);
    if (taken.need === 'difference') this.#wantsDifference = true;
    if (taken.need === 'patience') this.#bePatient();
    await this.#commit({
      happenings: [...happenings, ...taken.happenings],
      users: [...users, ...taken.users],
      chats: [...chats, ...taken.chats],
    });
  }

  async #commit(news: News): Promise<void> {
    const { cursor } = this.#tracker;
    this.#unsaved += 1;
    const idle = this.#unsaved < MOST_UNSAVED || this.#doors.clock.now() - this.#savedAt < OFTENEST_SAVED_MS;
    if (!this.#cures.commitFirst) await this.#doors.keep(cursor);
    const { clock, log } = this.#doors;
    const patience = { clock, log, facts: { network: 'telegram' }, closing: this.#closed.signal };
    const batch = { ...news, cursor };
    const written = await patiently(
      patience,
      'news could not be written down, will try again',
      async () => await this.#doors.commit(batch, idle),
    );
    this.#saved = cursor;
    if (!written) return;
    this.#unsaved = 0;
    this.#savedAt = clock.now();
  }
}

export function cursorOf(state: Api.updates.TypeState): Cursor {
  return { pts: state.pts, qts: state.qts, date: state.date, seq: state.seq };
}

function happened(message: Api.TypeMessage, before: Cursor): Happening {
  return { update: new Api.UpdateNewMessage({ message, pts: before.pts, ptsCount: 0 }), date: before.date };
}
