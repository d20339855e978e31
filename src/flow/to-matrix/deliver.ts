// A table from each kind of duty to the hand that does it on Matrix, keeping the links; knows no wire.
import type { Delivery, MatrixDuty } from '../../model/delivery.ts';
import { effectId } from '../../model/effect.ts';
import type { Outcome, QueueEntry } from '../../model/entry.ts';
import { BridgeError } from '../../model/errors.ts';
import type { MessageId } from '../../model/ids.ts';
import { plainText, type MessageBody } from '../../model/message.ts';
import { FIRST_VERSION } from '../../model/network-event.ts';
import type { MessageLink, Portal, Puppet } from '../../model/records.ts';
import { say } from '../../model/say.ts';
import type { SendAbout, Speaker } from '../../ports/matrix.ts';
import { render } from '../../words/index.ts';
import { isThere, mayHaveBeenCarried, reportUndecided } from '../after-restore.ts';
import { denied, languageOf, mayBridge, titleOf, type FlowDoors } from '../doors.ts';
import { mentionsToMatrix } from '../mentions.ts';
import { isReadOn } from '../reading.ts';
import { takeBack } from '../take-back.ts';
import { markLater, mirrorLater } from '../tellings.ts';
import { sayForced } from '../rooms.ts';
import { changeChat, changeMembership, changeRole } from './group.ts';
import type { Hand, HandFor, Open, RoomDuty, ToMatrix } from './hand.ts';
import { keepMarks } from './marks.ts';
import { joinChats } from './same-chat.ts';
import { redact } from './redact.ts';
import { speakInRoom } from './speak.ts';
import { shows, versionOf } from './versions.ts';

type Owed = Exclude<Delivery, { to: 'network' }>;

/** Older than this, an attempted send is looked up before it is repeated (Synapse forgets transaction ids after 24 h), in ms. */
const LOOK_AFTER_MS = 12 * 60 * 60_000;
/** A remote time nearer than this to now is not worth a timestamp of its own, in ms. */
const TIME_MATTERS_MS = 30_000;

const hands: {
  readonly [Kind in RoomDuty['kind']]: (hand: Hand<Extract<MatrixDuty, { kind: Kind }>>) => Promise<Outcome>;
} = {
  message: sendMessage,
  edit: sendEdit,
  removal: redactAll,
  reaction: changeReaction,
  chat: changeChat,
  membership: changeMembership,
  role: changeRole,
};

export async function deliverToMatrix(doors: FlowDoors, entry: QueueEntry, owed: Owed): Promise<Outcome> {
  if (owed.to === 'room') {
    await speakInRoom(doors, entry, owed);
    return {};
  }
  if (entry.payload.from !== 'network') throw new Error('a duty to Matrix comes from a network');
  if (owed.duty.kind === 'person') {
    await doors.matrix.ghost(owed.portal.network, owed.duty.person.id, owed.duty.person);
    return {};
  }
  const puppet = await doors.puppets.find(entry.payload.puppet);
  if (puppet === undefined) throw new BridgeError('login-gone', 'never', 'fault.internal');
  if (owed.duty.kind === 'same-chat') {
    await joinChats(doors, owed, owed.duty.before, puppet);
    return {};
  }
  if (owed.duty.kind === 'marks') {
    await keepMarks(doors, owed.portal, puppet, owed.duty.marks);
    return {};
  }
  const look = mayHaveBeenCarried(doors, owed.at) || doors.clock.now() - entry.receivedAt > LOOK_AFTER_MS;
  const portal = await openPortal(doors, entry, owed, puppet);
  if (portal === undefined) return {};
  return await perform(owed.duty, { doors, owed, portal, puppet, look, frozen: entry.parts.length > 0 });
}

async function perform<Kind extends RoomDuty['kind']>(
  duty: Extract<RoomDuty, { kind: Kind }>,
  context: Omit<Hand<never>, 'duty'>,
): Promise<Outcome> {
  const hand = hands[duty.kind] as (hand: Hand<typeof duty>) => Promise<Outcome>;
  return await hand({ ...context, duty });
}

/** @returns undefined when it was closed meanwhile, as for what comes now */
async function openPortal(
  doors: FlowDoors,
  entry: QueueEntry,
  owed: ToMatrix,
  puppet: Puppet,
): Promise<Open | undefined> {
  const known = await doors.keeper.know(owed.portal, puppet);
  if (entry.parts.length > 0) {
    if (known.state === 'closed') return undefined;
    // A plan that was written down is not made anew, but a rule that came since may stop it.
    const { payload } = entry;
    const verdict = await mayBridge(doors, puppet, known.facts);
    if (verdict.effect === 'deny') {
      const readOn = payload.from === 'network' && (await isReadOn(doors, entry, payload.event, known, puppet));
      if (!readOn) throw denied(verdict);
    }
  }
  if (known.room === undefined && known.kind !== 'direct') {
    // Asked for before the room is there, so that no crash forgets it; done behind this entry, so that the message comes first.
    await mirrorLater(doors, { cause: entry.key, portal: known, puppet: puppet.id });
  }
  if (known.room === undefined) await markLater(doors, { cause: entry.key, portal: known, puppet: puppet.id });
  const portal = await doors.keeper.ensure(owed.portal, puppet);
  if (portal.encrypted) await sayForced(doors, portal, puppet.owner);
  return portal;
}

async function sendMessage(hand: HandFor<'message'>): Promise<Outcome> {
  const { doors, owed, duty, portal, puppet, look } = hand;
  const { message, part, body: said, editedAt } = duty;
  if (hand.frozen && (await isShownOtherwise(hand))) {
    // Of a notice that was frozen before there were placeholders nothing says whether it is one.
    if (said.kind === 'told' && editedAt === undefined) return {};
    const version = { kind: 'edit', target: message, part, body: said, editedAt: editedAt ?? FIRST_VERSION } as const;
    return await sendEdit({ ...hand, duty: version });
  }
  const speaker = await doors.senders.towardsMatrix(portal, owed.sender);
  const found = look ? await doors.matrix.findDelivered(portal.room, owed.id) : undefined;
  if (found === 'beyond' && mayHaveBeenCarried(doors, owed.at)) await reportUndecided(doors, portal, puppet);
  const replied = duty.replyTo === undefined ? undefined : await linkHere(doors, portal, duty.replyTo);
  const about = aboutOf(doors, owed, replied?.event);
  const plain = await readable(doors, said, portal, puppet);
  // What it answers is not in this room: an arrow says that it answers something.
  const body = duty.replyTo !== undefined && replied === undefined && part === 0 ? led('↩ ', plain) : plain;
  const event = isThere(found) ? found : await speaker.send(portal.room, owed.id, body, about);
  const link = {
    portal: portal.key,
    message,
    part,
    event,
    room: portal.room,
    effect: owed.id,
    direction: 'to-matrix',
    sender: owed.sender,
    at: owed.at,
    ...versionOf(said, editedAt),
  } as const;
  return { links: [link] };
}

/** An edit of a message that was put aside shows it as well, and either may be put aside. */
async function isShownOtherwise({ doors, owed, duty, portal }: HandFor<'message'>): Promise<boolean> {
  const links = await doors.links.byMessage(portal.key, duty.message);
  return links.some((link) => link.part === duty.part && link.effect !== owed.id);
}

/** The first event in the portal's present room that stands for a remote message. */
async function linkHere(doors: FlowDoors, portal: Open, message: MessageId): Promise<MessageLink | undefined> {
  const links = await doors.links.byMessage(portal.key, message);
  return links.find((link) => link.room === portal.room && link.removed !== true);
}

async function sendEdit({ doors, owed, duty, portal, puppet }: HandFor<'edit'>): Promise<Outcome> {
  const links = await doors.links.byMessage(portal.key, duty.target);
  const link = links.find((one) => one.part === duty.part);
  if (link === undefined || link.removed === true || shows(link, duty.editedAt)) return {};
  const speaker = await doors.senders.towardsMatrix(portal, owed.sender);
  const body = await readable(doors, duty.body, portal, puppet);
  if (await mayEdit(doors, portal, link, owed, speaker)) {
    await speaker.edit(portal.room, owed.id, link.event, body, aboutOf(doors, owed));
  } else {
    const about = aboutOf(doors, owed, link.room === portal.room ? link.event : undefined);
    await speaker.send(portal.room, owed.id, led('✏️ ', body), about);
  }
  return { edited: [{ effect: link.effect, editedAt: duty.editedAt }] };
}

/**
 * An event of a real Matrix user can be edited only as them, one that stands for several remote messages not by one of them,
 * none by whoever is called otherwise since, and none from another room: then the new text is said anew, in answer to the old one.
 */
async function mayEdit(
  doors: FlowDoors,
  portal: Open,
  link: MessageLink,
  owed: ToMatrix,
  speaker: Speaker,
): Promise<boolean> {
  if (link.room !== portal.room) return false;
  if (link.direction === 'to-matrix') return link.sender === owed.sender;
  return !doors.matrix.isOurs(speaker.user) && (await doors.links.byEvent(link.event)).length === 1;
}

async function redactAll({ doors, owed, duty, portal }: HandFor<'removal'>): Promise<Outcome> {
  const links = (await doors.links.byMessage(portal.key, duty.target)).filter(
    (link) => link.removed !== true && (duty.part === undefined || link.part === duty.part),
  );
  for (const [index, link] of links.entries()) {
    // Out of a room that was replaced nothing can be taken back any more.
    if (link.room !== portal.room || (await standsForOthers(doors, link))) continue;
    await redact(doors, { portal, by: owed.sender, link, id: index === 0 ? owed.id : effectId(owed.id, index) });
  }
  return { removed: links.map((link) => link.effect) };
}

/** A long text written here is one event and several remote messages: it goes when the last of them goes. */
async function standsForOthers(doors: FlowDoors, link: MessageLink): Promise<boolean> {
  const all = await doors.links.byEvent(link.event);
  return all.some((other) => other.removed !== true && other.message !== link.message);
}

async function changeReaction({ doors, owed, duty, portal }: HandFor<'reaction'>): Promise<Outcome> {
  const before = await doors.links.reaction(portal.key, duty.target, owed.sender);
  if (before?.emoji === duty.emoji) return {};
  const speaker = await doors.senders.towardsMatrix(portal, owed.sender);
  if (before !== undefined) await takeBack(doors, portal.room, effectId(owed.id, 'before'), before.event, [speaker]);
  const unreacted = before === undefined ? {} : { unreacted: [before] };
  if (duty.emoji === null) return unreacted;
  const target = await linkHere(doors, portal, duty.target);
  if (target === undefined) return unreacted;
  const event = await speaker.react(portal.room, owed.id, target.event, duty.emoji, aboutOf(doors, owed));
  const reaction = { portal: portal.key, message: duty.target, person: owed.sender, event, emoji: duty.emoji };
  return { ...unreacted, reactions: [reaction] };
}

/** A text behind a sign that needs no language. */
function led(lead: string, body: MessageBody): MessageBody {
  if (body.kind !== 'text') return body;
  const spans = body.text.spans.map((span) => ({ ...span, start: span.start + lead.length }));
  return { ...body, text: { text: lead + body.text.text, spans } };
}

function aboutOf(doors: FlowDoors, owed: ToMatrix, replyTo?: SendAbout['replyTo']): SendAbout {
  const reply = replyTo === undefined ? {} : { replyTo };
  const old = Math.abs(doors.clock.now() - owed.at) > TIME_MATTERS_MS;
  return { ...reply, ...(old ? { at: owed.at } : {}), ...(owed.late ? { late: true } : {}) };
}

/** What cannot be bridged yet, or what is told, becomes a notice in the reader's language, with whatever text came along. */
async function readable(doors: FlowDoors, body: MessageBody, portal: Portal, puppet: Puppet): Promise<MessageBody> {
  if (body.kind === 'told') {
    return { kind: 'text', as: 'notice', text: plainText(render(body.say, await languageOf(doors, puppet.owner))) };
  }
  if (body.kind !== 'unsupported') return await mentionsToMatrix(doors, portal, body);
  const language = await languageOf(doors, puppet.owner);
  const network = titleOf(doors, portal.key.network);
  const lead = render(say('portal.unsupported', { kind: body.what, network }), language);
  const named = await mentionsToMatrix(doors, portal, body);
  const rest = named.kind === 'unsupported' ? named.fallback : undefined;
  const shift = lead.length + 1;
  const text =
    rest === undefined
      ? plainText(lead)
      : { text: `${lead}\n${rest.text}`, spans: rest.spans.map((span) => ({ ...span, start: span.start + shift })) };
  return { kind: 'text', as: 'notice', text };
}
