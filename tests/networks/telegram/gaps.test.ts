// The stream's numbers: what is next, old, missing; tables over the pure tracker.
import { describe, expect, test } from '@jest/globals';
import { GapTracker, type Need } from '../../../src/networks/telegram/gaps.ts';
import { Api, long, type Envelope } from '../../../src/networks/telegram/wire/api.ts';

const start = { pts: 10, qts: 0, date: 100, seq: 5 };
const alice = new Api.PeerUser({ userId: long('7') });

function message(id: number, pts: number, ptsCount = 1): Api.UpdateNewMessage {
  return new Api.UpdateNewMessage({
    message: new Api.Message({ id, peerId: alice, date: 100, message: `m${id}` }),
    pts,
    ptsCount,
  });
}

function envelope(updates: Api.TypeUpdate[], seq = 0): Api.Updates {
  return new Api.Updates({ updates, users: [], chats: [], date: 101, seq });
}

function short(id: number, pts: number): Api.UpdateShortMessage {
  return new Api.UpdateShortMessage({ id, userId: long('7'), message: `m${id}`, pts, ptsCount: 1, date: 100 });
}

/** Ids of the messages that came out, and what is needed, after each envelope. */
function play(envelopes: readonly Envelope[], own = false): { ids: number[][]; needs: Need[]; tracker: GapTracker } {
  const tracker = new GapTracker(start);
  const ids: number[][] = [];
  const needs: Need[] = [];
  for (const one of envelopes) {
    const taken = tracker.take(one, own);
    ids.push(idsOf(taken.happenings));
    needs.push(taken.need);
  }
  return { ids, needs, tracker };
}

function idsOf(happenings: readonly { update: Api.TypeUpdate }[]): number[] {
  return happenings.flatMap(({ update }) => (update instanceof Api.UpdateNewMessage ? [update.message.id] : []));
}

describe('the tracker', () => {
  test.each<[string, Envelope[], number[][], Need[], number]>([
    ['takes what is next', [envelope([message(1, 11)])], [[1]], ['nothing'], 11],
    [
      'takes several in the order of their numbers',
      [envelope([message(2, 12), message(1, 11)])],
      [[1, 2]],
      ['nothing'],
      12,
    ],
    ['forgets what is old', [envelope([message(1, 10)])], [[]], ['nothing'], 10],
    [
      'forgets repetitions',
      [envelope([message(1, 11)]), envelope([message(1, 11)])],
      [[1], []],
      ['nothing', 'nothing'],
      11,
    ],
    ['holds what came too early', [envelope([message(2, 12)])], [[]], ['patience'], 10],
    ['releases what it held', [short(2, 12), short(1, 11)], [[], [1, 2]], ['patience', 'nothing'], 12],
    [
      'releases a long row',
      [short(3, 13), short(2, 12), short(1, 11)],
      [[], [], [1, 2, 3]],
      ['patience', 'patience', 'nothing'],
      13,
    ],
    ['asks when numbers overlap', [envelope([message(1, 12, 3)])], [[]], ['difference'], 10],
    ['asks when there is too much', [new Api.UpdatesTooLong()], [[]], ['difference'], 10],
    [
      'asks when the numbers changed',
      [new Api.UpdateShort({ update: new Api.UpdatePtsChanged(), date: 1 })],
      [[]],
      ['difference'],
      10,
    ],
    ['holds envelopes out of order', [envelope([message(1, 11)], 7)], [[]], ['patience'], 10],
    [
      'takes envelopes in order',
      [envelope([message(1, 11)], 6), envelope([message(2, 12)], 7)],
      [[1], [2]],
      ['nothing', 'nothing'],
      12,
    ],
    ['takes numbered news of an old envelope', [envelope([message(1, 11)], 3)], [[1]], ['nothing'], 11],
  ])('%s', (_name, envelopes, ids, needs, pts) => {
    const played = play(envelopes);
    expect(played.ids).toEqual(ids);
    expect(played.needs).toEqual(needs);
    expect(played.tracker.cursor.pts).toBe(pts);
  });

  test('moves on with the answers of our own calls and tells nothing of them', () => {
    const sent = new Api.UpdateShortSentMessage({ id: 4, pts: 11, ptsCount: 1, date: 100, out: true });
    const gone = new Api.messages.AffectedMessages({ pts: 12, ptsCount: 1 });
    const played = play([sent, gone, envelope([message(5, 13)])], true);
    expect(played.ids).toEqual([[], [], []]);
    expect(played.tracker.cursor.pts).toBe(13);
  });

  test('waits for the news between two answers', () => {
    const tracker = new GapTracker(start);
    const sent = new Api.UpdateShortSentMessage({ id: 4, pts: 12, ptsCount: 1, date: 100, out: true });
    expect(tracker.take(sent, true).need).toBe('patience');
    expect(idsOf(tracker.take(short(3, 11), false).happenings)).toEqual([3]);
    expect(tracker.cursor.pts).toBe(12);
    expect(tracker.holding).toBe(false);
  });

  test('counts channels apart', () => {
    const post = new Api.UpdateNewChannelMessage({
      message: new Api.Message({ id: 1, peerId: new Api.PeerChannel({ channelId: long('9') }), date: 1, message: 'x' }),
      pts: 900,
      ptsCount: 1,
    });
    const played = play([envelope([post])]);
    expect(played.needs).toEqual(['nothing']);
    expect(played.tracker.cursor.pts).toBe(10);
  });

  test('after a difference, releases what comes behind it and forgets what was in it', () => {
    const tracker = new GapTracker(start);
    tracker.take(short(12, 12), false);
    tracker.take(short(14, 14), false);
    const taken = tracker.resume({ ...start, pts: 13 });
    expect(idsOf(taken.happenings)).toEqual([14]);
    expect(taken.need).toBe('nothing');
    expect(tracker.cursor.pts).toBe(14);
  });

  test('does not wait for ever for an envelope that the difference did not reach', () => {
    const tracker = new GapTracker(start);
    expect(tracker.take(envelope([message(1, 11)], 9), false).need).toBe('patience');
    const taken = tracker.resume({ ...start, pts: 10 });
    expect(idsOf(taken.happenings)).toEqual([1]);
    expect(tracker.holding).toBe(false);
  });

  test('asks rather than hold without end', () => {
    const tracker = new GapTracker(start);
    let need: Need = 'nothing';
    for (let pts = 20; pts < 520 && need !== 'difference'; pts += 1) need = tracker.take(short(pts, pts), false).need;
    expect(need).toBe('patience');
    expect(tracker.take(short(999, 999), false).need).toBe('difference');
    expect(tracker.holding).toBe(false);
  });
});
