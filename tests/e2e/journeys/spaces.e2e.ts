// Each person's space of a network, on real Synapse, opened as clients do it: who is invited, what is in it and how it is called, and what
// is there no more when a chat goes on without its person, or its room is another one.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Person as OnWhatsApp } from '../../../sandbox/whatsapp/control-client.ts';
import { linkByQr, loginToPigeon, personOnWhatsApp } from '../support/logins.ts';
import { bodyOf, type Person } from '../support/person.ts';
import { BOT, Town, type Management } from '../support/town.ts';

interface Somebody {
  readonly person: Person;
  readonly management: Management;
  readonly account: OnWhatsApp;
}

let town: Town;
let alice: Somebody;
let aurore: Somebody;
let ben: OnWhatsApp;
/** Of Alice: what she has with Ben, and the space of WhatsApp. */
let direct: string;
let space: string;
/** Aurore's. */
let hers: string;
/** Of both people. */
let group: { readonly id: string; readonly name: string; readonly room: string };

async function somebody(name: string, called: string): Promise<Somebody> {
  const account = await personOnWhatsApp(town, called);
  const person = await town.person(name);
  const management = await town.management(person);
  await linkByQr(town, management, account);
  return { person, management, account };
}

beforeAll(async () => {
  town = await Town.open({ networks: ['pigeon', 'whatsapp'], unpaced: true, spaces: true });
  [alice, aurore] = [await somebody('alice', 'Alixandra'), await somebody('aurore', 'Aurélie')];
  ben = await personOnWhatsApp(town, 'Benedetto');
}, 300_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

/** Accepts whatever a person is invited to and has not accepted. @returns the room in which this is said to them */
async function reads({ person }: Somebody, text: string): Promise<string> {
  return await person.until(`"${text}"`, async () => {
    const joined = await person.joined();
    for (const room of joined) if ((await person.bodies(room)).includes(text)) return room;
    for (const room of person.invitationsTo('room')) if (!joined.includes(room)) await person.join(room);
    return undefined;
  });
}

async function told(to: Somebody, by: OnWhatsApp, chat: string, words: string): Promise<string> {
  const text = town.canaries.text(words);
  await town.whatsapp.write(by.id, chat, text);
  return await reads(to, text);
}

async function invitedSpace({ person }: Somebody): Promise<string> {
  return await person.until('a space', () => person.invitationsTo('space')[0]);
}

/** What a client shows of a space: rooms that its person may see, by their id, with their names. */
async function shown({ person }: Somebody, of = space): Promise<ReadonlyMap<string, string | undefined>> {
  const { rooms } = await person.client.getRoomHierarchy(of, 50);
  return new Map(rooms.filter(({ room_id: id }) => id !== of).map(({ room_id: id, name }) => [id, name]));
}

/** What is said of rooms in a space, whether its person may see them or not. */
async function children({ person }: Somebody, of = space): Promise<readonly string[]> {
  const all = (await person.state(of)).filter(({ type, content }) => type === 'm.space.child' && 'via' in content);
  return all.map(({ state_key: key }) => key ?? '');
}

function named(name: string): string {
  return town.canaries.secret('the name of a group', `${name} Fernweh`);
}

describe('a space', () => {
  test('is one that its person is invited to with the first chat, by the network’s name, and in which they change nothing', async () => {
    direct = await told(alice, ben, alice.account.id, 'hello');
    space = await invitedSpace(alice);
    const { person } = alice;
    expect(person.client.getRoom(space)?.name).toBe('WhatsApp');
    await person.join(space);
    expect([...(await shown(alice)).keys()]).toEqual([direct]);
    const state = await person.state(space);
    const [child] = state.filter(({ type }) => type === 'm.space.child');
    expect(child).toMatchObject({ state_key: direct, content: { via: ['hs.test'] } });
    await expect(
      person.client.sendStateEvent(space, 'm.room.name' as never, { name: 'Mine' } as never),
    ).rejects.toThrow();
    await expect(person.say(space, 'a word')).rejects.toThrow();
    await expect(person.client.invite(space, aurore.person.id)).rejects.toThrow();
  }, 90_000);

  test('gathers what comes later, groups and communities by their names, also after the bridge was killed', async () => {
    const name = named('Wandergruppe');
    const { id } = await town.whatsapp.createGroup(ben.id, name, [alice.account.id, aurore.account.id]);
    group = { id, name, room: await told(alice, ben, id, 'to both of you') };
    await town.bridge.kill();
    await town.bridge.start();
    const [community, garden] = [named('Quartier'), named('Garten')];
    const { parent, announcements } = await town.whatsapp.command('createCommunity', {
      by: ben.id,
      subject: community,
      members: [alice.account.id],
    });
    const { id: plants } = await town.whatsapp.createGroup(ben.id, garden, [alice.account.id]);
    await town.whatsapp.command('linkGroup', { by: ben.id, parent: parent.id, group: plants });
    const [told1, told2] = [
      await told(alice, ben, announcements.id, 'to the community'),
      await told(alice, ben, plants, 'to its group'),
    ];
    const all = await shown(alice);
    expect(new Set(all.keys())).toEqual(new Set([direct, group.room, told1, told2]));
    expect([all.get(group.room), all.get(told1), all.get(told2)]).toEqual([name, community, garden]);
    expect(alice.person.invitations()).toEqual([]);
  }, 120_000);

  test('is each person’s own, of each network, and no room says in whose it is', async () => {
    const shared = await told(aurore, ben, group.id, 'once more to both');
    expect(shared).toBe(group.room);
    hers = await invitedSpace(aurore);
    expect(hers).not.toBe(space);
    await aurore.person.join(hers);
    expect([...(await shown(aurore, hers)).keys()]).toEqual([group.room]);
    await expect(aurore.person.state(space)).rejects.toThrow();
    const state = JSON.stringify(await aurore.person.state(shared));
    expect(state).not.toContain(space);
    expect(state).not.toContain(hers);

    const self = await loginToPigeon(town, alice.management, 'Alixandra');
    const coo = await town.pigeon.person('Columba');
    const chat = await town.pigeon.direct(self.id, coo.id);
    const text = town.canaries.text('coo');
    await town.pigeon.write(coo.id, chat.id, text);
    const pigeons = await reads(alice, text);
    const other = await invitedSpace(alice);
    await alice.person.join(other);
    expect([...(await shown(alice, other)).keys()]).toEqual([pigeons]);
    expect([...(await shown(alice)).keys()]).not.toContain(pigeons);
  }, 120_000);
});

describe('a chat that leaves', () => {
  test('with its person, who is out of the group while others here are in it, is no longer in their space', async () => {
    expect(await children(aurore, hers)).toEqual([group.room]);
    await town.whatsapp.command('members', {
      by: ben.id,
      group: group.id,
      change: 'remove',
      people: [aurore.account.id],
    });
    await alice.person.until('her going', async () => {
      const members = (await alice.person.state(group.room)).filter(({ type }) => type === 'm.room.member');
      return members.find(({ state_key: key }) => key === aurore.person.id)?.content['membership'] === 'leave';
    });
    expect(await children(aurore, hers)).toEqual([]);
    expect((await shown(alice)).get(group.room)).toBe(group.name);
    await town.whatsapp.command('members', { by: ben.id, group: group.id, change: 'add', people: [aurore.account.id] });
    expect(await told(aurore, ben, group.id, 'here again')).toBe(group.room);
    expect([...(await shown(aurore, hers)).keys()]).toEqual([group.room]);
  }, 90_000);

  test('because its person leaves the room is not shown, until the next message invites them again', async () => {
    await alice.person.client.leave(direct);
    await alice.person.until('none', async () => !(await shown(alice)).has(direct));
    expect(await told(alice, ben, alice.account.id, 'come back')).toBe(direct);
    expect((await children(alice)).filter((room) => room === direct)).toHaveLength(1);
    expect([...(await shown(alice)).keys()]).toContain(direct);
  }, 90_000);

  test('for a room that replaces its own has that one in its place', async () => {
    const carol = await personOnWhatsApp(town, 'Carlotta');
    await town.whatsapp.command('members', { by: ben.id, group: group.id, change: 'add', people: [carol.id] });
    const carols = town.canaries.text('I am Carlotta');
    await town.whatsapp.write(carol.id, group.id, carols);
    await reads(alice, carols);
    const ghost = (await alice.person.history(group.room)).find((event) => bodyOf(event) === carols)?.sender ?? '';
    const own = await alice.person.openRoomWith(ghost);
    await alice.person.until('her room in the space', async () => (await children(alice)).includes(own));
    expect(await told(alice, carol, alice.account.id, 'in your room')).toBe(own);

    const asked = { new_version: '12' };
    const path = `/rooms/${encodeURIComponent(own)}/upgrade`;
    const { replacement_room: next } = (await alice.person.ask('POST', path, asked)) as { replacement_room: string };
    await alice.person.client.invite(next, BOT);
    await alice.person.until('the next room alone', async () => {
      const all = await children(alice);
      return all.includes(next) && !all.includes(own);
    });
    expect(await told(alice, carol, alice.account.id, 'in the next room')).toBe(next);
  }, 90_000);

  test('from its person, who signs out, stays where it was: what was said is still theirs', async () => {
    const before = await children(alice);
    await alice.management.ask('logout whatsapp', /signed out/i);
    expect(await children(alice)).toEqual(before);
    expect((await shown(alice)).has(direct)).toBe(true);
  }, 90_000);
});

test('nothing secret and no text stands in the output', async () => {
  expect(await town.whatsapp.command('unknown', {})).toEqual([]);
  await town.bridge.stop();
  expect(town.leaks()).toEqual([]);
}, 60_000);
