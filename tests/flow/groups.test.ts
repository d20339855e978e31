// Groups in the corridor: who is let into their rooms, what is put back, and that nothing goes round in circles.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../src/model/errors.ts';
import { effectId } from '../../src/model/effect.ts';
import type { ChatId, RoomId } from '../../src/model/ids.ts';
import { BOT } from '../support/memory-matrix.ts';
import { mirrorLater } from '../../src/flow/tellings.ts';
import { FlowWorld, MARIE, marie, paul, ZOE } from '../support/flow-world.ts';
import { hearing } from '../support/heard-calls.ts';

let world: FlowWorld;
let chat: ChatId;
let room: RoomId;

beforeEach(async () => {
  world = new FlowWorld();
  world.login(marie, MARIE);
  chat = world.network.chat('choir', [MARIE, ZOE, 'paul', 'ana'], 'group', 'Choir');
  world.network.setRole(chat, ZOE, ZOE, 'admin');
});

afterEach(async () => {
  await world.house?.stop();
});

async function open(): Promise<void> {
  room = await world.begin(chat);
}

const ghost = (person: string): ReturnType<typeof world.matrix.ghost> => world.matrix.ghost('pigeon', person);
const present = (user: Parameters<typeof world.matrix.level>[1]): unknown => world.matrix.room(room).members.get(user);

describe('what is taken back in a group', () => {
  const redaction = (): unknown => world.matrix.room(room).timeline.findLast(({ type }) => type === 'm.room.redaction');

  test('by its author goes by its author’s hand', async () => {
    await open();
    const slip = world.network.say(chat, 'ana', 'slip');
    world.network.remove(chat, 'ana', slip);
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello']);
    expect(redaction()).toMatchObject({ sender: ghost('ana'), content: {} });
    expect(redaction()).not.toHaveProperty('content.reason');
  });

  test('by an admin whom the room does not let goes by the bot, which says who it was', async () => {
    await open();
    const slip = world.network.say(chat, 'ana', 'slip');
    await world.run();
    world.network.remove(chat, ZOE, slip);
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello']);
    expect(redaction()).toMatchObject({ sender: BOT, content: { reason: `Deleted by ${ghost(ZOE)} on Pigeon.` } });
  });

  test('by an admin of this server says their name here, and brings in no ghost of theirs', async () => {
    await open();
    const slip = world.network.say(chat, 'ana', 'slip');
    await world.run();
    world.network.remove(chat, MARIE, slip);
    await world.run();
    expect(redaction()).toMatchObject({ sender: BOT, content: { reason: `Deleted by ${marie} on Pigeon.` } });
    expect(present(ghost(MARIE))).toBeUndefined();
  });

  test('by somebody with a double puppet goes by their own hand, and is not taken back over there again', async () => {
    world.matrix.doubles.add(marie);
    await open();
    const event = world.matrix.say(room, marie, 'mine');
    await world.run();
    const { id } = world.network.last(chat);
    world.network.remove(chat, MARIE, id);
    await world.run();
    expect(redaction()).toMatchObject({ sender: marie, content: { redacts: event } });
    expect(world.network.performed.filter(({ action }) => action.kind === 'remove')).toEqual([]);
  });
});

describe('the name of a group', () => {
  /** Each name that the room had since it was opened, and who wrote it. */
  const names = (): readonly string[] =>
    world.matrix
      .room(room)
      .timeline.filter(({ type }) => type === 'm.room.name')
      .map(
        ({ sender, content }) =>
          `${sender === BOT || sender.startsWith('@_') ? 'over there' : sender}: ${String(content['name'])}`,
      );
  const set = (name: string, by = marie): unknown => world.matrix.state(room, by, 'm.room.name', { name });
  const performed = (): readonly unknown[] =>
    world.network.performed.flatMap(({ action }) => (action.kind === 'rename' ? [action.name] : []));
  const there = (): string | undefined => world.network.chats.get(chat)?.name;
  const kept = (): string | undefined => [...world.db.portals.values()].find(({ key }) => key.chat === chat)?.name;
  /** Paul has a login too, and is in. */
  const both = async (): Promise<void> => {
    world.login(paul, 'paul');
    await open();
    await world.join(room, paul);
    await world.run();
  };

  test('set twice at once never shows the first again, and is the second’s on both sides', async () => {
    world.matrix.doubles.add(marie);
    await open();
    set('first');
    set('second');
    await world.run();
    expect(names()).toEqual([`${marie}: first`, `${marie}: second`]);
    expect(performed()).toEqual(['first', 'second']);
    expect([there(), kept()]).toEqual(['second', 'second']);
    // What somebody over there does later is shown, also when they go back to the first.
    world.network.rename(chat, ZOE, 'first');
    await world.run();
    expect(names().slice(2)).toEqual(['over there: first']);
    expect(performed()).toHaveLength(2);
  });

  test('set by two is the later one’s, although the other’s line was away at first', async () => {
    await both();
    let away = true;
    world.network.before = (action) => {
      if (away && action.kind === 'rename' && action.name === 'older')
        throw new BridgeError('away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
    };
    set('older');
    await world.run();
    set('newer', paul);
    await world.run();
    away = false;
    await world.run(600_000);
    expect(names()).toEqual([`${marie}: older`, `${paul}: newer`]);
    expect(performed().at(-1)).toBe('newer');
    expect([there(), kept()]).toEqual(['newer', 'newer']);
  });

  test('that waits for its line does not go over what somebody over there called it since', async () => {
    await open();
    let away = true;
    world.network.before = () => {
      if (away) throw new BridgeError('away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
    };
    set('mine');
    await world.run();
    await world.pass(120_000);
    world.network.rename(chat, ZOE, 'hers');
    await world.run();
    away = false;
    await world.run(600_000);
    expect(names()).toEqual([`${marie}: mine`, 'over there: hers']);
    expect([there(), kept()]).toEqual(['hers', 'hers']);
  });

  test('set just after somebody over there set another is not undone by the news of theirs', async () => {
    await open();
    world.network.before = (action) => {
      if (action.kind === 'rename' && there() === 'Choir') world.network.rename(chat, ZOE, 'hers');
    };
    set('mine');
    await world.run(30_000);
    expect(names()).toEqual([`${marie}: mine`]);
    expect([there(), kept()]).toEqual(['mine', 'mine']);
  });

  test('set to what it was already, which does not come back, hides nothing that comes after it', async () => {
    await both();
    const { wordings } = world.house?.flow.matrix ?? {};
    set('ours');
    await world.run();
    // Nothing of this one will come.
    const at = world.clock.now();
    await wordings?.keep(room, { id: effectId('lost', 0), of: 'name', text: 'ours', at, is: 'done' });
    world.network.rename(chat, ZOE, 'hers');
    await world.run(30_000);
    expect(names()).toEqual([`${marie}: ours`, 'over there: hers']);
    expect([there(), kept()]).toEqual(['hers', 'hers']);
  });

  const look = async (): Promise<void> => {
    const [portal] = [...world.db.portals.values()];
    if (portal?.reader === undefined || world.house === undefined) throw new Error('no portal');
    await mirrorLater(world.house.flow, { cause: `look ${world.clock.now()}`, portal, puppet: portal.reader });
    await world.run();
  };

  test('is not looked at while one set here may be under way', async () => {
    await open();
    const at = world.clock.now();
    await world.house?.flow.matrix.wordings.keep(room, {
      id: effectId('under way', 0),
      of: 'name',
      text: 'mine',
      at,
      is: 'leaving',
    });
    const group = world.network.chats.get(chat);
    if (group !== undefined) group.name = 'as it was just now';
    await look();
    expect(names()).toEqual([]);
    await world.run(70_000);
    expect(names()).toEqual(['over there: as it was just now']);
  });

  test('that waits for its line still leaves when the room was made to look as the group did before', async () => {
    await open();
    world.network.rename(chat, ZOE, 'hers');
    await world.run();
    let away = true;
    world.network.before = () => {
      if (away) throw new BridgeError('away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
    };
    await world.pass(1_000);
    set('mine');
    await world.run();
    await look();
    expect(world.matrix.room(room).name).toBe('hers');
    away = false;
    await world.run(600_000);
    expect([there(), kept(), world.matrix.room(room).name]).toEqual(['mine', 'mine', 'mine']);
  });

  test('refused for the later one leaves the earlier one its turn', async () => {
    await both();
    let away = true;
    world.network.before = (action) => {
      if (action.kind !== 'rename') return;
      if (action.name === 'refused') throw new BridgeError('no-right', 'never', 'fault.not-yours');
      if (away) throw new BridgeError('away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
    };
    set('waits');
    await world.run();
    set('refused', paul);
    away = false;
    await world.run(600_000);
    expect([there(), kept(), world.matrix.room(room).name]).toEqual(['waits', 'waits', 'waits']);
  });
});

describe('the picture of a group', () => {
  const shown = (): unknown => world.matrix.room(room).timeline.findLast(({ type }) => type === 'm.room.avatar');
  const times = (): number => world.matrix.room(room).timeline.filter(({ type }) => type === 'm.room.avatar').length;

  const set = (name: string | undefined): unknown =>
    world.matrix.state(room, marie, 'm.room.avatar', name === undefined ? {} : { url: `mxc://hs.test/${name}` });
  /** The news of the last one that was set here, once more. */
  const comingBack = (): (() => void) => {
    const hash = world.matrix.picturesSetHere.get(room)?.hash ?? '';
    const picture = { hash, source: { from: 'network', handle: hash } } as const;
    return () => world.network.happen(chat, MARIE, { kind: 'chat', change: { picture } });
  };

  test('is its room’s from the first message on, and each new one by whoever changed it, fetched once', async () => {
    world.network.picture(chat, ZOE, 'first');
    await open();
    expect(shown()).toMatchObject({ sender: BOT, content: { url: 'mxc://hs/first' } });
    world.network.picture(chat, 'ana', 'second');
    world.network.happen(chat, ZOE, { kind: 'chat', change: { locked: true } });
    await world.run();
    expect(shown()).toMatchObject({ sender: ghost('ana'), content: { url: 'mxc://hs/second' } });
    world.network.picture(chat, ZOE, null);
    await world.run();
    expect(shown()).toMatchObject({ sender: ghost(ZOE), content: {} });
    expect(world.network.opened).toEqual(['first', 'second']);
  });

  test('set here is the group’s, and what comes back of it changes the room no more', async () => {
    await open();
    world.network.answering = async () => {
      for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    world.matrix.state(room, marie, 'm.room.avatar', { url: 'mxc://hs.test/mine' });
    await world.run();
    const action = { kind: 'set-picture', chat, picture: { from: 'matrix', uri: 'mxc://hs.test/mine' } };
    expect(world.network.performed.at(-1)).toMatchObject({ action });
    expect([times(), shown()]).toMatchObject([1, { sender: marie, content: { url: 'mxc://hs.test/mine' } }]);
    // Nor does a look at the whole group.
    world.network.setRole(chat, ZOE, 'ana', 'admin');
    world.matrix.state(room, marie, 'm.room.topic', { topic: 'refused' });
    await world.run();
    expect(times()).toBe(1);
    world.matrix.state(room, marie, 'm.room.avatar', {});
    await world.run();
    expect(world.network.performed.at(-1)).toMatchObject({ action: { kind: 'set-picture', picture: null } });
    expect(times()).toBe(2);
    expect(world.network.opened).toEqual([]);
  });

  test('set here and taken away here is not shown again when what comes back of it is late', async () => {
    await open();
    world.matrix.state(room, marie, 'm.room.avatar', { url: 'mxc://hs.test/mine' });
    await world.run();
    const news = comingBack();
    world.matrix.state(room, marie, 'm.room.avatar', {});
    await world.run();
    news();
    await world.run();
    expect([times(), shown()]).toMatchObject([2, { sender: marie, content: {} }]);
    expect(world.network.opened).toEqual([]);
  });

  test('set here is not shown again when it comes back before what was done here since then is heard of', async () => {
    await open();
    set('mine');
    await world.run();
    const news = comingBack();
    set(undefined);
    news();
    await world.run();
    expect([times(), shown()]).toMatchObject([2, { sender: marie, content: {} }]);
    const gone = (): void => world.network.happen(chat, MARIE, { kind: 'chat', change: { picture: null } });
    set('another');
    gone();
    await world.run();
    expect([times(), shown()]).toMatchObject([3, { sender: marie, content: { url: 'mxc://hs.test/another' } }]);
    expect(world.network.performed.at(-1)).toMatchObject({ action: { picture: { uri: 'mxc://hs.test/another' } } });
    expect(world.network.opened).toEqual([]);
  });

  test.each([
    ['set twice', 'mine'],
    ['taken away and set', undefined],
  ])('%s at once is in the end what the group has', async (_how, first) => {
    await open();
    set('before');
    await world.run();
    set(first);
    set('last');
    await world.run();
    expect(world.network.performed.at(-1)).toMatchObject({ action: { picture: { uri: 'mxc://hs.test/last' } } });
    expect(shown()).toMatchObject({ content: { url: 'mxc://hs.test/last' } });
  });

  test('set here while an older one comes from over there is in the end what the group has', async () => {
    await open();
    world.network.picture(chat, ZOE, 'hers');
    set('mine');
    await world.run();
    expect(world.network.performed.at(-1)).toMatchObject({ action: { picture: { uri: 'mxc://hs.test/mine' } } });
    expect(shown()).toMatchObject({ content: { url: 'mxc://hs.test/mine' } });
    // Somebody over there may still take it away.
    world.network.picture(chat, ZOE, null);
    await world.run();
    expect(shown()).toMatchObject({ sender: ghost(ZOE), content: {} });
  });

  test('that may not be is put back as it was, and nobody fetches it again', async () => {
    world.network.picture(chat, ZOE, 'first');
    await open();
    world.network.before = () => {
      throw new BridgeError('no-right', 'never', 'fault.not-yours');
    };
    world.matrix.state(room, marie, 'm.room.avatar', { url: 'mxc://hs.test/mine' });
    await world.run();
    expect(shown()).toMatchObject({ sender: BOT, content: { url: 'mxc://hs/first' } });
    expect(world.matrix.texts(room).at(-1)).toContain('only the author');
    expect(world.network.opened).toEqual(['first']);
  });

  test('that cannot be fetched leaves the room as it is, keeps no message, and comes with the next look', async () => {
    await open();
    world.network.hasMedia = false;
    world.network.picture(chat, ZOE, 'first');
    world.network.say(chat, ZOE, 'do you like it?');
    await world.run();
    expect([times(), world.matrix.texts(room).at(-1)]).toEqual([0, 'do you like it?']);
    world.network.hasMedia = true;
    world.matrix.state(room, marie, 'm.room.topic', { topic: 'refused' });
    await world.run();
    expect(shown()).toMatchObject({ content: { url: 'mxc://hs/first' } });
  });
});

describe('the room of a group', () => {
  test('shows its people from the first message on, with power for admins and nobody else', async () => {
    await open();
    expect(['ana', 'paul', ZOE].map((one) => present(ghost(one)))).toEqual(['join', 'join', 'join']);
    expect(present(ghost(MARIE))).toBeUndefined();
    expect([ZOE, 'ana'].map((one) => world.matrix.level(room, ghost(one)))).toEqual([50, 0]);
  });

  test('shows nobody with power who is not of this server, where the configuration wants no ghost with any, and none may invite', async () => {
    world.matrix.ghostPower = false;
    world.login(paul, 'paul');
    world.network.setRole(chat, ZOE, 'paul', 'admin');
    await open();
    expect([ghost(ZOE), paul].map((user) => world.matrix.level(room, user))).toEqual([0, 60]);
    world.network.setRole(chat, ZOE, 'ana', 'admin');
    world.network.happen(chat, ZOE, { kind: 'chat', change: { anyoneAdds: true } });
    await world.run();
    expect(world.matrix.level(room, ghost('ana'))).toBe(0);
    expect(world.matrix.room(room).levels['invite']).toBe(50);
    // What they do over there is done all the same, by the bot.
    world.network.move(chat, ZOE, 'ana', 'out');
    await world.run();
    const gone = world.matrix.room(room).timeline.findLast(({ state_key: key }) => key === ghost('ana'));
    expect(gone).toMatchObject({ sender: BOT, content: { membership: 'leave' } });
  });

  test('takes the power from ghosts that have some, once the configuration wants none with any', async () => {
    await open();
    expect(world.matrix.level(room, ghost(ZOE))).toBe(50);
    world.matrix.ghostPower = false;
    world.network.happen(chat, ZOE, { kind: 'chat', change: { locked: true } });
    await world.run();
    expect(world.matrix.level(room, ghost(ZOE))).toBe(0);
  });

  test('shows of very many people those who speak, and whoever never did goes without a trace', async () => {
    world.shownMembers = 4;
    for (const one of ['ben', 'eva']) world.network.move(chat, one, one, 'in');
    await open();
    expect(['ana', 'paul', ZOE].map((one) => present(ghost(one)))).toEqual([undefined, undefined, 'join']);
    world.network.say(chat, 'ana', 'me too');
    await world.run();
    expect(present(ghost('ana'))).toBe('join');
    const before = world.matrix.room(room).timeline.length;
    world.network.setRole(chat, ZOE, 'paul', 'admin');
    world.network.setRole(chat, ZOE, 'paul', 'member');
    await world.run();
    const events = world.matrix.room(room).timeline.length;
    world.network.move(chat, ZOE, 'paul', 'out');
    world.network.move(chat, 'paul', 'paul', 'in');
    world.network.move(chat, 'paul', 'paul', 'out');
    await world.run();
    expect(world.matrix.room(room).timeline.length).toBe(events);
    expect(events - before).toBeLessThanOrEqual(2);
    expect(present(ghost('paul'))).toBeUndefined();
    expect((await world.house?.store.queue.depth())?.parked).toBe(0);
  });

  test('lets another login of the group in only where a rule allows it', async () => {
    world.db.rules.clear();
    world.rule('allow', { id: 'marie' });
    world.db.rules.set('marie', {
      id: 'marie',
      effect: 'allow',
      action: 'any',
      user: marie,
      source: 'file',
      by: 'file',
      madeAt: 0,
    });
    world.login(paul, 'paul');
    await open();
    expect(present(paul)).toBeUndefined();
    world.network.move(chat, ZOE, 'paul', 'out');
    world.network.move(chat, ZOE, 'paul', 'in');
    await world.run();
    expect(present(paul)).toBeUndefined();
    world.rule('allow');
    await world.pass(10_000);
    world.network.move(chat, ZOE, 'paul', 'out');
    world.network.move(chat, ZOE, 'paul', 'in');
    await world.run();
    expect(present(paul)).toBe('invite');
  });

  test('takes a change of the person on their own phone as theirs, and sends it back nowhere', async () => {
    world.matrix.doubles.add(marie);
    await open();
    world.network.rename(chat, MARIE, 'Named on the phone');
    await world.run();
    const named = world.matrix.room(room).timeline.findLast(({ type }) => type === 'm.room.name');
    expect(named).toMatchObject({ sender: marie, content: { name: 'Named on the phone' } });
    world.network.picture(chat, MARIE, 'snapped');
    await world.run();
    const shown = world.matrix.room(room).timeline.findLast(({ type }) => type === 'm.room.avatar');
    expect(shown).toMatchObject({ sender: marie, content: { url: 'mxc://hs/snapped' } });
    world.network.picture(chat, MARIE, null);
    // Where everybody may, they bring people in here themselves.
    world.network.happen(chat, ZOE, { kind: 'chat', change: { anyoneAdds: true } });
    world.network.move(chat, MARIE, 'new', 'in');
    await world.run();
    const came = world.matrix.room(room).timeline.filter(({ state_key: key }) => key === ghost('new'));
    expect(came).toMatchObject([{ sender: marie, content: { membership: 'invite' } }, { sender: ghost('new') }]);
    // An admin sends people out themselves.
    world.network.setRole(chat, ZOE, MARIE, 'admin');
    world.network.move(chat, MARIE, 'new', 'out');
    await world.run();
    const went = world.matrix.room(room).timeline.findLast(({ state_key: key }) => key === ghost('new'));
    expect(went).toMatchObject({ sender: marie, content: { membership: 'leave' } });
    expect(world.network.performed).toEqual([]);
  });

  test('is put back where a change is refused, and its person told why', async () => {
    await open();
    world.network.before = () => {
      throw new BridgeError('no-right', 'never', 'fault.not-yours');
    };
    world.matrix.state(room, marie, 'm.room.name', { name: 'Mine' });
    world.matrix.member(room, marie, ghost('ana'), 'leave');
    world.matrix.member(room, marie, ghost('stranger'), 'invite');
    await world.run();
    expect(world.matrix.room(room).name).toBe('Choir');
    expect(present(ghost('ana'))).toBe('join');
    expect(world.matrix.texts(room).filter((text) => text.includes('only the author'))).toHaveLength(2);
    expect((await world.house?.store.queue.depth())?.parked).toBe(0);
  });

  test('is waited for where a change cannot be made now, and after a day its person is asked', async () => {
    await open();
    world.network.before = () => {
      throw new BridgeError('pigeon-away', 'later', 'network.unreachable', { values: { network: 'Pigeon' } });
    };
    world.matrix.member(room, marie, ghost('ana'), 'leave');
    await world.run();
    for (let hours = 0; hours < 25; hours += 1) {
      world.clock.pass(3_600_000);
      await world.run();
    }
    expect((await world.house?.store.queue.depth())?.parked).toBe(1);
    expect(world.matrix.texts(room).at(-1)).toContain('waited more than 24 hours');
  });

  test('waits for a line that does not open with few looks, and goes on at once when it does', async () => {
    await open();
    const [portal] = [...world.db.portals.values()];
    if (portal?.reader === undefined) throw new Error('no portal');
    await world.house?.stop();
    let looks = 0;
    const counted = hearing((name) => {
      if (name === 'postpone') looks += 1;
    });
    world.network.refusing = new BridgeError('pigeon-offline', 'later', 'network.unreachable');
    const house = await world.start('a', counted);
    const group = world.network.chats.get(chat);
    if (group !== undefined) group.name = 'Named meanwhile';
    await mirrorLater(house.flow, { cause: 'test', portal, puppet: portal.reader });
    await world.run(600_000);
    expect(looks).toBeLessThan(100);
    world.network.refusing = undefined;
    while (world.network.open().length === 0) await world.run(250);
    await world.run(250);
    expect(world.matrix.room(room).name).toBe('Named meanwhile');
  });

  test('is put back where nobody is signed in who could change it', async () => {
    await open();
    world.matrix.member(room, BOT, paul, 'join');
    world.matrix.state(room, paul, 'm.room.name', { name: 'Nobody’s' });
    await world.run();
    expect(world.matrix.room(room).name).toBe('Choir');
    expect(world.matrix.texts(room).join()).toContain('You have no login');
    expect(world.network.performed).toEqual([]);
  });

  test('brings in whom somebody invites, and looks at nothing else: how the group is may just be changing', async () => {
    await open();
    world.matrix.member(room, marie, ghost('ana'), 'leave');
    await world.run();
    const group = world.network.chats.get(chat);
    if (group !== undefined) group.name = 'Not told yet';
    world.matrix.member(room, marie, ghost('ana'), 'invite');
    await world.run();
    expect(present(ghost('ana'))).toBe('join');
    expect(world.matrix.room(room).name).toBe('Choir');
  });

  test('undoes nothing that changed over there meanwhile', async () => {
    await open();
    const before = { ...world.matrix.room(room).levels };
    world.network.setRole(chat, ZOE, 'ana', 'admin');
    const users = { ...(before['users'] as Record<string, number>), [ghost('paul')]: 50 };
    world.matrix.state(room, marie, 'm.room.power_levels', { ...before, users });
    await world.run();
    expect([...(world.network.chats.get(chat)?.admins ?? [])].toSorted()).toEqual(['ana', 'paul', ZOE]);
  });
});

describe('a deletion of another’s message whose author nobody could ask about', () => {
  const away = () => {
    world.network.describing = () => {
      throw new BridgeError('pigeon-no-answer', 'later', 'network.unreachable');
    };
  };
  const back = () => {
    world.network.describing = () => undefined;
  };
  const claim = (by: string, target: ReturnType<typeof world.network.say>): void =>
    world.network.happen(chat, by, { kind: 'removal', target, ifAdmin: true });

  test('waits until the network tells who is an admin, and keeps nothing else waiting', async () => {
    await open();
    const message = world.network.say(chat, 'ana', 'by ana');
    await world.run();
    away();
    claim(ZOE, message);
    world.network.say(chat, 'paul', 'and this');
    await world.run(300_000);
    expect(world.matrix.texts(room)).toEqual(['hello', 'by ana', 'and this']);
    back();
    await world.run(120_000);
    expect(world.matrix.texts(room)).toEqual(['hello', 'and this']);
    expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
  });

  test('changes nothing by who is none, then or now, and takes nothing from the author’s own', async () => {
    await open();
    const message = world.network.say(chat, 'ana', 'by ana');
    await world.run();
    away();
    claim('paul', message);
    await world.run(1_000);
    back();
    await world.run(120_000);
    expect(world.matrix.texts(room)).toEqual(['hello', 'by ana']);
    world.network.remove(chat, 'ana', message);
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello']);
  });

  test('changes nothing where the login is out of the group, and nobody has to decide anything', async () => {
    await open();
    const message = world.network.say(chat, 'ana', 'by ana');
    await world.run();
    world.network.describing = () => {
      throw new BridgeError('pigeon-not-in', 'never', 'network.refused');
    };
    claim(ZOE, message);
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello', 'by ana']);
    expect(await world.house?.store.queue.depth()).toMatchObject({ queued: 0, parked: 0 });
  });
});

describe('two logins in one group', () => {
  const both = async (): Promise<void> => {
    world.login(paul, 'paul');
    await open();
    await world.join(room, paul);
  };
  const reader = (): unknown => [...world.db.portals.values()].find(({ key }) => key.chat === chat)?.reader;
  const of = (owner: typeof marie): string => (owner === marie ? `p-${marie}-${MARIE}` : `p-${paul}-paul`);
  /** The one who reads, and the other. */
  const roles = (): readonly [typeof marie, typeof marie] => (reader() === of(marie) ? [marie, paul] : [paul, marie]);
  const states = (type: string): number =>
    world.matrix.room(room).timeline.filter((one) => one.type === type && one.state_key === '').length;

  test('have it in their spaces before they are invited, so that no crash in between forgets it', async () => {
    const gathered: boolean[] = [];
    world.matrix.before = (_method, _by, at) => {
      const invited = (who: typeof marie): boolean =>
        at !== undefined && world.matrix.room(at).members.get(who) === 'invite';
      for (const who of [marie, paul]) {
        if (invited(who) && world.matrix.gathered.length > 0)
          gathered.push(world.matrix.gathered.includes(`${who} pigeon ${String(at)}`));
      }
    };
    await both();
    expect(gathered).toContain(true);
    expect(gathered).not.toContain(false);
  });

  test('are the only ones whose spaces are looked at when it is replaced', async () => {
    const asked: string[] = [];
    world.matrix.before = (method) => {
      if (method.endsWith('Space')) asked.push(method);
    };
    // Paul is on the network, and never was in this room.
    world.login(paul, 'pigeon-paul');
    await open();
    const next = world.matrix.create(marie, { invite: [BOT], predecessor: room });
    world.matrix.tombstone(room, marie, next);
    await world.run();
    expect(world.room(chat)).toBe(next);
    expect(world.matrix.gathered).toEqual([`${marie} pigeon ${next}`]);
    expect(asked.filter((method) => method === 'releaseFromSpace')).toHaveLength(1);
  });

  test('find their rooms in order when the space is away while one is replaced, and nobody waits for that', async () => {
    await both();
    let away = true;
    world.matrix.before = (method) => {
      if (away && method === 'releaseFromSpace') throw new BridgeError('no', 'later', 'fault.homeserver');
    };
    const old = room;
    const next = world.matrix.create(marie, { invite: [BOT], predecessor: room });
    world.matrix.tombstone(room, marie, next);
    await world.run();
    world.network.say(chat, ZOE, 'moved');
    await world.run();
    expect(world.matrix.texts(next)).toEqual(['moved']);
    await world.house?.stop();
    away = false;
    await world.start('b');
    await world.run(120_000);
    expect(world.matrix.gathered.filter((one) => one.endsWith(old))).toEqual([]);
    expect(world.matrix.gathered.toSorted()).toEqual([`${marie} pigeon ${next}`, `${paul} pigeon ${next}`].toSorted());
  });

  test('share one room, in which everything is there once', async () => {
    await both();
    expect(world.matrix.texts(room)).toEqual(['hello']);
    expect([marie, paul].map(present)).toEqual(['join', 'join']);
    const names = states('m.room.name');
    const message = world.network.say(chat, ZOE, 'once');
    world.network.edit(chat, ZOE, message, 'just once');
    world.network.react(chat, 'ana', message, '👍');
    world.network.rename(chat, ZOE, 'Chamber choir');
    world.network.happen(chat, ZOE, { kind: 'unreadable', what: 'kind.poll' });
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello', 'just once', expect.stringContaining('not bridged yet')]);
    expect(world.matrix.reactions(room)).toHaveLength(1);
    expect(states('m.room.name')).toBe(names + 1);
    world.matrix.say(room, marie, 'from here');
    await world.run();
    expect(world.network.texts(chat).filter((text) => text.includes('from here'))).toHaveLength(1);
    expect(world.matrix.texts(room).filter((text) => text === 'from here')).toHaveLength(1);
    expect([of(marie), of(paul)]).toContain(reader());
  });

  test('hand the reading over when the reader signs out', async () => {
    await both();
    const [first, second] = roles();
    const puppet = [...world.db.puppets.values()].find(({ owner }) => owner === first);
    if (puppet === undefined) throw new Error('nobody reads');
    world.network.report(puppet.id, 'signed-out');
    await world.run();
    world.network.say(chat, ZOE, 'still here');
    world.network.rename(chat, ZOE, 'Another name');
    world.network.setRole(chat, ZOE, 'ana', 'admin');
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello', 'still here']);
    expect(reader()).toBe(of(second));
    expect(world.matrix.room(room).name).toBe('Another name');
    expect(world.matrix.level(room, ghost('ana'))).toBe(50);
  });

  test('hand it over when the reader loses its rule, and lose nothing', async () => {
    await both();
    const [first, second] = roles();
    world.db.rules.set('no', {
      id: 'no',
      effect: 'deny',
      action: 'bridge',
      user: first,
      source: 'file',
      by: 'file',
      madeAt: 0,
    });
    world.db.ruleVersion += 1;
    await world.pass(10_000);
    for (const text of ['one', 'two', 'three']) world.network.say(chat, ZOE, text);
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello', 'one', 'two', 'three']);
    expect(reader()).toBe(of(second));
  });

  test('hand it over when the reader leaves the group, who is then no longer in its room', async () => {
    await both();
    const [first, second] = roles();
    const self = first === marie ? MARIE : 'paul';
    world.network.move(chat, self, self, 'out');
    await world.run();
    expect(present(first)).toBe('leave');
    expect(world.matrix.gathered).toEqual([`${second} pigeon ${room}`]);
    expect(reader()).toBe(of(second));
    world.network.say(chat, ZOE, 'among us');
    world.network.rename(chat, ZOE, 'Smaller choir');
    await world.run();
    expect(world.matrix.texts(room)).toEqual(['hello', 'among us']);
    expect(world.matrix.room(room).name).toBe('Smaller choir');
    world.network.move(chat, second === marie ? MARIE : 'paul', second === marie ? MARIE : 'paul', 'out');
    await world.run();
    expect(present(second)).toBe('join');
    expect(world.matrix.texts(room).at(-1)).toContain('no longer in this group');
  });

  test('take nothing from each other where the rules differ', async () => {
    world.db.rules.clear();
    world.db.rules.set('paul', {
      id: 'paul',
      effect: 'allow',
      action: 'any',
      user: paul,
      source: 'file',
      by: 'file',
      madeAt: 0,
    });
    world.login(paul, 'paul');
    await world.start();
    for (const text of ['one', 'two']) world.network.say(chat, ZOE, text);
    await world.run();
    room = world.room(chat);
    expect(world.matrix.texts(room)).toEqual(['one', 'two']);
    expect(reader()).toBe(of(paul));
    expect(present(marie)).toBeUndefined();
  });

  test('who signs in later comes into the room that is there', async () => {
    await open();
    world.login(paul, 'paul');
    await world.pass(3_000);
    world.network.say(chat, ZOE, 'welcome');
    await world.run();
    expect(present(paul)).toBe('invite');
    expect(world.matrix.texts(room)).toEqual(['hello', 'welcome']);
    expect(reader()).toBe(of(marie));
  });
});
