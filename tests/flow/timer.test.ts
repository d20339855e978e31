// How a line that sets after how long messages disappear is read: what is plain is done, and nothing that begins like it leaves for the
// contact. Knows no wire.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChatId, RoomId } from '../../src/model/ids.ts';
import { FlowWorld, marie, MARIE, ZOE } from '../support/flow-world.ts';

const DAY = 86_400;

let world: FlowWorld;
let chat: ChatId;
let room: RoomId;

beforeEach(async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  chat = world.network.chat('d1', [MARIE, ZOE]);
  room = await world.begin(chat);
});

afterEach(async () => {
  await world.house?.stop();
});

async function typed(line: string): Promise<readonly unknown[]> {
  world.matrix.say(room, marie, line);
  await world.run();
  return world.network.performed.map(({ action }) => (action.kind === 'set-timer' ? action.seconds : action.kind));
}

describe('a line that says how long messages stay', () => {
  test.each<readonly [string, number]>([
    ['!disappear 24h', DAY],
    ['!disappear 24 hours', DAY],
    ['!disappear: 24h', DAY],
    ['!disappear 1 day.', DAY],
    ['! disappear 7d', 7 * DAY],
    ['!disappear 7 days', 7 * DAY],
    ['!disappear 1 week', 7 * DAY],
    ['!disappear=90d', 90 * DAY],
    ['!disappear 3 months', 90 * DAY],
    ['!Disappear  OFF', 0],
    ['!disappear never', 0],
    ['!éphémère 24 h', DAY],
    ['!ephemere 7 jours', 7 * DAY],
    ['!ephemere\u00a0: 90\u00a0j', 90 * DAY],
    ['!éphémère jamais !', 0],
  ])('%s', async (line, seconds) => {
    expect(await typed(line)).toEqual([seconds]);
    expect(world.network.texts(chat)).toEqual(['zoe: hello']);
  });

  test.each([
    '!disappear',
    '!disappear 3h',
    '!disappear tomorrow',
    '!éphémère une semaine',
    '!disappearing 24h',
    '!ephemere7j',
    '!disappear 24h\nand more',
  ])('%s is answered with what can be written, and goes to nobody', async (line) => {
    expect(await typed(line)).toEqual([]);
    expect(world.matrix.texts(room).at(-1)).toBe(
      'Not delivered: write `!disappear 24h`, `!disappear 7d`, `!disappear 90d` or `!disappear off`.',
    );
  });

  test.each(['so !disappear 24h', 'disappear 24h', '!dis 24h'])('%s is what somebody says', async (line) => {
    expect(await typed(line)).toEqual(['send']);
  });
});
