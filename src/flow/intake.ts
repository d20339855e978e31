// Where both doors end: gives each happening its key, lane and owner, writes all down in one commit, then lets the door say yes.
import { createHash } from 'node:crypto';
import type { NewEntry } from '../model/entry.ts';
import {
  as,
  loginOwner,
  toMatrixLane,
  toNetworkLane,
  type LaneId,
  type OwnerId,
  type RoomId,
  type UserId,
} from '../model/ids.ts';
import type { NetworkEvent } from '../model/network-event.ts';
import type { Puppet } from '../model/records.ts';
import type { MatrixApi } from '../ports/matrix.ts';
import type { Fence, Queue } from '../ports/queue.ts';
import type { Logger, PortalStore, PuppetStore, VaultChange } from '../ports/stores.ts';

export interface IntakeDoors {
  readonly queue: Queue;
  readonly matrix: Pick<MatrixApi, 'isOurs'>;
  readonly portals: PortalStore;
  readonly puppets: PuppetStore;
  readonly log: Logger;
}

/** Types that can concern the bridge; everything else a room says is none of its business and is not kept. */
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
  'm.beacon',
  'org.matrix.msc3672.beacon',
]);

export class Intake {
  readonly #doors: IntakeDoors;

  constructor(doors: IntakeDoors) {
    this.#doors = doors;
  }

  /** From the homeserver. Resolves when everything that concerns us is durably written. */
  async fromMatrix(receipt: string | undefined, events: readonly unknown[], late = false): Promise<void> {
    const entries: NewEntry[] = [];
    for (const event of events) {
      const entry = await this.#matrixEntry(event, late);
      if (entry !== undefined) entries.push(entry);
    }
    if (entries.length === 0) return;
    await this.#doors.queue.accept({ entries, ...(receipt === undefined ? {} : { receipt }) });
  }

  /** From a login's live line: events and the network's cursor in one commit, fenced by the login's lease. */
  async fromNetwork(
    puppet: Puppet,
    fence: Fence,
    events: readonly NetworkEvent[],
    vault: readonly VaultChange[] = [],
  ): Promise<void> {
    const owner = loginOwner(puppet.id);
    const entries = events.map((event): NewEntry => ({
      key: event.key,
      lane: toMatrixLane(event.portal),
      owner,
      payload: { from: 'network', puppet: puppet.id, event },
    }));
    if (entries.length === 0 && vault.length === 0) return;
    await this.#doors.queue.accept({ entries, vault, fence });
  }

  async #matrixEntry(event: unknown, late: boolean): Promise<NewEntry | undefined> {
    const outline = outlineOf(event);
    if (outline === undefined) return unreadable(event);
    const { id, room, sender, type } = outline;
    if (this.#doors.matrix.isOurs(sender)) return undefined;
    if (!CONCERNS.has(type)) return undefined;
    const owner = await this.#ownerOf(room, sender);
    return {
      key: id,
      lane: toNetworkLane(room, sender),
      ...(owner === undefined ? {} : { owner }),
      payload: { from: 'matrix', event },
      late,
    };
  }

  /** The login that will carry it, so that the lane goes to the worker with the open line. */
  async #ownerOf(room: RoomId, sender: UserId): Promise<OwnerId | undefined> {
    const portal = await this.#doors.portals.byRoom(room);
    if (portal === undefined) return undefined;
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
}

function outlineOf(event: unknown): Outline | undefined {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return undefined;
  const { event_id: id, room_id: room, sender, type } = event as Record<string, unknown>;
  if (typeof id !== 'string' || typeof room !== 'string' || typeof sender !== 'string' || typeof type !== 'string') {
    return undefined;
  }
  if (id === '' || id.length > 255 || room.length > 255 || sender.length > 255) return undefined;
  return { id, room: as<RoomId>(room), sender: as<UserId>(sender), type };
}

/** An event without its bare bones is kept under its own hash, so that it neither blocks its transaction nor vanishes. */
function unreadable(event: unknown): NewEntry {
  const hash = createHash('sha256')
    .update(JSON.stringify(event) ?? 'undefined')
    .digest('base64url');
  return { key: `bad:${hash}`, lane: as<LaneId>('n:unreadable'), payload: { from: 'matrix', event } };
}
