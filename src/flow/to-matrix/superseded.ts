// What could not be shown and was changed or taken back over there meanwhile is not shown any more; knows no wire.
import type { EntryPayload, QueueEntry } from '../../model/entry.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { FlowDoors } from '../doors.ts';

type Change = Extract<NetworkEvent, { kind: 'edit' | 'removal' }>;

/**
 * Throws away what is put aside of a message that this event changes: released, it would show what nobody says any more, or a part
 * of it. An edit brings all of the text itself.
 * @returns false when some of it was released in this very moment: it is shown first
 */
export async function dropSuperseded(doors: FlowDoors, entry: QueueEntry, event: Change): Promise<boolean> {
  for (const parked of await doors.queue.parkedIn(entry.lane)) {
    if (!isSuperseded(parked.payload, event)) continue;
    if (!(await doors.queue.discard(parked.id))) return false;
    doors.log.info({ lane: entry.lane, key: parked.key, kind: event.kind, code: 'superseded' }, 'put aside no longer');
  }
  return true;
}

function isSuperseded(payload: EntryPayload, by: Change): boolean {
  if (payload.from !== 'network') return false;
  const { event } = payload;
  if (event.kind === 'message') return event.message === by.target;
  if (!('target' in event) || event.target !== by.target) return false;
  return by.kind === 'removal' || (event.kind === 'edit' && event.editedAt <= by.editedAt);
}
