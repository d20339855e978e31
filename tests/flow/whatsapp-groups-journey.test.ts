// A group on WhatsApp and its room on Matrix: what people change on one side is so on the other, by whoever did it, once, over a
// kill of the bridge; and what somebody may not do is said and put back. The bridge is a process of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import type { GroupInfo } from '../../sandbox/whatsapp/control-types.ts';
import type { Bridge } from './journey/bridge.ts';
import { eventually, type ClientEvent, type Person } from './journey/person.ts';
import { BOT, type Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let bridge: Bridge;
let camille: Person;
let account: Contact;
let alice: Contact;
let bob: Contact;
let eve: Contact;
let management: string;
let group: GroupInfo;
let room: string;
let withEve: string;

beforeAll(async () => {
  town = await openWhatsAppTown({}, { pacing: { groupsPerDay: 3 } });
  ({ sandbox: whatsapp, bridge, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  alice = await whatsapp.createPerson({ name: 'Alice' });
  bob = await whatsapp.createPerson({ name: 'Bob', addressing: 'lid' });
  eve = await whatsapp.createPerson({ name: 'Eve' });
  management = await linkByCode(whatsapp, camille, account);
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

const ghosts = new Map<string, string>();

/** The ghost of somebody, known by what they say in the group. */
async function ghostOf(who: Contact): Promise<string> {
  const known = ghosts.get(who.id);
  if (known !== undefined) return known;
  await whatsapp.write(who.id, group.id, `I am ${who.name}`);
  const { sender } = await camille.answer(room, `I am ${who.name}`);
  ghosts.set(who.id, sender);
  return sender;
}

async function membership(user: string): Promise<unknown> {
  return (await camille.state(room, 'm.room.member', user))?.['membership'];
}

async function levels(): Promise<Record<string, unknown>> {
  return { ...(await camille.state(room, 'm.room.power_levels')) };
}

async function level(user: string): Promise<unknown> {
  return ((await levels())['users'] as Record<string, unknown>)[user];
}

async function changes(type: string): Promise<readonly ClientEvent[]> {
  return (await camille.events(room)).filter((one) => one.type === type && one.state_key === '');
}

async function told(line: string, words: string, nth = 1): Promise<string> {
  await camille.say(management, line);
  return String((await camille.answer(management, words, nth)).content['body']);
}

async function change(to: Omit<Parameters<typeof whatsapp.command<'changeGroup'>>[1], 'group'>): Promise<void> {
  group = await whatsapp.command('changeGroup', { ...to, group: group.id });
}

describe('what people change on WhatsApp', () => {
  test('is a room with its name, its description, its people and its admins from the first message on', async () => {
    const members = [account.id, bob.id];
    group = await whatsapp.command('createGroup', { by: alice.id, subject: 'Choir', members });
    await change({ by: alice.id, description: 'We sing\nevery Monday' });
    await whatsapp.write(alice.id, group.id, 'welcome');
    room = await camille.nextRoom();
    const first = await camille.answer(room, 'welcome');
    ghosts.set(alice.id, first.sender);
    expect(await camille.state(room, 'm.room.name')).toMatchObject({ name: 'Choir' });
    await eventually('the topic', async () => (await camille.state(room, 'm.room.topic'))?.['topic'] !== undefined);
    expect(await camille.state(room, 'm.room.topic')).toMatchObject({ topic: 'We sing\nevery Monday' });
    // Bob has not said a word yet.
    await eventually('Bob', async () => {
      const all = await camille.wholeState(room);
      return (
        all.filter(({ type, content }) => type === 'm.room.member' && content['membership'] === 'join').length === 4
      );
    });
    expect(await level(first.sender)).toBe(50);
    expect(await level(await ghostOf(bob))).toBeUndefined();
    expect(await level(camille.id)).toBeUndefined();
  });

  test('is what an admin deletes of somebody else, by that admin', async () => {
    const id = await whatsapp.write(bob.id, group.id, 'rude words');
    const { event_id: event } = await camille.answer(room, 'rude words');
    await whatsapp.remove(alice.id, group.id, id);
    const by = async (): Promise<string | undefined> => {
      const found = (await camille.events(room)).find((one) => one.event_id === event);
      return (found?.unsigned?.redacted_because as { sender?: string } | undefined)?.sender;
    };
    expect(await eventually('the deletion', by)).toBe(await ghostOf(alice));
  });

  test('a new name and a new description come as theirs, once', async () => {
    await change({ by: bob.id, subject: 'Chamber choir' });
    await eventually('the name', async () => (await camille.state(room, 'm.room.name'))?.['name'] === 'Chamber choir');
    expect((await changes('m.room.name')).at(-1)?.sender).toBe(await ghostOf(bob));
    await change({ by: alice.id, description: 'We sing in chambers' });
    await eventually('the topic', async () => (await changes('m.room.topic')).length === 2);
    expect((await changes('m.room.topic')).at(-1)).toMatchObject({
      sender: await ghostOf(alice),
      content: { topic: 'We sing in chambers' },
    });
    await change({ by: alice.id, description: '' });
    await eventually('no topic', async () => (await camille.state(room, 'm.room.topic'))?.['topic'] === '');
    expect((await changes('m.room.name')).length).toBe(2);
  });

  test('who is added comes, who is removed is removed by who did it, who leaves leaves', async () => {
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'add', people: [eve.id] });
    const ghost = await ghostOf(eve);
    expect(await membership(ghost)).toBe('join');
    const invited = (await camille.events(room)).find(
      ({ state_key: key, content }) => key === ghost && content['membership'] === 'invite',
    );
    expect(invited?.sender).toBe(await ghostOf(alice));
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'remove', people: [eve.id] });
    await eventually('her removal', async () => (await membership(ghost)) === 'leave');
    const removed = (await camille.wholeState(room)).find(({ state_key: key }) => key === ghost);
    expect(removed?.sender).toBe(await ghostOf(alice));
    await whatsapp.command('joinGroup', { by: eve.id, code: group.invite });
    await eventually('her return by the link', async () => (await membership(ghost)) === 'join');
    await whatsapp.command('leaveGroup', { by: eve.id, group: group.id });
    await eventually('her leaving', async () => (await membership(ghost)) === 'leave');
    const left = (await camille.wholeState(room)).find(({ state_key: key }) => key === ghost);
    expect(left?.sender).toBe(ghost);
  });

  test('admins have power, a person more than a ghost, and lose it again', async () => {
    const promote = { by: alice.id, group: group.id, people: [bob.id, account.id] };
    await whatsapp.command('members', { ...promote, change: 'promote' });
    await eventually('their power', async () => (await level(camille.id)) === 60);
    expect(await level(await ghostOf(bob))).toBe(50);
    await whatsapp.command('members', { ...promote, change: 'demote' });
    await eventually('none', async () => (await level(camille.id)) === undefined);
    expect(await level(await ghostOf(bob))).toBeUndefined();
  });

  test('announcement and locked mode are levels of the room', async () => {
    const described = async (): Promise<unknown> =>
      ((await levels())['events'] as Record<string, unknown>)['m.room.name'];
    expect([(await levels())['events_default'], await described()]).toEqual([0, 0]);
    await change({ by: alice.id, announce: true, locked: true });
    await eventually('both', async () => (await levels())['events_default'] === 50 && (await described()) === 50);
    await expect(camille.say(room, 'may I?')).rejects.toThrow('403');
    await change({ by: alice.id, announce: false, locked: false });
    await eventually('neither', async () => (await levels())['events_default'] === 0 && (await described()) === 0);
    await camille.say(room, 'I may');
  });

  test('where every member may add people, every member may invite them, and where only admins may, nobody else', async () => {
    expect((await levels())['invite']).toBe(0);
    const ghost = await ghostOf(bob);
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'remove', people: [bob.id] });
    await eventually('his removal', async () => (await membership(ghost)) === 'leave');
    expect(await level(camille.id)).toBeUndefined();
    await camille.invite(room, ghost);
    await eventually('Bob', async () => {
      const now = await whatsapp.command('group', { group: group.id });
      return bob.id in (now?.members ?? {}) && (await membership(ghost)) === 'join';
    });
    await change({ by: alice.id, anyoneAdds: false });
    await eventually('admins only', async () => (await levels())['invite'] === 50);
    await expect(camille.invite(room, await ghostOf(eve))).rejects.toThrow('403');
    await change({ by: alice.id, anyoneAdds: true });
    await eventually('everybody', async () => (await levels())['invite'] === 0);
    // A change of something else leaves it.
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'promote', people: [bob.id] });
    await eventually('his power', async () => (await level(ghost)) === 50);
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'demote', people: [bob.id] });
    await eventually('none', async () => (await level(ghost)) === undefined);
    expect((await levels())['invite']).toBe(0);
    await change({ by: alice.id, anyoneAdds: false });
    await eventually('admins only again', async () => (await levels())['invite'] === 50);
  });

  test('all of it comes once and in the end as it is, over a kill of the bridge', async () => {
    const before = (await changes('m.room.name')).length;
    for (let n = 0; n < 6; n += 1) {
      await change({ by: n % 2 === 0 ? alice.id : bob.id, subject: `Choir ${n}` });
      await whatsapp.command('members', {
        by: alice.id,
        group: group.id,
        change: n % 2 === 0 ? 'add' : 'remove',
        people: [eve.id],
      });
      if (n === 2) await bridge.stop('SIGKILL');
    }
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'promote', people: [bob.id] });
    await bridge.start();
    await eventually('the last name', async () => (await camille.state(room, 'm.room.name'))?.['name'] === 'Choir 5');
    await eventually('the admin', async () => (await level(await ghostOf(bob))) === 50);
    expect(await membership(await ghostOf(eve))).toBe('leave');
    const names = (await changes('m.room.name')).slice(before).map(({ content }) => content['name']);
    expect(names).toEqual([0, 1, 2, 3, 4, 5].map((n) => `Choir ${n}`));
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'demote', people: [bob.id] });
    await eventually('no admin', async () => (await level(await ghostOf(bob))) === undefined);
  });
});

describe('what a person changes on Matrix', () => {
  const onWhatsApp = async (): Promise<GroupInfo> => {
    const now = await whatsapp.command('group', { group: group.id });
    if (now === null) throw new Error('no group');
    return now;
  };
  const until = async (what: string, look: (now: GroupInfo) => boolean): Promise<void> => {
    await eventually(what, async () => look(await onWhatsApp()));
  };

  test('a member who is no admin may not, and their homeserver says so', async () => {
    await expect(camille.kick(room, await ghostOf(eve))).rejects.toThrow('403');
    await expect(camille.setState(room, 'm.room.power_levels', {})).rejects.toThrow('403');
    await expect(camille.invite(room, await ghostOf(eve))).rejects.toThrow('403');
  });

  test('the name and the topic are the name and the description there, and come back as no second change', async () => {
    const before = (await changes('m.room.name')).length;
    await camille.setState(room, 'm.room.name', { name: 'Named on Matrix' });
    await until('the name', ({ subject }) => subject === 'Named on Matrix');
    await camille.setState(room, 'm.room.topic', { topic: 'Told on Matrix' });
    await until('the description', ({ description }) => description === 'Told on Matrix');
    await whatsapp.write(alice.id, group.id, 'after the change');
    await camille.answer(room, 'after the change');
    expect((await changes('m.room.name')).length).toBe(before + 1);
    expect((await changes('m.room.name')).at(-1)?.sender).toBe(camille.id);
  });

  test('no name is refused with the reason, and put back', async () => {
    await camille.setState(room, 'm.room.name', { name: '' });
    await camille.answer(room, 'a group needs a name');
    await eventually(
      'the name',
      async () => (await camille.state(room, 'm.room.name'))?.['name'] === 'Named on Matrix',
    );
    expect((await onWhatsApp()).subject).toBe('Named on Matrix');
  });

  test('an admin brings people in and sends them out', async () => {
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'promote', people: [account.id] });
    await eventually('power', async () => (await level(camille.id)) === 60);
    const ghost = await ghostOf(eve);
    await camille.invite(room, ghost);
    await until('Eve', ({ members }) => eve.id in members);
    await eventually('her ghost', async () => (await membership(ghost)) === 'join');
    await camille.kick(room, ghost);
    await until('no Eve', ({ members }) => !(eve.id in members));
    // What the room still heard of her coming is over when it hears what was said after her going.
    await whatsapp.write(alice.id, group.id, 'Eve is gone');
    await camille.answer(room, 'Eve is gone');
    expect(await membership(ghost)).toBe('leave');
  });

  test('who does not let themselves be added is not pretended to be in, gets an invitation, and comes by it', async () => {
    const ghost = await ghostOf(eve);
    // Whoever has written to us is no stranger: the link is young.
    await whatsapp.write(eve.id, account.id, 'it is me');
    withEve = await camille.nextRoom();
    await whatsapp.command('setPrivacy', { id: eve.id, name: 'groupadd', value: 'none' });
    await camille.invite(room, ghost);
    await camille.answer(room, 'An invitation was sent to them instead');
    await eventually('her ghost has left', async () => (await membership(ghost)) === 'leave');
    expect(eve.id in (await onWhatsApp()).members).toBe(false);
    const had = await whatsapp.messages(eve.id, account.id);
    const [{ code, expiration } = { code: '', expiration: 0 }, more] = had.flatMap(
      ({ invitation }) => invitation ?? [],
    );
    expect(more).toBeUndefined();
    const it = { group: group.id, code, expiration };
    await whatsapp.command('acceptInvitation', { by: eve.id, from: account.id, ...it });
    await eventually('her ghost has come', async () => (await membership(ghost)) === 'join');
    await camille.kick(room, ghost);
    await until('no Eve', ({ members }) => !(eve.id in members));
  });

  test('levels make and unmake admins, and switch the modes', async () => {
    const [ghost, now] = [await ghostOf(bob), await levels()];
    const { users, events } = now as Record<'users' | 'events', Record<string, unknown>>;
    await camille.setState(room, 'm.room.power_levels', {
      ...now,
      users: { ...users, [ghost]: 50 },
      events_default: 50,
      invite: 0,
    });
    await until(
      'all three',
      ({ members, announce, anyoneAdds }) => members[bob.id] === 'admin' && announce && anyoneAdds,
    );
    await camille.setState(room, 'm.room.power_levels', { ...now, users, events: { ...events, 'm.room.name': 50 } });
    await until('the other', ({ members, announce, locked }) => members[bob.id] === 'member' && !announce && locked);
    await camille.setState(room, 'm.room.power_levels', { ...now });
    await until('neither', ({ locked, anyoneAdds }) => !locked && !anyoneAdds);
    expect((await onWhatsApp()).announce).toBe(false);
  });

  test('what nobody may do there is said and put back', async () => {
    const [ghost, now] = [await ghostOf(alice), await levels()];
    const users = { ...(now['users'] as Record<string, unknown>), [ghost]: 0 };
    await camille.setState(room, 'm.room.power_levels', { ...now, users });
    await camille.answer(room, 'from who made the group');
    await eventually('her power', async () => (await level(ghost)) === 50);
    await camille.kick(room, ghost);
    await camille.answer(room, 'Only admins of this group');
    await eventually('her return', async () => (await membership(ghost)) === 'join');
    expect((await onWhatsApp()).members[alice.id]).toBe('superadmin');
    await camille.setState(room, 'm.room.power_levels', {
      ...(await levels()),
      users: { ...((await levels())['users'] as Record<string, unknown>), '@nobody:hs.test': 50 },
    });
    await camille.answer(room, '@nobody:hs.test has no account on WhatsApp');
    await eventually('nobody', async () => (await level('@nobody:hs.test')) === undefined);
  });

  test('what the server refuses is put back, what it could not answer is done once', async () => {
    await whatsapp.command('failNext', { person: account.id, what: 'w:g2', code: 403 });
    await camille.setState(room, 'm.room.name', { name: 'Not this' });
    await camille.answer(room, 'Only admins of this group', 2);
    await eventually(
      'the name',
      async () => (await camille.state(room, 'm.room.name'))?.['name'] === 'Named on Matrix',
    );
    const heard = (await whatsapp.command('notices', { viewer: bob.id })).length;
    await whatsapp.command('loseReplies', { person: account.id, what: 'w:g2', kill: true });
    await camille.setState(room, 'm.room.name', { name: 'In spite of it' });
    await until('the name', ({ subject }) => subject === 'In spite of it');
    await eventually('a message after it', async () => {
      await whatsapp.write(alice.id, group.id, 'still there?');
      return (await camille.events(room)).some(({ content }) => content['body'] === 'still there?');
    });
    expect((await changes('m.room.name')).at(-1)?.content['name']).toBe('In spite of it');
    expect((await whatsapp.command('notices', { viewer: bob.id })).length).toBeGreaterThan(heard);
  });
});

describe('what a person asks of the bot', () => {
  const groupCalled = async (subject: string): Promise<readonly GroupInfo[]> =>
    (await whatsapp.command('groups', {})).filter((one) => one.subject === subject);

  test('makes a group, with its room, and no second one when the answer is lost with the bridge', async () => {
    await whatsapp.command('loseReplies', { person: account.id, what: 'w:g2' });
    await camille.say(management, `create-group "Trip to Lyon" +${alice.phone}, +${bob.phone}`);
    await eventually('the group', async () => (await groupCalled('Trip to Lyon')).length === 1);
    await bridge.stop('SIGKILL');
    await bridge.start();
    await camille.answer(management, 'I am opening the conversation with Trip to Lyon');
    const made = await camille.nextRoom();
    await eventually('its name', async () => (await camille.state(made, 'm.room.name'))?.['name'] === 'Trip to Lyon');
    const [there, ...others] = await groupCalled('Trip to Lyon');
    expect(others).toEqual([]);
    expect(there?.members).toMatchObject({ [alice.id]: 'member', [bob.id]: 'member', [account.id]: 'superadmin' });
    await camille.say(made, 'packed?');
    await eventually('the first word', async () =>
      (await whatsapp.messages(alice.id, there?.id ?? '')).some(({ text }) => text === 'packed?'),
    );
    await eventually('power', async () => {
      const { users } = (await camille.state(made, 'm.room.power_levels')) ?? {};
      return (users as Record<string, unknown> | undefined)?.[camille.id] === 60;
    });
  });

  test('goes into a group by its link, once', async () => {
    const book = await whatsapp.command('createGroup', { by: eve.id, subject: 'Book club', members: [] });
    await told(`join-group https://chat.whatsapp.com/${book.invite}`, 'I am opening the conversation with Book club');
    expect((await whatsapp.command('group', { group: book.id }))?.members).toMatchObject({ [account.id]: 'member' });
    const club = await camille.nextRoom();
    // Its people come when the bridge has written down that it is the group's.
    await eventually('Eve', async () => {
      const all = await camille.wholeState(club);
      return all.some(
        ({ state_key: key, content }) => key?.startsWith('@_wa_') === true && content['membership'] === 'join',
      );
    });
    await told(`rejoindre chat.whatsapp.com/${book.invite}`, 'Your conversation with Book club');
    await told('join-group https://chat.whatsapp.com/AAAAAAAAAAAAAAAAAAAAAA', 'no longer valid');
    await told('join-group https://example.org/x', 'no link to a WhatsApp group');
    await told('invite-link Book club', 'Only admins of this group');
  });

  test('waits to be let in where an admin has to agree', async () => {
    const closed = await whatsapp.command('createGroup', { by: eve.id, subject: 'Closed club', members: [] });
    await whatsapp.command('changeGroup', { by: eve.id, group: closed.id, approval: true });
    await told(`join-group ${closed.invite}`, 'An admin of Closed club has to let you in');
    expect((await whatsapp.command('group', { group: closed.id }))?.requests).toEqual([account.id]);
  });

  test('shows the link into a group and makes another one', async () => {
    const [trip] = await groupCalled('Trip to Lyon');
    expect(await told('invite-link Trip to Lyon', 'The link into Trip to Lyon')).toContain(trip?.invite);
    const renewed = await told('invite-link "Trip to Lyon" new', 'The link into Trip to Lyon', 2);
    const [now] = await groupCalled('Trip to Lyon');
    expect(now?.invite).not.toBe(trip?.invite);
    expect(renewed).toContain(now?.invite);
  });

  test('lists who asks to be let in, accepts one and refuses another', async () => {
    const [trip] = await groupCalled('Trip to Lyon');
    if (trip === undefined) throw new Error('no trip');
    await whatsapp.command('changeGroup', { by: account.id, group: trip.id, approval: true });
    const fay = await whatsapp.createPerson({ name: 'Fay' });
    for (const one of [eve, fay]) await whatsapp.command('joinGroup', { by: one.id, code: trip.invite });
    const list = await told('join-requests Trip to Lyon', 'These ask to be let into');
    const codes = [...list.matchAll(/^- (\w{4}): (.*)$/gmu)].map(([, code = '', label = '']) => ({ code, label }));
    // Of Fay nothing is known but what her phone does not hide.
    expect(codes.map(({ label }) => label).toSorted()).toEqual(['Eve', 'somebody whose name and number are not shown']);
    const codeOf = (label: string): string => codes.find((one) => one.label === label)?.code ?? '';
    await told(`accept-request "Trip to Lyon" ${codeOf('Eve')}`, 'Let into Trip to Lyon: 1.');
    await told(`refuser-demande "Trip to Lyon" tous`, 'Not let into Trip to Lyon: 1.');
    const now = await whatsapp.command('group', { group: trip.id });
    expect(now?.requests).toEqual([]);
    expect(Object.keys(now?.members ?? {}).toSorted()).toEqual(
      [account, alice, bob, eve].map(({ id }) => id).toSorted(),
    );
    await told('join-requests Trip to Lyon', 'Nobody asks to be let into Trip to Lyon');
  });

  test('lists groups, opens one that has no room yet, and knows it by its name before', async () => {
    const quiet = await whatsapp.command('createGroup', { by: eve.id, subject: 'Quiet group', members: [account.id] });
    const twice = ['Twins', 'Twins'].map(
      async (subject) => await whatsapp.command('createGroup', { by: eve.id, subject, members: [account.id] }),
    );
    await Promise.all(twice);
    expect(await told('groups', 'Your groups on WhatsApp')).toContain('- Quiet group');
    expect(await told('groups whatsapp QUIET', 'Your groups on WhatsApp', 2)).not.toContain('Book club');
    await told('groups nothing like it', 'You are in no group of that name');
    await told('invite-link Quiet group', 'Only admins of this group', 2);
    await told('open-group twins', 'Several groups are called “twins”');
    await told('open-group quiet group', 'I am opening the conversation with Quiet group');
    const opened = await camille.nextRoom();
    await camille.say(opened, 'is anybody there?');
    await whatsapp.waitForText(eve.id, quiet.id, 'is anybody there?');
    await told('open-group quiet group', 'Your conversation with Quiet group');
  });

  test('accepts an invitation that came as a message, once', async () => {
    const chess = await whatsapp.command('createGroup', { by: eve.id, subject: 'Chess', members: [] });
    await whatsapp.command('inviteByMessage', { by: eve.id, group: chess.id, to: account.id });
    const { content } = await camille.answer(withEve, 'An invitation to the group “Chess”');
    const [, line = ''] = /`(join-group \S+)`/.exec(String(content['body'])) ?? [];
    expect(line).not.toMatch(new RegExp(`${eve.phone}|${account.phone}`));
    await told(line, 'I am opening the conversation with Chess');
    expect((await whatsapp.command('group', { group: chess.id }))?.members).toMatchObject({ [account.id]: 'member' });
    await camille.nextRoom();
    await told(line, 'no longer valid', 2);
  });

  test('leaves a group', async () => {
    await told('leave-group "Trip to Lyon"', 'You have left Trip to Lyon');
    const [trip] = await groupCalled('Trip to Lyon');
    expect(account.id in (trip?.members ?? {})).toBe(false);
    await told('leave-group Nowhere', 'I know no group “Nowhere”');
  });
});

describe('a community', () => {
  test('is a room by its name, in which only admins write, and its groups are rooms of their own', async () => {
    const { parent, announcements } = await whatsapp.command('createCommunity', {
      by: alice.id,
      subject: 'Neighbours',
      members: [account.id, bob.id],
    });
    const garden = await whatsapp.command('createGroup', { by: alice.id, subject: 'Garden', members: [account.id] });
    await whatsapp.command('linkGroup', { by: alice.id, parent: parent.id, group: garden.id });
    await whatsapp.write(alice.id, announcements.id, 'The lift is out of order');
    const told = await camille.nextRoom();
    expect((await camille.answer(told, 'The lift is out of order')).sender).toBe(await ghostOf(alice));
    expect(await camille.state(told, 'm.room.name')).toMatchObject({ name: 'Neighbours' });
    await eventually('who may write', async () => {
      return (await camille.state(told, 'm.room.power_levels'))?.['events_default'] === 50;
    });
    await expect(camille.say(told, 'again?')).rejects.toThrow('403');
    await whatsapp.write(alice.id, garden.id, 'Who waters the roses?');
    const roses = await camille.nextRoom();
    await camille.answer(roses, 'Who waters the roses?');
    expect(await camille.state(roses, 'm.room.name')).toMatchObject({ name: 'Garden' });
    await camille.say(roses, 'I do');
    await eventually('the answer', async () =>
      (await whatsapp.messages(alice.id, garden.id)).some(({ text }) => text === 'I do'),
    );
    // Its announcements are named like the community, by the community.
    await whatsapp.command('members', {
      by: alice.id,
      group: announcements.id,
      change: 'promote',
      people: [account.id],
    });
    await eventually('power', async () => {
      const { users } = (await camille.state(told, 'm.room.power_levels')) ?? {};
      return (users as Record<string, unknown> | undefined)?.[camille.id] === 60;
    });
    await camille.setState(told, 'm.room.name', { name: 'Mine' });
    await eventually('its name', async () => (await camille.state(told, 'm.room.name'))?.['name'] === 'Neighbours');
  });
});

describe('somebody who was taken out of a group', () => {
  test('finds its room as the group is when they are brought in again', async () => {
    const mine = await whatsapp.createGroup(alice.id, 'Rowing', [account.id, bob.id]);
    await whatsapp.write(bob.id, mine.id, 'the river is high');
    const boats = await camille.nextRoom();
    const { sender: ghost } = await camille.answer(boats, 'the river is high');
    const members = { by: alice.id, group: mine.id };
    await whatsapp.command('members', { ...members, change: 'remove', people: [account.id] });
    await camille.answer(boats, 'no longer in this group');
    await whatsapp.command('changeGroup', { by: alice.id, group: mine.id, subject: 'Sailing', announce: true });
    await whatsapp.command('members', { ...members, change: 'remove', people: [bob.id] });
    await whatsapp.command('members', { ...members, change: 'add', people: [account.id] });
    const now = async (type: string) => await camille.state(boats, type);
    await eventually('the new name', async () => (await now('m.room.name'))?.['name'] === 'Sailing');
    await eventually('who may write', async () => (await now('m.room.power_levels'))?.['events_default'] === 50);
    await eventually('Bob’s going', async () => {
      return (await camille.state(boats, 'm.room.member', ghost))?.['membership'] === 'leave';
    });
    await expect(camille.say(boats, 'may I?')).rejects.toThrow('403');
  });
});

describe('a group that is taken from numbers to LIDs', () => {
  test('stays one room with one ghost for each, both ways, also for what was on its way', async () => {
    const { id } = await whatsapp.createGroup(alice.id, 'Chess', [account.id, bob.id], 'pn');
    await whatsapp.write(bob.id, id, 'e4');
    const board = await camille.nextRoom();
    const { sender: ghost } = await camille.answer(board, 'e4');
    const mine = await camille.say(board, 'e5');
    const first = await whatsapp.waitForText(bob.id, id, 'e5');
    await whatsapp.command('changeGroup', { by: alice.id, group: id, addressing: 'lid' });
    // Its next message is refused as one of the old way would be.
    await whatsapp.command('failNext', { person: account.id, what: 'message', code: 421 });
    await camille.say(board, 'Nc3?');
    await whatsapp.waitForText(bob.id, id, 'Nc3?');
    await whatsapp.write(bob.id, id, 'Nf3');
    expect((await camille.answer(board, 'Nf3')).sender).toBe(ghost);
    await whatsapp.react(bob.id, id, first.id, '👍');
    const reaction = await camille.heard(board, 'a reaction', ({ type }) => type === 'm.reaction');
    expect(reaction).toMatchObject({ sender: ghost, content: { 'm.relates_to': { event_id: mine } } });
    const said = await camille.answer(board, 'Nf3');
    await camille.send(
      board,
      { 'm.relates_to': { rel_type: 'm.annotation', event_id: said.event_id, key: '🎉' } },
      'm.reaction',
    );

    await eventually('her reaction', async () =>
      (await whatsapp.messages(bob.id, id)).some(({ kind, text }) => kind === 'reaction' && text === '🎉'),
    );
    expect((await whatsapp.messages(bob.id, id)).filter(({ text }) => text === 'Nc3?')).toHaveLength(1);
    const bodies = (await camille.events(board)).map(({ content }) => String(content['body']));
    expect(bodies.filter((body) => body.includes('cannot be read') || body.includes('refused'))).toEqual([]);
  });
});

describe('a room where people are already', () => {
  let hall: string;
  let fay: Person;
  let gil: Person;
  let linked: Contact;

  test('is left by the bot when whoever invites it may make no groups, and nothing is made of it', async () => {
    if (town === undefined) throw new Error('no town');
    fay = await town.person('fay');
    gil = await town.person('gil');
    const own = await fay.room('Not mine to give', [gil.id, BOT]);
    await fay.answer(own, 'I take commands only in a private room');
    await eventually(
      'its leaving',
      async () => (await fay.state(own, 'm.room.member', BOT))?.['membership'] === 'leave',
    );
    expect(await told(`create-group whatsapp ${own}`, 'I see no such room that both of us are in')).toContain(BOT);
  });

  test('stays as it is until the bot is its admin, it is named and somebody can be brought in', async () => {
    if (town === undefined) throw new Error('no town');
    linked = await whatsapp.createPerson({ name: 'Fay' });
    await linkByCode(whatsapp, fay, linked);
    hall = await camille.room('Town hall', [gil.id, BOT]);
    await camille.answer(hall, `create-group whatsapp ${hall}`);
    await told(`create-group whatsapp ${hall}`, 'You and I must both be admins');
    const powers = await camille.state(hall, 'm.room.power_levels');
    const users = { ...(powers?.['users'] as object | undefined), [BOT]: 100 };
    await camille.setState(hall, 'm.room.power_levels', { ...powers, users });
    await told(`create-group whatsapp ${hall}`, 'Nobody in that room can be brought into a group');
    const all = await whatsapp.command('groups', {});
    expect(all.filter(({ subject }) => subject === 'Town hall')).toEqual([]);
  });

  test('becomes the group’s, with whom the network knows, over a kill; what is said meanwhile goes there, once', async () => {
    if (town === undefined) throw new Error('no town');
    const bobs = await ghostOf(bob);
    for (const user of [bobs, fay.id]) await camille.invite(hall, user);
    for (const one of [fay, gil]) await one.join(hall);
    await eventually('Bob', async () => (await camille.state(hall, 'm.room.member', bobs))?.['membership'] === 'join');
    await camille.say(hall, 'too early');
    await whatsapp.command('loseReplies', { person: account.id, what: 'w:g2' });
    await camille.say(management, `create-group whatsapp https://matrix.to/#/${encodeURIComponent(hall)}?via=hs`);
    const making = await camille.answer(management, 'I am making the group Town hall');
    expect(making.content['body']).toContain('2 people');
    const without = await camille.answer(management, 'Not in the group');
    expect(without.content['body']).toContain(gil.id);
    const groups = async (): Promise<readonly GroupInfo[]> =>
      (await whatsapp.command('groups', {})).filter(({ subject }) => subject === 'Town hall');
    await eventually('the group', async () => (await groups()).length === 1);
    await camille.say(hall, 'said meanwhile');
    await fay.say(hall, 'by Fay as well');
    await bridge.stop('SIGKILL');
    await bridge.start();
    await camille.answer(management, 'The room is the group Town hall');
    const [made, ...others] = await groups();
    if (made === undefined) throw new Error('no group');
    expect(others).toEqual([]);
    expect(Object.keys(made.members).toSorted()).toEqual([account.id, bob.id, linked.id].toSorted());
    const texts = async (): Promise<readonly string[]> =>
      (await whatsapp.messages(bob.id, made.id)).flatMap(({ text, from }) =>
        text === undefined ? [] : [`${from}: ${text}`],
      );
    await eventually('both', async () => (await texts()).length >= 2);
    await whatsapp.write(bob.id, made.id, 'hello hall');
    expect((await camille.answer(hall, 'hello hall')).sender).toBe(bobs);
    expect(await camille.state(hall, 'm.room.name')).toMatchObject({ name: 'Town hall' });
    expect((await texts()).toSorted()).toEqual(
      [`${account.id}: said meanwhile`, `${linked.id}: by Fay as well`, `${bob.id}: hello hall`].toSorted(),
    );
    await told(`create-group whatsapp ${hall}`, 'That room is bridged already');
  });
});

describe('two people of this server in one group', () => {
  let dora: Person;
  let second: Contact;

  test('share its room, in which everything is there once', async () => {
    if (town === undefined) throw new Error('no town');
    dora = await town.person('dora');
    second = await whatsapp.createPerson({ name: 'Dora' });
    await linkByCode(whatsapp, dora, second);
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'add', people: [second.id] });
    expect(await dora.nextRoom()).toBe(room);
    const before = [(await changes('m.room.name')).length, (await levels())['events_default']];
    await whatsapp.write(bob.id, group.id, 'to both of you');
    await change({ by: alice.id, subject: 'Both of you' });
    await camille.answer(room, 'to both of you');
    await eventually('the name', async () => (await camille.state(room, 'm.room.name'))?.['name'] === 'Both of you');
    await dora.say(room, 'from Dora');
    await eventually('her words', async () =>
      (await whatsapp.messages(alice.id, group.id)).some(
        ({ text, from }) => text === 'from Dora' && from === second.id,
      ),
    );
    await whatsapp.write(second.id, group.id, 'from her phone');
    expect((await camille.answer(room, 'from her phone')).sender).toBe(dora.id);
    await whatsapp.write(bob.id, group.id, 'the last of these');
    await camille.answer(room, 'the last of these');
    const texts = (await camille.events(room)).map(({ content }) => content['body']);
    for (const text of ['to both of you', 'from Dora', 'from her phone', 'the last of these'])
      expect(texts.filter((one) => one === text)).toEqual([text]);
    expect([(await changes('m.room.name')).length - 1, (await levels())['events_default']]).toEqual(before);
  });

  test('see of a call what is so for both: not that one of them took it', async () => {
    const { call } = await whatsapp.command('call', { by: alice.id, to: group.id });
    const { event_id: rings } = await camille.answer(room, 'Voice call in this group: join it on your phone.');
    await whatsapp.command('answerCall', { by: second.id, caller: alice.id, call, how: 'accept' });
    await whatsapp.write(second.id, group.id, 'I am on the phone');
    await camille.answer(room, 'I am on the phone');
    await whatsapp.command('endCall', { by: alice.id, to: group.id, call });
    await camille.answer(room, 'Voice call in this group: it is over.');
    const told = (await camille.events(room)).filter(
      ({ content }) => (content['m.relates_to'] as { event_id?: string } | undefined)?.event_id === rings,
    );
    expect(told.map(({ content }) => content['body'])).toEqual([
      expect.stringContaining('Voice call in this group: it is over.'),
    ]);
  });

  test('see what the device of the one who reads cannot read as soon as the other’s can', async () => {
    await whatsapp.command('setRetries', { by: bob.id, answer: false });
    await whatsapp.command('keepKeyFrom', { by: bob.id, from: account.id });
    await whatsapp.command('onDelivery', { person: second.id, how: 'hold' });
    await whatsapp.write(bob.id, group.id, 'for one device only');
    const { event_id: waiting } = await camille.answer(room, 'cannot be read yet');
    await whatsapp.command('release', { person: second.id });
    await camille.answer(room, 'for one device only');
    await whatsapp.command('keepKeyFrom', { by: bob.id, from: null });
    await whatsapp.command('setRetries', { by: bob.id, answer: true });
    await whatsapp.write(bob.id, group.id, 'for everybody again');
    await camille.answer(room, 'for everybody again');
    const shown = (await camille.events(room)).filter(({ content }) =>
      JSON.stringify(content).includes('for one device only'),
    );
    expect(shown.map(({ content }) => content['m.relates_to'])).toEqual([{ rel_type: 'm.replace', event_id: waiting }]);
  });

  test.each(['first', 'last'] as const)(
    'see no notice of a reaction that the one who reads cannot read, and gets %s',
    async (when) => {
      const id = await whatsapp.write(alice.id, group.id, `look, ${when}`);
      const { event_id: target } = await camille.answer(room, `look, ${when}`);
      const isNotice = ({ content }: ClientEvent): boolean => String(content['body']).includes('cannot be read yet');
      const notices = async (): Promise<number> => (await camille.events(room)).filter(isNotice).length;
      const reacted = async (): Promise<unknown> =>
        await camille.heard(room, 'the reaction', ({ type, content }) => {
          return type === 'm.reaction' && JSON.stringify(content).includes(target);
        });
      const before = await notices();
      const late = when === 'first' ? second : account;
      await whatsapp.command('setRetries', { by: bob.id, answer: false });
      await whatsapp.command('keepKeyFrom', { by: bob.id, from: account.id });
      await whatsapp.command('onDelivery', { person: late.id, how: 'hold' });
      await whatsapp.react(bob.id, group.id, id, '🎈');
      if (when === 'first') await eventually('the notice', async () => (await notices()) > before);
      else await reacted();
      await whatsapp.command('release', { person: late.id });
      await reacted();
      // Brought by the one who reads, behind what could not be read.
      await whatsapp.command('onDelivery', { person: second.id, how: 'hold' });
      await whatsapp.write(alice.id, group.id, `behind, ${when}`);
      await camille.answer(room, `behind, ${when}`);
      await whatsapp.command('release', { person: second.id });
      expect(await notices()).toBe(before);
      await whatsapp.command('keepKeyFrom', { by: bob.id, from: null });
      await whatsapp.command('setRetries', { by: bob.id, answer: true });
    },
  );

  test('are told once of what the service does to the group, and of what is not shown here', async () => {
    const told = [
      ['suspended', 'WhatsApp has suspended this group'],
      ['lifted', 'WhatsApp has ended the suspension'],
      ['shut', 'WhatsApp has shut the link'],
      ['open', 'by its link again'],
      ['other', 'Something about this group was changed'],
    ] as const;
    // The one who reads hears of it last, when the other has brought everything.
    await whatsapp.command('onDelivery', { person: account.id, how: 'hold' });
    await change({ by: alice.id, suspended: true });
    await change({ by: alice.id, suspended: false });
    await change({ by: alice.id, linkShut: true });
    await change({ by: alice.id, linkShut: false });
    await change({ by: alice.id, other: ['something_new', 'something_newer', 'revoked_membership_requests'] });
    await whatsapp.write(bob.id, group.id, 'behind all that');
    await dora.answer(room, 'behind all that');
    await whatsapp.command('release', { person: account.id });
    // Whatever nobody did is said by the one who reads.
    for (const [what, words] of told)
      await camille.heard(room, what, ({ content }) => String(content['body']).includes(words));
    await whatsapp.write(bob.id, group.id, 'behind it once more');
    await camille.answer(room, 'behind it once more');
    const texts = (await camille.events(room)).map(({ content }) => String(content['body']));
    for (const [what, words] of told)
      expect([what, texts.filter((text) => text.includes(words)).length]).toEqual([what, 1]);
  });

  test('are told once of the end of a group, keep its room, and hear at once that nothing leaves it', async () => {
    const about = { by: alice.id, subject: 'Soon over', members: [account.id, second.id] };
    const brief = await whatsapp.command('createGroup', about);
    await whatsapp.write(alice.id, brief.id, 'not for long');
    const shared = await camille.nextRoom();
    expect(await dora.nextRoom()).toBe(shared);
    await camille.answer(shared, 'not for long');
    await whatsapp.command('endGroup', { by: alice.id, group: brief.id });
    await dora.answer(shared, 'This group was deleted on WhatsApp');
    await camille.answer(shared, 'This group was deleted on WhatsApp');
    for (const [nth, person] of [camille, dora].entries()) {
      await person.say(shared, 'anybody?');
      await camille.answer(shared, 'can no longer be reached on WhatsApp', nth + 1);
    }
    // Behind what the other one heard.
    await whatsapp.write(alice.id, group.id, 'behind the end');
    await dora.answer(room, 'behind the end');
    const texts = (await dora.events(shared)).map(({ content }) => String(content['body']));
    expect(texts.filter((text) => text.includes('This group was deleted'))).toHaveLength(1);
    for (const { id } of [camille, dora])
      expect((await dora.state(shared, 'm.room.member', id))?.['membership']).toBe('join');
  });

  test('go on when the one who reads signs out', async () => {
    await camille.say(management, 'logout whatsapp');
    await camille.answer(management, 'You are signed out of WhatsApp');
    for (const text of ['after the reader', 'and once more']) await whatsapp.write(bob.id, group.id, text);
    await change({ by: alice.id, subject: 'Dora reads' });
    await dora.answer(room, 'and once more');
    await eventually('the name', async () => (await dora.state(room, 'm.room.name'))?.['name'] === 'Dora reads');
    const texts = (await dora.events(room)).map(({ content }) => content['body']);
    for (const text of ['after the reader', 'and once more'])
      expect(texts.filter((one) => one === text)).toEqual([text]);
  });

  test('who is removed from the group is no longer in its room, as long as somebody is', async () => {
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'remove', people: [account.id] });
    await eventually('her removal', async () => {
      const all = await dora.wholeState(room);
      return all.find(({ state_key: key }) => key === camille.id)?.content['membership'] === 'leave';
    });
    await whatsapp.write(bob.id, group.id, 'among the rest');
    await dora.answer(room, 'among the rest');
    await whatsapp.command('members', { by: alice.id, group: group.id, change: 'remove', people: [second.id] });
    await dora.answer(room, 'no longer in this group');
    await dora.say(room, 'let me in');
    await dora.answer(room, 'You may not write in this chat on WhatsApp');
    expect((await dora.state(room, 'm.room.member', dora.id))?.['membership']).toBe('join');
  });
});

describe('the bridge', () => {
  test('understood everything it was sent', async () => {
    expect(management).toBeDefined();
    expect(await whatsapp.command('unknown', {})).toEqual([]);
  });
});
