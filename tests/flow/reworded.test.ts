// What was tried once, put aside and edited: its edit counts over there, whatever became of the first try. Knows no wire.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import type { ChatId, RoomId } from '../../src/model/ids.ts';
import { FlowWorld, marie, MARIE, ZOE } from '../support/flow-world.ts';

const HOUR_MS = 3_600_000;

let world: FlowWorld;
let chat: ChatId;
let room: RoomId;

beforeEach(async () => {
  world = new FlowWorld();
  world.network.rewords = true;
  world.login(marie, MARIE);
  chat = world.network.chat('d1', [MARIE, ZOE]);
  room = await world.begin(chat);
  world.network.echoes = false;
});

afterEach(async () => {
  await world.house?.stop();
});

const fail = (): never => {
  throw new BridgeError('away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
};

/** Tried, not answered for a day, put aside, edited and released. */
async function edited(): Promise<void> {
  const event = world.matrix.say(room, marie, 'old');
  await world.run();
  for (let hour = 0; hour < 26; hour += 1) await world.pass(HOUR_MS);
  world.network.before = () => undefined;
  world.network.after = () => undefined;
  const [parked] = (await world.house?.store.queue.parked(9)) ?? [];
  expect(parked).toBeDefined();
  world.matrix.edit(room, marie, event, 'new');
  await world.run();
  await world.house?.store.queue.release(parked?.id ?? 0);
  await world.run();
}

describe('a message that was put aside and edited', () => {
  test.each<readonly [string, () => void]>([
    ['that never left', () => void (world.network.before = fail)],
    ['that arrived without an answer', () => void (world.network.after = fail)],
  ])('%s is there with its new words and when it was written', async (_name, trouble) => {
    trouble();
    await edited();
    // In pieces, as that network wants it.
    const said = world.network
      .texts(chat)
      .slice(1)
      .map((text) => text.replace('marie: ', ''));
    expect(said.join('')).toMatch(/^\[.* UTC\] new$/);
  });

  test('is said beside its former words where the network can change nothing, and never lost', async () => {
    world.network.rewords = false;
    await world.house?.stop();
    await world.start();
    world.network.after = fail;
    await edited();
    const said = world.network.texts(chat).map((text) => text.replace('marie: ', ''));
    expect(said[1]).toBe('old');
    expect(said.slice(2).join('')).toMatch(/^\[.* UTC\] new$/);
  });
});
