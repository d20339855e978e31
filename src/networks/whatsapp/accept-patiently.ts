// Writes down what was learnt beside the messages: a database that is away is waited for as long as the line is open. Knows nothing of
// what it writes.
import type { PuppetId } from '../../model/ids.ts';
import type { NetworkEvent } from '../../model/network-event.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { patiently } from '../../ports/patiently.ts';
import type { Clock, Logger, VaultChange } from '../../ports/stores.ts';

export interface PatientHouse {
  readonly puppet: PuppetId;
  readonly sink: Pick<NetworkSink, 'accept'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** @param closing aborted when nobody waits any more @throws FencedError, RefusedError, or the last failure when nobody waits any more */
export async function acceptPatiently(
  { puppet, sink, clock, log }: PatientHouse,
  closing: AbortSignal,
  events: readonly NetworkEvent[],
  changes: readonly VaultChange[],
): Promise<void> {
  const patience = { clock, log, facts: { puppet, network: 'whatsapp' }, closing };
  await patiently(patience, 'what was learnt could not be written, will try again', async () => {
    await sink.accept(events, changes);
  });
}
