// Everything the corridor may knock at, handed over by the attic; knows no wing.
import type { Facts, Verdict } from '../model/rules.ts';
import type { Delivery } from '../model/delivery.ts';
import type { NetworkId, OwnerId, PersonId, PuppetId, UserId } from '../model/ids.ts';
import type { Language, Say, SayKey } from '../model/say.ts';
import type { Portal, PortalState, Puppet } from '../model/records.ts';
import { BridgeError } from '../model/errors.ts';
import { chatRefusal } from '../policy/refusal.ts';
import type { CommandRequest, CommandResult } from '../ports/command.ts';
import type { MatrixApi, ReadEvent } from '../ports/matrix.ts';
import type { NetworkAdapter, NetworkSession } from '../ports/network.ts';
import type { Queue } from '../ports/queue.ts';
import type {
  Clock,
  GhostStore,
  Leases,
  Logger,
  MessageLinkStore,
  PersonStore,
  PortalStore,
  PuppetStore,
} from '../ports/stores.ts';
import type { Beginnings } from '../bridge/beginnings.ts';
import type { PortalKeeper } from '../bridge/portals.ts';
import type { Senders } from '../bridge/senders.ts';

export type { CommandRequest, CommandResult } from '../ports/command.ts';

/** What planning an entry comes to. */
export type Plan =
  | { readonly do: 'nothing'; readonly code: string }
  /** `beside`: what follows in the lane need not wait. */
  | { readonly do: 'wait'; readonly ms: number; readonly code: string; readonly beside?: boolean }
  | { readonly do: 'reroute'; readonly owner: OwnerId | undefined }
  | { readonly do: 'park'; readonly code: string; readonly say: Say }
  | { readonly do: 'deliver'; readonly deliveries: readonly Delivery[] };

export interface FlowDoors {
  readonly queue: Queue;
  readonly matrix: MatrixApi;
  readonly read: ReadEvent;
  readonly adapters: ReadonlyMap<NetworkId, NetworkAdapter>;
  readonly portals: PortalStore;
  readonly puppets: PuppetStore;
  readonly ghosts: GhostStore;
  readonly persons: PersonStore;
  readonly links: MessageLinkStore;
  readonly leases: Leases;
  readonly keeper: PortalKeeper;
  readonly beginnings: Beginnings;
  readonly senders: Senders;
  readonly session: (puppet: PuppetId) => NetworkSession | undefined;
  readonly may: (facts: Facts) => Promise<Verdict>;
  readonly command: (request: CommandRequest) => Promise<CommandResult>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: FlowSettings;
}

export interface FlowSettings {
  readonly defaultLanguage: Language;
  /** To-network messages older than this are parked and asked about, in ms. */
  readonly tooOldMs: number;
  /** For how many days it is known which remote message an event stands for. */
  readonly linkDays: number;
  /** When the author is told that it takes long, in ms. */
  readonly slowMs: number;
  /** The bot's read receipt says that a message has arrived over there. */
  readonly showDelivered: boolean;
  /** The networks are told who types here. */
  readonly sendTyping: boolean;
  /** A group's room with more people in it shows others when they first speak. */
  readonly shownMembers: number;
  /** When the database was last brought back from a backup, epoch ms: what happened before is looked for first. */
  readonly restoredAt?: number | undefined;
}

export function titleOf(doors: Pick<FlowDoors, 'adapters'>, network: NetworkId): string {
  return doors.adapters.get(network)?.title ?? network;
}

export async function languageOf(doors: Pick<FlowDoors, 'persons' | 'settings'>, user: UserId): Promise<Language> {
  return (await doors.persons.find(user))?.language ?? doors.settings.defaultLanguage;
}

/** May this login's person have this chat bridged? */
export async function mayBridge(
  doors: Pick<FlowDoors, 'may'>,
  puppet: Pick<Puppet, 'owner' | 'network'>,
  facts: readonly string[],
): Promise<Verdict> {
  return await doors.may({ action: 'bridge', user: puppet.owner, network: puppet.network, chats: facts });
}

/** May this login's person have the chat now? */
export async function mayHaveIt(doors: FlowDoors, portal: Portal, puppet: Puppet): Promise<boolean> {
  if (puppet.state === 'signed-out' || puppet.state === 'paused') return false;
  return (await mayBridge(doors, puppet, portal.facts)).effect === 'allow';
}

/** As whom a person is in a room: their ghost, and whoever is logged in with their account. */
export async function usersOf(
  doors: Pick<FlowDoors, 'matrix' | 'senders'>,
  portal: Portal,
  person: PersonId,
): Promise<readonly UserId[]> {
  const owners = await doors.senders.ownersOf(portal, person);
  return [doors.matrix.ghostUser(portal.key.network, person), ...owners.map(({ owner }) => owner)];
}

/** Why nothing leaves a room that is kept from talking. */
export function closedWords(state: Exclude<PortalState, 'open'>): SayKey {
  return state === 'closed' ? 'portal.closed' : 'portal.read-only';
}

/** As a failure of what was written down before a rule stopped it. */
export function denied(verdict: Verdict): BridgeError {
  const { key, with: values = {} } = chatRefusal(verdict);
  return new BridgeError('denied', 'never', key, { values });
}
