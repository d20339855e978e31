// A database that says nothing, and one that ends by itself: whoever holds a lease knows in time, and an embedded server comes back.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { as, type OwnerId } from '../../src/model/ids.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { openStore } from '../../src/store/index.ts';
import { testPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';
import { answers } from './support/answers.ts';

const LEASE_MS = 2_000;

test('a heartbeat that nobody answers fails before the lease is over, and the next one finds it again', async () => {
  const postgres = await testPostgres();
  const store = await openStore({
    database: { url: await postgres.database() },
    vaultKey: new Uint8Array(32).fill(7),
    slot: 'a',
    log: quiet,
    leaseMs: LEASE_MS,
    connections: 4,
  });
  await store.leases.enlist();
  const fence = await store.leases.acquire(as<OwnerId>('login:p'));
  await store.leases.beat();
  postgres.freeze(true);
  try {
    const silence = await store.leases.beat().then(
      () => 'answered',
      (error: unknown) => error,
    );
    expect(silence).toMatchObject({ code: 'database-unreachable', retry: 'later' });
    while (store.leases.alive()) await sleep(10);
  } finally {
    postgres.freeze(false);
  }
  expect(await store.leases.beat()).toEqual([fence]);
  expect(store.leases.alive()).toBe(true);
  await store.close();
  await postgres.stop();
}, 60_000);

async function back(url: string): Promise<void> {
  const until = Date.now() + 40_000;
  while (!(await answers(url))) {
    if (Date.now() > until) throw new Error('the server did not come back');
    await sleep(50);
  }
}

test('an embedded server that is killed, or was another process’s that stopped it, is started again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'passerelle-embedded-'));
  const said: string[] = [];
  const keep = { warn: (_facts: unknown, line: string) => void said.push(line) };
  const first = await startEmbedded({ dir, fsync: false });
  const second = await startEmbedded({ dir, fsync: false, keep });
  try {
    expect([first.pid === undefined, second.pid === undefined]).toEqual([false, true]);
    await first.stop();
    await back(second.url);
    expect(said).toEqual(['the embedded database ended by itself and is started again']);
    while (second.pid === undefined) await sleep(50);
    const { pid } = second;
    process.kill(pid, 'SIGKILL');
    while (second.pid === pid) await sleep(50);
    await back(second.url);
  } finally {
    await second.stop();
  }
  expect(await answers(second.url)).toBe(false);
  expect(spawnSync('pgrep', ['-f', dir]).stdout.toString()).toBe('');
  const socket = new URL(second.url.replace('@/', '@localhost/')).searchParams.get('host') ?? '';
  for (const folder of [dir, socket]) rmSync(folder, { recursive: true, force: true });
}, 120_000);
