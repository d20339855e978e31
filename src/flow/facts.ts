// What rules match a chat on, as its network says it is by now: kept with every portal of the chat, whoever's; knows no wire.
import type { NetworkEvent } from '../model/network-event.ts';
import type { FlowDoors, Plan } from './doors.ts';

/** Done again, it changes nothing. Nobody has to have a room, or be allowed one: a rule may allow it from now on. */
export async function keepFacts(
  doors: Pick<FlowDoors, 'portals' | 'keeper'>,
  { portal: { network, chat }, of, now }: Extract<NetworkEvent, { kind: 'facts' }>,
): Promise<Plan> {
  for (const { key, facts } of await doors.portals.list({ network, chat })) {
    const others = facts.filter((fact) => !fact.startsWith(`${of}:`));
    await doors.keeper.change(key, { facts: [...others, ...now] });
  }
  return { do: 'nothing', code: 'facts' };
}
