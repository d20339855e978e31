// Whether a change of a message comes too late, for its network or for what the bridge remembers; knows no wire.
import type { Delivery } from '../../model/delivery.ts';
import type { PortalKey } from '../../model/ids.ts';
import type { MatrixEvent } from '../../model/matrix-event.ts';
import type { MessageLink, Portal } from '../../model/records.ts';
import { say, type Say } from '../../model/say.ts';
import type { EventLook } from '../../ports/matrix.ts';
import type { InTime } from '../../ports/network.ts';
import { titleOf, type FlowDoors } from '../doors.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Of a network that says nothing of it: its phones would leave a change out that comes later, and nobody would know. */
export function changeTooLate(
  doors: Pick<FlowDoors, 'adapters' | 'clock'>,
  kind: 'edit' | 'removal',
  portal: Portal,
  links: readonly MessageLink[],
): Say | undefined {
  const window = windowOf(doors, kind, portal.key);
  const now = doors.clock.now();
  if (window === undefined || links.every((link) => now - link.at <= window)) return undefined;
  return tooLate(doors, kind, portal.key, window);
}

/**
 * Until when a change may still be begun, and what to say of it afterwards: it is planned once, and may be held back for long after that.
 * @returns undefined for what is no such change, or where the network says nothing of it
 */
export async function inTime(
  doors: Pick<FlowDoors, 'adapters' | 'clock' | 'links'>,
  { action, portal: key }: Extract<Delivery, { to: 'network' }>,
): Promise<InTime | undefined> {
  if (action.kind !== 'edit' && action.kind !== 'remove') return undefined;
  const kind = action.kind === 'edit' ? 'edit' : 'removal';
  const window = windowOf(doors, kind, key);
  const links = window === undefined ? [] : await doors.links.byMessage(key, action.target);
  if (window === undefined || links.length === 0) return undefined;
  const late = tooLate(doors, kind, key, window);
  const perhaps = say(kind === 'edit' ? 'fault.edit-perhaps-late' : 'fault.remove-perhaps-late', late.with);
  return { until: Math.max(...links.map(({ at }) => at)) + window, else: late, perhaps };
}

function windowOf(doors: Pick<FlowDoors, 'adapters'>, kind: 'edit' | 'removal', { network }: PortalKey) {
  const can = doors.adapters.get(network)?.capabilities;
  return kind === 'edit' ? can?.editWindowMs : can?.removeWindowMs;
}

function tooLate(
  doors: Pick<FlowDoors, 'adapters'>,
  kind: 'edit' | 'removal',
  { network: id }: PortalKey,
  window: number,
): Say {
  const network = titleOf(doors, id);
  return kind === 'edit'
    ? say('fault.edit-too-late', { network, minutes: Math.floor(window / MINUTE_MS) })
    : say('fault.remove-too-late', { network, hours: Math.floor(window / HOUR_MS) });
}

/** What to say where the target was carried, perhaps, but so long ago that its link is gone. */
export function forgotten(
  doors: Pick<FlowDoors, 'adapters' | 'clock' | 'matrix' | 'settings'>,
  event: Extract<MatrixEvent, { kind: 'edit' | 'removal' | 'reaction' }>,
  portal: Portal,
  target: EventLook | undefined,
): Say | undefined {
  const days = doors.settings.linkDays;
  if (target === undefined || doors.clock.now() - target.at <= days * DAY_MS) return undefined;
  // What somebody else said cannot be taken back over there anyway.
  if (event.kind === 'removal' && doors.matrix.isOurs(target.sender)) return undefined;
  return say('fault.forgotten', { network: titleOf(doors, portal.key.network), days });
}
