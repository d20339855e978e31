// One Matrix event becomes what we owe a network: who may, through whose login, in how many parts; asks stores, touches no wire.
import type { Delivery, NetworkAction } from '../../model/delivery.ts';
import { effectId } from '../../model/effect.ts';
import type { QueueEntry } from '../../model/entry.ts';
import { toMatrixLane, type EventId, type MessageId } from '../../model/ids.ts';
import type { MatrixEvent } from '../../model/matrix-event.ts';
import type { MessageBody } from '../../model/message.ts';
import type { MessageLink, Portal, Puppet } from '../../model/records.ts';
import { say, type Say } from '../../model/say.ts';
import { mayBridge, titleOf, type FlowDoors, type Plan } from '../doors.ts';
import { handleCommand } from '../management.ts';
import { handleMembership, handleRoomChange } from '../rooms.ts';
import { isEcho } from './echo.ts';
import { notice, refusal } from './report.ts';
import { splitText } from './split.ts';

/** How long an event whose target is not known yet waits for the other direction to finish, in ms. */
const TARGET_PATIENCE_MS = 60_000;

type Spoken = Extract<MatrixEvent, { kind: 'message' | 'edit' | 'removal' | 'reaction' }>;

export async function planToNetwork(doors: FlowDoors, entry: QueueEntry, raw: unknown): Promise<Plan> {
  const event = doors.read(raw);
  if (event.kind === 'unreadable') {
    doors.log.warn({ key: entry.key, code: 'unreadable' }, 'an event could not be read');
    return { do: 'park', code: 'unreadable', say: say('fault.internal') };
  }
  if (event.kind === 'other') return { do: 'nothing', code: 'not-ours' };
  if (doors.matrix.isOurs(event.sender) && event.kind !== 'membership') return { do: 'nothing', code: 'own' };
  if (await isEcho(doors, event)) return { do: 'nothing', code: 'echo' };
  if (event.kind === 'membership') return await handleMembership(doors, entry, event);
  const portal = await doors.portals.byRoom(event.room);
  if (event.kind === 'encryption-on' || event.kind === 'tombstone' || event.kind === 'encrypted') {
    return await handleRoomChange(doors, entry, event, portal);
  }
  if (portal === undefined)
    return event.kind === 'message' ? await handleCommand(doors, entry, event) : none('no-portal');
  return await planSpoken(doors, entry, event, portal);
}

async function planSpoken(doors: FlowDoors, entry: QueueEntry, event: Spoken, portal: Portal): Promise<Plan> {
  const network = titleOf(doors, portal.key.network);
  if (event.kind === 'message' && event.body.kind === 'text' && event.body.as === 'notice') {
    return none('notice');
  }
  if (portal.state !== 'open') {
    return refusal(entry, event, say(portal.state === 'closed' ? 'portal.closed' : 'portal.read-only'));
  }
  const puppet = await doors.senders.towardsNetwork(portal, event.sender);
  if (puppet === undefined) return await noLogin(doors, event, portal, network);
  const verdict = await mayBridge(doors, puppet, portal.facts);
  if (verdict.effect === 'deny') {
    const reason = verdict.because[0]?.reason;
    return refusal(
      entry,
      event,
      reason === undefined ? say('policy.chat-denied-default') : say('policy.chat-denied', { reason }),
    );
  }
  const missing = unsupported(doors, portal, event, network);
  if (missing !== undefined) return refusal(entry, event, missing);
  return await actions(doors, entry, event, portal, puppet, network);
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
  if (body.kind === 'text') return 'kind.other';
  const words = { image: 'kind.photo', animation: 'kind.video' } as const;
  const kind = body.media.kind;
  return kind === 'image' || kind === 'animation' ? words[kind] : `kind.${kind}`;
}

async function actions(
  doors: FlowDoors,
  entry: QueueEntry,
  event: Spoken,
  portal: Portal,
  puppet: Puppet,
  network: string,
): Promise<Plan> {
  const owe = (list: readonly NetworkAction[]): Plan => ({
    do: 'deliver',
    deliveries: list.map((action, part): Delivery => ({
      id: effectId(entry.key, part),
      to: 'network',
      puppet: puppet.id,
      portal: portal.key,
      action,
      event: event.event,
      part,
      author: event.sender,
      room: event.room,
      at: event.at,
    })),
  });
  const chat = portal.key.chat;
  if (event.kind === 'message') {
    const replyTo = event.replyTo === undefined ? undefined : (await linksOf(doors, event.replyTo)).at(0)?.message;
    if (event.replyTo !== undefined && replyTo === undefined && (await mayComeStill(doors, entry, portal))) {
      return { do: 'wait', ms: 250, code: 'reply-target' };
    }
    return owe(
      pieces(doors, portal, event.body).map((body, part) => send(chat, body, part === 0 ? replyTo : undefined)),
    );
  }
  const target = await findTarget(doors, event, portal, puppet);
  if (target.kind === 'reaction') return owe([{ kind: 'react', chat, target: target.message, emoji: null }]);
  if (target.links.length === 0) {
    if (await mayComeStill(doors, entry, portal)) return { do: 'wait', ms: 250, code: 'target' };
    // Taking back what never left, or was never carried, needs no word; an edit of it does.
    if (event.kind === 'removal') return none('no-target');
    return refusal(entry, event, say('fault.no-target', { network }));
  }
  if (event.kind === 'removal') {
    return owe(target.links.map((link) => ({ kind: 'remove', chat, target: link.message })));
  }
  if (event.kind === 'reaction') {
    const first = target.links[0];
    return first === undefined
      ? none('no-target')
      : owe([{ kind: 'react', chat, target: first.message, emoji: event.emoji }]);
  }
  return owe(editActions(chat, target.links, pieces(doors, portal, event.body)));
}

/** An edited text may need more or fewer remote messages than it had. */
function editActions(
  chat: Portal['key']['chat'],
  links: readonly MessageLink[],
  bodies: readonly MessageBody[],
): NetworkAction[] {
  const list: NetworkAction[] = [];
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

function send(chat: Portal['key']['chat'], body: MessageBody, replyTo: MessageId | undefined): NetworkAction {
  return replyTo === undefined ? { kind: 'send', chat, body } : { kind: 'send', chat, body, replyTo };
}

function pieces(doors: FlowDoors, portal: Portal, body: MessageBody): readonly MessageBody[] {
  const max = doors.adapters.get(portal.key.network)?.capabilities.maxTextUnits ?? 4096;
  if (body.kind !== 'text') return [body];
  const text =
    body.as === 'emote'
      ? { text: `* ${body.text.text}`, spans: body.text.spans.map((s) => ({ ...s, start: s.start + 2 })) }
      : body.text;
  return splitText(text, max).map((piece) => ({ kind: 'text', text: piece, as: 'text' }));
}

type Target = { kind: 'message'; links: readonly MessageLink[] } | { kind: 'reaction'; message: MessageId };

async function findTarget(
  doors: FlowDoors,
  event: Exclude<Spoken, { kind: 'message' }>,
  portal: Portal,
  puppet: Puppet,
): Promise<Target> {
  if (event.kind === 'removal') {
    const reaction = await doors.links.reactionByEvent(event.target);
    if (reaction !== undefined && reaction.person === puppet.self)
      return { kind: 'reaction', message: reaction.message };
  }
  const links = (await linksOf(doors, event.target)).filter((link) => link.room === event.room);
  return { kind: 'message', links: links.filter((link) => link.portal.chat === portal.key.chat) };
}

async function linksOf(doors: FlowDoors, event: EventId): Promise<readonly MessageLink[]> {
  return (await doors.links.byEvent(event)).filter((link) => link.removed !== true);
}

/** The target may still be on its way in either lane of this room. */
async function mayComeStill(doors: FlowDoors, entry: QueueEntry, portal: Portal): Promise<boolean> {
  if (doors.clock.now() - entry.receivedAt > TARGET_PATIENCE_MS) return false;
  return (await doors.queue.unsettled(toMatrixLane(portal.key))).length > 0;
}

/** Said once per person and room: the effect id does not depend on the message. */
async function noLogin(doors: FlowDoors, event: Spoken, portal: Portal, network: string): Promise<Plan> {
  const id = effectId(`no-login:${event.room}|${event.sender}`, 0);
  const words = say('portal.no-login', { network, login: portal.key.network, bot: doors.matrix.bot.user });
  return { do: 'deliver', deliveries: [notice(id, event.room, event.sender, words)] };
}

function none(code: string): Plan {
  return { do: 'nothing', code };
}
