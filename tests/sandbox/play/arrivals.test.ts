// What was written on telephones, found at a person's Matrix client: which of several is which, invitations, and what never comes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { askHomeserver } from '../../../sandbox/homeserver/ask.ts';
import { startHomeserver, type Homeserver } from '../../../sandbox/homeserver/homeserver.ts';
import { Arrivals, type Sent } from '../../../sandbox/play/arrivals.ts';
import type { FarPerson } from '../../../sandbox/play/far.ts';
import { Page } from '../../../sandbox/play/page.ts';
import { MatrixPerson } from '../../../sandbox/play/person.ts';
import { speaker } from '../../../sandbox/play/words.ts';

const NOOR = far('Noor', 'Haddad');
const INES = far('Inès', 'Moreau');

let dir: string;
let hs: Homeserver;
let me: MatrixPerson;
/** The ghosts of the contacts. */
let noor: MatrixPerson;
let ines: MatrixPerson;
let out: PassThrough;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'arrivals-'));
  hs = await startHomeserver({ kind: 'double', registrations: [], dir });
  out = new PassThrough();
  const person = async (localpart: string, name: string): Promise<MatrixPerson> => {
    const one = new MatrixPerson(name, hs.url, await hs.registerUser(localpart, 'secret'));
    await one.setName();
    return one;
  };
  me = await person('camille', 'Camille Aubry');
  noor = await person('noor', 'Noor Haddad (Telegram)');
  ines = await person('ines', 'Inès Moreau (WhatsApp)');
  me.listen();
});

afterEach(async () => {
  await me.leave();
  await hs.dispose();
  rmSync(dir, { recursive: true, force: true });
});

function far(firstName: string, lastName: string): FarPerson {
  return { id: firstName, name: `${firstName} ${lastName}`, firstName, phone: '33600000000', username: '' };
}

function arrivals(patience?: number): Arrivals {
  const page = new Page(out as unknown as NodeJS.WriteStream);
  const view = { page, speak: speaker('en'), tell: (show: () => void) => show() };
  return new Arrivals({
    view,
    contacts: [NOOR, INES],
    log: '/the/log',
    ...(patience === undefined ? {} : { patience }),
  });
}

function says(contact: FarPerson, text: string): Sent {
  return { contact, own: false, text };
}

/** As the bridge does it: a room of that name, to which the person is invited. */
async function opens(ghost: MatrixPerson, name: string): Promise<string> {
  const body = { name, is_direct: true, invite: [me.account.userId] };
  const { accessToken: token } = ghost.account;
  return String((await askHomeserver({ url: hs.url, token, method: 'POST', path: '/createRoom', body }))['room_id']);
}

async function room(ghost: MatrixPerson, name: string): Promise<string> {
  const id = await opens(ghost, name);
  await me.join(id);
  return id;
}

/** Without how long it took. */
async function printed(): Promise<readonly string[]> {
  out.end();
  const lines = (await readAll(out)).trimEnd().split('\n');
  return lines.map((line) =>
    line
      .replace(/ {3}✓ \d+ ms$/, '')
      .trim()
      .replaceAll(/ {2,}/g, '  '),
  );
}

test('of two that are the same each is found once, in their order, and a change finds its own', async () => {
  const chat = await room(noor, NOOR.name);
  const all = arrivals();
  const first = all.begin(me, says(NOOR, 'hello'));
  const second = all.begin(me, says(NOOR, 'hello'));
  const both = [all.follow(first), all.follow(second)];
  const ids = [await noor.say(chat, 'hello'), await noor.say(chat, 'hello')];
  expect(await Promise.all(both)).toEqual([true, true]);
  expect([first.event?.id, second.event?.id]).toEqual(ids);

  const edit = all.begin(me, { ...says(NOOR, 'hello *you*'), change: { how: 'edited', of: second } });
  const other = all.begin(me, { ...says(NOOR, 'hello *you*'), change: { how: 'edited', of: first } });
  const edits = [all.follow(edit), all.follow(other)];
  const otherEdit = await noor.edit(chat, ids[0] ?? '', 'hello you');
  const ownEdit = await noor.edit(chat, ids[1] ?? '', 'hello you');
  expect(await Promise.all(edits)).toEqual([true, true]);
  expect([edit.event?.id, other.event?.id]).toEqual([ownEdit, otherEdit]);

  const gone = all.follow(all.begin(me, { ...says(NOOR, 'hello'), change: { how: 'deleted', of: second } }));
  await noor.remove(chat, ids[0] ?? '');
  await noor.remove(chat, ids[1] ?? '');
  expect(await gone).toBe(true);
  expect(await printed()).toEqual([
    '→ Matrix  Noor Haddad (Telegram)  hello',
    '→ Matrix  Noor Haddad (Telegram)  hello',
    ...Array.from({ length: 2 }, () => '→ Matrix  Noor Haddad (Telegram)  hello you [corrected]'),
    '→ Matrix  Noor Haddad (Telegram)  [deleted]',
  ]);
});

test('the same words of two contacts, and from the telephone of the person, are told apart', async () => {
  const chats = [await room(noor, NOOR.name), await room(ines, INES.name)] as const;
  const all = arrivals();
  await noor.say(chats[0], 'hello');
  await me.waitFor(() => me.seen.find(({ type }) => type === 'm.room.message'), 10_000);
  const sent = [says(NOOR, 'hello'), says(INES, 'hello'), { ...says(NOOR, 'hello'), own: true }];
  const crossings = sent.map((one) => all.begin(me, one));
  const arrived = crossings.map(async (one) => await all.follow(one));
  const ofMine = await me.say(chats[0], 'hello');
  const ofInes = await ines.say(chats[1], 'hello');
  const ofNoor = await noor.say(chats[0], 'hello');
  expect(await Promise.all(arrived)).toEqual([true, true, true]);
  expect(crossings.map(({ event }) => event?.id)).toEqual([ofNoor, ofInes, ofMine]);
});

test('an invitation is followed to what was written', async () => {
  const all = arrivals();
  const arrived = all.follow(all.begin(me, says(NOOR, 'first word')));
  // Nothing to do with it.
  await opens(ines, INES.name);
  const chat = await opens(noor, NOOR.name);
  await noor.say(chat, 'first word');
  expect(await arrived).toBe(true);
  expect(await printed()).toEqual([
    '(Camille Aubry is invited to a room, and joins it)',
    '→ Matrix  Noor Haddad (Telegram)  first word',
  ]);
  expect(me.invites).toHaveLength(1);
});

test('an invitation is left to who has a client of their own; a change of what was behind it is found after they have accepted', async () => {
  await hs.login('camille', 'secret');
  const all = arrivals();
  const first = all.begin(me, says(NOOR, 'first word'));
  const arrived = all.follow(first);
  const chat = await opens(noor, NOOR.name);
  const id = await noor.say(chat, 'first word');
  expect(await arrived).toBe(true);
  expect(me.invites).toEqual([chat]);

  await me.join(chat);
  const edit = all.follow(all.begin(me, { ...says(NOOR, 'corrected'), change: { how: 'edited', of: first } }));
  await noor.edit(chat, id, 'corrected');
  expect(await edit).toBe(true);
  expect(await printed()).toEqual([
    '(an invitation to the room with Noor Haddad waits in Matrix: what they write is there once Camille Aubry accepts it)',
    '→ Matrix  Noor Haddad (Telegram)  corrected [corrected]',
  ]);
});

test('what does not come is said, with where to look', async () => {
  const chat = await room(noor, NOOR.name);
  await noor.say(chat, 'lost');
  await me.waitFor(() => me.seen.find(({ type }) => type === 'm.room.message'), 10_000);
  const all = arrivals(0);
  expect(await all.follow(all.begin(me, says(NOOR, 'lost')))).toBe(false);
  expect(await printed()).toEqual([
    '“lost” has not appeared in Matrix after 0 s: the bot may have told Camille Aubry why; the log is /the/log',
  ]);
});
