// A network as the bench needs it: people, what they write, logins that are signed in already, a bare client beside the bridge. Knows none.
import type { PersonId, PortalKey, UserId } from '../src/model/ids.ts';
import type { House } from './house.ts';

export interface FarPerson {
  /** The network's own. */
  readonly id: string;
  readonly name: string;
}

export interface Far {
  readonly network: 'telegram' | 'whatsapp';
  /** Address of the simulator's control API: its tape is there. */
  readonly control: string;
  /** Its section of the bridge's configuration. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** How many logins the memory is looked at with. */
  readonly loginCounts: readonly number[];
  /** The process that does the least beside the bridge. */
  readonly bare: string;

  person(name: string): Promise<FarPerson>;
  write(from: string, to: string, text: string): Promise<void>;
  /** Puts a login into the house as if it had been made there: its dialogue is not what is measured. */
  signIn(house: House, owner: UserId, account: FarPerson): Promise<void>;
  /** The chat of an account with somebody who wrote to it. */
  chat(owner: UserId, account: FarPerson, contact: FarPerson): PortalKey;
  personId(person: FarPerson): PersonId;
  /** What the bare client is asked: to send, with accounts of its own, so that the bridge's people do not see it as their own. */
  sending(logins: number, chats: number): Promise<BareQuestion>;
  /** To receive; undefined where the homeserver alone is the limit. */
  receiving(logins: number, chats: number): Promise<BareQuestion | undefined>;
  stop(): Promise<void>;
}

export type BareQuestion = Readonly<Record<string, unknown>>;
