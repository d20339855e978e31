// Which of several logins in one chat reads it: one, kept with the portal, until it is gone or may no longer; knows no wire.
import { portalKeyText, type PuppetId } from '../model/ids.ts';
import type { QueueEntry } from '../model/entry.ts';
import type { NetworkEvent } from '../model/network-event.ts';
import type { Portal, Puppet } from '../model/records.ts';
import { mayHaveIt, type FlowDoors } from './doors.ts';
import { isDone } from './done.ts';
import { markLater, mirrorLater } from './tellings.ts';

/**
 * Every login of a chat brings what is said there, and whoever is first is believed: messages have names of their own. How the
 * chat is, and what its network lets people know, has none: that is the reader's to bring.
 */
export function isForReader(event: NetworkEvent): boolean {
  if (event.kind === 'message') return event.parts.some((part) => part.kind === 'told');
  return event.kind === 'chat' || event.kind === 'membership' || event.kind === 'role' || event.kind === 'unreadable';
}

/** The reader is out of the chat, and may be the last to hear of it. */
export async function isEndOfReader(
  doors: Pick<FlowDoors, 'puppets'>,
  event: NetworkEvent,
  portal: Portal,
): Promise<boolean> {
  if (event.kind !== 'membership' || event.now === 'in' || portal.reader === undefined) return false;
  return (await doors.puppets.find(portal.reader))?.self === event.person;
}

/**
 * Whether this login, which may have the chat, reads it: it does from now on if nobody else can.
 * @param cause the entry's key
 */
export async function reads(doors: FlowDoors, cause: string, portal: Portal, puppet: Puppet): Promise<boolean> {
  if (portal.key.receiver !== undefined || portal.reader === puppet.id) return true;
  const reader = portal.reader === undefined ? undefined : await doors.puppets.find(portal.reader);
  if (reader !== undefined && (await mayHaveIt(doors, portal, reader))) return false;
  await handOver(doors, cause, portal, puppet.id);
  return true;
}

/** What the one before did not get to is made good by looking how the chat is. */
export async function handOver(doors: FlowDoors, cause: string, portal: Portal, to: PuppetId): Promise<void> {
  await doors.keeper.change(portal.key, { reader: to });
  if (portal.room === undefined || portal.reader === undefined) return;
  doors.log.info({ network: portal.key.network, puppet: to, room: portal.room }, 'another login reads this chat');
  await mirrorLater(doors, { cause: `reader/${cause}`, portal, puppet: to });
}

/**
 * What the reader accepted is nobody else's to bring any more: it is not lost when the reader loses its rule, if somebody else
 * has one. @returns false when nobody has
 */
export async function isReadOn(
  doors: FlowDoors,
  entry: Pick<QueueEntry, 'key'>,
  event: NetworkEvent,
  portal: Portal,
  denied: Puppet,
): Promise<boolean> {
  if (portal.key.receiver !== undefined || entry.key !== event.key) return false;
  const reader = portal.reader === undefined ? undefined : await doors.puppets.find(portal.reader);
  if (reader !== undefined && reader.id !== denied.id && (await mayHaveIt(doors, portal, reader))) return true;
  const next = await successor(doors, portal, denied);
  if (next !== undefined) await handOver(doors, entry.key, portal, next.id);
  return next !== undefined;
}

/** Somebody else in the room whose login may have the chat. */
export async function successor(doors: FlowDoors, portal: Portal, of: Puppet): Promise<Puppet | undefined> {
  if (portal.room === undefined || portal.key.receiver !== undefined) return undefined;
  const members = await doors.matrix.members(portal.room);
  for (const other of await doors.puppets.ofNetwork(portal.key.network)) {
    const now = members.get(other.owner);
    if (other.self === of.self || (now !== 'join' && now !== 'invite')) continue;
    if (await mayHaveIt(doors, portal, other)) return other;
  }
  return undefined;
}

const MOST_LOOKED = 20_000;
/** Who has been looked for in a room by this process; whoever is forgotten is looked for again. */
const looked = new WeakMap<FlowDoors, Set<string>>();

/** A login that came after the room was made: its person is let in, unless they were there and left. */
export async function welcome(doors: FlowDoors, portal: Portal, puppet: Puppet): Promise<void> {
  if (portal.room === undefined) return;
  const known = looked.get(doors) ?? new Set();
  looked.set(doors, known);
  const key = `${portalKeyText(portal.key)}/${puppet.id}`;
  if (known.has(key)) return;
  const open = { ...portal, room: portal.room };
  if (!(await doors.matrix.members(open.room)).has(puppet.owner)) {
    // First, so that no crash forgets it: whoever is in the room is not welcomed again.
    await markLater(doors, { cause: `welcome/${key}`, portal, puppet: puppet.id });
    await isDone(async () => await doors.keeper.bringIn(open, puppet.owner));
  }
  if (known.size >= MOST_LOOKED) known.clear();
  known.add(key);
}
