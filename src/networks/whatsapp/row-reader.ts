// One row of the journal as what the house is told of it, guarded, with everything learnt on the way; writes nothing down and knows no
// socket.
import type { AuthenticationCreds } from '@whiskeysockets/baileys';
import { originKey } from '../../model/effect.ts';
import type { ChatId, PersonId, PuppetId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { SayKey } from '../../model/say.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import { callIn, type CallDesk } from './calls.ts';
import type { ChatBook } from './chat-book.ts';
import { unwrap } from './content.ts';
import type { ExpiryBook } from './expiry-book.ts';
import { judge } from './guards.ts';
import { chatKind, isPersonal, messageId } from './ids.ts';
import { isPerson, jidText, parseJid, STATUS } from './jid.ts';
import { silentLogger } from './library.ts';
import { notesOf, renamingIn, type Renaming } from './notifications.ts';
import type { PeopleBook } from './people-book.ts';
import { momentOf, placeOf, told, type ReadContext, type WireMessage } from './place.ts';
import { readMessage } from './read.ts';
import { resentIn } from './resent.ts';
import type { SecretBook } from './secret-book.ts';
import { settingsKeysIn, type SettingsKeys } from './settings-keys.ts';
import { rereadMessage } from './state/reread.ts';
import type { Row } from './state/row.ts';
import { expiryOf, timerIn } from './timers.ts';
import { unreadNotice } from './unread.ts';

export interface ReaderDoors {
  readonly puppet: PuppetId;
  readonly sink: Pick<NetworkSink, 'portalKey'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly creds: Pick<AuthenticationCreds, 'me'>;
  readonly context: ReadContext;
  readonly chats: ChatBook;
  readonly secrets: SecretBook;
  readonly calls: Pick<CallDesk, 'read'>;
  /** Absent where what disappears stays here. */
  readonly expiries: ExpiryBook | undefined;
  /** Opens what is sealed with the secret of another message. */
  readonly unsealed: (message: WireMessage) => WireMessage;
  readonly book: PeopleBook;
  /** Admins of a group, asked of WhatsApp. @throws when they cannot be learnt now */
  readonly admins: (chat: ChatId) => Promise<ReadonlySet<PersonId>>;
  /** A group is no longer what it was. */
  readonly stale: (chat: ChatId) => void;
}

/** What one row comes to. */
export interface Heard {
  readonly events: readonly NetworkEvent[];
  /** A sentence about what is of no chat here, to be said once. */
  readonly elsewhere?: SayKey;
  /** To be kept before the row is taken: the library keeps them too, but behind its receipt. */
  readonly keys?: SettingsKeys;
}

const NOTHING: Heard = { events: [] };

export class RowReader {
  readonly #doors: ReaderDoors;

  constructor(doors: ReaderDoors) {
    this.#doors = doors;
  }

  /** Never fails: what cannot be read is shown as that. */
  async read(row: Row): Promise<Heard> {
    const { log, puppet } = this.#doors;
    const facts = { puppet, network: 'whatsapp', code: 'unread', key: row.key };
    try {
      return await this.#read(row);
    } catch (error) {
      // A fault of ours, or of what was kept: neither the rows behind it nor the login have to pay for it.
      log.error({ ...facts, error }, 'what came could not be read, and is shown as that');
      return this.unread(row);
    }
  }

  /** What is shown in its place. Never fails. */
  unread(row: Row): Heard {
    const { log, puppet, context } = this.#doors;
    try {
      const notice = unreadNotice(context, row);
      if (notice !== undefined) return { events: [notice] };
    } catch (error) {
      // Not even where it belongs can be read: its person is told without a chat.
      const facts = { puppet, network: 'whatsapp', code: 'unread', key: row.key };
      log.error({ ...facts, error }, 'where it belongs could not be read either');
    }
    return { events: [], elsewhere: 'whatsapp.unread-somewhere' };
  }

  async #read(row: Row): Promise<Heard> {
    const renaming = renamingIn(row.node);
    if (renaming !== undefined) return { events: this.#renumbered(row, renaming) };
    const { context, calls } = this.#doors;
    const call = callIn(row.node, context.selfHandles, context.now());
    if (call !== undefined) return { events: await calls.read(call) };
    const messages = row.node.tag === 'message' ? await this.#messageIn(row) : notesOf(row.node);
    let heard = NOTHING;
    for (const message of messages) {
      const more = await this.#hear(row, message);
      heard = { ...heard, ...more, events: [...heard.events, ...more.events] };
    }
    return heard;
  }

  async #hear(row: Row, message: WireMessage): Promise<Heard> {
    const { context, chats } = this.#doors;
    const place = placeOf(context, message, 'live');
    if (place === undefined) return NOTHING;
    if (!(isPersonal(place.chat) || chatKind(place.chat) === 'group'))
      return { events: [], elsewhere: elsewhere(place.chat) };
    const mode = chatKind(place.chat) === 'group' ? row.node.attrs['addressing_mode'] : undefined;
    if (mode === 'lid' || mode === 'pn') chats.note(place.chat, { addressing: mode });
    const pass = await this.#pass(row, message, place.chat);
    if (pass === 'no') return NOTHING;
    // Nothing else of it is taken.
    if (pass === 'if-admin') return { events: readMessage(context, message).events.flatMap(ifAdmin) };
    const copies = resentIn(message);
    if (copies !== undefined) return { events: copies.flatMap((copy) => this.#resent(copy)) };
    const keys = settingsKeysIn(message);
    if (keys !== undefined) return { events: [], keys };
    this.#learn(message, place.chat);
    const healing = chats.isWaiting(place.id);
    const reading = readMessage(context, message, { healing });
    if (reading.waiting !== undefined) chats.wait(reading.waiting, context.now());
    else if (healing) chats.heal(place.id);
    for (const chat of reading.stale) this.#doors.stale(chat);
    if (reading.events.some(({ kind }) => kind === 'message')) {
      if (isPersonal(place.chat)) chats.note(place.chat, { met: true });
      if (place.sender !== context.self) chats.said(place.chat, place.id);
    }
    const named = reading.names.filter(({ person, name }) => chats.call(person, name));
    return { events: [...reading.events, ...named.map(({ person, name }) => this.#renamed(person, name, place.at))] };
  }

  /** Only what stands here as waiting: nothing else was asked for. */
  #resent(copy: WireMessage): readonly NetworkEvent[] {
    const { context, chats, unsealed } = this.#doors;
    const place = placeOf(context, copy, 'live');
    if (place === undefined || !chats.isWaiting(place.id)) return [];
    const message = unsealed(copy);
    const reading = readMessage(context, message, { healing: true });
    if (reading.waiting !== undefined) return [];
    this.#learn(message, place.chat);
    chats.heal(place.id);
    return reading.events;
  }

  async #messageIn(row: Row): Promise<readonly WireMessage[]> {
    let message: WireMessage | undefined;
    try {
      message = await rereadMessage(row, this.#doors.creds, silentLogger);
    } catch (error) {
      if (!Reflect.has(error as Error, 'isBoom')) throw error;
      // The library refuses such a stanza as well: no server may send it.
      this.#note('bad-stanza', 'a stanza that nobody may send was passed over');
      return [];
    }
    return message === undefined ? [] : [this.#doors.unsealed(message)];
  }

  async #pass({ node }: Row, message: WireMessage, chat: ChatId): Promise<'yes' | 'no' | 'if-admin'> {
    if (node.tag !== 'message') return 'yes';
    const { context, admins } = this.#doors;
    const { attrs } = node;
    const alt =
      attrs['participant'] === undefined
        ? [attrs['sender_pn'], attrs['sender_lid']]
        : [attrs['participant_pn'], attrs['participant_lid']];
    const authorAlt = alt.find((one) => one !== undefined);
    const claim = {
      content: message.message,
      chat,
      author: attrs['participant'] ?? attrs['from'] ?? '',
      ...(authorAlt === undefined ? {} : { authorAlt }),
      fromMe: message.key?.fromMe === true,
    };
    const guard = { selfHandles: context.selfHandles, person: context.person };
    let judgement = judge({ ...guard, isAdmin: () => undefined }, claim);
    if (judgement.do === 'ask') {
      const { person } = judgement;
      // What cannot be learnt now is neither proved nor dropped: the house asks again.
      const known = await admins(chat).catch(() => undefined);
      if (known === undefined) return 'if-admin';
      judgement = known.has(person) ? { do: 'keep' } : { do: 'drop', code: 'not-admin' };
    }
    if (judgement.do === 'keep') return 'yes';
    if (judgement.do === 'drop') this.#note(judgement.code, 'a message that claims too much was dropped');
    return 'no';
  }

  #learn(message: WireMessage, chat: ChatId): void {
    const { chats, context, secrets, expiries, clock } = this.#doors;
    const jid = message.key?.remoteJid;
    if (typeof jid === 'string') chats.note(chat, { jid });
    const timer = timerIn(message);
    if (timer !== undefined) chats.time(chat, timer);
    if (message.message === null || message.message === undefined) return;
    const { content } = unwrap(message.message);
    const place = placeOf(context, message, 'live');
    if (place === undefined) return;
    chats.remember(place.id, content);
    const secret = (message.message.messageContextInfo ?? content.messageContextInfo)?.messageSecret;
    const stays = expiryOf(content, place);
    if (stays !== undefined) expiries?.add('in', stays, clock.now());
    // Nothing hangs on what hangs on another message.
    if (secret && !content.protocolMessage && !content.reactionMessage) secrets.remember(place.id, secret);
  }

  /** They stay who they were, and their chat with them; it is told where there is one. */
  #renumbered({ node }: Row, { before, after }: Renaming): readonly NetworkEvent[] {
    const { book, chats, sink, clock } = this.#doors;
    const person = book.renamed(before, after, clock.now());
    const chat = person as string as ChatId;
    const heard = parseJid(chats.chat(chat).jid);
    if (!isPerson(heard)) return [];
    const user = after[heard.kind];
    if (user !== undefined) chats.note(chat, { jid: jidText(heard.kind, user) });
    const id = messageId(person, node.attrs['id'] ?? '');
    const at = momentOf(node.attrs['t'], clock.now());
    const portal = sink.portalKey(chat, 'direct');
    const place = { chat, portal, sender: person, at, via: 'live', id } as const;
    return [told(place, 'whatsapp.new-number')];
  }

  #renamed(person: PersonId, name: string, at: number): NetworkEvent {
    const chat = person as string as ChatId;
    const portal = this.#doors.sink.portalKey(chat, 'direct');
    const key = originKey(portal, 'person', messageId(person, name), String(at));
    return { kind: 'person', key, portal, sender: person, at, via: 'live', person: { id: person, name } };
  }

  #note(code: string, line: string): void {
    this.#doors.log.info({ puppet: this.#doors.puppet, network: 'whatsapp', code }, line);
  }
}

/** Under a key of its own: a claim must not stand for what its author, or another admin, does later. */
function ifAdmin(event: NetworkEvent): readonly NetworkEvent[] {
  if (event.kind !== 'removal') return [];
  const key = originKey(event.portal, 'removal', event.target, `by.${event.sender}`);
  return [{ ...event, key, ifAdmin: true }];
}

/** Of what stays on the phone its person hears once. */
function elsewhere(chat: ChatId): SayKey {
  if (chat === STATUS) return 'whatsapp.status-elsewhere';
  return chatKind(chat) === 'channel' ? 'whatsapp.channels-elsewhere' : 'whatsapp.lists-elsewhere';
}
