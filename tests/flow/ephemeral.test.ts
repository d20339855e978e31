// What passes and is written down nowhere: that a message arrived over there, and who types and reads.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import type { ChatId, EffectId, EventId, MessageId, PuppetId, RoomId } from '../../src/model/ids.ts';
import type { MessageBody } from '../../src/model/message.ts';
import { say } from '../../src/model/say.ts';
import { FlowWorld, MARIE, marie, turns, ZOE } from '../support/flow-world.ts';
import { BOT } from '../support/memory-matrix.ts';

let world: FlowWorld;
let puppet: PuppetId;
let chat: ChatId;
let room: RoomId;

beforeEach(() => {
  world = new FlowWorld();
  puppet = world.login(marie, MARIE);
  chat = world.network.chat('d1', [MARIE, ZOE]);
});

afterEach(async () => {
  await world.house?.stop();
});

async function open(): Promise<void> {
  room = await world.begin(chat);
}

/** Written here, by Marie. @returns what it is called on either side */
async function write(text: string): Promise<{ event: string; there: MessageId }> {
  const event = world.matrix.say(room, marie, text);
  await world.run();
  const there = world.network.chats.get(chat)?.said.at(-1)?.id;
  if (there === undefined) throw new Error('it did not leave');
  return { event, there };
}

function deliver(upTo: MessageId): void {
  world.network.glimpse(chat, puppet, { kind: 'delivered', upTo });
}

/** As long as it takes until what has arrived is shown. */
async function shown(): Promise<void> {
  await turns();
  await world.pass(500);
  await turns();
}

describe('who is online over there', () => {
  const come = (online: boolean): void =>
    world.network.glimpse(chat, puppet, { kind: 'presence', person: ZOE, online });
  const seen = (): readonly string[] => world.matrix.presences.map((one) => one.split(' ')[1] ?? '');

  test('is shown by their ghost while they are, told again to a homeserver that would forget it, and once each time', async () => {
    await open();
    for (const online of [false, true, true]) come(online);
    await turns();
    expect(world.matrix.presences).toEqual([`${world.matrix.ghost('pigeon', ZOE)} online`]);
    await world.house?.ephemeral.tend();
    come(false);
    await turns();
    await world.house?.ephemeral.tend();
    expect(seen()).toEqual(['online', 'online', 'offline']);
  });

  test('who comes and goes at once has gone', async () => {
    await open();
    for (const online of [true, false]) come(online);
    await turns();
    expect(seen()).toEqual(['online', 'offline']);
  });

  test('of whom nothing is heard any more is gone after a while', async () => {
    await open();
    come(true);
    await turns();
    world.clock.pass(15 * 60_000);
    await world.house?.ephemeral.tend();
    await world.house?.ephemeral.tend();
    expect(seen()).toEqual(['online', 'offline']);
  });

  test('breaks nothing where the homeserver refuses it, which is not asked again for a while', async () => {
    await open();
    let asked = 0;
    world.matrix.before = (method) => {
      if (method !== 'presence') return;
      asked += 1;
      throw new BridgeError('matrix-429', 'later', 'fault.homeserver');
    };
    for (const online of [true, false, true]) come(online);
    await turns();
    await world.house?.ephemeral.tend();
    expect(asked).toBe(1);
    world.clock.pass(10 * 60_000);
    await world.house?.ephemeral.tend();
    expect(asked).toBe(2);
  });

  test('is not shown of who has never spoken', async () => {
    await world.start();
    come(true);
    await turns();
    expect(seen()).toEqual([]);
  });
});

describe('a message that has arrived over there', () => {
  test('is read by the bot, and nobody else', async () => {
    await open();
    const { event, there } = await write('hi');
    expect(world.matrix.receipts).toEqual([]);
    deliver(there);
    await shown();
    expect(world.matrix.receipts).toEqual([`${BOT} ${event}`]);
  });

  test('says nothing where the configuration does not want it', async () => {
    world.showDelivered = false;
    await open();
    const { there } = await write('hi');
    deliver(there);
    await shown();
    expect(world.matrix.receipts).toEqual([]);
  });

  test('says nothing any more where no rule allows the chat', async () => {
    await open();
    const { there } = await write('hi');
    world.db.rules.clear();
    world.rule('deny');
    await world.pass(10_000);
    deliver(there);
    await shown();
    expect(world.matrix.receipts).toEqual([]);
  });

  test('is shown too when the word of it is quicker than our own writing down', async () => {
    await open();
    deliver('early' as MessageId);
    await turns();
    const portal = [...world.db.portals.values()][0]?.key;
    if (portal === undefined) throw new Error('no portal');
    const [message, event, effect] = ['early' as MessageId, '$early' as EventId, 'early' as EffectId];
    const link = {
      portal,
      message,
      part: 0,
      event,
      room,
      effect,
      direction: 'to-network',
      sender: marie,
      at: 0,
    } as const;
    world.db.links.set(effect, link);
    await world.pass(1_000);
    expect(world.matrix.receipts).toEqual([`${BOT} $early`]);
  });

  test('of several at once the newest covers the others', async () => {
    await open();
    const sent = [];
    for (const text of ['one', 'two', 'three', 'four']) sent.push(await write(text));
    for (const { there } of sent) deliver(there);
    await shown();
    expect(world.matrix.receipts).toEqual([`${BOT} ${sent.at(-1)?.event}`]);
  });

  test('is shown though what came after it stands for nothing in the room', async () => {
    await open();
    const { event, there } = await write('hi');
    deliver(there);
    deliver('a reaction' as MessageId);
    await shown();
    expect(world.matrix.receipts).toEqual([`${BOT} ${event}`]);
  });

  test('of which the homeserver hears nothing now is lost in peace', async () => {
    await open();
    const one = await write('one');
    world.matrix.before = (method) => {
      if (method === 'read') throw new Error('away');
    };
    deliver(one.there);
    await shown();
    world.matrix.before = () => undefined;
    const two = await write('two');
    deliver(two.there);
    await shown();
    expect(world.matrix.receipts).toEqual([`${BOT} ${two.event}`]);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one', 'marie: two']);
  });
});

test('who types and reads over there is seen here as their ghost', async () => {
  await open();
  const { event, there } = await write('hi');
  world.network.glimpse(chat, puppet, { kind: 'typing', person: ZOE, active: true });
  world.network.glimpse(chat, puppet, { kind: 'read', person: ZOE, upTo: there });
  await turns();
  const ghost = world.matrix.ghost('pigeon', ZOE);
  expect(world.matrix.typing).toEqual([`${ghost} true`]);
  expect(world.matrix.receipts).toEqual([`${ghost} ${event}`]);
});

test('what its person read on the phone is read here as them, and not told there once more', async () => {
  world.matrix.doubles.add(marie);
  await open();
  const there = world.network.last(chat).id;
  const event = world.matrix.seen(room)[0]?.event;
  if (event === undefined) throw new Error('nothing was said');
  world.network.glimpse(chat, puppet, { kind: 'read', person: MARIE, upTo: there });
  await turns();
  expect(world.matrix.receipts).toEqual([`${marie} ${event}`]);
  // As the homeserver tells it to whoever is in the room.
  world.house?.ephemeral.fromMatrix({ kind: 'read', room, user: marie, event });
  await turns();
  expect(world.network.marks).toEqual([]);
  world.network.say(chat, ZOE, 'more');
  await world.run();
  const more = world.matrix.seen(room).at(-1)?.event ?? event;
  world.house?.ephemeral.fromMatrix({ kind: 'read', room, user: marie, event: more });
  await turns();
  expect(world.network.marks).toEqual([`${MARIE} mark-read`]);
});

test('an answer takes along the words that the room shows of what it answers', async () => {
  await open();
  const hello = world.matrix.seen(room).find(({ text }) => text === 'hello')?.event;
  if (hello === undefined) throw new Error('nothing was said');
  world.matrix.reply(room, marie, 'hi', hello);
  await world.run();
  expect(world.network.answered).toEqual(['hello']);
});

test('an answer takes along the newest words of what it answers, and none of a notice', async () => {
  await open();
  const answered = async (): Promise<void> => {
    const event = world.matrix.seen(room).at(-1)?.event;
    if (event === undefined) throw new Error('nothing was said');
    world.matrix.reply(room, marie, 'hi', event);
    await world.run();
  };
  world.network.say(chat, ZOE, 'see you at ten');
  await world.run();
  const said = world.network.chats.get(chat)?.said.at(-1)?.id;
  if (said === undefined) throw new Error('nothing was said');
  world.network.edit(chat, ZOE, said, 'see you at eleven');
  await world.run();
  await answered();
  const once: MessageBody = { kind: 'told', say: say('whatsapp.view-once') };
  world.network.happen(chat, ZOE, { kind: 'message', message: 'v1' as MessageId, parts: [once] });
  await world.run();
  await answered();
  expect(world.network.answered).toEqual(['see you at eleven', undefined]);
});

test('whoever reads up to their own words, or a notice, has read all that was said before', async () => {
  await open();
  const last = world.network.chats.get(chat)?.said.at(-1)?.id;
  const { event } = await write('own');
  const read = async (upTo: string): Promise<void> => {
    world.house?.ephemeral.fromMatrix({ kind: 'read', room, user: marie, event: upTo as EventId });
    await turns();
  };
  await read(event);
  expect(world.network.readUpTo).toEqual([last]);
  const notice = world.matrix.say(room, BOT, 'nobody over there has this');
  await write('own again');
  await read(notice);
  // Looked for a while: it might be a message that is not written down yet.
  for (let look = 1; look < 5; look += 1) await shown();
  expect(world.network.readUpTo).toEqual([last, last]);
});

test('what is read before it is written down here which message it is, is read all the same', async () => {
  await open();
  const there = world.network.say(chat, ZOE, 'quick');
  await world.run();
  const event = world.matrix.seen(room).at(-1)?.event as EventId;
  const links = [...world.db.links].filter(([, link]) => link.event === event);
  for (const [effect] of links) world.db.links.delete(effect);
  world.house?.ephemeral.fromMatrix({ kind: 'read', room, user: marie, event });
  await turns();
  for (const [effect, link] of links) world.db.links.set(effect, link);
  await shown();
  expect(world.network.readUpTo).toEqual([there]);
});

test('with what is read goes what others said before it, since what was read last, oldest first', async () => {
  await open();
  const said: MessageId[] = [];
  const say = async (words: string): Promise<EventId> => {
    said.push(world.network.say(chat, ZOE, words));
    await world.run();
    return world.matrix.seen(room).at(-1)?.event as EventId;
  };
  const read = async (event: EventId): Promise<void> => {
    world.house?.ephemeral.fromMatrix({ kind: 'read', room, user: marie, event });
    await turns();
  };
  const hello = world.network.chats.get(chat)?.said.at(-1)?.id;
  await say('one');
  await write('own');
  const [two, three] = [await say('two'), await say('three')];
  // At once: one after the other all the same.
  await Promise.all([read(two), read(three)]);
  await say('four');
  await say('five');
  await read(await say('six'));
  const [one, , , four, five] = said;
  expect(world.network.saidBefore).toEqual([[hello, one], [], [four, five]]);
});

test('no more than two hundred events are looked through for it', async () => {
  await open();
  for (let n = 0; n < 210; n += 1) world.network.say(chat, ZOE, `${n}`);
  await world.run();
  const event = world.matrix.seen(room).at(-1)?.event as EventId;
  world.house?.ephemeral.fromMatrix({ kind: 'read', room, user: marie, event });
  await turns();
  const all = world.network.chats.get(chat)?.said.map(({ id }) => id) ?? [];
  expect(world.network.saidBefore).toEqual([all.slice(-201, -1)]);
});

test('that somebody types here is passed on only where the configuration wants it', async () => {
  await open();
  const types = async (users: readonly (typeof marie)[]): Promise<number> => {
    world.house?.ephemeral.fromMatrix({ kind: 'typing', room, users });
    await turns();
    return world.network.marks.filter((mark) => mark.endsWith('typing')).length;
  };
  expect([await types([marie]), await types([])]).toEqual([1, 2]);
  await world.house?.stop();
  world.sendTyping = false;
  await world.start();
  await world.run();
  expect(await types([marie])).toBe(2);
});
