// Claims commit asynchronously, so a crash may take one back and a cut line may swallow one: neither blocks a lane or lets two in.
import { expect, test } from '@jest/globals';
import { FencedError } from '../../src/model/errors.ts';
import { as, loginOwner, type PuppetId } from '../../src/model/ids.ts';
import { at, claimAll, claimOne, entry, keysOf } from '../contracts/world.ts';
import { postgres, setDatabase, url, worker } from '../support/workers.ts';

setDatabase();

test('a lane that the database calls ours without our knowing is claimed again by us', async () => {
  const [a, b] = [await worker('a'), await worker('b')];
  await a.queue.accept({ entries: [entry('1', 'x')] });
  await postgres.query(url, 'update lane set worker = $1, epoch = 5', [a.leases.self()]);
  expect(await claimAll(b)).toEqual([]);
  expect(keysOf(await claimOne(a))).toEqual(['1']);
  expect(await claimAll(a)).toEqual([]);
});

test('a claim that a crash took back shares its epoch with no later one', async () => {
  const [a, b] = [await worker('a'), await worker('b')];
  await a.queue.accept({ entries: [entry('1', 'x')] });
  const [before] = await postgres.query<{ epoch: string }>(url, 'select epoch from lane');
  const lost = await claimOne(a);
  await postgres.query(url, 'update lane set worker = null, epoch = $1', [before?.epoch]);
  const held = await claimOne(b);
  await expect(a.queue.settle(lost, at(lost.entries, 0), {})).rejects.toThrow(FencedError);
  await b.queue.settle(held, at(held.entries, 0), {});
});

test('a lane that is just being postponed is not taken for a lost one', async () => {
  const a = await worker('a');
  await a.queue.accept({ entries: [entry('1', 'x')] });
  const held = await claimOne(a);
  const postponed = a.queue.postpone(held, at(held.entries, 0), Date.now() + 60_000, { tried: false, code: 'echo' });
  expect(await claimAll(a)).toEqual([]);
  await postponed;
  expect(await claimAll(a)).toEqual([]);
});

test('a lane that a living worker holds without its knowing goes to whoever has the login’s lease since', async () => {
  const [a, b] = [await worker('a'), await worker('b')];
  const owner = loginOwner(as<PuppetId>('login'));
  const fence = await a.leases.acquire(owner);
  await a.queue.accept({ entries: [{ ...entry('1', 'x'), owner }] });
  // Taken by the acceptance itself, whose answer was lost with the database.
  await postgres.query(url, 'update lane set worker = $1, epoch = 5', [a.leases.self()]);
  expect(await claimAll(b)).toEqual([]);
  if (fence !== undefined) await a.leases.release(fence);
  await b.leases.acquire(owner);
  expect(keysOf(await claimOne(b))).toEqual(['1']);
  expect(await claimAll(a)).toEqual([]);
});
