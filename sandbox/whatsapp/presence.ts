// Who is there and who is typing: told to those who asked, and are there themselves; never kept.

import { peersOf } from './relay.ts';
import type { WhatsAppServer } from './server.ts';
import { child, node, type BinaryNode } from './wire/node.ts';
import type { Device } from './world/device.ts';
import type { Person } from './world/person.ts';
import { World } from './world/world.ts';

/** The stanza that says whether somebody is there, as `viewer` may see it. */
function presenceOf(person: Person, from: string): BinaryNode {
  const last = person.privacy.get('last') === 'none' ? 'deny' : String(Math.floor(person.lastSeen / 1000));
  return person.available
    ? node('presence', { from })
    : node('presence', { from, type: 'unavailable', last: person.lastSeen === 0 ? 'deny' : last });
}

/** As the real service does, only who is there hears of others (whatsmeow: presence.go, SubscribePresence). */
function isThere(device: Device): boolean {
  return device.simulated || device.available;
}

/** A device says that its person is there, or asks after somebody. */
export function presence(server: WhatsAppServer, from: Device, stanza: BinaryNode): void {
  const { type, to = '' } = stanza.attrs;
  const { world } = server;
  if (type === 'subscribe' || type === 'unsubscribe') {
    const person = world.personAt(to);
    const name = person?.lid ?? world.groupAt(to)?.id;
    if (name === undefined) return;
    if (type === 'unsubscribe') from.watching.delete(name);
    else from.watching.add(name);
    if (type === 'subscribe' && person !== undefined && isThere(from)) server.send(from, presenceOf(person, to));
    return;
  }
  if (type === 'available' || type === 'unavailable') {
    from.available = type === 'available';
    setAvailable(
      server,
      from.person,
      [...from.person.devices.values()].some((device) => device.available),
    );
    return;
  }
  // A name without a type only says what one is called.
  if (type !== undefined) server.records.noteUnknown(from, stanza, 'no presence of this kind');
}

export function setAvailable(server: WhatsAppServer, person: Person, available: boolean): void {
  if (person.available && !available) person.lastSeen = server.world.clock.now();
  if (person.available === available) return;
  person.available = available;
  for (const viewer of server.world.people.values()) {
    for (const device of viewer.devices.values()) {
      if (!device.watching.has(person.lid) || !isThere(device)) continue;
      server.send(device, presenceOf(person, person.jid(viewer.addressing)));
    }
  }
  server.world.version.touch();
}

/** Somebody types, or stops. As the real service does, only who is there hears of it. */
export function chatState(server: WhatsAppServer, from: Device, stanza: BinaryNode): void {
  const to = stanza.attrs['to'] ?? '';
  const state = child(stanza);
  if (state === undefined || (state.tag !== 'composing' && state.tag !== 'paused')) {
    server.records.noteUnknown(from, stanza, 'no chat state of this kind');
    return;
  }
  const group = server.world.groupAt(to);
  if (group !== undefined && !group.members.has(from.person)) return;
  for (const person of peersOf(server, to)) {
    if (person === from.person || person.blocked.has(from.person.lid)) continue;
    const attrs =
      group === undefined
        ? { from: from.person.jid(World.wayOf(to)) }
        : { from: group.jid, participant: from.person.jid(group.addressing) };
    for (const device of person.devices.values()) {
      if (!isThere(device)) continue;
      server.send(device, node('chatstate', attrs, [state]));
    }
  }
}
