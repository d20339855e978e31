// What somebody does to a community: it is made, groups become part of it and cease to be. Knows what follows from that for
// the people in it, and the notices; no requests.

import type { Addressing } from './control-types.ts';
import { came, create, type Beginning } from './group-deeds.ts';
import { linkedNode } from './iq/group-node.ts';
import { groupChanged } from './notices.ts';
import type { WhatsAppServer } from './server.ts';
import { node } from './wire/node.ts';
import * as acts from './world/group-acts.ts';
import type { Group } from './world/group.ts';
import type { Person } from './world/person.ts';
import { Refusal } from '../refusal.ts';

/** A group that only holds others, and the one in which it tells them things. Everybody is in both. */
export function createCommunity(
  server: WhatsAppServer,
  by: Person,
  subject: string,
  members: readonly Person[],
  addressing: Addressing = 'lid',
  more: Beginning = {},
): { readonly parent: Group; readonly announcements: Group } {
  const parent = create(server, by, subject, members, addressing, { ...more, isCommunity: true });
  const beginning = { announce: true, isDefault: true, parent: parent.jid };
  const announcements = create(server, by, subject, members, addressing, beginning);
  return { parent, announcements };
}

/** A group becomes one of a community's, and its people hear of what is announced there. */
export function linkGroup(server: WhatsAppServer, parent: Group, group: Group, by: Person): void {
  acts.mustBeAdmin(parent, by);
  acts.mustBeAdmin(group, by);
  if (!parent.isCommunity || group.isCommunity) throw new Refusal(400, 'bad-request');
  if (group.parent !== null) throw new Refusal(409, 'conflict');
  group.parent = parent.jid;
  groupChanged(server, group, by, [node('link', { link_type: 'parent_group' }, [linkedNode(parent)])]);
  groupChanged(server, parent, by, [node('link', { link_type: 'sub_group' }, [linkedNode(group)])]);
  for (const one of [parent, ...server.world.linkedTo(parent).filter(({ isDefault }) => isDefault)]) {
    const fresh = [...group.members.keys()].filter((person) => !one.members.has(person));
    for (const person of fresh) one.members.set(person, 'member');
    if (fresh.length > 0) came(server, one, by, fresh, 'linked_group_join');
  }
  server.world.version.touch();
}

/** Its people stay in the community. */
export function unlinkGroup(server: WhatsAppServer, parent: Group, group: Group, by: Person): void {
  acts.mustBeAdmin(parent, by);
  if (group.parent !== parent.jid) throw new Refusal(404, 'item-not-found');
  if (group.isDefault) throw new Refusal(400, 'bad-request');
  group.parent = null;
  const why = { unlink_reason: 'unlink_group' };
  groupChanged(server, group, by, [node('unlink', { unlink_type: 'parent_group', ...why }, [linkedNode(parent)])]);
  groupChanged(server, parent, by, [node('unlink', { unlink_type: 'sub_group', ...why }, [linkedNode(group)])]);
  server.world.version.touch();
}
