// Everything one login keeps in memory between connections, put together from its vault; knows no reconnecting.
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { ChatId, PersonId } from '../../model/ids.ts';
import type { Puppet } from '../../model/records.ts';
import { vaultScope, type NetworkSink } from '../../ports/network.ts';
import type { Clock, Logger, Vault } from '../../ports/stores.ts';
import { ChatBook } from './chat-book.ts';
import { doChores } from './chores.ts';
import { Communities } from './communities.ts';
import { ExpiryBook } from './expiry-book.ts';
import { ContactBook } from './contacts.ts';
import type { Cures } from './cures.ts';
import { Deliveries } from './deliveries.ts';
import { Directory } from './directory.ts';
import { GroupDesk } from './group-desk.ts';
import { GroupPictures } from './group-pictures.ts';
import type { Names } from './ids.ts';
import type { Inbox } from './inbox.ts';
import { handlesOf } from './jid.ts';
import { selfOf } from './library.ts';
import { KeptChats } from './kept-chats.ts';
import type { Line } from './line.ts';
import { loggedOut } from './logged-out.ts';
import { Pacing } from './pacing.ts';
import { Reconnects, RECONNECTS_KEY } from './reconnects.ts';
import { LookTurns } from './look-turns.ts';
import { MarksDesk } from './marks-desk.ts';
import type { PeopleDesk } from './people-desk.ts';
import { performing, type Perform } from './performing.ts';
import { PHONE_KEY, PhoneWatch } from './phone-watch.ts';
import { arrivalsOf, glimpsesOf } from './passing.ts';
import { Pictures } from './pictures.ts';
import type { ReadContext } from './place.ts';
import { openReception } from './reception.ts';
import { SecretBook } from './secret-book.ts';
import type { WhatsAppSettings } from './settings.ts';
import { Standing } from './standing.ts';
import { vaultLedger } from './state/ledger.ts';
import { AccountState } from './state/state.ts';
import { Watching } from './watching.ts';

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
  readonly perform: Perform;
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
  readonly watching: Watching;
  /** Takes chat states, receipts and presence. */
  readonly passing: (node: BinaryNode) => Promise<void>;
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
  const keptChats = new KeptChats(scope, kept);
  const marks = new MarksDesk({
    puppet: puppet.id,
    self: puppet.self,
    chats: keptChats,
    sink,
    clock,
    log,
    names,
    people,
    book,
    keyOf: async (id) => (await state.keys.get('app-state-sync-key', [id]))[id],
    contacts,
    publicName: (person) => chats.nameOf(person),
  });
  const communities = new Communities({ scope, sink }, kept);
  const directory = new Directory({
    communities,
    self: puppet.self,
    selfHandles,
    names,
    book,
    chats,
    secrets,
    marks: keptChats,
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
  const turns = new LookTurns(clock, pacing);
  const groupPictures = new GroupPictures({ scope, sink, directory, turns, log }, kept);
  const pictures = new Pictures(
    { puppet, sink, vault, clock, log, turns, directory, groups: groupPictures, line },
    kept,
  );
  const members = async (chat: ChatId): Promise<readonly PersonId[]> => {
    const open = line();
    if (open === undefined) throw loggedOut();
    return (await directory.describeChat(open, chat)).chat.members?.map(({ person }) => person) ?? [];
  };
  const inbox = openReception(
    {
      puppet: puppet.id,
      scope,
      sink,
      clock,
      log,
      state,
      context,
      directory,
      chats,
      secrets,
      pictures,
      expiries,
      people,
      book,
      members,
      line,
      settingsKeys: async (keys) => {
        await state.keys.set({ 'app-state-sync-key': { ...keys } });
        marks.again();
      },
      failed: doors.broken,
    },
    kept,
  );
  const perform = performing({
    self: puppet.self,
    scope,
    sink,
    clock,
    chats,
    sent: state.sent,
    expiries,
    pacing,
    directory,
    pictures: groupPictures,
  });
  const deliveries = new Deliveries({ self: puppet.self, sink, log, members });
  const passing = async (node: BinaryNode): Promise<void> => {
    for (const glimpse of glimpsesOf(context, node)) {
      sink.glimpse(glimpse);
      if (glimpse.kind === 'read' && glimpse.person === puppet.self) chats.readElsewhere(glimpse);
    }
    for (const arrival of arrivalsOf(context, node)) await deliveries.heard(arrival);
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
  const chores = async (signal: AbortSignal): Promise<void> =>
    await doChores({ puppet: puppet.id, sink, clock, log, phone, standing, state, expiries }, signal);
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
    watching: new Watching({ wanted: settings.presence, self: puppet.self, directory }),
    passing,
    pictures,
  };
}
