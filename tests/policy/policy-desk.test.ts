// The rules in force: two desks on one Postgres, as two worker processes have them; expiry, distrust of old copies, clocks set back.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { as, type NetworkId, type UserId } from '../../src/model/ids.ts';
import type { Facts, Rule } from '../../src/model/rules.ts';
import { PolicyDesk } from '../../src/policy/policy-desk.ts';
import type { RuleStore } from '../../src/ports/stores.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { testPostgres, type TestPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

const root = as<UserId>('@root:hs');
const marie = as<UserId>('@marie:hs');
const login: Facts = { action: 'login', user: marie, network: as<NetworkId>('pigeon') };
/** How long a change may take to reach what is open elsewhere. */
const PROMISE_MS = 60_000;

let postgres: TestPostgres;
let stores: readonly Store[];
let clock: MemoryClock;
let here: PolicyDesk;
let there: PolicyDesk;

beforeAll(async () => {
  postgres = await testPostgres();
}, 60_000);
afterAll(async () => {
  await postgres.stop();
});

beforeEach(async () => {
  const url = await postgres.database();
  stores = await Promise.all(
    ['a', 'b'].map(
      async (slot) =>
        await openStore({ database: { url }, vaultKey: new Uint8Array(32), slot, log: quiet, connections: 4 }),
    ),
  );
  clock = new MemoryClock();
  [here, there] = stores.map(({ rules }) => deskOn(rules)) as [PolicyDesk, PolicyDesk];
});
afterEach(async () => {
  await Promise.all(stores.map(async (store) => await store.close()));
});

function deskOn(rules: RuleStore): PolicyDesk {
  return new PolicyDesk({ rules, clock, log: quiet, administrators: [root] });
}

/** The first process's rules, with something around every question. */
function around(hand: (name: string, work: () => Promise<unknown>) => Promise<unknown>): RuleStore {
  const [store] = stores;
  if (store === undefined) throw new Error('no store');
  return new Proxy(store.rules, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      return async (...args: unknown[]): Promise<unknown> =>
        await hand(String(name), async () => {
          return await (method as (...given: unknown[]) => Promise<unknown>).apply(target, args);
        });
    },
  });
}

const effect = async (desk: PolicyDesk): Promise<string> => (await desk.may(login)).effect;

test('nothing is allowed until a rule allows it, and a change reaches the other process within the promised minute', async () => {
  expect([await effect(here), await effect(there)]).toEqual(['deny', 'deny']);
  const rule = await here.allow({ action: 'login', user: ':hs' }, root, '$1');
  expect(await effect(here)).toBe('allow');
  clock.pass(PROMISE_MS - 1);
  expect(await effect(there)).toBe('allow');
  await there.deny({ action: 'any', user: marie, reason: 'has left' }, root, '$2');
  clock.pass(PROMISE_MS - 1);
  expect((await here.may(login)).because).toMatchObject([{ effect: 'deny', reason: 'has left', by: root }]);
  expect(rule).toMatchObject({ source: 'command', by: root, madeAt: expect.any(Number) });
});

test('who changed what and when is kept', async () => {
  const { id } = await here.allow({ action: 'login', user: ':hs' }, root, '$1');
  expect(await there.remove(id, root)).toBe('removed');
  const lines = (await stores[0]?.rules.audited(10)) ?? [];
  expect(lines.map((line) => [line.by, line.what.split(':')[0]])).toEqual([
    [root, `remove ${id}`],
    [root, id],
  ]);
  expect(lines.every((line) => line.at > 0)).toBe(true);
});

test('a desk that is kept fresh looks before it is asked', async () => {
  const asked: string[] = [];
  const desk = deskOn(
    around(async (name, work) => {
      const answer = await work();
      asked.push(name);
      return answer;
    }),
  );
  const stop = new AbortController();
  const kept = desk.keepFresh(stop.signal);
  const looks = async (count: number): Promise<void> => {
    while (asked.filter((name) => name === 'version').length < count) await sleep(5);
  };
  await looks(1);
  await here.allow({ action: 'login', user: ':hs' }, root, '$1');
  clock.pass(5_000);
  await looks(2);
  while (asked.at(-1) !== 'all') await sleep(5);
  const before = asked.length;
  expect(await effect(desk)).toBe('allow');
  expect(asked).toHaveLength(before);
  stop.abort();
  await kept;
});

test('an end date ends what is open, without any change of the rules', async () => {
  await here.allow({ action: 'login', user: ':hs', expiresAt: clock.now() + 30_000 }, root, '$1');
  expect(await effect(here)).toBe('allow');
  clock.pass(29_999);
  expect(await effect(here)).toBe('allow');
  clock.pass(1);
  expect(await effect(here)).toBe('deny');
});

test('rules of the file are read-only to commands, and its administrators keep their office', async () => {
  const file: Rule = {
    id: 'f-1',
    effect: 'allow',
    action: 'login',
    user: ':hs',
    source: 'file',
    by: 'file',
    madeAt: 0,
  };
  await here.adopt([file]);
  expect(await here.remove('f-1', root)).toBe('of-file');
  await here.deny({ action: 'any', user: root }, root, '$1');
  expect(await here.isAdministrator(root)).toBe(true);
  await expect(here.allow({ action: 'login' }, marie, '$2')).rejects.toMatchObject({ code: 'not-administrator' });
  await here.adopt([]);
  clock.pass(PROMISE_MS);
  expect(await effect(there)).toBe('deny');
});

test('a clock that is set back does not keep old rules alive', async () => {
  await here.allow({ action: 'login', user: ':hs' }, root, '$1');
  expect(await effect(there)).toBe('allow');
  clock.pass(-3_600_000);
  await here.deny({ action: 'any', user: marie }, root, '$2');
  clock.pass(10_000);
  expect(await effect(there)).toBe('deny');
});

test('rules that could not be compared for a minute are not used any more', async () => {
  await here.allow({ action: 'login', user: ':hs' }, root, '$1');
  let lost = false;
  const desk = deskOn(
    around(async (_name, work) => {
      if (lost) throw new Error('the database is away');
      return await work();
    }),
  );
  expect(await effect(desk)).toBe('allow');
  lost = true;
  clock.pass(30_000);
  expect(await effect(desk)).toBe('allow');
  clock.pass(30_000);
  await expect(effect(desk)).rejects.toThrow('away');
});
