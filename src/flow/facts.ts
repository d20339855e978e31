// What rules match a chat on, as its network says it is by now: kept with every portal of the chat, whoever's; knows no wire.
import type { NetworkEvent } from '../model/network-event.ts';
import type { FlowDoors, Plan } from './doors.ts';

type Facts = Extract<NetworkEvent, { kind: 'facts' }>;

/** Done again, it changes nothing. Nobody has to have a room, or be allowed one: a rule may allow it from now on. */
export async function keepFacts(doors: Pick<FlowDoors, 'portals'>, event: Facts): Promise<Plan> {
  // Portals of other logins are changed in lanes of theirs at the same time, above all when two chats turn out to be one.
  while (!(await areKept(doors, event)));
  return { do: 'nothing', code: 'facts' };
}

/** @returns false where somebody else changed what was just read */
async function areKept({ portals }: Pick<FlowDoors, 'portals'>, { portal, of, now }: Facts): Promise<boolean> {
  let kept = true;
  for (const { key, facts } of await portals.list({ network: portal.network, chat: portal.chat })) {
    const others = facts.filter((fact) => !fact.startsWith(`${of}:`));
    if (facts.length === others.length + now.length && now.every((fact) => facts.includes(fact))) continue;
    if ((await portals.change(key, { facts: [...others, ...now] }, undefined, facts)) === undefined) kept = false;
  }
  return kept;
}
