// Reads that wait for a database that is away: the library takes a key that cannot be read for a message that is bad, and refuses it to
// the server for good. Knows no keys.
import { patiently } from '../../../ports/patiently.ts';
import type { Clock, Logger } from '../../../ports/stores.ts';
import type { Ledger } from './ledger.ts';

export interface PatientDoors {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when nobody waits any more. */
  readonly closing: AbortSignal;
}

/** The same ledger; reading it fails only when it is closed. */
export function patientLedger(doors: PatientDoors): Ledger {
  const { ledger } = doors;
  return {
    read: async (key) => await waited(doors, async () => await ledger.read(key)),
    readAll: async () => await waited(doors, async () => await ledger.readAll()),
    write: async (changes) => await ledger.write(changes),
  };
}

/** @throws FencedError, or the last failure when it is closed */
async function waited<T>({ clock, log, closing }: PatientDoors, read: () => Promise<T>): Promise<T> {
  return await patiently(
    { clock, log, facts: { network: 'whatsapp' }, closing },
    'keys could not be read, will try again',
    read,
  );
}
