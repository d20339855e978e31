// Has the house write down what came, and what of it the database never takes shown as that, so that nothing behind it waits; knows
// no network.
import { effectId, originKey } from '../model/effect.ts';
import { RefusedError } from '../model/errors.ts';
import type { NetworkEvent } from '../model/network-event.ts';
import { say } from '../model/say.ts';
import type { NetworkSink } from './network.ts';
import type { LogFacts, Logger, VaultChange } from './stores.ts';

export interface PiecemealDoors {
  readonly sink: Pick<NetworkSink, 'accept' | 'tell'>;
  readonly log: Logger;
  /** Whose news it is. */
  readonly facts: LogFacts;
  /** The network, as people call it. */
  readonly title: string;
}

/** What people wait for, so that they see where it would stand. Of everything else the login's owner is told. */
const SHOWN: ReadonlySet<NetworkEvent['kind']> = new Set(['message', 'edit', 'removal', 'reaction', 'unreadable']);

/**
 * One commit. Where the database refuses it, each event by itself, in order, and what was learnt last: done again after a failure in
 * between, what was written is not written twice.
 * @throws as the sink does, but for RefusedError
 */
export async function acceptPiecemeal(
  doors: PiecemealDoors,
  events: readonly NetworkEvent[],
  vault: readonly VaultChange[],
): Promise<void> {
  const { sink, log, facts } = doors;
  if (await isTaken(async () => await sink.accept(events, vault))) return;
  for (const event of events) {
    if (!(await isTaken(async () => await sink.accept([event])))) await standIn(doors, event);
  }
  if (await isTaken(async () => await sink.accept([], vault))) return;
  for (const change of vault) {
    if (await isTaken(async () => await sink.accept([], [change]))) continue;
    log.error({ ...facts, code: 'unkept' }, 'something that was learnt could not be kept');
  }
}

async function standIn({ sink, log, facts, title }: PiecemealDoors, event: NetworkEvent): Promise<void> {
  const { portal, sender, at, via, kind } = event;
  log.error({ ...facts, code: 'unkept', kind }, 'what came could not be written down, and is shown as that');
  // The key itself may be what is refused.
  const about = effectId(event.key, 'unkept');
  const key = originKey(portal, 'unkept', about);
  const shown: NetworkEvent = { key, portal, sender, at, via, kind: 'unreadable', what: 'kind.other' };
  if (SHOWN.has(kind) && (await isTaken(async () => await sink.accept([shown])))) return;
  const words = say('network.unkept', { network: title });
  if (await isTaken(async () => await sink.tell(`unkept/${about}`, words))) return;
  log.error({ ...facts, code: 'unkept', kind }, 'that something came could not even be said');
}

async function isTaken(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    // Another try would end alike: what becomes of it is up to whoever asked.
    if (!(error instanceof RefusedError)) throw error;
    return false;
  }
}
