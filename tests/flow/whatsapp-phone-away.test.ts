// A phone that stays away for two weeks, by the clocks of the house and of the simulated WhatsApp together: its person is warned three
// times, then told that the link is gone. The corridor is whole over its in-memory twins; WhatsApp is at the wire.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { WhatsAppSandbox } from '../../sandbox/whatsapp/control-client.ts';
import { contactOf } from '../../src/commands/login.ts';
import type { NetworkAdapter } from '../../src/ports/network.ts';
import { render } from '../../src/words/index.ts';
import { FlowWorld, marie, turns } from '../support/flow-world.ts';
import { linked } from '../networks/whatsapp/support/linked.ts';
import { adapterFor, newPerson } from '../networks/whatsapp/support/world.ts';
import { House } from '../support/house.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Leases last longer. */
const STEP_MS = 5_000;
const STEPS_A_TURN = 720;

let sandbox: WhatsAppSandbox;
let world: FlowWorld;
let adapter: NetworkAdapter | undefined;

beforeAll(async () => {
  sandbox = await WhatsAppSandbox.start();
});
afterEach(async () => {
  await world.house?.stop();
  await adapter?.close();
});
afterAll(async () => {
  await sandbox.stop();
});

async function pass(ms: number): Promise<void> {
  for (let step = 0; step < ms / STEP_MS; step += 1) {
    world.clock.pass(STEP_MS);
    await world.house?.store.leases.beat();
    if (step % STEPS_A_TURN === 0) await turns(3);
  }
}

async function passDay(): Promise<void> {
  await pass(DAY_MS);
  await sandbox.command('advance', { ms: DAY_MS });
  await world.run();
}

async function until(look: () => boolean): Promise<void> {
  while (!look()) await turns(1);
}

test('is shown with the login when it was last heard of', async () => {
  const me = await newPerson(sandbox);
  world = new FlowWorld(Date.now());
  const other = new House();
  adapter = adapterFor(sandbox, other, {}, {}, world.clock);
  const { puppet } = await linked(sandbox, { adapter, house: other, owner: marie, me });
  const doors = { adapters: new Map([[adapter.id, adapter]]) } as unknown as Parameters<typeof contactOf>[0];
  const words = await contactOf(doors, puppet);
  const day = new Date().toISOString().slice(0, 10);
  expect(words === undefined ? '' : render(words, 'en')).toMatch(
    new RegExp(`^Your WhatsApp phone was last heard of on ${day} \\d\\d:\\d\\d UTC\\.$`),
  );
  expect(await contactOf(doors, { ...puppet, state: 'signed-out' })).toBeUndefined();
});

test('is warned of on day 10, 12 and 14, and told to be gone with the one thing to do', async () => {
  const me = await newPerson(sandbox);
  world = new FlowWorld(Date.now());
  world.beside = (store) => (adapter = adapterFor(sandbox, store, { linksADay: 10 }, {}, world.clock));
  const house = await world.start();
  if (adapter === undefined) throw new Error('no adapter');
  // Linked by another process, whose login this house takes over.
  const other = new House();
  const linking = adapterFor(sandbox, other, {}, {}, world.clock);
  const { puppet } = await linked(sandbox, { adapter: linking, house: other, owner: marie, me });
  await linking.close();
  const scope = `login:${puppet.id}`;
  const kept = [...(await other.vault.readAll(scope))].map(([key, value]) => ({ scope, key, value }));
  await house.store.vault.write(kept);
  world.db.puppets.set(puppet.id, { ...puppet, state: 'offline' });
  await house.puppets.tend();
  await until(() => world.db.puppets.get(puppet.id)?.state === 'online');
  await sandbox.command('setOnline', { id: me.id, online: false });

  const told = (): readonly string[] => {
    const room = world.db.persons.get(marie)?.managementRoom;
    return room === undefined ? [] : world.matrix.texts(room);
  };
  // The house's clock stood still while the account was linked: the phone was there a moment later.
  await pass(HOUR_MS);
  const days: number[] = [];
  for (let day = 1; day <= 14; day += 1) {
    const before = told().length;
    await passDay();
    if (told().length > before) days.push(day);
  }
  await until(() => world.db.puppets.get(puppet.id)?.state === 'signed-out');
  await world.run();
  expect(days).toEqual([10, 12, 14]);
  expect(told()).toEqual([
    expect.stringMatching(/heard of for 10 days.*open WhatsApp on the phone/),
    expect.stringMatching(/heard of for 12 days.*open WhatsApp on the phone/),
    expect.stringMatching(/heard of for 14 days.*Open WhatsApp on the phone now/),
    'WhatsApp unlinked this device. Send `login whatsapp` to link it again.',
  ]);
});
