// Everything a homeserver keeps on disk, as plain tables; it must not know HTTP or who may do what.
import { createHash, randomBytes } from 'node:crypto';
import { canonical, textAt, type Json } from './json.ts';

/** A room event as stored; `content` is replaced by its pruned form when redacted. */
export interface StoredEvent {
  readonly eventId: string;
  readonly roomId: string;
  readonly type: string;
  readonly sender: string;
  readonly stateKey: string | undefined;
  readonly ts: number;
  /** Position in the one stream of this homeserver. */
  readonly stream: number;
  content: Json;
  readonly redacts: string | undefined;
  redactedBy: StoredEvent | undefined;
  /** State event this one replaced. */
  readonly replaces: StoredEvent | undefined;
  /** Given back to the device that sent it. */
  readonly txn: { readonly userId: string; readonly deviceId: string | undefined; readonly txnId: string } | undefined;
  readonly strippedState: readonly Json[] | undefined;
}

export interface Room {
  readonly roomId: string;
  readonly version: string;
  readonly events: StoredEvent[];
  readonly stateEvents: StoredEvent[];
  readonly state: Map<string, StoredEvent>;
  /** Receipts: user and type and thread to what was read. */
  readonly receipts: Map<string, Receipt>;
  readonly forgotten: Set<string>;
  /** Stream position of the last thing /sync would show here. */
  changed: number;
  /** History visibility was never anything but shared or world_readable: members may read all. */
  openHistory: boolean;
}

export interface Receipt {
  readonly userId: string;
  readonly type: string;
  readonly eventId: string;
  readonly threadId: string | undefined;
  readonly ts: number;
  readonly stream: number;
}

export interface Device {
  readonly deviceId: string;
  displayName: string | undefined;
}

export interface User {
  readonly userId: string;
  readonly password: string | undefined;
  readonly admin: boolean;
  readonly appservice: string | undefined;
  displayName: string | undefined;
  avatarUrl: string | undefined;
  readonly profile: Map<string, unknown>;
  readonly devices: Map<string, Device>;
  /** Room id ('' = global) and type to content. */
  readonly accountData: Map<
    string,
    { readonly roomId: string; readonly type: string; readonly content: Json; readonly stream: number }
  >;
  /** What people added to the rules that all have, by kind. */
  readonly pushRules: Map<string, readonly Json[]>;
  readonly filters: Json[];
  /** Membership changes of this user, to find rooms and times quickly. */
  readonly memberships: Map<string, StoredEvent>;
}

export interface Media {
  readonly mediaId: string;
  readonly owner: string;
  bytes: Buffer | undefined;
  contentType: string;
  fileName: string | undefined;
}

/** Durable side of pushing to one appservice (Synapse tables application_services_state and _txns). */
export interface AppserviceTables {
  down: boolean;
  nextTxn: number;
  readonly txns: { readonly id: number; readonly events: readonly StoredEvent[] }[];
}

const DAY = 86_400_000;

export class World {
  readonly serverName: string;
  readonly users = new Map<string, User>();
  readonly tokens = new Map<string, { readonly userId: string; readonly deviceId: string }>();
  readonly rooms = new Map<string, Room>();
  readonly events = new Map<string, StoredEvent>();
  /** All events of all rooms in stream order. */
  readonly log: StoredEvent[] = [];
  readonly aliases = new Map<string, { readonly roomId: string; readonly creator: string }>();
  readonly #aliasesByRoom = new Map<string, Set<string>>();
  readonly media = new Map<string, Media>();
  readonly appservices = new Map<string, AppserviceTables>();
  /** Transaction ids with a device, 24 h (Synapse table event_txn_id_device_id). */
  readonly deviceTxns = new Map<string, { readonly eventId: string; readonly at: number }>();
  /** How far events have been handed to appservices. */
  appservicePos = 0;
  stream = 1;

  constructor(serverName: string) {
    this.serverName = serverName;
  }

  next(): number {
    this.stream += 1;
    return this.stream;
  }

  /** A state event's slot in the maps of state. */
  static slot(type: string, stateKey: string): string {
    return `${type}\0${stateKey}`;
  }

  stateOf(room: Room, type: string, stateKey = ''): StoredEvent | undefined {
    return room.state.get(World.slot(type, stateKey));
  }

  membership(room: Room, userId: string): string | undefined {
    const event = this.stateOf(room, 'm.room.member', userId);
    return event === undefined ? undefined : textAt(event.content, 'membership');
  }

  /** Room state just before the event at `index` of the room's history (or all of it). */
  stateBefore(room: Room, stream: number): Map<string, StoredEvent> {
    const state = new Map<string, StoredEvent>();
    for (const event of room.stateEvents) {
      if (event.stream >= stream) break;
      state.set(World.slot(event.type, event.stateKey ?? ''), event);
    }
    return state;
  }

  joined(room: Room): string[] {
    const users: string[] = [];
    for (const event of room.state.values()) {
      if (event.type === 'm.room.member' && event.content['membership'] === 'join' && event.stateKey !== undefined) {
        users.push(event.stateKey);
      }
    }
    return users;
  }

  setAlias(alias: string, roomId: string, creator: string): void {
    this.aliases.set(alias, { roomId, creator });
    const names = this.#aliasesByRoom.get(roomId) ?? new Set();
    this.#aliasesByRoom.set(roomId, names.add(alias));
  }

  deleteAlias(alias: string): void {
    const found = this.aliases.get(alias);
    this.aliases.delete(alias);
    if (found !== undefined) this.#aliasesByRoom.get(found.roomId)?.delete(alias);
  }

  aliasesOf(roomId: string): string[] {
    return [...(this.#aliasesByRoom.get(roomId) ?? [])];
  }

  knownDeviceTxn(key: string, now: number): string | undefined {
    const found = this.deviceTxns.get(key);
    return found !== undefined && found.at + DAY > now ? found.eventId : undefined;
  }

  append(room: Room, event: StoredEvent): void {
    room.events.push(event);
    room.changed = event.stream;
    this.events.set(event.eventId, event);
    this.log.push(event);
    const visibility = event.content['history_visibility'];
    if (event.type === 'm.room.history_visibility' && visibility !== 'shared' && visibility !== 'world_readable') {
      room.openHistory = false;
    }
    if (event.stateKey !== undefined) {
      room.stateEvents.push(event);
      room.state.set(World.slot(event.type, event.stateKey), event);
      if (event.type === 'm.room.member') this.users.get(event.stateKey)?.memberships.set(room.roomId, event);
    }
  }

  /** The index of the first element of `log` whose stream is above `stream`. */
  logIndexAfter(stream: number): number {
    return firstAbove(this.log, stream);
  }
}

/** Binary search: index of the first event whose stream position is above `stream`. */
export function firstAbove(events: readonly StoredEvent[], stream: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.stream ?? 0) > stream) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A reference hash in the manner of room versions 4 and later: SHA-256, URL-safe base64. */
export function hashId(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('base64url');
}

export function randomId(length: number): string {
  return randomBytes(length).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, length);
}
