// What a login's person hears of a chat that no rule lets them have; knows no wire.
import { portalKeyText } from '../../model/ids.ts';
import type { Portal, Puppet } from '../../model/records.ts';
import type { Verdict } from '../../model/rules.ts';
import { inboundRefusal } from '../../policy/refusal.ts';
import { titleOf, type FlowDoors, type Plan } from '../doors.ts';
import { toldInManagement } from '../tellings.ts';

/** Whoever is refused hears why: the login's person, once per chat and rule. */
export async function refused(doors: FlowDoors, portal: Portal, puppet: Puppet, verdict: Verdict): Promise<Plan> {
  const [rule] = verdict.because;
  const network = titleOf(doors, portal.key.network);
  const chat = portal.name ?? portal.key.chat;
  const cause = `denied:${portalKeyText(portal.key)}/${puppet.id}/${rule?.id ?? 'default'}`;
  await toldInManagement(doors, puppet.owner, cause, inboundRefusal(verdict, network, chat));
  return { do: 'nothing', code: 'denied' };
}
