// What is thrown away for its age, and what never is, on a real Postgres: short steps that leave nothing locked behind them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { LaneClaim } from '../../src/model/entry.ts';
import { FencedError } from '../../src/model/errors.ts';
import {
  as,
  attemptOwner,
  type EventId,
  type MessageId,
  type NetworkId,
  type PersonId,
  type PuppetId,
  type UserId,
} from '../../src/model/ids.ts';
import type { Steps } from '../../src/ports/upkeep.ts';
import type { Store } from '../../src/store/index.ts';
import { at, claimAll, claimOne, entry, lane, LEASE_MS, link, owner, portal } from '../contracts/world.ts';
import { postgres, setDatabase, url, worker } from '../support/workers.ts';

const DAY_MS = 86_400_000;
const PARK = { code: 'c', say: { key: 'fault.internal' } } as const;

setDatabase();

let a: Store;
let b: Store;

beforeEach(async () => {
  a = await worker('a', LEASE_MS);
  b = await worker('b', LEASE_MS);
});

/** Everything that the database dates itself becomes so much older. */
async function pass(days: number): Promise<void> {
  for (const column of ['seen.at', 'receipt.at', 'entry.received_at', 'lane.ready_at', 'worker.beat_at']) {
    const [table, name] = column.split('.');
    await postgres.query(url, `update ${table} set ${name} = ${name} - make_interval(days => $1)`, [days]);
  }
}

const age = (days: number) => ({ now: Date.now(), days });

async function count(steps: Steps): Promise<number> {
  let sum = 0;
  for await (const gone of steps) sum += gone;
  return sum;
}

const keysOf = (claim: LaneClaim): readonly string[] => claim.entries.map(({ key }) => key);

async function settled(key: string, outcome: Parameters<Store['queue']['settle']>[2]): Promise<void> {
  await a.queue.accept({ entries: [entry(key, key)] });
  const claim = await claimOne(a);
  await a.queue.settle(claim, at(claim.entries, 0), outcome);
}

describe('links', () => {
  const NOW = Date.now();
  const old = (days: number): number => NOW - days * DAY_MS;

  test('of older messages go with the reactions to them, others stay with theirs', async () => {
    const links = [
      link('e1', { message: as('old'), at: old(101) }),
      link('e2', { message: as('young'), at: old(99) }),
      // Of two parts the one that is left is enough.
      link('e3', { message: as('long'), at: old(101) }),
      link('e4', { message: as('long'), part: 1, at: old(99) }),
    ];
    const to = ['old', 'young', 'long'].map((message) => ({
      ...{ portal, message: as<MessageId>(message), person: as<PersonId>('9'), emoji: '👍' },
      event: as<EventId>(`$to-${message}`),
    }));
    await settled('x', { links, reactions: to });
    expect(await count(b.upkeep.links({ now: NOW, days: 100 }))).toBe(3);
    expect(await postgres.query(url, 'select effect from message_link order by 1')).toEqual([
      { effect: 'e2' },
      { effect: 'e4' },
    ]);
    expect(await postgres.query(url, 'select message from reaction_link order by 1')).toEqual([
      { message: 'long' },
      { message: 'young' },
    ]);
    expect(await count(b.upkeep.links({ now: NOW, days: 100 }))).toBe(0);
  });

  test('are looked at a few pages at a time, and whoever stops between two steps leaves nothing open', async () => {
    await postgres.query(
      url,
      `insert into message_link select 'e' || n, 'pigeon/1', 'pigeon', null, 'm' || n, 0, '$' || n, '!r', 'to-matrix', '7', $1
         from generate_series(1, 20000) n`,
      [old(400)],
    );
    let steps = 0;
    for await (const gone of b.upkeep.links({ now: NOW, days: 100 })) {
      steps += 1;
      expect(gone).toBeGreaterThan(0);
      expect(gone).toBeLessThan(10_000);
      const [left] = await postgres.query<{ n: number }>(url, 'select count(*)::int as n from message_link');
      expect(left?.n).toBeLessThan(20_000);
      expect(
        await postgres.query(
          url,
          `select 1 from pg_stat_activity where state like 'idle in%' and datname = current_database()`,
        ),
      ).toEqual([]);
      if (steps === 2) break;
    }
    expect(await count(b.upkeep.links({ now: NOW, days: 100 }))).toBeGreaterThan(0);
    expect(await postgres.query(url, 'select 1 from message_link')).toEqual([]);
  });

  test('are found without an index by age: pages by their numbers, and the links of a reaction by its message', async () => {
    await a.close();
    await b.close();
    await postgres.query(
      url,
      `insert into message_link select 'e' || n, 'p', 'n', null, 'm' || n, 0, '$' || n, '!r', 'to-matrix', '7', n
         from generate_series(1, 20000) n`,
    );
    await postgres.query(
      url,
      `insert into reaction_link select 'p', 'm' || n, '7', '$' || n, 'x' from generate_series(1, 5000) n`,
    );
    await postgres.query(url, 'vacuum analyze');
    const looks = async (): Promise<{ whole: number; byMessage: number }> => {
      // A connection that is gone has told what it did.
      while ((await postgres.connections(url)) > 0) continue;
      const [row] = await postgres.query<{ whole: number; byMessage: number }>(
        url,
        `select (select sum(seq_scan)::int from pg_stat_user_tables where relname in ('message_link', 'reaction_link')) as whole,
           (select idx_scan::int from pg_stat_user_indexes where indexrelname = 'message_link_message') as "byMessage"`,
      );
      if (row === undefined) throw new Error('no figures');
      return row;
    };
    const before = await looks();
    b = await worker('b', LEASE_MS);
    expect(await count(b.upkeep.links(age(100)))).toBe(25_000);
    await b.close();
    expect(await looks()).toEqual({ whole: before.whole, byMessage: before.byMessage + 5000 });
    a = await worker('a', LEASE_MS);
    b = await worker('b', LEASE_MS);
  });

  test('are safe from a clock that runs ahead, and from one that stands still', async () => {
    await settled('x', { links: [link('e1', { at: NOW })] });
    for (const now of [NOW + 40_000 * DAY_MS, 0]) {
      expect(await count(b.upkeep.links({ now, days: 100 }))).toBe(0);
      expect(await count(b.upkeep.keys({ now, days: 90 }))).toBe(0);
    }
  });
});

describe('keys and transactions', () => {
  test('that are old go, but none whose entry is still there', async () => {
    await a.queue.accept({ entries: [entry('old', 'x'), entry('parked', 'x')], receipt: 't1' });
    const claim = await claimOne(a);
    await a.queue.settle(claim, at(claim.entries, 0), {});
    await a.queue.park(claim, at(claim.entries, 1), PARK);
    await pass(91);
    await a.queue.accept({ entries: [entry('new', 'y')], receipt: 't2' });
    expect(await count(b.upkeep.keys(age(90)))).toBe(2);
    expect(await a.queue.seen(['old', 'parked', 'new'])).toEqual(new Set(['parked', 'new']));
    expect(await postgres.query(url, 'select id from receipt')).toEqual([{ id: 't2' }]);
    expect(await a.queue.accept({ entries: [entry('parked', 'x')] })).toMatchObject({ fresh: 0 });
    expect(await a.queue.accept({ entries: [entry('old', 'x')] })).toMatchObject({ fresh: 1 });
  });
});

describe('what was put aside', () => {
  test('goes when nobody has decided on it for long, with what was planned of it; what waits in a lane never does', async () => {
    await a.queue.accept({ entries: [entry('old', 'x'), entry('waits', 'x')] });
    const claim = await claimOne(a);
    const planned = { id: 'e', to: 'room', room: '!r', say: PARK.say } as never;
    await a.queue.park(claim, await a.queue.freeze(claim, at(claim.entries, 0), [planned]), PARK);
    await pass(31);
    await a.leases.beat();
    await a.queue.accept({ entries: [entry('young', 'y')] });
    for (const one of await claimAll(a)) if (one.lane === lane('y')) await a.queue.park(one, at(one.entries, 0), PARK);
    expect(await count(b.upkeep.parked(age(30)))).toBe(1);
    expect((await a.queue.parked(9)).map(({ key }) => key)).toEqual(['young']);
    expect(await postgres.query(url, 'select key from entry order by 1')).toEqual([{ key: 'waits' }, { key: 'young' }]);
    expect(await postgres.query(url, 'select * from entry_part')).toEqual([]);
    // The homeserver may push it again: it is known.
    expect(await a.queue.accept({ entries: [entry('old', 'x')] })).toMatchObject({ fresh: 0 });
  });

  test('goes in many steps where it is much', async () => {
    await postgres.query(
      url,
      `insert into entry (key, lane, v, payload, parked, received_at)
         select 'k' || n, 'n:x', 1, '{}', true, now() - interval '40 days' from generate_series(1, 450) n`,
    );
    const steps: number[] = [];
    for await (const gone of b.upkeep.parked(age(30))) steps.push(gone);
    expect(steps).toEqual([200, 200, 50]);
  });
});

describe('lanes', () => {
  test('that are empty for long go, and none that is queued, parked, in hand or only just empty', async () => {
    const names = ['empty', 'parked', 'queued', 'held'];
    await a.queue.accept({ entries: names.map((name) => entry(name, name)) });
    const claims = new Map((await claimAll(a)).map((claim) => [claim.lane, claim]));
    const of = (name: string): LaneClaim => claims.get(lane(name)) ?? { lane: lane(name), epoch: 0, entries: [] };
    await a.queue.settle(of('empty'), at(of('empty').entries, 0), {});
    for (const name of ['parked', 'held']) await a.queue.park(of(name), at(of(name).entries, 0), PARK);
    // In hand, with nothing in it.
    expect(await a.queue.discard(at(of('held').entries, 0).id)).toBe(true);
    for (const name of ['parked', 'queued']) await a.queue.yieldLane(of(name));
    await pass(91);
    await b.leases.beat();
    await b.queue.accept({ entries: [entry('recent', 'recent')] });
    for (const claim of await claimAll(b)) {
      if (claim.lane === lane('recent')) await b.queue.settle(claim, at(claim.entries, 0), {});
      else await b.queue.yieldLane(claim);
    }
    await pass(89);
    expect(await count(b.upkeep.lanes(age(90)))).toBe(1);
    expect(await count(b.upkeep.lanes(age(90)))).toBe(0);
    await a.leases.beat();
    expect(await a.queue.more(of('held'), 0, 9)).toEqual([]);
    // What was parked goes on in its lane, and a forgotten lane comes again with what comes into it.
    expect(await b.queue.release(at(of('parked').entries, 0).id)).toBe(true);
    await b.queue.accept({ entries: [entry('6', 'empty'), entry('7', 'empty')] });
    await b.leases.beat();
    const all = await claimAll(b);
    expect(new Map(all.map((claim) => [claim.lane, keysOf(claim)]))).toEqual(
      new Map([
        [lane('empty'), ['6', '7']],
        [lane('parked'), ['parked']],
        [lane('queued'), ['queued']],
      ]),
    );
  });

  test('into which something comes meanwhile stay', async () => {
    for (let round = 0; round < 30; round += 1) {
      const entries = ['x', 'y', 'z'].map((name) => entry(`${round}${name}`, name));
      await Promise.all([count(b.upkeep.lanes(age(0))), a.queue.accept({ entries }), count(b.upkeep.lanes(age(0)))]);
      const claims = await claimAll(a);
      expect(new Set(claims.flatMap(keysOf))).toEqual(new Set(entries.map(({ key }) => key)));
      for (const claim of claims) await a.queue.settle(claim, at(claim.entries, 0), {});
    }
  });

  test('in which much was put aside do not hide those behind them', async () => {
    await postgres.query(
      url,
      `insert into lane (id, ready_at) select 'l' || n, now() - interval '100 days' from generate_series(1, 900) n`,
    );
    await postgres.query(
      url,
      `insert into entry (key, lane, v, payload, parked) select 'k' || n, 'l' || n, 1, '{}', true from generate_series(1, 500) n`,
    );
    expect(await count(b.upkeep.lanes(age(90)))).toBe(400);
  });
});

describe('workers', () => {
  test('of whom nobody has heard for long go, and what they held is free', async () => {
    const lost = await worker('lost', LEASE_MS);
    const fence = await lost.leases.acquire(owner('p'));
    await lost.queue.accept({ entries: [entry('1', 'x')] });
    const claim = await claimOne(lost);
    await lost.queue.settle(claim, at(claim.entries, 0), {});
    await postgres.query(url, `update lane set worker = $1`, [lost.leases.self()]);
    await lost.close();
    await pass(31);
    await a.leases.beat();
    await b.leases.beat();
    expect(await count(b.upkeep.workers(age(30)))).toBe(1);
    expect(await postgres.query(url, 'select slot from worker order by 1')).toEqual([{ slot: 'a' }, { slot: 'b' }]);
    expect(await postgres.query(url, 'select worker from lane')).toEqual([{ worker: null }]);
    const next = await a.leases.acquire(owner('p'));
    expect(next?.epoch).toBeGreaterThan(fence?.epoch ?? Infinity);
    // The slot may be taken up again.
    await (await worker('lost', LEASE_MS)).close();
  });
});

describe('leases of logins in the making', () => {
  const attempt = (name: string) => attemptOwner(as<UserId>(`@${name}:hs`), as<NetworkId>('pigeon'));

  test('that nobody holds go; whoever held one before may write nothing, and the next one has a higher number', async () => {
    const gone = await a.leases.acquire(attempt('gone'));
    const held = await a.leases.acquire(attempt('held'));
    const login = await a.leases.acquire(owner('p'));
    if (gone === undefined || held === undefined || login === undefined) throw new Error('not acquired');
    await a.leases.release(gone);
    await a.leases.release(login);
    expect(await count(b.upkeep.attempts(age(1)))).toBe(1);
    expect((await a.leases.beat()).map(({ owner: of }) => of)).toEqual([held.owner]);
    const write = async (fence: typeof gone) =>
      await a.vault.write([{ scope: 's', key: 'k', value: Buffer.of(1) }], fence);
    await expect(write(gone)).rejects.toThrow(FencedError);
    const again = await a.leases.acquire(gone.owner);
    expect(again?.epoch).toBeGreaterThan(gone.epoch);
    await expect(write(gone)).rejects.toThrow(FencedError);
    if (again !== undefined) await write(again);
  });

  test('that a worker held who is long dead go as well', async () => {
    const lost = await worker('lost', LEASE_MS);
    await lost.leases.acquire(attempt('x'));
    await lost.close();
    expect(await count(b.upkeep.attempts(age(1)))).toBe(0);
    await pass(2);
    await b.leases.beat();
    expect(await count(b.upkeep.attempts(age(1)))).toBe(1);
  });
});

describe('secrets of logins', () => {
  const scopes = async (): Promise<readonly string[]> => {
    const rows = await postgres.query<{ scope: string }>(url, 'select distinct scope from vault order by 1');
    return rows.map(({ scope }) => scope);
  };

  test('that nobody has go, unless somebody is signing in just then; all others stay', async () => {
    const id = as<PuppetId>('p:1@x');
    const login = {
      id,
      network: as<NetworkId>('pigeon'),
      owner: as<UserId>('@a:hs'),
      self: as<PersonId>('1'),
      name: '',
    };
    await a.puppets.save({ ...login, state: 'signed-out' });
    const kept = ['account:p:1@x', 'login:p:1@x', 'matrix:media', 'vault'];
    const all = ['account:lost', 'login:lost', ...kept.slice(0, 3)];
    await a.vault.write(all.map((scope) => ({ scope, key: 'k', value: Buffer.of(1) })));
    const fence = await a.leases.acquire(attemptOwner(as('@b:hs'), as('pigeon')));
    expect(await count(b.upkeep.secrets(age(1)))).toBe(0);
    expect(await scopes()).toEqual([...all, 'vault'].toSorted());
    if (fence !== undefined) await a.leases.release(fence);
    expect(await count(b.upkeep.secrets(age(1)))).toBe(2);
    expect(await scopes()).toEqual(kept);
  });
});

test('it is remembered when all of it was done', async () => {
  expect(await a.upkeep.lastAt()).toBeUndefined();
  await a.upkeep.finished(5);
  await b.upkeep.finished(7);
  expect(await a.upkeep.lastAt()).toBe(7);
});

test.each(['kept.md', 'fr/conservation.md'])('docs/%s says of every table how long it is kept', async (page) => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', page), 'utf8');
  const told = [...text.matchAll(/^\|[^|]*\| (`[^|]*`) \|/gm)].flatMap(([, names = '']) => names.match(/\w+/g) ?? []);
  const tables = await postgres.query<{ relname: string }>(
    url,
    `select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not like 'kysely%'`,
  );
  for (const { relname } of tables) expect(told).toContain(relname);
});
