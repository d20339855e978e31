// What the contract of the adapters asks of a network: people who talk, read and break things on its far side. Knows no wire.
import type { ChatId, MessageId, PersonId } from '../../src/model/ids.ts';
import type { ActionKind } from '../../src/model/delivery.ts';
import type { LoginStep } from '../../src/ports/login.ts';
import type { NetworkAdapter } from '../../src/ports/network.ts';
import type { House } from '../support/house.ts';

/** An account that logs in through the bridge; its person also has a phone. */
export interface Account {
  readonly self: PersonId;
}

/** Somebody who has no login here. */
export interface Somebody {
  readonly id: PersonId;
  /** As everybody sees it. */
  readonly name: string;
  /** What one types to find them. */
  readonly identifier: string;
}

/** A message that somebody wrote, as its receiver knows it. */
export interface Said {
  readonly message: MessageId;
  edit(text: string): Promise<void>;
  remove(): Promise<void>;
}

/** A message as somebody on the far side sees it now. */
export interface Seen {
  readonly text: string;
  readonly mine: boolean;
  readonly removed: boolean;
  /** How often it was edited. */
  readonly edits: number;
  readonly reactions: readonly string[];
  /** What it answers, by its text. */
  readonly answers?: string;
}

/** A group as it is over there now. */
export interface GroupNow {
  readonly name: string;
  readonly topic: string;
  readonly members: readonly PersonId[];
  readonly admins: readonly PersonId[];
  readonly announce: boolean;
  readonly locked: boolean;
  /** What tells it from another; null: none. */
  readonly picture?: string | null;
  /** Seconds. */
  readonly timer?: number;
}

/** What somebody over there does to a group. */
export type GroupDeed = { readonly rename: string } | { readonly add: Somebody } | { readonly expel: Somebody };

export interface Groups {
  /** The account may do to it whatever its network lets anybody do. */
  make(by: Somebody, name: string, account: Account, others: readonly Somebody[]): Promise<ChatId>;
  now(chat: ChatId): Promise<GroupNow>;
  change(by: Somebody, chat: ChatId, deed: GroupDeed): Promise<void>;
}

export interface NetworkWorld {
  /** An adapter on this network, as a new process would build it. */
  adapter(house: House): NetworkAdapter;
  account(): Promise<Account>;
  somebody(): Promise<Somebody>;
  /** The login flow to be used, and what is answered to one of its questions. */
  readonly flow: string;
  answer(account: Account, step: Extract<LoginStep, { kind: 'ask' }>, right: boolean): Promise<Record<string, string>>;
  /** The person does on their phone what a step shows; resolves when the phone is done. */
  show?(account: Account, step: Extract<LoginStep, { kind: 'show' }>): Promise<void>;
  /** How many logins the network thinks this account has (its phone not counted). */
  logins(account: Account): Promise<number>;

  /** In the direct chat of the two. */
  says(who: Somebody, to: Account, text: string): Promise<Said>;
  /** The account's person on their own phone. */
  phoneSays(account: Account, to: Somebody, text: string): Promise<Said>;
  /** Everything in the direct chat of the two, oldest first; removed messages are kept and marked where the network does. */
  sees(who: Somebody, other: Account): Promise<readonly Seen[]>;
  types(who: Somebody, to: Account): Promise<void>;

  /** Absent where no group is bridged. */
  readonly groups?: Groups;

  /** Kills the account's live connections. */
  cut(account: Account): Promise<void>;
  /** Nobody can connect, and whoever is connected is cut. */
  shut(): Promise<void>;
  open(): Promise<void>;
  /** The account's next action of this kind is carried out; its answer is lost. */
  loseReply(account: Account, kind: ActionKind): Promise<void>;
  /** Ends all logins of the account, as its person can from the phone. */
  revoke(account: Account): Promise<void>;
  /** Live connections of all programs to the network. */
  connections(): Promise<number>;

  /** A chat and a message that do not exist. */
  readonly nowhere: { readonly chat: ChatId; readonly message: MessageId };
  close(): Promise<void>;
}
