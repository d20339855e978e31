// How an account's person keeps their chats and calls people on their telephone, followed change by change and told to the house; knows
// no Matrix.
import { FencedError } from '../../model/errors.ts';
import type { ChatMarks } from '../../model/chat.ts';
import { originKey } from '../../model/effect.ts';
import { as, type ChatId, type PersonId, type PuppetId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { NetworkSink } from '../../ports/network.ts';
import type { Clock, Logger, VaultChange } from '../../ports/stores.ts';
import { acceptPatiently } from './accept-patiently.ts';
import { COLLECTIONS, CONTACTS, isCollection, readSetting, type CollectionName, type Kept } from './chat-marks.ts';
import type { Called, ContactBook } from './contacts.ts';
import { chatKind, type Names } from './ids.ts';
import { handlesOf, isPerson, parseJid } from './jid.ts';
import type { KeptChanges, KeptChats } from './kept-chats.ts';
import type { Line } from './line.ts';
import { childrenOf } from './notifications.ts';
import type { PeopleBook } from './people-book.ts';
import type { PeopleDesk } from './people-desk.ts';
import { learntNews } from './learnt-news.ts';
import { askForKeys, NoKeyYet, OtherVersion, settingsSince, type KeyOf, type Page } from './shared-settings.ts';

export interface MarksDoors {
  readonly puppet: PuppetId;
  readonly self: PersonId;
  readonly chats: KeptChats;
  readonly sink: Pick<NetworkSink, 'accept' | 'portalKey'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly names: Pick<Names, 'chat'>;
  readonly people: PeopleDesk;
  readonly book: PeopleBook;
  readonly keyOf: KeyOf;
  readonly contacts: Pick<ContactBook, 'take'>;
  /** What somebody calls themselves. */
  readonly publicName: (person: PersonId) => string | undefined;
}

/** What could not be learnt is asked for again after this time, in ms, if nothing else gives reason to before. */
const AGAIN_MS = 15 * 60_000;
/** Within this time a telephone sends its keys to a device that it has just linked, in ms. */
const KEYS_MS = 60_000;
/** Timers do not reach further, in ms. */
const LONGEST_MS = 86_400_000;

export class MarksDesk {
  readonly #doors: MarksDoors;
  readonly #wanted = new Set<CollectionName>();
  /** Keys that were missed over this line, and the telephone was asked for or not. */
  readonly #missed = new Map<string, 'awaited' | 'asked for'>();
  #wake: () => void = () => undefined;

  constructor(doors: MarksDoors) {
    this.#doors = doors;
  }

  /** Follows until the line ends: what changed while there was none comes first. @throws FencedError */
  async run(line: Line): Promise<void> {
    const { ended } = line;
    line.socket.ws.on('CB:notification,type:server_sync', (node: Parameters<typeof childrenOf>[0]) => {
      this.#want(childrenOf(node).map(({ attrs }) => attrs['name']));
    });
    this.again();
    this.#missed.clear();
    while (!ended.aborted) {
      const failed = await this.#catchUp(line);
      if (ended.aborted) return;
      const awaited = [...this.#missed.values()].includes('awaited');
      await this.#rest(line, failed.length === 0 ? LONGEST_MS : awaited ? KEYS_MS : AGAIN_MS);
      if (this.#wanted.size === 0) this.#want(failed);
    }
  }

  /** All of them, for instance because there is a key that there was not. */
  again(): void {
    this.#want(Object.keys(COLLECTIONS));
  }

  #want(names: readonly unknown[]): void {
    for (const name of names) if (isCollection(name)) this.#wanted.add(name);
    if (this.#wanted.size > 0) this.#wake();
  }

  /** @returns what could not be learnt now */
  async #catchUp(line: Line): Promise<readonly CollectionName[]> {
    const failed: CollectionName[] = [];
    const names = [...this.#wanted];
    this.#wanted.clear();
    for (const name of names) {
      const done = await this.#attempt(line, async () => await this.#follow(line, name), name);
      if (!done) failed.push(name);
    }
    await this.#attempt(line, async () => await this.#unmute(line), 'mutes');
    return failed;
  }

  /** @returns false when it has to be tried again */
  async #attempt(line: Line, work: () => Promise<void>, kind: string): Promise<boolean> {
    const { log, puppet } = this.#doors;
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof FencedError) throw error;
      const code = error instanceof NoKeyYet ? 'no-key-yet' : 'not-followed';
      if (error instanceof NoKeyYet) await this.#attempt(line, async () => await this.#ask(line, error), 'keys');
      log.info({ puppet, network: 'whatsapp', code, kind, error }, 'how chats are kept could not be learnt now');
      return false;
    }
  }

  /** Once for each line. Of a login that has just been linked they are under way: the telephone is not asked at once. */
  async #ask(line: Line, { keys }: NoKeyYet): Promise<void> {
    const linked = this.#doors.chats.followed;
    const late = keys.filter((key) => this.#missed.get(key) === 'awaited' || (linked && !this.#missed.has(key)));
    for (const key of keys) if (!this.#missed.has(key)) this.#missed.set(key, 'awaited');
    for (const key of late) this.#missed.set(key, 'asked for');
    await line.whileOpen(askForKeys(line, late));
  }

  async #follow(line: Line, name: CollectionName): Promise<void> {
    for (;;) {
      const page = await this.#page(line, name);
      if (page.settings.length > 0 || page.version !== this.#doors.chats.upTo(name)) await this.#take(line, name, page);
      if (!page.more) return;
    }
  }

  async #page(line: Line, name: CollectionName): Promise<Page> {
    const since = async (version: number): Promise<Page> =>
      await line.whileOpen(settingsSince(line, name, version, this.#doors.keyOf));
    try {
      return await since(this.#doors.chats.upTo(name) ?? 0);
    } catch (error) {
      if (!(error instanceof OtherVersion)) throw error;
      return await since(0);
    }
  }

  async #take(line: Line, name: CollectionName, page: Page): Promise<void> {
    const { settings, version, whole } = page;
    const { chats, people, book, clock } = this.#doors;
    const now = clock.now();
    const read = settings.flatMap((setting) => readSetting(setting, now) ?? []);
    await people.look(
      book,
      read.flatMap(({ jid }) => handlesOf(jid) ?? []),
      now,
    );
    const changes = whole ? chats.untouched(name) : new Map<ChatId, Partial<Kept>>();
    for (const { jid, change } of read) {
      const chat = this.#chatOf(jid);
      if (chat !== undefined) changes.set(chat, { ...changes.get(chat), ...change });
    }
    const upTo = chats.follow(name, version);
    const cause = `${name}.${version}`;
    if (name === CONTACTS) await this.#call(line, page, cause, upTo.change);
    else await this.#tell(line, changes, cause, [upTo.change]);
    upTo.written();
  }

  /** What the phone calls people is what this login's own rooms with them are called. */
  async #call({ ended }: Line, { settings, whole }: Page, cause: string, upTo: VaultChange): Promise<void> {
    const { contacts, people, book, clock } = this.#doors;
    const { changes, called, written } = contacts.take(settings, whole);
    await people.look(
      book,
      called.map(({ handles }) => handles),
      clock.now(),
    );
    // Of whoever nobody here has met there is no room.
    const events = called.flatMap((one) => this.#named(one, cause) ?? []);
    await acceptPatiently(this.#doors, ended, events, [...changes, upTo]);
    written();
  }

  #named({ handles, name }: Called, cause: string): NetworkEvent | undefined {
    const { book, sink, puppet, clock, publicName } = this.#doors;
    const person = book.known(handles);
    if (person === undefined) return undefined;
    const portal = sink.portalKey(as<ChatId>(person), 'direct');
    const key = originKey(portal, 'contact', cause, puppet);
    const change = { name: name ?? publicName(person) ?? '' };
    return { kind: 'chat', key, portal, sender: person, at: clock.now(), via: 'live', change };
  }

  /** A telephone ends a mute by itself, and tells nobody. */
  async #unmute(line: Line): Promise<void> {
    const now = this.#doors.clock.now();
    for (const [chat, end] of this.#doors.chats.muteEnds())
      if (end <= now) await this.#tell(line, new Map([[chat, { mutedUntil: 0 }]]), `unmuted.${end}`, []);
  }

  /** In one commit with how far we are; until it is kept, nothing has changed. */
  async #tell({ ended }: Line, changes: KeptChanges, cause: string, vault: readonly VaultChange[]): Promise<void> {
    const { chats, sink, people, book, clock } = this.#doors;
    const learnt = people.take(book);
    const kept = chats.take(changes);
    try {
      const joined = learntNews(learnt, sink, clock.now());
      const events = [...kept.told].map(([chat, marks]) => this.#event(chat, marks, cause));
      const writes = [...vault, ...kept.changes, ...learnt.changes];
      await acceptPatiently(this.#doors, ended, [...joined, ...events], writes);
    } catch (error) {
      kept.undo();
      throw error;
    }
    learnt.written();
  }

  #event(chat: ChatId, marks: ChatMarks, cause: string): NetworkEvent {
    const { sink, puppet, self, clock } = this.#doors;
    const portal = sink.portalKey(chat, chatKind(chat));
    const key = originKey(portal, 'marks', cause, puppet);
    return { kind: 'marks', key, portal, sender: self, at: clock.now(), via: 'live', marks };
  }

  /** Of status, lists and channels nothing is shown. */
  #chatOf(text: string): ChatId | undefined {
    const { names, book, clock } = this.#doors;
    const jid = parseJid(text);
    if (jid?.kind === 'group') return names.chat(jid);
    const handles = isPerson(jid) ? handlesOf(text) : undefined;
    return handles === undefined ? undefined : as<ChatId>(book.person(handles, clock.now()));
  }

  /** Until something is wanted, or a mute is over. @throws AbortError when the line has ended */
  async #rest(line: Line, most: number): Promise<void> {
    const { clock, chats } = this.#doors;
    const now = clock.now();
    // One that is over and could not be told is not tried again at once.
    const ends = [...chats.muteEnds().values()].map((end) => (end > now ? end - now : AGAIN_MS));
    const ms = Math.min(most, ...ends);
    if (this.#wanted.size > 0) return;
    const stop = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const slept = clock.sleep(ms, AbortSignal.any([stop.signal, line.ended]));
    const over = slept.catch(() => undefined);
    try {
      await Promise.race([woken, over]);
    } finally {
      stop.abort();
    }
  }
}
