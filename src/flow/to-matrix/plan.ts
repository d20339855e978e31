// One network event becomes what we owe the homeserver: allowed, not seen, not our own echo; asks stores, touches no wire.
import type { Delivery, MatrixDuty } from '../../model/delivery.ts';
import { effectId } from '../../model/effect.ts';
import type { QueueEntry } from '../../model/entry.ts';
import { as, toNetworkLane, type MessageId, type PuppetId } from '../../model/ids.ts';
import { isPlaceholder } from '../../model/message.ts';
import { FIRST_VERSION, type NetworkEvent } from '../../model/network-event.ts';
import type { MessageLink, Portal, Puppet } from '../../model/records.ts';
import { heldAfterRestore } from '../after-restore.ts';
import { mayBridge, type FlowDoors, type Plan } from '../doors.ts';
import { keepFacts } from '../facts.ts';
import { isReadElsewhere } from '../read-elsewhere.ts';
import { isEndOfReader, isForReader, isReadOn, reads, welcome } from '../reading.ts';
import { splitParts } from '../split.ts';
import { groupDuty } from './group.ts';
import { unlessAdmin } from './if-admin.ts';
import { planMarks } from './marks.ts';
import { targetPatience } from './patience.ts';
import { refused } from './refused.ts';
import { beforeJoining } from './same-chat.ts';
import { dropSuperseded } from './superseded.ts';
import { shows, waits } from './versions.ts';

/** An own message is held for the answer to our own send of the same chat this long without looking at its text, in ms. */
const ECHO_PATIENCE_MS = 10_000;
/** An event older than this when it is planned is shown with its original time, in ms. */
const LATE_MS = 10 * 60_000;

/** How a group is: done again, it changes nothing, so that no echo of it can be taken for more. */
const WITHOUT_ECHO: ReadonlySet<NetworkEvent['kind']> = new Set(['chat', 'membership', 'role']);

export async function planToMatrix(
  doors: FlowDoors,
  entry: QueueEntry,
  from: PuppetId,
  event: NetworkEvent,
): Promise<Plan> {
  const puppet = await doors.puppets.find(from);
  if (puppet === undefined) return none('login-gone');
  if (event.kind === 'person') return await planPerson(doors, entry, event, puppet);
  if (event.kind === 'marks') return await planMarks(doors, entry, event, puppet);
  if (event.kind === 'facts') return await keepFacts(doors, event);
  // What a contact is called opens no conversation.
  if (event.kind === 'chat' && (await doors.keeper.find(event.portal)) === undefined) return none('no-chat');
  const first = event.kind === 'same-chat' ? await beforeJoining(doors, entry, event) : undefined;
  if (first !== undefined) return first;
  const portal = await doors.keeper.know(event.portal, puppet);
  // Whatever the rules say now.
  const unproved =
    event.kind === 'removal' && event.ifAdmin === true ? await unlessAdmin(doors, entry, event, puppet) : undefined;
  if (unproved !== undefined) return unproved;
  const dropped = event.kind === 'removal' ? await dropSuperseded(doors, entry, event, true) : undefined;
  if (dropped !== undefined) return dropped;
  const verdict = await mayBridge(doors, puppet, portal.facts);
  if (verdict.effect === 'deny') {
    if (!(await isReadOn(doors, entry, event, portal, puppet))) return await refused(doors, portal, puppet, verdict);
  } else if (!(await reads(doors, entry.key, portal, puppet))) {
    await welcome(doors, portal, puppet);
    if (isForReader(event) && !(await isEndOfReader(doors, event, portal))) return none('not-reader');
  }
  if (portal.state === 'closed') return none('closed');
  const held = await heldForEcho(doors, entry, event, portal);
  if (held !== undefined) return held;
  const unsure = await heldAfterRestore(doors, entry, event, portal);
  if (unsure !== undefined) return unsure;
  return await planEvent(doors, entry, event, portal);
}

/** Ghosts are made when they first speak; until then their names are nobody's business. */
async function planPerson(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Extract<NetworkEvent, { kind: 'person' }>,
  puppet: Puppet,
): Promise<Plan> {
  const ghost = await doors.ghosts.find(puppet.network, event.person.id);
  if (ghost?.registered !== true) return none('no-ghost');
  return owe(entry, event, { kind: 'person', person: event.person });
}

async function planEvent(
  doors: FlowDoors,
  entry: QueueEntry,
  said: Exclude<NetworkEvent, { kind: 'person' | 'marks' | 'facts' }>,
  portal: Portal,
): Promise<Plan> {
  const event = 'parts' in said ? { ...said, parts: splitParts(said.parts) } : said;
  switch (event.kind) {
    case 'message':
      return await planMessage(doors, entry, event, portal);
    case 'unreadable': {
      const message = as<MessageId>(`unreadable:${event.key}`);
      if ((await doors.links.byMessage(portal.key, message)).length > 0) return none('known');
      return owe(entry, event, { kind: 'message', message, part: 0, body: { kind: 'unsupported', what: event.what } });
    }
    case 'edit':
    case 'removal':
    case 'reaction':
      return await planChange(doors, entry, event, portal);
    case 'same-chat':
      return owe(entry, event, { kind: 'same-chat', before: event.before });
    case 'chat':
    case 'membership':
    case 'role':
      return portal.room === undefined ? none('no-room') : owe(entry, event, groupDuty(event));
  }
}

type MessageEvent = Extract<NetworkEvent, { kind: 'message' }>;

async function planMessage(doors: FlowDoors, entry: QueueEntry, event: MessageEvent, portal: Portal): Promise<Plan> {
  const links = await doors.links.byMessage(portal.key, event.message);
  if (links.some((link) => link.removed === true)) return none('known');
  if (await isReadElsewhere(doors, event, portal)) return none('read-elsewhere');
  const { replyTo, editedAt } = event;
  // What came before it, or after it and older, is there already.
  if (editedAt !== undefined && links.length > 0) {
    return planEdit(entry, { ...event, kind: 'edit', target: event.message, editedAt }, links);
  }
  // Another login could not read it, and said so in its place.
  if (links.some(waits) && !event.parts.some(isPlaceholder)) {
    return planEdit(entry, { ...event, kind: 'edit', target: event.message, editedAt: FIRST_VERSION }, links);
  }
  if (links.some((link) => link.direction === 'to-network')) return none('known');
  if (replyTo !== undefined && (await doors.links.byMessage(portal.key, replyTo)).length === 0) {
    const patience = await targetPatience(doors, entry, portal, { message: replyTo, needed: false });
    if (patience !== undefined) return patience;
  }
  const duties = event.parts.map((body, part): MatrixDuty => ({
    kind: 'message',
    message: event.message,
    part,
    body,
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(editedAt === undefined ? {} : { editedAt }),
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
  let links = await doors.links.byMessage(portal.key, event.target);
  if (event.kind === 'removal' && event.ifNotice === true) {
    return links.some(waits) ? owe(entry, event, { kind: 'removal', target: event.target }) : none('no-notice');
  }
  const dropped = event.kind === 'edit' ? await dropSuperseded(doors, entry, event, links.length > 0) : undefined;
  if (dropped !== undefined) return dropped;
  if (links.length === 0) {
    const patience = await targetPatience(doors, entry, portal, { message: event.target, needed: true });
    if (patience !== undefined) return patience;
    // It may have arrived between the two looks: only now is it known that nothing is on its way.
    links = await doors.links.byMessage(portal.key, event.target);
  }
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
  // What was changed before it was ever seen here comes as it is now.
  if (links.length === 0)
    return await planMessage(doors, entry, { ...event, kind: 'message', message: event.target }, portal);
  return planEdit(entry, event, links);
}

type EditEvent = Extract<NetworkEvent, { kind: 'edit' }>;

function planEdit(entry: QueueEntry, event: EditEvent, links: readonly MessageLink[]): Plan {
  const fresh = links.filter((link) => !shows(link, event.editedAt));
  if (fresh.length === 0) return none('older-edit');
  return owe(entry, event, ...editDuties(event, fresh));
}

/** New text part by part; parts that are new are sent, parts that are gone are taken back. */
function editDuties(event: EditEvent, links: readonly MessageLink[]): MatrixDuty[] {
  const { target, editedAt } = event;
  const [own] = links.filter((link) => link.direction === 'to-network');
  const [first] = event.parts;
  // Of what was written here, one link is the whole remote message, whichever part of the event it carries.
  if (own !== undefined) {
    return first === undefined ? [] : [{ kind: 'edit', target, part: own.part, body: first, editedAt }];
  }
  const changed = event.parts.map((body, part): MatrixDuty =>
    links.some((link) => link.part === part)
      ? { kind: 'edit', target, part, body, editedAt }
      : { kind: 'message', message: target, part, body, editedAt },
  );
  const gone = links.filter((link) => link.part >= event.parts.length);
  return [...changed, ...gone.map((link): MatrixDuty => ({ kind: 'removal', target, part: link.part }))];
}

/**
 * What an account logged in here did over there may be the echo of what its person did here. It is held while an older send
 * of theirs to this chat is unsettled, then known by its id; it is never dropped because something is pending. After ten
 * seconds only what reads like the pending one is still held, beside the lane; everything else was done on the phone.
 */
async function heldForEcho(
  doors: FlowDoors,
  entry: QueueEntry,
  event: NetworkEvent,
  portal: Portal,
): Promise<Plan | undefined> {
  // A picture comes back under a name that is not known before the answer.
  const plain = WITHOUT_ECHO.has(event.kind) && !(event.kind === 'chat' && event.change.picture !== undefined);
  if (portal.room === undefined || plain) return undefined;
  for (const owner of await doors.senders.ownersOf(portal, event.sender)) {
    if (await isBehindHeld(doors, entry, event)) return { do: 'wait', ms: 1000, code: 'echo', beside: true };
    const pending = await doors.queue.unsettled(toNetworkLane(portal.room, owner.owner), entry.id);
    if (pending.length === 0) continue;
    const waited = doors.clock.now() - entry.receivedAt;
    if (waited < ECHO_PATIENCE_MS) return { do: 'wait', ms: Math.min(1000, 20 + waited / 4), code: 'echo' };
    if (pending.some((other) => mayBeEcho(doors, other, event))) {
      return { do: 'wait', ms: 1000, code: 'echo', beside: true };
    }
  }
  return undefined;
}

/** What the same person said before waits beside the lane: it must not be overtaken. */
async function isBehindHeld(doors: FlowDoors, entry: QueueEntry, event: NetworkEvent): Promise<boolean> {
  if (event.kind !== 'message') return false;
  const earlier = await doors.queue.unsettled(entry.lane, entry.id);
  return earlier.some(
    ({ payload }) =>
      payload.from === 'network' && payload.event.kind === 'message' && payload.event.sender === event.sender,
  );
}

/** Networks trim and reflow text, and a long one comes back in pieces. A wrong yes only holds it until the pending one settles. */
function mayBeEcho(doors: FlowDoors, pending: QueueEntry, event: NetworkEvent): boolean {
  if (pending.payload.from !== 'matrix') return false;
  const ours = doors.read(pending.payload.event);
  // A long text's edit also sends or removes the pieces that it needs more or less.
  if (ours.kind === 'edit' && event.kind === 'removal') return true;
  if (ours.kind !== event.kind && !(ours.kind === 'edit' && event.kind === 'message')) return false;
  if (!('body' in ours) || event.kind !== 'message') return true;
  const [first] = event.parts;
  if (ours.body.kind !== 'text' || first?.kind !== 'text') return ours.body.kind === first?.kind;
  const [here, there] = [bare(ours.body.text.text), bare(first.text.text)];
  return here.includes(there) || there.includes(here);
}

function bare(text: string): string {
  return text.replaceAll(/\s+/gu, '');
}

function owe(entry: QueueEntry, event: NetworkEvent, ...duties: readonly MatrixDuty[]): Plan {
  const late = entry.late || entry.receivedAt - event.at > LATE_MS;
  return {
    do: 'deliver',
    deliveries: duties.map((duty, part): Delivery => ({
      id: effectId(entry.key, 'part' in duty && duty.part !== undefined ? duty.part : part),
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
