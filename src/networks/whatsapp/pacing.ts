// How much a login may do and when: less than what gets accounts restricted. Pure: the clock is given; knows no wire.
import { createHash } from 'node:crypto';
import { BridgeError } from '../../model/errors.ts';
import type { ChatId } from '../../model/ids.ts';
import type { SayKey } from '../../model/say.ts';
import { restricted, type Ban } from './errors.ts';
import type { PacingSettings } from './settings.ts';
import type { LedgerChange } from './state/ledger.ts';

export const PACING_KEY = 'pacing';
/** Of each long text a row of its own: all of them together are too much to be written with every message. */
const TEXT_KEY = `${PACING_KEY}/`;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** At most `count` in any `ms`. */
interface Limit {
  readonly count: number;
  readonly ms: number;
}
/** Files and pictures have measures of their own. */
const MEDIA: Limit = { count: 6, ms: MINUTE };
const PROFILES: Limit = { count: 30, ms: MINUTE };
const SAME_TEXT = { units: 40, chats: 5, ms: DAY };
/** Long texts that are remembered. */
const MOST_TEXTS = 500;
/** What is counted by the day; the rest is forgotten after a minute. */
const DAILY: ReadonlySet<string> = new Set(['look-up', 'group']);

export interface SendAsk {
  readonly chat: ChatId;
  /** The other side has written there, or it is a group: nothing new is begun. */
  readonly established: boolean;
  readonly media?: boolean;
  readonly text?: string;
}

/** New chats are closed to the account. */
export interface Restriction {
  /** Epoch ms. */
  readonly until: number;
  /** WhatsApp did not say: a day is assumed. */
  readonly guessed: boolean;
}

interface Kept {
  readonly v: 1;
  readonly linkedAt: number;
  readonly restrictedUntil: number;
  /** That end is our guess. */
  readonly guessed?: true;
  readonly bannedUntil: number;
  /** Why, in WhatsApp's numbers. */
  readonly banCode?: string;
  readonly heldUntil?: number;
  readonly times: Readonly<Record<string, readonly number[]>>;
  /** Chats begun by us: hash and epoch ms. */
  readonly begun: readonly (readonly [chat: string, at: number])[];
}

/** Where a long text went: hash and epoch ms. */
interface KeptText {
  readonly v: 1;
  readonly chats: readonly (readonly [chat: string, at: number])[];
}

/** One per login. Whatever it allows counts as done; what it gives is kept with the effect. Keeps hashes, never words. */
export class Pacing {
  readonly #settings: PacingSettings;
  #linkedAt: number;
  #restriction: Restriction | undefined;
  #ban: Ban = { until: 0 };
  #heldUntil = 0;
  readonly #times = new Map<string, number[]>();
  #begun: (readonly [string, number])[] = [];
  /** By the hash of the text, the one that was sent last at the end: the chats it went to, and when. */
  readonly #texts = new Map<string, Map<string, number>>();

  /** @param linkedAt epoch ms when the account was linked @param kept the login's ledger */
  constructor(settings: PacingSettings, linkedAt: number, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#settings = settings;
    this.#linkedAt = linkedAt;
    this.#open(kept.get(PACING_KEY));
    const texts: (readonly [string, Map<string, number>])[] = [];
    for (const [key, bytes] of kept) {
      if (!key.startsWith(TEXT_KEY)) continue;
      const { v, chats } = JSON.parse(Buffer.from(bytes).toString()) as KeptText;
      if (v !== 1) throw new Error('not a whatsapp pacing record');
      texts.push([key.slice(TEXT_KEY.length), new Map(chats)]);
    }
    for (const [text, chats] of texts.sort(([, a], [, b]) => newest(a) - newest(b))) this.#texts.set(text, chats);
    // What was sent since the rest was written down counts as well.
    const times = this.#times.get('send') ?? [];
    const later = [...this.#texts.values()].map(newest).filter((at) => at > (times.at(-1) ?? 0));
    if (later.length > 0) this.#times.set('send', [...times, ...later]);
  }

  #open(kept: Uint8Array | undefined): void {
    if (kept === undefined) return;
    const state = JSON.parse(Buffer.from(kept).toString()) as Kept;
    if (state.v !== 1 || typeof state.times !== 'object') throw new Error('not a whatsapp pacing record');
    this.#linkedAt = Math.max(this.#linkedAt, state.linkedAt);
    if (state.restrictedUntil > 0)
      this.#restriction = { until: state.restrictedUntil, guessed: state.guessed === true };
    this.#heldUntil = state.heldUntil ?? 0;
    this.#ban = { until: state.bannedUntil, ...(state.banCode === undefined ? {} : { code: state.banCode }) };
    for (const [name, times] of Object.entries(state.times)) this.#times.set(name, [...times]);
    this.#begun = [...state.begun];
  }

  /**
   * Lets one message go. A try of the same message again is asked for again: that is a message on the wire as well.
   * @param now epoch ms @returns what has to be kept with it: of a long text alone
   * @throws BridgeError (later, with notBefore) when it must wait, (never) when it must not be sent
   */
  send(ask: SendAsk, now: number): readonly LedgerChange[] {
    if (this.#ban.until > now) throw wait('banned', 'network.rate-limited', this.#ban.until);
    if (this.#heldUntil > now) throw wait('held', 'network.rate-limited', this.#heldUntil);
    const chat = digest(ask.chat);
    const begins = !ask.established && !this.#isBegun(chat);
    if (begins) this.#mayBegin(now);
    const text = this.#textOf(ask.text);
    if (text !== undefined) this.#mayRepeat(text, chat, now);
    const { sendsAtOnce, sendsPerMinute } = this.#settings;
    const limits: readonly (readonly [string, Limit])[] = [
      ['send', { count: sendsAtOnce, ms: 5 * SECOND }],
      ['send', { count: sendsPerMinute, ms: MINUTE }],
      ...(ask.media === true ? [['media', MEDIA] as const] : []),
    ];
    const until = Math.max(...limits.map(([name, limit]) => this.#freeAt(name, limit, now)));
    if (until > now) throw wait('pace', 'network.rate-limited', until);
    this.#note('send', now);
    if (ask.media === true) this.#note('media', now);
    if (begins) this.#begun.push([chat, now]);
    return text === undefined ? [] : this.#sentText(text, chat, now);
  }

  /** As its account is linked anew, which WhatsApp lets only a free one do; what was spent of a day stays so. */
  free(): this {
    [this.#restriction, this.#ban, this.#heldUntil] = [undefined, { until: 0 }, 0];
    return this;
  }

  /** It was begun here: nobody new is there any more. */
  hasBegun(chat: ChatId): boolean {
    return this.#isBegun(digest(chat));
  }

  #isBegun(chat: string): boolean {
    return this.#begun.some(([one]) => one === chat);
  }

  /** @param now epoch ms @throws BridgeError */
  lookUp(now: number): void {
    this.#daily('look-up', this.#settings.lookupsPerDay, 'whatsapp.pace-lookups', now);
  }

  /** @param now epoch ms @throws BridgeError */
  makeGroup(now: number): void {
    const most = this.#settings.groupsPerDay;
    this.#daily('group', most, most === 0 ? 'whatsapp.no-groups' : 'whatsapp.pace-groups', now);
  }

  /** Profiles and pictures are fetched when there is time. @returns epoch ms from when; the fetch counts when that is now */
  profile(now: number): number {
    const at = this.#freeAt('profile', PROFILES, now);
    if (at <= now) this.#note('profile', now);
    return at;
  }

  /** WhatsApp closed new chats to the account (463), or opened them again. */
  restrict(restriction: Restriction | undefined): void {
    this.#restriction = restriction;
  }

  /** @param now epoch ms @returns what is in force then */
  restriction(now: number): Restriction | undefined {
    return this.#restriction !== undefined && this.#restriction.until > now ? this.#restriction : undefined;
  }

  /** WhatsApp asked to wait (429): nothing is sent before, in no chat. @param until epoch ms */
  hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until);
  }

  /** WhatsApp banned the account for a time (402): nothing is sent before, and no line is opened. */
  ban(ban: Ban): void {
    if (ban.until > this.#ban.until) this.#ban = ban;
  }

  /** @param now epoch ms @returns what is in force then */
  banned(now: number): Ban | undefined {
    return this.#ban.until > now ? this.#ban : undefined;
  }

  pack(now: number): Uint8Array {
    const state: Kept = {
      v: 1,
      linkedAt: this.#linkedAt,
      restrictedUntil: this.#restriction?.until ?? 0,
      ...(this.#restriction?.guessed === true ? { guessed: true } : {}),
      bannedUntil: this.#ban.until,
      heldUntil: this.#heldUntil,
      ...(this.#ban.code === undefined ? {} : { banCode: this.#ban.code }),
      times: Object.fromEntries([...this.#times.keys()].map((name) => [name, this.#recent(name, now)])),
      begun: this.#begun.slice(-MOST_CHATS),
    };
    return Buffer.from(JSON.stringify(state));
  }

  #mayBegin(now: number): void {
    const closed = this.restriction(now);
    if (closed !== undefined) throw restricted(closed);
    const { youngLinkDays, newChatsPerDay, newChatsPerWeek } = this.#settings;
    if (now < this.#linkedAt + youngLinkDays * DAY) throw refuse('young', 'whatsapp.pace-young', youngLinkDays);
    const since = (ms: number): number => this.#begun.filter(([, at]) => at > now - ms).length;
    if (since(DAY) >= newChatsPerDay) throw refuse('new-chats', 'whatsapp.pace-new-chats', newChatsPerDay);
    if (since(7 * DAY) >= newChatsPerWeek) throw refuse('new-chats', 'whatsapp.pace-new-chats-week', newChatsPerWeek);
  }

  #textOf(text: string | undefined): string | undefined {
    const plain = text
      ?.normalize('NFKC')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
    return plain === undefined || plain.length < SAME_TEXT.units ? undefined : digest(plain);
  }

  #mayRepeat(text: string, chat: string, now: number): void {
    const chats = [...(this.#texts.get(text) ?? [])].filter(([, at]) => at > now - SAME_TEXT.ms);
    if (chats.length >= SAME_TEXT.chats && !chats.some(([one]) => one === chat))
      throw refuse('same-text', 'whatsapp.pace-same-text', SAME_TEXT.chats);
  }

  /** @returns its row, and those of texts that no longer count */
  #sentText(text: string, chat: string, now: number): readonly LedgerChange[] {
    const since = now - SAME_TEXT.ms;
    const before = [...(this.#texts.get(text) ?? [])].filter(([, at]) => at > since);
    const chats = new Map(before.some(([one]) => one === chat) ? before : [...before, [chat, now]]);
    this.#texts.delete(text);
    this.#texts.set(text, chats);
    const row: KeptText = { v: 1, chats: [...chats] };
    const changes: LedgerChange[] = [{ key: `${TEXT_KEY}${text}`, value: Buffer.from(JSON.stringify(row)) }];
    for (const [one, where] of this.#texts) {
      if (this.#texts.size <= MOST_TEXTS && newest(where) > since) break;
      this.#texts.delete(one);
      changes.push({ key: `${TEXT_KEY}${one}`, value: null });
    }
    return changes;
  }

  #daily(name: string, most: number, words: SayKey, now: number): void {
    if (most === 0 || this.#freeAt(name, { count: most, ms: DAY }, now) > now) throw refuse(name, words, most);
    this.#note(name, now);
  }

  #freeAt(name: string, { count, ms }: Limit, now: number): number {
    // They are in order: so many ago is the one that must have passed.
    const at = this.#times.get(name)?.at(-count);
    return at === undefined || at <= now - ms ? now : at + ms;
  }

  #note(name: string, now: number): void {
    const times = this.#recent(name, now);
    times.push(now);
    this.#times.set(name, times);
  }

  #recent(name: string, now: number): number[] {
    const since = now - (DAILY.has(name) ? DAY : MINUTE);
    const times = this.#times.get(name) ?? [];
    const first = times.findIndex((at) => at > since);
    times.splice(0, first < 0 ? times.length : first);
    return times;
  }
}

/** Chats begun and remembered as no longer new. */
const MOST_CHATS = 10_000;

function newest(chats: ReadonlyMap<string, number>): number {
  return Math.max(0, ...chats.values());
}

function digest(text: string): string {
  return createHash('sha256').update('passerelle-whatsapp-pacing\0').update(text).digest('base64url').slice(0, 16);
}

function refuse(code: string, words: SayKey, count = 0): BridgeError {
  return new BridgeError(`whatsapp-pace-${code}`, 'never', words, { values: { network: 'WhatsApp', count } });
}

function wait(code: string, words: SayKey, notBefore: number): BridgeError {
  return new BridgeError(`whatsapp-${code}`, 'later', words, { notBefore, values: { network: 'WhatsApp' } });
}
