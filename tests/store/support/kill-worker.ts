// A worker process for the kill proof: works lanes off through the real store and appends what it did to a file; knows no Matrix.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LaneClaim } from '../../../src/model/entry.ts';
import { BridgeError, FencedError } from '../../../src/model/errors.ts';
import { openStore, type Store } from '../../../src/store/index.ts';
import { quiet } from '../../support/quiet.ts';

const [url = '', slot = '', file = '', leaseMs = '2000', pause = '0'] = process.argv.slice(2);

/** One line per thing that others may see: `lane key number`. */
function effect(line: string): void {
  appendFileSync(file, `${line}\n`);
}

async function until<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error)) throw error;
      await sleep(50);
    }
  }
}

/** Postgres is being killed around us: the driver's errors of a start count as passing, as a restart by systemd would. */
function isPassing(error: unknown): boolean {
  if (error instanceof BridgeError) return error.retry === 'later';
  const { code, message } = error as { code?: string; message: string };
  return /^(?:08|57P|E[A-Z]+)/.test(code ?? '') || /connection|already runs/i.test(message);
}

async function runLane(store: Store, claim: LaneClaim): Promise<void> {
  let entries = claim.entries;
  while (entries.length > 0) {
    for (const entry of entries) {
      if (!store.leases.alive()) return;
      effect(`${claim.lane} ${entry.key}`);
      if (pause !== '0') await sleep(Number(pause));
      await store.queue.settle(claim, entry, {});
      effect(`settled ${entry.key} ${slot}`);
    }
    const more = await store.queue.more(claim, entries.at(-1)?.id ?? 0, 5);
    entries = more === 'over' ? [] : more;
  }
}

async function work(store: Store, claim: LaneClaim): Promise<void> {
  try {
    await runLane(store, claim);
  } catch (error) {
    if (error instanceof FencedError) effect(`fenced ${claim.lane} ${slot}`);
    else if (!isPassing(error)) throw error;
  }
  // What the database does not hear, the queue remembers.
  await store.queue.yieldLane(claim).catch((error: unknown) => {
    if (!isPassing(error) && !(error instanceof FencedError)) throw error;
  });
}

async function beats(store: Store): Promise<never> {
  for (;;) {
    await store.leases.beat().catch((error: unknown) => {
      if (!isPassing(error)) throw error;
    });
    await sleep(Number(leaseMs) / 5);
  }
}

const store = await until(
  async () =>
    await openStore({
      database: { url },
      vaultKey: new Uint8Array(32).fill(7),
      slot,
      log: quiet,
      leaseMs: Number(leaseMs),
      connections: 4,
    }),
);
const me = await until(async () => await store.leases.enlist());
void beats(store);
effect(`ready ${slot}`);
const running = new Set<Promise<void>>();
for (;;) {
  const free = 6 - running.size;
  const claims = free > 0 ? await until(async () => await store.queue.claim(me, { lanes: free, entries: 5 })) : [];
  for (const claim of claims) {
    const run: Promise<void> = work(store, claim).finally(() => running.delete(run));
    running.add(run);
  }
  await (running.size > 0 ? Promise.race([...running, sleep(20)]) : sleep(20));
}
