// Who belongs to a group, as its room shows it: ghosts and people who come and go; knows neither who asked for it nor why.
import type { EffectId, PersonId, UserId } from '../model/ids.ts';
import type { Membership } from '../model/matrix-event.ts';
import type { Portal, Puppet } from '../model/records.ts';
import { say } from '../model/say.ts';
import type { Speaker } from '../ports/matrix.ts';
import { mayHaveIt, titleOf, usersOf, type FlowDoors } from './doors.ts';
import { isDone } from './done.ts';
import { handOver, successor } from './reading.ts';
import { sayOnce } from './tellings.ts';

export interface Move {
  readonly portal: Portal & { readonly room: NonNullable<Portal['room']> };
  readonly person: PersonId;
  readonly id: EffectId;
  /** As whoever did it, else as the bot. @returns false when neither may */
  readonly by: (work: (speaker: Speaker) => Promise<void>) => Promise<boolean>;
  /** How the room is, for whoever looked already. */
  readonly members?: ReadonlyMap<UserId, Membership>;
  /** In however full a room: others come there when they first speak, since every one is an account and several requests. */
  readonly surely?: boolean;
}

/** A person is in the group: whoever is logged in with that account is brought into the room if the rules let them, else their ghost. */
export async function letIn(doors: FlowDoors, { portal, person, id, by, members, surely }: Move): Promise<void> {
  const owners = await doors.senders.ownersOf(portal, person);
  for (const own of owners) {
    if (!(await mayHaveIt(doors, portal, own))) continue;
    // Whom the room has banned stays out; nothing that is said there depends on it.
    await isDone(async () => await doors.keeper.bringIn(portal, own.owner));
  }
  if (owners.length > 0) return;
  const present = members ?? (await doors.matrix.members(portal.room));
  const user = doors.matrix.ghostUser(portal.key.network, person);
  const now = present.get(user);
  if (now === 'join' || (now !== 'invite' && surely !== true && joined(present) >= doors.settings.shownMembers)) return;
  // Networks know no bans: whoever was let in again is no longer banned.
  if (now === 'ban') await isDone(async () => await doors.matrix.bot.kick(portal.room, user, undefined, id));
  const ghost = await doors.senders.ghost(portal.key.network, person, portal.reader);
  if (now !== 'invite') await by(async (speaker) => await speaker.invite(portal.room, user, false, id));
  await isDone(async () => await ghost.join(portal.room));
}

/** A person is no longer in the group. One that was never shown has nothing to leave. */
export async function letOut(doors: FlowDoors, move: Move & { readonly themselves: boolean }): Promise<void> {
  const { portal, person, id, by, members, themselves } = move;
  for (const own of await doors.senders.ownersOf(portal, person)) await ownOut(doors, move, own);
  const users = await usersOf(doors, portal, person);
  await doors.matrix.setPowers(portal.room, { roles: new Map(users.map((user) => [user, 'member'])) });
  const user = doors.matrix.ghostUser(portal.key.network, person);
  const now = (members ?? (await doors.matrix.members(portal.room))).get(user);
  if (now !== 'join' && now !== 'invite') return;
  const ghost = await doors.matrix.ghost(portal.key.network, person);
  const left = themselves || !(await by(async (speaker) => await speaker.kick(portal.room, user, undefined, id)));
  if (left) await isDone(async () => await ghost.leave(portal.room));
}

/**
 * The account of somebody here is out: whoever else is in the group reads on, without them in the room; where nobody is left,
 * the room stays theirs.
 */
async function ownOut(doors: FlowDoors, { portal, id, by, members }: Move, own: Puppet): Promise<void> {
  const next = await successor(doors, portal, own);
  if (next === undefined) {
    const words = say('group.left-there', { network: titleOf(doors, portal.key.network) });
    await sayOnce(doors, { key: `left-there:${id}/${own.id}`, room: portal.room, reader: own.owner, words });
    return;
  }
  if (portal.reader === own.id) await handOver(doors, id, portal, next.id);
  const others = await doors.puppets.ofOwner(own.owner);
  const still = others.some(({ id: other, network }) => network === portal.key.network && other === next.id);
  const now = (members ?? (await doors.matrix.members(portal.room))).get(own.owner);
  if (still) return;
  await doors.keeper.takeOut(portal, own.owner);
  if (now === 'join' || now === 'invite')
    await by(async (speaker) => await speaker.kick(portal.room, own.owner, undefined, id));
}

function joined(members: ReadonlyMap<UserId, Membership>): number {
  return [...members.values()].filter((now) => now === 'join' || now === 'invite').length;
}
