// Where both doors end: gives each happening its key, lane and owner, writes all down in one commit, then lets the door say yes.
import { createHash } from 'node:crypto';
import type { NewEntry } from '../model/entry.ts';
import {
  as,
  loginOwner,
  toMatrixLane,
  toNetworkLane,
  type LaneId,
  type NetworkId,
  type OwnerId,
  type RoomId,
  type UserId,
} from '../model/ids.ts';
import { insteadOfNotice } from './read-elsewhere.ts';
import { telling } from './tellings.ts';
import { UNREADABLE } from './unreadable.ts';
import type { NetworkEvent } from '../model/network-event.ts';
import type { Puppet } from '../model/records.ts';
import type { Say } from '../model/say.ts';
import { unbridgedKind } from '../model/unbridged.ts';
import type { MatrixApi } from '../ports/matrix.ts';
import type { Fence, Queue } from '../ports/queue.ts';
import type { Clock, Logger, PortalStore, PuppetStore, VaultChange } from '../ports/stores.ts';

export interface IntakeDoors {
  readonly queue: Queue;
  readonly matrix: Pick<MatrixApi, 'isOurs'>;
  readonly portals: PortalStore;
  readonly puppets: PuppetStore;
  /** The networks that this house speaks. */
  readonly adapters: ReadonlyMap<NetworkId, unknown>;
  readonly clock: Pick<Clock, 'now'>;
  /** A message older than this is asked about before it is sent, in ms. */
  readonly tooOldMs: number;
  readonly log: Logger;
}

/** Types that can concern the bridge; of everything else, only what people say in a portal is kept, so that they are told. */
const CONCERNS = new Set([
  'm.room.message',
  'm.sticker',
  'm.reaction',
  'm.room.redaction',
  'm.room.member',
  'm.room.encryption',
  'm.room.encrypted',
  'm.room.tombstone',
  'm.poll.start',
  'org.matrix.msc3381.poll.start',
]);

/** How a room is: of our concern only where it shows how a group is. */
const SHOWS_A_GROUP = new Set(['m.room.name', 'm.room.topic', 'm.room.avatar', 'm.room.power_levels']);

export class Intake {
  readonly #doors: IntakeDoors;
  /** Since the start; how many are kept for people to look at, the queue's depth says. */
  #unreadable = 0;

  constructor(doors: IntakeDoors) {
    this.#doors = doors;
  }

  /**
   * From the homeserver. Resolves when everything that concerns us is durably written. A transaction is known again by its
   * id AND its events: a homeserver that lost its database counts its transactions from one again.
   * @param late they were found, not pushed: what is sent of them says when it was written
   * @returns how many of them nobody had brought before
   */
  async fromMatrix(receipt: string | undefined, events: readonly unknown[], late = false): Promise<number> {
    const entries: NewEntry[] = [];
    for (const event of events) {
      const entry = await this.#matrixEntry(event, late);
      if (entry !== undefined) entries.push(entry);
    }
    if (entries.length === 0) return 0;
    const known = receipt === undefined ? {} : { receipt: `${receipt}#${digest(entries.map((one) => one.key))}` };
    return (await this.#doors.queue.accept({ entries, ...known })).fresh;
  }

  /** From a login's live line: events and the network's cursor in one commit, fenced by the login's lease. */
  async fromNetwork(
    puppet: Puppet,
    fence: Fence,
    events: readonly NetworkEvent[],
    vault: readonly VaultChange[] = [],
  ): Promise<void> {
    const owner = loginOwner(puppet.id);
    const keys = await this.#keysOf(puppet, events);
    const fresh = events.flatMap((event, index) => {
      const key = keys[index];
      return key === undefined ? [] : [{ event, key }];
    });
    const entries = fresh.flatMap(({ event, key }): NewEntry[] => [
      { key, lane: toMatrixLane(event.portal), owner, payload: { from: 'network', puppet: puppet.id, event } },
      ...(key === event.key ? [] : insteadOfNotice(puppet, event)),
    ]);
    if (entries.length === 0 && vault.length === 0) return;
    await this.#doors.queue.accept({ entries, vault, fence });
  }

  /** What a network has to say to a login's person of its own accord, in one commit with what it keeps of that. */
  async tellOwner(
    puppet: Puppet,
    fence: Fence,
    cause: string,
    words: Say,
    vault: readonly VaultChange[] = [],
  ): Promise<void> {
    await this.#doors.queue.accept({ entries: [telling(puppet.owner, cause, words)], vault, fence });
  }

  /**
   * Of a chat that several logins are in, each brings what happens: its reader under the event's own key, the others under keys
   * of theirs, so that what one of them may not have is not lost to another. Undefined for what the reader has brought already.
   */
  async #keysOf(puppet: Puppet, events: readonly NetworkEvent[]): Promise<readonly (string | undefined)[]> {
    const readers = await Promise.all(
      events.map(async ({ portal, kind }) =>
        portal.receiver !== undefined || kind === 'person'
          ? puppet.id
          : (await this.#doors.portals.byKey(portal))?.reader,
      ),
    );
    const others = events.filter((_event, index) => readers[index] !== undefined && readers[index] !== puppet.id);
    const seen = others.length === 0 ? new Set() : await this.#doors.queue.seen(others.map(({ key }) => key));
    return events.map(({ key }, index) => {
      if (readers[index] === puppet.id) return key;
      return seen.has(key) ? undefined : `${key}@${puppet.id}`;
    });
  }

  async #matrixEntry(event: unknown, late: boolean): Promise<NewEntry | undefined> {
    const outline = outlineOf(event);
    if (outline === undefined) {
      this.#unreadable += 1;
      this.#doors.log.warn(
        { code: 'unreadable', count: this.#unreadable },
        'an event without its bare bones is kept as it came',
      );
      return unreadable(event);
    }
    const { id, room, sender, type } = outline;
    if (this.#doors.matrix.isOurs(sender)) return undefined;
    const concerns = SHOWS_A_GROUP.has(type) ? await this.#isGroup(room) : CONCERNS.has(type);
    if (!concerns && !(await this.#isMissed(outline.raw, room))) return undefined;
    const owner = await this.#ownerOf(room, sender);
    return {
      key: id,
      lane: toNetworkLane(room, sender),
      ...(owner === undefined ? {} : { owner }),
      payload: { from: 'matrix', event: keepable(event) },
      late: late && !this.#isTooOld(event),
    };
  }

  async #isGroup(room: RoomId): Promise<boolean> {
    const portal = await this.#doors.portals.byRoom(room);
    return portal !== undefined && portal.kind !== 'direct';
  }

  /** Somebody in a portal waits for it to arrive, and it will not: its author is told. */
  async #isMissed(event: Readonly<Record<string, unknown>>, room: RoomId): Promise<boolean> {
    return unbridgedKind(event) !== undefined && (await this.#doors.portals.byRoom(room)) !== undefined;
  }

  /** What was found too late is asked about like every other message of its age; `late` would have it sent unasked. */
  #isTooOld(event: unknown): boolean {
    const at = typeof event === 'object' && event !== null ? (Reflect.get(event, 'origin_server_ts') as unknown) : 0;
    return typeof at === 'number' && at > 0 && this.#doors.clock.now() - at >= this.#doors.tooOldMs;
  }

  /** The login that will carry it, so that the lane goes to the worker with the open line. */
  async #ownerOf(room: RoomId, sender: UserId): Promise<OwnerId | undefined> {
    const portal = await this.#doors.portals.byRoom(room);
    // A lane of a network that is switched off would wait for ever: without an owner its author is told.
    if (portal === undefined || !this.#doors.adapters.has(portal.key.network)) return undefined;
    if (portal.key.receiver !== undefined) return loginOwner(portal.key.receiver);
    const own = await this.#doors.puppets.ofOwner(sender);
    const carrier = own.find((puppet) => puppet.network === portal.key.network);
    return carrier === undefined ? undefined : loginOwner(carrier.id);
  }
}

interface Outline {
  readonly id: string;
  readonly room: RoomId;
  readonly sender: UserId;
  readonly type: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Control characters and halves of surrogate pairs: no homeserver makes such ids, and no database keeps them apart. */
const ODD = /[\p{Cc}\p{Cs}]/u;

function outlineOf(event: unknown): Outline | undefined {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return undefined;
  const raw = event as Record<string, unknown>;
  const { event_id: id, room_id: room, sender, type } = raw;
  if (typeof id !== 'string' || typeof room !== 'string' || typeof sender !== 'string' || typeof type !== 'string') {
    return undefined;
  }
  if ([id, room, sender].some((text) => text.length > 255 || ODD.test(text))) return undefined;
  // The first signs are part of the ids' grammar (spec appendices, 4.2); they also keep keys of other kinds apart.
  if (!id.startsWith('$') || !room.startsWith('!') || !sender.startsWith('@')) return undefined;
  return { id, room: as<RoomId>(room), sender: as<UserId>(sender), type, raw };
}

/** An event without its bare bones is kept under its own hash, so that it neither blocks its transaction nor vanishes. */
function unreadable(event: unknown): NewEntry {
  const kept = keepable(event);
  // The homeserver's remarks (its age) differ from one push to the next.
  const said =
    typeof kept === 'object' && kept !== null && !Array.isArray(kept) ? { ...kept, unsigned: undefined } : kept;
  const key = `${UNREADABLE}${digest([JSON.stringify(said) ?? 'undefined'])}`;
  return { key, lane: as<LaneId>('n:unreadable'), payload: { from: 'matrix', event: kept } };
}

/** Deeper than any real event; what is deeper could not be written out as JSON. */
const DEEPEST = 500;

/** The event as it came; of one that is nested beyond reason, its bare bones. */
function keepable(event: unknown): unknown {
  let level: unknown[] = [event];
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0) return event;
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return 'too-deep';
  const bones = Object.entries(event).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return { ...Object.fromEntries(bones), content: 'too-deep' };
}

function digest(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('base64url');
}
