// The stream of news against a server that drops, cuts and forgets: each message once, in order, written down before it counts.
import { describe, expect, test } from '@jest/globals';
import { FencedError } from '../../../src/model/errors.ts';
import { allCures, type Cures } from '../../../src/networks/telegram/cures.ts';
import type { Cursor } from '../../../src/networks/telegram/gaps.ts';
import { UpdateStream, type Batch } from '../../../src/networks/telegram/updates.ts';
import { Api, long, type Envelope } from '../../../src/networks/telegram/wire/api.ts';
import { MemoryClock } from '../../support/memory-clock.ts';

const alice = new Api.PeerUser({ userId: long('7') });
const START: Cursor = { pts: 0, qts: 0, date: 1, seq: 0 };
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function messageOf(id: number): Api.Message {
  return new Api.Message({ id, peerId: alice, date: id, message: `m${id}` });
}

function short(id: number): Envelope {
  return new Api.UpdateShortMessage({ id, userId: long('7'), message: `m${id}`, pts: id, ptsCount: 1, date: id });
}

/** A server whose message n has pts n, and a house that keeps what it was given. */
class Stage {
  readonly clock = new MemoryClock();
  written = 0;
  asked = 0;
  limit = 1000;
  tooLong = Number.POSITIVE_INFINITY;
  failures: unknown[] = [];
  ended: unknown;
  atOnce = 0;
  mostAtOnce = 0;
  hold: Promise<void> | undefined;
  readonly kept: number[] = [];
  /** Messages that come to nothing. */
  readonly unbridged = new Set<number>();
  cursor: Cursor = START;

  stream(cures: Partial<Cures> = {}): UpdateStream {
    return new UpdateStream(
      {
        difference: async ({ pts }) => await Promise.resolve(this.#difference(pts)),
        state: async () => await Promise.resolve(this.#state(this.written)),
        history: async () => {
          const messages = Array.from({ length: this.written }, (_, index) => messageOf(index + 1));
          return await Promise.resolve({ messages, users: [], chats: [] });
        },
        commit: async (batch, idle) => await this.#commit(batch, idle, cures.commitFirst !== false),
        keep: async (cursor) => {
          this.cursor = cursor;
          await Promise.resolve();
        },
        failed: (error) => {
          this.ended = error;
        },
        clock: this.clock,
        log: quiet,
      },
      this.cursor,
      { ...allCures, ...cures },
    );
  }

  async #commit({ happenings, cursor }: Batch, idle: boolean, withCursor: boolean): Promise<boolean> {
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await this.hold;
    this.atOnce -= 1;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure as Error;
    const ids = happenings.flatMap(({ update }) => (update instanceof Api.UpdateNewMessage ? [update.message.id] : []));
    const fresh = ids.filter((id) => !this.unbridged.has(id));
    this.kept.push(...fresh);
    if (idle && fresh.length === 0) return false;
    if (withCursor) this.cursor = cursor;
    return true;
  }

  #state(pts: number): Api.updates.State {
    return new Api.updates.State({ pts, qts: 0, date: 2, seq: 0, unreadCount: 0 });
  }

  #difference(pts: number): Api.updates.TypeDifference {
    this.asked += 1;
    const missed = this.written - pts;
    if (missed <= 0) return new Api.updates.DifferenceEmpty({ date: 2, seq: 0 });
    if (missed > this.tooLong) return new Api.updates.DifferenceTooLong({ pts: this.written });
    const upTo = Math.min(this.written, pts + this.limit);
    const newMessages = Array.from({ length: upTo - pts }, (_, index) => messageOf(pts + index + 1));
    const rest = { newMessages, newEncryptedMessages: [], otherUpdates: [], chats: [], users: [] };
    return upTo === this.written
      ? new Api.updates.Difference({ ...rest, state: this.#state(upTo) })
      : new Api.updates.DifferenceSlice({ ...rest, intermediateState: this.#state(upTo) });
  }
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
/** Lets everything run that needs no clock. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('gaps', () => {
  async function dropOne(cures: Partial<Cures>): Promise<Stage> {
    const stage = new Stage();
    const stream = stage.stream(cures);
    for (const id of [1, 2, 4, 5]) stream.offer(short(id), false);
    stage.written = 5;
    await settle();
    stage.clock.pass(500);
    await settle();
    await stream.close();
    return stage;
  }

  test('defect 1: a push that never came is fetched', async () => {
    expect((await dropOne({})).kept).toEqual([1, 2, 3, 4, 5]);
    expect((await dropOne({ gaps: false })).kept).not.toContain(3);
  });

  test('two packets that overtook each other cost no question', async () => {
    const stage = new Stage();
    const stream = stage.stream();
    for (const id of [2, 1, 3]) stream.offer(short(id), false);
    await settle();
    stage.clock.pass(500);
    await settle();
    await stream.close();
    expect(stage.kept).toEqual([1, 2, 3]);
    expect(stage.asked).toBe(0);
  });

  test('a long absence comes in slices', async () => {
    const stage = new Stage();
    stage.written = 250;
    stage.limit = 100;
    const stream = stage.stream();
    await stream.catchUp();
    stream.offer(short(251), false);
    await settle();
    await stream.close();
    expect(stage.kept).toEqual(upTo(251));
    expect(stage.asked).toBe(3);
  });

  test('too long an absence is read from the histories', async () => {
    const stage = new Stage();
    stage.written = 30;
    stage.tooLong = 10;
    const stream = stage.stream();
    await stream.catchUp();
    stream.offer(short(31), false);
    await settle();
    await stream.close();
    expect(stage.kept).toEqual(upTo(31));
    expect(stage.cursor.pts).toBe(31);
  });
});

describe('the commit', () => {
  async function crashWhileWriting(cures: Partial<Cures>): Promise<Stage> {
    const stage = new Stage();
    stage.failures = [new FencedError('killed')];
    stage.written = 1;
    const first = stage.stream(cures);
    first.offer(short(1), false);
    await settle();
    await first.close();
    const next = stage.stream(cures);
    await next.catchUp();
    await next.close();
    return stage;
  }

  test('defect 2: what was acknowledged but not written comes again', async () => {
    expect((await crashWhileWriting({})).kept).toEqual([1]);
    expect((await crashWhileWriting({ commitFirst: false })).kept).toEqual([]);
  });

  test('is tried again until the database is back', async () => {
    const stage = new Stage();
    stage.failures = [new Error('no database'), new Error('no database')];
    const stream = stage.stream();
    stream.offer(short(1), false);
    for (let turn = 0; turn < 3; turn += 1) {
      await settle();
      stage.clock.pass(10_000);
    }
    await settle();
    await stream.close();
    expect(stage.kept).toEqual([1]);
    expect(stage.ended).toBeUndefined();
  });

  test('stops when the lease is lost', async () => {
    const stage = new Stage();
    stage.failures = [new FencedError('elsewhere')];
    const stream = stage.stream();
    stream.offer(short(1), false);
    await settle();
    stream.offer(short(2), false);
    await settle();
    expect(stage.ended).toBeInstanceOf(FencedError);
    expect(stage.kept).toEqual([]);
    await stream.close();
  });

  async function slowHouse(cures: Partial<Cures>): Promise<Stage> {
    const stage = new Stage();
    let free = (): void => undefined;
    stage.hold = new Promise((resolve) => {
      free = resolve;
    });
    const stream = stage.stream(cures);
    for (const id of upTo(20)) stream.offer(short(id), false);
    await settle();
    free();
    await settle();
    await stream.close();
    return stage;
  }

  test('defect 3: one after the other, however slow the house is', async () => {
    const stage = await slowHouse({});
    expect(stage.mostAtOnce).toBe(1);
    expect(stage.kept).toEqual(upTo(20));
    expect((await slowHouse({ serial: false })).mostAtOnce).toBeGreaterThan(1);
  });

  test('answers of our own calls cost none', async () => {
    const stage = new Stage();
    const stream = stage.stream();
    stream.offer(new Api.UpdateShortSentMessage({ id: 1, pts: 1, ptsCount: 1, date: 1 }), true);
    await settle();
    expect(stage.cursor.pts).toBe(0);
    expect(stream.cursor.pts).toBe(1);
    stream.offer(short(2), false);
    await settle();
    expect(stage.cursor.pts).toBe(2);
    expect(stage.kept).toEqual([2]);
    await stream.close();
  });

  test('what comes to nothing costs none, but the place is saved once in a while', async () => {
    const stage = new Stage();
    const stream = stage.stream();
    stream.offer(short(1), false);
    await settle();
    for (const id of upTo(60).slice(1)) {
      stage.unbridged.add(id);
      stream.offer(short(id), false);
      await settle();
    }
    expect([stage.cursor.pts, stream.cursor.pts]).toEqual([1, 60]);
    stage.clock.pass(1_000);
    stage.unbridged.add(61);
    stream.offer(short(61), false);
    await settle();
    expect(stage.cursor.pts).toBe(61);
    expect(stage.kept).toEqual([1]);
    await stream.close();
  });

  test('what came to nothing and was not saved comes again after a crash, and nothing else twice', async () => {
    const stage = new Stage();
    const first = stage.stream();
    for (const id of [2, 3]) stage.unbridged.add(id);
    for (const id of [1, 2, 3]) {
      first.offer(short(id), false);
      await settle();
    }
    await first.close();
    expect(stage.cursor.pts).toBe(1);
    stage.written = 4;
    const next = stage.stream();
    await next.catchUp();
    await next.close();
    expect(stage.kept).toEqual([1, 4]);
    expect(stage.cursor.pts).toBe(4);
  });
});
