// whatsmeow, a client of another hand, makes, changes and leaves groups and communities on the simulated WhatsApp, and hears what
// others do to them. Knows nothing of the bridge.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { WhatsAppSandbox, type Person } from '../../sandbox/whatsapp/control-client.ts';
import type { GroupInfo } from '../../sandbox/whatsapp/control-types.ts';
import { buildWhatsmeow } from './support/whatsmeow-build.ts';
import { linkWhatsmeow, WhatsmeowClient, type Told } from './support/whatsmeow-client.ts';

let sandbox: WhatsAppSandbox;
let program: string;
let client: WhatsmeowClient;
let anna: Person;
let ben: Person;
let cleo: Person;

beforeAll(async () => {
  program = await buildWhatsmeow();
  sandbox = await WhatsAppSandbox.start();
}, 330_000);

beforeEach(async () => {
  [anna, ben, cleo] = [
    await sandbox.createPerson({ name: 'Anna' }),
    await sandbox.createPerson({ name: 'Ben' }),
    await sandbox.createPerson({ name: 'Cleo' }),
  ];
  client = new WhatsmeowClient(program);
  await linkWhatsmeow(client, sandbox, anna);
});

afterEach(async () => {
  await client.stop();
});

afterAll(async () => {
  await sandbox?.stop();
});

/** It understood everything it was told, and was understood. */
async function nothingStrange(): Promise<void> {
  expect(client.log).not.toMatch(/group|notification/i);
  expect(client.told.filter(({ event }) => event === 'unreadable')).toEqual([]);
  expect(await sandbox.command('unknown', {})).toEqual([]);
}

async function now(group: string): Promise<GroupInfo> {
  const found = await sandbox.command('group', { group });
  if (found === null) throw new Error('no group');
  return found;
}

async function heard(chat: string, kind: string, more: Partial<Told> = {}): Promise<Told> {
  return await client.event({ event: 'group', chat, kind, ...more });
}

test('it makes a group as it wants it, changes everything about it, and everybody else hears of it', async () => {
  const made = await client.ask('create', {
    text: 'Plans',
    people: [ben.pn],
    kinds: ['announce', 'locked', 'approval'],
  });
  const { id: chat } = made;
  const modes = { announce: true, locked: true, approval: true };
  expect(made).toMatchObject({ name: 'Plans', members: { [anna.lid]: 'superadmin', [ben.lid]: 'member' }, ...modes });
  expect(await now(chat)).toMatchObject({ members: { [anna.id]: 'superadmin', [ben.id]: 'member' }, ...modes });
  expect(await client.event({ event: 'joined', chat })).toMatchObject({ kind: 'new', sender: anna.lid });

  for (const mode of ['announce', 'lock', 'approval', 'anyone-adds']) await client.do(mode, { chat, on: false });
  await client.do('rename', { chat, text: 'Better plans' });
  await client.do('describe', { chat, text: 'What we will do' });
  await client.do('describe', { chat, text: 'What we will really do' });
  expect(await client.ask('add', { chat, people: [cleo.lid] })).toEqual({ [cleo.lid]: 0 });
  expect(await client.ask('add', { chat, people: [cleo.lid] })).toEqual({ [cleo.lid]: 409 });
  await client.do('promote', { chat, people: [ben.lid, cleo.lid] });
  await client.do('demote', { chat, people: [cleo.lid] });
  const expected = {
    description: 'What we will really do',
    members: { [anna.id]: 'superadmin', [ben.id]: 'admin', [cleo.id]: 'member' },
    announce: false,
    locked: false,
    approval: false,
    anyoneAdds: false,
  };
  expect(await now(chat)).toMatchObject({ subject: 'Better plans', ...expected });
  expect(await client.ask('group', { chat })).toMatchObject({
    name: 'Better plans',
    topic: expected.description,
    members: { [anna.lid]: 'superadmin', [ben.lid]: 'admin', [cleo.lid]: 'member' },
    announce: false,
    locked: false,
  });
  expect(await client.ask('remove', { chat, people: [cleo.lid] })).toEqual({ [cleo.lid]: 0 });
  await client.do('describe', { chat, text: '' });
  expect((await now(chat)).description).toBeNull();
  const tags = (await sandbox.command('notices', { viewer: ben.id })).map(
    (notice) => /<notification[^>]*><([a-z_]+)/.exec(notice)?.[1],
  );
  expect(tags).toEqual([
    'create',
    'not_announcement',
    'unlocked',
    'membership_approval_mode',
    'member_add_mode',
    'subject',
    'description',
    'description',
    'add',
    'promote',
    'demote',
    'remove',
    'description',
  ]);
  await client.do('leave', { chat });
  expect(await now(chat)).toMatchObject({ members: { [ben.id]: 'admin' } });
  expect(Object.keys((await now(chat)).members)).toEqual([ben.id]);
  await expect(client.do('group', { chat })).rejects.toThrow('not participating');
  await nothingStrange();
}, 60_000);

test('it hears of each change that others make', async () => {
  const { id: chat, invite } = await sandbox.createGroup(ben.id, 'Quay', [anna.id]);
  expect(await client.event({ event: 'joined', chat })).toMatchObject({ text: 'Quay', kind: 'new', sender: ben.lid });
  await sandbox.command('changeGroup', {
    by: ben.id,
    group: chat,
    subject: 'Old quay',
    description: 'Ships',
    announce: true,
    locked: true,
    newInvite: true,
  });
  expect(await heard(chat, 'name')).toMatchObject({ text: 'Old quay', sender: ben.lid });
  expect(await heard(chat, 'topic')).toMatchObject({ text: 'Ships' });
  await heard(chat, 'announce', { on: true });
  await heard(chat, 'locked', { on: true });
  expect((await heard(chat, 'link')).text).not.toContain(invite);
  await sandbox.command('changeGroup', { by: ben.id, group: chat, description: '', announce: false, locked: false });
  await heard(chat, 'topic', { text: '' });
  await heard(chat, 'announce', { on: false });
  await heard(chat, 'locked', { on: false });
  const members = { by: ben.id, group: chat, people: [cleo.id] };
  for (const change of ['add', 'promote', 'demote', 'remove'] as const) {
    await sandbox.command('members', { ...members, change });
    expect(await heard(chat, change, { target: cleo.lid })).toMatchObject({ sender: ben.lid });
  }
  // Taken out and in again: of the group it is told itself.
  await sandbox.command('members', { ...members, people: [anna.id], change: 'remove' });
  await heard(chat, 'remove', { target: anna.lid });
  const before = client.told.length;
  await sandbox.command('members', { ...members, people: [anna.id], change: 'add' });
  expect(await client.event({ event: 'joined', chat }, before)).toMatchObject({ text: 'Old quay', kind: '' });
  await nothingStrange();
}, 60_000);

test('it makes and uses links, asks to be let in, and lets in', async () => {
  const { id: mine } = await client.ask('create', { text: 'Mine', people: [] });
  const link = await client.do('link', { chat: mine });
  expect(link).toBe(`https://chat.whatsapp.com/${(await now(mine)).invite}`);
  const renewed = await client.do('link', { chat: mine, on: true });
  expect(renewed).not.toBe(link);
  await expect(client.do('look', { text: link })).rejects.toThrow('revoked');
  await expect(client.do('look', { text: 'https://chat.whatsapp.com/nothing' })).rejects.toThrow('not valid');
  await client.do('approval', { chat: mine, on: true });
  for (const { id } of [ben, cleo]) await sandbox.command('joinGroup', { by: id, code: (await now(mine)).invite });
  await heard(mine, 'unknown', { text: 'created_membership_requests' });
  expect(await client.do('requests', { chat: mine })).toBe(`${ben.lid} ${cleo.lid}`);
  expect(await client.ask('approve', { chat: mine, people: [ben.lid] })).toEqual({ [ben.lid]: 0 });
  expect(await client.ask('reject', { chat: mine, people: [cleo.lid] })).toEqual({ [cleo.lid]: 0 });
  await heard(mine, 'add', { target: ben.lid });
  expect(await now(mine)).toMatchObject({ members: { [ben.id]: 'member' }, requests: [] });

  const theirs = await sandbox.createGroup(ben.id, 'Theirs', [cleo.id]);
  expect(await client.ask('look', { text: theirs.invite })).toMatchObject({ name: 'Theirs' });
  await expect(client.do('link', { chat: theirs.id })).rejects.toThrow('not participating');
  expect(await client.do('join', { text: theirs.invite })).toBe(theirs.id);
  await client.event({ event: 'joined', chat: theirs.id });
  await expect(client.do('link', { chat: theirs.id })).rejects.toThrow(
    'permission to get the group’s invite link'.replace('’', "'"),
  );
  const closed = await sandbox.createGroup(ben.id, 'Closed', []);
  await sandbox.command('changeGroup', { by: ben.id, group: closed.id, approval: true });
  expect(await client.do('join', { text: closed.invite })).toBe(closed.id);
  expect((await now(closed.id)).requests).toEqual([anna.id]);
  const answer = { by: ben.id, group: closed.id, people: [anna.id] };
  await sandbox.command('answerRequests', { ...answer, answer: 'approve' });
  expect(await client.event({ event: 'joined', chat: closed.id })).toMatchObject({ sender: ben.lid });
  await nothingStrange();
}, 60_000);

test('it makes a community, takes groups in and out, and asks for its picture', async () => {
  const made = await client.ask('create', { text: 'Neighbours', people: [ben.pn], kinds: ['community'] });
  const { id: chat } = made;
  expect(made).toMatchObject({ isCommunity: true, announce: false });
  const [announcements] = Object.keys(await client.ask<object>('sub-groups', { chat }));
  expect(await client.ask('group', { chat: announcements ?? '' })).toMatchObject({
    name: 'Neighbours',
    announce: true,
    announcements: true,
    parent: chat,
  });
  const roses = await client.ask('create', { chat, text: 'Roses', people: [cleo.pn] });
  expect(roses.parent).toBe(chat);
  const garden = await client.ask('create', { text: 'Garden', people: [ben.pn] });
  await client.do('link-groups', { chat, people: [garden.id] });
  expect(await heard(garden.id, 'linked')).toMatchObject({ text: 'parent_group', target: chat });
  expect(await heard(chat, 'linked', { target: garden.id })).toMatchObject({ text: 'sub_group' });
  expect(await client.ask('sub-groups', { chat })).toEqual({
    [announcements ?? '']: 'announcements Neighbours',
    [roses.id]: 'group Roses',
    [garden.id]: 'group Garden',
  });
  expect((await client.ask<string[]>('everybody', { chat })).toSorted()).toEqual(
    [anna.lid, ben.lid, cleo.lid].toSorted(),
  );
  await heard(announcements ?? '', 'add', { target: cleo.lid, text: 'linked_group_join' });
  await client.do('unlink-groups', { chat, people: [garden.id] });
  expect(await heard(garden.id, 'unlinked')).toMatchObject({ text: 'parent_group', target: chat });
  expect(await client.ask('group', { chat: garden.id })).toMatchObject({ parent: '' });

  await client.do('rename', { chat, text: 'Good neighbours' });
  await heard(announcements ?? '', 'name', { text: 'Good neighbours' });
  const { pictureId } = await sandbox.command('changeGroup', { by: anna.id, group: chat, picture: true });
  await client.event({ event: 'picture', chat, id: String(pictureId) });
  const [id, address] = (await client.do('community-picture', { chat })).split(' ');
  expect([id, address]).toEqual([pictureId, expect.stringContaining('https://pps.whatsapp.net/')]);
  await expect(client.do('picture', { chat })).rejects.toThrow('hidden their profile picture');
  await nothingStrange();
}, 60_000);

test('it goes on in a group that is taken from numbers to LIDs: what it says is refused until it has asked how the group is', async () => {
  const { id: chat } = await sandbox.createGroup(ben.id, 'Quay', [anna.id, cleo.id], 'pn');
  await client.do('text', { chat, text: 'by number' });
  await sandbox.waitForText(ben.id, chat, 'by number');
  await sandbox.command('changeGroup', { by: ben.id, group: chat, addressing: 'lid' });
  await expect(client.do('text', { chat, text: 'stale' })).rejects.toThrow('421');
  expect(await client.ask('group', { chat })).toMatchObject({ addressing: 'lid', members: { [cleo.lid]: 'member' } });
  await client.do('text', { chat, text: 'by LID' });
  for (const one of [ben, cleo]) await sandbox.waitForText(one.id, chat, 'by LID');
  expect((await sandbox.messages(ben.id, chat)).map(({ text }) => text)).toEqual(['by number', 'by LID']);
  const id = await sandbox.write(ben.id, chat, 'heard');
  expect(await client.event({ event: 'message', id, kind: 'text' })).toMatchObject({ sender: ben.lid });
  await nothingStrange();
}, 60_000);
