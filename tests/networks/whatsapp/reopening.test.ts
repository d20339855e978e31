// What follows the end of a line, whatever goes wrong on the way: it is told, and the next one is opened. Without a wire.
import { expect, test } from '@jest/globals';
import { RefusedError } from '../../../src/model/errors.ts';
import { as, type PuppetId } from '../../../src/model/ids.ts';
import type { PuppetState } from '../../../src/model/records.ts';
import { endingOf, partingOf } from '../../../src/networks/whatsapp/errors.ts';
import { afterEnd, type Reopening } from '../../../src/networks/whatsapp/reopening.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { quiet } from '../../support/quiet.ts';

test.each([
  ['a line that leaves something behind, and a wait that fails, keep no login shut', undefined],
  ['nor does an end that the database never takes', new RefusedError('an end')],
])('%s', async (_name, refused) => {
  const clock = new MemoryClock();
  const states: PuppetState[] = [];
  const fails = { gone: 1, kept: 1, open: 1 };
  const failing = (what: keyof typeof fails) => async (): Promise<void> => {
    await Promise.resolve();
    fails[what] -= 1;
    if (fails[what] >= 0) throw new Error(what);
  };
  const doors: Reopening = {
    puppet: as<PuppetId>('wa-1'),
    sink: { report: (state) => states.push(state) },
    clock,
    log: quiet,
    reconnects: async () =>
      await Promise.resolve({ refusal: () => undefined, tell: async () => await Promise.resolve() }),
    closing: new AbortController().signal,
    gone: failing('gone'),
    kept: failing('kept'),
    open: failing('open'),
    partingOf: (why) => partingOf(endingOf(why), clock.now()),
    heed: async () => await (refused === undefined ? Promise.resolve() : Promise.reject(refused)),
  };
  const over = afterEnd(doors, doors.partingOf(new Error('ended')));
  while (states.length < 2) {
    clock.pass(1_000_000);
    await new Promise(setImmediate);
  }
  await over;
  expect(states).toEqual(['offline', 'online']);
});
