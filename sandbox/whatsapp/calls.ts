// Calls as far as a messenger without a voice needs them: offered, ended, taken, refused. Passed on to the devices they are for: a
// call of two as it is offered, one in a group as a notice to everybody in it. Whoever takes or refuses one does so for all their devices.

import type { WhatsAppServer } from './server.ts';
import { child, node, type BinaryNode } from './wire/node.ts';
import { peersOf } from './relay.ts';
import type { Device } from './world/device.ts';
import { World } from './world/world.ts';

const KNOWN = new Set(['offer', 'terminate', 'reject', 'accept', 'preaccept', 'transport', 'relaylatency']);
const ELSEWHERE: Readonly<Record<string, string>> = { accept: 'accepted_elsewhere', reject: 'rejected_elsewhere' };

export function call(server: WhatsAppServer, from: Device, stanza: BinaryNode): void {
  const { to = '', id } = stanza.attrs;
  const what = child(stanza);
  if (what === undefined || !KNOWN.has(what.tag)) server.records.noteUnknown(from, stanza, 'no call of this kind');
  else {
    const isGroup = server.world.groupAt(to) !== undefined;
    const told = isGroup && what.tag === 'offer' ? noticeOf(what) : what;
    for (const peer of peersOf(server, to)) {
      if (peer === from.person || peer.blocked.has(from.person.lid)) continue;
      tell(server, from, peer.devices.values(), World.wayOf(isGroup ? from.jid(from.person.addressing) : to), told);
    }
    endElsewhere(server, from, to, what);
  }
  if (id !== undefined) server.send(from, node('ack', { class: 'call', id, from: to, type: what?.tag }));
}

function tell(
  server: WhatsAppServer,
  from: Device,
  devices: Iterable<Device>,
  way: Parameters<Device['jid']>[0],
  what: BinaryNode,
): void {
  const attrs = {
    from: from.jid(way),
    id: server.world.stanzaId(),
    t: String(server.world.clock.seconds()),
    notify: from.person.name,
  };
  for (const device of devices) device.mailbox.add(node('call', attrs, [what]));
}

/** Of a call in a group its people get no sound, but word of it. */
function noticeOf(offer: BinaryNode): BinaryNode {
  return node('offer_notice', {
    ...offer.attrs,
    media: child(offer, 'video') === undefined ? 'audio' : 'video',
    type: 'group',
  });
}

/** It stops ringing on whoever's other devices: for them it ends, by the caller's word. */
function endElsewhere(server: WhatsAppServer, from: Device, to: string, { tag, attrs }: BinaryNode): void {
  const reason = ELSEWHERE[tag];
  const caller = server.world.personAt(to);
  const phone = caller?.devices.values().next().value;
  if (reason === undefined || phone === undefined) return;
  const others = [...from.person.devices.values()].filter((device) => device !== from);
  tell(server, phone, others, World.wayOf(to), node('terminate', { ...attrs, reason }));
}
