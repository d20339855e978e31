// Logins over the real desk, the real rules and a network played by hand: who may link which account; knows no rooms.
import { expect, test } from '@jest/globals';
import { LoginDesk, type LoginNotice } from '../../src/bridge/logins.ts';
import { as, type NetworkId, type PersonId, type PuppetId, type UserId } from '../../src/model/ids.ts';
import { PolicyDesk } from '../../src/policy/policy-desk.ts';
import { memoryStore } from '../support/memory-store.ts';
import { quiet } from '../support/quiet.ts';
import { marie, root, scriptedNetwork } from '../support/scripted-network.ts';
import { turns } from '../support/flow-world.ts';

const pigeon = as<NetworkId>('pigeon');
const paul = as<UserId>('@paul:agency.fr');

async function build() {
  const store = memoryStore();
  await store.leases.enlist();
  const network = scriptedNetwork(pigeon);
  const policy = new PolicyDesk({ rules: store.rules, clock: store.clock, log: quiet, administrators: [root] });
  const notices: LoginNotice[] = [];
  const desk = new LoginDesk({
    ...store,
    adapters: new Map([[pigeon, network.adapter]]),
    policy,
    log: quiet,
    onLogin: async () => await Promise.resolve(),
    onNotice: async (notice) => {
      await Promise.resolve();
      notices.push(notice);
    },
  });
  let serial = 0;
  /** A whole login of this account. @returns the last thing its person was told */
  const login = async (user: UserId, account: string): Promise<string | undefined> => {
    serial += 1;
    const refused = await desk.begin(user, pigeon);
    if (refused !== undefined) return refused.key;
    const puppet = as<PuppetId>(`p${serial}`);
    network.logins.at(-1)?.step({
      kind: 'done',
      login: { puppet, self: as<PersonId>(account), name: account, facts: [], vault: [] },
    });
    await turns();
    return notices.at(-1)?.say.key;
  };
  return { store, network, policy, desk, login };
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
