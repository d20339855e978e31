// A change that the device of one login could not read and that of another could: its notice goes, or is never shown; knows no wire.
import { originKey } from '../model/effect.ts';
import type { NewEntry } from '../model/entry.ts';
import { loginOwner, toMatrixLane, type MessageId, type PortalKey, type PuppetId } from '../model/ids.ts';
import { isPlaceholder } from '../model/message.ts';
import type { NetworkEvent } from '../model/network-event.ts';
import type { Portal, Puppet } from '../model/records.ts';
import { mayHaveIt, type FlowDoors } from './doors.ts';

/** Of what somebody brings who is not the reader of its chat: it takes away the notice that the reader may have brought instead. */
export function insteadOfNotice(puppet: Pick<Puppet, 'id'>, event: NetworkEvent): readonly NewEntry[] {
  if (!('own' in event) || event.own === undefined) return [];
  const { portal, sender, at, via, own } = event;
  const key = keyOf(portal, own, puppet.id);
  const gone = { key, portal, sender, at, via, kind: 'removal', target: own, ifNotice: true } as const;
  const payload = { from: 'network', puppet: puppet.id, event: gone } as const;
  return [{ key, lane: toMatrixLane(portal), owner: loginOwner(puppet.id), payload }];
}

/** Whether this is the notice of a change that another login, which may have the chat, has brought. */
export async function isReadElsewhere(
  doors: FlowDoors,
  { message, parts }: Extract<NetworkEvent, { kind: 'message' }>,
  portal: Portal,
): Promise<boolean> {
  if (portal.key.receiver !== undefined || !parts.some(isPlaceholder)) return false;
  const logins = new Map(
    (await doors.puppets.ofNetwork(portal.key.network)).map((one) => [keyOf(portal.key, message, one.id), one]),
  );
  for (const key of await doors.queue.seen([...logins.keys()])) {
    const puppet = logins.get(key);
    if (puppet !== undefined && (await mayHaveIt(doors, portal, puppet))) return true;
  }
  return false;
}

function keyOf(portal: PortalKey, own: MessageId, puppet: PuppetId): string {
  return `${originKey(portal, 'instead', own)}@${puppet}`;
}
