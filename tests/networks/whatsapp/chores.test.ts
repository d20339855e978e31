// What is done beside a line: one of them that the database never takes rests, and is in the way of no other. Without a wire.
import { expect, test } from '@jest/globals';
import { RefusedError } from '../../../src/model/errors.ts';
import { as, type PuppetId } from '../../../src/model/ids.ts';
import { doChores } from '../../../src/networks/whatsapp/chores.ts';
import type { LogFacts } from '../../../src/ports/stores.ts';
import { House } from '../../support/house.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { quiet } from '../../support/quiet.ts';

test('a chore that the database never takes rests, and the others go on', async () => {
  const [house, clock, over] = [new House(), new MemoryClock(), new AbortController()];
  const said: unknown[] = [];
  const log = { ...quiet, error: (facts: LogFacts, line: string): void => void said.push([facts.code, line]) };
  const puppet = as<PuppetId>('wa-1');
  const tries: number[] = [];
  const goesOn = async (signal: AbortSignal): Promise<void> => {
    tries.push(clock.now());
    if (tries.length < 3) throw new Error('the database is away');
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  };
  const refused = { run: async () => await Promise.reject(new RefusedError('a telling')) };
  const doors = {
    puppet,
    clock,
    log,
    sink: house.sink({ id: puppet } as never),
    phone: refused,
    standing: { run: goesOn },
    state: { forgetDaily: async () => await Promise.resolve() },
    expiries: undefined,
  };
  const done = doChores(doors, over.signal);
  while (tries.length < 3) {
    clock.pass(10_000);
    await new Promise(setImmediate);
  }
  expect(said).toEqual([['unkept', 'a chore rests until the login is opened anew']]);
  over.abort();
  await expect(done).rejects.toThrow('aborted');
});
