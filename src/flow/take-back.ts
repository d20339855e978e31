// Takes an event of somebody's back in a room of ours where nobody has to see whose doing it is; knows no wire.
import { BridgeError } from '../model/errors.ts';
import type { EffectId, EventId, RoomId } from '../model/ids.ts';
import type { Speaker } from '../ports/matrix.ts';
import type { FlowDoors } from './doors.ts';

/** The bot made most rooms, so it may; in an adopted one its author does it. @param authors whoever can speak as its author, if anybody */
export async function takeBack(
  doors: Pick<FlowDoors, 'matrix'>,
  room: RoomId,
  id: EffectId,
  event: EventId,
  authors: readonly (Speaker | undefined)[],
): Promise<void> {
  try {
    await doors.matrix.bot.redact(room, id, event);
  } catch (error) {
    const [author] = authors;
    if (author === undefined || !(error instanceof BridgeError) || error.retry !== 'never') throw error;
    await author.redact(room, id, event);
  }
}
