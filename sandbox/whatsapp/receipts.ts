// Receipts on their way: which stanza they settle in the sender's mailbox, and who hears that a message was delivered, read,
// or could not be read. Reads no message.

import type { WhatsAppServer } from './server.ts';
import { bareJid } from './wire/jid.ts';
import { children, node, type BinaryNode } from './wire/node.ts';
import type { Device } from './world/device.ts';
import { World } from './world/world.ts';

/** Only one's own other devices hear of these. */
const OWN = new Set(['read-self', 'played-self']);
/** One's own other devices hear of these too. */
const SEEN = new Set(['read', 'played']);
/** Confirmations of what the phone sent to its own companion. */
const PEER = new Set(['peer_msg', 'hist_sync', 'server-error', 'sender']);

const KNOWN = new Set(['', 'inactive', 'retry', 'enc_rekey_retry', ...OWN, ...SEEN, ...PEER]);

export function relayReceipt(server: WhatsAppServer, from: Device, receipt: BinaryNode): void {
  const { attrs } = receipt;
  const { id = '', to = '', type = '' } = attrs;
  const ids = [id, ...children(children(receipt, 'list')[0], 'item').map((item) => item.attrs['id'] ?? '')];
  const { lid } = from.person;
  if (!KNOWN.has(type)) server.records.noteUnknown(from, receipt, 'no receipts of this kind');
  // A device that asks for a message again nacks it besides; until then it is still waiting for it.
  if (type !== 'retry' && type !== 'enc_rekey_retry') for (const one of ids) from.mailbox.settle('message', one, attrs);

  const failure = from.simulated ? undefined : server.faults.failure(lid, from.id, 'receipt');
  const loss = from.simulated ? undefined : server.faults.loss(lid, from.id, 'receipt');
  if (failure === undefined) pass(server, from, receipt);
  if (loss?.kill === true) server.kill(from);
  if (loss !== undefined) return;
  const error = failure === undefined ? undefined : String(failure.code);
  server.send(
    from,
    node('ack', {
      class: 'receipt',
      id,
      from: to === '' ? undefined : to,
      type: type === '' ? undefined : type,
      error,
    }),
  );
}

function pass(server: WhatsAppServer, from: Device, receipt: BinaryNode): void {
  const { world } = server;
  const { to = '', type = '', participant, recipient, id = '' } = receipt.attrs;
  const t = receipt.attrs['t'] ?? String(world.clock.seconds());
  const base = { id, t, type: type === '' ? undefined : type };
  const content = receipt.content;
  const put = (device: Device, about: Record<string, string | undefined>): void => {
    device.mailbox.add(node('receipt', { ...base, ...about }, content));
  };
  const siblings = [...from.person.devices.values()].filter((device) => device !== from);
  const group = world.groupAt(to);
  const way = group?.addressing ?? World.wayOf(to === '' ? (recipient ?? '') : to);

  if (type === 'retry' || type === 'enc_rekey_retry') {
    const author = world.deviceAt(group === undefined ? to : (participant ?? ''));
    if (author === undefined) return;
    if (group !== undefined) put(author, { from: group.jid, participant: from.jid(way) });
    else put(author, { from: from.jid(way), recipient });
    return;
  }
  if (PEER.has(type)) {
    const author =
      to === '' || group !== undefined ? from.person.phoneDevice : (world.deviceAt(to) ?? from.person.phoneDevice);
    if (author.person === from.person && author !== from) put(author, { from: from.jid(way), recipient });
    return;
  }
  if (OWN.has(type) || SEEN.has(type)) {
    for (const device of siblings) {
      if (group === undefined) put(device, { from: from.jid(way), recipient: bareJid(to) });
      else put(device, { from: group.jid, participant: from.jid(way), recipient: participant });
    }
    if (OWN.has(type)) return;
  }
  const author = world.personAt(group === undefined ? to : (participant ?? ''));
  if (author === undefined || author === from.person) return;
  for (const device of author.devices.values()) {
    if (group === undefined) put(device, { from: from.jid(way) });
    else put(device, { from: group.jid, participant: from.jid(way) });
  }
}
