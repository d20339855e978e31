// Ends a login whose process died: undone on its network where it was linked already, told to its person, forgotten; knows no wire.
import type { NetworkId } from '../model/ids.ts';
import { say, type Say } from '../model/say.ts';
import type { Leftover } from '../ports/login.ts';
import type { NetworkAdapter } from '../ports/network.ts';
import type { Logger, PuppetStore } from '../ports/stores.ts';
import type { AttemptMarks, OpenAttempt } from './attempt-marks.ts';
import { attemptCause, type LoginNotice } from './login-attempt.ts';

export interface BurialDoors {
  readonly adapters: ReadonlyMap<NetworkId, NetworkAdapter>;
  readonly puppets: PuppetStore;
  readonly marks: AttemptMarks;
  readonly log: Logger;
  readonly onNotice: (notice: LoginNotice) => Promise<void>;
}

/**
 * Whoever calls it holds the attempt's lease. Again after a crash: what is undone stays undone, and it is told once. Of a network that
 * is switched off nobody knows what is linked: it waits until that is on again.
 */
export async function buryAttempt(doors: BurialDoors, { user, network, id, codes }: OpenAttempt): Promise<void> {
  const { adapters, puppets, marks, log } = doors;
  const adapter = adapters.get(network);
  if (adapter === undefined) return;
  const stands = async (puppet: Parameters<PuppetStore['find']>[0]): Promise<boolean> =>
    ((await puppets.find(puppet))?.state ?? 'signed-out') !== 'signed-out';
  const leftover: Leftover = (await adapter.undoLogin?.(user, stands)) ?? { kind: 'nothing' };
  log.info({ network, kind: leftover.kind }, 'a login whose process died is ended');
  const words = await wordsOf(doors, network, adapter.title, leftover);
  const ends = codes.length === 0 ? {} : { ends: codes };
  await doors.onNotice({ user, network, cause: attemptCause(id, 'end'), say: words, ...ends });
  // A mark of a secret question stays: what its person types next may be the answer.
  const asked = (await marks.of(user)).some((mark) => mark.network === network && mark.secret);
  if (!asked) await marks.clear(user, network);
  await marks.close({ user, network });
}

async function wordsOf(doors: BurialDoors, network: NetworkId, title: string, left: Leftover): Promise<Say> {
  const values = { network: title, login: network };
  if (left.kind === 'undone') return say('login.undone', values);
  if (left.kind === 'linked') return say('login.still-linked', { ...values, device: left.device });
  const puppet = left.kind === 'kept' ? await doors.puppets.find(left.puppet) : undefined;
  if (puppet !== undefined) return say('login.done', { network: title, name: puppet.name });
  return say('command.login-interrupted', values);
}
