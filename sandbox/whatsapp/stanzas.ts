// Stanzas from devices that are logged in, by their names: who deals with each.

import { call } from './calls.ts';
import { answer, isResult } from './iq/dispatch.ts';
import { chatState, presence } from './presence.ts';
import { relayReceipt } from './receipts.ts';
import { relayMessage } from './relay.ts';
import type { WhatsAppServer } from './server.ts';
import { child, type BinaryNode } from './wire/node.ts';
import type { Device } from './world/device.ts';

type Taker = (server: WhatsAppServer, device: Device, stanza: BinaryNode) => void;

const TAKERS: Readonly<Record<string, Taker>> = {
  iq: (server, device, stanza) => {
    if (!isResult(stanza)) answer(server, device, stanza);
  },
  message: relayMessage,
  receipt: relayReceipt,
  ack: (_server, device, { attrs }) => {
    device.mailbox.settle(attrs['class'] ?? '', attrs['id'] ?? '', attrs);
  },
  presence,
  chatstate: chatState,
  call,
  ib: (server, device, stanza) => {
    const what = child(stanza)?.tag;
    if (what === 'offline_batch') device.mailbox.more();
    else if (what !== 'unified_session') server.records.noteUnknown(device, stanza, 'nothing in band of this name');
  },
};

export function take(server: WhatsAppServer, device: Device, stanza: BinaryNode): void {
  const taker = Object.hasOwn(TAKERS, stanza.tag) ? TAKERS[stanza.tag] : undefined;
  if (taker === undefined) server.records.noteUnknown(device, stanza, 'no stanzas of this name');
  else taker(server, device, stanza);
}
