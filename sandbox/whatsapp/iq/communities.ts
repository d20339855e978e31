// Requests about communities (w:g2 too): which groups are in one and who, its picture, taking groups in and out.

import { linkGroup, unlinkGroup } from '../community-deeds.ts';
import type { WhatsAppServer } from '../server.ts';
import { child, children, node, type BinaryNode } from '../wire/node.ts';
import * as acts from '../world/group-acts.ts';
import type { Group } from '../world/group.ts';
import type { Person } from '../world/person.ts';
import { Refusal } from '../../refusal.ts';
import { Unknown, type Ask } from './ask.ts';
import { linkedNode, participantNode } from './group-node.ts';
import { pictureNodes } from './profile.ts';

const QUESTIONS: Readonly<Record<string, (ask: Ask, community: Group, asked: BinaryNode) => readonly BinaryNode[]>> = {
  sub_groups: ({ world }, community) => world.linkedTo(community).map((group) => linkedNode(group)),
  linked_groups_participants: ({ world }, community) => {
    const all = [community, ...world.linkedTo(community)].flatMap((group) =>
      [...group.members.keys()].map((person) => [person, group] as const),
    );
    return [...new Map(all)].map(([person, group]) => participantNode(group, person));
  },
  // A community's is asked for in this way alone.
  pictures: ({ server }, community, asked) => {
    const wanted = child(asked, 'picture');
    if (wanted?.attrs['parent_group_jid'] !== community.jid) throw new Unknown('of pictures');
    return pictureNodes(server, community.picture, wanted) ?? [];
  },
};

export const isAboutCommunity = (tag: string): boolean => Object.hasOwn(QUESTIONS, tag);

export function lookAtCommunity(ask: Ask, community: Group, asked: BinaryNode): readonly BinaryNode[] {
  if (!community.isCommunity) throw new Refusal(400, 'bad-request');
  acts.mustBeIn(community, ask.person);
  return [node(asked.tag, {}, QUESTIONS[asked.tag]?.(ask, community, asked))];
}

/** The answer names again what was done. */
export function changeCommunity(
  server: WhatsAppServer,
  by: Person,
  community: Group,
  asked: BinaryNode,
): readonly BinaryNode[] {
  const [change, kind, named] =
    asked.tag === 'links'
      ? ([linkGroup, child(asked, 'link')?.attrs['link_type'], child(asked, 'link')] as const)
      : ([unlinkGroup, asked.attrs['unlink_type'], asked] as const);
  if (kind !== 'sub_group') throw new Unknown('of communities');
  for (const { attrs } of children(named, 'group')) {
    const group = server.world.groupAt(attrs['jid'] ?? '');
    if (group === undefined) throw new Refusal(404, 'item-not-found');
    change(server, community, group, by);
  }
  return [asked];
}
