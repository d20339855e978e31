// From the journal's rows to the house's commit: read, guarded, accepted with everything learnt on the way, then taken. Knows no socket.
import type { AuthenticationCreds, BinaryNode } from '@whiskeysockets/baileys';
import { originKey } from '../../model/effect.ts';
import type { ChatId, PersonId, PuppetId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import { say, type SayKey } from '../../model/say.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { patiently } from '../../ports/patiently.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import type { ChatBook } from './chat-book.ts';
import type { ExpiryBook } from './expiry-book.ts';
import { unwrap } from './content.ts';
import { judge } from './guards.ts';
import { chatKind, isPersonal, messageId } from './ids.ts';
import { handlesOf, isPerson, jidText, parseJid, STATUS, type Handles } from './jid.ts';
import { silentLogger } from './library.ts';
import { childrenOf, noteOf, renamingIn, type Renaming } from './notifications.ts';
import type { PeopleBook } from './people-book.ts';
import type { PeopleDesk } from './people-desk.ts';
import { momentOf, placeOf, told, type ReadContext, type WireMessage } from './place.ts';
import { readMessage } from './read.ts';
import { sameChats } from './same-chats.ts';
import type { SecretBook } from './secret-book.ts';
import type { Journal } from './state/journal.ts';
import { placed, type LedgerChange } from './state/ledger.ts';
import { rereadMessage } from './state/reread.ts';
import type { Row } from './state/row.ts';
import { expiryOf, timerIn } from './timers.ts';

export interface InboxDoors {
  readonly puppet: PuppetId;
  readonly scope: string;
  readonly sink: NetworkSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Journal;
  /** Lets a commit take along what the login has to keep: for what is new, the very commit that keeps what was decrypted. */
  readonly along: (commit: (changes: readonly LedgerChange[]) => Promise<void>) => Promise<void>;
  readonly creds: Pick<AuthenticationCreds, 'me'>;
  readonly context: ReadContext;
  readonly chats: ChatBook;
  readonly secrets: SecretBook;
  /** Absent where what disappears stays here. */
  readonly expiries: ExpiryBook | undefined;
  /** Opens what is sealed with the secret of another message. */
  readonly unsealed: (message: WireMessage) => WireMessage;
  readonly people: PeopleDesk;
  readonly book: PeopleBook;
  /** Admins of a group, asked of WhatsApp. @throws when they cannot be learnt now */
  readonly admins: (chat: ChatId) => Promise<ReadonlySet<PersonId>>;
  /** The house has it. */
  readonly accepted: (events: readonly NetworkEvent[], rows: readonly Row[]) => void;
  /** A group is no longer what it was. */
  readonly stale: (chat: ChatId) => void;
  /** Nothing can be kept any more. */
  readonly failed: (why: unknown) => void;
}

const NOTHING = { changes: [], written: () => undefined };
const MOST_AT_ONCE = 100;
/** A stanza that the library has not decrypted by then is not waited for, in ms. */
const HOLD_MS = 20_000;

export class Inbox {
  readonly #doors: InboxDoors;
  readonly #closing = new AbortController();
  /** Sentences about what is of no chat, to be said once each. */
  readonly #elsewhere = new Set<SayKey>();
  #rows: Row[] = [];
  #working: Promise<void> | undefined;
  #tell: () => void = () => undefined;

  constructor(doors: InboxDoors) {
    this.#doors = doors;
  }

  /** Never waits: the library may be in the middle of a stanza. */
  add(rows: readonly Row[]): void {
    this.#rows.push(...rows);
    this.#tell();
    if (this.#closing.signal.aborted) return;
    this.#working ??= this.#work();
  }

  /** What is not accepted stays in the journal. Whoever closes it closes the writer as well, which may be waiting for its database. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    try {
      await Promise.resolve();
      while (this.#rows.length > 0 && !this.#closing.signal.aborted) {
        const batch = this.#ready();
        if (batch.length === 0) await this.#more();
        else await this.#accept(batch);
        const done = new Set(batch);
        this.#rows = this.#rows.filter((row) => !done.has(row));
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#doors.failed(error);
    } finally {
      // In the turn that found no more to do: whoever adds in the next one must not rely on this one.
      this.#working = undefined;
    }
  }

  /** In the order of arrival, up to what is still being decrypted. */
  #ready(): readonly Row[] {
    const { journal, clock } = this.#doors;
    const limit = journal.underWay(clock.now() - HOLD_MS) ?? Number.POSITIVE_INFINITY;
    const ready = this.#rows.filter(({ seq }) => seq < limit).sort((a, b) => a.seq - b.seq);
    return ready.slice(0, MOST_AT_ONCE);
  }

  /** Until another row is complete, or the one that is waited for has had its time. */
  async #more(): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#closing.signal]);
    const more = new Promise<void>((resolve) => {
      this.#tell = resolve;
    });
    const slept = this.#doors.clock.sleep(HOLD_MS, signal);
    // Called off below once a row has come; a close meanwhile is still thrown by the race.
    slept.catch(() => undefined);
    try {
      await Promise.race([more, slept]);
    } finally {
      stop.abort();
    }
  }

  async #accept(batch: readonly Row[]): Promise<void> {
    const { sink, journal, scope, people, book, chats, secrets, expiries, clock } = this.#doors;
    await this.#patiently(async () => {
      for (const { node } of batch) await people.look(book, namedIn(node), clock.now());
    });
    const events: NetworkEvent[] = [];
    for (const row of batch) events.push(...(await this.#read(row)));
    const accept = async (waiting: readonly LedgerChange[]): Promise<void> => {
      const { changes, taken } = journal.take(batch);
      const [learnt, remembered, sealed] = [people.take(book), chats.take(), secrets.take()];
      // Before what is said in it: else that would open a second room.
      const joined = sameChats(learnt.merged, sink, clock.now());
      for (const words of this.#elsewhere) {
        await sink.tell(`elsewhere/${words}`, say(words));
        this.#elsewhere.delete(words);
      }
      const more = [learnt, remembered, sealed, expiries?.take('in') ?? NOTHING];
      const own = placed(scope, [...waiting, ...changes]);
      await sink.accept([...joined, ...events], [...own, ...more.flatMap((one) => one.changes)]);
      taken();
      for (const one of more) one.written();
    };
    await this.#patiently(async () => await this.#doors.along(accept));
    this.#doors.accepted(events, batch);
  }

  /** Again and again while the database is away. @throws FencedError */
  async #patiently(work: () => Promise<void>): Promise<void> {
    const { clock, log, puppet } = this.#doors;
    const patience = { clock, log, facts: { puppet, network: 'whatsapp' }, closing: this.#closing.signal };
    await patiently(patience, 'news could not be written, will try again', work);
  }

  async #read(row: Row): Promise<readonly NetworkEvent[]> {
    const renaming = renamingIn(row.node);
    if (renaming !== undefined) return this.#renumbered(row, renaming);
    const message = await this.#messageOf(row);
    if (message === undefined) return [];
    const { context, chats } = this.#doors;
    const place = placeOf(context, message, 'live');
    if (place === undefined) return [];
    if (!(isPersonal(place.chat) || chatKind(place.chat) === 'group')) {
      this.#elsewhere.add(elsewhere(place.chat));
      return [];
    }
    if (!(await this.#mayPass(row, message, place.chat))) return [];
    this.#learn(message, place.chat, place.at);
    const healing = chats.isWaiting(place.id);
    const reading = readMessage(context, message, { healing });
    if (reading.waiting !== undefined) chats.wait(reading.waiting);
    else if (healing) chats.heal(place.id);
    for (const chat of reading.stale) this.#doors.stale(chat);
    if (reading.events.some(({ kind }) => kind === 'message')) {
      if (isPersonal(place.chat)) chats.note(place.chat, { met: true });
      if (place.sender !== context.self) chats.said(place.chat, place.id);
    }
    const named = reading.names.filter(({ person, name }) => chats.call(person, name));
    return [...reading.events, ...named.map(({ person, name }) => this.#renamed(person, name, place.at))];
  }

  async #messageOf(row: Row): Promise<WireMessage | undefined> {
    if (row.node.tag !== 'message') return noteOf(row.node);
    try {
      const message = await rereadMessage(row, this.#doors.creds, silentLogger);
      return message === undefined ? undefined : this.#doors.unsealed(message);
    } catch {
      // The library refuses such a stanza as well: no server may send it.
      this.#note('bad-stanza', 'a stanza that nobody may send was passed over');
      return undefined;
    }
  }

  async #mayPass({ node }: Row, message: WireMessage, chat: ChatId): Promise<boolean> {
    if (node.tag !== 'message') return true;
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
      // What cannot be learnt now is no proof: the deletion is dropped.
      const known = await admins(chat).catch(() => undefined);
      judgement = known?.has(person) === true ? { do: 'keep' } : { do: 'drop', code: 'not-admin' };
    }
    if (judgement.do === 'drop') this.#note(judgement.code, 'a message that claims too much was dropped');
    return judgement.do === 'keep';
  }

  #learn(message: WireMessage, chat: ChatId, at: number): void {
    const { chats, context, secrets, expiries, clock } = this.#doors;
    const jid = message.key?.remoteJid;
    if (typeof jid === 'string') chats.note(chat, { jid });
    const timer = timerIn(message);
    if (timer !== undefined) chats.time(chat, timer);
    if (message.message === null || message.message === undefined) return;
    const { content } = unwrap(message.message);
    const place = placeOf(context, message, 'live');
    if (place === undefined) return;
    chats.remember(place.id, { content, at });
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
    const place = { chat, portal, sender: person, at, via: 'live', id, native: node.attrs['id'] ?? '' } as const;
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

/** Of what stays on the phone its person hears once. */
function elsewhere(chat: ChatId): SayKey {
  if (chat === STATUS) return 'whatsapp.status-elsewhere';
  return chatKind(chat) === 'channel' ? 'whatsapp.channels-elsewhere' : 'whatsapp.lists-elsewhere';
}

/** Everybody whom a stanza names by an address. */
function namedIn(node: BinaryNode): readonly Handles[] {
  const all = [node, ...childrenOf(node)].flatMap(({ attrs }) => Object.values(attrs));
  return all.flatMap((text) => handlesOf(text) ?? []);
}
