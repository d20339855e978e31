// The management room: whose line is a command, what is answered, and which room of a person's it is; knows no command.
import { effectId } from '../model/effect.ts';
import type { Delivery } from '../model/delivery.ts';
import type { QueueEntry } from '../model/entry.ts';
import { BridgeError } from '../model/errors.ts';
import { attemptOwner, type OwnerId, type RoomId, type UserId } from '../model/ids.ts';
import type { MatrixEvent } from '../model/matrix-event.ts';
import { say } from '../model/say.ts';
import type { RoomLook } from '../ports/matrix.ts';
import { languageOf, type FlowDoors, type Plan } from './doors.ts';
import { sayOnce } from './tellings.ts';
import { notice } from './to-network/report.ts';

type Line = Extract<MatrixEvent, { kind: 'message' }>;

/** How long a message waits in a room of ours that is not yet known as a portal, in ms. */
const IN_THE_MAKING_MS = 60_000;

/** How long a command waits for its login's line to open, as after a restart, in ms. */
const LINE_PATIENCE_MS = 15_000;

/** A message in a room that is no portal: a command when the room is private with the bot. */
export async function handleCommand(doors: FlowDoors, entry: QueueEntry, line: Line): Promise<Plan> {
  const room = await lookAt(doors, line.room);
  if (room === undefined) return { do: 'nothing', code: 'not-our-room' };
  if (room.bridged) {
    // Its person was quicker than we are: the room is made, but not yet written down.
    if (doors.clock.now() - entry.receivedAt < IN_THE_MAKING_MS)
      return { do: 'wait', ms: 250, code: 'room-in-the-making' };
    return { do: 'park', code: 'no-portal', say: say('portal.closed') };
  }
  if (!isPrivate(room.members, line.sender, doors.matrix.bot.user)) {
    const words = say('room.not-private');
    await sayOnce(doors, { key: `not-private:${line.room}`, room: line.room, reader: line.sender, words });
    return { do: 'nothing', code: 'not-private' };
  }
  if (line.body.kind !== 'text' || line.body.as !== 'text') return { do: 'nothing', code: 'no-command' };
  const elsewhere = await attemptElsewhere(doors, line.sender);
  if (elsewhere !== undefined) return { do: 'reroute', owner: elsewhere };
  await remember(doors, line.sender, line.room);
  const language = await languageOf(doors, line.sender);
  const request = {
    user: line.sender,
    room: line.room,
    event: line.event,
    body: line.typed ?? line.body.text.text,
    language,
  };
  const result = await doors.command(request);
  if (result.reroute !== undefined) return { do: 'reroute', owner: result.reroute };
  if (result.soon === true && doors.clock.now() - entry.receivedAt < LINE_PATIENCE_MS) {
    return { do: 'wait', ms: 500, code: 'login-offline' };
  }
  if (result.redact === true) await redact(doors, entry, line);
  const deliveries = result.replies.map((words, index): Delivery =>
    notice(effectId(entry.key, `reply-${index}`), line.room, line.sender, words),
  );
  return deliveries.length === 0 ? { do: 'nothing', code: 'no-reply' } : { do: 'deliver', deliveries };
}

/** What the room's state says, or undefined when that one of ours is not in it. @throws BridgeError when it cannot be asked now */
export async function lookAt(
  doors: Pick<FlowDoors, 'matrix'>,
  room: RoomId,
  as?: UserId,
): Promise<RoomLook | undefined> {
  try {
    return await doors.matrix.look(room, as);
  } catch (error) {
    if (error instanceof BridgeError && error.retry === 'never') return undefined;
    throw error;
  }
}

/** Only this person and one of ours, joined or invited; the bot counts for nobody beside a ghost. */
export function isPrivate(members: RoomLook['members'], person: UserId, ours: UserId, bot: UserId = ours): boolean {
  const present = [...members].filter(([, now]) => now === 'join' || now === 'invite').map(([user]) => user);
  const others = present.filter((user) => user !== bot || ours === bot);
  return others.length === 2 && others.includes(person) && others.includes(ours);
}

/** The person's management room, made when there is none. */
export async function managementRoom(doors: FlowDoors, user: UserId): Promise<RoomId> {
  const person = await doors.persons.find(user);
  if (person?.managementRoom !== undefined) return person.managementRoom;
  const make = async (): Promise<RoomId> => await doors.matrix.makeManagementRoom(user, 'Passerelle');
  return await doors.persons.ensureRoom(user, doors.settings.defaultLanguage, make);
}

/** From now on this is the person's management room. */
export async function remember(doors: FlowDoors, user: UserId, room: RoomId): Promise<void> {
  const person = await doors.persons.find(user);
  if (person?.managementRoom === room) return;
  await doors.persons.setRoom(user, room, doors.settings.defaultLanguage);
}

/** This room is nobody's management room any more: the next word opens another. @returns whose it was */
export async function forgetRoom(doors: FlowDoors, room: RoomId): Promise<UserId | undefined> {
  return await doors.persons.forgetRoom(room);
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

/**
 * A typed secret leaves the room at once; where the bot has no power, the person's own double does it, else they are asked.
 * @throws BridgeError when the homeserver does not answer: the command is not run again, this is
 */
async function redact(doors: FlowDoors, entry: QueueEntry, line: Line): Promise<void> {
  const id = effectId(entry.key, 'redact');
  const double = await doors.matrix.double(line.sender);
  for (const speaker of double === undefined ? [doors.matrix.bot] : [doors.matrix.bot, double]) {
    try {
      await speaker.redact(line.room, id, line.event);
      return;
    } catch (error) {
      if (!(error instanceof BridgeError) || error.retry !== 'never') throw error;
      doors.log.debug({ error }, 'this one may not redact here');
    }
  }
  doors.log.warn({ code: 'not-redacted' }, 'a typed secret could not be redacted');
  const words = say('room.please-redact');
  await sayOnce(doors, {
    key: `redact:${line.event}`,
    room: line.room,
    reader: line.sender,
    words,
    replyTo: line.event,
  });
}
