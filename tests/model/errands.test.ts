// Work that nobody waits for: it ends before its owner goes, and its failure is heard and stops nobody.
import { expect, test } from '@jest/globals';
import { Errands } from '../../src/model/errands.ts';

test('whoever goes waits for what was begun, and hears what failed', async () => {
  const failed: unknown[] = [];
  const errands = new Errands((error) => failed.push(error));
  const slow = Promise.withResolvers<void>();
  errands.begin(slow.promise);
  errands.begin(Promise.reject(new Error('lost')));
  let gone = false;
  const going = errands.done().then(() => {
    gone = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(gone).toBe(false);
  expect(failed).toEqual([new Error('lost')]);
  slow.resolve();
  await going;
  expect(gone).toBe(true);
});
