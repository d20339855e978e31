// One network event becomes what we owe the homeserver: allowed, not seen, not our own echo; asks stores, touches no wire.
import type { Delivery, MatrixDuty } from '../../model/delivery.ts';
import { effectId } from '../../model/effect.ts';
import type { QueueEntry } from '../../model/entry.ts';
import { as, toNetworkLane, type MessageId, type PuppetId } from '../../model/ids.ts';
import type { MessageBody } from '../../model/message.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { MessageLink, Portal, Puppet } from '../../model/records.ts';
import { say } from '../../model/say.ts';
import { mayBridge, titleOf, type FlowDoors, type Plan } from '../doors.ts';
import { toldInManagement } from '../management.ts';

/** An own message is held for the answer to our own send of the same chat this long without looking at its text, in ms. */
const ECHO_PATIENCE_MS = 10_000;
/** How long an edit, removal or reaction waits for its target, in ms. */
const TARGET_PATIENCE_MS = 60_000;
/** An event older than this when it is planned is shown with its original time, in ms. */
const LATE_MS = 10 * 60_000;

export async function planToMatrix(
  doors: FlowDoors,
  entry: QueueEntry,
  from: PuppetId,
  event: NetworkEvent,
): Promise<Plan> {
  const puppet = await doors.puppets.find(from);
  if (puppet === undefined) return none('login-gone');
  if (event.kind === 'person') return owe(entry, event, { kind: 'person', person: event.person });
  const portal = await doors.keeper.know(event.portal, puppet);
  const verdict = await mayBridge(doors, puppet, portal.facts);
  if (verdict.effect === 'deny') return await refused(doors, portal, puppet, verdict.because[0]?.reason);
  if (portal.state === 'closed') return none('closed');
  const held = await heldForEcho(doors, entry, event, portal);
  if (held !== undefined) return held;
  return await planEvent(doors, entry, event, portal);
}

async function planEvent(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Exclude<NetworkEvent, { kind: 'person' }>,
  portal: Portal,
): Promise<Plan> {
  switch (event.kind) {
    case 'message':
      return await planMessage(doors, entry, event, portal);
    case 'unreadable':
      return owe(entry, event, {
        kind: 'message',
        message: as<MessageId>(`unreadable:${event.key}`),
        part: 0,
        body: { kind: 'unsupported', what: event.what },
      });
    case 'edit':
    case 'removal':
    case 'reaction':
      return await planChange(doors, entry, event, portal);
    case 'chat':
      return portal.room === undefined ? none('no-room') : owe(entry, event, { kind: 'chat', change: event.change });
    case 'membership':
      return portal.room === undefined
        ? none('no-room')
        : owe(entry, event, { kind: 'membership', person: event.person, now: event.now });
  }
}

type MessageEvent = Extract<NetworkEvent, { kind: 'message' }>;

async function planMessage(doors: FlowDoors, entry: QueueEntry, event: MessageEvent, portal: Portal): Promise<Plan> {
  const links = await doors.links.byMessage(portal.key, event.message);
  if (links.some((link) => link.direction === 'to-network' || link.removed === true)) return none('known');
  const duties = event.parts.map((body, part): MatrixDuty => ({
    kind: 'message',
    message: event.message,
    part,
    body,
    ...(event.replyTo === undefined ? {} : { replyTo: event.replyTo }),
  }));
  const owed = duties.filter((duty) => duty.kind !== 'message' || !links.some((link) => link.part === duty.part));
  return owed.length === 0 ? none('known') : owe(entry, event, ...owed);
}

async function planChange(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Extract<NetworkEvent, { kind: 'edit' | 'removal' | 'reaction' }>,
  portal: Portal,
): Promise<Plan> {
  const links = await doors.links.byMessage(portal.key, event.target);
  if (links.length === 0 && (await mayComeStill(doors, entry, portal))) return { do: 'wait', ms: 250, code: 'target' };
  if (event.kind === 'removal') {
    return links.some((link) => link.removed !== true)
      ? owe(entry, event, { kind: 'removal', target: event.target })
      : none('no-target');
  }
  if (event.kind === 'reaction') {
    return links.length === 0
      ? none('no-target')
      : owe(entry, event, { kind: 'reaction', target: event.target, emoji: event.emoji });
  }
  if (links.some((link) => link.removed === true)) return none('removed');
  if (links.length === 0)
    return await planMessage(doors, entry, { ...event, kind: 'message', message: event.target }, portal);
  const fresh = links.filter((link) => (link.editedAt ?? 0) < event.editedAt);
  if (fresh.length === 0) return none('older-edit');
  return owe(entry, event, ...editDuties(event, fresh));
}

function editDuties(event: Extract<NetworkEvent, { kind: 'edit' }>, links: readonly MessageLink[]): MatrixDuty[] {
  const duties: MatrixDuty[] = [];
  for (const [part, body] of event.parts.entries()) {
    const link = links.find((one) => one.part === part);
    if (link !== undefined) duties.push({ kind: 'edit', target: event.target, part, body, editedAt: event.editedAt });
    else if (links.length > 0 && part > 0) duties.push({ kind: 'message', message: event.target, part, body });
  }
  return duties;
}

/**
 * What an account logged in here did over there may be the echo of what its person wrote here. It is held while an older
 * send of theirs to this chat is unsettled, then known by its message id; it is never dropped because something is pending.
 */
async function heldForEcho(
  doors: FlowDoors,
  entry: QueueEntry,
  event: NetworkEvent,
  portal: Portal,
): Promise<Plan | undefined> {
  if (portal.room === undefined || event.kind === 'reaction' || event.kind === 'chat' || event.kind === 'membership')
    return undefined;
  for (const owner of await doors.senders.ownersOf(portal, event.sender)) {
    const pending = await doors.queue.unsettled(toNetworkLane(portal.room, owner.owner), entry.id);
    if (pending.length === 0) continue;
    const waited = doors.clock.now() - entry.receivedAt;
    if (waited < ECHO_PATIENCE_MS) return { do: 'wait', ms: Math.min(1000, 20 + waited / 4), code: 'echo' };
    if (event.kind === 'message' && pending.some((other) => saysTheSame(doors, other, event.parts))) {
      return { do: 'wait', ms: 1000, code: 'echo' };
    }
  }
  return undefined;
}

function saysTheSame(doors: FlowDoors, pending: QueueEntry, parts: readonly MessageBody[]): boolean {
  if (pending.payload.from !== 'matrix') return false;
  const event = doors.read(pending.payload.event);
  if (event.kind !== 'message' || event.body.kind !== 'text') return false;
  const first = parts[0];
  if (first?.kind !== 'text') return false;
  return (
    event.body.text.text.startsWith(first.text.text.slice(0, 1000)) || first.text.text.includes(event.body.text.text)
  );
}

async function mayComeStill(doors: FlowDoors, entry: QueueEntry, portal: Portal): Promise<boolean> {
  if (portal.room === undefined || doors.clock.now() - entry.receivedAt > TARGET_PATIENCE_MS) return false;
  const puppets = await doors.puppets.ofNetwork(portal.key.network);
  for (const puppet of puppets) {
    const pending = await doors.queue.unsettled(toNetworkLane(portal.room, puppet.owner), entry.id);
    if (pending.length > 0) return true;
  }
  return false;
}

/** Whoever is refused hears why: the login's person, once per chat. */
async function refused(doors: FlowDoors, portal: Portal, puppet: Puppet, reason: string | undefined): Promise<Plan> {
  const network = titleOf(doors, portal.key.network);
  const chat = portal.name ?? portal.key.chat;
  const words =
    reason === undefined
      ? say('policy.inbound-denied-default', { network, chat })
      : say('policy.inbound-denied', { network, chat, reason });
  await toldInManagement(doors, puppet.owner, `denied:${portal.key.network}/${portal.key.chat}/${puppet.id}`, words);
  return none('denied');
}

function owe(entry: QueueEntry, event: NetworkEvent, ...duties: readonly MatrixDuty[]): Plan {
  const late = entry.late || entry.receivedAt - event.at > LATE_MS;
  return {
    do: 'deliver',
    deliveries: duties.map((duty, part): Delivery => ({
      id: effectId(entry.key, part),
      to: 'matrix',
      portal: event.portal,
      sender: event.sender,
      duty,
      at: event.at,
      late,
    })),
  };
}

function none(code: string): Plan {
  return { do: 'nothing', code };
}
