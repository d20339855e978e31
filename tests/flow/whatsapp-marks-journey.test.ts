// How a person keeps their chats on their telephone (marked as unread, muted, pinned, archived), seen in their own Matrix account.
// The bridge is a process of its own, between the homeserver double and the simulated WhatsApp.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WhatsAppSandbox, Person as Contact } from '../../sandbox/whatsapp/control-client.ts';
import { keeping, type Keeping } from '../support/keeping.ts';
import { eventually, type Person } from './journey/person.ts';
import type { Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

let town: Town<WhatsAppSandbox> | undefined;
let whatsapp: WhatsAppSandbox;
let camille: Person;
let account: Contact;
let alice: Contact;
let portal: string;
/** On Camille's telephone. */
let keep: Keeping;

beforeAll(async () => {
  town = await openWhatsAppTown({});
  ({ sandbox: whatsapp, camille } = town);
  account = await whatsapp.createPerson({ name: 'Camille' });
  keep = keeping(whatsapp, account.id);
  alice = await whatsapp.createPerson({ name: 'Alice' });
  await linkByCode(whatsapp, camille, account);
  await whatsapp.write(alice.id, account.id, 'hello');
  portal = await camille.nextRoom();
  await camille.answer(portal, 'hello');
}, 120_000);

afterAll(async () => {
  await town?.close();
}, 60_000);

const data = async (room: string, type: string): Promise<unknown> =>
  (await camille.beside(room, 'account_data')).get(type);
const tags = async (room: string): Promise<readonly string[]> =>
  Object.keys(((await data(room, 'm.tag')) as { tags?: object } | undefined)?.tags ?? {});
const unread = async (room: string): Promise<unknown> =>
  ((await data(room, 'm.marked_unread')) as { unread?: boolean } | undefined)?.unread;

describe('a chat with a room', () => {
  test('that is pinned on the telephone is a favourite, until it is not', async () => {
    await keep.pinned(alice.lid, true);
    await eventually('a favourite', async () => (await tags(portal)).includes('m.favourite'));
    await keep.pinned(alice.lid, false);
    await eventually('no favourite', async () => (await tags(portal)).length === 0);
    expect(await tags(portal)).toEqual([]);
  });

  test('that is archived has a low priority', async () => {
    await keep.archived(alice.lid, true);
    await eventually('a low priority', async () => (await tags(portal)).includes('m.lowpriority'));
    expect(await tags(portal)).toEqual(['m.lowpriority']);
    await keep.archived(alice.lid, false);
    await eventually('no low priority', async () => (await tags(portal)).length === 0);
  });

  test('that is muted notifies of mentions only', async () => {
    await keep.muted(alice.pn, true);
    await eventually('silence', async () => (await camille.notified(portal)) !== undefined);
    expect(await camille.notified(portal)).toEqual(['dont_notify']);
    await keep.muted(alice.pn, false);
    await eventually('no silence', async () => (await camille.notified(portal)) === undefined);
  });

  test('that is marked as unread is so', async () => {
    await keep.read(alice.lid, false);
    await eventually('unread', async () => (await unread(portal)) === true);
    const older = async (): Promise<unknown> => await data(portal, 'com.famedly.marked_unread');
    await eventually('the older name', async () => (await older()) !== undefined);
    expect(await older()).toEqual({ unread: true });
    await keep.read(alice.lid, true);
    await eventually('read', async () => (await unread(portal)) === false);
  });

  test('that is kept otherwise while the bridge is killed is kept so afterwards', async () => {
    await keep.pinned(alice.lid, true);
    await town?.bridge.stop('SIGKILL');
    await keep.muted(alice.lid, true);
    await town?.bridge.start();
    await eventually('silence', async () => (await camille.notified(portal)) !== undefined);
    await eventually('a favourite', async () => (await tags(portal)).includes('m.favourite'));
    expect(await tags(portal)).toEqual(['m.favourite']);
  });

  test('is read over there up to what is read here, from where it was read before a kill of the bridge', async () => {
    const say = async (words: string): Promise<{ id: string; event: string }> => {
      const id = await whatsapp.write(alice.id, account.id, words);
      return { id, event: (await camille.answer(portal, words)).event_id };
    };
    const readings = async ({ id }: { id: string }): Promise<number> =>
      (await whatsapp.receipts(alice.id, id)).filter(({ type }) => type === 'read').length;
    const before = await say('read before');
    await camille.read(portal, before.event);
    await eventually('a receipt', async () => (await readings(before)) > 0);
    const missed = [await say('not read yet'), await say('nor this')];
    await town?.bridge.stop('SIGKILL');
    await town?.bridge.start();
    const after = await say('said after the kill');
    await camille.read(portal, after.event);
    await eventually('a receipt', async () => (await readings(after)) > 0);
    expect(await Promise.all([before, ...missed, after].map(readings))).toEqual([1, 1, 1, 1]);
  });
});

describe('a chat without a room', () => {
  test('gets none for being pinned or muted, and is kept so from its first message on', async () => {
    const bob = await whatsapp.createPerson({ name: 'Bob' });
    await keep.pinned(bob.lid, true);
    await keep.muted(bob.lid, true);
    await keep.archived(alice.lid, true);
    // What was told after it has been heard, so it has been as well.
    await eventually('a low priority', async () => (await tags(portal)).includes('m.lowpriority'));
    await whatsapp.write(bob.id, account.id, 'I am Bob');
    const room = await camille.nextRoom();
    await camille.answer(room, 'I am Bob');
    await eventually('a favourite', async () => (await tags(room)).includes('m.favourite'));
    await eventually('silence', async () => (await camille.notified(room)) !== undefined);
    expect((await camille.events(room)).filter(({ type }) => type === 'm.room.message')).toHaveLength(1);
  });
});
