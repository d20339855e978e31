// Performs one action on the author's live line and keeps the link; knows no wire.
import { BridgeError } from '../../model/errors.ts';
import { isAboutGroup, type ActionKind, type Delivery, type GroupAction } from '../../model/delivery.ts';
import { effectId } from '../../model/effect.ts';
import type { Outcome, QueueEntry } from '../../model/entry.ts';
import type { ActionReceipt, NetworkSession } from '../../ports/network.ts';
import type { EffectId, RoomId } from '../../model/ids.ts';
import type { MediaSource } from '../../model/message.ts';
import type { Portal, Puppet, ReactionLink } from '../../model/records.ts';
import { mayHaveBeenCarried } from '../after-restore.ts';
import { closedWords, denied, mayBridge, titleOf, type FlowDoors } from '../doors.ts';
import { takeBack } from '../take-back.ts';
import { mirrorLater, sayOnce } from '../tellings.ts';
import { isOvertaken, saidBy, wordsDone } from '../wordings.ts';
import { wordsOf } from './answered.ts';
import { tellTimer } from './timer.ts';
import { inTime } from './too-late.ts';

/** Longer than any restart that goes well, shorter than any network's memory of ids, in ms. */
const AGAIN_AFTER_MS = 60_000;

type Owed = Extract<Delivery, { to: 'network' }>;

interface OpenLine {
  readonly puppet: Puppet;
  readonly session: NetworkSession;
  readonly portal: Portal | undefined;
}

/** What can be the first that somebody hears of a person; everything else is about what was said before. */
const BEGINNING: ReadonlySet<ActionKind> = new Set(['send', 'set-timer']);

export async function deliverToNetwork(doors: FlowDoors, entry: QueueEntry, planned: Owed): Promise<Outcome> {
  // The chat may have turned out to be another one since this was written down: what is linked, and what rules say, is that one's.
  const portal = await doors.keeper.find(planned.portal);
  const owed = portal === undefined ? planned : { ...planned, portal: portal.key };
  const again = mayBeUnderWay(doors, entry);
  // A link is kept in the commit that ends its entry, or in that of a frozen part: before the first try there is none.
  const mayBeDone = owed.action.kind === 'send' && (again || entry.parts.length > 0);
  if (mayBeDone && (await doors.links.byEffect(owed.id)) !== undefined) return {};
  const line = await openLine(doors, entry, owed, portal);
  const { action } = owed;
  if (isAboutGroup(action)) return await changeGroup(doors, entry, { ...owed, action }, line);
  await mayBegin(doors, line, owed);
  const window = await inTime(doors, owed);
  const editedAt = changedAt(entry, owed);
  const receipt = await line.session.perform(owed.action, saidUnder(doors, editedAt, owed), {
    since: entry.receivedAt,
    again,
    ...(editedAt === undefined ? {} : { editedAt }),
    ...(window === undefined ? {} : { inTime: window }),
    isLinked: async (message) => (await doors.links.byMessage(owed.portal, message)).length > 0,
    open: async (source) => await doors.matrix.openMedia(source),
    wordsOf: async (message) => await wordsOf(doors, owed.portal, message),
    heardBefore: async () => await doors.links.anyIn(owed.portal, 'to-matrix'),
  });
  // It may have turned out while this was held back or under way.
  const now = (await doors.keeper.find(planned.portal))?.key ?? owed.portal;
  return await outcomeOf(doors, { ...owed, portal: now }, receipt);
}

/** Refused for good, it is said and the room put back: nobody has to decide anything, and nothing pretends to have worked. */
async function changeGroup(
  doors: FlowDoors,
  entry: QueueEntry,
  owed: Owed & { readonly action: GroupAction },
  line: OpenLine,
): Promise<Outcome> {
  const { action, portal: key, room, author, event, part } = owed;
  const again = mayBeUnderWay(doors, entry);
  const cause = `${entry.key}/${part}`;
  const portal = { key };
  if (await isOvertaken(doors, entry, owed)) {
    doors.log.info({ room, kind: action.kind, code: 'overtaken' }, 'a group is called something newer by now');
    return {};
  }
  try {
    await mayBegin(doors, line, owed);
    const receipt = await line.session.perform(action, owed.id, {
      since: entry.receivedAt,
      again,
      isLinked: async () => await Promise.resolve(false),
      open: async (source) => await doors.matrix.openMedia(source),
      heardBefore: async () => await doors.links.anyIn(owed.portal, 'to-matrix'),
    });
    if (action.kind === 'set-picture') await pictureSet(doors, room, action.picture, receipt);
  } catch (error) {
    if (saidBy(action) !== undefined && isUndone(error)) await doors.matrix.wordings.forget(room, owed.id);
    if (!(error instanceof BridgeError) || error.retry !== 'never') throw error;
    doors.log.info({ code: error.code, kind: action.kind }, 'a change of a group was refused');
    const words = { key: `refused:${cause}`, room, reader: author, words: error.human, replyTo: event };
    await sayOnce(doors, { ...words, tone: 'refusal' });
    const back = action.kind === 'expel' ? [action.person] : [];
    await mirrorLater(doors, { cause, portal, puppet: owed.puppet, back });
    return {};
  }
  if (action.kind === 'set-timer') await tellTimer(doors, entry, owed, action.seconds);
  // What came back of it, and of what followed, has been kept in that order.
  const last = saidBy(action) !== undefined && (await wordsDone(doors, owed));
  if (action.kind === 'rename' && last) await doors.keeper.change(key, { name: action.name });
  // Somebody who was in the group already comes by no news of the network.
  if (action.kind === 'add')
    await mirrorLater(doors, { cause, portal, puppet: owed.puppet, back: [action.person], only: 'people' });
  return {};
}

/** It surely was not done. */
function isUndone(error: unknown): boolean {
  return error instanceof BridgeError && !error.mayHaveHappened;
}

/** What comes back of it is known, and leaves the room as it is. One that got no name over there comes back as any other. */
async function pictureSet(
  doors: FlowDoors,
  room: RoomId,
  picture: MediaSource | null,
  { picture: hash, at }: ActionReceipt,
): Promise<void> {
  const shown = picture?.from !== 'matrix' || hash === undefined ? undefined : { hash, uri: picture.uri };
  const known = picture === null || shown !== undefined;
  await doors.matrix.pictures.keep(room, shown, ...(known ? [at] : []));
}

/** When the words were changed while they were put aside, epoch ms. */
function changedAt({ payload }: QueueEntry, { action }: Owed): number | undefined {
  return payload.from === 'matrix' && action.kind === 'send' ? payload.editedAt : undefined;
}

/** Words that were changed while they were put aside must not be taken for those that an earlier try may have brought. */
function saidUnder({ adapters }: FlowDoors, editedAt: number | undefined, { id, portal }: Owed): EffectId {
  const same = editedAt === undefined || adapters.get(portal.network)?.capabilities.rewords === true;
  return same ? id : effectId(id, editedAt);
}

/** A fresh entry may have been under way when its worker died; one that is a while old is looked for as well. */
function mayBeUnderWay(doors: FlowDoors, entry: QueueEntry): boolean {
  const { payload, attempts, receivedAt } = entry;
  const happened = payload.from === 'matrix' ? doors.read(payload.event).at : receivedAt;
  return attempts > 0 || doors.clock.now() - receivedAt > AGAIN_AFTER_MS || mayHaveBeenCarried(doors, happened);
}

/** The chat may have been opened when a rule still allowed it. @throws BridgeError */
async function mayBegin(doors: FlowDoors, { puppet, session, portal }: OpenLine, { action }: Owed): Promise<void> {
  const { beginnings } = doors;
  const why =
    action.kind === 'add'
      ? // Whoever does not let themselves be added may get an invitation as a private message.
        await beginnings.refusalOf(puppet, session, await session.describeChat(session.directChat(action.person)))
      : portal !== undefined && BEGINNING.has(action.kind)
        ? await beginnings.refusal(puppet, session, portal)
        : undefined;
  if (why !== undefined) throw new BridgeError('start-denied', 'never', why.key, { values: why.with ?? {} });
}

async function openLine(
  doors: FlowDoors,
  entry: QueueEntry,
  owed: Owed,
  portal: Portal | undefined,
): Promise<OpenLine> {
  const network = titleOf(doors, owed.portal.network);
  const puppet = await doors.puppets.find(owed.puppet);
  if (puppet === undefined || puppet.state === 'signed-out') {
    throw new BridgeError('signed-out', 'after-login', 'portal.signed-out', {
      values: { network, login: owed.portal.network, bot: doors.matrix.bot.user },
    });
  }
  if (entry.parts.length > 0) {
    const state = portal?.state ?? 'open';
    if (state !== 'open') throw new BridgeError(`portal-${state}`, 'never', closedWords(state));
    const verdict = await mayBridge(doors, puppet, portal?.facts ?? []);
    if (verdict.effect === 'deny') throw denied(verdict);
  }
  const session = doors.session(owed.puppet);
  if (session === undefined) {
    throw new BridgeError('login-offline', 'later', 'network.unreachable', { values: { network } });
  }
  return { puppet, session, portal };
}

async function outcomeOf(doors: FlowDoors, owed: Owed, receipt: ActionReceipt): Promise<Outcome> {
  const { action } = owed;
  if (isAboutGroup(action)) return {};
  switch (action.kind) {
    case 'send': {
      if (receipt.message === undefined) return {};
      const link = {
        portal: owed.portal,
        message: receipt.message,
        part: owed.part,
        event: owed.event,
        room: owed.room,
        effect: owed.id,
        direction: 'to-network',
        sender: owed.author,
        at: receipt.at,
      } as const;
      return { links: [link] };
    }
    case 'edit': {
      const links = await doors.links.byMessage(owed.portal, action.target);
      const editedAt = receipt.editedAt ?? receipt.at;
      return { edited: links.map((link) => ({ effect: link.effect, editedAt })) };
    }
    case 'remove': {
      const links = await doors.links.byMessage(owed.portal, action.target);
      return { removed: links.map((link) => link.effect) };
    }
    case 'react': {
      const puppet = await doors.puppets.find(owed.puppet);
      if (puppet === undefined) return {};
      const before = await doors.links.reaction(owed.portal, action.target, puppet.self);
      if (before !== undefined && action.emoji !== null && before.event !== owed.event)
        await replaced(doors, owed, before);
      if (action.emoji === null) return before === undefined ? {} : { unreacted: [before] };
      const reaction = {
        portal: owed.portal,
        message: action.target,
        person: puppet.self,
        event: owed.event,
        emoji: action.emoji,
      };
      return { reactions: [reaction] };
    }
  }
}

/** Everybody has one reaction to a message over there: the former one goes here too. */
async function replaced(doors: FlowDoors, owed: Owed, { event }: ReactionLink): Promise<void> {
  try {
    const author = await doors.matrix.double(owed.author);
    await takeBack(doors, owed.room, effectId(owed.id, 'before'), event, [author]);
  } catch (error) {
    if (!(error instanceof BridgeError) || error.retry !== 'never') throw error;
    // Nobody of the bridge may in this room: it stands beside the new one.
    doors.log.info({ room: owed.room, code: error.code }, 'a former reaction stays');
  }
}
