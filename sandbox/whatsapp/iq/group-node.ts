// A group as a node, the way queries and notifications show it.

import { node, type BinaryNode } from '../wire/node.ts';
import type { Group } from '../world/group.ts';
import type { Person } from '../world/person.ts';

/** One member: the address of the group's way, and the other one beside it. */
export function participantNode(
  group: Group,
  person: Person,
  more: Readonly<Record<string, string | undefined>> = {},
): BinaryNode {
  const role = group.members.get(person);
  return node('participant', {
    jid: person.jid(group.addressing),
    [group.addressing === 'lid' ? 'phone_number' : 'lid']: person.jid(group.addressing === 'lid' ? 'pn' : 'lid'),
    type: role === 'admin' || role === 'superadmin' ? role : undefined,
    ...more,
  });
}

export function groupNode(group: Group, { members = true }: { readonly members?: boolean } = {}): BinaryNode {
  const way = group.addressing;
  const other = way === 'lid' ? 'pn' : 'lid';
  const { description } = group;
  return node(
    'group',
    {
      id: group.id,
      addressing_mode: way,
      creator: group.creator.jid(way),
      [`creator_${other}`]: group.creator.jid(other),
      creation: String(group.creation),
      subject: group.subject,
      s_o: group.subjectBy.jid(way),
      [`s_o_${other}`]: group.subjectBy.jid(other),
      s_t: String(group.subjectAt),
      size: String(group.members.size),
      p_v_id: group.peopleVersion,
      a_v_id: group.announceVersion,
    },
    [
      ...(members ? [...group.members.keys()].map((person) => participantNode(group, person)) : []),
      ...(description === null
        ? []
        : [
            node(
              'description',
              {
                id: description.id,
                t: String(description.t),
                participant: description.by.jid(way),
                [`participant_${other}`]: description.by.jid(other),
              },
              [node('body', {}, Buffer.from(description.text, 'utf8'))],
            ),
          ]),
      ...(group.announce ? [node('announcement')] : []),
      ...(group.locked ? [node('locked')] : []),
      ...(group.suspended ? [node('suspended')] : []),
      ...(group.linkShut === null ? [] : [node('growth_locked', { type: 'invite', expiration: group.linkShut })]),
      ...(group.approval ? [node('membership_approval_mode', {}, [node('group_join', { state: 'on' })])] : []),
      ...(group.ephemeral > 0 ? [node('ephemeral', { expiration: String(group.ephemeral) })] : []),
      ...(group.isCommunity ? [node('parent', { default_membership_approval_mode: 'request_required' })] : []),
      ...(group.isDefault ? [node('default_sub_group')] : []),
      ...(group.parent === null ? [] : [node('linked_parent', { jid: group.parent })]),
      node('member_add_mode', {}, Buffer.from(group.addMode, 'utf8')),
    ],
  );
}

/** One of a community's, as it is named to whoever may not be in it. */
export function linkedNode(group: Group): BinaryNode {
  const attrs = { jid: group.jid, id: group.id, subject: group.subject, s_t: String(group.subjectAt) };
  const more = { creation: String(group.creation), size: String(group.members.size) };
  return node('group', { ...attrs, ...more }, group.isDefault ? [node('default_sub_group')] : undefined);
}
