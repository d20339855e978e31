// What one login's device could not read and another's could: the words take the place of the notice, once, in whatever order they come.
// Knows no wire.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import { as, type ChatId, type MessageId, type RoomId } from '../../src/model/ids.ts';
import { plainText, type MessageBody } from '../../src/model/message.ts';
import { FIRST_VERSION } from '../../src/model/network-event.ts';
import { say } from '../../src/model/say.ts';
import { FlowWorld, MARIE, marie, paul, ZOE } from '../support/flow-world.ts';
import type { Happening } from '../support/memory-network.ts';

const PAUL = 'paul';
const LONG = 'a b '.repeat(2_000);
const WAITING = expect.stringContaining('cannot be read yet');

let world: FlowWorld;
let chat: ChatId;
let room: RoomId;
/** Accounts of the login that reads the group, and of the other. */
let reader: string;
let other: string;

beforeEach(async () => {
  world = new FlowWorld();
  const logins = { [world.login(marie, MARIE)]: MARIE, [world.login(paul, PAUL)]: PAUL };
  chat = world.network.chat('choir', [MARIE, ZOE, PAUL], 'group', 'Choir');
  await world.start();
  world.network.say(chat, ZOE, 'hello');
  await world.run();
  room = world.room(chat);
  await world.join(room, marie);
  await world.join(room, paul);
  const portal = [...world.db.portals.values()].find(({ key }) => key.chat === chat);
  reader = logins[portal?.reader ?? ''] ?? '';
  other = reader === MARIE ? PAUL : MARIE;
});

afterEach(async () => {
  await world.house?.stop();
});

const id = as<MessageId>('w1');
const words = (text: string): MessageBody => ({ kind: 'text', as: 'text', text: plainText(text) });
const notice = (): void => {
  const body: MessageBody = { kind: 'told', say: say('whatsapp.waiting'), placeholder: true };
  world.network.happen(chat, ZOE, { kind: 'message', message: id, parts: [body] }, reader);
};
const bring = (who: string, text = 'the words'): void => {
  world.network.happen(chat, ZOE, { kind: 'message', message: id, parts: [words(text)] }, who);
};
/** The sender's phone gives it to the reader's device once more. */
const resend = (text = 'the words'): void => {
  const parts = [words(text)];
  world.network.happen(chat, ZOE, { kind: 'edit', target: id, parts, editedAt: FIRST_VERSION }, reader);
};
const refusing = (retry: 'later' | 'never') => (method: string) => {
  if (method === 'put') throw new BridgeError('no', retry, 'fault.homeserver');
};
const edits = (): number => world.matrix.room(room).timeline.filter((one) => 'm.new_content' in one.content).length;

async function after(...steps: readonly (() => void)[]): Promise<void> {
  for (const step of steps) {
    step();
    await world.run();
  }
}

async function restart(): Promise<void> {
  await world.house?.stop();
  await world.start('b');
}

describe('what the reader could not read and another login could', () => {
  test('takes the place of the notice', async () => {
    await after(notice);
    expect(world.matrix.texts(room)).toEqual(['hello', WAITING]);
    await after(() => bring(other));
    expect(world.matrix.texts(room)).toEqual(['hello', 'the words']);
    expect(edits()).toBe(1);
  });

  test('takes it once, when it is sent again to the reader and once more to both', async () => {
    await after(
      notice,
      () => bring(other),
      resend,
      () => bring(other),
      resend,
      notice,
    );
    expect(world.matrix.texts(room)).toEqual(['hello', 'the words']);
    expect(edits()).toBe(1);
  });

  test('is not said again by whoever brings it after it was sent again', async () => {
    await after(notice, resend, () => bring(other));
    expect(world.matrix.texts(room)).toEqual(['hello', 'the words']);
    expect(edits()).toBe(1);
  });

  test('is there already when the notice comes, and stays as it is', async () => {
    await after(() => bring(other), notice, resend);
    expect(world.matrix.texts(room)).toEqual(['hello', 'the words']);
    expect(edits()).toBe(0);
  });

  test('takes it in a house started since', async () => {
    await after(notice);
    await restart();
    await after(() => bring(other));
    await restart();
    await after(resend);
    expect(world.matrix.texts(room)).toEqual(['hello', 'the words']);
    expect(edits()).toBe(1);
  });

  test('never takes the place of what was changed meanwhile, or taken back', async () => {
    const edit = { kind: 'edit', target: id, parts: [words('changed')], editedAt: world.clock.now() } as const;
    await after(
      notice,
      () => world.network.happen(chat, ZOE, edit),
      () => bring(other),
    );
    expect(world.matrix.texts(room)).toEqual(['hello', 'changed']);
    await after(
      () => world.network.happen(chat, ZOE, { kind: 'removal', target: id }),
      () => bring(other),
      resend,
    );
    expect(world.matrix.texts(room)).toEqual(['hello']);
  });

  test('is in pieces where it is long', async () => {
    await after(notice, () => bring(other, LONG));
    const [, ...pieces] = world.matrix.texts(room);
    expect(pieces.join('')).toBe(LONG);
    expect(pieces.length).toBeGreaterThan(1);
  });

  test('takes it where it was tried and put aside before the notice came', async () => {
    world.matrix.before = refusing('later');
    bring(other);
    await world.run(100);
    world.matrix.before = refusing('never');
    await world.run();
    world.matrix.before = () => undefined;
    const [parked] = (await world.house?.store.queue.parked(9)) ?? [];
    await after(notice);
    expect(world.matrix.texts(room)).toContainEqual(WAITING);
    await world.house?.store.queue.release(parked?.id ?? 0);
    await world.run();
    expect(world.matrix.texts(room)).toContain('the words');
    expect(world.matrix.texts(room)).not.toContainEqual(WAITING);
    expect(edits()).toBe(1);
  });
});

test('what one login alone cannot read stays a notice until it is sent again', async () => {
  await after(notice, notice);
  expect(world.matrix.texts(room)).toEqual(['hello', WAITING]);
  await after(resend);
  expect(world.matrix.texts(room)).toEqual(['hello', 'the words']);
});

describe('a notice from before there were placeholders', () => {
  const old = (): void => {
    const body: MessageBody = { kind: 'told', say: say('whatsapp.waiting') };
    world.network.happen(chat, ZOE, { kind: 'message', message: id, parts: [body] }, reader);
  };

  test('gives its place to the words that are sent again, once', async () => {
    await after(old, resend, resend);
    expect(world.matrix.texts(room)).toEqual(['hello', 'the words']);
    expect(edits()).toBe(1);
  });

  test('never takes the place of the words, released after them', async () => {
    world.matrix.before = refusing('later');
    old();
    await world.run(100);
    world.matrix.before = refusing('never');
    await world.run();
    world.matrix.before = () => undefined;
    const [parked] = (await world.house?.store.queue.parked(9)) ?? [];
    await after(() => bring(other));
    // As a link of that time was kept.
    for (const [key, link] of world.db.links) {
      if (link.message !== id) continue;
      const { editedAt, ...dated } = link;
      expect(editedAt).toBe(FIRST_VERSION);
      world.db.links.set(key, dated);
    }
    await world.house?.store.queue.release(parked?.id ?? 0);
    await world.run();
    expect(world.matrix.texts(room).filter((one) => one.includes('cannot be read yet'))).toEqual([]);
    expect(world.matrix.texts(room)).toContain('the words');
  });
});

test('what was written here is not changed by what is sent again of it', async () => {
  world.matrix.say(room, marie, 'mine');
  await world.run();
  const [own] = [...world.db.links.values()].filter((link) => link.direction === 'to-network');
  const parts = [words('mine')];
  await after(() =>
    world.network.happen(
      chat,
      MARIE,
      { kind: 'edit', target: own?.message ?? id, parts, editedAt: FIRST_VERSION },
      reader,
    ),
  );
  expect(own?.message).toBeDefined();
  expect(world.matrix.texts(room)).toEqual(['hello', 'mine']);
});

describe('a change that the reader could not read and another login could', () => {
  const [first, seconds] = [as<MessageId>('m1'), as<MessageId>('m2')];
  const thumb = { kind: 'reaction', target: first, emoji: '👍', own: id } as const;
  const edit = (): Happening => ({
    kind: 'edit',
    target: first,
    parts: [words('once more')],
    editedAt: world.clock.now(),
    own: id,
  });
  const removal = { kind: 'removal', target: seconds, own: id } as const;
  const changes: readonly (readonly [string, () => Happening, () => void])[] = [
    ['a reaction', () => thumb, () => expect(world.matrix.reactions(room)).toEqual([expect.stringContaining('👍')])],
    ['an edit', edit, () => expect(world.matrix.texts(room)).toContain('once more')],
    ['a deletion', () => removal, () => expect(world.matrix.texts(room)).not.toContain('two')],
  ];
  const by = (who: string, what: Happening) => (): void => world.network.happen(chat, ZOE, what, who);
  const shown = (): readonly string[] => world.matrix.texts(room).filter((text) => text.includes('cannot be read yet'));

  beforeEach(async () => {
    for (const [message, text] of [
      [first, 'one'],
      [seconds, 'two'],
    ] as const) {
      world.network.happen(chat, ZOE, { kind: 'message', message, parts: [words(text)] });
    }
    await world.run();
  });

  test.each(changes)('as %s takes its notice away', async (_name, change, made) => {
    await after(notice);
    expect(shown()).toHaveLength(1);
    await after(by(other, change()));
    expect(shown()).toEqual([]);
    made();
  });

  test.each(changes)('as %s gets no notice when it is there first', async (_name, change, made) => {
    await after(by(other, change()), notice);
    expect(shown()).toEqual([]);
    made();
  });

  test('is told by no notice in a house started since either', async () => {
    await after(by(other, thumb));
    await restart();
    await after(notice);
    expect(shown()).toEqual([]);
  });

  test('is made once when the reader gets it again', async () => {
    await after(notice, by(other, thumb));
    const before = world.matrix.room(room).timeline.length;
    await after(by(reader, { kind: 'removal', target: id }), by(reader, thumb));
    expect(world.matrix.room(room).timeline).toHaveLength(before);
    expect(world.matrix.reactions(room)).toEqual([expect.stringContaining('👍')]);
  });

  test('takes nothing away that can be read', async () => {
    await after(() => bring(reader), by(other, thumb));
    expect(world.matrix.texts(room)).toContain('the words');
  });

  test('keeps its notice where that other login may not have the chat', async () => {
    const login = [...world.db.puppets.values()].find(({ self }) => self === other);
    if (login === undefined) throw new Error('no other login');
    world.rule('deny', { user: login.owner });
    await world.pass(10_000);
    await after(by(other, thumb), notice);
    expect(shown()).toHaveLength(1);
  });
});
