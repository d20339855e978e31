// Everything one login keeps in memory between connections, put together from its vault; knows no reconnecting.
import type { BinaryNode } from '@whiskeysockets/baileys';
import { isAboutGroup, type NetworkAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import type { ChatId, EffectId, PersonId } from '../../model/ids.ts';
import type { Puppet } from '../../model/records.ts';
import { vaultScope, type ActionReceipt, type NetworkSink, type PerformContext } from '../../ports/network.ts';
import { patiently } from '../../ports/patiently.ts';
import type { Clock, Logger, Vault, VaultChange } from '../../ports/stores.ts';
import { CallDesk } from './calls.ts';
import { ChatBook } from './chat-book.ts';
import { Communities } from './communities.ts';
import { ExpiryBook } from './expiry-book.ts';
import { watchExpiries } from './expiry-watch.ts';
import { CONTACT, ContactBook } from './contacts.ts';
import type { Cures } from './cures.ts';
import { Deliveries } from './deliveries.ts';
import { Directory } from './directory.ts';
import { GroupDesk } from './group-desk.ts';
import { GroupPictures } from './group-pictures.ts';
import { Groups } from './groups.ts';
import { chatKind, type Names } from './ids.ts';
import { Inbox } from './inbox.ts';
import { handlesOf } from './jid.ts';
import { selfOf } from './library.ts';
import type { Line } from './line.ts';
import { Pacing } from './pacing.ts';
import { Reconnects, RECONNECTS_KEY } from './reconnects.ts';
import { MarksDesk, UP_TO } from './marks-desk.ts';
import type { PeopleDesk } from './people-desk.ts';
import { PHONE_KEY, PhoneWatch } from './phone-watch.ts';
import { arrivalOf, glimpseOf } from './passing.ts';
import { pictured } from './picture-news.ts';
import { Pictures } from './pictures.ts';
import type { ReadContext } from './place.ts';
import { RowReader } from './row-reader.ts';
import { SecretBook } from './secret-book.ts';
import { Sends } from './sends.ts';
import type { WhatsAppSettings } from './settings.ts';
import { Standing } from './standing.ts';
import { vaultLedger } from './state/ledger.ts';
import { AccountState } from './state/state.ts';
import { CREDS_KEY, KEY_PREFIX } from './state/values.ts';
import { TimerDesk } from './timer-desk.ts';
import { unsealed } from './unseal.ts';

export interface AccountDoors {
  readonly puppet: Puppet;
  readonly sink: NetworkSink;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cures: Cures;
  readonly settings: WhatsAppSettings;
  readonly names: Names;
  readonly people: PeopleDesk;
  /** False only in tests. */
  readonly paced: boolean;
  readonly line: () => Line | undefined;
  /** Nothing can be written any more (FencedError), or what came cannot be read on. */
  readonly broken: (why: unknown) => void;
}

export interface Account {
  readonly state: AccountState;
  readonly context: ReadContext;
  readonly directory: Directory;
  readonly inbox: Inbox;
  /** @throws BridgeError */
  readonly perform: (
    line: Line,
    action: NetworkAction,
    effect: EffectId,
    open: PerformContext['open'],
  ) => Promise<ActionReceipt>;
  readonly desk: GroupDesk;
  readonly pacing: Pacing | undefined;
  readonly standing: Standing;
  readonly reconnects: Reconnects;
  readonly chats: ChatBook;
  readonly contacts: ContactBook;
  readonly phone: PhoneWatch;
  /** What is done beside the line until it is aborted. @throws AbortError, FencedError, WriterClosed */
  readonly chores: (signal: AbortSignal) => Promise<void>;
  readonly pictures: Pictures;
  readonly marks: MarksDesk;
  /** Takes chat states and receipts. */
  readonly passing: (node: BinaryNode) => Promise<void>;
}

export function loggedOut(cause?: unknown): BridgeError {
  return new BridgeError('whatsapp-logged-out', 'after-login', 'whatsapp.logged-out', { cause });
}

/** What was received and not accepted is read at once. @throws BridgeError when the vault holds no linked account */
export async function openAccount(doors: AccountDoors): Promise<Account> {
  const { puppet, sink, vault, clock, log, cures, settings, names, people, line } = doors;
  const scope = vaultScope(puppet.id);
  const ledger = vaultLedger(vault, scope, async (changes) => await sink.keep(changes));
  const state = await AccountState.open({
    ledger,
    clock,
    log,
    puppet: puppet.id,
    cures,
    broken: doors.broken,
  });
  const self = state === undefined ? undefined : selfOf(state.creds);
  if (state === undefined || self === undefined) throw loggedOut();
  const [kept, book] = [await vault.readAll(scope), await people.book()];
  const selfHandles = handlesOf(self.id, self.lid) ?? {};
  book.person(selfHandles, clock.now());
  const [chats, secrets] = [new ChatBook(scope, kept), new SecretBook(scope, kept)];
  const expiries = settings.disappearing === 'remove' ? new ExpiryBook(scope, kept) : undefined;
  const pacing = doors.paced ? new Pacing(settings.pacing, 0, kept) : undefined;
  const standing = new Standing({ scope, sink, clock, pacing, isOpen: () => line()?.alive === true });
  const most = doors.paced ? settings.pacing.reconnectsPerDay : Number.POSITIVE_INFINITY;
  const reconnects = new Reconnects({ scope, sink, clock, most }, kept.get(RECONNECTS_KEY));
  const contacts = new ContactBook(scope, kept);
  const marks = new MarksDesk(
    {
      puppet: puppet.id,
      self: puppet.self,
      scope,
      sink,
      clock,
      log,
      names,
      people,
      book,
      keyOf: async (id) => (await state.keys.get('app-state-sync-key', [id]))[id],
      contacts,
      publicName: (person) => chats.nameOf(person),
    },
    kept,
  );
  const communities = new Communities({ scope, sink }, kept);
  const directory = new Directory({
    communities,
    self: puppet.self,
    selfHandles,
    names,
    book,
    chats,
    secrets,
    marks,
    contacts,
    clock,
  });
  const context: ReadContext = {
    self: puppet.self,
    selfHandles,
    names,
    person: (handles) => book.person(handles, clock.now()),
    nameOf: (person) => chats.nameOf(person),
    portal: (chat, kind) => sink.portalKey(chat, kind),
    announcements: (community) => communities.announcementsOf(community),
    removesHere: expiries !== undefined,
    now: () => clock.now(),
  };
  const groupPictures = new GroupPictures({ scope, sink, directory, log }, kept);
  const pictures = new Pictures(
    { puppet, sink, vault, clock, log, pacing, directory, groups: groupPictures, line },
    kept,
  );
  const membersOf = async (chat: ChatId): Promise<readonly PersonId[]> => {
    const open = line();
    if (open === undefined) throw loggedOut();
    return (await directory.describeChat(open, chat)).chat.members?.map(({ person }) => person) ?? [];
  };
  const calls = new CallDesk({ scope, context, chats, members: membersOf }, kept);
  const reader = new RowReader({
    puppet: puppet.id,
    sink,
    clock,
    log,
    creds: state.creds,
    context,
    chats,
    secrets,
    calls,
    expiries,
    unsealed: (message) => unsealed({ ...directory.sealing, context }, message),
    book,
    admins: async (chat) => {
      const open = line();
      if (open === undefined || chatKind(chat) !== 'group') throw loggedOut();
      return await directory.admins(open, chat);
    },
    stale: (chat) => directory.forget(chat),
  });
  const inbox = new Inbox({
    puppet: puppet.id,
    scope,
    sink,
    clock,
    log,
    journal: state.journal,
    along: async (commit) => await state.along(commit),
    reader,
    chats,
    secrets,
    calls,
    expiries,
    people,
    book,
    accepted: (events, rows) => {
      for (const { node } of rows) directory.addressed(node);
      for (const { person, portal, anew } of pictured(context, events, rows)) pictures.wonder(person, portal, anew);
    },
    failed: doors.broken,
  });
  inbox.add(state.journal.unread());
  state.journal.onRow((row) => inbox.add([row]));
  const sends = new Sends({
    self: puppet.self,
    scope,
    sink,
    clock,
    chats,
    sent: state.sent,
    expiries,
    pacing,
    know: async (line, chat) => await directory.know(line, chat),
    context: () => directory.writeContext(),
  });
  const groups = new Groups({ directory, pictures: groupPictures, pacing, clock, sends });
  const timers = new TimerDesk({ groups, sends, chats, sink });
  const deliveries = new Deliveries({ self: puppet.self, sink, log, members: membersOf });
  const passing = async (node: BinaryNode): Promise<void> => {
    const glimpse = glimpseOf(context, node);
    if (glimpse !== undefined) sink.glimpse(glimpse);
    const arrival = arrivalOf(context, node);
    if (arrival !== undefined) await deliveries.heard(arrival);
  };
  const phone = new PhoneWatch({ scope, clock, sink }, kept.get(PHONE_KEY));
  const desk = new GroupDesk({
    scope,
    self: puppet.self,
    vault,
    sink,
    people,
    book,
    names,
    directory,
    chats,
    contacts,
    pacing,
    clock,
  });
  const perform: Account['perform'] = async (line, action, effect, open) => {
    if (action.kind === 'set-timer') return await timers.perform(line, action, effect);
    if (action.kind === 'set-picture') return await groups.setPicture(line, action, open);
    if (isAboutGroup(action)) return await groups.perform(line, action, effect);
    return await sends.perform(line, action, effect);
  };
  const chores = async (signal: AbortSignal): Promise<void> => {
    const patience = { clock, log, facts: { puppet: puppet.id, network: 'whatsapp' }, closing: signal };
    const all = [
      async () => await phone.run(signal),
      async () => await standing.run(signal),
      async () => await state.forgetDaily(signal),
      ...(expiries === undefined
        ? []
        : [async () => await watchExpiries({ book: expiries, sink, clock, log }, signal)]),
    ];
    // Each goes on for as long as the login is open, whatever the database does meanwhile.
    await Promise.all(all.map(async (one) => await patiently(patience, 'a chore failed, and is begun again', one)));
  };
  return {
    state,
    context,
    directory,
    inbox,
    perform,
    desk,
    pacing,
    standing,
    reconnects,
    chats,
    contacts,
    phone,
    chores,
    marks,
    passing,
    pictures,
  };
}

/** Credentials and keys that are worth nothing any more, how far settings were followed with them, and the address book; what was received and not accepted stays. */
export async function worthless(vault: Vault, scope: string): Promise<readonly VaultChange[]> {
  const kept = await vault.readAll(scope);
  const gone = [KEY_PREFIX, UP_TO, CONTACT];
  const keys = [...kept.keys()].filter((key) => key === CREDS_KEY || gone.some((prefix) => key.startsWith(prefix)));
  return keys.map((key) => ({ scope, key, value: null }));
}
