// What the bridge does of its own accord, from the queue like everything else: opens portals, tells people things.
import { effectId } from '../model/effect.ts';
import type { BridgeAct, QueueEntry } from '../model/entry.ts';
import type { RoomId } from '../model/ids.ts';
import { plainText } from '../model/message.ts';
import { say } from '../model/say.ts';
import { chatRefusal } from '../policy/refusal.ts';
import type { Speaker } from '../ports/matrix.ts';
import { render } from '../words/index.ts';
import { languageOf, mayBridge, titleOf, type FlowDoors, type Plan } from './doors.ts';
import { nextLook } from './looks.ts';
import { managementRoom } from './management.ts';
import { reads } from './reading.ts';
import { mirror } from './mirror.ts';
import { markLater, mirrorLater, outOfSpacesLater } from './tellings.ts';
import { makeGroup } from './room-to-group.ts';
import { sayForced } from './rooms.ts';
import { markNewRoom } from './to-matrix/marks.ts';
import { wake } from './to-matrix/same-chat.ts';
import { notice } from './to-network/report.ts';

type Act<Kind extends BridgeAct['kind']> = Extract<BridgeAct, { kind: Kind }>;

const hands: {
  readonly [Kind in BridgeAct['kind']]: (doors: FlowDoors, entry: QueueEntry, act: Act<Kind>) => Promise<Plan>;
} = {
  tell,
  say: speak,
  mirror,
  mark: markNewRoom,
  wake,
  'open-portal': openPortal,
  'make-group': makeGroup,
  'out-of-spaces': leaveSpaces,
};

/** Between two looks whether the room is the chat's no more, in ms; given up after a minute: it is one's again, or still. */
const MOVED_MS = [100, 5_000] as const;
const MOVED_AFTER_MS = 60_000;

export async function runAct<Kind extends BridgeAct['kind']>(
  doors: FlowDoors,
  entry: QueueEntry,
  act: Extract<BridgeAct, { kind: Kind }>,
): Promise<Plan> {
  const hand = hands[act.kind] as (doors: FlowDoors, entry: QueueEntry, act: BridgeAct) => Promise<Plan>;
  return await hand(doors, entry, act);
}

async function tell(doors: FlowDoors, entry: QueueEntry, act: Act<'tell'>): Promise<Plan> {
  if (act.show !== undefined && act.show.until <= doors.clock.now()) return { do: 'nothing', code: 'stale' };
  const room = await managementRoom(doors, act.user);
  const told = notice(effectId(entry.key, 0), room, act.user, act.say);
  const { show, ends } = act;
  const more = { ...(show === undefined ? {} : { show }), ...(ends === undefined ? {} : { ends }) };
  return { do: 'deliver', deliveries: [{ ...told, ...more }] };
}

async function speak(_doors: FlowDoors, entry: QueueEntry, act: Act<'say'>): Promise<Plan> {
  const said = notice(effectId(entry.key, 0), act.room, act.reader, act.say);
  const { replyTo, tone } = act;
  return await Promise.resolve({
    do: 'deliver',
    deliveries: [{ ...said, ...(replyTo === undefined ? {} : { replyTo }), ...(tone === undefined ? {} : { tone }) }],
  });
}

async function openPortal(doors: FlowDoors, entry: QueueEntry, act: Act<'open-portal'>): Promise<Plan> {
  const puppet = await doors.puppets.find(act.puppet);
  if (puppet === undefined) return { do: 'nothing', code: 'login-gone' };
  const known = await doors.keeper.know(act.portal, puppet);
  const verdict = await mayBridge(doors, puppet, known.facts);
  if (verdict.effect === 'deny') {
    const room = await managementRoom(doors, act.for);
    return { do: 'deliver', deliveries: [notice(effectId(entry.key, 'denied'), room, act.for, chatRefusal(verdict))] };
  }
  await reads(doors, entry.key, known, puppet);
  if (known.kind !== 'direct' && (known.room === undefined || act.room !== undefined)) {
    await mirrorLater(doors, { cause: entry.key, portal: known, puppet: puppet.id });
  }
  if (known.room === undefined) await markLater(doors, { cause: entry.key, portal: known, puppet: puppet.id });
  if (known.kind !== 'direct' && known.room !== undefined && act.room !== undefined && act.room !== known.room) {
    // Somebody spoke in the group before this: what they said opened a room, and the people are in the other one.
    await sayElsewhere(doors, entry, act, doors.matrix.bot, known.room, act.room);
    const asked = { cause: entry.key, portal: known.key, room: known.room, instead: act.room };
    await outOfSpacesLater(doors, asked);
    await doors.keeper.move(known, act.room, await doors.matrix.isEncrypted(act.room));
    return { do: 'nothing', code: 'moved' };
  }
  const speaker =
    known.kind !== 'direct'
      ? doors.matrix.bot
      : known.person === undefined
        ? undefined
        : await doors.senders.ghost(puppet.network, known.person, puppet.id);
  const adopt = act.room === undefined || speaker === undefined ? undefined : { room: act.room, as: speaker };
  const portal = await doors.keeper.ensure(act.portal, puppet, adopt);
  await doors.keeper.bringIn(portal, act.for);
  if (portal.encrypted) await sayForced(doors, portal, act.for);
  if (adopt !== undefined && adopt.room !== portal.room) {
    // Another cause opened the chat's room meanwhile, or this one lets no bot in: the ghost sends its person there.
    await sayElsewhere(doors, entry, act, adopt.as, adopt.room, portal.room);
    await adopt.as.leave(adopt.room);
  }
  doors.log.debug({ network: titleOf(doors, act.portal.network), kind: 'open-portal' }, 'portal asked for');
  return { do: 'nothing', code: 'opened' };
}

async function sayElsewhere(
  doors: FlowDoors,
  entry: QueueEntry,
  act: Act<'open-portal'>,
  by: Speaker,
  from: RoomId,
  room: RoomId,
): Promise<void> {
  const words = render(say('room.ghost-elsewhere', { room }), await languageOf(doors, act.for));
  await by.send(from, effectId(entry.key, 'elsewhere'), { kind: 'text', as: 'notice', text: plainText(words) });
}

/** Asked for before the room is the chat's no more, so that no crash forgets it. */
async function leaveSpaces(doors: FlowDoors, entry: QueueEntry, act: Act<'out-of-spaces'>): Promise<Plan> {
  const { portal, room, instead } = act;
  if ((await doors.portals.byRoom(room)) !== undefined) {
    if (doors.clock.now() - entry.receivedAt >= MOVED_AFTER_MS) return { do: 'nothing', code: 'still-its-room' };
    return { do: 'wait', ms: nextLook(doors, entry.receivedAt, MOVED_MS), code: 'still-its-room' };
  }
  await doors.keeper.outOfSpaces(portal, room, instead);
  return { do: 'nothing', code: 'out-of-spaces' };
}
