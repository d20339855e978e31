// What a command may knock at and what it gives back; knows no flow: the corridor carries requests in and replies out.
import type { Beginnings } from '../bridge/beginnings.ts';
import type { LoginDesk } from '../bridge/logins.ts';
import type { EventId, NetworkId, RoomId } from '../model/ids.ts';
import type { Puppet } from '../model/records.ts';
import type { Say } from '../model/say.ts';
import type { PolicyDesk } from '../policy/policy-desk.ts';
import type { CommandRequest, CommandResult } from '../ports/command.ts';
import type { NetworkAdapter, NetworkSession, ResolvedChat } from '../ports/network.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, Leases, Logger, PersonStore, PortalStore, PuppetStore } from '../ports/stores.ts';
import type { Token } from './tokens.ts';

export type { CommandRequest, CommandResult } from '../ports/command.ts';

export interface Sessions {
  /** The live line of this login in this process. */
  session(puppet: Puppet): NetworkSession | undefined;
  /** Its line is just being opened in this process: until that has come to an end. Never fails. */
  opening(puppet: Puppet): Promise<void> | undefined;
  /** Opens its line anew, on its person's word. */
  reconnect(puppet: Puppet): Promise<void>;
  /** Ends the login on its network (if there is a live line) and marks it signed out. @throws BridgeError */
  logout(puppet: Puppet): Promise<void>;
}

/**
 * Has the chat's room opened with the login's owner invited, once per `cause` (an event id).
 * @returns the room when it is there already, undefined when the chat's own lane will open it
 */
export type OpenChat = (puppet: Puppet, chat: ResolvedChat, cause: EventId) => Promise<RoomId | undefined>;

/** Has a group made of a room and of who is in it, through this login, once per `cause`. @returns what its person is told at once */
export type RoomToGroup = (asked: {
  readonly puppet: Puppet;
  readonly room: RoomId;
  readonly cause: EventId;
}) => Promise<readonly Say[]>;

export interface CommandDoors {
  readonly policy: PolicyDesk;
  readonly beginnings: Beginnings;
  readonly logins: LoginDesk;
  readonly adapters: ReadonlyMap<NetworkId, NetworkAdapter>;
  readonly puppets: PuppetStore;
  readonly persons: PersonStore;
  readonly portals: Pick<PortalStore, 'list'>;
  readonly queue: Pick<Queue, 'parked' | 'release' | 'discard' | 'depth'>;
  readonly leases: Pick<Leases, 'self' | 'holder'>;
  readonly sessions: Sessions;
  readonly openChat: OpenChat;
  readonly roomToGroup: RoomToGroup;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A line on its way to one command. */
export interface Call {
  readonly request: CommandRequest;
  readonly doors: CommandDoors;
  readonly command: Command;
  /** The words after the command's name. */
  readonly args: readonly Token[];
  /** The whole line, which the tokens' places refer to. */
  readonly line: string;
}

export interface Command {
  /** English name; always the first of `names`. */
  readonly name: string;
  /** Every name, plain (see plain()): English and French ones, old habits. */
  readonly names: readonly string[];
  /** One line of the help: usage and purpose. */
  readonly help: `help.${string}` & Say['key'];
  /** member = has a login or may make one (help shows it to them; the command itself asks what it needs). */
  readonly who: 'everyone' | 'member' | 'administrator';
  run(call: Call): Promise<CommandResult>;
}

export function reply(...replies: readonly Say[]): CommandResult {
  return { replies };
}
