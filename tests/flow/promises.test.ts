// What the corridor promises people: nothing lost, doubled or silent when networks fail, phones speak and minds change; no wire.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import { as, type ChatId, type EventId, type RoomId } from '../../src/model/ids.ts';
import { FlowWorld, marie, MARIE, paul, ZOE } from '../support/flow-world.ts';
import { BOT, forbidden } from '../support/memory-matrix.ts';

const later = () => new BridgeError('unreachable', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
const never = () => new BridgeError('refused', 'never', 'fault.no-target', { values: { network: 'Pigeon' } });

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

const fail = (error: () => BridgeError) => {
  world.network.before = () => {
    throw error();
  };
};
const heal = () => {
  world.network.before = () => undefined;
};
const parked = async () => (await world.house?.store.queue.parked(10)) ?? [];

describe('a message that cannot be sent now', () => {
  test('is tried again under the same id, told after ten minutes, and sent once', async () => {
    fail(later);
    world.matrix.say(room, marie, 'one');
    await world.run(60_000);
    expect(world.matrix.texts(room)).toEqual(['hello', 'one']);
    await world.pass(600_000);
    expect(world.matrix.texts(room).filter((text) => text.includes('taking long'))).toHaveLength(1);
    heal();
    await world.pass(120_000);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one']);
    expect(new Set(world.network.performed.map((one) => one.id)).size).toBe(1);
    expect(world.network.performed.at(-1)?.again).toBe(true);
  });

  test('and that somebody else takes back meanwhile, however late, does not stay over there', async () => {
    world.login(paul, 'paul');
    const loft = world.network.chat('g1', [MARIE, 'paul', ZOE], 'group');
    await world.run();
    world.network.say(loft, ZOE, 'welcome');
    await world.run();
    const shared = world.room(loft);
    for (const user of [marie, paul]) await world.join(shared, user);
    fail(later);
    const secret = world.matrix.say(shared, marie, 'not for all');
    await world.run(60_000);
    world.matrix.redact(shared, paul, secret);
    await world.run();
    await world.pass(300_000);
    heal();
    await world.pass(120_000);
    expect(world.network.performed.at(-1)?.action.kind).toBe('remove');
    expect(world.network.texts(loft)).toEqual(['zoe: welcome']);
  });

  test('is parked after 24 hours, asked about, and released marked late', async () => {
    fail(later);
    world.matrix.say(room, marie, 'one');
    await world.pass(86_460_000);
    const [entry] = await parked();
    expect(entry).toMatchObject({ reason: 'too-old' });
    heal();
    world.matrix.say(room, marie, 'two');
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: two']);
    await world.house?.store.queue.release(entry?.id ?? 0);
    await world.run();
    expect(world.network.texts(chat).join()).toContain(' UTC]');
    expect(await parked()).toEqual([]);
  }, 30_000);

  test('is parked at once when it is refused for good, its author told, its lane free', async () => {
    fail(never);
    const event = world.matrix.say(room, marie, 'one');
    await world.run();
    expect(await parked()).toHaveLength(1);
    expect(world.matrix.seen(room).at(-1)).toMatchObject({ replyTo: event });
    heal();
    world.matrix.say(room, marie, 'two');
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: two']);
  });
});

describe('a room that does not let the bot say a word', () => {
  /** What people hear in rooms of their own with the bot. */
  const managed = () =>
    [...world.db.persons.values()].flatMap(({ managementRoom: own }) => (own ? world.matrix.texts(own) : []));
  beforeEach(() => {
    world.matrix.before = (method, by, where) => {
      if (method === 'put' && by === BOT && where === room) throw forbidden();
    };
  });

  test('has its person told elsewhere that what they wrote was not delivered', async () => {
    fail(never);
    world.matrix.say(room, marie, 'one');
    await world.run();
    expect(managed()).toEqual([expect.stringContaining('Not delivered: ')]);
    expect(managed()[0]).toContain(room);
  });

  test('and of something from over there that could not be shown either', async () => {
    world.matrix.before = (method, _by, where) => {
      if (method === 'put' && where === room) throw forbidden();
    };
    world.network.say(chat, ZOE, 'one');
    await world.run();
    expect(managed()).toEqual([expect.stringContaining('could not be brought here')]);
  });
});

describe('a parked message', () => {
  test('says what its edit says, takes its quote along, and goes when it is redacted', async () => {
    fail(never);
    const first = world.matrix.say(room, marie, 'one');
    const second = world.matrix.say(room, marie, 'gone');
    await world.run();
    heal();
    world.matrix.edit(room, marie, first, 'one!');
    world.matrix.redact(room, marie, second);
    world.matrix.reply(room, marie, 'so', first);
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: > one!\nso']);
    const [entry, more] = await parked();
    expect(more).toBeUndefined();
    await world.house?.store.queue.release(entry?.id ?? 0);
    await world.run();
    expect(world.network.texts(chat).at(-1)).toBe('marie: one!');
  });
});

describe('a parked answer that is edited', () => {
  test('still answers what it answered', async () => {
    const hello = world.matrix.seen(room)[0]?.event ?? as<EventId>('');
    fail(never);
    const answer = world.matrix.reply(room, marie, 'so', hello);
    await world.run();
    heal();
    world.matrix.edit(room, marie, answer, 'so!');
    world.matrix.edit(room, marie, answer, 'so it is');
    await world.run();
    const [entry] = await parked();
    await world.house?.store.queue.release(entry?.id ?? 0);
    await world.run();
    const [greeting] = world.network.chats.get(chat)?.said ?? [];
    expect(world.network.last(chat)).toMatchObject({ text: 'so it is', replyTo: greeting?.id });
  });
});

describe('a parked message that is taken back', () => {
  const TAKEN_BACK = 'This was taken back before it could leave, so it will not be sent.';

  test('never leaves, and its author hears so, also when no rule lets them write any more', async () => {
    fail(never);
    const event = world.matrix.say(room, marie, 'gone');
    await world.run();
    heal();
    world.rule('deny');
    world.matrix.redact(room, marie, event);
    await world.run();
    expect(await parked()).toEqual([]);
    expect(world.matrix.seen(room).at(-1)).toMatchObject({ text: TAKEN_BACK, replyTo: event });
    expect(world.network.texts(chat)).toEqual(['zoe: hello']);
  });

  test('never leaves, although somebody without a login took it back', async () => {
    await world.join(room, paul);
    fail(never);
    const event = world.matrix.say(room, marie, 'gone');
    await world.run();
    world.matrix.redact(room, paul, event);
    await world.run();
    expect(await parked()).toEqual([]);
    expect(world.matrix.texts(room).at(-1)).toBe(TAKEN_BACK);
  });

  test('is not taken back from another room', async () => {
    const other = world.network.chat('d2', [MARIE, 'yann']);
    world.network.say(other, 'yann', 'hey');
    await world.run();
    await world.join(world.room(other), marie);
    fail(never);
    const event = world.matrix.say(room, marie, 'stays');
    await world.run();
    world.matrix.redact(world.room(other), marie, event);
    await world.run();
    expect(await parked()).toHaveLength(1);
  });

  test('leaves nothing over there of the parts that had left', async () => {
    let sent = 0;
    world.network.before = (action) => {
      if (action.kind !== 'send') return;
      sent += 1;
      if (sent === 2) throw never();
    };
    const event = world.matrix.say(room, marie, 'a long text that takes two');
    await world.run();
    expect(world.network.texts(chat)).toHaveLength(2);
    world.matrix.redact(room, marie, event);
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello']);
    expect(await parked()).toEqual([]);
    expect(world.matrix.texts(room)).not.toContain(TAKEN_BACK);
  });
});

describe('a message from over there that could not be shown', () => {
  const forbid = () => {
    world.matrix.before = (method) => {
      if (method === 'put') throw forbidden();
    };
  };
  const allow = () => {
    world.matrix.before = () => undefined;
  };
  const releaseAll = async () => {
    for (const { id } of await parked()) await world.house?.store.queue.release(id);
    await world.run();
  };

  test('and was taken back there is never shown, whatever the rules say when it is', async () => {
    forbid();
    const one = world.network.say(chat, ZOE, 'one');
    const two = world.network.say(chat, ZOE, 'two');
    await world.run();
    expect((await parked()).filter(({ network }) => network !== undefined)).toHaveLength(2);
    allow();
    world.network.remove(chat, ZOE, one);
    await world.run();
    world.rule('deny');
    world.network.remove(chat, ZOE, two);
    await world.run();
    world.db.rules.delete('deny-all');
    world.db.ruleVersion += 1;
    await releaseAll();
    expect(world.matrix.texts(room).filter((text) => ['one', 'two'].includes(text))).toEqual([]);
  });

  test('and was changed there is shown as it is now, once', async () => {
    forbid();
    const message = world.network.say(chat, ZOE, 'one');
    await world.run();
    allow();
    world.network.edit(chat, ZOE, message, 'one!');
    await world.run();
    await releaseAll();
    expect(world.matrix.texts(room).filter((text) => text.startsWith('one'))).toEqual(['one!']);
  });

  test('and was changed there still answers what it answered, also when it is put aside in between', async () => {
    const [hello] = world.matrix.seen(room);
    const [greeting] = world.network.chats.get(chat)?.said ?? [];
    if (greeting === undefined) throw new Error('nothing was said');
    forbid();
    const answer = world.network.say(chat, ZOE, 'so', { replyTo: greeting.id });
    await world.run();
    world.network.edit(chat, ZOE, answer, 'so!');
    await world.run();
    expect((await parked()).filter(({ network }) => network !== undefined)).toHaveLength(1);
    allow();
    world.network.edit(chat, ZOE, answer, 'so it is');
    await world.run();
    expect(world.matrix.seen(room).filter(({ text }) => text.startsWith('so'))).toMatchObject([
      { text: 'so it is', replyTo: hello?.event },
    ]);
    expect((await parked()).filter(({ network }) => network !== undefined)).toEqual([]);
  });

  const sayHalf = async () => {
    let put = 0;
    world.matrix.before = (method) => {
      if (method !== 'put') return;
      put += 1;
      if (put === 2) throw forbidden();
    };
    const message = world.network.say(chat, ZOE, 'one', { parts: ['one', 'two'] });
    await world.run();
    expect(world.matrix.texts(room)).toContain('one');
    allow();
    return message;
  };

  test('but for a part, and was changed there, is shown whole as it is now, once', async () => {
    const message = await sayHalf();
    world.network.edit(chat, ZOE, message, 'one!', ['one!', 'two!']);
    await world.run();
    await releaseAll();
    expect(world.matrix.texts(room).filter((text) => /^(?:one|two)/.test(text))).toEqual(['one!', 'two!']);
  });

  test('but for a part, and was taken back there, leaves nothing and brings nothing more', async () => {
    const message = await sayHalf();
    world.network.remove(chat, ZOE, message);
    await world.run();
    await releaseAll();
    expect(world.matrix.texts(room).filter((text) => ['one', 'two'].includes(text))).toEqual([]);
  });
});

describe('what was taken back', () => {
  test('is no longer changed, without a word and without waiting', async () => {
    const event = world.matrix.say(room, marie, 'one');
    await world.run();
    world.matrix.redact(room, marie, event);
    await world.run();
    world.matrix.before = (method) => {
      if (method === 'put') throw later();
    };
    world.network.say(chat, ZOE, 'cannot come in now');
    await world.run(100);
    world.matrix.edit(room, marie, event, 'two');
    world.matrix.redact(room, marie, event);
    world.matrix.say(room, marie, 'three');
    await world.run(500);
    expect(world.network.texts(chat).at(-1)).toBe('marie: three');
    world.matrix.before = () => undefined;
    await world.run(70_000);
    expect(world.matrix.texts(room)).toEqual(['hello', 'three', 'cannot come in now']);
  });
});

describe('what was taken back before it left', () => {
  test('never leaves, and its edit needs no word', async () => {
    fail(later);
    world.matrix.say(room, marie, 'one');
    await world.run(100);
    const gone = world.matrix.say(room, marie, 'two');
    world.matrix.edit(room, marie, gone, 'two!');
    world.matrix.redact(room, marie, gone);
    await world.run(100);
    heal();
    await world.run(5_000);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: one']);
    expect(world.matrix.texts(room)).toEqual(['hello', 'one']);
  });

  test('and that the homeserver pushes without its text, neither', async () => {
    const gone = world.matrix.say(room, marie, 'two');
    world.matrix.edit(room, marie, gone, 'two!');
    // Taken back already, while the word of it is still to be pushed.
    world.matrix.room(room).redacted.add(gone);
    const at = world.matrix.feed.findIndex((event) => event.event_id === gone);
    for (const event of world.matrix.feed.splice(at, 1)) world.matrix.feed.splice(at, 0, { ...event, content: {} });
    await world.run();
    world.matrix.redact(room, marie, gone);
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello']);
    expect(world.matrix.texts(room)).toEqual(['hello']);
  });
});

describe('a change of an unknown message', () => {
  test('waits for nothing that came after it', async () => {
    // The phone's message waits for this lane, and must not be waited for in turn.
    fail(later);
    world.matrix.say(room, marie, 'one');
    await world.run(100);
    world.matrix.redact(room, marie, as<EventId>('$unknown'));
    await world.run(100);
    world.network.say(chat, MARIE, 'one');
    await world.run(100);
    heal();
    await world.run(5_000);
    expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0 });
  });
});

describe('the phone', () => {
  test('is not lost while a message written here is under way', async () => {
    fail(later);
    world.matrix.say(room, marie, 'from here');
    await world.run(1_000);
    world.network.say(chat, MARIE, 'from my phone');
    await world.run(30_000);
    expect(world.matrix.texts(room)).toContain('from my phone');
    heal();
    await world.pass(60_000);
    expect(world.matrix.texts(room).filter((text) => text === 'from here')).toHaveLength(1);
  });

  test('is heard in the order of speaking, also when one of its messages reads like one under way', async () => {
    fail(later);
    world.matrix.say(room, marie, 'from here');
    await world.run(1_000);
    world.network.say(chat, MARIE, 'from here');
    world.network.say(chat, MARIE, 'and there');
    await world.run(30_000);
    heal();
    await world.pass(60_000);
    const said = world.matrix.texts(room).filter((text) => text !== 'hello');
    expect(said).toEqual(['from here', 'from here', 'and there']);
  });

  test('is not held for an edit under way that says something else', async () => {
    const event = world.matrix.say(room, marie, 'one');
    await world.run();
    fail(later);
    world.matrix.edit(room, marie, event, 'two');
    await world.run(1_000);
    world.network.say(chat, MARIE, 'from my phone');
    await world.run(15_000);
    expect(world.matrix.texts(room)).toContain('from my phone');
  });

  test('shows a message whose answer was lost once, not twice', async () => {
    world.network.after = () => {
      throw later();
    };
    world.matrix.say(room, marie, 'from here');
    await world.run(40_000);
    world.network.after = () => undefined;
    await world.pass(60_000);
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: from here']);
    expect(world.matrix.texts(room).filter((text) => text === 'from here')).toHaveLength(1);
  });
});

describe('a text longer than an event takes', () => {
  test('comes in several, and its edit takes back what is too many', async () => {
    const long = Array.from({ length: 3_000 }, (_one, index) => `w${index}`).join(' ');
    const message = world.network.say(chat, ZOE, long);
    await world.run();
    const [, ...texts] = world.matrix.texts(room);
    expect(texts.length).toBeGreaterThan(2);
    expect(texts.join('')).toBe(long);
    world.network.edit(chat, ZOE, message, 'short');
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello', 'short']);
  });
});

describe('a room that lets the bot do nothing', () => {
  test('takes messages and reactions all the same', async () => {
    const before = (method: string, by: string): void => {
      if (['describe', 'setPowers', 'redact', 'invite'].includes(method) && by === BOT) throw forbidden();
    };
    world.matrix.before = before;
    const message = world.network.say(chat, ZOE, 'one');
    world.network.react(chat, ZOE, message, '👍');
    world.network.react(chat, ZOE, message, '🎉');
    world.network.happen(chat, ZOE, { kind: 'chat', change: { name: 'Another name' } });
    world.network.remove(chat, ZOE, world.network.say(chat, ZOE, 'gone'));
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello', 'one']);
    expect(world.matrix.reactions(room)).toEqual([`🎉 ${world.matrix.ghost('pigeon', ZOE)}`]);
    expect(await parked()).toEqual([]);
  });
});

describe('the door', () => {
  test('refuses odd ids as unreadable, keeps them once, and lets the rest of the transaction pass', async () => {
    const good = { room_id: room, sender: marie, type: 'm.room.message', content: { msgtype: 'm.text', body: 'ok' } };
    const odd = [
      { ...good, event_id: '$\u0000a' },
      { ...good, event_id: '$\ud800' },
      { ...good, event_id: '$b', sender: '@x\u0007:hs' },
      'nothing',
      null,
    ];
    await world.house?.intake.fromMatrix('x', [
      ...odd,
      { ...good, event_id: '$good', origin_server_ts: world.clock.now() },
    ]);
    await world.house?.intake.fromMatrix('y', odd);
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: ok']);
    expect((await parked()).map((one) => one.reason)).toEqual(odd.map(() => 'unreadable'));
  });

  test('has what the audit found marked with its time, and asks about it when it is older than a day', async () => {
    const found = (id: string, age: number) => ({
      event_id: id,
      room_id: room,
      sender: marie,
      type: 'm.room.message',
      content: { msgtype: 'm.text', body: id },
      origin_server_ts: world.clock.now() - age,
    });
    const events = [found('$new', 60_000), found('$hour', 3_600_000), found('$days', 200_000_000)];
    expect(await world.house?.intake.fromMatrix(undefined, events, true)).toBe(3);
    expect(await world.house?.intake.fromMatrix(undefined, events, true)).toBe(0);
    await world.run();
    // The marked one is longer than this network takes at once.
    const [, fresh, ...hour] = world.network.texts(chat).map((line) => line.replace('marie: ', ''));
    expect(fresh).toBe('$new');
    expect(hour.join('')).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d UTC\] \$hour$/);
    expect((await parked()).map((one) => one.reason)).toEqual(['too-old']);
  });

  test('keeps an event that is nested beyond reason without choking on it', async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    const event = { event_id: '$deep', room_id: room, sender: marie, type: 'm.room.message', content: deep };
    await world.house?.intake.fromMatrix('x', [event]);
    await world.run();
    expect(await parked()).toHaveLength(1);
    expect(world.matrix.seen(room).at(-1)).toMatchObject({ replyTo: '$deep' });
  });

  test('knows an event again under another transaction, and another event under the same one', async () => {
    const event = (id: string) => ({
      event_id: id,
      room_id: room,
      sender: marie,
      type: 'm.room.message',
      content: { msgtype: 'm.text', body: id },
      origin_server_ts: world.clock.now(),
    });
    await world.house?.intake.fromMatrix('1', [event('$one')]);
    await world.house?.intake.fromMatrix('2', [event('$one')]);
    await world.house?.intake.fromMatrix('1', [event('$two')]);
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'marie: $one', 'marie: $two']);
  });
});

describe('the rules', () => {
  test('that change to no stop both ways within a minute, and each side’s person hears why', async () => {
    world.rule('deny', { chat: 'chat:d1', reason: 'enough' });
    await world.pass(60_000);
    world.network.say(chat, ZOE, 'in');
    world.matrix.say(room, marie, 'out');
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello', 'zoe: in']);
    expect(world.matrix.texts(room).join()).toContain('enough');
    const told = world.db.persons.get(marie)?.managementRoom;
    expect(told === undefined ? [] : world.matrix.texts(told)).toEqual([expect.stringContaining('enough')]);
  });

  test('that forbid without a reason are told from those that do not allow', async () => {
    const told = async (): Promise<string> => {
      world.matrix.say(room, marie, 'out');
      world.network.say(chat, ZOE, 'in');
      await world.run();
      const management = world.db.persons.get(marie)?.managementRoom;
      return [room, management].map((one) => one && world.matrix.texts(one).at(-1)).join('\n');
    };
    world.rule('deny', { chat: 'chat:d1' });
    await world.pass(60_000);
    expect((await told()).match(/a rule forbids it/g)).toHaveLength(2);
    world.db.rules.clear();
    world.db.ruleVersion += 1;
    await world.pass(60_000);
    expect((await told()).match(/no rule allows it/g)).toHaveLength(2);
  });

  test('an edit of somebody else’s message is refused, and the refusal said', async () => {
    world.login(paul, 'paul');
    const target = world.matrix.seen(room)[0]?.event;
    if (target === undefined) throw new Error('nothing there');
    world.matrix.edit(room, marie, target, 'forged');
    await world.run();
    expect(world.network.texts(chat)).toEqual(['zoe: hello']);
    expect(world.matrix.texts(room).at(-1)).toContain('only the author');
  });
});
