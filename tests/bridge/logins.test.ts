// Logins over the real desk, the real rules and a network played by hand: who may link which account; knows no rooms.
import { describe, expect, test } from '@jest/globals';
import { LoginDesk, type LoginNotice } from '../../src/bridge/logins.ts';
import { AttemptMarks } from '../../src/bridge/attempt-marks.ts';
import { as, attemptOwner, type NetworkId, type PersonId, type PuppetId, type UserId } from '../../src/model/ids.ts';
import { say } from '../../src/model/say.ts';
import { PolicyDesk } from '../../src/policy/policy-desk.ts';
import type { Leftover } from '../../src/ports/login.ts';
import type { NetworkAdapter } from '../../src/ports/network.ts';
import type { Logger } from '../../src/ports/stores.ts';
import { memoryStore } from '../support/memory-store.ts';
import { quiet } from '../support/quiet.ts';
import { marie, root, scriptedNetwork } from '../support/scripted-network.ts';
import { turns } from '../support/flow-world.ts';

const pigeon = as<NetworkId>('pigeon');
const paul = as<UserId>('@paul:agency.fr');

async function build(loginsPerPerson?: number, more: Partial<NetworkAdapter> = {}, log: Logger = quiet) {
  const store = memoryStore();
  await store.leases.enlist();
  const network = scriptedNetwork(pigeon);
  const policy = new PolicyDesk({ rules: store.rules, clock: store.clock, log: quiet, administrators: [root] });
  const notices: LoginNotice[] = [];
  const adapters = new Map<NetworkId, NetworkAdapter>([
    [pigeon, { ...network.adapter, ...(loginsPerPerson === undefined ? {} : { loginsPerPerson }), ...more }],
  ]);
  const desk = new LoginDesk({
    caps: { perPerson: 3, all: 4 },
    ...store,
    adapters,
    policy,
    log,
    onLogin: async () => await Promise.resolve(),
    onNotice: async (notice) => {
      await Promise.resolve();
      notices.push(notice);
    },
  });
  let serial = 0;
  /** A whole login of this account. @returns the last thing its person was told */
  const login = async (user: UserId, account: string, again?: PuppetId, anew = false): Promise<string | undefined> => {
    serial += 1;
    const refused = await desk.begin(user, pigeon, undefined, anew);
    if (refused !== undefined) return refused.key;
    const puppet = again ?? as<PuppetId>(`p${serial}`);
    network.logins.at(-1)?.step({
      kind: 'done',
      login: { puppet, self: as<PersonId>(account), name: account, facts: [], vault: [] },
    });
    await turns();
    return notices.at(-1)?.say.key;
  };
  /** All logins of this person have their lines. */
  const connect = async (user: UserId): Promise<void> => {
    for (const { id } of await store.puppets.ofOwner(user)) await store.puppets.setState(id, 'online');
  };
  /** A process that was linking an account for somebody is dead. */
  const die = async (user = marie): Promise<void> => {
    const fence = await store.leases.acquire(attemptOwner(user, pigeon));
    if (fence === undefined) throw new Error('somebody is linking');
    await new AttemptMarks(store.vault).set({ user, network: pigeon, id: `dead of ${user}`, codes: [] }, false, fence);
    await store.leases.release(fence);
  };
  return { store, network, adapters, notices, policy, desk, login, connect, die };
}

test('nobody signs in without a rule', async () => {
  const { login } = await build();
  expect(await login(marie, 'one')).toBe('policy.login-denied-default');
});

test('an account linked by one person is refused to a second one unless a rule names it', async () => {
  const { policy, login, network, store } = await build();
  await policy.allow({ action: 'login' }, root, '$1');
  expect(await login(marie, 'one')).toBe('login.done');
  expect(await login(paul, 'one')).toBe('login.account-taken');
  expect(network.logins.at(-1)?.ends).toContain('abandon');
  expect(store.db.puppets.size).toBe(1);
  await policy.allow({ action: 'login', user: paul, chat: 'account:pigeon/one' }, root, '$2');
  expect(await login(paul, 'one')).toBe('login.done');
  expect(store.db.puppets.size).toBe(2);
});

test('no more logins are made than a person, or the bridge, may have; one that is made anew counts once', async () => {
  const { policy, login, connect, store, network } = await build();
  await policy.allow({ action: 'login' }, root, '$1');
  for (const account of ['one', 'two', 'three']) expect(await login(paul, account)).toBe('login.done');
  await connect(paul);
  const asked = network.logins.length;
  expect(await login(paul, 'four')).toBe('login.cap-person');
  expect(await login(marie, 'five')).toBe('login.done');
  await connect(marie);
  expect(await login(marie, 'six')).toBe('login.cap-all');
  // Nobody over there has heard of it.
  expect(network.logins).toHaveLength(asked + 1);
  const [first] = store.db.puppets.keys();
  if (first === undefined) throw new Error('no login');
  await store.puppets.setState(as<PuppetId>(first), 'signed-out');
  expect(await login(paul, 'seven')).toBe('login.done');
});

test('of two logins that were begun while there was room for one, one is refused when its account is known', async () => {
  const { policy, login, desk, network, store } = await build();
  await policy.allow({ action: 'login' }, root, '$1');
  for (const account of ['one', 'two', 'three']) await login(paul, account);
  expect(await desk.begin(marie, pigeon)).toBeUndefined();
  const [late] = network.logins.slice(-1);
  expect(await login(root, 'four')).toBe('login.done');
  late?.step({
    kind: 'done',
    login: { puppet: as<PuppetId>('late'), self: as<PersonId>('five'), name: 'five', facts: [], vault: [] },
  });
  await turns();
  expect(late?.ends).toContain('abandon');
  expect(store.db.puppets.has(as<PuppetId>('late'))).toBe(false);
});

test('where a network takes one login of a person, a second one is answered before anybody over there hears of it', async () => {
  const { policy, login, connect, network, store } = await build(1);
  await policy.allow({ action: 'login' }, root, '$1');
  expect(await login(marie, 'one')).toBe('login.done');
  const asked = network.logins.length;
  await connect(marie);
  expect(await login(marie, 'two')).toBe('login.already-linked');
  expect(network.logins).toHaveLength(asked);
  expect(await login(paul, 'three')).toBe('login.done');
  await store.puppets.setState(as<PuppetId>('p1'), 'signed-out');
  expect(await login(marie, 'two')).toBe('login.done');
});

test('where a network takes two logins of a person, a third one is refused, and those beyond it that exist may stay', async () => {
  const { policy, login, desk, store } = await build(2);
  await policy.allow({ action: 'login' }, root, '$1');
  for (const account of ['one', 'two']) expect(await login(marie, account)).toBe('login.done');
  const made = await store.puppets.ofOwner(marie);
  for (const puppet of [...made, ...made.map((one) => ({ ...one, id: as<PuppetId>(`${one.id}b`) }))]) {
    await store.puppets.save(puppet);
    expect(await desk.mayStay(puppet)).toBeUndefined();
  }
  expect(await login(marie, 'three')).toBe('login.already-linked');
});

test('what is linked and not connected is linked anew where there may be no more, and no other account beside it', async () => {
  const { policy, login, network, store } = await build(1);
  await policy.allow({ action: 'login' }, root, '$1');
  const puppet = as<PuppetId>('p1');
  expect(await login(marie, 'one')).toBe('login.done');
  for (const state of ['offline', 'stopped', 'paused'] as const) {
    await store.puppets.setState(puppet, state, say('network.unreachable', { network: 'Pigeon' }));
    const asked = network.logins.length;
    // Nobody over there has heard of a second one, not even of a wish to link the first one that is not said.
    expect(await login(marie, 'two')).toBe('login.linked-and-away');
    expect(network.logins).toHaveLength(asked);
    // Which account it is, the phone alone says.
    expect(await login(marie, 'two', undefined, true)).toBe('login.already-linked');
    expect(network.logins.at(-1)?.ends).toContain('abandon');
    expect(await login(marie, 'one', puppet, true)).toBe('login.done');
  }
  expect(await store.puppets.ofOwner(marie)).toHaveLength(1);
});

test('what was linked a moment ago is not linked again while its line opens', async () => {
  const { policy, login, network, store } = await build(1);
  await policy.allow({ action: 'login' }, root, '$1');
  expect(await login(marie, 'one')).toBe('login.done');
  expect(await store.puppets.ofOwner(marie)).toMatchObject([{ state: 'offline' }]);
  const asked = network.logins.length;
  for (const anew of [false, true]) {
    expect(await login(marie, 'one', as<PuppetId>('p1'), anew)).toBe('login.already-linked');
  }
  expect(network.logins).toHaveLength(asked);
});

test('what is signed out, or ended on another network, makes no room for an account beside those that are connected', async () => {
  const { policy, login, connect, network, store } = await build();
  await policy.allow({ action: 'login' }, root, '$1');
  expect(await login(marie, 'gone')).toBe('login.done');
  await store.puppets.setState(as<PuppetId>('p1'), 'signed-out');
  for (const account of ['one', 'two']) expect(await login(marie, account)).toBe('login.done');
  await connect(marie);
  await store.puppets.setState(as<PuppetId>('p1'), 'signed-out');
  const [, any] = await store.puppets.ofOwner(marie);
  if (any === undefined) throw new Error('no login');
  const other = { ...any, id: as<PuppetId>('other'), network: as<NetworkId>('dodo'), state: 'stopped' } as const;
  await store.puppets.save(other);
  const asked = network.logins.length;
  expect(await login(marie, 'three')).toBe('login.cap-person');
  expect(network.logins).toHaveLength(asked);
  // What was ended here makes room, wherever it stands among what is signed out.
  await store.puppets.setState(any.id, 'stopped');
  expect(await login(marie, any.name, any.id)).toBe('login.done');
});

test('whoever has as many logins as there may be of a person links again the one that was ended', async () => {
  const { policy, login, connect, store } = await build();
  await policy.allow({ action: 'login' }, root, '$1');
  for (const account of ['one', 'two', 'three']) expect(await login(marie, account)).toBe('login.done');
  await connect(marie);
  expect(await login(marie, 'four')).toBe('login.cap-person');
  const ended = as<PuppetId>('p2');
  await store.puppets.setState(ended, 'stopped');
  expect(await login(marie, 'two', ended)).toBe('login.done');
});

describe('what a dead process left linked', () => {
  test('is undone later when it could not be at the next sign-in', async () => {
    let tries = 0;
    const { policy, desk, notices, die } = await build(undefined, {
      undoLogin: async () => {
        tries += 1;
        return await (tries === 1 ? Promise.reject(new Error('the database is away')) : { kind: 'undone' as const });
      },
    });
    await policy.allow({ action: 'login' }, root, '$1');
    await die();
    await expect(desk.begin(marie, pigeon)).rejects.toThrow('away');
    expect(notices).toEqual([]);
    await desk.bury();
    expect(notices.map(({ say }) => say.key)).toEqual(['login.undone']);
    expect(await desk.begin(marie, pigeon)).toBeUndefined();
    await desk.stop();
  });

  test('is undone for everybody else when it cannot be for one, which is said and tried again', async () => {
    const away = new Error('the network is away');
    const refusing = new Set([marie]);
    const warned: unknown[] = [];
    const log: Logger = { ...quiet, warn: (facts) => warned.push(facts['error']) };
    const undoLogin = async (user: UserId): Promise<Leftover> =>
      await (refusing.has(user) ? Promise.reject(away) : Promise.resolve({ kind: 'undone' }));
    const { desk, notices, die } = await build(undefined, { undoLogin }, log);
    for (const user of [marie, paul]) await die(user);
    await desk.bury();
    expect(notices.map(({ user }) => user)).toEqual([paul]);
    expect(warned).toEqual([away]);
    refusing.clear();
    await desk.bury();
    await desk.bury();
    expect(notices.map(({ user, say }) => [user, say.key])).toEqual([
      [paul, 'login.undone'],
      [marie, 'login.undone'],
    ]);
  });

  test('waits while its network is switched off', async () => {
    const { desk, adapters, notices, die } = await build(undefined, {
      undoLogin: async () => await Promise.resolve({ kind: 'undone' }),
    });
    const adapter = adapters.get(pigeon);
    if (adapter === undefined) throw new Error('no network');
    await die();
    adapters.delete(pigeon);
    await desk.bury();
    expect(notices).toEqual([]);
    adapters.set(pigeon, adapter);
    await desk.bury();
    await desk.bury();
    expect(notices.map(({ say }) => say.key)).toEqual(['login.undone']);
  });
});
