// What a login's person hears of limits that come and go: through the real states and queue, in memory.
import { expect, test } from '@jest/globals';
import { PuppetStates } from '../../src/bridge/puppet-states.ts';
import { tellOver, tellState } from '../../src/flow/login-states.ts';
import type { Puppet } from '../../src/model/records.ts';
import { as, type LaneId, type NetworkId, type PersonId, type PuppetId } from '../../src/model/ids.ts';
import { say } from '../../src/model/say.ts';
import { memoryStore } from '../support/memory-store.ts';
import { quiet } from '../support/quiet.ts';
import { marie } from '../support/scripted-network.ts';

const DAY_MS = 86_400_000;
const vague = say('whatsapp.restricted', { network: 'WhatsApp' });
const dated = (until: string) => say('whatsapp.restricted-until', { network: 'WhatsApp', until });

async function house() {
  const { puppets, queue, clock } = memoryStore();
  const doors = { adapters: new Map(), queue, clock, log: quiet, administrators: [] };
  const puppet: Puppet = {
    id: as<PuppetId>('p1'),
    network: as<NetworkId>('whatsapp'),
    owner: marie,
    self: as<PersonId>('marie'),
    name: 'Marie',
    state: 'online',
  };
  await puppets.save(puppet);
  const states = new PuppetStates({
    puppets,
    clock,
    log: quiet,
    changed: async (...change) => await tellState(doors, ...change),
    over: async (...wait) => await tellOver(doors, ...wait),
  });
  return {
    clock,
    limit: async (why = vague) => await states.change(puppet, 'online', why),
    free: async () => await states.change(puppet, 'online', undefined),
    told: async () => {
      const all = await queue.unsettled(as<LaneId>(`t:${marie}`), undefined, 99);
      return all.map(({ payload }) =>
        payload.from === 'bridge' && payload.act.kind === 'tell' ? payload.act.say.key : payload.from,
      );
    },
  };
}

test('a limit without a known end that comes and goes is told once a day, and once that it is over', async () => {
  const { clock, limit, free, told } = await house();
  // From the beginning of a day.
  clock.pass(DAY_MS - (clock.now() % DAY_MS));
  for (let swing = 0; swing < 5; swing += 1) {
    await limit();
    clock.pass(60_000);
    await free();
    clock.pass(60_000);
  }
  expect(await told()).toEqual(['whatsapp.restricted', 'state.unlimited']);
  clock.pass(DAY_MS);
  await limit();
  clock.pass(3 * DAY_MS);
  await free();
  expect((await told()).slice(2)).toEqual(['whatsapp.restricted', 'state.unlimited']);
  // A new one on the day on which that was over.
  clock.pass(60_000);
  await limit();
  await free();
  expect((await told()).slice(4)).toEqual(['whatsapp.restricted', 'state.unlimited']);
});

test('limits with a known end are told each, and that each is over', async () => {
  const { clock, limit, free, told } = await house();
  for (const until of ['noon', 'night']) {
    await limit(dated(until));
    clock.pass(60_000);
    await free();
  }
  const both = ['whatsapp.restricted-until', 'state.unlimited'];
  expect(await told()).toEqual([...both, ...both]);
});
