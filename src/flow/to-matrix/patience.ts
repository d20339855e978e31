// How long what comes from a network waits for the message that it is about; asks stores only.
import type { QueueEntry } from '../../model/entry.ts';
import { toNetworkLane, type MessageId, type UserId } from '../../model/ids.ts';
import type { Portal } from '../../model/records.ts';
import type { FlowDoors, Plan } from '../doors.ts';
import { lanesOf } from '../one-chat.ts';

/** How long an edit, removal or reaction waits for its target, in ms. */
const TARGET_PATIENCE_MS = 60_000;
/** How much of that it keeps its lane waiting, in ms. */
const LANE_PATIENCE_MS = 3_000;

/**
 * The target may be what a person here wrote and what is under way to the network just now: a moment in the lane, so that
 * what follows keeps its place, then beside it; a minute in all. Or it came before this in its own lane, or under a former name
 * of its chat, and is being written down or waits beside it: a change that cannot do without it waits for that however long it takes.
 */
export async function targetPatience(
  doors: FlowDoors,
  entry: QueueEntry,
  portal: Portal,
  target: { readonly message: MessageId; readonly needed: boolean },
): Promise<Plan | undefined> {
  const waited = doors.clock.now() - entry.receivedAt;
  const wait = { do: 'wait', ms: 250, code: 'target', beside: waited > LANE_PATIENCE_MS } as const;
  if (waited > TARGET_PATIENCE_MS && !target.needed) return undefined;
  for (const lane of await lanesOf(doors, portal.key)) {
    const earlier = await doors.queue.unsettled(lane, entry.id);
    if (earlier.some((one) => isOf(one, target.message))) return wait;
  }
  if (portal.room === undefined || waited > TARGET_PATIENCE_MS) return undefined;
  for (const owner of await writersOf(doors, portal)) {
    const [pending] = await doors.queue.unsettled(toNetworkLane(portal.room, owner), entry.id, 1);
    if (pending !== undefined) return wait;
  }
  return undefined;
}

/** Brings this message, or changes it. */
function isOf({ payload }: QueueEntry, target: MessageId): boolean {
  if (payload.from !== 'network') return false;
  const { event } = payload;
  return event.kind === 'message' ? event.message === target : 'target' in event && event.target === target;
}

/** Whose lanes lead from this room to its network. */
async function writersOf(doors: FlowDoors, portal: Portal): Promise<ReadonlySet<UserId>> {
  const { network, receiver } = portal.key;
  if (receiver === undefined) return new Set((await doors.puppets.ofNetwork(network)).map((puppet) => puppet.owner));
  const puppet = await doors.puppets.find(receiver);
  return new Set(puppet === undefined ? [] : [puppet.owner]);
}
