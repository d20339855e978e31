// What the bridge does of its own accord, from the queue like everything else: opens portals, tells people things.
import { effectId } from '../model/effect.ts';
import type { BridgeAct, QueueEntry } from '../model/entry.ts';
import { plainText } from '../model/message.ts';
import { say } from '../model/say.ts';
import { chatRefusal } from '../policy/refusal.ts';
import { render } from '../words/index.ts';
import { languageOf, mayBridge, titleOf, type FlowDoors, type Plan } from './doors.ts';
import { managementRoom } from './management.ts';
import { reads } from './reading.ts';
import { mirror } from './mirror.ts';
import { markLater, mirrorLater } from './tellings.ts';
import { sayForced } from './rooms.ts';
import { markNewRoom } from './to-matrix/marks.ts';
import { wake } from './to-matrix/same-chat.ts';
import { notice } from './to-network/report.ts';

type Act<Kind extends BridgeAct['kind']> = Extract<BridgeAct, { kind: Kind }>;

const hands: {
  readonly [Kind in BridgeAct['kind']]: (doors: FlowDoors, entry: QueueEntry, act: Act<Kind>) => Promise<Plan>;
} = { tell, say: speak, mirror, mark: markNewRoom, wake, 'open-portal': openPortal };

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
  if (known.room === undefined && known.kind !== 'direct') {
    await mirrorLater(doors, { cause: entry.key, portal: known, puppet: puppet.id });
  }
  if (known.room === undefined) await markLater(doors, { cause: entry.key, portal: known, puppet: puppet.id });
  const ghost =
    act.room === undefined || known.person === undefined
      ? undefined
      : await doors.senders.ghost(puppet.network, known.person, puppet.id);
  const adopt = act.room === undefined || ghost === undefined ? undefined : { room: act.room, as: ghost };
  const portal = await doors.keeper.ensure(act.portal, puppet, adopt);
  await doors.keeper.bringIn(portal, act.for);
  if (portal.encrypted) await sayForced(doors, portal, act.for);
  if (adopt !== undefined && adopt.room !== portal.room) {
    // Another cause opened the chat's room meanwhile, or this one lets no bot in: the ghost sends its person there.
    const words = render(say('room.ghost-elsewhere', { room: portal.room }), await languageOf(doors, act.for));
    const body = { kind: 'text', as: 'notice', text: plainText(words) } as const;
    await adopt.as.send(adopt.room, effectId(entry.key, 'elsewhere'), body);
    await adopt.as.leave(adopt.room);
  }
  doors.log.debug({ network: titleOf(doors, act.portal.network), kind: 'open-portal' }, 'portal asked for');
  return { do: 'nothing', code: 'opened' };
}
