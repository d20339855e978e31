// What could not be shown and was changed or taken back over there meanwhile is not shown any more; knows no wire.
import type { QueueEntry } from '../../model/entry.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { FlowDoors, Plan } from '../doors.ts';

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
  for (const { id, key, payload } of await doors.queue.parkedIn(entry.lane, event.target)) {
    if (payload.from !== 'network' || !isSuperseded(payload.event, event)) continue;
    if (event.kind === 'edit' && payload.event.kind === 'message' && !shown) {
      const now = { ...payload, event: { ...payload.event, parts: event.parts } };
      if (!(await doors.queue.rewrite(id, now)) || !(await doors.queue.release(id))) return RELEASED;
      plan = { do: 'nothing', code: 'rewritten' };
    } else if (!(await doors.queue.discard(id))) return RELEASED;
    doors.log.info({ lane: entry.lane, key, kind: event.kind, code: 'superseded' }, 'put aside no longer');
  }
  return plan;
}

function isSuperseded(event: NetworkEvent, by: Change): boolean {
  if (event.kind === 'message') return event.message === by.target;
  if (!('target' in event) || event.target !== by.target) return false;
  return by.kind === 'removal' || (event.kind === 'edit' && event.editedAt <= by.editedAt);
}
