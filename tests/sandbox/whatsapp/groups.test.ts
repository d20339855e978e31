// A real Baileys client in groups with simulated people: sender keys both ways, and every change told to all members.

import { describe, expect, test } from '@jest/globals';
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Addressing, GroupInfo, Person } from '../../../sandbox/whatsapp/control-client.ts';
import type { PlainClient } from './support/plain-client.ts';
import { makeStage } from './support/stage.ts';

const stage = makeStage();

async function group(addressing: Addressing): Promise<{
  anna: Person;
  ben: Person;
  cleo: Person;
  client: PlainClient;
  chat: GroupInfo;
}> {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben', companions: 1 });
  const cleo = await sandbox.createPerson({ name: 'Cleo' });
  const chat = await sandbox.createGroup(ben.id, 'Allotments', [anna.id, cleo.id], addressing);
  return { anna, ben, cleo, client, chat };
}

const told = (client: PlainClient, group: string, tag: string): Promise<BinaryNode> =>
  client.untilStanza(
    `the notice of ${tag}`,
    ({ attrs, content }) =>
      attrs['type'] === 'w:gp2' && attrs['from'] === group && Array.isArray(content) && content[0]?.tag === tag,
  );

describe.each(['pn', 'lid'] as const)('a group addressed by %s', (way) => {
  test('carries texts both ways to all devices', async () => {
    const { sandbox } = stage;
    const { anna, ben, cleo, client, chat } = await group(way);
    await told(client, chat.id, 'create');
    for (const [by, text, device] of [
      [ben, 'first of Ben', 0],
      [ben, 'second of Ben', 0],
      [ben, 'from another device of Ben', 1],
      [cleo, 'first of Cleo', 0],
    ] as const) {
      const id = await sandbox.write(by.id, chat.id, text, { device });
      const got = await client.untilText(text);
      expect(got.key).toMatchObject({
        id,
        remoteJid: chat.id,
        participant: by[way],
        participantAlt: by[way === 'lid' ? 'pn' : 'lid'],
        fromMe: false,
      });
    }
    for (const text of ['one', 'two']) {
      const id = await client.send(chat.id, { text });
      expect((await client.ack(id)).attrs['error']).toBeUndefined();
      for (const [viewer, device] of [
        [ben, 0],
        [ben, 1],
        [cleo, 0],
        [anna, 0],
      ] as const) {
        expect(await sandbox.waitForText(viewer.id, chat.id, text, device)).toMatchObject({ id, from: anna.id });
      }
    }
    // Typed on the own phone.
    const own = await sandbox.write(anna.id, chat.id, 'typed on the phone');
    expect((await client.untilText('typed on the phone')).key).toMatchObject({ id: own, fromMe: true });
    // Somebody reads it, and the author hears who.
    const id = await client.send(chat.id, { text: 'who reads this' });
    await sandbox.waitForText(cleo.id, chat.id, 'who reads this');
    await sandbox.read(cleo.id, chat.id, [id]);
    const read = await client.untilStanza(
      'the read receipt',
      ({ tag, attrs }) => tag === 'receipt' && attrs['id'] === id && attrs['type'] === 'read',
    );
    expect(read.attrs).toMatchObject({ from: chat.id, participant: cleo[way] });
  });

  test('lets nobody read on who was removed, and tells the others', async () => {
    const { sandbox } = stage;
    const { ben, cleo, client, chat } = await group(way);
    await sandbox.write(ben.id, chat.id, 'for all three');
    await client.untilText('for all three');
    await sandbox.waitForText(cleo.id, chat.id, 'for all three');
    await sandbox.command('members', { by: ben.id, group: chat.id, change: 'remove', people: [cleo.id] });
    const notice = await told(client, chat.id, 'remove');
    expect(JSON.stringify(notice)).toContain(cleo[way]);
    await sandbox.write(ben.id, chat.id, 'for two');
    await client.untilText('for two');
    expect((await sandbox.messages(cleo.id, chat.id)).map((one) => one.text)).toEqual(['for all three']);
    await sandbox.command('members', { by: ben.id, group: chat.id, change: 'add', people: [cleo.id] });
    await told(client, chat.id, 'add');
    await sandbox.write(ben.id, chat.id, 'for three again');
    await sandbox.waitForText(cleo.id, chat.id, 'for three again');
    await client.untilText('for three again');
  });
});

test('a client makes, changes and leaves groups, and the members hear of it', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  const cleo = await sandbox.createPerson({ name: 'Cleo' });
  const { socket } = client;
  const made = await socket.groupCreate('Plans', [ben.pn]);
  const group = made.id;
  const now = async (): Promise<GroupInfo> => {
    const found = await sandbox.command('group', { group });
    if (found === null) throw new Error('no group');
    return found;
  };
  expect((await now()).members).toEqual({ [anna.id]: 'superadmin', [ben.id]: 'member' });
  expect((await socket.groupMetadata(group)).participants.map((one) => one.id)).toEqual([anna.lid, ben.lid]);
  expect(Object.keys(await socket.groupFetchAllParticipating())).toEqual([group]);

  expect(await socket.groupParticipantsUpdate(group, [cleo.pn], 'add')).toMatchObject([
    { status: '200', jid: cleo.lid },
  ]);
  expect(await socket.groupParticipantsUpdate(group, [cleo.pn], 'add')).toMatchObject([{ status: '409' }]);
  await socket.groupParticipantsUpdate(group, [cleo.lid], 'promote');
  expect((await now()).members[cleo.id]).toBe('admin');
  await socket.groupParticipantsUpdate(group, [cleo.lid], 'demote');
  await socket.groupUpdateSubject(group, 'Better plans');
  await socket.groupUpdateDescription(group, 'What we will do');
  await socket.groupUpdateDescription(group, 'What we will really do');
  await socket.groupSettingUpdate(group, 'announcement');
  await socket.groupSettingUpdate(group, 'locked');
  await socket.groupToggleEphemeral(group, 86_400);
  await socket.groupJoinApprovalMode(group, 'on');
  await socket.groupMemberAddMode(group, 'admin_add');
  expect(await now()).toMatchObject({
    subject: 'Better plans',
    description: 'What we will really do',
    announce: true,
    locked: true,
    ephemeral: 86_400,
    approval: true,
    members: { [cleo.id]: 'member' },
  });
  const metadata = await socket.groupMetadata(group);
  expect(metadata).toMatchObject({
    announce: true,
    restrict: true,
    ephemeralDuration: 86_400,
    desc: 'What we will really do',
  });

  const code = (await socket.groupInviteCode(group)) ?? '';
  const dora = await sandbox.createPerson({ name: 'Dora' });
  expect((await socket.groupGetInviteInfo(code)).subject).toBe('Better plans');
  expect(await sandbox.command('joinGroup', { by: dora.id, code })).toEqual({ group, asked: true });
  expect(await socket.groupRequestParticipantsList(group)).toMatchObject([{ jid: dora.lid }]);
  expect(await socket.groupRequestParticipantsUpdate(group, [dora.lid], 'approve')).toEqual([
    { status: '200', jid: dora.lid },
  ]);
  expect((await now()).members[dora.id]).toBe('member');
  expect(await socket.groupRevokeInvite(group)).not.toBe(code);
  await expect(socket.groupGetInviteInfo(code)).rejects.toMatchObject({ data: 410 });
  await expect(socket.groupGetInviteInfo('nothing')).rejects.toMatchObject({ data: 406 });
  await socket.groupParticipantsUpdate(group, [dora.lid], 'remove');

  const heard = (await sandbox.command('notices', { viewer: cleo.id })).filter((notice) => notice.includes('w:gp2'));
  for (const what of [
    '<add',
    '<promote',
    '<demote',
    '<subject',
    '<description',
    '<announcement',
    '<locked',
    '<ephemeral',
    '<remove',
  ]) {
    expect(heard.some((notice) => notice.includes(what))).toBe(true);
  }
  await socket.groupLeave(group);
  expect((await now()).members[anna.id]).toBeUndefined();
  await expect(socket.groupMetadata(group)).rejects.toMatchObject({ data: 403 });
});

test('what people do to a group on their phones reaches the client', async () => {
  const { sandbox } = stage;
  const { anna, ben, cleo, client, chat } = await group('lid');
  const by = ben.id;
  await sandbox.command('changeGroup', {
    by,
    group: chat.id,
    subject: 'Gardens',
    description: 'Ours',
    announce: true,
    picture: true,
  });
  for (const tag of ['subject', 'description', 'announcement']) await told(client, chat.id, tag);
  await client.untilStanza('the picture', ({ attrs }) => attrs['type'] === 'picture' && attrs['from'] === chat.id);
  const refused = await client.send(chat.id, { text: 'only admins may' });
  expect((await client.ack(refused)).attrs['error']).toBe('403');
  await sandbox.command('members', { by, group: chat.id, change: 'promote', people: [anna.id] });
  await told(client, chat.id, 'promote');
  await client.send(chat.id, { text: 'now I may' });
  await sandbox.waitForText(cleo.id, chat.id, 'now I may');

  // Deleted by an admin who did not write it.
  const id = await sandbox.write(cleo.id, chat.id, 'not allowed').catch(() => null);
  expect(id).not.toBeNull();
  await sandbox.command('changeGroup', { by, group: chat.id, announce: false });
  const bad = await sandbox.write(cleo.id, chat.id, 'rude');
  await client.untilText('rude');
  await sandbox.waitForText(ben.id, chat.id, 'rude');
  const gone = await client.untilMessage(await sandbox.remove(ben.id, chat.id, bad));
  expect(gone.message?.protocolMessage?.key).toMatchObject({ id: bad, participant: cleo.lid });
  await sandbox.command('leaveGroup', { by: cleo.id, group: chat.id });
  await told(client, chat.id, 'remove');
});
