// What was put aside and is changed over there, under another name of its chat or in the wrong order: the newest is what people see.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { as, type ChatId, type EventId, type MessageId, type RoomId } from '../../src/model/ids.ts';
import { plainText, type MessageBody } from '../../src/model/message.ts';
import { FlowWorld, marie, MARIE, ZOE } from '../support/flow-world.ts';
import { forbidden } from '../support/memory-matrix.ts';
import { PIGEON } from '../support/memory-network.ts';

const [FORMER, NOW] = [as<ChatId>('d1'), as<ChatId>('d2')];

let world: FlowWorld;
let room: RoomId;

beforeEach(async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  world.network.chat(FORMER, [ZOE, MARIE]);
  world.network.chat(NOW, ['zoe2', MARIE]);
  await world.start();
  world.network.say(FORMER, ZOE, 'hello');
  await world.run();
  room = world.room(FORMER);
  await world.join(room, marie);
});

afterEach(async () => {
  await world.house?.stop();
});

const parked = async () => (await world.house?.store.queue.parked(20)) ?? [];
const ofTheNetwork = async () => (await parked()).filter(({ network }) => network !== undefined);
const body = (text: string): MessageBody => ({ kind: 'text', as: 'text', text: plainText(text) });

const forbid = () => {
  world.matrix.before = (method) => {
    if (method === 'put') throw forbidden();
  };
};
const allow = () => {
  world.matrix.before = () => undefined;
};

async function turnsOut(): Promise<void> {
  world.network.happen(NOW, 'zoe2', { kind: 'same-chat', before: FORMER });
  await world.run();
}

/** `editedAt` as the network says it, whatever came first. */
async function edited(chat: ChatId, target: MessageId, text: string, editedAt: number): Promise<void> {
  world.network.happen(chat, chat === FORMER ? ZOE : 'zoe2', { kind: 'edit', target, parts: [body(text)], editedAt });
  await world.run();
}

async function release(id: number): Promise<void> {
  await world.house?.store.queue.release(id);
  await world.run();
}

/** What people see of it, without what the bot says of failures. */
function shown(): readonly string[] {
  return world.matrix.texts(room).filter((text) => text.startsWith('one'));
}

describe('what was put aside of a chat that is another one now', () => {
  beforeEach(() => forbid());

  test('is shown as an edit under the new name says, once', async () => {
    const message = world.network.say(FORMER, ZOE, 'one');
    await world.run();
    allow();
    await turnsOut();
    await edited(NOW, message, 'one, mended', 20);
    for (const { id } of await ofTheNetwork()) await release(id);
    expect(shown()).toEqual(['one, mended']);
  });

  test('is never shown when it is taken back under the new name', async () => {
    const message = world.network.say(FORMER, ZOE, 'one');
    await world.run();
    allow();
    await turnsOut();
    world.network.happen(NOW, 'zoe2', { kind: 'removal', target: message });
    await world.run();
    expect(await ofTheNetwork()).toEqual([]);
    expect(shown()).toEqual([]);
  });

  test('is found by what still comes under the former name', async () => {
    allow();
    await turnsOut();
    forbid();
    const message = world.network.say(NOW, 'zoe2', 'one');
    await world.run();
    allow();
    world.network.happen(FORMER, ZOE, { kind: 'removal', target: message });
    await world.run();
    expect(await ofTheNetwork()).toEqual([]);
    expect(shown()).toEqual([]);
  });

  test('is found by the newest of three names', async () => {
    const newest = world.network.chat('d3', ['zoe3', MARIE]);
    const message = world.network.say(FORMER, ZOE, 'one');
    await world.run();
    allow();
    await turnsOut();
    world.network.happen(newest, 'zoe3', { kind: 'same-chat', before: NOW });
    await world.run();
    world.network.happen(newest, 'zoe3', { kind: 'removal', target: message });
    await world.run();
    expect(await ofTheNetwork()).toEqual([]);
  });

  test('and released is waited for by an edit under the new name', async () => {
    const message = world.network.say(FORMER, ZOE, 'one');
    await world.run();
    allow();
    await turnsOut();
    // The homeserver is away when it is tried again.
    world.matrix.before = (method) => {
      if (method === 'put') throw new Error('away');
    };
    const [entry] = await ofTheNetwork();
    await world.house?.store.queue.release(entry?.id ?? 0);
    await world.run(100);
    world.network.happen(NOW, 'zoe2', { kind: 'edit', target: message, parts: [body('one!')], editedAt: 20 });
    await world.run(100);
    allow();
    await world.run(120_000);
    // Somebody else's ghost cannot edit it.
    expect(world.matrix.texts(room).slice(1)).toEqual(['one', '✏️ one!']);
  });
});

describe('what people wrote in the room of a chat that is another one now and was put aside', () => {
  test('says what its edit says, and goes when it is taken back', async () => {
    world.network.before = () => {
      throw forbidden();
    };
    const one = world.matrix.say(room, marie, 'one');
    const two = world.matrix.say(room, marie, 'two');
    await world.run();
    world.network.before = () => undefined;
    await turnsOut();
    world.matrix.edit(room, marie, one, 'one!');
    world.matrix.redact(room, marie, two);
    await world.run();
    const [entry, more] = await parked();
    expect(more).toBeUndefined();
    await release(entry?.id ?? 0);
    expect(world.network.texts(NOW).at(-1)).toBe('marie: one!');
  });
});

describe('of several edits of a message over there', () => {
  test('that were put aside, the older does not win although it came last and is released last', async () => {
    forbid();
    const message = as<MessageId>('never-seen');
    await edited(FORMER, message, 'one, newer', 20);
    await edited(FORMER, message, 'one, older', 10);
    const [newer, older] = await ofTheNetwork();
    expect(await ofTheNetwork()).toHaveLength(2);
    allow();
    await release(newer?.id ?? 0);
    await release(older?.id ?? 0);
    expect(shown()).toEqual(['one, newer']);
  });

  test('the one that rewrote what was put aside is not overtaken by an older one, before it is shown or after', async () => {
    forbid();
    const message = world.network.say(FORMER, ZOE, 'one');
    await world.run();
    await edited(FORMER, message, 'one, newer', 20);
    await edited(FORMER, message, 'one, older', 10);
    allow();
    await edited(FORMER, message, 'one, oldest', 5);
    expect(await ofTheNetwork()).toHaveLength(1);
    for (const { id } of await ofTheNetwork()) await release(id);
    await edited(FORMER, message, 'one, older once more', 11);
    expect(shown()).toEqual(['one, newer']);
    await edited(FORMER, message, 'one, newest', 30);
    expect(shown()).toEqual(['one, newest']);
  });

  test('that came before the message itself, an older one that comes later changes nothing', async () => {
    const message = as<MessageId>('not-seen-yet');
    await edited(FORMER, message, 'one, newer', 20);
    await edited(FORMER, message, 'one, older', 10);
    expect(shown()).toEqual(['one, newer']);
  });

  test('one that was tried and put aside with its plan makes no second message of it', async () => {
    // A fault of ours, not a refusal: its plan is written down before it is given up.
    world.matrix.before = (method) => {
      if (method === 'put') throw new Error('a bug');
    };
    const message = as<MessageId>('never-seen');
    await edited(FORMER, message, 'one, newer', 20);
    await world.run(120_000);
    expect(await ofTheNetwork()).toHaveLength(1);
    allow();
    await edited(FORMER, message, 'one, older', 10);
    expect(shown()).toEqual(['one, older']);
    for (const { id } of await ofTheNetwork()) await release(id);
    expect(shown()).toEqual(['one, newer']);
  });
});

describe('what is under way when its chat turns out to be another one', () => {
  test('can be changed and taken back afterwards', async () => {
    world.network.answering = async () => {
      world.network.answering = async () => await Promise.resolve();
      await turnsOutMeanwhile();
    };
    const one = world.matrix.say(room, marie, 'one');
    await world.run();
    world.matrix.edit(room, marie, one, 'one!');
    await world.run();
    expect(world.network.performed.at(-1)?.action).toMatchObject({ kind: 'edit', chat: NOW });
  });

  async function turnsOutMeanwhile(): Promise<void> {
    const flow = world.house?.flow;
    const [puppet] = await (flow?.puppets.all() ?? []);
    const key = (chat: ChatId) => ({ network: PIGEON, chat, ...(puppet === undefined ? {} : { receiver: puppet.id }) });
    if (flow === undefined || puppet === undefined) throw new Error('no house');
    await flow.keeper.know(key(NOW), puppet);
    await flow.keeper.join(key(FORMER), key(NOW));
  }
});

describe('of several edits of what people wrote here', () => {
  const refuse = () => {
    world.network.before = () => {
      throw forbidden();
    };
  };
  const heal = () => {
    world.network.before = () => undefined;
  };
  const DROPPED =
    'This change of your message will not be sent: your newer one takes its place, also if you discard that one.';

  /** As the audit brings it: written at `at` (epoch ms), whenever it comes. */
  async function editedAt(target: EventId, text: string, at: number): Promise<void> {
    const event = {
      event_id: `$edit-${text}`,
      room_id: room,
      sender: marie,
      type: 'm.room.message',
      origin_server_ts: at,
      content: {
        msgtype: 'm.text',
        body: `* ${text}`,
        'm.new_content': { msgtype: 'm.text', body: text },
        'm.relates_to': { rel_type: 'm.replace', event_id: target },
      },
    };
    await world.house?.intake.fromMatrix(undefined, [event]);
    await world.run();
  }

  test('that could not leave, only the newest is kept, whichever came last', async () => {
    for (const [first, last] of [
      [1, 2],
      [2, 1],
    ] as const) {
      heal();
      const one = world.matrix.say(room, marie, 'one');
      await world.run();
      const now = world.clock.now();
      refuse();
      await editedAt(one, `one, ${first} of ${first}${last}`, now + first);
      await editedAt(one, `one, ${last} of ${first}${last}`, now + last);
      heal();
      const edits = (await parked()).filter(({ lane }) => lane.startsWith('n:'));
      expect(edits).toHaveLength(1);
      // Its author hears of the other: this one may never leave either.
      expect(world.matrix.seen(room)).toContainEqual(
        expect.objectContaining({ text: DROPPED, replyTo: `$edit-one, 1 of ${first}${last}` }),
      );
      await release(edits[0]?.id ?? 0);
      expect(world.network.texts(FORMER).at(-1)).toBe(`marie: one, 2 of ${first}${last}`);
    }
  });

  test('that are asked about together, the newest is what is read over there, whichever is released last', async () => {
    const one = world.matrix.say(room, marie, 'one');
    await world.run();
    const old = world.clock.now() - 86_500_000;
    await editedAt(one, 'one, newer', old + 2);
    await editedAt(one, 'one, older', old + 1);
    const entries = (await parked()).filter(({ lane }) => lane.startsWith('n:'));
    for (const { id } of entries) await release(id);
    expect(world.network.texts(FORMER).at(-1)).toBe('marie: one, newer');
  });

  test('of a message that could not leave itself, it says what the newest says', async () => {
    refuse();
    const one = world.matrix.say(room, marie, 'one');
    await world.run();
    const now = world.clock.now();
    await editedAt(one, 'one, newer', now + 2);
    await editedAt(one, 'one, older', now + 1);
    heal();
    const [entry] = (await parked()).filter(({ lane }) => lane.startsWith('n:'));
    await release(entry?.id ?? 0);
    expect(world.network.texts(FORMER).at(-1)).toBe('marie: one, newer');
  });
});
