// One person has one reaction to a message over there: whoever reacts again here, or there, has the last one standing. Knows no wire.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChatId, EventId, RoomId } from '../../src/model/ids.ts';
import { FlowWorld, marie, MARIE, ZOE } from '../support/flow-world.ts';
import { BOT, forbidden } from '../support/memory-matrix.ts';

let world: FlowWorld;
let chat: ChatId;
let room: RoomId;
let target: EventId;

beforeEach(async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  chat = world.network.chat('d1', [MARIE, ZOE]);
  room = await world.begin(chat);
  target = world.matrix.seen(room)[0]?.event ?? target;
});

afterEach(async () => {
  await world.house?.stop();
});

async function react(emoji: string): Promise<EventId> {
  const event = world.matrix.react(room, marie, target, emoji);
  await world.run();
  return event;
}

const there = (): unknown => [...world.network.last(chat).reactions.values()];

describe('a second reaction', () => {
  test('takes the place of the first, here and there, and can be taken back', async () => {
    await react('👍');
    const last = await react('🎉');
    expect([world.matrix.reactions(room), there()]).toEqual([[`🎉 ${marie}`], ['🎉']]);
    world.matrix.redact(room, marie, last);
    await world.run();
    expect([world.matrix.reactions(room), there()]).toEqual([[], []]);
  });

  test('takes the place of one made on the phone', async () => {
    world.network.react(chat, MARIE, world.network.last(chat).id, '👍');
    await world.run();
    expect(world.matrix.reactions(room)).toHaveLength(1);
    await react('🎉');
    expect([world.matrix.reactions(room), there()]).toEqual([[`🎉 ${marie}`], ['🎉']]);
  });

  test('of somebody else leaves it standing', async () => {
    world.network.react(chat, ZOE, world.network.last(chat).id, '👍');
    await world.run();
    await react('🎉');
    expect(world.matrix.reactions(room)).toHaveLength(2);
  });

  const refused = (who: (user: string) => boolean): void => {
    world.matrix.before = (method, user) => {
      if (method === 'put' && who(user)) throw forbidden();
    };
  };

  test('takes it by its author’s own hand where the bot may not', async () => {
    await react('👍');
    world.matrix.doubles.add(marie);
    refused((user) => user === BOT);
    await react('🎉');
    expect([world.matrix.reactions(room), there()]).toEqual([[`🎉 ${marie}`], ['🎉']]);
  });

  test('stands beside the first where nobody of the bridge may take that away, and nobody has to decide anything', async () => {
    await react('👍');
    refused(() => true);
    await react('🎉');
    expect([world.matrix.reactions(room), there()]).toEqual([[`👍 ${marie}`, `🎉 ${marie}`], ['🎉']]);
    expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
  });
});
