// How a login is, said by several at the same time, over the in-memory store: told once, kept in order.
import { expect, test } from '@jest/globals';
import { PuppetStates } from '../../src/bridge/puppet-states.ts';
import { as, type NetworkId, type PersonId, type PuppetId } from '../../src/model/ids.ts';
import type { Puppet } from '../../src/model/records.ts';
import { say } from '../../src/model/say.ts';
import { memoryStore } from '../support/memory-store.ts';
import { realClock } from '../support/house.ts';
import { quiet } from '../support/quiet.ts';
import { marie } from '../support/scripted-network.ts';

const puppet: Puppet = {
  id: as<PuppetId>('p1'),
  network: as<NetworkId>('pigeon'),
  owner: marie,
  self: as<PersonId>('marie'),
  name: 'Marie',
  state: 'offline',
};

test('two that say the same of one login at once tell it once, and what is said last stands', async () => {
  const { puppets } = memoryStore();
  await puppets.save(puppet);
  const told: (string | undefined)[] = [];
  const changed = async (_before: Puppet, state: string): Promise<void> => {
    await Promise.resolve();
    told.push(state);
  };
  const over = async (): Promise<void> => await Promise.reject(new Error('nothing is over'));
  const states = new PuppetStates({ puppets, clock: realClock, log: quiet, changed, over });
  const limit = say('whatsapp.restricted');
  await Promise.all([states.change(puppet, 'online', limit), states.change(puppet, 'online', limit)]);
  expect(told).toEqual(['online']);
  await Promise.all([states.change(puppet, 'offline', undefined), states.end(puppet)]);
  expect(await puppets.find(puppet.id)).toMatchObject({ state: 'signed-out' });
  expect(told).toEqual(['online', 'offline']);
});
