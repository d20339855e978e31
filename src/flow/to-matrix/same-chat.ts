// Two direct chats that turned out to be one person's: the room goes over, or says where the conversation goes on; knows no network.
import type { Delivery } from '../../model/delivery.ts';
import { portalKeyText, type ChatId } from '../../model/ids.ts';
import type { Puppet } from '../../model/records.ts';
import { say } from '../../model/say.ts';
import type { FlowDoors } from '../doors.ts';
import { isDone } from '../done.ts';
import { sayOnce } from '../tellings.ts';

type Owed = Extract<Delivery, { to: 'matrix' }>;

/**
 * Where only the former chat has a room, this chat takes it over. Where both have one, the former stays open, so that nothing
 * written there is lost, and says where the conversation goes on.
 */
export async function joinChats(doors: FlowDoors, owed: Owed, before: ChatId, puppet: Puppet): Promise<void> {
  const from = await doors.portals.byKey({ ...owed.portal, chat: before });
  if (from?.room === undefined) return;
  const { room } = from;
  const to = await doors.keeper.know(owed.portal, puppet);
  if (to.room !== undefined) {
    const words = say('room.goes-on', { room: to.room });
    await sayOnce(doors, { key: `goes-on:${portalKeyText(from.key)}/${to.room}`, room, reader: puppet.owner, words });
    return;
  }
  await doors.keeper.detach(from.key, room);
  await doors.keeper.move(to, room, from.encrypted);
  // One person has one ghost from here on; the new one comes when it speaks.
  const former = from.person;
  if (former === undefined || former === to.person) return;
  if ((await doors.ghosts.find(owed.portal.network, former))?.registered !== true) return;
  const ghost = await doors.matrix.ghost(owed.portal.network, former);
  await isDone(async () => await ghost.leave(room));
}
