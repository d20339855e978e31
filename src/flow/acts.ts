// What the bridge does of its own accord, from the queue like everything else: opens portals, tells people things.
import { effectId } from '../model/effect.ts';
import type { BridgeAct, QueueEntry } from '../model/entry.ts';
import { say } from '../model/say.ts';
import { mayBridge, type FlowDoors, type Plan } from './doors.ts';
import { managementRoom } from './management.ts';
import { notice } from './to-network/report.ts';

export async function runAct(doors: FlowDoors, entry: QueueEntry, act: BridgeAct): Promise<Plan> {
  switch (act.kind) {
    case 'tell': {
      const room = await managementRoom(doors, act.user);
      return { do: 'deliver', deliveries: [notice(effectId(entry.key, 0), room, act.user, act.say)] };
    }
    case 'open-portal':
      return await openPortal(doors, entry, act);
  }
}

async function openPortal(
  doors: FlowDoors,
  entry: QueueEntry,
  act: Extract<BridgeAct, { kind: 'open-portal' }>,
): Promise<Plan> {
  const puppet = await doors.puppets.find(act.puppet);
  if (puppet === undefined) return { do: 'nothing', code: 'login-gone' };
  const known = await doors.keeper.know(act.portal, puppet);
  const verdict = await mayBridge(doors, puppet, known.facts);
  if (verdict.effect === 'deny') {
    const room = await managementRoom(doors, act.for);
    return {
      do: 'deliver',
      deliveries: [notice(effectId(entry.key, 'denied'), room, act.for, say('policy.chat-denied-default'))],
    };
  }
  const adopt =
    act.room !== undefined && known.person !== undefined
      ? { room: act.room, as: await doors.senders.ghost(puppet.network, known.person, puppet.id) }
      : undefined;
  const portal = await doors.keeper.ensure(act.portal, puppet, adopt);
  await doors.keeper.bringIn(portal, act.for);
  if (!portal.encrypted) return { do: 'nothing', code: 'opened' };
  const words = say('portal.encryption-forced');
  return { do: 'deliver', deliveries: [notice(effectId(entry.key, 'forced'), portal.room, act.for, words)] };
}
