// Which groups and channels have had messages that are not brought to Matrix yet, and the words their person is told, each chat
// once and many in one notice. Kept sealed; knows no wire calls and no clock.
import type { ChatId } from '../../model/ids.ts';
import { as } from '../../model/ids.ts';
import { say, type Say } from '../../model/say.ts';
import type { VaultChange } from '../../ports/stores.ts';
import { UNBRIDGED_KEY, UNBRIDGED_PREFIX } from './cursor.ts';
import { peerChat, peerName } from './ids.ts';
import type { Happening } from './read.ts';
import { Api, textOf } from './wire/api.ts';

/** Names in one notice; of the others, only how many. */
const MOST_NAMED = 20;
const LONGEST_NAME = 80;
/** Whoever is in many groups hears of them at first after an hour, then ever more rarely, in ms. */
const SECOND_NOTICE_MS = 3_600_000;
const LONGEST_QUIET_MS = 86_400_000;

/** A chat of several people in which something was said; `was` is the group that it has grown out of. */
export interface Unbridged {
  readonly chat: ChatId;
  readonly was?: ChatId;
}

export interface Heard {
  readonly chat: ChatId;
  readonly kind: 'group' | 'channel';
  readonly name: string;
  /** The message's date, in seconds. */
  readonly date: number;
}

/** What a message that belongs to no private chat says of its own chat; edits, reactions and the like say nothing new. */
export function unbridgedOf(update: Api.TypeUpdate): Unbridged | undefined {
  // Said while nobody was there: what it was would have to be asked for channel by channel.
  if (update instanceof Api.UpdateChannelTooLong) return { chat: as<ChatId>(`c${textOf(update.channelId)}`) };
  const told = update instanceof Api.UpdateNewMessage || update instanceof Api.UpdateNewChannelMessage;
  if (!told || update.message instanceof Api.MessageEmpty || update.message.peerId instanceof Api.PeerUser)
    return undefined;
  const chat = peerChat(peerName(update.message.peerId));
  const action = update.message instanceof Api.MessageService ? update.message.action : undefined;
  // A group that becomes a supergroup goes on there.
  if (action instanceof Api.MessageActionChatMigrateTo) return undefined;
  return action instanceof Api.MessageActionChannelMigrateFrom
    ? { chat, was: as<ChatId>(`g${textOf(action.chatId)}`) }
    : { chat };
}

/** Name and kind of a chat, among those that came with its message. */
export function chatFacts(chat: ChatId, chats: readonly Api.TypeChat[]): Pick<Heard, 'kind' | 'name'> {
  const found = chats.find((one) => chat === `${one.className.startsWith('Channel') ? 'c' : 'g'}${textOf(one.id)}`);
  const kind = (found instanceof Api.Channel || found instanceof Api.ChannelForbidden) && found.broadcast === true;
  // Every chat has a title; only one that did not come at all has none.
  const title = found === undefined || found instanceof Api.ChatEmpty ? '?' : found.title;
  return { kind: kind ? 'channel' : 'group', name: oneLine(title) };
}

/** Others chose it: nothing in it may break the line, or turn the words around it. */
function oneLine(title: string): string {
  const plain = title.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  const signs = [...plain];
  return signs.length > LONGEST_NAME ? `${signs.slice(0, LONGEST_NAME).join('')}…` : plain;
}

export interface Notice {
  /** The same for a notice that is tried again, and for no other. */
  readonly cause: string;
  readonly words: Say;
  readonly count: number;
  readonly changes: readonly VaultChange[];
  /** It is written down. */
  readonly told: () => void;
}

type State = 'heard' | 'waiting' | 'told';

export class UnbridgedBook {
  readonly #scope: string;
  readonly #chats = new Map<ChatId, { readonly name: string; readonly date: number; state: State }>();
  #notices = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** @param kept what the vault holds of this login */
  constructor(scope: string, kept: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#scope = scope;
    for (const [key, value] of kept) {
      if (!key.startsWith(UNBRIDGED_PREFIX)) continue;
      const { name = '', date = 0 } = unpack(value) as { name?: string; date?: number };
      const state = name === '' ? 'told' : 'waiting';
      this.#chats.set(as<ChatId>(key.slice(UNBRIDGED_PREFIX.length)), { name, date, state });
    }
    const last = kept.get(UNBRIDGED_KEY);
    if (last === undefined) return;
    const { notices, at } = unpack(last) as { notices: number; at: number };
    [this.#notices, this.#lastAt] = [notices, at];
  }

  knows(chat: ChatId): boolean {
    return this.#chats.has(chat);
  }

  /** One who knows that the group is not bridged knows it of the supergroup that it has become. */
  grown(chat: ChatId, was: ChatId): void {
    if (this.knows(was) && !this.knows(chat)) this.#chats.set(chat, { name: '', date: 0, state: 'heard' });
  }

  hear({ chat, name, date }: Heard): void {
    if (!this.knows(chat)) this.#chats.set(chat, { name, date, state: 'heard' });
  }

  /** What was heard since the last saved(); to be written in the commit of the news that brought it. */
  changes(): { readonly changes: readonly VaultChange[]; readonly saved: () => void } {
    const heard = [...this.#chats].filter(([, { state }]) => state === 'heard');
    return {
      changes: heard.map(([chat, { name, date }]) => this.#change(UNBRIDGED_PREFIX + chat, { name, date })),
      saved: () => {
        for (const [, one] of heard) one.state = one.name === '' ? 'told' : 'waiting';
      },
    };
  }

  /** Epoch ms before which nothing more is said; undefined when there is nothing to say. */
  notBefore(): number | undefined {
    if (this.#waiting().length === 0) return undefined;
    const quiet = Math.min(LONGEST_QUIET_MS, SECOND_NOTICE_MS * 2 ** Math.min(this.#notices - 1, 10));
    return this.#notices === 0 ? Number.NEGATIVE_INFINITY : this.#lastAt + quiet;
  }

  /** One notice of everything that waits. @param now epoch ms */
  notice(now: number): Notice | undefined {
    const waiting = this.#waiting();
    const [first] = waiting;
    if (first === undefined) return undefined;
    const named = waiting.slice(0, MOST_NAMED).map(([, { name }]) => `\n- ${name}`);
    const more = waiting.length - named.length;
    const chats = named.join('');
    return {
      cause: `${first[0]}@${first[1].date}`,
      words: more > 0 ? say('telegram.unbridged-more', { chats, count: more }) : say('telegram.unbridged', { chats }),
      count: waiting.length,
      changes: [
        ...waiting.map(([chat]) => this.#change(UNBRIDGED_PREFIX + chat, {})),
        this.#change(UNBRIDGED_KEY, { notices: this.#notices + 1, at: now }),
      ],
      told: () => {
        for (const [, one] of waiting) one.state = 'told';
        this.#notices += 1;
        this.#lastAt = now;
      },
    };
  }

  #waiting() {
    return [...this.#chats].filter(([, { state }]) => state === 'waiting');
  }

  #change(key: string, value: object): VaultChange {
    return { scope: this.#scope, key, value: Buffer.from(JSON.stringify({ v: 1, ...value })) };
  }
}

/** What a batch of news says of chats that are not known yet. */
export function hearAll(
  book: UnbridgedBook,
  happenings: readonly Happening[],
  chats: readonly Api.TypeChat[],
): readonly Heard[] {
  const fresh: Heard[] = [];
  for (const { update, date } of happenings) {
    const found = unbridgedOf(update);
    if (found?.was !== undefined) book.grown(found.chat, found.was);
    if (found === undefined || book.knows(found.chat)) continue;
    const heard = { chat: found.chat, ...chatFacts(found.chat, chats), date };
    book.hear(heard);
    fresh.push(heard);
  }
  return fresh;
}

function unpack(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString());
}
