// Chats of several people: basic groups, whose messages everybody numbers in their own box, and channels and supergroups, which
// have one numbering and one log for all (core.telegram.org/api/channel). Knows no TL.

import type { GroupKind } from '../control-types.ts';
import { Refusal } from '../../refusal.ts';
import type { Messages } from './messages.ts';
import type { News } from './news.ts';
import type { Human, People } from './people.ts';

/** A message of a channel or supergroup; its id is the same for everybody. */
export interface Post {
  readonly id: number;
  readonly from: bigint;
  readonly date: number;
  readonly text: string;
  /** The channel's own count after it. */
  readonly pts: number;
}

export interface Group {
  /** Bare, as on the wire: a chat id or a channel id. */
  readonly id: bigint;
  /** One number for every chat there is: negative, and beyond a million millions for channels, as bots are told. */
  readonly peer: bigint;
  readonly kind: GroupKind;
  readonly title: string;
  readonly date: number;
  readonly members: ReadonlySet<bigint>;
  /** Of channels and supergroups, oldest first. */
  readonly posts: Post[];
}

const CHANNELS = 1_000_000_000_000n;
const FIRST_GROUP = 4_000_000_001n;
const FIRST_CHANNEL = 2_000_000_001n;

/** What a peer number stands for. */
export function peerKind(peer: bigint): { readonly kind: 'user' | 'chat' | 'channel'; readonly id: bigint } {
  if (peer > 0n) return { kind: 'user', id: peer };
  return peer > -CHANNELS ? { kind: 'chat', id: -peer } : { kind: 'channel', id: -peer - CHANNELS };
}

export class Groups {
  readonly #all = new Map<bigint, Group>();
  readonly #people: People;
  readonly #messages: Messages;
  readonly #news: News;
  #nextGroup = FIRST_GROUP;
  #nextChannel = FIRST_CHANNEL;

  constructor(people: People, messages: Messages, news: News) {
    this.#people = people;
    this.#messages = messages;
    this.#news = news;
  }

  get(peer: bigint): Group | undefined {
    return this.#all.get(peer);
  }

  /** The channels and supergroups that this person is in. */
  channelsOf(person: bigint): Group[] {
    return [...this.#all.values()].filter(({ kind, members }) => kind !== 'group' && members.has(person));
  }

  create(kind: GroupKind, title: string, members: readonly Human[]): Group {
    const id = kind === 'group' ? this.#nextGroup++ : this.#nextChannel++;
    const peer = kind === 'group' ? -id : -CHANNELS - id;
    const date = Math.floor(Date.now() / 1000);
    const group: Group = { id, peer, kind, title, date, members: new Set(members.map((one) => one.id)), posts: [] };
    this.#all.set(peer, group);
    this.#news.touch();
    return group;
  }

  /** Everybody in the chat has it. Throws Refusal. Answers its id, in a basic group in the author's own numbering. */
  write(from: Human, group: Group, text: string): number {
    if (!group.members.has(from.id)) throw new Refusal(403, 'CHAT_WRITE_FORBIDDEN');
    const members = [...group.members].flatMap((id) => this.#people.get(id) ?? []);
    if (group.kind === 'group') return this.#messages.writeToAll(from, group.peer, members, text).id;
    const id = group.posts.length + 1;
    // Making the channel was the first thing that counted.
    const post = { id, from: from.id, date: Math.floor(Date.now() / 1000), text, pts: id + 1 };
    group.posts.push(post);
    for (const member of members) this.#news.post(member, group, post);
    this.#news.touch();
    return id;
  }
}
