// What the bridge owes people of its own accord, put into the queue once per cause: sentences, and rooms to open; does none of it.
import type { Tone } from '../model/delivery.ts';
import {
  as,
  loginOwner,
  toMatrixLane,
  type EventId,
  type LaneId,
  type PersonId,
  type PortalKey,
  type RoomId,
  type UserId,
} from '../model/ids.ts';
import type { NewEntry } from '../model/entry.ts';
import type { Puppet } from '../model/records.ts';
import type { Say } from '../model/say.ts';
import type { Shown } from '../model/shown.ts';
import type { NetworkAdapter } from '../ports/network.ts';
import type { Queue } from '../ports/queue.ts';

interface Doors {
  readonly queue: Pick<Queue, 'accept'>;
}

export interface Saying {
  /** Unique for ever: the same key is said once. */
  readonly key: string;
  readonly room: RoomId;
  readonly reader: UserId;
  readonly words: Say;
  readonly replyTo?: EventId;
  readonly tone?: Tone;
}

/** Has the bot say something in a room. */
export async function sayOnce(doors: Doors, saying: Saying): Promise<void> {
  const { key, room, reader, words, replyTo, tone } = saying;
  const act = {
    kind: 'say',
    room,
    reader,
    say: words,
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(tone === undefined ? {} : { tone }),
  } as const;
  await doors.queue.accept({
    entries: [{ key: `say:${key}`, lane: as<LaneId>(`t:${room}`), payload: { from: 'bridge', act } }],
  });
}

export function tellingKey(cause: string): string {
  return `tell:${cause}`;
}

/** Says something to a person in their management room; makes the room if there is none. */
export async function toldInManagement(
  doors: Doors,
  user: UserId,
  cause: string,
  words: Say,
  more: Beside = {},
): Promise<void> {
  await doors.queue.accept({ entries: [telling(user, cause, words, more)] });
}

/** What comes with a sentence: a code, or the end of those with these causes. */
export interface Beside {
  readonly show?: Shown;
  readonly ends?: readonly string[];
}

/** The entry of which that comes. */
export function telling(user: UserId, cause: string, words: Say, more: Beside = {}): NewEntry {
  const act = { kind: 'tell', user, say: words, ...more } as const;
  return { key: tellingKey(cause), lane: as<LaneId>(`t:${user}`), payload: { from: 'bridge', act } };
}

export interface OpenLater {
  readonly cause: string;
  readonly puppet: Puppet;
  readonly portal: PortalKey;
  readonly user: UserId;
  /** A direct room of the person with the ghost, to be adopted. */
  readonly room?: RoomId;
}

export function openingKey(cause: string): string {
  return `open:${cause}`;
}

/** Rooms are made only in their chat's own lane, so that two causes never make two. @returns false when this cause was heard before */
export async function openPortalLater(doors: Doors, open: OpenLater): Promise<boolean> {
  const act = { kind: 'open-portal', portal: open.portal, puppet: open.puppet.id, for: open.user } as const;
  const accepted = await doors.queue.accept({
    entries: [
      {
        key: openingKey(open.cause),
        lane: toMatrixLane(open.portal),
        owner: loginOwner(open.puppet.id),
        payload: { from: 'bridge', act: open.room === undefined ? act : { ...act, room: open.room } },
      },
    ],
  });
  return accepted.fresh > 0;
}

/** Has a room that is new to a login's person kept as they keep the chat, in the chat's own lane, once per `cause`. */
export async function markLater(
  doors: Doors & { readonly adapters: ReadonlyMap<string, Pick<NetworkAdapter, 'capabilities'>> },
  asked: { readonly cause: string; readonly portal: { readonly key: PortalKey }; readonly puppet: Puppet['id'] },
): Promise<void> {
  const { cause, puppet } = asked;
  const portal = asked.portal.key;
  if (doors.adapters.get(portal.network)?.capabilities.marks !== true) return;
  const act = { kind: 'mark', portal, puppet } as const;
  const [lane, owner] = [toMatrixLane(portal), loginOwner(puppet)];
  await doors.queue.accept({ entries: [{ key: `mark:${cause}`, lane, owner, payload: { from: 'bridge', act } }] });
}

/** Has a group's room made to look as the group is, in the chat's own lane, once per `cause`. */
export async function mirrorLater(
  doors: Doors,
  asked: {
    readonly cause: string;
    readonly portal: { readonly key: PortalKey };
    readonly puppet: Puppet['id'];
    /** Who was sent out of the room and is still in the group. */
    readonly back?: readonly PersonId[];
    readonly only?: 'people';
  },
): Promise<void> {
  const { cause, portal, puppet, back = [], only } = asked;
  const more = { ...(back.length === 0 ? {} : { back }), ...(only === undefined ? {} : { only }) };
  const act = { kind: 'mirror', portal: portal.key, puppet, ...more } as const;
  const [lane, owner] = [toMatrixLane(portal.key), loginOwner(puppet)];
  await doors.queue.accept({ entries: [{ key: `mirror:${cause}`, lane, owner, payload: { from: 'bridge', act } }] });
}

/** Has a room that is about to be a chat's no more taken out of its people's spaces, in a lane of its own, once per `cause`. */
export async function outOfSpacesLater(
  doors: Doors,
  asked: { readonly cause: string; readonly portal: PortalKey; readonly room: RoomId; readonly instead?: RoomId },
): Promise<void> {
  const { cause, ...what } = asked;
  const act = { kind: 'out-of-spaces', ...what } as const;
  const lane = as<LaneId>(`spaces:${asked.room}`);
  await doors.queue.accept({ entries: [{ key: `spaces:${cause}`, lane, payload: { from: 'bridge', act } }] });
}
