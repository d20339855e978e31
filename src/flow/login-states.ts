// What a login's new state means to people: told to its owner, and to administrators when whoever runs the bridge has to act; changes none.
import type { BridgeError } from '../model/errors.ts';
import type { UserId } from '../model/ids.ts';
import type { Puppet, PuppetState } from '../model/records.ts';
import { say } from '../model/say.ts';
import type { Queue } from '../ports/queue.ts';
import type { Clock, Logger } from '../ports/stores.ts';
import { titleOf, type FlowDoors } from './doors.ts';
import { toldInManagement } from './tellings.ts';

export interface StateDoors extends Pick<FlowDoors, 'adapters'> {
  readonly queue: Pick<Queue, 'accept'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Named in the configuration. */
  readonly administrators: readonly UserId[];
}

const DAY_MS = 86_400_000;

/** @param puppet as it was before */
export async function tellState(
  doors: StateDoors,
  puppet: Puppet,
  state: PuppetState,
  why: Puppet['why'],
): Promise<void> {
  if (state === 'offline') return;
  const cause = `state:${puppet.id}/${state}/${why?.key ?? ''}/${whenOf(state, why, doors.clock.now())}`;
  if (why !== undefined) await toldInManagement(doors, puppet.owner, cause, why);
  else if (state === 'online' && isWaitedFor(puppet)) {
    const values = { network: titleOf(doors, puppet.network), name: puppet.name };
    const words = puppet.state === 'online' ? 'state.unlimited' : 'state.resumed';
    await toldInManagement(doors, puppet.owner, cause, say(words, values));
  }
}

/**
 * What tells this news from the same news another time. What ends at a moment, a limit or a ban, is one however often the line drops
 * meanwhile; a limit whose end nobody knows is said once a day.
 */
function whenOf(state: PuppetState, why: Puppet['why'], now: number): string | number {
  if (why?.with?.['until'] !== undefined) return why.with['until'];
  return state === 'online' && why !== undefined ? `day-${Math.floor(now / DAY_MS)}` : now;
}

/** Its person was told to wait, and has to hear when that is over. */
function isWaitedFor({ state, why }: Puppet): boolean {
  return why !== undefined && (state === 'stopped' || state === 'online');
}

/** Once a day for each network and reason, whatever the number of its logins. */
export async function tellAlert(doors: StateDoors, { id, network }: Puppet, why: BridgeError): Promise<void> {
  doors.log.error({ puppet: id, network, code: why.code }, 'a network refuses the bridge: whoever runs it has to act');
  const day = Math.floor(doors.clock.now() / DAY_MS);
  for (const user of doors.administrators) {
    const words = say('state.alert', { network: titleOf(doors, network), code: why.code });
    await toldInManagement(doors, user, `alert:${user}/${network}/${why.code}/${day}`, words);
  }
}
