// Names and topics that change on both sides at once: which of them is the last. Nothing goes over a newer one, on either side, and
// nothing that comes back is taken for news; knows no wire.
import type { Delivery, GroupAction } from '../model/delivery.ts';
import { effectId } from '../model/effect.ts';
import type { QueueEntry } from '../model/entry.ts';
import type { EffectId, RoomId } from '../model/ids.ts';
import type { Wording } from '../ports/matrix.ts';
import type { FlowDoors } from './doors.ts';

type Doors = Pick<FlowDoors, 'matrix' | 'clock'>;
type Said = Pick<Wording, 'of' | 'text'>;
type Owed = Pick<Extract<Delivery, { to: 'network' }>, 'id' | 'room'> & { readonly action: GroupAction };

/** What went to a network is back after this, or was so already and does not come back, in ms. */
const BACK_MS = 60_000;

/** @returns undefined for what changes neither */
export function saidBy(action: GroupAction): Said | undefined {
  if (action.kind === 'rename') return { of: 'name', text: action.name };
  return action.kind === 'set-topic' ? { of: 'topic', text: action.topic } : undefined;
}

/**
 * Called before it is done over there. Somebody else's later one has gone there before this, or has come from there since this was
 * set here: it stays undone, in whatever order their logins get to it.
 */
export async function isOvertaken(doors: Doors, entry: QueueEntry, { id, room, action }: Owed): Promise<boolean> {
  const said = saidBy(action);
  if (said === undefined) return false;
  const { wordings } = doors.matrix;
  const known = (await wordings.of(room)).filter(({ of }) => of === said.of);
  // Done over there, although nobody could say so.
  if (known.some((one) => one.id === id && one.is === 'back')) return true;
  const shown = await doors.matrix.said(room, said.of);
  if (shown !== undefined && shown.text !== shownAs(doors, said)) {
    const others = known.filter((one) => one.id !== id && shownAs(doors, one) === shown.text);
    // What stands there of ours is news from over there, or only what came back of an older one.
    const later = shown.ours
      ? others.some(({ is, at }) => is === 'theirs' && at >= entry.receivedAt)
      : others.some(({ is }) => is !== 'theirs');
    if (later) {
      await wordings.forget(room, id);
      return true;
    }
  }
  await wordings.keep(room, { ...said, id, at: doors.clock.now(), is: 'leaving' });
  return false;
}

/** It is done over there. @returns whether that is the last that is known of the group: nothing has come back yet */
export async function wordsDone(doors: Doors, { id, room }: Pick<Owed, 'id' | 'room'>): Promise<boolean> {
  const own = (await doors.matrix.wordings.of(room)).find((one) => one.id === id);
  if (own?.is !== 'leaving') return false;
  await doors.matrix.wordings.keep(room, { ...own, is: 'done' });
  return true;
}

/**
 * What the network says a group is called.
 * @returns `back`: it was set here, and what is set here since then stays. `crossing`: one set here is on its way or was just done,
 * of which nobody can say whether it is the later one: it stays where it stands, until the group is looked at. `news`: it is shown.
 */
export async function comesAs(
  doors: Doors,
  room: RoomId,
  cause: EffectId,
  said: Said,
): Promise<'back' | 'crossing' | 'news'> {
  const { wordings } = doors.matrix;
  const known = (await wordings.of(room)).filter(({ of }) => of === said.of);
  if (known.some((one) => one.cause === cause)) return 'back';
  const open = known.filter(({ is }) => is === 'leaving' || is === 'done');
  const own = open.findIndex((one) => shownAs(doors, one) === shownAs(doors, said));
  if (own >= 0) {
    // Networks tell in order: those before it will not come any more.
    await wordings.keep(room, ...open.slice(0, own + 1).map((one) => ({ ...one, is: 'back' as const, cause })));
    return 'back';
  }
  if (open.some(({ at }) => doors.clock.now() - at < BACK_MS)) return 'crossing';
  await wordings.keep(room, { ...said, id: effectId(cause, said.of), at: doors.clock.now(), is: 'theirs' });
  return 'news';
}

/** One that was set here may be done over there at this very moment: how the group is called now says nothing. */
export async function isLeaving(doors: Doors, room: RoomId): Promise<boolean> {
  const since = doors.clock.now() - BACK_MS;
  return (await doors.matrix.wordings.of(room)).some(({ is, at }) => is === 'leaving' && at > since);
}

function shownAs({ matrix }: Doors, { of, text }: Said): string {
  return matrix.shownWords({ [of]: text })[of] ?? '';
}
