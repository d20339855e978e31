// What could not be shown and was changed or taken back over there meanwhile is not shown any more; knows no wire.
import type { QueueEntry } from '../../model/entry.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { FlowDoors, Plan } from '../doors.ts';
import { lanesOf } from '../one-chat.ts';

type Change = Extract<NetworkEvent, { kind: 'edit' | 'removal' }>;

/** What was released in this very moment is shown first. */
const RELEASED: Plan = { do: 'wait', ms: 250, code: 'target' };

/**
 * Throws away what is put aside of a message that this event changes: released, it would show what nobody says any more, or a part
 * of it. A message of which nothing is shown goes now, with the new text of an edit: so it still answers what it answered.
 * @param shown whether the room has something of it @returns what becomes of the change, if that is all, or it must wait
 */
export async function dropSuperseded(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Change,
  shown: boolean,
): Promise<Plan | undefined> {
  let plan: Plan | undefined;
  for (const { id, key, payload } of await doors.queue.parkedIn(await lanesOf(doors, event.portal), event.target)) {
    if (payload.from !== 'network') continue;
    if (!isSuperseded(payload.event, event)) {
      // The message itself says what a newer edit says.
      if (isBrought(payload.event, event) && !shown) plan = { do: 'nothing', code: 'older-edit' };
      continue;
    }
    if (event.kind === 'edit' && payload.event.kind === 'message' && !shown) {
      const { parts, editedAt } = event;
      const now = { ...payload, event: { ...payload.event, parts, editedAt } };
      if (!(await doors.queue.rewrite(id, now)) || !(await doors.queue.release(id))) return RELEASED;
      plan = { do: 'nothing', code: 'rewritten' };
    } else if (!(await doors.queue.discard(id))) return RELEASED;
    doors.log.info({ lane: entry.lane, key, kind: event.kind, code: 'superseded' }, 'put aside no longer');
  }
  return plan;
}

function isBrought(event: NetworkEvent, by: Change): boolean {
  return event.kind === 'message' && event.message === by.target;
}

/** By the network's time, whichever of them came first. */
function isSuperseded(event: NetworkEvent, by: Change): boolean {
  const about = event.kind === 'message' ? event.message : 'target' in event ? event.target : undefined;
  if (about !== by.target) return false;
  if (by.kind === 'removal') return true;
  if (event.kind === 'message') return (event.editedAt ?? 0) <= by.editedAt;
  return event.kind === 'edit' && event.editedAt <= by.editedAt;
}
