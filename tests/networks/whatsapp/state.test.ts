// The state of a login over the house's stores, in memory and on a real Postgres: what goes in comes out, together, under the lease.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { proto, type SignalDataSet } from '@whiskeysockets/baileys';
import { FencedError } from '../../../src/model/errors.ts';
import { allCures } from '../../../src/networks/whatsapp/cures.ts';
import { vaultLedger, type Ledger } from '../../../src/networks/whatsapp/state/ledger.ts';
import { mendLibsignal } from '../../../src/networks/whatsapp/state/libsignal.ts';
import { AccountState } from '../../../src/networks/whatsapp/state/state.ts';
import type { Fence } from '../../../src/ports/fence.ts';
import { openStore, type Store } from '../../../src/store/index.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { memoryStore, type Doors } from '../../support/memory-store.ts';
import { testPostgres, type TestPostgres } from '../../support/postgres.ts';
import { quiet } from '../../support/quiet.ts';
import { Pauses } from './support/chance.ts';
import { glare } from './support/glare.ts';
import { Party } from './support/party.ts';
import { Post } from './support/post.ts';
import { slow } from './support/slow.ts';

const SCOPE = 'login:w1';

let postgres: TestPostgres;

beforeAll(async () => {
  mendLibsignal(allCures);
  postgres = await testPostgres();
}, 60_000);

afterAll(async () => {
  await postgres.stop();
});

interface Ground {
  readonly doors: Doors;
  readonly url?: string;
  readonly close: () => Promise<void>;
}

async function inMemory(): Promise<Ground> {
  const doors = memoryStore();
  await doors.leases.enlist();
  return { doors, close: async () => await Promise.resolve() };
}

async function onPostgres(): Promise<Ground> {
  const url = await postgres.database();
  const vaultKey = new Uint8Array(32).fill(7);
  const store: Store = await openStore({ database: { url }, vaultKey, slot: 'a', log: quiet, connections: 4 });
  await store.leases.enlist();
  return { doors: store, url, close: async () => await store.close() };
}

describe.each([
  ['in memory', inMemory],
  ['on postgres', onPostgres],
])('the state of a login %s', (_name, make) => {
  let ground: Ground;
  let fence: Fence;
  let commits: number;
  const clock = new MemoryClock();

  beforeEach(async () => {
    ground = await make();
    const lease = await ground.doors.leases.acquire('login:w1' as Fence['owner']);
    if (lease === undefined) throw new Error('no lease');
    fence = lease;
    commits = 0;
  });

  afterEach(async () => {
    await ground.close();
  });

  /** As the house's sink keeps it: one commit, under the lease. */
  function ledger(scope = SCOPE): Ledger {
    const { vault, queue } = ground.doors;
    return vaultLedger(vault, scope, async (changes) => {
      commits += 1;
      await queue.accept({ entries: [], vault: changes, fence });
    });
  }

  async function begin(): Promise<AccountState> {
    return await AccountState.begin({ ledger: ledger(), clock, log: quiet, broken: () => undefined });
  }

  async function reopen(): Promise<AccountState> {
    const state = await AccountState.open({ ledger: ledger(), clock, log: quiet, broken: () => undefined });
    if (state === undefined) throw new Error('nothing was kept');
    return state;
  }

  test('gives back every kind of key as the library had it', async () => {
    const state = await begin();
    const session = { _sessions: { base: { registrationId: 7, _chains: {} } }, version: 'v1' };
    const data = {
      'pre-key': { '1': { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) } },
      session: { '33612345678.0': session },
      'sender-key': { 'g@g.us::33612345678::0': Buffer.from('[{"a":1}]') },
      'sender-key-memory': { 'g@g.us': { '33612345678:1@s.whatsapp.net': true } },
      'app-state-sync-key': {
        AAA: proto.Message.AppStateSyncKeyData.fromObject({
          keyData: Buffer.alloc(32, 3),
          timestamp: 5,
          fingerprint: { rawId: 9 },
        }),
      },
      'app-state-sync-version': {
        critical_block: {
          version: 3,
          hash: Buffer.alloc(128, 4),
          indexValueMap: { 'a+b=': { valueMac: Buffer.alloc(32, 5) } },
        },
      },
      'lid-mapping': { '33612345678': '999', '999_reverse': '33612345678' },
      'device-list': { '33612345678': ['0', '12'] },
      tctoken: { '33612345678@s.whatsapp.net': { token: Buffer.from('t'), timestamp: '1' } },
      'identity-key': { '33612345678.0': Buffer.alloc(33, 6) },
    } as unknown as Required<SignalDataSet>;
    await state.keys.set(data);
    const again = (await reopen()).keys;
    for (const [type, values] of Object.entries(data)) {
      const ids = Object.keys(values);
      const found = await again.get(type as keyof SignalDataSet, [...ids, 'absent']);
      expect(JSON.parse(JSON.stringify({ type, found }))).toEqual(JSON.parse(JSON.stringify({ type, found: values })));
    }
    const key = (await again.get('app-state-sync-key', ['AAA']))['AAA'];
    expect(key).toBeInstanceOf(proto.Message.AppStateSyncKeyData);
  });

  test('no number of a person stands in a name, nor in clear anywhere', async () => {
    const state = await begin();
    await state.keys.set({
      'lid-mapping': { '33612345678': '987654321' },
      'device-list': { '33612345678': ['0'] },
      'sender-key-memory': { '120363@g.us': { '33612345678@s.whatsapp.net': true } },
    });
    await state.sent.remember('3EB0', '33612345678@s.whatsapp.net', { conversation: 'a secret' });
    const names = [...(await ground.doors.vault.readAll(SCOPE)).keys()].join(' ');
    expect(names).not.toMatch(/33612345678|987654321|120363|3EB0/);
    if (ground.url === undefined) return;
    const rows = await postgres.query<{ sealed: Buffer }>(ground.url, 'select sealed from vault');
    const sealed = Buffer.concat(rows.map((row) => row.sealed)).toString('latin1');
    expect(sealed).not.toMatch(/33612345678|a secret/);
  });

  test('all prekeys of a new login are one commit, with the number of the next', async () => {
    const party = await Party.open({ number: 1, ledger: ledger(), post: new Post() });
    commits = 0;
    await party.uploadPreKeys(812);
    await party.close();
    // The other one is the library's own count of what it has made.
    expect(commits).toBeLessThanOrEqual(2);
    const { creds, keys } = await reopen();
    expect(creds.nextPreKeyId).toBe(813);
    expect(Object.keys(await keys.get('pre-key', ['1', '812', '813']))).toEqual(['1', '812']);
    expect(keys.size).toBeLessThan(10_000);
  });

  test('what is set together is written as it was then, and null deletes', async () => {
    const state = await begin();
    const devices = ['0'];
    const writing = state.keys.set({ 'device-list': { a: devices, b: ['1'] } });
    devices.push('changed later');
    await writing;
    await state.keys.set({ 'device-list': { b: null } });
    expect(await (await reopen()).keys.get('device-list', ['a', 'b'])).toEqual({ a: ['0'] });
  });

  test('sets of one turn are one commit, what stands already is none', async () => {
    const state = await begin();
    commits = 0;
    await Promise.all(['a', 'b', 'c'].map(async (id) => await state.keys.set({ 'lid-mapping': { [id]: id } })));
    expect(commits).toBe(1);
    await state.keys.set({ 'lid-mapping': { a: 'a' } });
    expect(commits).toBe(1);
  });

  test('a state whose lease is lost writes nothing, and says so before anybody else learns it', async () => {
    const told: string[] = [];
    await begin();
    const state = await AccountState.open({ ledger: ledger(), clock, log: quiet, broken: () => told.push('line') });
    await ground.doors.leases.release(fence);
    const writes = [
      state?.keys.set({ 'lid-mapping': { a: 'b' } }),
      state?.saveCreds(),
      state?.journal.heard({ tag: 'call', attrs: { id: 'c' } }),
      state?.sent.remember('id', 'chat', { conversation: 'x' }),
    ];
    const outcomes = await Promise.allSettled(
      writes.map(async (write) => {
        try {
          await write;
        } catch (error) {
          told.push('writer');
          throw error;
        }
      }),
    );
    expect(outcomes.map((one) => one.status === 'rejected' && one.reason instanceof FencedError)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(told).toEqual(['line', 'writer', 'writer', 'writer', 'writer']);
    await expect(state?.keys.set({ 'lid-mapping': { a: 'b' } })).rejects.toThrow(FencedError);
    expect([...(await ground.doors.vault.readAll(SCOPE)).keys()]).toEqual(['creds']);
  });

  test('glare loses nothing, and a conversation goes on after both were opened again', async () => {
    const pauses = new Pauses(11);
    const of = (number: number): Ledger => slow(ledger(`login:p${number}`), pauses);
    expect(await glare({ pairs: 3, each: 6, pauses, cures: {}, ledger: of })).toEqual({ sent: 36, lost: 0 });
    const post = new Post();
    const [anna, boris] = [
      await Party.open({ number: 1, ledger: of(1), post }),
      await Party.open({ number: 2, ledger: of(2), post }),
    ];
    await anna.send(boris, 'later', 'still here');
    await boris.catchUp();
    await boris.send(anna, 'yes', 'so am I');
    await anna.catchUp();
    expect([boris.heard, anna.heard]).toEqual([
      [{ id: 'later', text: 'still here' }],
      [{ id: 'yes', text: 'so am I' }],
    ]);
    await Promise.all([anna.close(), boris.close()]);
  }, 60_000);

  test('the same value again is not waited for while frames wait for it; another one is', async () => {
    const state = await begin();
    const session = (step: number): { session: { 'a.0': object } } => ({ session: { 'a.0': { step } } });
    const before = commits;
    const kept = state.keys.begin(session(1) as never);
    await state.keys.set(session(1) as never);
    expect(commits).toBe(before);
    await state.keys.set(session(2) as never);
    await kept;
    const written = commits;
    await state.keys.set(session(2) as never);
    expect(commits).toBe(written);
    const again = await reopen();
    expect(await again.keys.get('session', ['a.0'])).toEqual({ 'a.0': { step: 2 } });
  });

  test('a value that is being written as usual is waited for by the same value', async () => {
    const state = await begin();
    const data = { session: { 'a.0': { step: 1 } } } as never;
    const order: string[] = [];
    await Promise.all([
      state.keys.set(data).then(() => order.push('first')),
      state.keys.set(data).then(() => order.push('again')),
    ]);
    expect(order).toEqual(['first', 'again']);
    expect((await (await reopen()).keys.get('session', ['a.0']))['a.0']).toEqual({ step: 1 });
  });

  test('several who ask for one key at the same time all get their answer, and read it once each', async () => {
    await (await begin()).close();
    let reads = 0;
    const kept = ledger();
    const counted: Ledger = {
      ...kept,
      read: async (key) => {
        reads += 1;
        // Else the process would do nothing else any more.
        if (reads > 30) throw new Error('read again and again');
        return await kept.read(key);
      },
    };
    const state = await AccountState.open({ ledger: counted, clock, log: quiet, broken: () => undefined });
    const ask = async (): Promise<unknown> => await state?.keys.get('session', ['nobody.0']);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([{}, {}, {}]);
    expect(reads).toBe(3);
    await state?.close();
  });

  test('what was sent is kept for some days, and what has no answer is known', async () => {
    const state = await begin();
    await state.sent.remember('m1', 'chat', { conversation: 'one' });
    clock.pass(1000);
    await state.sent.remember('m2', 'chat', { conversation: 'two' });
    await state.sent.remember('m2', 'chat', { conversation: 'two, made again' });
    await state.sent.remember('m3', 'chat', { conversation: 'three' });
    state.sent.acknowledged('m1');
    state.sent.refused('m3');
    await state.close();
    const again = await reopen();
    expect(again.sent.unacknowledged().map(({ id, body }) => [id, body.conversation])).toEqual([['m2', 'two']]);
    expect((await again.sent.body('m1'))?.conversation).toBe('one');
    expect(await again.sent.body('m3')).toBeUndefined();
    expect(await again.sent.body(undefined)).toBeUndefined();
    clock.pass(8 * 24 * 3_600_000);
    expect(await again.sent.body('m1')).toBeUndefined();
    expect(await again.sent.prune()).toBe(2);
    expect([...(await ground.doors.vault.readAll(SCOPE)).keys()]).toEqual(['creds']);
  });

  test('what was sent is forgotten day by day, also when the login stays open', async () => {
    const state = await begin();
    await state.sent.remember('m1', 'chat', { conversation: 'one' });
    state.sent.acknowledged('m1');
    const stop = new AbortController();
    const forgetting = state.forgetDaily(stop.signal);
    const keys = async (): Promise<readonly string[]> => [...(await ground.doors.vault.readAll(SCOPE)).keys()];
    for (let day = 0; day < 8; day += 1) {
      expect(await keys()).toHaveLength(2);
      clock.pass(24 * 3_600_000);
      // The next day is waited for once this one is done.
      while (!clock.isAwaited()) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await keys()).toEqual(['creds']);
    stop.abort();
    await expect(forgetting).rejects.toThrow('abort');
    await state.close();
  });
});
