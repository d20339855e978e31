// Invitations into a group that somebody gets by a message: what it holds, for whom it counts and until when. Tells nobody.

import { Refusal } from '../../refusal.ts';
import * as acts from './group-acts.ts';
import { Group, type PersonalInvite } from './group.ts';
import type { Person } from './person.ts';
import type { World } from './world.ts';

/** How long one counts, in s. */
const INVITE_S = 3 * 86_400;

/** Whoever is invited by a message has what it holds, and until when. */
export function inviteOne(world: World, group: Group, admin: Person, person: Person): PersonalInvite {
  acts.mayInvite(group, admin);
  return invited(world, group, admin, person);
}

/** Who may add people, and is not let by this one, may send them an invitation instead; who is blocked may not even that. */
export function offer(world: World, group: Group, by: Person, person: Person): void {
  if (!person.blocked.has(by.lid)) invited(world, group, by, person);
}

function invited({ clock }: World, group: Group, admin: Person, person: Person): PersonalInvite {
  const invite = { code: Group.newInvite().slice(0, 16), expiration: clock.seconds() + INVITE_S, admin };
  group.invited.set(person, invite);
  return invite;
}

/** What somebody holds who was invited by a message. */
export function invitationOf(
  world: World,
  group: Group,
  person: Person,
  { code, admin, expiration }: Readonly<Record<string, string | undefined>>,
): PersonalInvite {
  const invite = group.invited.get(person);
  const isIt = invite?.code === code && world.personAt(admin ?? '') === invite?.admin;
  if (invite === undefined || !isIt || String(invite.expiration) !== expiration)
    throw new Refusal(406, 'not-acceptable');
  if (invite.expiration < world.clock.seconds()) throw new Refusal(410, 'gone');
  return invite;
}
