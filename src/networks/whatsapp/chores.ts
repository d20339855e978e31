// What is done beside the line for as long as a login is open, whatever the line and the database do meanwhile; knows no wire.
import { RefusedError } from '../../model/errors.ts';
import type { PuppetId } from '../../model/ids.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { patiently, type Patience } from '../../ports/patiently.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import type { ExpiryBook } from './expiry-book.ts';
import { watchExpiries } from './expiry-watch.ts';
import type { PhoneWatch } from './phone-watch.ts';
import type { Standing } from './standing.ts';
import type { AccountState } from './state/state.ts';

export interface ChoreDoors {
  readonly puppet: PuppetId;
  readonly sink: NetworkSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly phone: Pick<PhoneWatch, 'run'>;
  readonly standing: Pick<Standing, 'run'>;
  readonly state: Pick<AccountState, 'forgetDaily'>;
  /** Absent where what disappears stays here. */
  readonly expiries: ExpiryBook | undefined;
}

/** Until it is aborted. @throws AbortError, FencedError, WriterClosed */
export async function doChores(doors: ChoreDoors, signal: AbortSignal): Promise<void> {
  const { puppet, sink, clock, log, phone, standing, state, expiries } = doors;
  const facts = { puppet, network: 'whatsapp' };
  const patience = { clock, log, facts, closing: signal };
  const all = [
    async () => await phone.run(signal),
    async () => await standing.run(signal),
    async () => await state.forgetDaily(signal),
    ...(expiries === undefined
      ? []
      : [async () => await watchExpiries({ book: expiries, sink, clock, log, facts }, signal)]),
  ];
  await Promise.all(all.map(async (one) => await goOn(patience, one)));
}

async function goOn(patience: Patience, chore: () => Promise<void>): Promise<void> {
  try {
    await patiently(patience, 'a chore failed, and is begun again', chore);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    // Begun again it would end alike, and none is in the way of another.
    patience.log.error({ ...patience.facts, code: 'unkept', error }, 'a chore rests until the login is opened anew');
  }
}
