// What follows the end of a login's line: it is remembered and told, and the line is opened again: when, how often, until when. Knows
// neither why it ended nor what goes over it.
import { FencedError } from '../../model/errors.ts';
import type { PuppetId } from '../../model/ids.ts';
import type { Clock, Logger } from '../../ports/stores.ts';
import type { NetworkSink } from '../../ports/network.ts';
import { patiently } from '../../ports/patiently.ts';
import type { Parting } from './errors.ts';
import { backOff, type DailyBudget } from './pacing.ts';

export interface Reopening {
  readonly puppet: PuppetId;
  readonly sink: Pick<NetworkSink, 'report'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly budget: DailyBudget;
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

/** A line that drops all day long is opened as seldom as after so many tries in vain. */
const BUSY_ATTEMPT = 20;

/** @throws FencedError, or what the vault said when nobody wants the line any more */
export async function afterEnd(doors: Reopening, parting: Parting): Promise<void> {
  await clear(doors);
  await remember(doors, parting);
  doors.sink.report(parting.state, parting.error);
  if (isForGood(parting)) return;
  await reopen(doors, parting);
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

/** A database that is away is waited for: nobody else would open the line again. */
async function remember({ clock, log, puppet, closing, heed }: Reopening, parting: Parting): Promise<void> {
  const patience = { clock, log, facts: { puppet, network: 'whatsapp' }, closing };
  await patiently(
    patience,
    'the end of a line could not be remembered, will try again',
    async () => await heed(parting),
  );
}

async function reopen(doors: Reopening, first: Parting): Promise<void> {
  const { clock, log, sink, puppet, closing } = doors;
  let parting = first;
  for (let attempt = 0; !closing.aborted; attempt += 1) {
    try {
      // While the database is away nothing could be acknowledged: the next line would end like this one, over and over.
      await unless(closing, doors.kept());
      const now = clock.now();
      const busy = doors.budget.take(now) > now;
      const pause =
        parting.next === 'restart' && attempt === 0 ? 0 : backOff(busy ? BUSY_ATTEMPT : attempt, Math.random());
      await clock.sleep(Math.max(pause, (parting.until ?? 0) - now), closing);
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
