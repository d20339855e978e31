// What follows the end of a login's line: it is remembered and told, and the line is opened again: when, how often, until when. Knows
// neither why it ended nor what goes over it.
import { FencedError, RefusedError } from '../../model/errors.ts';
import type { PuppetId } from '../../model/ids.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { patiently } from '../../ports/patiently.ts';
import type { Parting } from './errors.ts';
import { backOff } from './budget.ts';
import type { Reconnects } from './reconnects.ts';

export interface Reopening {
  readonly puppet: PuppetId;
  readonly sink: Pick<NetworkSink, 'report'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reconnects: () => Promise<Pick<Reconnects, 'refusal' | 'tell'>>;
  /** Aborted when nobody wants the line any more. */
  readonly closing: AbortSignal;
  /** Nothing is left of the line. */
  readonly gone: () => Promise<void>;
  /** What came over the line before is kept. */
  readonly kept: () => Promise<void>;
  /** @throws why it could not be opened */
  readonly open: () => Promise<void>;
  readonly partingOf: (why: unknown) => Parting;
  /** What has to be remembered of an end. */
  readonly heed: (parting: Parting) => Promise<void>;
}

/**
 * @param before how many lines before it ended for a trouble as this one did: the waits go on growing
 * @throws FencedError, or what the vault said when nobody wants the line any more
 */
export async function afterEnd(doors: Reopening, parting: Parting, before = 0): Promise<void> {
  await clear(doors);
  await remember(doors, parting);
  doors.sink.report(parting.state, parting.error);
  if (isForGood(parting)) return;
  await reopen(doors, parting, before);
}

function isForGood({ next }: Parting): boolean {
  return next === 'stop' || next === 'sign-out';
}

async function clear({ log, puppet, gone }: Reopening): Promise<void> {
  try {
    await gone();
  } catch (error) {
    // Whatever it leaves behind, its person must hear that it ended, and the next one is opened.
    log.error({ puppet, network: 'whatsapp', error }, 'a line left something behind');
  }
}

async function remember(doors: Reopening, parting: Parting): Promise<void> {
  await patient(doors, 'the end of a line could not be remembered, will try again', async () => {
    await doors.heed(parting);
  });
}

/** A database that is away is waited for: nobody else would open the line again. */
async function patient(
  { clock, log, puppet, closing }: Reopening,
  line: string,
  work: () => Promise<void>,
): Promise<void> {
  const facts = { puppet, network: 'whatsapp' };
  try {
    await patiently({ clock, log, facts, closing }, line, work);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    // Another try would end alike; its person is told of the end all the same, and the line is opened again.
    log.error({ ...facts, code: 'unkept', error }, 'what follows the end of a line could not be kept');
  }
}

async function reopen(doors: Reopening, first: Parting, before: number): Promise<void> {
  const { clock, log, sink, puppet, closing } = doors;
  let parting = first;
  for (let attempt = before; !closing.aborted; attempt += 1) {
    try {
      // While the database is away nothing could be acknowledged: the next line would end like this one, over and over.
      await unless(closing, doors.kept());
      const until = Math.max(parting.until ?? 0, await whenAllowed(doors));
      const pause = parting.next === 'restart' && attempt === 0 ? 0 : backOff(attempt, Math.random());
      await clock.sleep(Math.max(pause, until - clock.now()), closing);
      await doors.open();
      sink.report('online');
      return;
    } catch (error) {
      if (closing.aborted || error instanceof FencedError) return;
      parting = doors.partingOf(error);
      await remember(doors, parting);
      if (parting.state !== 'offline') sink.report(parting.state, parting.error);
      if (isForGood(parting)) return;
      log.warn({ puppet, network: 'whatsapp', code: parting.error.code, attempt }, 'not connected, will try again');
    }
  }
}

/** Whose line drops all day long hears that it stays closed, and until when. @returns epoch ms; 0 = at once */
async function whenAllowed(doors: Reopening): Promise<number> {
  const measure = await doors.reconnects();
  const refusal = measure.refusal();
  if (refusal === undefined) return 0;
  doors.sink.report('offline', refusal);
  await patient(doors, 'that a line stays closed could not be said, will try again', async () => {
    await measure.tell(refusal);
  });
  return refusal.notBefore ?? 0;
}

/** Waits for this, or until nobody does any more. */
async function unless(closing: AbortSignal, work: Promise<void>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const end = (): void => over.resolve();
  closing.addEventListener('abort', end);
  try {
    if (!closing.aborted) await Promise.race([work, over.promise]);
  } finally {
    closing.removeEventListener('abort', end);
  }
}
