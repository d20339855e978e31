// Changes that come too late, for their network or for what the bridge remembers, are said to their author; and a room that is kept
// from talking says so. Nothing is silent. Knows no wire.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import { portalKeyText, type ChatId, type EventId, type RoomId } from '../../src/model/ids.ts';
import type { PortalState } from '../../src/model/records.ts';
import { FlowWorld, marie, MARIE, ZOE } from '../support/flow-world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

let world: FlowWorld;
let chat: ChatId;
let room: RoomId;

beforeEach(async () => {
  world = new FlowWorld();
  world.network.editWindowMs = 15 * MINUTE_MS;
  world.login(marie, MARIE);
  chat = world.network.chat('d1', [MARIE, ZOE]);
  room = await world.begin(chat);
});

afterEach(async () => {
  await world.house?.stop();
});

const say = async (text: string): Promise<EventId> => {
  const event = world.matrix.say(room, marie, text);
  await world.run();
  return event;
};
/** What the bot answered to the newest event that it answered. */
const refusals = (): readonly string[] => world.matrix.texts(room).filter((text) => text.startsWith('Not delivered'));

describe('an edit on a network that takes edits for a quarter of an hour', () => {
  const TOO_LATE = 'Not delivered: Pigeon allows a message to be edited for 15 minutes only.';

  test('in time is made', async () => {
    const event = await say('one');
    world.clock.pass(15 * MINUTE_MS);
    world.matrix.edit(room, marie, event, 'two');
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: two']);
    expect(refusals()).toEqual([]);
  });

  test('later is not, and its author hears so', async () => {
    const event = await say('one');
    world.clock.pass(15 * MINUTE_MS + 1);
    const edit = world.matrix.edit(room, marie, event, 'two');
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one']);
    expect(refusals()).toEqual([TOO_LATE]);
    expect(world.matrix.seen(room).at(-1)).toMatchObject({ replyTo: edit });
    expect(world.network.performed.filter(({ action }) => action.kind === 'edit')).toEqual([]);
  });
});

describe('an edit that was in time and is held back until it is too late', () => {
  const TOO_LATE = 'Not delivered: Pigeon allows a message to be edited for 15 minutes only.';
  const later = (): never => {
    throw new BridgeError('pace', 'later', 'network.rate-limited', { values: { network: 'Pigeon' } });
  };

  test('is not made, and its author hears so', async () => {
    const event = await say('one');
    world.clock.pass(14 * MINUTE_MS);
    world.network.before = later;
    const edit = world.matrix.edit(room, marie, event, 'two');
    await world.run();
    await world.pass(2 * MINUTE_MS);
    world.network.before = () => undefined;
    await world.pass(2 * MINUTE_MS);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one']);
    expect(refusals()).toEqual([TOO_LATE]);
    expect(world.matrix.seen(room).at(-1)).toMatchObject({ replyTo: edit });
  });

  test('is made all the same if its first try arrived', async () => {
    const event = await say('one');
    world.clock.pass(14 * MINUTE_MS);
    world.network.after = later;
    world.matrix.edit(room, marie, event, 'two');
    await world.run();
    await world.pass(2 * MINUTE_MS);
    world.network.after = () => undefined;
    await world.pass(2 * MINUTE_MS);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: two']);
    expect(refusals()).toEqual([]);
  });
});

/** The line is away for so long, and then there again. */
async function away(ms: number): Promise<void> {
  await world.run();
  await world.pass(ms);
  world.network.before = () => undefined;
  world.network.performed.splice(0);
  await world.pass(5 * MINUTE_MS);
}

function refuse(): void {
  world.network.before = () => {
    throw new BridgeError('away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
  };
}

describe('a change that waits until it is too late', () => {
  const notices = (words: string): readonly string[] => world.matrix.texts(room).filter((text) => text.includes(words));

  test('as an edit is not made, and its author hears so once', async () => {
    const event = await say('one');
    refuse();
    world.matrix.edit(room, marie, event, 'two');
    await away(60 * MINUTE_MS);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one']);
    expect(refusals().filter((text) => text.includes('15 minutes only'))).toHaveLength(1);
    expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
  });

  test('as an edit of several pieces is not made in part', async () => {
    const event = await say('a '.repeat(40_000));
    const before = world.network.texts(chat);
    refuse();
    world.matrix.edit(room, marie, event, 'b '.repeat(90_000));
    await away(60 * MINUTE_MS);
    expect(world.network.texts(chat)).toEqual(before);
    expect(refusals().filter((text) => text.includes('15 minutes only'))).toHaveLength(1);
  });

  test('as a deletion is not made, also in a house started since', async () => {
    world.network.removeWindowMs = 60 * MINUTE_MS;
    await world.house?.stop();
    await world.start();
    const event = await say('one');
    refuse();
    world.matrix.redact(room, marie, event);
    await world.run();
    await world.house?.stop();
    await world.start('b');
    await away(70 * MINUTE_MS);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one']);
    expect(refusals().filter((text) => text.includes('1 hour only'))).toHaveLength(1);
  });

  test('in time is made, however often it was tried', async () => {
    const event = await say('one');
    refuse();
    world.matrix.edit(room, marie, event, 'two');
    await away(5 * MINUTE_MS);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: two']);
    expect(notices('15 minutes only')).toEqual([]);
  });

  test('but was made before its answer was lost is done, and nobody hears anything', async () => {
    const event = await say('one');
    world.network.after = () => {
      throw new BridgeError('lost', 'later', 'network.unreachable', { mayHaveHappened: true });
    };
    world.matrix.edit(room, marie, event, 'two');
    await world.run(100);
    world.network.after = () => undefined;
    refuse();
    await away(60 * MINUTE_MS);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: two']);
    expect(notices('15 minutes only')).toEqual([]);
  });

  test('and of which nobody knows whether it was made is said to be unsure', async () => {
    world.network.unsure = true;
    const event = await say('one');
    refuse();
    world.matrix.edit(room, marie, event, 'two');
    await away(60 * MINUTE_MS);
    expect(notices('never answered to this edit')).toHaveLength(1);
    expect(notices('Not delivered')).toEqual([]);
  });
});

describe('a deletion on a network that takes deletions for sixty hours', () => {
  const TOO_LATE =
    'Not delivered: Pigeon lets a message be deleted for everyone for 60 hours only: over there it stays.';
  beforeEach(() => {
    world.network.removeWindowMs = 60 * 60 * MINUTE_MS;
  });
  const restarted = async (): Promise<void> => {
    await world.house?.stop();
    await world.start();
  };

  test('in time is made', async () => {
    await restarted();
    const event = await say('one');
    world.clock.pass(60 * 60 * MINUTE_MS);
    world.matrix.redact(room, marie, event);
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello']);
    expect(refusals()).toEqual([]);
  });

  test('later is not, also after a restart, and its author hears so', async () => {
    const event = await say('one');
    await restarted();
    world.clock.pass(10 * DAY_MS);
    const removal = world.matrix.redact(room, marie, event);
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one']);
    expect(refusals()).toEqual([TOO_LATE]);
    expect(world.matrix.seen(room).at(-1)).toMatchObject({ replyTo: removal });
    expect(world.network.performed.filter(({ action }) => action.kind === 'remove')).toEqual([]);
  });

  test('of a reaction has all the time in the world', async () => {
    const [theirs] = world.matrix.seen(room);
    await restarted();
    const reaction = world.matrix.react(room, marie, theirs?.event ?? ('' as EventId), '👍');
    await world.run();
    world.clock.pass(10 * DAY_MS);
    world.matrix.redact(room, marie, reaction);
    await world.run();
    expect(refusals()).toEqual([]);
    expect(world.network.performed.at(-1)?.action).toMatchObject({ kind: 'react', emoji: null });
  });
});

describe('a message whose link is gone', () => {
  const FORGOTTEN =
    'Not delivered: the message is older than 730 days, so the bridge no longer knows which one it is on Pigeon.';
  const forget = (days: number): void => {
    world.db.links.clear();
    world.db.reactions.clear();
    world.clock.pass(days * DAY_MS);
  };

  test.each<readonly [string, (event: EventId) => void]>([
    ['edited', (event) => void world.matrix.edit(room, marie, event, 'two')],
    ['taken back', (event) => void world.matrix.redact(room, marie, event)],
    ['reacted to', (event) => void world.matrix.react(room, marie, event, '👍')],
  ])('because it is old is said to be old when it is %s', async (_name, change) => {
    const event = await say('one');
    forget(731);
    change(event);
    await world.run();
    expect(refusals()).toEqual([FORGOTTEN]);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one']);
  });

  test('but that is not old is unknown, and taking it back needs no word', async () => {
    const event = await say('one');
    forget(700);
    world.matrix.edit(room, marie, event, 'two');
    await world.run();
    expect(refusals()).toEqual(['Not delivered: the message it refers to is not known on Pigeon.']);
    world.matrix.redact(room, marie, event);
    await world.run();
    expect(refusals()).toHaveLength(1);
  });

  test('and that somebody else wrote is taken away here without a word', async () => {
    const [theirs] = world.matrix.seen(room);
    forget(731);
    world.matrix.redact(room, marie, theirs?.event ?? ('' as EventId));
    await world.run();
    expect(refusals()).toEqual([]);
  });

  test('is answered by a reply that stands for itself', async () => {
    const event = await say('one');
    forget(731);
    world.matrix.reply(room, marie, 'yes', event);
    await world.run();
    expect(world.network.texts(chat).at(-1)).toBe('marie: ↩ yes');
  });
});

/** Nothing sets these yet: moving conversations over to Matrix will (freeze, close). */
describe('a room that is', () => {
  const make = async (state: PortalState): Promise<void> => {
    const portal = [...world.db.portals.values()].find(({ key }) => key.chat === chat);
    if (portal === undefined) throw new Error('no portal');
    await world.house?.store.portals.change(portal.key, { state });
    expect(world.db.portals.get(portalKeyText(portal.key))?.state).toBe(state);
  };
  const both = async (): Promise<void> => {
    world.network.say(chat, ZOE, 'news');
    await say('mine');
  };

  test('read-only shows what comes, and says so to whoever writes in it', async () => {
    await make('read-only');
    await both();
    expect(world.matrix.texts(room)).toEqual([
      'hello',
      'mine',
      'news',
      'Not delivered: this conversation is read-only.',
    ]);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'zoe: news']);
  });

  test('closed shows nothing new, and says so to whoever writes in it', async () => {
    await make('closed');
    await both();
    expect(world.matrix.texts(room)).toEqual(['hello', 'mine', 'Not delivered: this conversation is closed.']);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'zoe: news']);
  });

  test('kept from talking while something waits is so for that as well, both ways', async () => {
    const away = (): never => {
      throw new BridgeError('away', 'later', 'fault.homeserver');
    };
    world.network.before = away;
    await say('mine');
    world.matrix.before = (method) => {
      if (method === 'put') away();
    };
    world.network.say(chat, ZOE, 'news');
    await world.run(1_000);
    await make('closed');
    await world.run(3_000);
    world.network.before = () => undefined;
    world.matrix.before = () => undefined;
    await world.run(120_000);
    expect(world.matrix.texts(room)).toEqual(['hello', 'mine', 'Not delivered: this conversation is closed.']);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'zoe: news']);
  });
});
