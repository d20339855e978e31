// What changes about a group, done in its room as whoever did it there: its words, its people, what they may do; knows no wire.
import type { MatrixDuty } from '../../model/delivery.ts';
import type { Outcome } from '../../model/entry.ts';
import type { PersonId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { Speaker, Wording } from '../../ports/matrix.ts';
import { letIn, letOut } from '../belonging.ts';
import { usersOf, type FlowDoors } from '../doors.ts';
import { isDone } from '../done.ts';
import { comesBack, showPicture } from '../pictures.ts';
import { mirrorLater } from '../tellings.ts';
import { comesAs } from '../wordings.ts';
import type { HandFor, Open } from './hand.ts';

export function groupDuty(event: Extract<NetworkEvent, { kind: 'chat' | 'membership' | 'role' }>): MatrixDuty {
  if (event.kind === 'chat') return { kind: 'chat', change: event.change };
  const { person } = event;
  return event.kind === 'role'
    ? { kind: 'role', person, role: event.role }
    : { kind: 'membership', person, now: event.now };
}

export async function changeChat({ doors, owed, duty, portal, puppet }: HandFor<'chat'>): Promise<Outcome> {
  const { name, topic, picture, announce, locked, anyoneAdds } = duty.change;
  for (const [of, text] of [
    ['name', name],
    ['topic', topic],
  ] as const) {
    if (text !== undefined) await describe({ doors, owed, portal, puppet }, { of, text });
  }
  // What somebody calls a contact stays in their own room with them.
  if (name !== undefined && name !== portal.name && portal.kind !== 'direct')
    await doors.keeper.change(portal.key, { name });
  if (picture !== undefined) {
    const back = await comesBack(doors, portal.room, picture);
    const by = async (work: (speaker: Speaker) => Promise<void>): Promise<boolean> =>
      await asAuthor(doors, portal, owed.sender, work);
    await showPicture(doors, { portal, puppet: puppet.id, id: owed.id, picture, back, by });
  }
  if (announce !== undefined || locked !== undefined || anyoneAdds !== undefined) {
    await doors.matrix.setPowers(portal.room, {
      ...(announce === undefined ? {} : { announce }),
      ...(locked === undefined ? {} : { locked }),
      ...(anyoneAdds === undefined ? {} : { anyoneAdds }),
    });
  }
  return {};
}

async function describe(
  { doors, owed, portal, puppet }: Pick<HandFor<'chat'>, 'doors' | 'owed' | 'portal' | 'puppet'>,
  said: Pick<Wording, 'of' | 'text'>,
): Promise<void> {
  const how = portal.kind === 'direct' ? 'news' : await comesAs(doors, portal.room, owed.id, said);
  // An adopted room belongs to its person, who may not let the bot name it.
  const done = await asAuthor(doors, portal, owed.sender, async (speaker) => {
    const words = { [said.of]: said.text };
    await speaker.describe(portal.room, owed.id, words, how === 'news' ? undefined : 'over-ours');
  });
  if (!done) doors.log.info({ room: portal.room, code: 'not-described' }, 'the room may not be described anew');
  if (how === 'crossing')
    await mirrorLater(doors, { cause: `crossing/${owed.id}/${said.of}`, portal, puppet: puppet.id });
}

export async function changeMembership({ doors, owed, duty, portal, puppet }: HandFor<'membership'>): Promise<Outcome> {
  const author = owed.sender === duty.person ? undefined : owed.sender;
  const move = {
    portal,
    person: duty.person,
    id: owed.id,
    by: async (work: (speaker: Speaker) => Promise<void>) => await asAuthor(doors, portal, author, work),
  };
  if (duty.now === 'in') await letIn(doors, move);
  // What was changed while they were out nobody told them.
  if (duty.now === 'in' && duty.person === puppet.self)
    await mirrorLater(doors, { cause: `back/${owed.id}`, portal, puppet: puppet.id });
  if (duty.now === 'out') await letOut(doors, { ...move, themselves: author === undefined });
  return {};
}

export async function changeRole({ doors, duty, portal }: HandFor<'role'>): Promise<Outcome> {
  if (portal.kind === 'direct') return {};
  const role = duty.role === 'member' ? 'member' : 'admin';
  const roles = new Map((await usersOf(doors, portal, duty.person)).map((user) => [user, role] as const));
  await doors.matrix.setPowers(portal.room, { roles });
  return {};
}

/** Done by whoever did it over there, where the room lets them, else by the bot. @returns false when neither may */
async function asAuthor(
  doors: FlowDoors,
  portal: Open,
  person: PersonId | undefined,
  work: (speaker: Speaker) => Promise<void>,
): Promise<boolean> {
  if (person !== undefined) {
    const author = await doors.senders.towardsMatrix(portal, person);
    if (await isDone(async () => await work(author))) return true;
  }
  return await isDone(async () => await work(doors.matrix.bot));
}
