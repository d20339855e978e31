// What somebody does to a group and what everybody hears of it, whether it was done by a client's request or by a person's
// hand on the phone. Knows the group's rules and the notices; no requests.

import type { Addressing } from './control-types.ts';
import { participantNode, groupNode } from './iq/group-node.ts';
import { groupChanged, pictureChanged, tell } from './notices.ts';
import type { WhatsAppServer } from './server.ts';
import { node, type BinaryNode } from './wire/node.ts';
import * as acts from './world/group-acts.ts';
import type { Outcome } from './world/group-acts.ts';
import { Group } from './world/group.ts';
import { invitationOf, offer } from './world/invitations.ts';
import type { Person } from './world/person.ts';
import { jpegFrame } from '../jpeg.ts';
import { Refusal } from '../refusal.ts';

export type MemberChange = 'add' | 'remove' | 'promote' | 'demote';

/** What a group may be from its first moment on. */
export interface Beginning {
  readonly description?: { readonly id: string; readonly text: string };
  readonly announce?: boolean;
  readonly locked?: boolean;
  readonly approval?: boolean;
  readonly ephemeral?: number;
  readonly isCommunity?: boolean;
  readonly isDefault?: boolean;
  readonly parent?: string;
  /** By which its maker knows the notice of it. */
  readonly key?: string | undefined;
}

export function create(
  server: WhatsAppServer,
  by: Person,
  subject: string,
  members: readonly Person[],
  addressing: Addressing = server.options.groupAddressing,
  { description, key, ...modes }: Beginning = {},
): Group {
  const { world } = server;
  if (subject === '') throw new Refusal(406, 'not-acceptable');
  const group = Object.assign(world.addGroup(by, subject, addressing), modes);
  if (description !== undefined) group.description = { ...description, by, t: world.clock.seconds() };
  for (const person of members) {
    if (person === by) continue;
    if (acts.letsAdd(person, by)) group.members.set(person, 'member');
    else offer(server.world, group, by, person);
  }
  groupChanged(server, group, by, [node('create', { type: 'new', key }, [groupNode(group)])]);
  world.version.touch();
  return group;
}

/** A change of who is in it, with the names of what it was before and of what it is now. */
function moved(
  { world }: WhatsAppServer,
  group: Group,
  tag: string,
  people: readonly Person[],
  reason?: string,
): BinaryNode {
  const before = group.peopleVersion;
  group.peopleVersion = world.newVersion();
  return node(
    tag,
    { reason, prev_v_id: before, v_id: group.peopleVersion },
    people.map((person) => participantNode(group, person)),
  );
}

/** Whoever is in it now is told of the group, the others of them. */
export function came(
  server: WhatsAppServer,
  group: Group,
  by: Person,
  people: readonly Person[],
  reason?: string,
): void {
  const added = moved(server, group, 'add', people, reason);
  groupChanged(server, group, by, [added], { except: people });
  groupChanged(server, group, by, [node('create', { reason }, [groupNode(group)])], { only: people });
}

export function changeMembers(
  server: WhatsAppServer,
  group: Group,
  by: Person,
  change: MemberChange,
  people: readonly Person[],
): Map<Person, Outcome> {
  const outcomes = new Map<Person, Outcome>();
  for (const person of people) {
    outcomes.set(
      person,
      change === 'add'
        ? acts.add(group, by, person)
        : change === 'remove'
          ? acts.remove(group, by, person)
          : acts.setRole(group, by, person, change === 'promote' ? 'admin' : 'member'),
    );
  }
  const done = people.filter((person) => outcomes.get(person) === '200');
  if (change === 'add')
    for (const person of people) if (outcomes.get(person) === '403') offer(server.world, group, by, person);
  if (done.length > 0) {
    if (change === 'add') came(server, group, by, done);
    else groupChanged(server, group, by, [moved(server, group, change, done)], { also: done });
    server.world.version.touch();
  }
  return outcomes;
}

export function leave(server: WhatsAppServer, group: Group, person: Person): void {
  acts.leave(group, person);
  groupChanged(server, group, person, [moved(server, group, 'remove', [person])], { also: [person] });
  server.world.version.touch();
}

export function joinByCode(server: WhatsAppServer, person: Person, code: string): { group: Group; asked: boolean } {
  const group = acts.groupByInvite(server.world, code);
  const asked = acts.join(group, person, server.world.clock.seconds()) === 'asked';
  if (asked) {
    const change = node('created_membership_requests', { request_method: 'invite_link' }, [
      node('requested_user', { jid: person.jid(group.addressing) }),
    ]);
    const admins = [...group.members.keys()].filter((one) => group.isAdmin(one));
    const attrs = {
      type: 'w:gp2',
      from: group.jid,
      participant: person.jid(group.addressing),
      addressing_mode: group.addressing,
    };
    tell(server, admins, () => node('notification', attrs, [change]));
  } else {
    came(server, group, person, [person], 'invite');
  }
  server.world.version.touch();
  return { group, asked };
}

export function joinInvited(
  server: WhatsAppServer,
  group: Group,
  person: Person,
  attrs: Readonly<Record<string, string | undefined>>,
): void {
  const { admin } = invitationOf(server.world, group, person, attrs);
  if (group.members.has(person)) throw new Refusal(409, 'conflict');
  group.members.set(person, 'member');
  group.invited.delete(person);
  came(server, group, admin, [person], 'invite');
  server.world.version.touch();
}

export function answerRequests(
  server: WhatsAppServer,
  group: Group,
  by: Person,
  answer: 'approve' | 'reject',
  people: readonly Person[],
): Map<Person, Outcome> {
  acts.mustBeAdmin(group, by);
  const outcomes = new Map<Person, Outcome>();
  const let_in: Person[] = [];
  for (const person of people) {
    const asked = group.requests.delete(person);
    outcomes.set(person, asked ? '200' : '404');
    if (!asked) continue;
    if (answer === 'approve') {
      group.members.set(person, 'member');
      let_in.push(person);
    } else {
      groupChanged(server, group, by, [
        node('revoked_membership_requests', {}, [node('participant', { jid: person.jid(group.addressing) })]),
      ]);
    }
  }
  if (let_in.length > 0) came(server, group, by, let_in);
  server.world.version.touch();
  return outcomes;
}

export function rename(server: WhatsAppServer, group: Group, by: Person, subject: string): void {
  acts.rename(group, by, subject, server.world.clock.seconds());
  for (const one of [group, ...server.world.linkedTo(group).filter(({ isDefault }) => isDefault)]) {
    const { subjectBy, subjectAt } = Object.assign(one, acts.subjectOf(group));
    const attrs = { subject, s_o: subjectBy.jid(one.addressing), s_t: String(subjectAt) };
    groupChanged(server, one, by, [node('subject', attrs)]);
  }
  server.world.version.touch();
}

export function describe(
  server: WhatsAppServer,
  group: Group,
  by: Person,
  id: string,
  text: string,
  prev: string | null,
): void {
  acts.describe(group, by, id, text, prev, server.world.clock.seconds());
  const content = text === '' ? [node('delete')] : [node('body', {}, Buffer.from(text, 'utf8'))];
  groupChanged(server, group, by, [node('description', { id, prev: prev ?? undefined }, content)]);
  server.world.version.touch();
}

/** The switches, by the name of the node that sets each, with the value it sets. */
const SWITCHES: Readonly<Record<string, (group: Group) => void>> = {
  announcement: (group) => (group.announce = true),
  not_announcement: (group) => (group.announce = false),
  locked: (group) => (group.locked = true),
  unlocked: (group) => (group.locked = false),
};

export const isSwitch = (name: string): boolean => Object.hasOwn(SWITCHES, name);

/** All of them in one stanza. */
export function flip(server: WhatsAppServer, group: Group, by: Person, names: readonly string[]): void {
  acts.mustBeAdmin(group, by);
  const changes = names.map((name) => {
    SWITCHES[name]?.(group);
    if (!name.endsWith('announcement')) return node(name);
    group.announceVersion = server.world.newVersion();
    return node(name, { v_id: group.announceVersion });
  });
  groupChanged(server, group, by, changes);
  server.world.version.touch();
}

export function setEphemeral(server: WhatsAppServer, group: Group, by: Person, seconds: number): void {
  acts.mayEdit(group, by);
  group.ephemeral = seconds;
  const change = seconds > 0 ? node('ephemeral', { expiration: String(seconds), trigger: '0' }) : node('not_ephemeral');
  groupChanged(server, group, by, [change]);
  server.world.version.touch();
}

export function setApproval(server: WhatsAppServer, group: Group, by: Person, on: boolean): void {
  acts.mustBeAdmin(group, by);
  group.approval = on;
  const state = on ? 'on' : 'off';
  groupChanged(server, group, by, [node('membership_approval_mode', {}, [node('group_join', { state })])]);
  server.world.version.touch();
}

export function setAddMode(server: WhatsAppServer, group: Group, by: Person, mode: string): void {
  acts.mustBeAdmin(group, by);
  if (mode !== 'all_member_add' && mode !== 'admin_add') throw new Refusal(400, 'bad-request');
  group.addMode = mode;
  groupChanged(server, group, by, [node('member_add_mode', {}, Buffer.from(mode, 'utf8'))]);
  server.world.version.touch();
}

export function renewInvite(server: WhatsAppServer, group: Group, by: Person): string {
  acts.mayInvite(group, by);
  group.formerInvites.add(group.invite);
  group.invite = Group.newInvite();
  groupChanged(server, group, by, [node('invite', { code: group.invite })]);
  server.world.version.touch();
  return group.invite;
}

/** Null takes the picture away. Throws Refusal 406 when it is no JPEG. */
export function setPicture(
  server: WhatsAppServer,
  of: Person | Group,
  by: Person,
  bytes: Uint8Array | null,
  preview?: Uint8Array,
): void {
  if ('members' in of) {
    acts.mayEdit(of, by);
    if (of.isDefault) throw new Refusal(405, 'not-allowed');
  }
  for (const one of [bytes, preview]) {
    if (one instanceof Uint8Array && jpegFrame(one) === undefined) throw new Refusal(406, 'not-acceptable');
  }
  of.picture = bytes === null ? null : server.world.newPicture(bytes, preview);
  pictureChanged(server, of, by);
  server.world.version.touch();
}
