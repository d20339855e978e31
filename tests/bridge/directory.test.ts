// What is remembered for a moment, beside what another process has written meanwhile.
import { expect, test } from '@jest/globals';
import { PortalDirectory, PuppetDirectory } from '../../src/bridge/directory.ts';
import { as, type ChatId, type NetworkId, type PersonId, type PuppetId, type UserId } from '../../src/model/ids.ts';
import type { Puppet } from '../../src/model/records.ts';
import type { PortalStore } from '../../src/ports/stores.ts';
import { turns } from '../support/flow-world.ts';
import { MemoryClock } from '../support/memory-clock.ts';
import { memoryStore } from '../support/memory-store.ts';

const marie = as<UserId>('@marie:hs.test');
const PIGEON = as<NetworkId>('pigeon');
const login = (network: string): Puppet => ({
  id: as<PuppetId>(network),
  owner: marie,
  network: as<NetworkId>(network),
  self: as<PersonId>('p1'),
  name: 'Marie',
  state: 'online',
});

test('a login that another process made a moment ago is there before anybody is told that there is none', async () => {
  const { puppets: store } = memoryStore();
  const puppets = new PuppetDirectory(store, new MemoryClock());
  await store.save(login('telegram'));
  expect(await puppets.ofOwner(marie)).toHaveLength(1);
  await store.save(login('pigeon'));
  expect(await puppets.ofOwner(marie)).toHaveLength(1);
  expect((await puppets.ofOwner(marie, PIGEON)).map(({ id }) => id)).toEqual(['pigeon']);
});

test('what was asked before a change and is answered after it is not remembered', async () => {
  const { portals: store } = memoryStore();
  const answer = Promise.withResolvers<void>();
  const slow: PortalStore = {
    ...store,
    byKey: async (key) => {
      const found = await store.byKey(key);
      await answer.promise;
      return found;
    },
  };
  const portals = new PortalDirectory(slow, new MemoryClock());
  const key = { network: PIGEON, chat: as<ChatId>('1') };
  await store.add({ key, kind: 'group', state: 'open', encrypted: false, facts: [], away: false });
  const asked = portals.byKey(key);
  await turns(1);
  await store.change(key, { name: 'Choir' });
  await turns(1);
  answer.resolve();
  expect((await asked)?.name).toBeUndefined();
  expect((await portals.byKey(key))?.name).toBe('Choir');
});
