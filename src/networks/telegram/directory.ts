// Asks Telegram about people and chats: descriptions, what people type, histories. Explicit peers only; knows no house.
import { BridgeError } from '../../model/errors.ts';
import type { ChatId, PersonId } from '../../model/ids.ts';
import { readPhone } from '../../model/phone-number.ts';
import type { MediaStream, ResolvedChat } from '../../ports/network.ts';
import type { MediaSource } from '../../model/message.ts';
import type { PersonSnapshot } from '../../model/chat.ts';
import { allCures, type Cures } from './cures.ts';
import { parsePeer } from './ids.ts';
import { isAvatarHandle, resolvedOf, snapshotOf, type AvatarHandle } from './people.ts';
import type { PeerBook } from './peers.ts';
import { Api, long, textOf } from './wire/api.ts';
import type { CallOptions } from './wire/client.ts';
import { WireFault } from './wire/fault.ts';

/** One call on the login's wire. @throws WireFault */
export type Call = <R extends Api.AnyRequest>(request: R, options?: CallOptions) => Promise<R['__response']>;

const HISTORY_PAGE = 100;
/** Enough to find a word among the service messages. */
const FEW = 10;
const MOST_HISTORY_PAGES = 20;
const MOST_DIALOG_PAGES = 20;
/** upload.getFile wants offsets and limits in 4 kB steps that divide 1 MB. */
const FILE_PART = 512 * 1024;

export class Directory {
  readonly #call: Call;
  readonly #peers: PeerBook;
  readonly #homeDc: () => number;
  readonly #cures: Cures;
  #dialogsRead = false;

  constructor(call: Call, peers: PeerBook, homeDc: () => number, cures: Cures = allCures) {
    this.#call = call;
    this.#peers = peers;
    this.#homeDc = homeDc;
    this.#cures = cures;
  }

  async describeChat(chat: ChatId): Promise<ResolvedChat> {
    return resolvedOf(await this.#user(direct(chat)));
  }

  async describePerson(person: PersonId): Promise<PersonSnapshot> {
    return snapshotOf(await this.#user(direct(person)));
  }

  /** @throws BridgeError when nobody is found, WireFault */
  async resolve(identifier: string): Promise<ResolvedChat> {
    const wanted = parseIdentifier(identifier);
    if (wanted === undefined) throw notFound(identifier);
    if ('id' in wanted) {
      if ((await this.#known(wanted.id)) === undefined) throw notFound(identifier);
      return resolvedOf(await this.#user(wanted.id));
    }
    const answer =
      'username' in wanted
        ? await this.#call(new Api.contacts.ResolveUsername({ username: wanted.username }))
        : await this.#call(new Api.contacts.ResolvePhone({ phone: wanted.phone }));
    if (!(answer.peer instanceof Api.PeerUser)) {
      throw new BridgeError('telegram-only-people', 'never', 'telegram.only-people');
    }
    const id = textOf(answer.peer.userId);
    const user = answer.users.find((one): one is Api.User => one instanceof Api.User && textOf(one.id) === id);
    if (user === undefined) throw notFound(identifier);
    this.#peers.meet(user);
    return resolvedOf(user);
  }

  /** The peer of a direct chat. @throws BridgeError when this login has never met the person */
  async inputPeer(chat: ChatId): Promise<Api.TypeInputPeer> {
    const id = direct(chat);
    // Defect 20 as it is: asked for somebody unknown, the library makes up an access hash of zero.
    if (!this.#cures.explicitPeers)
      return new Api.InputPeerUser({ userId: long(id), accessHash: long(this.#peers.hash(id) ?? '0') });
    await this.#known(id);
    const peer = this.#peers.inputPeer(id);
    if (peer === undefined) throw new BridgeError('telegram-unknown-peer', 'never', 'telegram.peer-gone');
    return peer;
  }

  /** That somebody has come to Telegram, or changed their picture, is nothing said. @throws BridgeError, WireFault */
  async hasTraffic(chat: ChatId): Promise<boolean> {
    for await (const message of this.history(await this.inputPeer(chat), FEW)) {
      if (message instanceof Api.Message) return true;
    }
    return false;
  }

  /** Newest first, until `wanted` says stop or the history ends. */
  async *history(peer: Api.TypeInputPeer, perPage = HISTORY_PAGE): AsyncGenerator<Api.TypeMessage> {
    let offsetId = 0;
    for (let page = 0; page < MOST_HISTORY_PAGES; page += 1) {
      const answer = await this.#call(
        new Api.messages.GetHistory({
          peer,
          offsetId,
          offsetDate: 0,
          addOffset: 0,
          limit: perPage,
          maxId: 0,
          minId: 0,
          hash: long('0'),
        }),
      );
      if (answer instanceof Api.messages.MessagesNotModified) return;
      for (const message of answer.messages) yield message;
      const last = answer.messages.at(-1);
      if (answer.messages.length < perPage || last === undefined) return;
      offsetId = last.id;
    }
  }

  /** Everything private chats said since `date` (seconds), oldest first within each chat, and the last word of every other chat. */
  async since(date: number): Promise<{ messages: Api.TypeMessage[]; users: Api.TypeUser[]; chats: Api.TypeChat[] }> {
    const messages: Api.TypeMessage[] = [];
    const users: Api.TypeUser[] = [];
    const chats: Api.TypeChat[] = [];
    for await (const page of this.#dialogs()) {
      users.push(...page.users);
      chats.push(...page.chats);
      for (const user of page.users) this.#peers.meet(user);
      let recent = false;
      for (const dialog of page.dialogs) {
        const top = page.messages.find((one) => samePeer(one, dialog.peer) && one.id === dialog.topMessage);
        if (top === undefined || top instanceof Api.MessageEmpty || top.date < date) continue;
        recent = true;
        if (!(dialog.peer instanceof Api.PeerUser)) {
          messages.push(top);
          continue;
        }
        const peer = this.#peers.inputPeer(textOf(dialog.peer.userId));
        if (peer === undefined) continue;
        const found: Api.TypeMessage[] = [];
        for await (const message of this.history(peer)) {
          if (message instanceof Api.MessageEmpty) continue;
          if (message.date < date) break;
          found.push(message);
        }
        messages.push(...found.toReversed());
      }
      if (!recent) break;
    }
    return { messages, users, chats };
  }

  async openMedia(source: MediaSource): Promise<MediaStream> {
    if (source.from !== 'network' || !isAvatarHandle(source.handle)) throw new Error('not a telegram file');
    const { handle } = source;
    const peer = this.#peers.inputPeer(handle.user);
    if (peer === undefined) throw new BridgeError('telegram-unknown-peer', 'never', 'telegram.peer-gone');
    return await Promise.resolve({ mime: 'image/jpeg', chunks: this.#parts(handle, peer) });
  }

  async *#parts(handle: AvatarHandle, peer: Api.InputPeerUser): AsyncGenerator<Uint8Array> {
    const location = new Api.InputPeerPhotoFileLocation({ peer, photoId: long(handle.photo), big: true });
    let dc = handle.dc;
    for (let offset = 0n; ; offset += BigInt(FILE_PART)) {
      const request = new Api.upload.GetFile({ location, offset: long(offset), limit: FILE_PART });
      const get = async (): Promise<Api.upload.TypeFile> =>
        await this.#call(request, dc === this.#homeDc() ? {} : { dc, deadlineMs: 60_000 });
      const answer = await get().catch(async (error: unknown) => {
        if (!(error instanceof WireFault) || error.dc === undefined) throw error;
        dc = error.dc;
        return await get();
      });
      if (!(answer instanceof Api.upload.File)) throw new WireFault('unreadable', 'CDN_REDIRECT');
      if (answer.bytes.length > 0) yield Uint8Array.from(answer.bytes);
      if (answer.bytes.length < FILE_PART) return;
    }
  }

  async #user(id: string): Promise<Api.User> {
    await this.#known(id);
    const input = this.#peers.inputUser(id);
    if (input === undefined) throw new BridgeError('telegram-unknown-peer', 'never', 'telegram.peer-gone');
    const [user] = await this.#call(new Api.users.GetUsers({ id: [input] }));
    if (!(user instanceof Api.User)) throw new BridgeError('telegram-unknown-peer', 'never', 'telegram.peer-gone');
    this.#peers.meet(user);
    return user;
  }

  /** The list of dialogs brings the access hash of everybody this account has a chat with; read at most once per connection. */
  async #known(id: string): Promise<string | undefined> {
    if (this.#peers.hash(id) === undefined && !this.#dialogsRead) {
      this.#dialogsRead = true;
      for await (const page of this.#dialogs()) {
        for (const user of page.users) if (user instanceof Api.User && textOf(user.id) === id) this.#peers.meet(user);
        if (this.#peers.hash(id) !== undefined) break;
      }
    }
    return this.#peers.hash(id);
  }

  /** Raw and paged; dialogs without a message are passed over (the library's helper breaks on them). */
  async *#dialogs(): AsyncGenerator<Api.messages.Dialogs | Api.messages.DialogsSlice> {
    let offset: { date: number; id: number; peer: Api.TypeInputPeer } = {
      date: 0,
      id: 0,
      peer: new Api.InputPeerEmpty(),
    };
    for (let page = 0; page < MOST_DIALOG_PAGES; page += 1) {
      const answer = await this.#call(
        new Api.messages.GetDialogs({
          offsetDate: offset.date,
          offsetId: offset.id,
          offsetPeer: offset.peer,
          limit: 100,
          hash: long('0'),
        }),
      );
      if (answer instanceof Api.messages.DialogsNotModified) return;
      yield answer;
      if (!(answer instanceof Api.messages.DialogsSlice) || answer.dialogs.length === 0) return;
      const last = answer.messages.at(-1);
      if (last === undefined || last instanceof Api.MessageEmpty) return;
      const peer = last.peerId instanceof Api.PeerUser ? this.#peers.inputPeer(textOf(last.peerId.userId)) : undefined;
      offset = { date: last.date, id: last.id, peer: peer ?? new Api.InputPeerEmpty() };
    }
  }
}

function direct(name: ChatId | PersonId): string {
  const { kind, id } = parsePeer(name);
  if (kind !== 'u') throw new BridgeError('telegram-only-people', 'never', 'telegram.only-people');
  return id;
}

function samePeer(message: Api.TypeMessage, peer: Api.TypePeer): boolean {
  if (message instanceof Api.MessageEmpty) return false;
  const other = message.peerId;
  if (other instanceof Api.PeerUser)
    return peer instanceof Api.PeerUser && textOf(other.userId) === textOf(peer.userId);
  if (other instanceof Api.PeerChat)
    return peer instanceof Api.PeerChat && textOf(other.chatId) === textOf(peer.chatId);
  return peer instanceof Api.PeerChannel && textOf(other.channelId) === textOf(peer.channelId);
}

export type Wanted = { readonly username: string } | { readonly phone: string } | { readonly id: string };

/** `@name`, `name`, `t.me/name`, `tg://resolve?domain=name`, `+33 6…`, a numeric id. @throws BridgeError for a number of no country */
export function parseIdentifier(text: string): Wanted | undefined {
  const trimmed = text.trim();
  if (/^[1-9]\d{0,18}$/.test(trimmed)) return { id: trimmed };
  const phone = readPhone(trimmed);
  if (phone.kind === 'number') return { phone: phone.digits };
  if (phone.kind === 'no-country-code')
    throw new BridgeError('telegram-no-country-code', 'never', 'network.no-country-code');
  const link = /^(?:https?:\/\/)?(?:www\.)?(?:t|telegram)\.(?:me|dog)\/(?:s\/)?@?(\w+)\/?(?:\?.*)?$/i.exec(trimmed);
  const deep = /^tg:\/\/resolve\?(?:.*&)?domain=(\w+)/i.exec(trimmed);
  const name = link?.[1] ?? deep?.[1] ?? trimmed.replace(/^@/, '');
  return /^[a-z]\w{2,31}$/i.test(name) ? { username: name } : undefined;
}

function notFound(identifier: string): BridgeError {
  return new BridgeError('telegram-not-found', 'never', 'network.not-found', {
    values: { network: 'Telegram', identifier },
  });
}
