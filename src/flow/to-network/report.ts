// Tells people how it went: failures as a reply to their message, success in silence; knows no network.
import { effectId } from '../../model/effect.ts';
import type { Delivery } from '../../model/delivery.ts';
import type { QueueEntry } from '../../model/entry.ts';
import type { EffectId, EventId, RoomId, UserId } from '../../model/ids.ts';
import { plainText } from '../../model/message.ts';
import { say, type Say } from '../../model/say.ts';
import { render } from '../../words/index.ts';
import { languageOf, type FlowDoors, type Plan } from '../doors.ts';

/** A refusal that is final and needs nobody's decision: said to the author, and the entry is done. */
export function refusal(entry: QueueEntry, event: { event: EventId; room: RoomId; sender: UserId }, why: Say): Plan {
  const delivery: Delivery = {
    id: effectId(entry.key, 'refused'),
    to: 'room',
    room: event.room,
    reader: event.sender,
    say: why,
    replyTo: event.event,
    refusal: true,
  };
  return { do: 'deliver', deliveries: [delivery] };
}

/** The bot says something in a room. */
export function notice(id: EffectId, room: RoomId, reader: UserId, words: Say): Delivery {
  return { id, to: 'room', room, reader, say: words };
}

/** The words of a `room` delivery in its reader's language. */
export async function wordsFor(doors: FlowDoors, delivery: Extract<Delivery, { to: 'room' }>): Promise<string> {
  const language =
    delivery.reader === undefined ? doors.settings.defaultLanguage : await languageOf(doors, delivery.reader);
  const text = render(delivery.say, language);
  return delivery.refusal === true ? render(say('fault.not-delivered', { why: text }), language) : text;
}

/** Idempotent by its effect id. A notice that cannot be said is logged: the entry itself is kept either way. */
export async function tellAuthor(
  doors: FlowDoors,
  entry: QueueEntry,
  about: 'failed' | 'slow' | 'waiting',
  why: Say,
): Promise<void> {
  if (entry.payload.from !== 'matrix') return;
  const event = doors.read(entry.payload.event);
  if (event.kind === 'unreadable' || event.kind === 'membership' || event.kind === 'other') return;
  const language = await languageOf(doors, event.sender);
  const reason = render(why, language);
  const text =
    about === 'slow'
      ? `${render(say('fault.slow'), language)} (${reason})`
      : render(say('fault.not-delivered', { why: reason }), language);
  const words = about === 'waiting' ? reason : text;
  try {
    const body = { kind: 'text', as: 'notice', text: plainText(words) } as const;
    await doors.matrix.bot.send(event.room, effectId(entry.key, about), body, { replyTo: event.event });
  } catch (error) {
    doors.log.warn({ key: entry.key, error }, 'the author could not be told');
  }
}
