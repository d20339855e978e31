// What is WhatsApp's own in the adapter: codes that follow each other, links counted, placeholders that heal, groups, refusals, spoofs.
import { describe, expect, test } from '@jest/globals';
import { Names } from '../../../src/networks/whatsapp/ids.ts';
import { PeopleBook } from '../../../src/networks/whatsapp/people-book.ts';
import { vaultScope } from '../../../src/ports/network.ts';
import type { Clock } from '../../../src/ports/stores.ts';
import { AheadClock } from '../../support/ahead-clock.ts';
import { House, realClock } from '../../support/house.ts';
import { context, effect, OWNER, Scenes, stepsOf, text, unanswered } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { identityKey, idOf, messageOf, newPerson } from './support/world.ts';

const DAY_MS = 86_400_000;

setStage();

const open: Scenes['open'] = (...args) => scenes.open(...args);
const live: Scenes['live'] = async (...args) => await scenes.live(...args);

describe('a login', () => {
  test('brings the number for the rules to judge, and nothing is kept before', async () => {
    const house = new House();
    const me = await newPerson(sandbox);
    const step = await stepsOf(open(house), async (one) => {
      if (one.kind === 'show') await sandbox.scanQr(me.id, one.data);
    });
    expect(step).toMatchObject({
      kind: 'done',
      login: { self: idOf(me), facts: [`phone:+${me.phone}`, `user:${idOf(me)}`] },
    });
    const written = await house.vault.readAll(`login:${step.kind === 'done' ? step.login.puppet : ''}`);
    expect(written.size).toBe(0);
  });

  test('whose account is not who it says ends without a link', async () => {
    const me = await newPerson(sandbox);
    const step = await stepsOf(open(new House()), async (one) => {
      if (one.kind !== 'show') return;
      await sandbox.command('scanQr', { by: me.id, qr: one.data, spoil: 'hmac' }).catch(() => undefined);
    });
    expect(step).toMatchObject({ kind: 'failed' });
    expect((await sandbox.person(me.id)).devices).toHaveLength(1);
  });

  test('shows one code after the other, the first for a minute and the next for twenty seconds, and any may be scanned', async () => {
    const me = await newPerson(sandbox);
    const shown: { data: string; seconds: number }[] = [];
    const [now, house] = [Date.now(), new House()];
    const standing = { ...realClock, now: () => now };
    const step = await stepsOf(open(house, { qrMs: 400 }, standing), async (one) => {
      if (one.kind !== 'show') return;
      shown.push({ data: one.data, seconds: (one.until - now) / 1000 });
      if (shown.length === 3) await sandbox.scanQr(me.id, one.data);
    });
    expect(step.kind).toBe('done');
    // The next may come while the phone still links the account.
    const [first, ...next] = shown.map(({ seconds }) => seconds);
    expect([first, ...new Set(next)]).toEqual([60, 20]);
    expect(new Set(shown.map(({ data }) => data)).size).toBe(shown.length);
  });

  test('is tried three times a day, also by another process', async () => {
    const house = new House();
    // What WhatsApp hands out for a code, whoever is about to link.
    const begun = async (): Promise<number> =>
      (await sandbox.command('nodes', { way: 'out' })).filter(({ kind }) => kind.includes('pair-device')).length;
    const before = await begun();
    for (let link = 0; link < 3; link += 1) {
      const process = open(house).beginLogin('qr', OWNER);
      const steps = process.steps[Symbol.asyncIterator]();
      expect(await steps.next()).toMatchObject({ value: { kind: 'wait' } });
      expect(await steps.next()).toMatchObject({ value: { kind: 'show' } });
      await process.cancel();
    }
    const refused = await stepsOf(open(house), async () => await Promise.resolve());
    expect(refused).toMatchObject({ kind: 'failed', error: { human: { key: 'whatsapp.too-many-links' } } });
    expect(await begun()).toBe(before + 3);
  });
});

describe('what comes', () => {
  test('and cannot be read is shown as waiting, and heals in its place', async () => {
    const { house, friend, me, chat } = await live();
    await sandbox.write(friend.id, me.id, 'met');
    await house.until(() => house.texts(chat).includes('met'));
    await sandbox.command('damage', { by: friend.id, times: 1 });
    const id = await sandbox.write(friend.id, me.id, 'read at last');
    const target = messageOf(friend, id);
    const notice = await house.until(() =>
      house.events.find((one) => one.kind === 'message' && one.message === target),
    );
    expect(notice).toMatchObject({ parts: [{ kind: 'told', say: { key: 'whatsapp.waiting' } }] });
    const healed = await house.until(() => house.events.find((one) => one.kind === 'edit' && one.target === target));
    expect(healed).toMatchObject({ parts: [{ kind: 'text', text: { text: 'read at last' } }] });
  });

  test('in our own name from somebody else is dropped, and what follows is not', async () => {
    const { house, friend, me, chat } = await live();
    const type = 'protocolMessage';
    const message = { [type]: { type: 'APP_STATE_SYNC_KEY_SHARE', appStateSyncKeyShare: { keys: [] } } };
    await sandbox.command('send', { by: friend.id, to: me.id, message });
    await sandbox.write(friend.id, me.id, 'and now honestly');
    await house.until(() => house.texts(chat).includes('and now honestly'));
    expect(house.events).toHaveLength(1);
  });

  test('in a group is of the group, under its name, with its members', async () => {
    const { house, session, friend, me } = await live();
    const other = await newPerson(sandbox);
    const group = await sandbox.createGroup(friend.id, 'Choir', [me.id, other.id]);
    await sandbox.write(friend.id, group.id, 'do re mi');
    const said = await house.until(() =>
      house.events.find((one) => one.kind === 'message' && JSON.stringify(one.parts).includes('do re mi')),
    );
    expect(said.sender).toBe(idOf(friend));
    expect(said.portal.receiver).toBeUndefined();
    const described = await session.describeChat(said.portal.chat);
    expect(described.chat).toMatchObject({ kind: 'group', name: 'Choir' });
    const members = described.chat.members?.map(({ person }) => person) ?? [];
    expect(members.toSorted()).toEqual([idOf(me), idOf(friend), idOf(other)].toSorted());
    await session.perform(text(said.portal.chat, 'fa so la'), effect(), context);
    await sandbox.waitForText(other.id, group.id, 'fa so la');
  });
});

test('a new number of somebody is told in each group that they are in, by them', async () => {
  const { house, friend, me } = await live();
  const group = await sandbox.createGroup(friend.id, 'Choir', [me.id]);
  await sandbox.write(friend.id, group.id, 'do re mi');
  const { portal } = await house.until(() => house.events.find(({ kind }) => kind === 'message'));
  await sandbox.command('changePerson', { id: friend.id, phone: `337${Date.now() % 100_000_000}` });
  await sandbox.write(friend.id, group.id, 'fa so la');
  await house.until(() => house.texts(portal.chat).includes('fa so la'));
  const told = house.events.filter((one) => one.kind === 'message' && one.portal.chat === portal.chat);
  expect(told.map(({ sender }) => sender)).toEqual([idOf(friend), idOf(friend), idOf(friend)]);
  expect(told[1]).toMatchObject({ parts: [{ kind: 'told', say: { key: 'whatsapp.number-changed' } }] });
});

describe('a community', () => {
  test('is named to rules by each of its groups, from when they are its own', async () => {
    const { house, session, friend, me } = await live();
    const about = { by: friend.id, subject: 'Neighbours', members: [me.id] };
    const { parent, announcements } = await sandbox.command('createCommunity', about);
    const garden = await sandbox.createGroup(friend.id, 'Garden', [me.id]);
    for (const group of [announcements, garden]) await sandbox.write(friend.id, group.id, `in ${group.subject}`);
    const chats = await house.until(() => {
      const all = house.events.filter(({ kind }) => kind === 'message').map(({ portal }) => portal.chat);
      return all.length === 2 && all;
    });
    const [told, roses] = chats;
    if (told === undefined || roses === undefined) throw new Error('no groups');
    const community = `community:g${parent.id.split('@')[0]}`;
    expect((await session.describeChat(told)).facts).toEqual([`group:${told}`, community]);
    expect((await session.describeChat(roses)).facts).toEqual([`group:${roses}`]);
    await sandbox.command('linkGroup', { by: friend.id, parent: parent.id, group: garden.id });
    await sandbox.write(friend.id, garden.id, 'ours now');
    await house.until(() => house.texts(roses).includes('ours now'));
    expect((await session.describeChat(roses)).facts).toEqual([`group:${roses}`, community]);
  });

  test('is named to rules before anybody goes into one of its groups by a link', async () => {
    const { session, friend } = await live();
    const { parent } = await sandbox.command('createCommunity', { by: friend.id, subject: 'Club', members: [] });
    const bar = await sandbox.createGroup(friend.id, 'Bar', []);
    await sandbox.command('linkGroup', { by: friend.id, parent: parent.id, group: bar.id });
    const found = await session.askGroup?.({ kind: 'look', link: `https://chat.whatsapp.com/${bar.invite}` }, effect());
    const of = (id: string): string => `g${id.split('@')[0]}`;
    expect(found?.group?.facts).toEqual([`group:${of(bar.id)}`, `community:${of(parent.id)}`]);
  });
});

describe('what goes', () => {
  test('to somebody who never wrote waits for the link to grow older', async () => {
    const { session, chat, me } = await live();
    await expect(session.perform(text(chat, 'hello?'), effect(), context)).rejects.toMatchObject({
      retry: 'never',
      human: { key: 'whatsapp.pace-young' },
    });
    expect((await sandbox.counts(me.id))['message'] ?? 0).toBe(0);
  });

  test('is refused in words when WhatsApp closed new chats to the account', async () => {
    const { session, chat, me } = await live({ paced: false });
    await sandbox.command('setAccountState', { id: me.id, state: 'restricted' });
    await expect(session.perform(text(chat, 'hello?'), effect(), context)).rejects.toMatchObject({
      retry: 'never',
      human: { key: 'whatsapp.restricted' },
    });
  });

  test('under one effect has one id on the wire, whatever becomes of the answer', async () => {
    const clock = new AheadClock();
    const { house, session, chat, friend, me } = await live({}, clock);
    await sandbox.write(friend.id, me.id, 'met');
    await house.until(() => house.texts(chat).includes('met'));
    const [action, id] = [text(chat, 'once'), effect()];
    const lost = unanswered({ sandbox, clock, me }, async () => await session.perform(action, id, context));
    await expect(lost).rejects.toMatchObject({ retry: 'now', mayHaveHappened: true });
    const receipt = await session.perform(action, id, { ...context, again: true });
    const sent = (await sandbox.messages(friend.id, me.id)).filter((one) => one.text === 'once');
    expect(new Set(sent.map((one) => messageOf(me, one.id)))).toEqual(new Set([receipt.message]));
  });

  test('is not kept for longer than a week, although the line stays open', async () => {
    let days = 0;
    // Whoever sleeps for days sleeps a moment.
    const hasty: Clock = {
      now: () => Date.now() + days * DAY_MS,
      sleep: async (ms, signal) => await realClock.sleep(ms < DAY_MS ? ms : 20, signal),
    };
    const { house, session, chat, friend, me, puppet } = await scenes.live({}, hasty);
    const kept = async (): Promise<number> =>
      [...(await house.vault.readAll(vaultScope(puppet.id))).keys()].filter((key) => key.startsWith('sent/')).length;
    await sandbox.write(friend.id, me.id, 'met');
    await house.until(() => house.texts(chat).includes('met'));
    await session.perform(text(chat, 'a secret'), effect(), context);
    expect(await kept()).toBe(1);
    days = 8;
    const limit = AbortSignal.timeout(5_000);
    while ((await kept()) > 0) await realClock.sleep(10, limit);
  });
});

describe('one person under two names', () => {
  test('that were met apart is one person from then on, and the rooms hear of it before what is said', async () => {
    const { house, adapter, puppet, me, friend, session } = await live();
    await session.disconnect();
    const names = new Names(identityKey);
    const book = new PeopleBook(names);
    const byNumber = book.person({ pn: friend.phone }, 1);
    book.person({ lid: friend.id }, 2);
    await house.keep(book.drain());
    await adapter.close();
    const again = open(house).openSession(puppet, house.sink(puppet));
    await again.connect();
    await sandbox.write(friend.id, me.id, 'both at once');
    await house.until(() => house.texts(byNumber).includes('both at once'));
    const [first, second] = house.events.slice(-2);
    expect(first).toMatchObject({ kind: 'same-chat', before: idOf(friend), portal: { chat: byNumber } });
    expect(second).toMatchObject({ kind: 'message', sender: byNumber });
  });
});

describe('the phone', () => {
  test('is known to be there when it links, and each time it says something itself', async () => {
    const { house, adapter, puppet, me, friend, chat } = await live();
    const linked = (await adapter.lastContact?.(puppet.id)) ?? 0;
    expect(Math.abs(Date.now() - linked)).toBeLessThan(60_000);
    await sandbox.command('advance', { ms: 3 * DAY_MS });
    await sandbox.write(friend.id, me.id, 'not from the phone');
    await house.until(() => house.texts(chat).includes('not from the phone'));
    expect(await adapter.lastContact?.(puppet.id)).toBe(linked);
    await sandbox.write(me.id, friend.id, 'from the phone');
    await house.until(() => house.texts(chat).includes('from the phone'));
    const later = (await adapter.lastContact?.(puppet.id)) ?? 0;
    expect(Math.round((later - linked) / DAY_MS)).toBe(3);
  });
});

describe('a line that WhatsApp ends', () => {
  test.each([
    ['replaced', 'stopped', 'whatsapp.replaced'],
    ['removed', 'signed-out', 'whatsapp.logged-out'],
    [{ failure: { reason: '401' } }, 'signed-out', 'whatsapp.logged-out'],
    [{ failure: { reason: '402', code: '101', expire: '7200' } }, 'stopped', 'whatsapp.ban-strangers'],
    [{ failure: { reason: '402', code: '104', expire: '7200' } }, 'stopped', 'whatsapp.ban-same'],
    [{ failure: { reason: '403' } }, 'signed-out', 'whatsapp.locked'],
    [{ streamError: '403' }, 'signed-out', 'whatsapp.locked'],
    [{ failure: { reason: '405' } }, 'stopped', 'whatsapp.outdated'],
    [{ streamError: '405' }, 'stopped', 'whatsapp.outdated'],
    [{ failure: { reason: '406' } }, 'signed-out', 'whatsapp.banned'],
    [{ failure: { reason: '409' } }, 'stopped', 'whatsapp.unwelcome'],
    [{ streamError: '440' }, 'stopped', 'whatsapp.replaced'],
  ] as const)('by %j is told as such and not opened again', async (how, state, key) => {
    const { house, me } = await live();
    const logins = (await sandbox.command('logins', { person: me.id })).length;
    await sandbox.command('dismiss', { person: me.id, how });
    const told = await house.until(() => house.states.find((one) => one.state === state));
    expect(told.why?.human.key).toBe(key);
    expect(house.states).toHaveLength(1);
    expect(await sandbox.command('logins', { person: me.id })).toHaveLength(logins);
  });

  test.each([
    [{ reason: '402', code: '106', expire: '7200' }, 'stopped', 'whatsapp.ban-lists'],
    [{ reason: '405' }, 'stopped', 'whatsapp.outdated'],
    [{ reason: '409' }, 'stopped', 'whatsapp.unwelcome'],
    [{ reason: '440' }, 'stopped', 'whatsapp.replaced'],
  ] as const)('before it opens, by %j, says so and is not to be tried again soon', async (attrs, state, key) => {
    const { house, me, session, puppet } = await live();
    await session.disconnect();
    await sandbox.command('failLogins', { person: me.id, attrs });
    const again = open(house).openSession(puppet, house.sink(puppet));
    const refused = await again.connect().catch((error: unknown) => error);
    expect(refused).toMatchObject({ retry: 'later', human: { key } });
    expect((refused as { notBefore: number }).notBefore).toBeGreaterThan(Date.now() + 7_000_000);
    expect(house.states).toMatchObject([{ state, why: { human: { key } } }]);
  });

  test('that limits new chats says so while the line goes on', async () => {
    const { house, session, chat, me } = await live({ paced: false });
    await sandbox.command('setAccountState', { id: me.id, state: 'restricted' });
    await expect(session.perform(text(chat, 'hello?'), effect(), context)).rejects.toMatchObject({ retry: 'never' });
    expect(house.states).toMatchObject([{ state: 'online', why: { human: { key: 'whatsapp.restricted-until' } } }]);
  });

  test('to begin anew is opened again at once', async () => {
    const { house, me, friend, chat } = await live();
    await sandbox.command('dismiss', { person: me.id, how: 'restart' });
    await house.until(() => house.states.find(({ state }) => state === 'online'));
    await sandbox.write(friend.id, me.id, 'still there');
    await house.until(() => house.texts(chat).includes('still there'));
    expect(house.texts(chat)).toEqual(['still there']);
  });
});
