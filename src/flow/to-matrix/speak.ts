// What the bot says in a room: words, and codes as pictures, each new one in the place of the last; knows no chat and no network.
import type { Delivery } from '../../model/delivery.ts';
import { effectId } from '../../model/effect.ts';
import type { QueueEntry } from '../../model/entry.ts';
import { BridgeError } from '../../model/errors.ts';
import type { EventId, RoomId } from '../../model/ids.ts';
import { plainText, type MessageBody } from '../../model/message.ts';
import { isThere, mayHaveBeenCarried } from '../after-restore.ts';
import type { FlowDoors } from '../doors.ts';
import { tellingKey } from '../tellings.ts';
import { wordsFor } from '../to-network/report.ts';

type Spoken = Extract<Delivery, { to: 'room' }>;

export async function speakInRoom(doors: FlowDoors, entry: QueueEntry, owed: Spoken): Promise<void> {
  const before = mayHaveBeenCarried(doors, entry.receivedAt);
  if (before && isThere(await doors.matrix.findDelivered(owed.room, owed.id))) return;
  const { bot } = doors.matrix;
  for (const cause of owed.ends ?? []) {
    const code = await shownAs(doors, owed.room, cause);
    if (code !== undefined) await bot.redact(owed.room, effectId(owed.id, cause), code);
  }
  const body = await bodyOf(doors, owed);
  const last = await placeOf(doors, owed);
  if (last !== undefined) await bot.edit(owed.room, owed.id, last, body);
  else await bot.send(owed.room, owed.id, body, owed.replyTo === undefined ? {} : { replyTo: owed.replyTo });
}

/** Whoever cannot see the picture, or copies the code, finds it in the words below. */
async function bodyOf(doors: FlowDoors, owed: Spoken): Promise<MessageBody> {
  const words = plainText(await wordsFor(doors, owed));
  if (owed.show?.form === 'qr') {
    try {
      const media = await doors.matrix.drawCode(effectId(owed.id, 'picture'), owed.show.data);
      return { kind: 'media', media, caption: words };
    } catch (error) {
      if (!(error instanceof BridgeError) || error.retry !== 'never') throw error;
      doors.log.warn({ code: error.code, error }, 'a code could not be shown as a picture');
    }
  }
  return { kind: 'text', as: 'notice', text: words };
}

/** The event that the first code of this sign-in was shown in; one that came too late to be shown has none. */
async function placeOf(doors: FlowDoors, { room, show }: Spoken): Promise<EventId | undefined> {
  for (const cause of show?.after ?? []) {
    const found = await shownAs(doors, room, cause);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function shownAs(doors: FlowDoors, room: RoomId, cause: string): Promise<EventId | undefined> {
  const found = await doors.matrix.findDelivered(room, effectId(tellingKey(cause), 0));
  return isThere(found) ? found : undefined;
}
