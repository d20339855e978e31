// Commands about groups: made, changed, joined, left, by people on their phones.

import { randomBytes } from 'node:crypto';
import type { GroupInfo } from '../control-types.ts';
import { createCommunity, linkGroup } from '../community-deeds.ts';
import * as deeds from '../group-deeds.ts';
import * as ends from '../group-ends.ts';
import type { Group } from '../world/group.ts';
import { inviteOne } from '../world/invitations.ts';
import type { Person } from '../world/person.ts';
import { pictureOf, type Commands, type Desk } from './commands.ts';

function groupJson(group: Group): GroupInfo {
  return {
    id: group.jid,
    subject: group.subject,
    description: group.description?.text ?? null,
    addressing: group.addressing,
    members: Object.fromEntries([...group.members].map(([person, role]) => [person.lid, role])),
    requests: [...group.requests.keys()].map((person) => person.lid),
    announce: group.announce,
    locked: group.locked,
    anyoneAdds: group.addMode === 'all_member_add',
    approval: group.approval,
    ephemeral: group.ephemeral,
    invite: group.invite,
    pictureId: group.picture?.id ?? null,
  };
}

const outcomesJson = (outcomes: ReadonlyMap<Person, string>): Record<string, string> =>
  Object.fromEntries([...outcomes].map(([person, outcome]) => [person.lid, outcome]));

export function groupCommands({
  server,
  hands,
}: Desk): Commands<
  | 'createGroup'
  | 'createCommunity'
  | 'linkGroup'
  | 'group'
  | 'groups'
  | 'changeGroup'
  | 'members'
  | 'leaveGroup'
  | 'endGroup'
  | 'joinGroup'
  | 'inviteByMessage'
  | 'acceptInvitation'
  | 'answerRequests'
> {
  const { world } = server;
  return {
    createGroup: ({ by, subject, members, addressing }) => {
      const people = members.map((one) => hands.person(one));
      return groupJson(deeds.create(server, hands.person(by), subject, people, addressing));
    },
    createCommunity: ({ by, subject, members, addressing }) => {
      const people = members.map((one) => hands.person(one));
      const { parent, announcements } = createCommunity(server, hands.person(by), subject, people, addressing);
      return { parent: groupJson(parent), announcements: groupJson(announcements) };
    },
    linkGroup: ({ by, parent, group }) => {
      linkGroup(server, hands.group(parent), hands.group(group), hands.person(by));
      return null;
    },
    group: ({ group }) => {
      const found = world.groupAt(group);
      return found === undefined ? null : groupJson(found);
    },
    groups: ({ of }) =>
      [...world.groups.values()]
        .filter((group) => of === undefined || group.members.has(hands.person(of)))
        .map(groupJson),
    changeGroup: (to) => {
      const group = hands.group(to.group);
      const by = hands.person(to.by);
      if (to.subject !== undefined) deeds.rename(server, group, by, to.subject);
      if (to.description !== undefined) {
        const id = randomBytes(8).toString('hex').toUpperCase();
        deeds.describe(server, group, by, id, to.description, group.description?.id ?? null);
      }
      const switches = [
        ...(to.announce === undefined ? [] : [to.announce ? 'announcement' : 'not_announcement']),
        ...(to.locked === undefined ? [] : [to.locked ? 'locked' : 'unlocked']),
      ];
      if (switches.length > 0) deeds.flip(server, group, by, switches);
      if (to.anyoneAdds !== undefined)
        deeds.setAddMode(server, group, by, to.anyoneAdds ? 'all_member_add' : 'admin_add');
      if (to.approval !== undefined) deeds.setApproval(server, group, by, to.approval);
      if (to.ephemeral !== undefined) deeds.setEphemeral(server, group, by, to.ephemeral);
      if (to.picture !== undefined) deeds.setPicture(server, group, by, pictureOf(to.picture));
      if (to.addressing !== undefined) group.addressing = to.addressing;
      if (to.newInvite === true) deeds.renewInvite(server, group, by);
      if (to.suspended !== undefined) ends.suspend(server, group, to.suspended);
      if (to.linkShut !== undefined) ends.shutLink(server, group, to.linkShut);
      if (to.other !== undefined) ends.other(server, group, by, to.other);
      return groupJson(group);
    },
    members: ({ by, group, change, people }) =>
      outcomesJson(
        deeds.changeMembers(
          server,
          hands.group(group),
          hands.person(by),
          change,
          people.map((one) => hands.person(one)),
        ),
      ),
    leaveGroup: ({ by, group }) => {
      deeds.leave(server, hands.group(group), hands.person(by));
      return null;
    },
    endGroup: ({ by, group }) => {
      ends.end(server, hands.group(group), hands.person(by));
      return null;
    },
    inviteByMessage: ({ by, group, to }) => {
      const [admin, into] = [hands.person(by), hands.group(group)];
      const { code, expiration } = inviteOne(server.world, into, admin, hands.person(to));
      const groupInviteMessage = {
        groupJid: into.jid,
        inviteCode: code,
        inviteExpiration: expiration,
        groupName: into.subject,
        caption: 'Come and join us',
      };
      return { id: hands.send(hands.sim(by), to, { groupInviteMessage }, {}) };
    },
    acceptInvitation: ({ by, from, ...invitation }) => {
      const attrs = { ...invitation, expiration: String(invitation.expiration), admin: hands.person(from).jid('lid') };
      deeds.joinInvited(server, hands.group(invitation.group), hands.person(by), attrs);
      return null;
    },
    joinGroup: ({ by, code }) => {
      const { group, asked } = deeds.joinByCode(server, hands.person(by), code);
      return { group: group.jid, asked };
    },
    answerRequests: ({ by, group, answer, people }) =>
      outcomesJson(
        deeds.answerRequests(
          server,
          hands.group(group),
          hands.person(by),
          answer,
          people.map((one) => hands.person(one)),
        ),
      ),
  };
}
