// How a person keeps their chats on their telephone, on real Synapse through a real double puppet, seen from outside only: pinned, archived,
// muted, marked as unread; each of a group for themselves; and what a person does to these on Matrix is theirs.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Person as OnWhatsApp } from '../../../sandbox/whatsapp/control-client.ts';
import { keeping, type Keeping } from '../../support/keeping.ts';
import { linkByQr, personOnWhatsApp } from '../support/logins.ts';
import type { Person } from '../support/person.ts';
import { Town } from '../support/town.ts';

interface Somebody {
  readonly person: Person;
  readonly account: OnWhatsApp;
  /** On the telephone. */
  readonly keep: Keeping;
}

let town: Town;
let alice: Somebody;
let aurore: Somebody;
let ben: OnWhatsApp;
let room: string;

async function somebody(name: string, called: string): Promise<Somebody> {
  const account = await personOnWhatsApp(town, called);
  const person = await town.person(name);
  await linkByQr(town, await town.management(person), account);
  return { person, account, keep: keeping(town.whatsapp, account.id) };
}

beforeAll(async () => {
  town = await Town.open({ networks: ['whatsapp'], doublePuppet: true, unpaced: true });
  [alice, aurore] = [await somebody('alice', 'Alixandra'), await somebody('aurore', 'Aurélie')];
  ben = await personOnWhatsApp(town, 'Benedetto');
  room = await told(alice, ben, alice.account.id, 'hello');
}, 300_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

/** @returns the room in which somebody reads what a contact writes */
async function told(to: Somebody, by: OnWhatsApp, chat: string, words: string): Promise<string> {
  const text = town.canaries.text(words);
  await town.whatsapp.write(by.id, chat, text);
  return await to.person.roomOf(text);
}

describe('a chat that is kept so on the telephone', () => {
  test('pinned, archived, or neither, has the tags for it in its person’s account', async () => {
    const { person, keep } = alice;
    await keep.pinned(ben.lid, true);
    await person.until('a favourite', async () => (await person.tags(room)).includes('m.favourite'));
    await keep.pinned(ben.lid, false);
    await person.until('no favourite', async () => (await person.tags(room)).length === 0);
    await keep.archived(ben.lid, true);
    await person.until('a low priority', async () => (await person.tags(room)).includes('m.lowpriority'));
    expect(await person.tags(room)).toEqual(['m.lowpriority']);
    await keep.archived(ben.lid, false);
    await person.until('no tag', async () => (await person.tags(room)).length === 0);
  }, 90_000);

  test('muted, makes the homeserver count nothing in it, until it is heard again', async () => {
    const { person, keep, account } = alice;
    const unread = (): number => person.client.getRoom(room)?.getUnreadNotificationCount() ?? 0;
    const heard = async (words: string): Promise<void> => {
      const text = town.canaries.text(words);
      await town.whatsapp.write(ben.id, account.id, text);
      await person.until(words, () => person.sees(room, text));
    };
    await person.until('what was not read', () => unread() > 0);
    await keep.muted(ben.pn, true);
    await person.until('silence', () => person.isSilent(room));
    const before = unread();
    await heard('in silence');
    expect(unread()).toBe(before);
    await keep.muted(ben.pn, false);
    await person.until('no silence', () => !person.isSilent(room));
    await heard('aloud');
    await person.until('one more', () => unread() === before + 1);
  }, 90_000);

  test('marked as unread, is so by both names, until it is read there', async () => {
    const { person, keep } = alice;
    const names = ['m.marked_unread', 'com.famedly.marked_unread'];
    const marks = (): readonly unknown[] => names.map((name) => person.roomData(room, name)['unread']);
    await keep.read(ben.lid, false);
    await person.until('unread', () => marks().every((unread) => unread === true));
    await keep.read(ben.lid, true);
    await person.until('read', () => marks().every((unread) => unread === false));
    expect(marks()).toEqual([false, false]);
  }, 90_000);

  test('while the bridge is down, is so afterwards', async () => {
    const { person, keep } = alice;
    await town.bridge.kill();
    await keep.pinned(ben.lid, true);
    await keep.muted(ben.lid, true);
    await keep.read(ben.lid, false);
    await town.bridge.start();
    await person.until('a favourite', async () => (await person.tags(room)).includes('m.favourite'));
    await person.until('silence', () => person.isSilent(room));
    await person.until('unread', () => person.roomData(room, 'm.marked_unread')['unread'] === true);
    expect(await person.tags(room)).toEqual(['m.favourite']);
  }, 90_000);

  test('before it has a room, is so from its first message on', async () => {
    const carol = await personOnWhatsApp(town, 'Carlotta');
    const { person, keep, account } = alice;
    await keep.pinned(carol.lid, true);
    await keep.muted(carol.lid, true);
    const other = await told(alice, carol, account.id, 'I am Carlotta');
    await person.until('a favourite', async () => (await person.tags(other)).includes('m.favourite'));
    await person.until('silence', () => person.isSilent(other));
    expect(await person.tags(other)).toEqual(['m.favourite']);
  }, 90_000);
});

describe('a group of two people of this server', () => {
  test('is kept by each as they keep it on their own telephone', async () => {
    const name = town.canaries.secret('the name of a group', 'Wandergruppe Fernweh');
    const { id: group } = await town.whatsapp.createGroup(ben.id, name, [alice.account.id, aurore.account.id]);
    const shared = await told(alice, ben, group, 'to both of you');
    await aurore.person.until('the group', () => aurore.person.rooms().some(({ roomId }) => roomId === shared));
    await alice.keep.pinned(group, true);
    await aurore.keep.archived(group, true);
    await aurore.keep.muted(group, true);
    await alice.person.until('hers', async () => (await alice.person.tags(shared)).includes('m.favourite'));
    await aurore.person.until('the other’s', async () => (await aurore.person.tags(shared)).includes('m.lowpriority'));
    await aurore.person.until('silence', () => aurore.person.isSilent(shared));
    expect(await alice.person.tags(shared)).toEqual(['m.favourite']);
    expect(await aurore.person.tags(shared)).toEqual(['m.lowpriority']);
    expect(alice.person.isSilent(shared)).toBe(false);
  }, 90_000);
});

describe('what a person does to a room on Matrix', () => {
  test('is theirs: nothing of it is taken back, nor told the telephone', async () => {
    const { person, keep, account } = alice;
    const kept = async (): Promise<readonly unknown[]> => {
      const all = [{ collection: 'regular_low' }, { collection: 'regular_high' }].map(
        async (of) => await town.whatsapp.command('settings', { viewer: account.id, ...of }),
      );
      return (await Promise.all(all)).flat().filter(({ index }) => index[0] !== 'archive');
    };
    const before = await kept();
    await person.tag(room, 'u.work');
    await person.untag(room, 'm.favourite');
    await told(alice, ben, account.id, 'and on');
    await keep.archived(ben.lid, true);
    await person.until('a low priority', async () => (await person.tags(room)).includes('m.lowpriority'));
    expect((await person.tags(room)).toSorted()).toEqual(['m.lowpriority', 'u.work']);
    expect(before.length).toBeGreaterThan(2);
    expect(await kept()).toEqual(before);
  }, 90_000);
});

test('nothing secret and no text stands in the output', async () => {
  expect(await town.whatsapp.command('unknown', {})).toEqual([]);
  await town.bridge.stop();
  expect(town.leaks()).toEqual([]);
}, 60_000);
