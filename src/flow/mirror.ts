// Makes a group's room look as its network says the group is: when the room is new, and when something done here was refused there.
import { effectId } from '../model/effect.ts';
import type { BridgeAct, QueueEntry } from '../model/entry.ts';
import type { PersonId, PuppetId, UserId } from '../model/ids.ts';
import type { ChatSnapshot } from '../model/chat.ts';
import type { Portal } from '../model/records.ts';
import { letIn, letOut } from './belonging.ts';
import { describedNow } from './described.ts';
import { mayBridge, usersOf, type FlowDoors, type Plan } from './doors.ts';
import { isDone } from './done.ts';
import { showPicture } from './pictures.ts';
import { isLeaving } from './wordings.ts';

type Mirror = Extract<BridgeAct, { kind: 'mirror' }>;
type Open = Portal & { readonly room: NonNullable<Portal['room']> };

/** What comes into the lane meanwhile waits as long. */
const LATER: Plan = { do: 'wait', ms: 5_000, code: 'not-described', beside: true };

/** Again after a crash: it writes only what is not so already. */
export async function mirror(doors: FlowDoors, entry: QueueEntry, act: Mirror): Promise<Plan> {
  const portal = await doors.portals.byKey(act.portal);
  const puppet = await doors.puppets.find(act.puppet);
  if (portal?.room === undefined || portal.kind === 'direct' || puppet === undefined) return none('no-group');
  if ((await mayBridge(doors, puppet, portal.facts)).effect === 'deny') return none('denied');
  if (act.only !== 'people' && (await isLeaving(doors, portal.room))) return LATER;
  const described = await describedNow(doors, entry, puppet, portal.key.chat, LATER);
  if ('plan' in described) return described.plan;
  const { chat } = described;
  const open = { ...portal, room: portal.room };
  if (act.only !== 'people') await sayHow(doors, entry, open, chat, act.puppet);
  await showWho(doors, entry, open, chat, act.back ?? []);
  return none('mirrored');
}

async function sayHow(
  doors: FlowDoors,
  entry: QueueEntry,
  portal: Open,
  chat: ChatSnapshot,
  puppet: PuppetId,
): Promise<void> {
  const { name, topic = '', picture, announce = false, locked = false, anyoneAdds = false, members = [] } = chat;
  const words = { ...(name === undefined ? {} : { name }), topic };
  await isDone(async () => await doors.matrix.bot.describe(portal.room, effectId(entry.key, 'words'), words));
  if (picture !== undefined) {
    const { bot } = doors.matrix;
    await showPicture(doors, {
      portal,
      puppet,
      id: effectId(entry.key, 'picture'),
      picture,
      by: async (work) => await isDone(async () => await work(bot)),
    });
  }
  if (name !== undefined && name !== portal.name) await doors.keeper.change(portal.key, { name });
  const roles = new Map<UserId, 'member' | 'admin'>();
  for (const { person, role } of members) {
    for (const user of await usersOf(doors, portal, person)) {
      if (role !== 'member') roles.set(user, 'admin');
    }
  }
  await doors.matrix.setPowers(portal.room, { roles, only: true, announce, locked, anyoneAdds });
}

async function showWho(
  doors: FlowDoors,
  entry: QueueEntry,
  portal: Open,
  chat: ChatSnapshot,
  back: readonly PersonId[],
): Promise<void> {
  const { members = [] } = chat;
  const { network } = portal.key;
  const present = await doors.matrix.members(portal.room);
  const belong = new Set(members.map(({ person }) => doors.matrix.ghostUser(network, person)));
  const by = async (work: (speaker: FlowDoors['matrix']['bot']) => Promise<void>): Promise<boolean> =>
    await isDone(async () => await work(doors.matrix.bot));
  for (const [user, now] of present) {
    if (!doors.matrix.isOurs(user) || user === doors.matrix.bot.user || belong.has(user)) continue;
    const ghost = now === 'join' || now === 'invite' ? await doors.ghosts.byUser(user) : undefined;
    if (ghost === undefined) continue;
    const id = effectId(entry.key, `out-${ghost.person}`);
    await letOut(doors, { portal, person: ghost.person, id, by, members: present, themselves: true });
  }
  for (const { person } of members) {
    const own = (await doors.senders.ownersOf(portal, person)).length > 0;
    if (!own && members.length > doors.settings.shownMembers && !back.includes(person)) continue;
    const id = effectId(entry.key, `in-${person}`);
    await letIn(doors, { portal, person, id, by, members: present, surely: back.includes(person) });
  }
}

function none(code: string): Plan {
  return { do: 'nothing', code };
}
