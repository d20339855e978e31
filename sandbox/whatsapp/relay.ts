// A message on its way from one device to all others that it is for: who gets which ciphertext under which address, what the
// sender is told, what is refused. Reads envelopes only; the inside is Signal's.

import type { Addressing } from './control-types.ts';
import type { WhatsAppServer } from './server.ts';
import { bareJid, parseJid } from './wire/jid.ts';
import { child, children, node, type BinaryNode } from './wire/node.ts';
import type { Device } from './world/device.ts';
import type { Group } from './world/group.ts';
import type { Person } from './world/person.ts';
import { World } from './world/world.ts';

/** A restricted account writes to somebody who does not know it yet. */
const RESTRICTED = 463;
/** A group is addressed as it no longer is: the sender has to ask how it is now. */
const STALE_ADDRESSING = 421;
/** Attributes that travel with a message as its sender set them. */
const KEPT_ATTRS = ['type', 'edit', 'category', 'push_priority', 'expiration', 'device_fanout'] as const;
/** Children that travel with it, besides the ciphertext. */
const KEPT_CHILDREN = new Set(['device-identity', 'meta', 'biz', 'bot', 'unavailable', 'url_number', 'url_text']);

const other = (way: Addressing): Addressing => (way === 'lid' ? 'pn' : 'lid');

export function relayMessage(server: WhatsAppServer, from: Device, message: BinaryNode): void {
  const { world, faults } = server;
  const { id = '', to = '' } = message.attrs;
  const { lid } = from.person;
  const ack = (error?: number): void => {
    const attrs = {
      class: 'message',
      id,
      from: to,
      t: String(world.clock.seconds()),
      participant: message.attrs['participant'],
    };
    server.send(from, node('ack', { ...attrs, error: error === undefined ? undefined : String(error) }));
  };
  const failure = from.simulated ? undefined : faults.failure(lid, from.id, 'message');
  if (failure !== undefined) return ack(failure.code);

  const group = world.groupAt(to);
  const refused = to.endsWith('@broadcast')
    ? toList(server, from, message)
    : group === undefined
      ? toPerson(server, from, message)
      : toGroup(server, from, message, group);
  const loss = from.simulated ? undefined : faults.loss(lid, from.id, 'message');
  if (loss !== undefined) {
    if (loss.kill) server.kill(from);
    return;
  }
  const late = from.simulated ? 0 : faults.delayMs(lid, from.id, 'message');
  if (late > 0) setTimeout(() => ack(refused), late);
  else ack(refused);
}

/** Everything of the stanza but the ciphertext and whom it is for. */
function envelope(server: WhatsAppServer, from: Device, message: BinaryNode): Record<string, string | undefined> {
  const kept = KEPT_ATTRS.map((name) => [name, message.attrs[name]] as const);
  return {
    ...Object.fromEntries(kept),
    id: message.attrs['id'],
    t: String(server.world.clock.seconds()),
    notify: from.person.name,
  };
}

const riders = (message: BinaryNode): readonly BinaryNode[] =>
  children(message).filter(({ tag }) => KEPT_CHILDREN.has(tag));

/** Answers the code of a refusal, or nothing. */
function toPerson(server: WhatsAppServer, from: Device, message: BinaryNode): number | undefined {
  const { world } = server;
  const to = message.attrs['to'] ?? '';
  // Their own devices are written to as `recipient` when a message for somebody else is sent again.
  const chat = message.attrs['recipient'] ?? to;
  const target = world.personAt(chat);
  const sender = from.person;
  if (target === undefined) return 404;
  const known = sender === target || sender.chats.has(target.lid);
  if (sender.state === 'restricted' && !known && message.attrs['category'] !== 'peer') return RESTRICTED;
  if (!known) sender.newChats++;
  sender.chats.add(target.lid);
  target.chats.add(sender.lid);

  const way = World.wayOf(chat);
  const attrs = envelope(server, from, message);
  const deliver = (device: Device, parts: readonly BinaryNode[]): void => {
    if (device.person !== sender && device.person.blocked.has(sender.lid)) return;
    const own = device.person === sender;
    const alt = other(way);
    const about: Record<string, string | undefined> = own
      ? message.attrs['category'] === 'peer'
        ? {}
        : { recipient: bareJid(chat), [`peer_recipient_${alt}`]: target.jid(alt) }
      : { [`sender_${alt}`]: sender.jid(alt) };
    device.mailbox.add(node('message', { ...attrs, from: from.jid(way), ...about }, [...parts, ...riders(message)]));
  };

  const direct = children(message, 'enc');
  if (direct.length > 0) {
    // To one device: sent again after a retry receipt, or to one's own phone.
    const device = world.deviceAt(to);
    if (device === undefined) return 404;
    deliver(device, direct);
    return undefined;
  }
  const reached = fanOut(server, message, deliver);
  if (message.attrs['device_fanout'] !== 'false') {
    noteMissed(server, message, [...target.devices.values(), ...sender.devices.values()], from, reached);
  }
  return undefined;
}

/** A status, or a list: whoever has a share gets it, and what is for all beside it; nobody learns who else did. */
function toList(server: WhatsAppServer, from: Device, message: BinaryNode): undefined {
  const way = from.person.addressing;
  const attrs = { ...envelope(server, from, message), from: message.attrs['to'], participant: from.jid(way) };
  const direct = children(message, 'enc');
  fanOut(server, message, (device, parts) => {
    if (device.person.blocked.has(from.person.lid)) return;
    const alt = { [`participant_${other(way)}`]: from.person.jid(other(way)) };
    device.mailbox.add(node('message', { ...attrs, ...alt }, [...parts, ...direct, ...riders(message)]));
  });
}

/** Gives each device named in the list its ciphertext; answers which had one. */
function fanOut(
  server: WhatsAppServer,
  message: BinaryNode,
  deliver: (device: Device, parts: readonly BinaryNode[]) => void,
): Set<Device> {
  const reached = new Set<Device>();
  for (const to of children(child(message, 'participants'), 'to')) {
    const device = server.world.deviceAt(to.attrs['jid'] ?? '');
    // A device that has gone meanwhile: the service drops its share.
    if (device === undefined) continue;
    reached.add(device);
    deliver(device, children(to));
  }
  return reached;
}

function noteMissed(
  server: WhatsAppServer,
  message: BinaryNode,
  all: readonly Device[],
  from: Device,
  reached: ReadonlySet<Device>,
): void {
  for (const device of new Set(all)) {
    if (device === from || reached.has(device)) continue;
    server.records.missed.push({ id: message.attrs['id'] ?? '', device: device.name });
  }
}

function toGroup(server: WhatsAppServer, from: Device, message: BinaryNode, group: Group): number | undefined {
  const sender = from.person;
  if (!group.members.has(sender) || group.suspended) return 403;
  if (group.announce && !group.isAdmin(sender) && message.attrs['type'] !== 'reaction') return 403;
  const way = group.addressing;
  if ((message.attrs['addressing_mode'] ?? 'pn') !== way) return STALE_ADDRESSING;
  const alt = other(way);
  const attrs = {
    ...envelope(server, from, message),
    from: group.jid,
    participant: from.jid(way),
    [`participant_${alt}`]: sender.jid(alt),
    addressing_mode: way,
  };
  const deliver = (device: Device, parts: readonly BinaryNode[]): void => {
    device.mailbox.add(node('message', attrs, [...parts, ...riders(message)]));
  };
  const direct = children(message, 'enc');
  const only = message.attrs['participant'];
  if (only !== undefined) {
    const device = server.world.deviceAt(only);
    if (device === undefined || !group.members.has(device.person)) return 404;
    deliver(device, direct);
    return undefined;
  }
  const own = new Map<Device, readonly BinaryNode[]>();
  fanOut(server, message, (device, parts) => own.set(device, parts));
  for (const member of group.members.keys()) {
    for (const device of member.devices.values()) {
      if (device === from) continue;
      const parts = [...(own.get(device) ?? []), ...direct];
      if (parts.length > 0) deliver(device, parts);
    }
  }
  return undefined;
}

/** Everybody in the chat but the sender's device: whom a chat state or a call is for. */
export function peersOf(server: WhatsAppServer, to: string): readonly Person[] {
  const group = server.world.groupAt(to);
  if (group !== undefined) return [...group.members.keys()];
  const person = parseJid(to) === undefined ? undefined : server.world.personAt(to);
  return person === undefined ? [] : [person];
}
