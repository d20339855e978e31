// Calls as far as a messenger without a voice needs them: offered, ended, refused. Passed on to the devices they are for.

import type { WhatsAppServer } from './server.ts';
import { child, node, type BinaryNode } from './wire/node.ts';
import type { Device } from './world/device.ts';
import { World } from './world/world.ts';

const KNOWN = new Set(['offer', 'terminate', 'reject', 'accept', 'preaccept', 'transport', 'relaylatency']);

export function call(server: WhatsAppServer, from: Device, stanza: BinaryNode): void {
  const { to = '', id } = stanza.attrs;
  const what = child(stanza);
  const target = server.world.personAt(to);
  if (what === undefined || !KNOWN.has(what.tag)) server.records.noteUnknown(from, stanza, 'no call of this kind');
  else if (target !== undefined && !target.blocked.has(from.person.lid)) {
    const attrs = {
      from: from.jid(World.wayOf(to)),
      id: server.world.stanzaId(),
      t: String(server.world.clock.seconds()),
      notify: from.person.name,
    };
    for (const device of target.devices.values()) device.mailbox.add(node('call', attrs, [what]));
  }
  if (id !== undefined) server.send(from, node('ack', { class: 'call', id, from: to, type: what?.tag }));
}
