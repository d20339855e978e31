// Rooms that change under a conversation: encryption switched on, an encrypted message, an upgrade; each decided here (docs/rooms.md).
import type { QueueEntry } from '../model/entry.ts';
import type { MatrixEvent } from '../model/matrix-event.ts';
import type { Portal } from '../model/records.ts';
import { say } from '../model/say.ts';
import type { FlowDoors, Plan } from './doors.ts';
import { forgetRoom, isPrivate, lookAt, managementRoom } from './management.ts';
import { isDone } from './done.ts';
import { nextLook } from './looks.ts';
import { detachPortal, followUpgrade, sayForced } from './rooms.ts';
import { sayOnce } from './tellings.ts';
import { refusal } from './to-network/report.ts';

type RoomChange = Extract<MatrixEvent, { kind: 'encryption-on' | 'encrypted' | 'tombstone' }>;

export async function handleRoomChange(
  doors: FlowDoors,
  entry: QueueEntry,
  event: RoomChange,
  portal: Portal | undefined,
): Promise<Plan> {
  switch (event.kind) {
    case 'encrypted':
      return portal === undefined
        ? await encryptedOutsidePortal(doors, event)
        : refusal(entry, event, say('portal.cannot-decrypt'));
    case 'encryption-on':
      if (portal === undefined) return await managementEncrypted(doors, event);
      await doors.keeper.change(portal.key, { encrypted: true });
      await sayForced(doors, { ...portal, room: event.room }, event.sender);
      return none('encryption-on');
    case 'tombstone':
      return await replaced(doors, entry, event, portal);
  }
}

/** Said once per room: an encrypted room with the bot is answered in clear, and a readable room is opened. */
async function encryptedOutsidePortal(doors: FlowDoors, event: RoomChange): Promise<Plan> {
  const look = await lookAt(doors, event.room);
  if (look === undefined || !isPrivate(look.members, event.sender, doors.matrix.bot.user)) {
    return none('encrypted-elsewhere');
  }
  const person = await doors.persons.find(event.sender);
  if (person?.managementRoom === event.room) await forgetRoom(doors, event.room);
  const room = await managementRoom(doors, event.sender);
  const told = { room: event.room, reader: event.sender, words: say('room.encrypted-invite') };
  await sayOnce(doors, { key: `encrypted:${event.room}`, ...told });
  await sayOnce(doors, { key: `greeting:${room}`, room, reader: event.sender, words: say('room.management') });
  return none('encrypted-outside');
}

async function managementEncrypted(doors: FlowDoors, event: RoomChange): Promise<Plan> {
  const whose = await doors.persons.byManagementRoom(event.room);
  return whose === undefined ? none('encryption-elsewhere') : await encryptedOutsidePortal(doors, event);
}

/** Clients replace a room first and invite whoever was in it then; so long they are waited for, and looked for so often, in ms. */
const INVITED_MS = 60_000;
const LOOKS_MS = [200, 5_000] as const;

/** The conversation follows into the new room if the bot gets in and that room names this one; else the next message opens one. */
async function replaced(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Extract<RoomChange, { kind: 'tombstone' }>,
  portal: Portal | undefined,
): Promise<Plan> {
  if (portal === undefined) {
    await forgetRoom(doors, event.room);
    return none('tombstone-elsewhere');
  }
  const { replacement } = event;
  if (replacement !== undefined) {
    if (await isDone(async () => await doors.matrix.bot.join(replacement))) {
      const look = await lookAt(doors, replacement);
      if (look !== undefined && (await followUpgrade(doors, replacement, look))) return none('upgraded');
    } else if (doors.clock.now() < entry.receivedAt + INVITED_MS) {
      return { do: 'wait', ms: nextLook(doors, entry.receivedAt, LOOKS_MS), code: 'upgrading' };
    }
  }
  await detachPortal(doors, portal, entry.key);
  return none('detached');
}

function none(code: string): Plan {
  return { do: 'nothing', code };
}
