// What people take back or change before it has left: parked messages rewritten or thrown away, stale ones asked about; knows no network.
import type { FoundEntry, LaneClaim, QueueEntry } from '../../model/entry.ts';
import { say, type Say } from '../../model/say.ts';
import { effectId } from '../../model/effect.ts';
import type { MatrixEvent } from '../../model/matrix-event.ts';
import type { MessageLink } from '../../model/records.ts';
import type { FlowDoors, Plan } from '../doors.ts';
import { sayOnce } from '../tellings.ts';
import { notice } from './report.ts';

/** As Matrix names what an event has to do with another. */
const RELATION = 'm.relates_to';

type Content = Readonly<Record<string, unknown>>;

/** What people say, and what becomes of it. */
export type Spoken = Extract<MatrixEvent, { kind: 'message' | 'edit' | 'removal' | 'reaction' }>;
type Edit = Extract<Spoken, { kind: 'edit' }>;

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

/**
 * Of one person's edits of one message that were put aside only the newest is kept, by when they were written: in whatever order they
 * came, and are released, it has the last word. Of each that is dropped its author hears: the newest may never leave either.
 * @returns what becomes of this one, where another is newer or it must wait
 */
export async function dropOlderEdits(doors: FlowDoors, entry: QueueEntry, event: Edit): Promise<Plan | undefined> {
  for (const { id, key, payload } of await doors.queue.parkedIn([entry.lane], event.target)) {
    const other = payload.from === 'matrix' ? doors.read(payload.event) : undefined;
    if (other?.kind !== 'edit' || other.target !== event.target) continue;
    if (other.at > event.at || (other.at === event.at && id > entry.id)) {
      // Somebody wants it to leave now, and the other later.
      if (entry.late && entry.attempts > 0) continue;
      await sayDropped(doors, entry.key, event);
      return { do: 'nothing', code: 'older-edit' };
    }
    // Released in this very moment: it leaves first.
    if (!(await doors.queue.discard(id))) return { do: 'wait', ms: 250, code: 'target' };
    doors.log.info({ lane: entry.lane, key, kind: event.kind, code: 'superseded' }, 'put aside no longer');
    await sayDropped(doors, key, other);
  }
  return undefined;
}

async function sayDropped(doors: FlowDoors, key: string, { room, sender, event }: Edit): Promise<void> {
  await sayOnce(doors, { key: `dropped:${key}`, room, reader: sender, words: say('fault.older-edit'), replyTo: event });
}

/** What has not left yet is changed where it stands; parts of it that did leave are changed over there. */
export async function changeParked(
  doors: FlowDoors,
  event: Exclude<Spoken, { kind: 'message' }>,
  parked: FoundEntry,
  links: readonly MessageLink[],
  raw: unknown,
): Promise<Plan | undefined> {
  const { payload, id } = parked;
  // Put aside since it was looked for first.
  if (event.kind === 'removal') return { do: 'wait', ms: 250, code: 'target' };
  if (event.kind !== 'edit' || payload.from !== 'matrix') return undefined;
  if (doors.read(payload.event).sender !== event.sender) return undefined;
  if (links.length > 0) {
    await doors.queue.discard(id);
    return undefined;
  }
  if ((payload.editedAt ?? 0) > event.at) return { do: 'nothing', code: 'older-edit' };
  const before = objectOf(payload.event);
  const now = { ...before, content: newContent(raw, objectOf(before['content'])) };
  const rewritten = await doors.queue.rewrite(id, { from: 'matrix', event: now, editedAt: event.at });
  // It has left its parking place meanwhile.
  return rewritten ? { do: 'nothing', code: 'rewritten' } : { do: 'wait', ms: 250, code: 'target' };
}

/** An edit changes what is said, and not what that answers (spec: "Edits of replies"). */
function newContent(raw: unknown, before: Content): Content {
  const { [RELATION]: _, ...said } = objectOf(objectOf(objectOf(raw)['content'])['m.new_content']);
  return RELATION in before ? { ...said, [RELATION]: before[RELATION] } : said;
}

function objectOf(value: unknown): Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
