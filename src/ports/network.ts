// The door every network's adapter opens: what the house may ask of a network and what a network may tell the house.
import type { ChatSnapshot, PersonSnapshot, ResolvedChat } from '../model/chat.ts';
import type { ActionKind, EphemeralAction, NetworkAction } from '../model/delivery.ts';
import type { BridgeError } from '../model/errors.ts';
import type { ChatId, EffectId, MessageId, NetworkId, PersonId, PortalKey, PuppetId, UserId } from '../model/ids.ts';
import type { BodyKind, MediaSource } from '../model/message.ts';
import type { EphemeralEvent, NetworkEvent } from '../model/network-event.ts';
import type { Puppet, PuppetState } from '../model/records.ts';
import type { Say } from '../model/say.ts';
import type { GroupAnswer, GroupAsk } from './group.ts';
import type { Leftover, LoginFlow, LoginProcess } from './login.ts';
import type { Clock, Logger, Vault, VaultChange } from './stores.ts';

export type { ResolvedChat } from '../model/chat.ts';

export interface Capabilities {
  readonly actions: ReadonlySet<ActionKind>;
  readonly bodies: ReadonlySet<BodyKind>;
  /** What may be asked about groups; absent = nothing. */
  readonly groupAsks?: ReadonlySet<GroupAsk['kind']>;
  /** Chats are described with how their person keeps them, and changes of that are told. */
  readonly marks?: true;
  /** There is an address book, whose names nobody but its login's person sees: direct chats are described with them. */
  readonly contacts?: true;
  /** UTF-16 units of one message; longer text is split by the house. */
  readonly maxTextUnits: number;
  /**
   * A send that is performed again under its id after its person changed its words (`editedAt`) changes what a try before may have left
   * there. Elsewhere those words are a message of their own, beside the former one if that arrived.
   */
  readonly rewords?: true;
  /** What disappears over there after its time is taken back here as well. */
  readonly removesHere?: boolean;
  /** How long after its sending an edit of a message counts, in ms; absent = for ever, or the network itself refuses later ones. */
  readonly editWindowMs?: number;
  /** The same of taking one back for everybody. */
  readonly removeWindowMs?: number;
}

export interface NetworkAdapter {
  readonly id: NetworkId;
  readonly title: string;
  /** Two or three lower-case letters in ghost and alias ids: `tg`. */
  readonly prefix: string;
  readonly capabilities: Capabilities;
  readonly loginFlows: readonly LoginFlow[];
  /** How many logins of one person there may be that are not signed out; absent: as many as on all networks together. */
  readonly loginsPerPerson?: number;
  /**
   * Starts a login; nothing of it becomes a login until the house says so (see LoginStep `done`). @param keep writes down, under the
   * attempt's lease, what is needed to undo it should the process die: in draftScope(), and nowhere else
   */
  beginLogin(flow: string, owner: UserId, keep?: (changes: readonly VaultChange[]) => Promise<void>): LoginProcess;
  /** Undoes what a login of this person left in draftScope() when its process died. @param stands whether the house has that login */
  undoLogin?(owner: UserId, stands: (puppet: PuppetId) => Promise<boolean>): Promise<Leftover>;
  /** One live line per login; only the lease's holder opens it. */
  openSession(puppet: Puppet, sink: NetworkSink): NetworkSession;
  /** When the account's own phone was last heard of, epoch ms; absent where a network needs none. */
  lastContact?(puppet: PuppetId): Promise<number | undefined>;
  /** Closes what the adapter itself keeps open. */
  close(): Promise<void>;
}

/** How an adapter is built by app/networks.ts; `settings` is its section of the configuration, already validated. */
export interface AdapterContext {
  readonly vault: Vault;
  /** The bridge's own, of 32 bytes, never changing: names of people that nobody outside can open. */
  readonly identityKey: Uint8Array;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface PerformContext {
  /** Epoch ms when the entry was received: an own message older than that can't be its echo. */
  readonly since: number;
  /** This effect was attempted before (in this or an earlier process): look before saying it failed. */
  readonly again: boolean;
  /** Of an edit or a deletion that may come too late. */
  readonly inTime?: InTime;
  /**
   * Of a send: when its person last changed its words before it left (epoch ms, the homeserver's clock); absent = never. Without a later
   * moment than at the try before, what that try began is what is said, however the action reads by now.
   */
  readonly editedAt?: number;
  /** Is this message id already linked to another Matrix event? */
  isLinked(message: MessageId): Promise<boolean>;
  /** What stands in the homeserver's store. @throws BridgeError */
  open(source: MediaSource): Promise<MediaStream>;
  /** The words that the room shows of a message; undefined where it shows none, absent where there is no room. @throws BridgeError */
  wordsOf?(message: MessageId): Promise<string | undefined>;
  /** Has anything of its chat come from over there, over this link of the account or one before? @throws BridgeError */
  heardBefore?(): Promise<boolean>;
}

/** After that moment nothing of it is sent any more: a `final` error says the one or the other. */
export interface InTime {
  /** Epoch ms. */
  readonly until: number;
  /** It was never begun. */
  readonly else: Say;
  /** A try in time got no answer: nobody knows whether it arrived (`mayHaveHappened`). */
  readonly perhaps: Say;
}

export interface EphemeralContext {
  /**
   * Of what is read: what others said in its chat before it, oldest first, back to `mark` (not told) or some hundreds of events.
   * For a network that has to name each message that is read, and knows only what it has heard itself. @throws BridgeError
   */
  readonly saidBefore: (mark: MessageId | undefined) => Promise<readonly MessageId[]>;
}

export interface ActionReceipt {
  /** The remote message the action made or touched. */
  readonly message?: MessageId;
  /** Epoch ms by the network's clock. */
  readonly at: number;
  /** Hash of the picture that the action set, as snapshots name it. */
  readonly picture?: string;
  /** The edit's own date, if the network dates edits (epoch ms). */
  readonly editedAt?: number;
}

export interface NetworkSession {
  /**
   * Connects and catches up; resolves when live. `asked`: its person wants it now, however often it was opened by itself.
   * @throws BridgeError (retry 'after-login' when the account refuses us)
   */
  connect(asked?: 'asked'): Promise<void>;
  /** Leaves no timer and no socket. */
  disconnect(): Promise<void>;
  /** Ends the login on the network too. */
  logout(): Promise<void>;
  /** Idempotent by id: the same id performed twice has one effect. Calls for one chat are never concurrent. @throws BridgeError */
  perform(action: NetworkAction, id: EffectId, context: PerformContext): Promise<ActionReceipt>;
  /** Best effort. */
  performEphemeral(action: EphemeralAction, context?: EphemeralContext): Promise<void>;
  describeChat(chat: ChatId): Promise<ResolvedChat>;
  describePerson(person: PersonId): Promise<PersonSnapshot>;
  /** Finds a chat by what a person types (`@username`, phone number, id). @throws BridgeError */
  resolve(identifier: string): Promise<ResolvedChat>;
  /** The address book, by name, where `capabilities.contacts` says that there is one. */
  contacts?(): Promise<readonly ContactLine[]>;
  /** What `capabilities.groupAsks` names, and nothing else. @throws BridgeError */
  askGroup?(ask: GroupAsk, id: EffectId): Promise<GroupAnswer>;
  /** The direct chat with a person. */
  directChat(person: PersonId): ChatId;
  /**
   * Has either side ever said something in this direct chat, as the network or the login's memory has it? The house asks where
   * nothing of it has passed through here. @throws BridgeError
   */
  hasTraffic(chat: ChatId): Promise<boolean>;
  openMedia(source: MediaSource): Promise<MediaStream>;
}

export interface ContactLine {
  readonly name: string;
  /** What else resolve() finds them by. */
  readonly identifier?: string;
}

export interface MediaStream {
  readonly mime: string;
  readonly size?: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Bound to one puppet and its lease by the house. */
export interface NetworkSink {
  /** Resolves when the events AND the vault changes (the cursor) are durably written in one commit; only then move on. @throws FencedError */
  accept(events: readonly NetworkEvent[], vault?: readonly VaultChange[]): Promise<void>;
  /** Vault writes without events, under the same fence. @throws FencedError */
  keep(vault: readonly VaultChange[]): Promise<void>;
  glimpse(event: EphemeralEvent): void;
  report(state: PuppetState, why?: BridgeError): void;
  /**
   * Says something to the login's owner, once per cause (unique within the login); written down together with the vault
   * changes when it resolves. @throws FencedError
   */
  tell(cause: string, words: Say, vault?: readonly VaultChange[]): Promise<void>;
  /** The portal of a message of this login that a network names without its chat (Telegram's deletions). */
  portalOf(message: MessageId): Promise<PortalKey | undefined>;
  /** The key of a chat's portal, so that direct chats get this login as their receiver. */
  portalKey(chat: ChatId, kind: ChatSnapshot['kind']): PortalKey;
}

/** Scope of a login's sealed values in the vault. */
export function vaultScope(puppet: PuppetId): string {
  return `login:${puppet}`;
}

/** Scope of what one person's login on a network keeps while it is being made. */
export function draftScope(network: NetworkId, owner: UserId): string {
  return `draft:${network}:${owner}`;
}
