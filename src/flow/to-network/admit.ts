// Whether what somebody did here may go to the network, and through whose login; what it owes there; touches no wire.
import type { Delivery, NetworkAction } from '../../model/delivery.ts';
import { effectId } from '../../model/effect.ts';
import type { QueueEntry } from '../../model/entry.ts';
import type { EventId } from '../../model/ids.ts';
import type { MatrixOrigin } from '../../model/matrix-event.ts';
import type { Portal, Puppet } from '../../model/records.ts';
import { say } from '../../model/say.ts';
import { chatRefusal } from '../../policy/refusal.ts';
import { closedWords, mayBridge, titleOf, type FlowDoors, type Plan } from '../doors.ts';
import { sayOnce } from '../tellings.ts';
import { refusal } from './report.ts';

/** The login that carries it, or what becomes of it instead. */
export type Admitted =
  { readonly puppet: Puppet; readonly plan?: undefined } | { readonly plan: Plan; readonly puppet?: undefined };

export async function admit(
  doors: FlowDoors,
  entry: QueueEntry,
  event: MatrixOrigin,
  portal: Portal,
): Promise<Admitted> {
  if (portal.state !== 'open') {
    return { plan: refusal(entry, event, say(closedWords(portal.state))) };
  }
  const puppet = await doors.senders.towardsNetwork(portal, event.sender);
  if (puppet === undefined) return { plan: await noLogin(doors, event, portal) };
  if (puppet.state === 'paused') {
    return { plan: refusal(entry, event, puppet.why ?? say('chat.denied-default')) };
  }
  const verdict = await mayBridge(doors, puppet, portal.facts);
  return verdict.effect === 'deny' ? { plan: refusal(entry, event, chatRefusal(verdict)) } : { puppet };
}

export interface Owing {
  readonly entry: QueueEntry;
  readonly event: MatrixOrigin;
  readonly portal: Portal;
  readonly puppet: Puppet;
}

/** `about` = the Matrix event that what is sent stands for. */
export function owe(
  { entry, event, portal, puppet }: Owing,
  about: EventId,
  list: readonly NetworkAction[],
): Extract<Plan, { do: 'deliver' }> {
  return {
    do: 'deliver',
    deliveries: list.map((action, part): Delivery => ({
      id: effectId(entry.key, part),
      to: 'network',
      puppet: puppet.id,
      portal: portal.key,
      action,
      event: about,
      part,
      author: event.sender,
      room: event.room,
      at: event.at,
    })),
  };
}

/** Said once per person and room. */
async function noLogin(doors: FlowDoors, event: MatrixOrigin, portal: Portal): Promise<Plan> {
  const network = titleOf(doors, portal.key.network);
  const words = say('portal.no-login', { network, login: portal.key.network, bot: doors.matrix.bot.user });
  await sayOnce(doors, {
    key: `no-login:${event.room}|${event.sender}`,
    room: event.room,
    reader: event.sender,
    words,
  });
  return { do: 'nothing', code: 'no-login' };
}
