// A table from each kind of duty to the hand that does it on Matrix, keeping the links; knows no wire.
import type { Delivery, MatrixDuty } from '../../model/delivery.ts';
import { effectId } from '../../model/effect.ts';
import type { Outcome, QueueEntry } from '../../model/entry.ts';
import { BridgeError } from '../../model/errors.ts';
import type { RoomId } from '../../model/ids.ts';
import { plainText, type MessageBody } from '../../model/message.ts';
import type { Portal, Puppet } from '../../model/records.ts';
import { say } from '../../model/say.ts';
import type { SendAbout, Speaker } from '../../ports/matrix.ts';
import { render } from '../../words/index.ts';
import { languageOf, titleOf, type FlowDoors } from '../doors.ts';
import { wordsFor } from '../to-network/report.ts';

type ToMatrix = Extract<Delivery, { to: 'matrix' }>;
type Owed = Exclude<Delivery, { to: 'network' }>;
type Open = Portal & { room: RoomId };

/** Duties done in a portal's room. */
type RoomDuty = Exclude<MatrixDuty, { kind: 'person' }>;

interface Hand<Duty> {
  readonly doors: FlowDoors;
  readonly owed: ToMatrix;
  readonly duty: Duty;
  readonly portal: Open;
  readonly puppet: Puppet | undefined;
  readonly look: boolean;
}

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
};

export async function deliverToMatrix(doors: FlowDoors, entry: QueueEntry, owed: Owed): Promise<Outcome> {
  if (owed.to === 'room') {
    const body = { kind: 'text', as: 'notice', text: plainText(await wordsFor(doors, owed)) } as const;
    await doors.matrix.bot.send(owed.room, owed.id, body, owed.replyTo === undefined ? {} : { replyTo: owed.replyTo });
    return {};
  }
  if (entry.payload.from !== 'network') throw new Error('a duty to Matrix comes from a network');
  if (owed.duty.kind === 'person') {
    await doors.matrix.ghost(owed.portal.network, owed.duty.person.id, owed.duty.person);
    return {};
  }
  const puppet = await doors.puppets.find(entry.payload.puppet);
  const look = doors.settings.lookFirst || (entry.attempts > 0 && doors.clock.now() - entry.receivedAt > LOOK_AFTER_MS);
  const portal = await openPortal(doors, owed, puppet);
  return await perform(owed.duty, { doors, owed, portal, puppet, look });
}

async function perform<Kind extends RoomDuty['kind']>(
  duty: Extract<RoomDuty, { kind: Kind }>,
  context: Omit<Hand<never>, 'duty'>,
): Promise<Outcome> {
  const hand = hands[duty.kind] as (hand: Hand<typeof duty>) => Promise<Outcome>;
  return await hand({ ...context, duty });
}

async function openPortal(doors: FlowDoors, owed: ToMatrix, puppet: Puppet | undefined): Promise<Open> {
  if (puppet === undefined) throw new BridgeError('login-gone', 'never', 'fault.internal');
  return await doors.keeper.ensure(owed.portal, puppet);
}

async function sendMessage({
  doors,
  owed,
  duty,
  portal,
  puppet,
  look,
}: Hand<Extract<MatrixDuty, { kind: 'message' }>>): Promise<Outcome> {
  const speaker = await doors.senders.towardsMatrix(portal, owed.sender);
  const found = look ? await doors.matrix.findDelivered(portal.room, owed.id) : undefined;
  const replied =
    duty.replyTo === undefined ? undefined : (await doors.links.byMessage(portal.key, duty.replyTo)).at(0);
  const about = aboutOf(doors, owed, replied?.event);
  const body = await readable(doors, duty.body, portal, puppet);
  const event = found ?? (await speaker.send(portal.room, owed.id, body, about));
  const link = {
    portal: portal.key,
    message: duty.message,
    part: duty.part,
    event,
    room: portal.room,
    effect: owed.id,
    direction: 'to-matrix',
    sender: owed.sender,
    at: owed.at,
  } as const;
  return { links: [link] };
}

async function sendEdit({
  doors,
  owed,
  duty,
  portal,
  puppet,
}: Hand<Extract<MatrixDuty, { kind: 'edit' }>>): Promise<Outcome> {
  const links = await doors.links.byMessage(portal.key, duty.target);
  const link = links.find((one) => one.part === duty.part);
  if (link === undefined || link.removed === true || (link.editedAt ?? 0) >= duty.editedAt) return {};
  const speaker = await speakerOfLink(doors, portal, owed, link.direction);
  const body = await readable(doors, duty.body, portal, puppet);
  await speaker.edit(portal.room, owed.id, link.event, body, aboutOf(doors, owed));
  return { edited: [{ effect: link.effect, editedAt: duty.editedAt }] };
}

/** An event of a real Matrix user can be edited only as them; without a double puppet the edit is said by the ghost anew. */
async function speakerOfLink(
  doors: FlowDoors,
  portal: Open,
  owed: ToMatrix,
  direction: 'to-matrix' | 'to-network',
): Promise<Speaker> {
  const speaker = await doors.senders.towardsMatrix(portal, owed.sender);
  if (direction === 'to-network' && doors.matrix.isOurs(speaker.user)) {
    throw new BridgeError('cannot-edit-as-person', 'never', 'fault.homeserver');
  }
  return speaker;
}

async function redactAll({
  doors,
  owed,
  duty,
  portal,
}: Hand<Extract<MatrixDuty, { kind: 'removal' }>>): Promise<Outcome> {
  const links = (await doors.links.byMessage(portal.key, duty.target)).filter((link) => link.removed !== true);
  // The bot redacts: it made the room, so it may, whoever wrote the event and whoever removed it over there.
  for (const [index, link] of links.entries()) {
    await doors.matrix.bot.redact(portal.room, index === 0 ? owed.id : effectId(owed.id, index), link.event);
  }
  return { removed: links.map((link) => link.effect) };
}

async function changeReaction({
  doors,
  owed,
  duty,
  portal,
}: Hand<Extract<MatrixDuty, { kind: 'reaction' }>>): Promise<Outcome> {
  const before = await doors.links.reaction(portal.key, duty.target, owed.sender);
  if (before?.emoji === duty.emoji) return {};
  const speaker = await doors.senders.towardsMatrix(portal, owed.sender);
  if (before !== undefined) await doors.matrix.bot.redact(portal.room, effectId(owed.id, 'before'), before.event);
  const unreacted = before === undefined ? {} : { unreacted: [before] };
  if (duty.emoji === null) return unreacted;
  const target = (await doors.links.byMessage(portal.key, duty.target)).at(0);
  if (target === undefined) return unreacted;
  const event = await speaker.react(portal.room, owed.id, target.event, duty.emoji, aboutOf(doors, owed));
  const reaction = { portal: portal.key, message: duty.target, person: owed.sender, event, emoji: duty.emoji };
  return { ...unreacted, reactions: [reaction] };
}

async function changeChat({ doors, duty, portal }: Hand<Extract<MatrixDuty, { kind: 'chat' }>>): Promise<Outcome> {
  const { name } = duty.change;
  if (name === undefined || name === portal.name) return {};
  await doors.matrix.setRoomName(portal.room, name);
  await doors.portals.save({ ...portal, name });
  return {};
}

async function changeMembership({
  doors,
  owed,
  duty,
  portal,
  puppet,
}: Hand<Extract<MatrixDuty, { kind: 'membership' }>>): Promise<Outcome> {
  const ghost = await doors.senders.ghost(portal.key.network, duty.person, puppet?.id);
  if (duty.now === 'out') {
    await ghost.leave(portal.room);
    return {};
  }
  for (const own of await doors.puppets.ofAccount(owed.portal.network, duty.person))
    await doors.keeper.bringIn(portal, own.owner);
  return {};
}

function aboutOf(doors: FlowDoors, owed: ToMatrix, replyTo?: SendAbout['replyTo']): SendAbout {
  const reply = replyTo === undefined ? {} : { replyTo };
  const old = Math.abs(doors.clock.now() - owed.at) > TIME_MATTERS_MS;
  return { ...reply, ...(old ? { at: owed.at } : {}), ...(owed.late ? { late: true } : {}) };
}

/** What cannot be bridged yet becomes a notice in the reader's language, with whatever text came along. */
async function readable(
  doors: FlowDoors,
  body: MessageBody,
  portal: Portal,
  puppet: Puppet | undefined,
): Promise<MessageBody> {
  if (body.kind !== 'unsupported') return body;
  const language = puppet === undefined ? doors.settings.defaultLanguage : await languageOf(doors, puppet.owner);
  const network = titleOf(doors, portal.key.network);
  const lead = render(say('portal.unsupported', { kind: body.what, network }), language);
  const rest = body.fallback;
  const shift = lead.length + 1;
  const text =
    rest === undefined
      ? plainText(lead)
      : { text: `${lead}\n${rest.text}`, spans: rest.spans.map((span) => ({ ...span, start: span.start + shift })) };
  return { kind: 'text', as: 'notice', text };
}
