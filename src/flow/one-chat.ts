// The lanes in which something of one chat may wait: its own, and those of the chats that turned out to be it; asks stores only.
import { portalKeyText, toMatrixLane, type LaneId, type PortalKey } from '../model/ids.ts';
import type { FlowDoors } from './doors.ts';

/** @param key under which of its names it may be */
export async function lanesOf(
  doors: Pick<FlowDoors, 'keeper' | 'portals'>,
  key: PortalKey,
): Promise<readonly LaneId[]> {
  const keys = [(await doors.keeper.find(key))?.key ?? key];
  // It grows under the loop: what led to a former chat leads here.
  for (const { network, receiver, chat } of keys) {
    const of = receiver === undefined ? {} : { receiver };
    for (const former of await doors.portals.list({ network, into: chat, ...of })) {
      if (former.key.receiver === receiver && !keys.some((one) => isSame(one, former.key))) keys.push(former.key);
    }
  }
  return keys.map(toMatrixLane);
}

function isSame(one: PortalKey, other: PortalKey): boolean {
  return portalKeyText(one) === portalKeyText(other);
}
