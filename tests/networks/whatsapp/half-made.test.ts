// A process that dies while somebody links their account, at each of its writes: whoever comes after it either has the login or undoes
// it on WhatsApp, and the person hears of it once. The writes are the house's own, over its in-memory twins.
import { describe, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import { LoginDesk, type LoginNotice } from '../../../src/bridge/logins.ts';
import { FencedError } from '../../../src/model/errors.ts';
import { draftScope } from '../../../src/ports/network.ts';
import { PolicyDesk } from '../../../src/policy/policy-desk.ts';
import { memoryStore, type MemoryStore } from '../../support/memory-store.ts';
import { quiet } from '../../support/quiet.ts';
import { root } from '../../support/scripted-network.ts';
import { OWNER } from './support/scene.ts';
import { sandbox, setStage } from './support/stage.ts';
import { adapterFor, newPerson } from './support/world.ts';

/** More writes than a login makes. */
const MOST_WRITES = 40;

setStage();

interface Life {
  readonly store: MemoryStore;
  readonly desk: LoginDesk;
  readonly notices: LoginNotice[];
  /** Resolves with the number of its last write when the process has died. */
  readonly died: Promise<number>;
  readonly end: () => Promise<void>;
}

/** @param dieAt the write that is its last; 0: it lives @param done whether that write is still done */
async function live(db: MemoryStore['db'] | undefined, dieAt = 0, done = false): Promise<Life> {
  for (const row of db?.workers.values() ?? []) row.dead = true;
  const store = memoryStore('a', db);
  await store.leases.enlist();
  const { promise: died, resolve } = Promise.withResolvers<number>();
  // What is asked after the death is answered when the test has looked: nothing may stay open.
  const grave = Promise.withResolvers<never>();
  grave.promise.catch(() => undefined);
  let writes = 0;
  const mortal =
    <Args extends unknown[], Result>(act: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      writes += 1;
      if (dieAt === 0 || writes < dieAt) return await act(...args);
      if (done && writes === dieAt) await act(...args);
      resolve(dieAt);
      return await grave.promise;
    };
  const { vault, puppets } = store;
  const dying = {
    ...store,
    vault: {
      read: async (...of: Parameters<typeof vault.read>) => await vault.read(...of),
      readAll: async (...of: Parameters<typeof vault.readAll>) => await vault.readAll(...of),
      write: mortal(async (...of: Parameters<typeof vault.write>) => await vault.write(...of)),
      update: mortal(async (...of: Parameters<typeof vault.update>) => await vault.update(...of)),
      forget: mortal(async (...of: Parameters<typeof vault.forget>) => await vault.forget(...of)),
    },
    puppets: Object.assign(Object.create(puppets) as typeof puppets, {
      save: mortal(async (...of: Parameters<typeof puppets.save>) => await puppets.save(...of)),
    }),
  };
  const adapter = adapterFor(sandbox, dying, { linksADay: 1_000 });
  const policy = new PolicyDesk({ rules: store.rules, clock: store.clock, log: quiet, administrators: [root] });
  await policy.allow({ action: 'login' }, root, '$1');
  const notices: LoginNotice[] = [];
  const desk = new LoginDesk({
    caps: { perPerson: 3, all: 3 },
    ...dying,
    adapters: new Map([[adapter.id, adapter]]),
    policy,
    log: quiet,
    onLogin: async () => await Promise.resolve(),
    onNotice: async (notice) => {
      await Promise.resolve();
      notices.push(notice);
    },
  });
  const end = async (): Promise<void> => {
    grave.reject(new FencedError('dead'));
    await adapter.close();
    await desk.stop();
  };
  return { store, desk, notices, died, end };
}

/** Links until the process dies, or the login is told. @returns the number of the last write when it died */
async function link(life: Life, me: Person): Promise<number | undefined> {
  const over = new AbortController();
  const told = (async (): Promise<undefined> => {
    let seen = 0;
    while (!over.signal.aborted) {
      for (const { show, cause } of life.notices.slice(seen)) {
        seen += 1;
        // The phone may hear that the client has gone.
        if (show !== undefined) void sandbox.scanQr(me.id, show.data).catch(() => undefined);
        if (cause.endsWith('/end')) return;
      }
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  })();
  const begun = life.desk.begin(OWNER, adapterId);
  begun.catch(() => undefined);
  const dead = await Promise.race([life.died, told]);
  over.abort();
  return dead;
}
const adapterId = 'whatsapp' as Parameters<LoginDesk['begin']>[1];

async function devices(me: Person): Promise<number> {
  return (await sandbox.person(me.id)).devices.filter(({ simulated }) => !simulated).length;
}

describe.each([
  ['before', false],
  ['after', true],
] as const)('a process that dies %s one of its writes', (_when, done) => {
  test('leaves a login or none, and its person knows which', async () => {
    const outcomes = new Map<string, number>();
    for (let dieAt = 1; dieAt <= MOST_WRITES; dieAt += 1) {
      const me = await newPerson(sandbox);
      const first = await live(undefined, dieAt, done);
      const dead = await link(first, me);
      const linked = await devices(me);
      const next = await live(first.store.db);
      await next.desk.bury();
      await next.desk.bury();
      const rows = [...next.store.db.puppets.values()];
      const stands = rows.some(({ state }) => state !== 'signed-out');
      const ends = [...first.notices, ...next.notices].filter(({ cause }) => cause.endsWith('/end'));
      expect({
        dieAt,
        devices: await devices(me),
        draft: (await next.store.vault.readAll(draftScope(adapterId, OWNER))).size,
      }).toEqual({ dieAt, devices: stands ? 1 : 0, draft: 0 });
      // Said again under the same cause, it is said once. Before its mark nothing is begun.
      expect(new Set(ends.map(({ cause }) => cause)).size).toBe(next.notices.length + first.notices.length > 0 ? 1 : 0);
      const shown = first.notices.filter(({ show }) => show !== undefined).map(({ cause }) => cause);
      const told = ends.at(-1);
      // One may be written down and never shown.
      expect(told === undefined ? shown : (told.ends ?? [])).toEqual(expect.arrayContaining(shown));
      const outcome = `${told?.say.key ?? 'nothing'}, ${linked > 0 ? 'linked' : 'not linked'} before`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await first.end();
      await next.end();
      if (dead === undefined) break;
    }
    expect([...outcomes.keys()]).toEqual(
      expect.arrayContaining([
        'command.login-interrupted, not linked before',
        'login.undone, linked before',
        'login.done, linked before',
      ]),
    );
  });
});

test('one that WhatsApp cannot be asked about is said to be linked still', async () => {
  const me = await newPerson(sandbox);
  await sandbox.command('silencePairing', { on: true });
  const first = await live(undefined);
  void first.desk.begin(OWNER, adapterId);
  const qr = await untilShown(first);
  await sandbox.scanQr(me.id, qr);
  await sandbox.command('clearFaults', {});
  await sandbox.command('failLogins', { person: me.id, attrs: { reason: '503' } });
  const next = await live(first.store.db);
  await next.desk.bury();
  expect(next.notices.map(({ say }) => say)).toMatchObject([
    { key: 'login.still-linked', with: { device: 'Passerelle bridge' } },
  ]);
  await next.end();
  await first.end();
});

async function untilShown({ notices }: Life): Promise<string> {
  for (;;) {
    const shown = notices.find(({ show }) => show !== undefined)?.show;
    if (shown !== undefined) return shown.data;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
