// What the service itself does to a group (it suspends it, shuts its link), its end, and changes of kinds that come one day: what
// everybody hears of it. Knows the notices; no requests.

import { groupChanged } from './notices.ts';
import type { WhatsAppServer } from './server.ts';
import { node } from './wire/node.ts';
import * as acts from './world/group-acts.ts';
import type { Group } from './world/group.ts';
import type { Person } from './world/person.ts';

/** Seconds for which a link stays shut. */
const SHUT = 86_400;

export function suspend(server: WhatsAppServer, group: Group, on: boolean): void {
  group.suspended = on;
  groupChanged(server, group, null, [node(on ? 'suspended' : 'unsuspended')]);
  server.world.version.touch();
}

/** Too many came in by the link. */
export function shutLink(server: WhatsAppServer, group: Group, on: boolean): void {
  const expiration = String(server.world.clock.seconds() + SHUT);
  group.linkShut = on ? expiration : null;
  groupChanged(server, group, null, [
    on ? node('growth_locked', { type: 'invite', expiration }) : node('growth_unlocked'),
  ]);
  server.world.version.touch();
}

/** It is no more, with everybody in it. */
export function end(server: WhatsAppServer, group: Group, by: Person): void {
  acts.mustBeAdmin(group, by);
  groupChanged(server, group, by, [node('delete')]);
  server.world.groups.delete(group.id);
  server.world.version.touch();
}

/** Changes of whatever kinds, all in one stanza. */
export function other(server: WhatsAppServer, group: Group, by: Person, tags: readonly string[]): void {
  groupChanged(
    server,
    group,
    by,
    tags.map((tag) => node(tag)),
  );
  server.world.version.touch();
}
