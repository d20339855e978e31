// How much a login does, counted where it arrives: what is allowed is sent, what must wait or must not be leaves nothing on the wire.
import { describe, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import { BridgeError } from '../../../src/model/errors.ts';
import { as, type ChatId } from '../../../src/model/ids.ts';
import { PACING_KEY } from '../../../src/networks/whatsapp/pacing.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import { realClock } from '../../support/house.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { LeapingClock } from './support/leaping-clock.ts';
import { idOf, messageOf, newPerson } from './support/world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400_000;
const LONG = 'I have moved: from now on you find me on the messenger of our own house.';

setStage();

/** The bridge's clock stands still until a test moves it ahead. */
let start: number;
let ahead: number;
const clock = { ...realClock, now: () => start + ahead };

/** A login that is so many days old. */
async function aged(days: number): Promise<Scene> {
  [start, ahead] = [Date.now(), 0];
  const scene = await scenes.live({}, clock);
  ahead = days * DAY;
  return scene;
}

/** As after the end of the process. */
async function again({ house, adapter, session, puppet }: Scene): Promise<Scene['session']> {
  await session.disconnect();
  await adapter.close();
  const next = scenes.open(house, {}, clock).openSession(puppet, house.sink(puppet));
  await next.connect();
  return next;
}

/** Somebody who has written first. */
async function met({ house, me }: Pick<Scene, 'house' | 'me'>): Promise<Person> {
  const person = await newPerson(sandbox);
  await sandbox.write(person.id, me.id, 'hello');
  await house.until(() => house.texts(idOf(person)).includes('hello'));
  return person;
}

type Outcome = 'sent' | { readonly why: string; readonly notBefore: number | undefined };

async function attempt(work: Promise<unknown>): Promise<Outcome> {
  try {
    await work;
    return 'sent';
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return { why: error.human.key, notBefore: error.notBefore };
  }
}

const send = async (session: Scene['session'], to: Person, words: string): Promise<Outcome> =>
  await attempt(session.perform(text(as<ChatId>(idOf(to)), words), effect(), context));

const outcomes = (all: readonly Outcome[]): readonly string[] => all.map((one) => (one === 'sent' ? one : one.why));

const messagesOf = async ({ me }: Pick<Scene, 'me'>): Promise<number> => (await sandbox.counts(me.id))['message'] ?? 0;

/** What has arrived with somebody. */
const arrived = async ({ me }: Pick<Scene, 'me'>, person: Person): Promise<readonly string[]> =>
  (await sandbox.messages(person.id, me.id)).filter(({ from }) => from === me.id).map((one) => one.text);

describe('messages', () => {
  test('five at once and twenty a minute arrive, however many are pushed at a time', async () => {
    const scene = await aged(0);
    const friends = await Promise.all([0, 1, 2, 3].map(async () => await met(scene)));
    const push = async (): Promise<readonly Outcome[]> =>
      await Promise.all(friends.flatMap((one) => [0, 1].map(async (n) => await send(scene.session, one, `word ${n}`))));
    const first = await push();
    expect(outcomes(first).filter((one) => one === 'sent')).toHaveLength(5);
    expect(outcomes(first).filter((one) => one === 'network.rate-limited')).toHaveLength(3);
    expect(await messagesOf(scene)).toBe(5);
    for (let round = 1; round < 4; round += 1) {
      ahead += 5 * SECOND;
      await push();
    }
    expect(await messagesOf(scene)).toBe(20);
    ahead += 5 * SECOND;
    const [full] = await push();
    expect(full).toEqual({ why: 'network.rate-limited', notBefore: start + MINUTE });
    expect(await messagesOf(scene)).toBe(20);
    ahead = MINUTE;
    expect(outcomes(await push()).filter((one) => one === 'sent')).toHaveLength(5);
    expect(await messagesOf(scene)).toBe(25);
  });

  test('and what is done to a group count alike', async () => {
    const scene = await aged(0);
    const friend = await met(scene);
    const group = await sandbox.createGroup(scene.me.id, 'Choir 0', [friend.id]);
    const chat = as<ChatId>(`g${group.id.split('@')[0]}`);
    const done: Outcome[] = [];
    for (let number = 1; number <= 6; number += 1) {
      const action = { kind: 'rename', chat, name: `Choir ${number}` } as const;
      done.push(await attempt(scene.session.perform(action, effect(), context)));
    }
    expect(outcomes(done)).toEqual([...Array<string>(5).fill('sent'), 'network.rate-limited']);
    expect((await sandbox.command('group', { group: group.id }))?.subject).toBe('Choir 5');
    expect(outcomes([await send(scene.session, friend, 'and now?')])).toEqual(['network.rate-limited']);
    ahead += 5 * SECOND;
    expect(await send(scene.session, friend, 'now')).toBe('sent');
  });

  test('wait in every chat when WhatsApp asks one of them to, also after a restart', async () => {
    const scene = await aged(0);
    const [one, other] = [await met(scene), await met(scene)];
    await sandbox.command('failNext', { person: scene.me.id, what: 'message', code: 429, times: 1 });
    const asked = { why: 'network.rate-limited', notBefore: start + MINUTE };
    expect(await send(scene.session, one, 'first')).toEqual(asked);
    const before = await messagesOf(scene);
    expect(await send(scene.session, other, 'second')).toEqual(asked);
    const session = await again(scene);
    expect(await send(session, other, 'third')).toEqual(asked);
    expect(await messagesOf(scene)).toBe(before);
    ahead = MINUTE;
    expect(await send(session, other, 'fourth')).toBe('sent');
    expect(await arrived(scene, other)).toEqual(['fourth']);
  });

  test('of the same words go to five chats in a day, whatever their spelling, and to the sixth after it', async () => {
    const scene = await aged(0);
    const friends: Person[] = [];
    for (let count = 0; count < 6; count += 1) friends.push(await met(scene));
    const sixth = friends.at(-1) ?? scene.friend;
    const sent: Outcome[] = [];
    for (const [place, friend] of friends.entries()) {
      ahead += MINUTE;
      sent.push(await send(scene.session, friend, place % 2 === 0 ? LONG : `${LONG.toUpperCase()} !`));
    }
    expect(outcomes(sent)).toEqual([...Array<string>(5).fill('sent'), 'whatsapp.pace-same-text']);
    const session = await again(scene);
    ahead += MINUTE;
    expect(outcomes([await send(session, sixth, LONG)])).toEqual(['whatsapp.pace-same-text']);
    expect(await arrived(scene, sixth)).toEqual([]);
    expect(await send(session, sixth, 'ok')).toBe('sent');
    expect(await send(session, sixth, `${LONG} Zoe`)).toBe('sent');
    ahead += DAY;
    expect(await send(session, sixth, LONG)).toBe('sent');
    expect(await arrived(scene, sixth)).toEqual(['ok', `${LONG} Zoe`, LONG]);
  });
});

describe('chats begun', () => {
  test('none in the first week of a link, while those who write are answered', async () => {
    const scene = await aged(0);
    ahead = 7 * DAY - MINUTE;
    expect(outcomes([await send(scene.session, scene.friend, 'hello?')])).toEqual(['whatsapp.pace-young']);
    expect(await send(scene.session, await met(scene), 'hello yourself')).toBe('sent');
    expect(await arrived(scene, scene.friend)).toEqual([]);
    ahead = 7 * DAY + MINUTE;
    expect(await send(scene.session, scene.friend, 'hello?')).toBe('sent');
    expect(await arrived(scene, scene.friend)).toEqual(['hello?']);
  });

  test('five a day and fifteen a week, also after a restart, and those begun go on', async () => {
    const scene = await aged(8);
    let { session } = scene;
    const begun: Person[] = [];
    let heard = 0;
    const day = async (): Promise<readonly string[]> => {
      const all: Outcome[] = [];
      for (let count = 0; count < 6; count += 1) {
        ahead += MINUTE;
        const stranger = await newPerson(sandbox);
        all.push(await send(session, stranger, 'good morning'));
        if (all.at(-1) === 'sent') begun.push(stranger);
        heard += (await arrived(scene, stranger)).length;
      }
      return outcomes(all);
    };
    const five = Array<string>(5).fill('sent');
    expect(await day()).toEqual([...five, 'whatsapp.pace-new-chats']);
    session = await again({ ...scene, session });
    expect((await day())[0]).toBe('whatsapp.pace-new-chats');
    ahead += DAY;
    expect(await day()).toEqual([...five, 'whatsapp.pace-new-chats']);
    ahead += DAY;
    expect(await day()).toEqual([...five, 'whatsapp.pace-new-chats']);
    ahead += DAY;
    expect((await day())[0]).toBe('whatsapp.pace-new-chats-week');
    expect([begun.length, heard]).toEqual([15, 15]);
    expect(await send(session, begun[0] ?? scene.friend, 'and again')).toBe('sent');
    ahead += 7 * DAY;
    expect((await day())[0]).toBe('sent');
  });
});

describe('what is asked', () => {
  test('twenty numbers a day are looked up, also over a restart, and the next day again', async () => {
    const scene = await aged(0);
    const asked = async (): Promise<number> =>
      (await sandbox.command('nodes', { person: scene.me.id, way: 'in' })).filter(({ kind }) => kind.includes('usync'))
        .length;
    const lookUp = async (session: Scene['session']): Promise<Outcome> =>
      await attempt(session.resolve(`+${scene.friend.phone}`));
    for (let count = 0; count < 20; count += 1) expect(await lookUp(scene.session)).toBe('sent');
    const before = await asked();
    expect(before).toBeGreaterThanOrEqual(20);
    expect(outcomes([await lookUp(scene.session)])).toEqual(['whatsapp.pace-lookups']);
    expect(await asked()).toBe(before);
    const session = await again(scene);
    const afresh = await asked();
    expect(outcomes([await lookUp(session)])).toEqual(['whatsapp.pace-lookups']);
    expect(await asked()).toBe(afresh);
    ahead += DAY;
    expect(await lookUp(session)).toBe('sent');
    expect(await asked()).toBeGreaterThan(afresh);
  });

  test('what was spent of a day is spent also when the account is linked anew', async () => {
    const scene = await aged(8);
    const stranger = await newPerson(sandbox);
    expect(await send(scene.session, stranger, 'good morning')).toBe('sent');
    for (let count = 0; count < 20; count += 1) await scene.session.resolve(`+${scene.friend.phone}`);
    await sandbox.command('unlink', { by: scene.me.id });
    await scene.house.until(() => scene.house.states.at(-1)?.state === 'signed-out');
    await scene.adapter.close();
    const { session } = await scenes.link(scene.house, scene.me, {}, clock);
    expect(outcomes([await attempt(session.resolve(`+${scene.friend.phone}`))])).toEqual(['whatsapp.pace-lookups']);
    expect(await send(session, stranger, 'me again')).toBe('sent');
    expect(outcomes([await send(session, scene.friend, 'hello?')])).toEqual(['whatsapp.pace-young']);
    ahead += DAY;
    await session.resolve(`+${scene.friend.phone}`);
  });

  test('whoever the house has heard of is nobody new, also where it could not be asked at first', async () => {
    const { session, chat } = await aged(0);
    expect(outcomes([await attempt(session.perform(text(chat, 'one'), effect(), context))])).toEqual([
      'whatsapp.pace-young',
    ]);
    const heardBefore = async (): Promise<boolean> => await Promise.resolve(true);
    expect(await attempt(session.perform(text(chat, 'two'), effect(), { ...context, heardBefore }))).toBe('sent');
  });

  test('what was spent keeps nobody from linking anew where it cannot be read', async () => {
    const { house, me, adapter, puppet } = await aged(8);
    await sandbox.command('unlink', { by: me.id });
    await house.until(() => house.states.at(-1)?.state === 'signed-out');
    await adapter.close();
    await house.vault.write([{ scope: vaultScope(puppet.id), key: PACING_KEY, value: Buffer.from('{}') }]);
    const { session } = await scenes.link(house, me, {}, clock);
    expect(await attempt(session.resolve(`+${me.phone}`))).toBe('sent');
  });

  test('numbers that nobody has count as well, also over a restart', async () => {
    const scene = await aged(0);
    const lookUp = async (session: Scene['session']): Promise<Outcome> =>
      await attempt(session.resolve('+33999000111'));
    for (let count = 0; count < 20; count += 1) {
      expect(outcomes([await lookUp(scene.session)])).toEqual(['network.not-found']);
    }
    expect(outcomes([await lookUp(await again(scene))])).toEqual(['whatsapp.pace-lookups']);
  });

  test('pictures of thirty people in a minute, of the others when it is over, and no message waits for them', async () => {
    const leaping = new LeapingClock();
    const { house, me } = await scenes.live({}, leaping);
    const asked = async (): Promise<number> =>
      (await sandbox.command('nodes', { person: me.id, way: 'in' })).filter(({ kind }) =>
        kind.includes('w:profile:picture'),
      ).length;
    const people: Person[] = [];
    for (let count = 0; count < 33; count += 1) people.push(await newPerson(sandbox));
    for (const person of people) await sandbox.write(person.id, me.id, 'hello');
    await house.until(() => people.every((person) => house.texts(idOf(person)).includes('hello')));
    const looked = (): number => house.events.filter(({ kind }) => kind === 'person').length;
    await house.until(() => looked() >= 30);
    // Whoever could go on has done so when this has crossed.
    await sandbox.write(people[0]?.id ?? '', me.id, 'and again');
    await house.until(() => house.texts().includes('and again'));
    expect(await asked()).toBe(30);
    await leaping.pass(MINUTE + SECOND);
    await house.until(() => looked() === 33);
    expect(await asked()).toBe(33);
  });

  test('no group is made unless the operator says how many a day', async () => {
    const scene = await aged(30);
    const ask = { kind: 'create', name: 'Strangers', people: [idOf(scene.friend)] } as const;
    const made = attempt(scene.session.askGroup?.(ask, effect()) ?? Promise.resolve());
    expect(outcomes([await made])).toEqual(['whatsapp.no-groups']);
    expect(await sandbox.command('groups', { of: scene.me.id })).toEqual([]);
  });
});

test('nobody is shown as online unless the operator says so, whatever they write and read', async () => {
  const scene = await aged(0);
  const friend = await met(scene);
  const chat = as<ChatId>(idOf(friend));
  expect(await send(scene.session, friend, 'hello yourself')).toBe('sent');
  const id = await sandbox.write(friend.id, scene.me.id, 'read this');
  await scene.house.until(() => scene.house.texts(chat).includes('read this'));
  await scene.session.performEphemeral({ kind: 'mark-read', chat, upTo: messageOf(friend, id) });
  await sandbox.waitFor(async () => (await sandbox.receipts(friend.id, id)).some(({ type }) => type === 'read'));
  expect((await sandbox.counts(scene.me.id))['presence available']).toBeUndefined();
  expect((await sandbox.person(scene.me.id)).available).toBe(false);
});

describe('an account to which WhatsApp closed new chats', () => {
  test('does not ask again before it ends, also after a restart; the other chats go on, and afterwards new ones', async () => {
    const scene = await aged(8);
    const friend = await met(scene);
    // WhatsApp's clock is where the login began.
    const seconds = ahead / SECOND + 3_600;
    await sandbox.command('setAccountState', { id: scene.me.id, state: 'restricted', seconds });
    expect(outcomes([await send(scene.session, scene.friend, 'one')])[0]).toMatch(/^whatsapp\.restricted/);
    const before = await messagesOf(scene);
    const session = await again(scene);
    expect(outcomes([await send(session, await newPerson(sandbox), 'two')])[0]).toMatch(/^whatsapp\.restricted/);
    expect(await messagesOf(scene)).toBe(before);
    expect(await send(session, friend, 'we go on')).toBe('sent');
    await sandbox.command('setAccountState', { id: scene.me.id, state: 'ok' });
    ahead += DAY + MINUTE;
    expect(await send(session, scene.friend, 'three')).toBe('sent');
    expect(await arrived(scene, scene.friend)).toEqual(['three']);
  });
});
