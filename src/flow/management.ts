// The management room: whose line is a command, what is answered, and how the bridge speaks to a person of its own accord.
import { effectId } from '../model/effect.ts';
import { attemptOwner, as, type LaneId, type OwnerId, type RoomId, type UserId } from '../model/ids.ts';
import type { Delivery } from '../model/delivery.ts';
import type { QueueEntry } from '../model/entry.ts';
import type { MatrixEvent } from '../model/matrix-event.ts';
import { say, type Say } from '../model/say.ts';
import { render } from '../words/index.ts';
import { languageOf, type FlowDoors, type Plan } from './doors.ts';
import { notice } from './to-network/report.ts';

type Line = Extract<MatrixEvent, { kind: 'message' }>;

/** A message in a room that is no portal: a command when the room is private with the bot. */
export async function handleCommand(doors: FlowDoors, entry: QueueEntry, line: Line): Promise<Plan> {
  if (line.body.kind !== 'text' || line.body.as !== 'text') return { do: 'nothing', code: 'no-command' };
  const members = await doors.matrix.members(line.room);
  if (members.get(doors.matrix.bot.user) !== 'join') return { do: 'nothing', code: 'not-our-room' };
  if (!isPrivate(members, line.sender, doors.matrix.bot.user)) {
    const words = say('room.not-private');
    return {
      do: 'deliver',
      deliveries: [notice(effectId(`not-private:${line.room}`, 0), line.room, line.sender, words)],
    };
  }
  const elsewhere = await attemptElsewhere(doors, line.sender);
  if (elsewhere !== undefined) return { do: 'reroute', owner: elsewhere };
  await remember(doors, line);
  const language = await languageOf(doors, line.sender);
  const request = { user: line.sender, room: line.room, event: line.event, body: line.body.text.text, language };
  const result = await doors.command(request);
  if (result.redact === true) await redact(doors, entry, line);
  const deliveries = result.replies.map((words, index): Delivery =>
    notice(effectId(entry.key, `reply-${index}`), line.room, line.sender, words),
  );
  return deliveries.length === 0 ? { do: 'nothing', code: 'no-reply' } : { do: 'deliver', deliveries };
}

/** Only the bot and this person, joined or invited. */
export function isPrivate(members: ReadonlyMap<UserId, string>, person: UserId, bot: UserId): boolean {
  const present = [...members].filter(([, now]) => now === 'join' || now === 'invite').map(([user]) => user);
  return present.length === 2 && present.includes(person) && present.includes(bot);
}

/** Says something to a person in their management room, once per `cause`, for ever; makes the room if there is none. */
export async function toldInManagement(
  doors: Pick<FlowDoors, 'queue'>,
  user: UserId,
  cause: string,
  words: Say,
): Promise<void> {
  await doors.queue.accept({
    entries: [
      {
        key: `tell:${cause}`,
        lane: as<LaneId>(`t:${user}`),
        payload: { from: 'bridge', act: { kind: 'tell', user, say: words } },
      },
    ],
  });
}

/** The person's management room, made when there is none. */
export async function managementRoom(doors: FlowDoors, user: UserId): Promise<RoomId> {
  const person = await doors.persons.find(user);
  if (person?.managementRoom !== undefined) return person.managementRoom;
  const room = await doors.matrix.makeManagementRoom(user, 'Passerelle');
  const language = person?.language ?? doors.settings.defaultLanguage;
  await doors.persons.save({ user, language, managementRoom: room });
  return room;
}

/** A login going on in another worker gets its answers there. */
async function attemptElsewhere(doors: FlowDoors, user: UserId): Promise<OwnerId | undefined> {
  const here = doors.leases.self();
  for (const network of doors.adapters.keys()) {
    const owner = attemptOwner(user, network);
    const holder = await doors.leases.holder(owner);
    if (holder !== undefined && holder !== here) return owner;
  }
  return undefined;
}

async function remember(doors: FlowDoors, line: Line): Promise<void> {
  const person = await doors.persons.find(line.sender);
  if (person?.managementRoom === line.room) return;
  const language = person?.language ?? doors.settings.defaultLanguage;
  await doors.persons.save({ user: line.sender, language, managementRoom: line.room });
}

/** A typed secret leaves the room at once; where the bot has no power, the person's own double does it, else they are asked. */
async function redact(doors: FlowDoors, entry: QueueEntry, line: Line): Promise<void> {
  const id = effectId(entry.key, 'redact');
  try {
    await doors.matrix.bot.redact(line.room, id, line.event);
    return;
  } catch (error) {
    doors.log.debug({ error }, 'the bot may not redact here');
  }
  try {
    const double = await doors.matrix.double(line.sender);
    if (double !== undefined) {
      await double.redact(line.room, id, line.event);
      return;
    }
  } catch (error) {
    doors.log.warn({ error }, 'a typed secret could not be redacted');
  }
  const body = {
    kind: 'text',
    as: 'notice',
    text: { text: await askToRedact(doors, line.sender), spans: [] },
  } as const;
  await doors.matrix.bot.send(line.room, effectId(entry.key, 'please-redact'), body, { replyTo: line.event });
}

async function askToRedact(doors: FlowDoors, user: UserId): Promise<string> {
  return render(say('room.please-redact'), await languageOf(doors, user));
}
