// Where we stand in Telegram's stream of news, and whether something is missing. A pure state machine: no clock, no wire, no store.
// Rules: https://core.telegram.org/api/updates (sequence numbers pts, qts, seq).
import type { Happening } from './read.ts';
import { Api, type Envelope } from './wire/api.ts';

/** pts counts message events of private chats and basic groups, qts secret chats, seq envelopes; date in seconds. */
export interface Cursor {
  readonly pts: number;
  readonly qts: number;
  readonly date: number;
  readonly seq: number;
}

/** patience: something is missing that may be on its way · difference: ask the server. */
export type Need = 'nothing' | 'patience' | 'difference';

export interface Taken {
  readonly happenings: readonly Happening[];
  readonly users: readonly Api.TypeUser[];
  readonly chats: readonly Api.TypeChat[];
  readonly need: Need;
}

interface Held {
  readonly envelope: Envelope;
  readonly own: boolean;
}

/** Numbered update of the account's own box; channels count for themselves and are not bridged yet. */
interface Numbered {
  readonly pts: number;
  readonly ptsCount: number;
}

const MOST_HELD = 500;

export class GapTracker {
  #cursor: Cursor;
  #held: Held[] = [];

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  get holding(): boolean {
    return this.#held.length > 0;
  }

  /** @param own the answer to a call of ours: it moves the numbers, what it says is known already */
  take(envelope: Envelope, own: boolean): Taken {
    const out = this.#apply({ envelope, own });
    return out.happenings.length > 0 || this.#moved ? this.#retry(out) : out;
  }

  /** After a difference: from here on, and again what had been held. */
  resume(cursor: Cursor): Taken {
    this.#cursor = cursor;
    // A place in the order of envelopes that the difference did not reach is none to wait for: only numbered updates count now.
    this.#held = this.#held.map((one) => ({ ...one, envelope: unplaced(one.envelope) }));
    return this.#retry(nothing('nothing'));
  }

  #moved = false;

  #retry(first: Taken): Taken {
    const happenings = [...first.happenings];
    const users = [...first.users];
    const chats = [...first.chats];
    let need = first.need;
    for (let again = true; again;) {
      again = false;
      const held = this.#held;
      this.#held = [];
      need = need === 'difference' ? 'difference' : 'nothing';
      for (const one of held) {
        const out = this.#apply(one);
        happenings.push(...out.happenings);
        users.push(...out.users);
        chats.push(...out.chats);
        need = stronger(need, out.need);
        again ||= this.#moved && this.#held.length > 0;
      }
    }
    return { happenings, users, chats, need };
  }

  #apply(one: Held): Taken {
    this.#moved = false;
    const { envelope, own } = one;
    if (envelope instanceof Api.UpdatesTooLong) return nothing('difference');
    if (envelope instanceof Api.UpdateShort) return this.#each(one, [envelope.update], envelope.date);
    if (envelope instanceof Api.UpdateShortMessage || envelope instanceof Api.UpdateShortChatMessage) {
      return this.#each(one, [unshorten(envelope)], envelope.date);
    }
    if (envelope instanceof Api.Updates || envelope instanceof Api.UpdatesCombined) return this.#many(one, envelope);
    // updateShortSentMessage and affected…: answers that only count.
    const need = this.#count(envelope);
    if (need === 'patience') this.#hold({ envelope, own });
    return nothing(this.#tooMany(need));
  }

  #many(one: Held, envelope: Api.Updates | Api.UpdatesCombined): Taken {
    const first = envelope instanceof Api.UpdatesCombined ? envelope.seqStart : envelope.seq;
    if (first > this.#cursor.seq + 1) {
      this.#hold(one);
      return nothing(this.#tooMany('patience'));
    }
    const out = this.#each(one, envelope.updates, envelope.date, envelope);
    if (first === this.#cursor.seq + 1) {
      this.#cursor = { ...this.#cursor, seq: envelope.seq, date: Math.max(this.#cursor.date, envelope.date) };
      this.#moved = true;
    }
    return out;
  }

  #each(
    one: Held,
    updates: readonly Api.TypeUpdate[],
    date: number,
    { users, chats }: Pick<Api.Updates, 'users' | 'chats'> = { users: [], chats: [] },
  ): Taken {
    const happenings: Happening[] = [];
    const waiting: Api.TypeUpdate[] = [];
    let need: Need = 'nothing';
    for (const update of [...updates].sort(byPts)) {
      const numbered = numbersOf(update);
      const verdict = numbered === undefined ? this.#unnumbered(update) : this.#number(numbered);
      if (verdict === 'next') {
        if (!one.own) happenings.push({ update, date });
      } else if (verdict === 'patience') waiting.push(update);
      if (verdict === 'patience' || verdict === 'difference') need = stronger(need, verdict);
    }
    if (waiting.length > 0) {
      // Only what waits is held, as an envelope without a place of its own.
      const rest = new Api.Updates({ updates: waiting, users, chats, date, seq: 0 });
      this.#hold({ envelope: rest, own: one.own });
    }
    return { happenings, users, chats, need: this.#tooMany(need) };
  }

  #number({ pts, ptsCount }: Numbered): 'next' | 'old' | 'patience' | 'difference' {
    const expected = this.#cursor.pts + ptsCount;
    if (pts > expected) return 'patience';
    if (pts === expected) {
      if (ptsCount > 0) this.#advance(pts);
      return 'next';
    }
    // Part of it is known, part is not: only the server can say which.
    return pts > this.#cursor.pts ? 'difference' : 'old';
  }

  #unnumbered(update: Api.TypeUpdate): 'next' | 'old' | 'difference' {
    if (update instanceof Api.UpdatePtsChanged) return 'difference';
    if ('qts' in update && typeof update.qts === 'number') {
      if (update.qts <= this.#cursor.qts) return 'old';
      if (update.qts > this.#cursor.qts + 1) return 'difference';
      this.#cursor = { ...this.#cursor, qts: update.qts };
      this.#moved = true;
    }
    return 'next';
  }

  #count(counted: Numbered): Need {
    const verdict = this.#number(counted);
    return verdict === 'patience' || verdict === 'difference' ? verdict : 'nothing';
  }

  #advance(pts: number): void {
    this.#cursor = { ...this.#cursor, pts };
    this.#moved = true;
  }

  #hold(one: Held): void {
    this.#held.push(one);
  }

  #tooMany(need: Need): Need {
    if (this.#held.length <= MOST_HELD) return need;
    this.#held = [];
    return 'difference';
  }
}

function unplaced(envelope: Envelope): Envelope {
  if (!(envelope instanceof Api.Updates || envelope instanceof Api.UpdatesCombined)) return envelope;
  const { updates, users, chats, date } = envelope;
  return new Api.Updates({ updates, users, chats, date, seq: 0 });
}

function nothing(need: Need): Taken {
  return { happenings: [], users: [], chats: [], need };
}

function stronger(one: Need, other: Need): Need {
  const order: readonly Need[] = ['nothing', 'patience', 'difference'];
  return order[Math.max(order.indexOf(one), order.indexOf(other))] ?? 'difference';
}

function numbersOf(update: Api.TypeUpdate): Numbered | undefined {
  if (!('pts' in update) || !('ptsCount' in update) || update.className.includes('Channel')) return undefined;
  const { pts, ptsCount } = update;
  return typeof pts === 'number' && typeof ptsCount === 'number' ? { pts, ptsCount } : undefined;
}

/** Numbered ones in their order; the others stay where they are. */
function byPts(one: Api.TypeUpdate, other: Api.TypeUpdate): number {
  const [a, b] = [numbersOf(one), numbersOf(other)];
  return a === undefined || b === undefined ? 0 : a.pts - a.ptsCount - (b.pts - b.ptsCount);
}

/** The short forms leave out what a private chat makes plain. */
function unshorten(short: Api.UpdateShortMessage | Api.UpdateShortChatMessage): Api.UpdateNewMessage {
  const inChat = short instanceof Api.UpdateShortChatMessage;
  const author = new Api.PeerUser({ userId: inChat ? short.fromId : short.userId });
  const message = new Api.Message({
    id: short.id,
    peerId: inChat ? new Api.PeerChat({ chatId: short.chatId }) : author,
    date: short.date,
    message: short.message,
    ...(short.out === true ? { out: true } : { fromId: author }),
    ...(short.entities ? { entities: short.entities } : {}),
    ...(short.replyTo ? { replyTo: short.replyTo } : {}),
    ...(short.fwdFrom ? { fwdFrom: short.fwdFrom } : {}),
  });
  return new Api.UpdateNewMessage({ message, pts: short.pts, ptsCount: short.ptsCount });
}
