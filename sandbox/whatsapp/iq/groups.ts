// Requests about groups (w:g2): lists, metadata, and everything one may do to a group. The deeds themselves are elsewhere.

import { createCommunity, linkGroup } from '../community-deeds.ts';
import * as deeds from '../group-deeds.ts';
import { wordsOf } from '../read-node.ts';
import type { WhatsAppServer } from '../server.ts';
import { child, children, node, type BinaryNode } from '../wire/node.ts';
import * as acts from '../world/group-acts.ts';
import type { Group } from '../world/group.ts';
import { invitationOf } from '../world/invitations.ts';
import type { Person } from '../world/person.ts';
import { Refusal } from '../../refusal.ts';
import type { World } from '../world/world.ts';
import { Unknown, type Ask } from './ask.ts';
import { changeCommunity, isAboutCommunity, lookAtCommunity } from './communities.ts';
import { groupNode } from './group-node.ts';

const MEMBER_CHANGES = new Set(['add', 'remove', 'promote', 'demote']);

function peopleOf(world: World, of: BinaryNode): { people: Person[]; strangers: string[] } {
  const people: Person[] = [];
  const strangers: string[] = [];
  for (const { attrs } of children(of, 'participant')) {
    const person = world.personAt(attrs['jid'] ?? '');
    if (person === undefined) strangers.push(attrs['jid'] ?? '');
    else people.push(person);
  }
  return { people, strangers };
}

function outcomesNode(
  tag: string,
  group: Group,
  by: Person,
  outcomes: ReadonlyMap<Person, string>,
  strangers: readonly string[],
): BinaryNode {
  return node(tag, {}, [
    ...[...outcomes].map(([person, outcome]) =>
      outcome === '403' && tag === 'add'
        ? uninvited(group, by, person)
        : node('participant', { jid: person.jid(group.addressing), error: outcome === '200' ? undefined : outcome }),
    ),
    ...strangers.map((jid) => node('participant', { jid, error: '404' })),
  ]);
}

/** Who could not be added because of their privacy, with what an invitation by message has to hold. */
function uninvited(group: Group, by: Person, person: Person): BinaryNode {
  const invite = group.invited.get(person);
  const request =
    invite?.admin === by
      ? [node('add_request', { code: invite.code, expiration: String(invite.expiration) })]
      : undefined;
  return node('participant', { jid: person.jid(group.addressing), error: '403' }, request);
}

/** To the groups as a whole. */
function all({ server, world, person, iq }: Ask): readonly BinaryNode[] | undefined {
  const asked = child(iq);
  switch (`${iq.attrs['type'] ?? ''} ${asked?.tag ?? ''}`) {
    case 'get participating': {
      const members = child(asked, 'participants') !== undefined;
      const mine = [...world.groups.values()].filter((group) => group.members.has(person));
      return [
        node(
          'groups',
          {},
          mine.map((group) => groupNode(group, { members })),
        ),
      ];
    }
    case 'get invite':
      return [groupNode(acts.groupByInvite(world, asked?.attrs['code'] ?? ''))];
    case 'set invite': {
      const { group, asked: waits } = deeds.joinByCode(server, person, asked?.attrs['code'] ?? '');
      return [node(waits ? 'membership_approval_request' : 'group', { jid: group.jid })];
    }
    case 'set create': {
      const { people, strangers } = peopleOf(world, asked ?? iq);
      const group = created(server, person, asked ?? iq, people);
      const shown = groupNode(group);
      const failed = [
        ...people.filter((one) => !group.members.has(one)).map((one) => uninvited(group, person, one)),
        ...strangers.map((jid) => node('participant', { jid, error: '404' })),
      ];
      return [{ ...shown, content: [...children(shown), ...failed] }];
    }
    case 'set leave': {
      const left = children(asked, 'group').map(({ attrs }) => {
        const group = world.groupAt(withServer(attrs['id'] ?? ''));
        if (group === undefined) throw new Refusal(404, 'item-not-found');
        deeds.leave(server, group, person);
        return node('group', { id: group.jid });
      });
      return [node('leave', {}, left)];
    }
    default:
      throw new Unknown('of groups');
  }
}

/** A group, or a community, whose announcements are made with it. */
function created(server: WhatsAppServer, by: Person, asked: BinaryNode, people: readonly Person[]): Group {
  const { subject = '', key } = asked.attrs;
  const has = (tag: string): boolean => child(asked, tag) !== undefined;
  const description = child(asked, 'description');
  const beginning = {
    key,
    announce: has('announcement'),
    locked: has('locked'),
    approval: child(child(asked, 'membership_approval_mode'), 'group_join')?.attrs['state'] === 'on',
    ephemeral: Number(child(asked, 'ephemeral')?.attrs['expiration'] ?? 0),
    ...(description === undefined
      ? {}
      : { description: { id: description.attrs['id'] ?? '', text: wordsOf(child(description, 'body')) } }),
  };
  if (has('parent')) return createCommunity(server, by, subject, people, undefined, beginning).parent;
  const parent = child(asked, 'linked_parent')?.attrs['jid'];
  const community = parent === undefined ? undefined : server.world.groupAt(parent);
  if (parent !== undefined && community?.isCommunity !== true) throw new Refusal(404, 'item-not-found');
  if (community !== undefined) acts.mustBeAdmin(community, by);
  const group = deeds.create(server, by, subject, people, undefined, beginning);
  if (community !== undefined) linkGroup(server, community, group, by);
  return group;
}

const withServer = (id: string): string => (id.includes('@') ? id : `${id}@g.us`);

function look(ask: Ask, group: Group): readonly BinaryNode[] {
  const asked = child(ask.iq);
  switch (asked?.tag) {
    case 'query': {
      const invitation = child(asked, 'add_request');
      if (invitation !== undefined) {
        invitationOf(ask.server.world, group, ask.person, invitation.attrs);
        return [groupNode(group)];
      }
      acts.mustBeIn(group, ask.person);
      return [groupNode(group)];
    }
    case 'invite':
      acts.mayInvite(group, ask.person);
      return [node('invite', { code: group.invite })];
    case 'membership_approval_requests':
      acts.mustBeAdmin(group, ask.person);
      return [
        node(
          'membership_approval_requests',
          {},
          [...group.requests.values()].map(({ person, t, method }) =>
            node('membership_approval_request', {
              jid: person.jid(group.addressing),
              request_method: method,
              request_time: String(t),
            }),
          ),
        ),
      ];
    default:
      if (asked !== undefined && isAboutCommunity(asked.tag)) return lookAtCommunity(ask, group, asked);
      throw new Unknown('of groups');
  }
}

function change({ server, world, person, iq }: Ask, group: Group): readonly BinaryNode[] | undefined {
  const asked = child(iq);
  if (asked === undefined) throw new Unknown('of groups');
  const { tag, attrs } = asked;
  if (MEMBER_CHANGES.has(tag)) {
    const { people, strangers } = peopleOf(world, asked);
    const outcomes = deeds.changeMembers(server, group, person, tag as deeds.MemberChange, people);
    return [outcomesNode(tag, group, person, outcomes, strangers)];
  }
  if (deeds.isSwitch(tag)) {
    deeds.flip(server, group, person, [tag]);
    return undefined;
  }
  switch (tag) {
    case 'subject':
      deeds.rename(server, group, person, wordsOf(asked));
      return undefined;
    case 'description': {
      const text = attrs['delete'] === 'true' ? '' : wordsOf(child(asked, 'body'));
      deeds.describe(server, group, person, attrs['id'] ?? '', text, attrs['prev'] ?? null);
      return undefined;
    }
    case 'ephemeral':
    case 'not_ephemeral':
      deeds.setEphemeral(server, group, person, tag === 'ephemeral' ? Number(attrs['expiration'] ?? 0) : 0);
      return undefined;
    case 'membership_approval_mode':
      deeds.setApproval(server, group, person, child(asked, 'group_join')?.attrs['state'] === 'on');
      return undefined;
    case 'member_add_mode':
      deeds.setAddMode(server, group, person, wordsOf(asked));
      return undefined;
    case 'invite':
      return [node('invite', { code: deeds.renewInvite(server, group, person) })];
    case 'membership_requests_action': {
      const answer = child(asked);
      if (answer === undefined || (answer.tag !== 'approve' && answer.tag !== 'reject')) throw new Unknown('of groups');
      const { people, strangers } = peopleOf(world, answer);
      const outcomes = deeds.answerRequests(server, group, person, answer.tag, people);
      return [node(tag, {}, [outcomesNode(answer.tag, group, person, outcomes, strangers)])];
    }
    case 'accept':
      deeds.joinInvited(server, group, person, attrs);
      return undefined;
    case 'links':
    case 'unlink':
      return changeCommunity(server, person, group, asked);
    default:
      throw new Unknown('of groups');
  }
}

export function groups(ask: Ask): readonly BinaryNode[] | undefined {
  const { iq, world } = ask;
  const to = iq.attrs['to'] ?? '';
  if (to === '@g.us' || to === 'g.us') return all(ask);
  const group = world.groupAt(to);
  if (group === undefined) throw new Refusal(404, 'item-not-found');
  return iq.attrs['type'] === 'set' ? change(ask, group) : look(ask, group);
}
