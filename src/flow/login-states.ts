// What a login's new state means to people: told to its owner, and to administrators when whoever runs the bridge has to act; changes none.
import type { BridgeError } from '../model/errors.ts';
import type { UserId } from '../model/ids.ts';
import type { Puppet, PuppetState, Wait } from '../model/records.ts';
import { isSame, say } from '../model/say.ts';
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
  const known = puppet.waits?.some((wait) => wait.state === state && isSame(wait.why, why)) === true;
  if (why !== undefined && !known) await toldInManagement(doors, puppet.owner, cause, why);
}

/** What a login's person was told to wait for is over: said once for each wait that was told. */
export async function tellOver(doors: StateDoors, { id, owner, network, name }: Puppet, wait: Wait): Promise<void> {
  const words = wait.state === 'online' ? 'state.unlimited' : 'state.resumed';
  const { state, why, since } = wait;
  const cause = `over:${id}/${state}/${isVague(state, why) ? dayOf(since) : since}`;
  await toldInManagement(doors, owner, cause, say(words, { network: titleOf(doors, network), name }));
}

/**
 * What tells this news from the same news another time. What ends at a moment, a limit or a ban, is one until then; a limit whose end
 * nobody knows comes and goes, and is told once a day.
 */
function whenOf(state: PuppetState, why: Puppet['why'], now: number): string | number {
  return why?.with?.['until'] ?? (isVague(state, why) ? dayOf(now) : now);
}

function isVague(state: PuppetState, why: Puppet['why']): boolean {
  return state === 'online' && why !== undefined && why.with?.['until'] === undefined;
}

function dayOf(at: number): string {
  return `day-${Math.floor(at / DAY_MS)}`;
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
