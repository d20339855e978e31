// What people take back or change before it has left: parked messages rewritten or thrown away, stale ones asked about; knows no network.
import type { FoundEntry, LaneClaim, QueueEntry } from '../../model/entry.ts';
import { say, type Say } from '../../model/say.ts';
import { effectId } from '../../model/effect.ts';
import type { MatrixEvent } from '../../model/matrix-event.ts';
import type { FlowDoors, Plan } from '../doors.ts';
import { notice } from './report.ts';

/** As Matrix names what an event has to do with another. */
const RELATION = 'm.relates_to';

type Content = Readonly<Record<string, unknown>>;

/**
 * Surely never attempted: it stood behind an entry that kept the lane waiting. A fresh entry without attempts may have been
 * under way when its worker died.
 */
export function wasHeldUp(claim: LaneClaim, entry: QueueEntry): boolean {
  const [head] = claim.entries;
  return entry.attempts === 0 && head !== undefined && head.id < entry.id && head.attempts > 0;
}

/** Something not yet attempted that its own author has redacted meanwhile is not sent at all. */
export function isTakenBack(doors: Pick<FlowDoors, 'read'>, entry: QueueEntry, behind: readonly QueueEntry[]): boolean {
  if (entry.payload.from !== 'matrix') return false;
  return behind.some((later) => {
    if (later.payload.from !== 'matrix') return false;
    const event = doors.read(later.payload.event);
    return event.kind === 'removal' && event.target === entry.key;
  });
}

/**
 * What waits for a decision and was taken back here is thrown away, whoever took it back, and whoever did hears so.
 * @returns undefined when nothing waits, or a part of it has left and is to be taken back over there
 */
export async function dropParked(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Extract<MatrixEvent, { kind: 'removal' }>,
): Promise<Plan | undefined> {
  const parked = await doors.queue.find(event.target);
  if (parked?.parked !== true || parked.payload.from !== 'matrix') return undefined;
  // A redaction counts in its own room only, whatever event it names.
  if (doors.read(parked.payload.event).room !== event.room) return undefined;
  // Released in this very moment: it leaves first.
  if (!(await doors.queue.discard(parked.id))) return { do: 'wait', ms: 250, code: 'target' };
  if ((await doors.links.byEvent(event.target)).length > 0) return undefined;
  const said = notice(effectId(entry.key, 'dropped'), event.room, event.sender, say('fault.taken-back'));
  return { do: 'deliver', deliveries: [{ ...said, replyTo: event.target }] };
}

/** Epoch ms from which on what a person wrote is not sent without asking them; undefined for everything else and for what was released. */
export function staleAt(doors: Pick<FlowDoors, 'read' | 'settings'>, entry: QueueEntry): number | undefined {
  if (entry.payload.from !== 'matrix' || entry.late) return undefined;
  const { at } = doors.read(entry.payload.event);
  const written = at > 0 ? Math.min(at, entry.receivedAt) : entry.receivedAt;
  return written + doors.settings.tooOldMs;
}

export function tooOld(entry: QueueEntry): { readonly do: 'park'; readonly code: string; readonly say: Say } {
  return { do: 'park', code: 'too-old', say: say('fault.too-old', { id: entry.id }) };
}

/** A parked message says from now on what its edit says. @returns false when it has left its parking place meanwhile */
export async function rewriteParked(
  doors: Pick<FlowDoors, 'queue'>,
  parked: FoundEntry,
  raw: unknown,
): Promise<boolean> {
  if (parked.payload.from !== 'matrix') return false;
  const before = objectOf(parked.payload.event);
  const event = { ...before, content: newContent(raw, objectOf(before['content'])) };
  return await doors.queue.rewrite(parked.id, { from: 'matrix', event });
}

/** An edit changes what is said, and not what that answers (spec: "Edits of replies"). */
function newContent(raw: unknown, before: Content): Content {
  const { [RELATION]: _, ...said } = objectOf(objectOf(objectOf(raw)['content'])['m.new_content']);
  return RELATION in before ? { ...said, [RELATION]: before[RELATION] } : said;
}

function objectOf(value: unknown): Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
