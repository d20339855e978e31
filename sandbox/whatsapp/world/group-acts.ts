// What people do to a group, with the service's rules: who may, what changes. Answers what happened; tells nobody.

import type { GroupRole } from '../control-types.ts';
import type { Group } from './group.ts';
import type { Person } from './person.ts';
import { Refusal } from '../../refusal.ts';
import type { World } from './world.ts';

const MAX_SUBJECT = 100;
const MAX_DESCRIPTION = 2_048;

export function mustBeIn(group: Group, person: Person): void {
  if (!group.members.has(person)) throw new Refusal(403, 'forbidden');
}

export function mustBeAdmin(group: Group, person: Person): void {
  mustBeIn(group, person);
  if (!group.isAdmin(person)) throw new Refusal(403, 'forbidden');
}

/** Whoever is in a group and may not see or make its link is told so in another way than whoever is not in it. */
export function mayInvite(group: Group, person: Person): void {
  mustBeIn(group, person);
  if (!group.isAdmin(person)) throw new Refusal(401, 'not-authorized');
}

/** Subject, description, picture: everybody's, unless the group is locked. */
export function mayEdit(group: Group, person: Person): void {
  if (group.locked) mustBeAdmin(group, person);
  else mustBeIn(group, person);
}

/** Whether this one lets that one bring them into groups. */
export function letsAdd(person: Person, by: Person): boolean {
  return !person.blocked.has(by.lid) && person.privacy.get('groupadd') !== 'none';
}

/** `200`, or why this one was not changed: `403` (their privacy), `404`, `409` (is a member), `406` (must ask). */
export type Outcome = '200' | '403' | '404' | '409' | '406';

export function add(group: Group, by: Person, person: Person): Outcome {
  if (group.addMode === 'admin_add') mustBeAdmin(group, by);
  else mustBeIn(group, by);
  if (group.members.has(person)) return '409';
  if (!letsAdd(person, by)) return '403';
  group.members.set(person, 'member');
  group.requests.delete(person);
  return '200';
}

export function remove(group: Group, by: Person, person: Person): Outcome {
  mustBeAdmin(group, by);
  if (!group.members.has(person)) return '404';
  if (group.members.get(person) === 'superadmin') return '403';
  group.members.delete(person);
  return '200';
}

export function setRole(group: Group, by: Person, person: Person, role: GroupRole): Outcome {
  mustBeAdmin(group, by);
  const now = group.members.get(person);
  if (now === undefined) return '404';
  if (now === 'superadmin') return '403';
  group.members.set(person, role);
  return '200';
}

export function leave(group: Group, person: Person): void {
  mustBeIn(group, person);
  const role = group.members.get(person);
  group.members.delete(person);
  // A group is never left without somebody who may change it.
  if (role !== 'member' && ![...group.members.keys()].some((one) => group.isAdmin(one))) {
    const [heir] = group.members.keys();
    if (heir !== undefined) group.members.set(heir, 'admin');
  }
}

/** By link. `asked`: an admin has to agree first. */
export function join(group: Group, person: Person, t: number): 'joined' | 'asked' {
  if (group.members.has(person)) throw new Refusal(409, 'conflict');
  if (group.approval) {
    group.requests.set(person, { person, t, method: 'invite_link' });
    return 'asked';
  }
  group.members.set(person, 'member');
  return 'joined';
}

export function rename(group: Group, by: Person, subject: string, t: number): void {
  mayEdit(group, by);
  // Named by its community.
  if (group.isDefault) throw new Refusal(405, 'not-allowed');
  if (subject === '' || [...subject].length > MAX_SUBJECT) throw new Refusal(406, 'not-acceptable');
  group.subject = subject;
  group.subjectBy = by;
  group.subjectAt = t;
}

/** What it is called, by whom and since when. */
export function subjectOf({
  subject,
  subjectBy,
  subjectAt,
}: Group): Pick<Group, 'subject' | 'subjectBy' | 'subjectAt'> {
  return { subject, subjectBy, subjectAt };
}

/** `prev` must be the id of the description that is there. Empty: none any more. */
export function describe(group: Group, by: Person, id: string, text: string, prev: string | null, t: number): void {
  mayEdit(group, by);
  if ((group.description?.id ?? null) !== prev) throw new Refusal(409, 'conflict');
  if (text.length > MAX_DESCRIPTION) throw new Refusal(406, 'not-acceptable');
  group.description = text === '' ? null : { id, text, by, t };
}

export function groupByInvite(world: World, code: string): Group {
  for (const group of world.groups.values()) {
    if (group.invite === code) return group;
    if (group.formerInvites.has(code)) throw new Refusal(410, 'gone');
  }
  throw new Refusal(406, 'not-acceptable');
}
