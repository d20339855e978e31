// One Matrix event becomes what we owe a network: who may, through whose login, in how many parts; asks stores, touches no wire.
import type { MessageAction } from '../../model/delivery.ts';
import type { QueueEntry } from '../../model/entry.ts';
import { portalKeyText, type EventId, type MessageId } from '../../model/ids.ts';
import type { MessageBody } from '../../model/message.ts';
import type { MessageLink, Portal, Puppet } from '../../model/records.ts';
import { say, type Say } from '../../model/say.ts';
import { titleOf, type FlowDoors, type Plan } from '../doors.ts';
import { handleCommand } from '../management.ts';
import { mentionsToNetwork } from '../mentions.ts';
import { heldForGroup } from '../room-to-group.ts';
import { handleRoomChange } from '../room-changes.ts';
import { handleMembership } from '../rooms.ts';
import { lanesOf } from '../one-chat.ts';
import { lacksBones } from '../unreadable.ts';
import { admit, owe } from './admit.ts';
import { isEcho } from './echo.ts';
import { planGroup } from './group.ts';
import { refusal } from './report.ts';
import { changeParked, dropOlderEdits, dropParked, staleAt, tooOld, type Spoken } from './second-thoughts.ts';
import { planTimer } from './timer.ts';
import { changeTooLate, forgotten } from './too-late.ts';
import { pieces, shownLate, withQuote } from './words.ts';

/** How long an event whose target is not known yet waits for the other direction to finish, in ms. */
const TARGET_PATIENCE_MS = 60_000;
/** How much of that it keeps its lane waiting, in ms. */
const LANE_PATIENCE_MS = 3_000;

export async function planToNetwork(doors: FlowDoors, entry: QueueEntry, raw: unknown): Promise<Plan> {
  const event = doors.read(raw);
  if (event.kind === 'unreadable' || lacksBones(entry)) {
    doors.log.warn({ key: entry.key, code: 'unreadable' }, 'an event could not be read');
    return { do: 'park', code: 'unreadable', say: say('fault.unreadable') };
  }
  if (event.kind === 'other') return none('not-ours');
  if (doors.matrix.isOurs(event.sender) && event.kind !== 'membership') return none('own');
  if (await isEcho(doors, event)) return none('echo');
  if (event.kind === 'membership') return await handleMembership(doors, entry, event);
  let portal = await doors.portals.byRoom(event.room);
  if (portal === undefined) {
    const held = await heldForGroup(doors, entry, event);
    if (held !== undefined) return held;
    // The group may have been made between the two looks.
    portal = await doors.portals.byRoom(event.room);
  }
  if (event.kind === 'encryption-on' || event.kind === 'tombstone' || event.kind === 'encrypted') {
    return await handleRoomChange(doors, entry, event, portal);
  }
  if (portal === undefined)
    return event.kind === 'message' ? await handleCommand(doors, entry, event) : none('no-portal');
  return event.kind === 'words' || event.kind === 'powers'
    ? await planGroup(doors, entry, event, portal)
    : await planSpoken(doors, entry, event, portal, raw);
}

async function planSpoken(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Spoken,
  portal: Portal,
  raw: unknown,
): Promise<Plan> {
  const network = titleOf(doors, portal.key.network);
  // Machines talk to each other in notices (spec: m.notice must not be answered automatically); they stay on Matrix.
  if (event.kind === 'message' && event.body.kind === 'text' && event.body.as === 'notice') return none('notice');
  if (event.kind === 'removal') {
    // Before anything that may be refused: what is gone here must not leave, whatever has become of its author's login.
    const dropped = await dropParked(doors, entry, event);
    if (dropped !== undefined) return dropped;
  }
  const older = event.kind === 'edit' ? await dropOlderEdits(doors, entry, event) : undefined;
  if (older !== undefined) return older;
  const timer = await planTimer(doors, entry, event, portal);
  if (timer !== undefined) return timer;
  const admitted = await admit(doors, entry, event, portal);
  if (admitted.plan !== undefined) return admitted.plan;
  const { puppet } = admitted;
  const missing = unsupported(doors, portal, event, network);
  if (missing !== undefined) return refusal(entry, event, missing);
  const old = staleAt(doors, entry);
  if (old !== undefined && doors.clock.now() >= old) return tooOld(entry);
  const said = 'body' in event ? { ...event, body: await mentionsToNetwork(doors, portal, event.body) } : event;
  const spoken = { doors, entry, event: said, portal, puppet, network };
  return said.kind === 'message'
    ? await planMessage({ ...spoken, event: said })
    : await planChange({ ...spoken, event: said }, raw);
}

function unsupported(doors: FlowDoors, portal: Portal, event: Spoken, network: string): Say | undefined {
  const can = doors.adapters.get(portal.key.network)?.capabilities;
  const needed = { message: 'send', edit: 'edit', removal: 'remove', reaction: 'react' } as const;
  if (can === undefined || !can.actions.has(needed[event.kind])) return say('fault.unsupported-action', { network });
  if ((event.kind === 'message' || event.kind === 'edit') && !can.bodies.has(event.body.kind)) {
    return say('fault.unsupported-body', { network, kind: bodyWord(event.body) });
  }
  return undefined;
}

function bodyWord(body: MessageBody): string {
  if (body.kind === 'unsupported') return body.what;
  if (body.kind === 'text' || body.kind === 'told') return 'kind.other';
  const words = { image: 'kind.photo', animation: 'kind.video' } as const;
  const kind = body.media.kind;
  return kind === 'image' || kind === 'animation' ? words[kind] : `kind.${kind}`;
}

interface Context<Event extends Spoken> {
  readonly doors: FlowDoors;
  readonly entry: QueueEntry;
  readonly event: Event;
  readonly portal: Portal;
  readonly puppet: Puppet;
  readonly network: string;
}

type Message = Extract<Spoken, { kind: 'message' }>;
type Change = Exclude<Spoken, { kind: 'message' }>;

async function planMessage(context: Context<Message>): Promise<Plan> {
  const { doors, entry, event, portal } = context;
  const chat = portal.key.chat;
  const body = shownLate(doors, entry, event, event.body);
  if (event.replyTo === undefined) return owe(context, event.event, sends(chat, pieces(doors, portal, body)));
  let [target] = await linksOf(doors, event.replyTo, portal);
  const waiting = target === undefined ? await doors.queue.find(event.replyTo) : undefined;
  if (target === undefined && waiting?.parked !== true) {
    const patience = await targetPatience(context, event.replyTo, waiting !== undefined);
    if (patience !== undefined) return patience;
    // It may have arrived between the two looks: only now is it known that nothing is on its way.
    [target] = await linksOf(doors, event.replyTo, portal);
  }
  if (target !== undefined) {
    return owe(context, event.event, sends(chat, pieces(doors, portal, body), target.message));
  }
  return owe(context, event.event, sends(chat, pieces(doors, portal, withQuote(doors, body, waiting))));
}

async function planChange(context: Context<Change>, raw: unknown): Promise<Plan> {
  const { doors, entry, event, portal, puppet, network } = context;
  const chat = portal.key.chat;
  if (event.kind === 'removal') {
    const reaction = await doors.links.reactionByEvent(event.target);
    if (reaction !== undefined && reaction.person === puppet.self) {
      return owe(context, event.event, [{ kind: 'react', chat, target: reaction.message, emoji: null }]);
    }
  }
  let all = await everLinked(doors, event.target, portal);
  let links = standing(all);
  // It was there and is gone, here too: nothing is left to change, and nobody waits for it.
  if (all.length > 0 && links.length === 0) return none('taken-back');
  const waiting = await doors.queue.find(event.target);
  if (all.length === 0 && waiting === undefined) {
    const target = await doors.matrix.lookAtEvent(event.room, event.target);
    // Nor of what was taken back before it left: the homeserver may even have pushed it without its text.
    if (event.kind !== 'removal' && target?.redacted === true) return none('taken-back');
    const old = forgotten(doors, event, portal, target);
    if (old !== undefined) return refusal(entry, event, old);
  }
  if (waiting?.parked === true) {
    const done = await changeParked(doors, event, waiting, links, raw);
    if (done !== undefined) return done;
  } else if (links.length === 0 || waiting !== undefined) {
    const patience = await targetPatience(context, event.target, waiting !== undefined);
    if (patience !== undefined) return patience;
    // It may have arrived between the two looks.
    all = await everLinked(doors, event.target, portal);
    links = standing(all);
    if (all.length > 0 && links.length === 0) return none('taken-back');
  }
  if (links.length === 0) {
    // Taking back what never left, or was never carried, needs no word; an edit of it does.
    return event.kind === 'removal' ? none('no-target') : refusal(entry, event, say('fault.no-target', { network }));
  }
  switch (event.kind) {
    case 'removal': {
      const late = changeTooLate(doors, 'removal', portal, links);
      if (late !== undefined) return refusal(entry, event, late);
      return owe(
        context,
        event.event,
        links.map((link) => ({ kind: 'remove', chat, target: link.message })),
      );
    }
    case 'reaction':
      return owe(
        context,
        event.event,
        links.slice(0, 1).map((link) => ({ kind: 'react', chat, target: link.message, emoji: event.emoji })),
      );
    case 'edit': {
      if (links.some((link) => !isAuthor(link, event, puppet))) return refusal(entry, event, say('fault.not-yours'));
      const late = changeTooLate(doors, 'edit', portal, links);
      if (late !== undefined) return refusal(entry, event, late);
      if (await editedBefore(doors, entry, event.target)) return { do: 'wait', ms: 250, code: 'order', beside: true };
      return owe(context, event.target, editActions(chat, links, pieces(doors, portal, event.body)));
    }
  }
}

/** An older edit of the same message still waits beside the lane: the newer one must not be overtaken by it. */
async function editedBefore(doors: FlowDoors, entry: QueueEntry, target: EventId): Promise<boolean> {
  const earlier = await doors.queue.unsettled(entry.lane, entry.id);
  return earlier.some((one) => {
    const event = one.payload.from === 'matrix' ? doors.read(one.payload.event) : undefined;
    return event?.kind === 'edit' && event.target === target;
  });
}

/** Edits are their author's own: what they wrote here, or what their account wrote over there (spec: event replacements). */
function isAuthor(link: MessageLink, event: Change, puppet: Puppet): boolean {
  return link.sender === (link.direction === 'to-network' ? event.sender : puppet.self);
}

/**
 * A target that is on its way is waited for: a moment in the lane, so that what follows keeps its place, then beside it; a
 * minute in all. A change of what stands in the queue itself, in whoever's lane, waits until that has left or was put aside.
 */
async function targetPatience(context: Context<Spoken>, target: EventId, found: boolean): Promise<Plan | undefined> {
  const { doors, entry, portal } = context;
  const waited = doors.clock.now() - entry.receivedAt;
  const isNeeded = found && context.event.kind !== 'message';
  if (waited > TARGET_PATIENCE_MS && !isNeeded) return undefined;
  // Somebody's own message in this room, or what the other side said, whose event is there before its link is kept. Only what
  // came before this event: what came later may itself wait for this lane.
  if (target === entry.key || !(found || (await isSomethingComing(doors, entry, portal)))) return undefined;
  return { do: 'wait', ms: 250, code: 'target', beside: waited > LANE_PATIENCE_MS };
}

async function isSomethingComing(doors: FlowDoors, entry: QueueEntry, portal: Portal): Promise<boolean> {
  for (const lane of await lanesOf(doors, portal.key)) {
    if ((await doors.queue.unsettled(lane, entry.id, 1)).length > 0) return true;
  }
  return false;
}

/** An edited text may need more or fewer remote messages than it had. */
function editActions(
  chat: Portal['key']['chat'],
  links: readonly MessageLink[],
  bodies: readonly MessageBody[],
): MessageAction[] {
  const list: MessageAction[] = [];
  for (const [index, link] of links.entries()) {
    const body = bodies[index];
    list.push(
      body === undefined
        ? { kind: 'remove', chat, target: link.message }
        : { kind: 'edit', chat, target: link.message, body },
    );
  }
  for (const body of bodies.slice(links.length)) list.push({ kind: 'send', chat, body });
  return list;
}

function sends(
  chat: Portal['key']['chat'],
  bodies: readonly MessageBody[],
  replyTo?: MessageId,
): readonly MessageAction[] {
  return bodies.map((body, part) =>
    part > 0 || replyTo === undefined ? { kind: 'send', chat, body } : { kind: 'send', chat, body, replyTo },
  );
}

/** The remote messages that an event of this very room stands for. */
async function linksOf(doors: FlowDoors, event: EventId, portal: Portal): Promise<readonly MessageLink[]> {
  return standing(await everLinked(doors, event, portal));
}

/** With those that were taken back. */
async function everLinked(doors: FlowDoors, event: EventId, portal: Portal): Promise<readonly MessageLink[]> {
  const here = portalKeyText(portal.key);
  return (await doors.links.byEvent(event)).filter((link) => portalKeyText(link.portal) === here);
}

function standing(links: readonly MessageLink[]): readonly MessageLink[] {
  return links.filter((link) => link.removed !== true);
}

function none(code: string): Plan {
  return { do: 'nothing', code };
}
