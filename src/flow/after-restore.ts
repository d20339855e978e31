// After a backup was restored: what happened before may have had effects that the database does not know; says what to look for.
import { effectId } from '../model/effect.ts';
import type { QueueEntry } from '../model/entry.ts';
import { portalKeyText, type EventId } from '../model/ids.ts';
import type { NetworkEvent } from '../model/network-event.ts';
import type { Portal, Puppet } from '../model/records.ts';
import { say } from '../model/say.ts';
import { titleOf, type FlowDoors, type Plan } from './doors.ts';
import { toldInManagement } from './tellings.ts';

/** By how much the clocks of a network and of a homeserver may differ from ours, in ms. */
const SKEW_MS = 10 * 60_000;
/** How long the gap audit may take to bring back what people wrote here, in ms. */
const PATIENCE_MS = 2 * 60_000;

/** Might the lost database have carried what happened at `at` (epoch ms)? Then every effect of it is looked for first. */
export function mayHaveBeenCarried(doors: Pick<FlowDoors, 'settings'>, at: number): boolean {
  const { restoredAt } = doors.settings;
  return restoredAt !== undefined && at < restoredAt + SKEW_MS;
}

/**
 * An own message from before the restore may be the echo of what its person wrote here, whose link was lost. The gap audit
 * brings that event back, and its link with it; the message waits for it, beside its lane. What is still unknown then is
 * brought, and its person is told that it may be there twice: a double is better than a loss.
 */
export async function heldAfterRestore(
  doors: FlowDoors,
  entry: QueueEntry,
  event: NetworkEvent,
  portal: Portal,
): Promise<Plan | undefined> {
  if (event.kind !== 'message' || !mayHaveBeenCarried(doors, event.at)) return undefined;
  if ((await doors.links.byMessage(portal.key, event.message)).length > 0) return undefined;
  const [owner] = await doors.senders.ownersOf(portal, event.sender);
  if (owner === undefined) return undefined;
  if (portal.room !== undefined) {
    const brought = await doors.matrix.findDelivered(portal.room, effectId(entry.key, 0));
    if (isThere(brought)) return undefined;
  }
  if (doors.clock.now() - entry.receivedAt < PATIENCE_MS) {
    return { do: 'wait', ms: 1_000, code: 'restored', beside: true };
  }
  await reportUndecided(doors, portal, owner);
  return undefined;
}

/** Was it found? A room that is longer than the look leaves it open. */
export function isThere(found: EventId | 'beyond' | undefined): found is EventId {
  return found !== undefined && found !== 'beyond';
}

/** Once per chat and restore. */
export async function reportUndecided(doors: FlowDoors, portal: Portal, owner: Puppet): Promise<void> {
  const { network } = portal.key;
  doors.log.warn({ network, puppet: owner.id, code: 'undecided' }, 'after a restore: a message may be there twice');
  const words = say('restored.undecided', {
    network: titleOf(doors, network),
    chat: portal.name ?? portal.key.chat,
  });
  const cause = `restored:${doors.settings.restoredAt ?? 0}/${portalKeyText(portal.key)}/${owner.id}`;
  await toldInManagement(doors, owner.owner, cause, words);
}
