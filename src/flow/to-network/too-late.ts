// Whether a change of a message comes too late, for its network or for what the bridge remembers; knows no wire.
import type { MatrixEvent } from '../../model/matrix-event.ts';
import type { MessageLink, Portal } from '../../model/records.ts';
import { say, type Say } from '../../model/say.ts';
import type { EventLook } from '../../ports/matrix.ts';
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
  const can = doors.adapters.get(portal.key.network)?.capabilities;
  const window = kind === 'edit' ? can?.editWindowMs : can?.removeWindowMs;
  const now = doors.clock.now();
  if (window === undefined || links.every((link) => now - link.at <= window)) return undefined;
  const network = titleOf(doors, portal.key.network);
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
