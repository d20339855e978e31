// Tells people how it went: failures as a reply to their message, success in silence; knows no network.
import { effectId } from '../../model/effect.ts';
import type { Delivery, Tone } from '../../model/delivery.ts';
import type { BridgeAct, QueueEntry } from '../../model/entry.ts';
import type { EffectId, EventId, RoomId, UserId } from '../../model/ids.ts';
import { say, type Language, type Say } from '../../model/say.ts';
import { render } from '../../words/index.ts';
import { languageOf, type FlowDoors, type Plan } from '../doors.ts';
import type { About } from '../lane-work.ts';
import { sayOnce, toldInManagement } from '../tellings.ts';
import { lacksBones } from '../unreadable.ts';

/** A refusal that is final and needs nobody's decision: said to the author, and the entry is done. */
export function refusal(entry: QueueEntry, event: { event: EventId; room: RoomId; sender: UserId }, why: Say): Plan {
  const delivery: Delivery = {
    id: effectId(entry.key, 'refused'),
    to: 'room',
    room: event.room,
    reader: event.sender,
    say: why,
    replyTo: event.event,
    tone: 'refusal',
  };
  return { do: 'deliver', deliveries: [delivery] };
}

/** The bot says something in a room. */
export function notice(id: EffectId, room: RoomId, reader: UserId, words: Say): Extract<Delivery, { to: 'room' }> {
  return { id, to: 'room', room, reader, say: words };
}

/** The words of a `room` delivery in its reader's language. */
export async function wordsFor(doors: FlowDoors, delivery: Extract<Delivery, { to: 'room' }>): Promise<string> {
  const language =
    delivery.reader === undefined ? doors.settings.defaultLanguage : await languageOf(doors, delivery.reader);
  const words = render(delivery.say, language);
  const text = delivery.show === undefined ? words : `${words}\n\n${delivery.show.data}`;
  return delivery.tone === undefined ? text : toned(delivery.tone, text, language);
}

function toned(tone: Tone, why: string, language: Language): string {
  if (tone === 'slow') return `${render(say('fault.slow'), language)} (${why})`;
  return render(say(tone === 'missed' ? 'fault.not-brought' : 'fault.not-delivered', { why }), language);
}

/**
 * Tells whoever must know that an entry failed or takes long, once per try. What a person wrote is answered in its room;
 * what did not get here from a network is said in the chat's room, else to the login's owner.
 */
export async function tellAuthor(doors: FlowDoors, entry: QueueEntry, about: About, why: Say): Promise<void> {
  const key = `${about}:${entry.key}/${entry.attempts}`;
  const { payload } = entry;
  if (payload.from === 'bridge') {
    if (about === 'failed') await tellElsewhere(doors, payload.act, key, why);
    return;
  }
  if (payload.from === 'network') {
    if (about !== 'failed') return;
    const puppet = await doors.puppets.find(payload.puppet);
    if (puppet === undefined) return;
    const portal = await doors.keeper.find(payload.event.portal);
    if (portal?.room === undefined) {
      const language = await languageOf(doors, puppet.owner);
      const words = say('fault.not-brought', { why: render(why, language) });
      await toldInManagement(doors, puppet.owner, key, words);
    } else await sayOnce(doors, { key, room: portal.room, reader: puppet.owner, words: why, tone: 'missed' });
    return;
  }
  const event = doors.read(payload.event);
  if (event.room === '' || event.sender === '' || event.event === '') return;
  if (event.kind === 'other' || lacksBones(entry)) return;
  if (event.kind === 'membership') {
    // People who come and go wish nothing of us.
    if (!doors.matrix.isOurs(event.user)) return;
    if ((await doors.portals.byRoom(event.room)) === undefined) {
      if (about !== 'failed' || event.now !== 'invite') return;
      // Whoever was invited is not there to say it.
      const reasons = render(why, await languageOf(doors, event.sender));
      const words = say('fault.invitation', { room: event.room, why: reasons });
      await toldInManagement(doors, event.sender, key, words);
      return;
    }
  }
  // A line to the bot is answered by the command itself; everything else concerns people only in rooms of ours.
  if (event.kind === 'unreadable' && (await doors.portals.byRoom(event.room)) === undefined) return;
  const tones: { readonly [Kind in About]?: Tone } = { failed: 'refusal', slow: 'slow' };
  const tone = tones[about];
  await sayOnce(doors, {
    key,
    room: event.room,
    reader: event.sender,
    words: why,
    replyTo: event.event,
    ...(tone === undefined ? {} : { tone }),
  });
}

/** What the bot owed somebody in a room that does not let it: above all, that what they wrote was not delivered. */
async function tellElsewhere(doors: FlowDoors, act: BridgeAct, key: string, why: Say): Promise<void> {
  if (act.kind === 'open-portal') await toldInManagement(doors, act.for, key, why);
  if (act.kind !== 'say' || act.tone === undefined) return;
  const { room, reader, tone } = act;
  const language = await languageOf(doors, reader);
  const words = toned(tone, render(act.say, language), language);
  await toldInManagement(doors, reader, key, say('fault.unsaid', { room, words }));
}
