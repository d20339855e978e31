// Calls as the chat they ring in hears of them: one notice, which becomes what has become of the call. Knows no socket.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { createHash } from 'node:crypto';
import { originKey } from '../../model/effect.ts';
import { as, type ChatId, type MessageId, type PersonId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import { say, type Say } from '../../model/say.ts';
import type { VaultChange } from '../../ports/stores.ts';
import type { ChatBook } from './chat-book.ts';
import { chatKind, isPersonal, messageId } from './ids.ts';
import { handlesBeside, handlesOf, jidText, overlap, parseJid, type Handles } from './jid.ts';
import { childrenOf } from './notifications.ts';
import { momentOf, origin, personOf, told, type Place, type ReadContext } from './place.ts';

/** over: ended by whoever began it, whether or not it was taken · elsewhere: taken, or refused, on the account's own phone. */
type Turn = 'rings' | 'unanswered' | 'over' | 'answered' | 'declined';

/** What a stanza tells of a call. */
export interface CallNews {
  readonly call: string;
  readonly turn: Turn;
  readonly creator: Handles;
  /** Whom the stanza is from. */
  readonly by?: Handles;
  /** Address of the group that is called. */
  readonly group?: string;
  readonly video: boolean;
  /** Epoch ms. */
  readonly at: number;
}

/** A call that was shown. */
interface Ring {
  readonly chat: ChatId;
  readonly sender: PersonId;
  readonly video: boolean;
  readonly over: boolean;
}

export interface CallDeskDoors {
  readonly scope: string;
  readonly context: ReadContext;
  readonly chats: Pick<ChatBook, 'note' | 'said'>;
  /** Of a group, asked of WhatsApp. @throws when they cannot be learnt now */
  readonly members: (chat: ChatId) => Promise<readonly PersonId[]>;
}

const RING = 'ring/';
const VERSION = 1;
/** Of older calls it is not told any more what became of them. */
const MOST_RINGS = 50;

/** By a call's `reason` for ending. */
const ENDS: Readonly<Record<string, Turn>> = {
  timeout: 'unanswered',
  accepted_elsewhere: 'answered',
  rejected_elsewhere: 'declined',
};

/** @returns undefined for what is no call, or tells people nothing: how its sound is carried */
export function callIn(node: BinaryNode, self: Handles, now: number): CallNews | undefined {
  if (node.tag !== 'call') return undefined;
  const [child] = childrenOf(node);
  if (child === undefined) return undefined;
  const { attrs } = child;
  const by = handlesOf(node.attrs['from']);
  const creator = handlesBeside(
    self,
    attrs['call-creator'] ?? node.attrs['from'],
    attrs['caller_pn'] ?? attrs['caller_lid'],
  );
  const turn = turnOf(child, by !== undefined && overlap(by, self));
  const call = attrs['call-id'] ?? '';
  if (creator === undefined || turn === undefined || call === '') return undefined;
  const group = parseJid(attrs['group-jid'])?.kind === 'group' ? attrs['group-jid'] : undefined;
  return {
    call,
    turn,
    creator,
    ...(by === undefined ? {} : { by }),
    ...(group === undefined ? {} : { group }),
    video: attrs['media'] === 'video' || childrenOf(child).some(({ tag }) => tag === 'video'),
    at: momentOf(node.attrs['t'], now),
  };
}

function turnOf({ tag, attrs: { reason = '' } }: BinaryNode, own: boolean): Turn | undefined {
  // WhatsApp gives notice of a call in a group; a call of two it offers.
  if (tag === 'offer' || tag === 'offer_notice') return 'rings';
  if (tag === 'terminate') return Object.hasOwn(ENDS, reason) ? ENDS[reason] : 'over';
  // Others may take a call in a group, or not: for this account it goes on ringing.
  if (tag === 'accept' && own) return 'answered';
  return tag === 'reject' && own ? 'declined' : undefined;
}

export class CallDesk {
  readonly #doors: CallDeskDoors;
  /** By the hash of the call, the newest last. */
  readonly #rings = new Map<string, Ring>();
  readonly #unwritten = new Map<string, VaultChange>();

  /** @param kept the login's scope in the vault @throws Error when a value is of a later version */
  constructor(doors: CallDeskDoors, kept: ReadonlyMap<string, Uint8Array>) {
    this.#doors = doors;
    const all = [...kept].flatMap(([key, bytes]) =>
      key.startsWith(RING) ? [{ name: key.slice(RING.length), ...opened(bytes) }] : [],
    );
    for (const { name, ring } of all.toSorted((a, b) => a.at - b.at)) this.#rings.set(name, ring);
  }

  async read(news: CallNews): Promise<readonly NetworkEvent[]> {
    const { context } = this.#doors;
    const { at } = news;
    const ring = this.#rings.get(hashed(news.call));
    if (ring === undefined) return await this.#begun(news);
    const { selfHandles, self } = context;
    const by = news.by === undefined ? undefined : personOf(context, news.by);
    // Who takes part in a call knows its name: only who began it ends it for all, and only this account for itself.
    const may = by === ring.sender || by === self || (news.by !== undefined && overlap(news.by, selfHandles));
    if (news.turn === 'rings' || ring.over || !may) return [];
    // In a group that is so for this account alone: for whoever else reads the room it goes on.
    if (chatKind(ring.chat) === 'group' && (news.turn === 'answered' || news.turn === 'declined')) return [];
    this.#keep(news.call, { ...ring, over: true }, at);
    const place = this.#place(ring, news.call, at);
    const key = originKey(place.portal, 'edit', place.id, news.turn);
    const part = { kind: 'told', say: wordsOf(news.turn, ring) } as const;
    return [{ ...origin(place, key), kind: 'edit', target: place.id, parts: [part], editedAt: at }];
  }

  take(): { readonly changes: readonly VaultChange[]; readonly written: () => void } {
    const changes = [...this.#unwritten.values()];
    return {
      changes,
      written: () => {
        for (const change of changes)
          if (this.#unwritten.get(change.key) === change) this.#unwritten.delete(change.key);
      },
    };
  }

  /** It rings; or it rang while nobody told us, and nobody took it. */
  async #begun(news: CallNews): Promise<readonly NetworkEvent[]> {
    const { context, chats } = this.#doors;
    const { at } = news;
    if (news.turn !== 'rings' && news.turn !== 'unanswered') return [];
    const sender = personOf(context, news.creator);
    const chat = await this.#chatOf(news, sender);
    if (chat === undefined) return [];
    const ring: Ring = { chat, sender, video: news.video, over: news.turn !== 'rings' };
    this.#keep(news.call, ring, at);
    const place = this.#place(ring, news.call, at);
    if (isPersonal(chat)) chats.note(chat, { jid: addressOf(news.creator), met: true });
    if (sender !== context.self) chats.said(chat, place.id);
    const { key, with: values } = wordsOf(news.turn, ring);
    return [told(place, key, values)];
  }

  /** Its group, if it can be seen that whoever calls is in it; else the chat with them. */
  async #chatOf({ group }: CallNews, sender: PersonId): Promise<ChatId | undefined> {
    const { context, members } = this.#doors;
    const jid = parseJid(group);
    if (jid !== undefined) {
      const chat = context.names.chat(jid);
      // What cannot be learnt now is no proof: the call is told all the same, where nobody else hears of it.
      const inside = await members(chat).catch((): readonly PersonId[] => []);
      if (inside.includes(sender)) return chat;
    }
    return sender === context.self ? undefined : as<ChatId>(sender);
  }

  #place({ chat, sender }: Ring, native: string, at: number): Place {
    const portal = this.#doors.context.portal(chat, chatKind(chat));
    const id: MessageId = messageId(sender, native);
    return { chat, portal, sender, at, via: 'live', id };
  }

  #keep(call: string, ring: Ring, at: number): void {
    const { scope } = this.#doors;
    const name = hashed(call);
    const write = (of: string, value: Uint8Array | null): void => {
      const key = `${RING}${of}`;
      this.#unwritten.set(key, { scope, key, value });
    };
    this.#rings.delete(name);
    this.#rings.set(name, ring);
    write(name, Buffer.from(JSON.stringify({ v: VERSION, at, ring })));
    for (const oldest of this.#rings.keys()) {
      if (this.#rings.size <= MOST_RINGS) break;
      this.#rings.delete(oldest);
      write(oldest, null);
    }
  }
}

/** Whoever calls chooses a call's name, of any length and with any character in it: no name of a place in the vault. */
function hashed(call: string): string {
  return createHash('sha256').update('passerelle-whatsapp-call\0').update(call).digest('base64url').slice(0, 22);
}

function addressOf({ lid, pn }: Handles): string {
  return lid === undefined ? jidText('pn', pn ?? '') : jidText('lid', lid);
}

function wordsOf(turn: Turn, { chat, video }: Pick<Ring, 'chat' | 'video'>): Say {
  const kind = video ? 'kind.video-call' : 'kind.voice-call';
  const group = chatKind(chat) === 'group';
  if (turn === 'answered') return say('whatsapp.call-answered', { kind });
  if (turn === 'declined') return say('whatsapp.call-declined', { kind });
  if (group && turn === 'rings') return say('whatsapp.group-call', { kind });
  if (group && turn === 'over') return say('whatsapp.group-call-over', { kind });
  if (turn === 'rings') return say(video ? 'whatsapp.video-call' : 'whatsapp.call');
  // Nobody here took it before it ended.
  return say(video ? 'whatsapp.missed-video-call' : 'whatsapp.missed-call');
}

function opened(bytes: Uint8Array): { readonly at: number; readonly ring: Ring } {
  const { v, at, ring } = JSON.parse(Buffer.from(bytes).toString()) as { v: number; at: number; ring: Ring };
  if (v !== VERSION) throw new Error('calls of a later version');
  return { at, ring };
}
