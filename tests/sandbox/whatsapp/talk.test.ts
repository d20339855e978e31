// A real Baileys client and simulated people talk: every device gets its own ciphertext and can read it, in both directions.

import { describe, expect, test } from '@jest/globals';
import { proto } from '@whiskeysockets/baileys';
import { textOf } from './support/plain-client.ts';
import { makeStage } from './support/stage.ts';

const stage = makeStage();

describe.each(['pn', 'lid'] as const)('a direct chat addressed by %s', (way) => {
  test('carries texts both ways, to and from every device of both', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked({ addressing: way });
    const ben = await sandbox.createPerson({ name: 'Ben', companions: 1, addressing: way });

    const id = await client.send(ben[way], { text: 'hello from the companion' });
    expect((await client.ack(id)).attrs['error']).toBeUndefined();
    for (const device of [0, 1]) {
      expect(await sandbox.waitForText(ben.id, anna.id, 'hello from the companion', device)).toMatchObject({
        id,
        from: anna.id,
        fromDevice: 1,
        addressing: way,
      });
    }
    // Anna's own phone has it too.
    expect(await sandbox.waitForText(anna.id, ben.id, 'hello from the companion')).toMatchObject({ id, from: anna.id });

    for (const device of [0, 1]) {
      const sent = await sandbox.write(ben.id, anna.id, `from device ${device}`, { device });
      const got = await client.untilText(`from device ${device}`);
      expect(got.key).toMatchObject({ id: sent, fromMe: false, remoteJid: ben[way] });
      expect(got.key.remoteJidAlt).toBe(ben[way === 'lid' ? 'pn' : 'lid']);
      expect(got.pushName).toBe('Ben');
    }
    expect(await sandbox.command('missed', {})).toEqual([]);
  });

  test('shows what was typed on the own phone as an echo', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked({ addressing: way });
    const ben = await sandbox.createPerson({ name: 'Ben' });
    const id = await sandbox.write(anna.id, ben.id, 'typed on the phone');
    const echo = await client.untilText('typed on the phone');
    expect(echo.key).toMatchObject({
      id,
      fromMe: true,
      remoteJid: ben[way],
      remoteJidAlt: ben[way === 'lid' ? 'pn' : 'lid'],
    });
    await sandbox.waitForText(ben.id, anna.id, 'typed on the phone');
  });

  test('carries edits, deletions and reactions from the client', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    const jid = ben[way];
    const id = await client.send(jid, { text: 'frist' });
    const key = { remoteJid: jid, fromMe: true, id };
    await client.send(jid, { text: 'first', edit: key });
    await client.send(jid, { react: { text: '👍', key } });
    await client.send(jid, { delete: key });
    const shown = await sandbox.waitFor(async () => {
      const all = await sandbox.messages(ben.id, anna.id);
      return all.length === 4 && all;
    });
    expect(shown.map(({ kind, text, target, edit }) => [kind, text, target, edit])).toEqual([
      ['text', 'frist', null, null],
      ['edit', 'first', id, '1'],
      ['reaction', '👍', id, null],
      ['revoke', '', id, '7'],
    ]);
  });

  test('carries edits, deletions, reactions and replies to the client', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben', addressing: way });
    const id = await sandbox.write(ben.id, anna.id, 'frist');
    await client.untilText('frist');
    const reply = await sandbox.write(ben.id, anna.id, 'to that', { replyTo: id });
    const quoting = await client.untilMessage(reply);
    expect(quoting.message?.extendedTextMessage?.contextInfo?.stanzaId).toBe(id);
    expect(quoting.message?.extendedTextMessage?.contextInfo?.quotedMessage?.conversation).toBe('frist');

    const edit = await sandbox.edit(ben.id, anna.id, id, 'first');
    const changed = (await client.untilMessage(edit)).message?.editedMessage?.message?.protocolMessage;
    expect([changed?.key?.id, changed?.editedMessage?.conversation]).toEqual([id, 'first']);
    const reaction = (await client.untilMessage(await sandbox.react(ben.id, anna.id, id, '🎉'))).message
      ?.reactionMessage;
    expect([reaction?.key?.id, reaction?.text]).toEqual([id, '🎉']);
    const gone = (await client.untilMessage(await sandbox.remove(ben.id, anna.id, id))).message?.protocolMessage;
    expect([gone?.key?.id, gone?.type]).toEqual([id, proto.Message.ProtocolMessage.Type.REVOKE]);
  });

  test('confirms delivery and reading both ways', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked({ addressing: way });
    const ben = await sandbox.createPerson({ name: 'Ben', addressing: way });
    const id = await client.send(ben[way], { text: 'read me' });
    await client.untilStanza(
      'the delivery receipt',
      ({ tag, attrs }) => tag === 'receipt' && attrs['id'] === id && attrs['type'] === undefined,
    );
    await sandbox.read(ben.id, anna.id, [id]);
    const read = await client.untilStanza(
      'the read receipt',
      ({ tag, attrs }) => tag === 'receipt' && attrs['id'] === id && attrs['type'] === 'read',
    );
    expect(read.attrs['from']).toBe(ben[way]);

    const theirs = await sandbox.write(ben.id, anna.id, 'now you');
    const got = await client.untilText('now you');
    await client.socket.readMessages([got.key]);
    await sandbox.waitFor(async () => {
      const types = (await sandbox.receipts(ben.id, theirs)).map((one) => one.type);
      return types.includes('read') && types;
    });
    // Her phone hears that she has read it on the companion.
    await sandbox.waitFor(async () => (await sandbox.receipts(anna.id, theirs)).some((one) => one.type === 'read'));
  });
});

describe('phones leave out', () => {
  const MINUTE_MS = 60_000;
  const kinds = async (viewer: string, chat: string, count: number): Promise<unknown> => {
    const all = await stage.sandbox.waitFor(async () => {
      const seen = await stage.sandbox.messages(viewer, chat);
      return seen.length >= count && seen;
    });
    return all.map(({ kind, trouble }) => [kind, trouble]);
  };

  test('an edit that comes after a quarter of an hour, and a deletion after sixty hours', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    const id = await client.send(ben.lid, { text: 'frist' });
    const key = { remoteJid: ben.lid, fromMe: true, id };
    await sandbox.waitForText(ben.id, anna.id, 'frist');
    await sandbox.command('advance', { ms: 14 * MINUTE_MS });
    await client.send(ben.lid, { text: 'first', edit: key });
    await kinds(ben.id, anna.id, 2);
    await sandbox.command('advance', { ms: 2 * MINUTE_MS });
    await client.send(ben.lid, { text: 'third', edit: key });
    await kinds(ben.id, anna.id, 3);
    await sandbox.command('advance', { ms: 60 * 60 * MINUTE_MS });
    await client.send(ben.lid, { delete: key });
    expect(await kinds(ben.id, anna.id, 4)).toEqual([
      ['text', null],
      ['edit', null],
      ['ignored', 'an edit too late'],
      ['ignored', 'a deletion too late'],
    ]);
  });

  test('the deletion of somebody else’s words by who is no admin of the group', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    const eve = await sandbox.createPerson({ name: 'Eve' });
    const { id: group } = await sandbox.createGroup(ben.id, 'Walk', [anna.id, eve.id]);
    const id = await sandbox.write(ben.id, group, 'stay');
    const { key } = await client.untilText('stay');
    await client.send(group, { delete: key });
    await kinds(eve.id, group, 2);
    await sandbox.command('members', { by: ben.id, group, change: 'promote', people: [anna.id] });
    await client.send(group, { delete: key });
    expect(await kinds(eve.id, group, 3)).toEqual([
      ['text', null],
      ['ignored', 'not an admin'],
      ['revoke', null],
    ]);
    expect(key.id).toBe(id);
  });
});

test('typing and presence reach who is there', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  // A client is there once it knows its own name and says so.
  await sandbox.write(anna.id, ben.id, 'so that my name is known');
  await client.until('the own name', () => client.creds.me?.name === 'Anna');
  const told = (): number => client.stanzas.filter(({ tag }) => tag === 'presence').length;
  // Where the name was known before the line was open, the library has said so by itself.
  await client.socket.sendPresenceUpdate('unavailable');
  await client.socket.presenceSubscribe(ben.pn);
  for (const available of [true, false]) await sandbox.command('setAvailable', { by: ben.id, available });
  await sandbox.write(ben.id, anna.id, 'whoever is not there themselves hears of nobody');
  await client.untilText('whoever is not there themselves hears of nobody');
  expect(told()).toBe(0);
  await client.socket.sendPresenceUpdate('available');
  await client.socket.presenceSubscribe(ben.pn);
  await sandbox.waitFor(async () => (await sandbox.person(anna.id)).available);
  await client.untilStanza('a presence', ({ tag, attrs }) => tag === 'presence' && attrs['type'] === 'unavailable');
  await sandbox.command('setAvailable', { by: ben.id, available: true });
  await client.untilStanza('a presence', ({ tag, attrs }) => tag === 'presence' && attrs['type'] === undefined);

  await sandbox.type(ben.id, anna.id);
  await client.untilEvent('presence.update', (data) => data.includes('composing'));
  await client.socket.sendPresenceUpdate('composing', ben.pn);
  await sandbox.waitFor(async () => (await sandbox.command('chatStates', { viewer: ben.id })).length > 0);
  expect(await sandbox.command('chatStates', { viewer: ben.id })).toEqual([{ from: anna.pn, state: 'composing' }]);
});

test('calls are told', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  const { call } = await sandbox.command('call', { by: ben.id, to: anna.id, video: true });
  const offer = await client.untilEvent('call', (data) => data.includes('"offer"') && data.includes(call));
  expect(offer).toMatchObject({ data: [{ id: call, from: ben.pn, isVideo: true, status: 'offer' }] });
  await sandbox.command('endCall', { by: ben.id, to: anna.id, call, reason: 'timeout' });
  await client.untilEvent('call', (data) => data.includes('"timeout"') && data.includes(call));
});

test('the move to LIDs and a changed number are told, and the chat goes on', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  await sandbox.write(ben.id, anna.id, 'by number');
  expect((await client.untilText('by number')).key.remoteJid).toBe(ben.pn);
  await sandbox.command('setAddressing', { id: ben.id, addressing: 'lid' });
  await sandbox.command('setAddressing', { id: anna.id, addressing: 'lid' });
  await client.until('the mapping', () =>
    client.messages.some((one) => one.message?.protocolMessage?.lidMigrationMappingSyncMessage),
  );
  await sandbox.write(ben.id, anna.id, 'by LID');
  expect((await client.untilText('by LID')).key).toMatchObject({ remoteJid: ben.lid, remoteJidAlt: ben.pn });
  await client.send(ben.lid, { text: 'to the LID' });
  await sandbox.waitForText(ben.id, anna.id, 'to the LID');

  const phone = '33799999999';
  await sandbox.command('changePerson', { id: ben.id, phone });
  const told = await client.untilStanza('the new number', ({ attrs }) => attrs['type'] === 'contacts');
  expect(JSON.stringify(told)).toContain(`"new":"${phone}@s.whatsapp.net"`);
  await sandbox.write(ben.id, anna.id, 'with a new number');
  expect((await client.untilText('with a new number')).key).toMatchObject({
    remoteJid: ben.lid,
    remoteJidAlt: `${phone}@s.whatsapp.net`,
  });
});

test('what a client asks at and after its start is answered', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben', about: 'here', picture: true });
  const { socket } = client;
  expect(await socket.onWhatsApp(`+${ben.phone}`, '+33100000000')).toEqual([{ jid: ben.pn, exists: true }]);
  expect(await socket.fetchBlocklist()).toEqual([]);
  expect((await socket.fetchPrivacySettings(true))['readreceipts']).toBe('all');
  expect(await socket.profilePictureUrl(ben.pn)).toContain('https://pps.whatsapp.net/');
  await expect(socket.profilePictureUrl(anna.pn)).rejects.toMatchObject({ data: 404 });
  expect(await socket.fetchStatus(ben.pn)).toMatchObject([{ id: ben.pn, status: { status: 'here' } }]);
  expect(await socket.fetchAccountReachoutTimelock()).toMatchObject({ isActive: false });
  await socket.updateReadReceiptsPrivacy('none');
  expect((await socket.fetchPrivacySettings(true))['readreceipts']).toBe('none');
  await socket.updateProfileStatus('busy');
  await socket.sendPresenceUpdate('unavailable');
  await socket.rotateSignedPreKey();
  await socket.digestKeyBundle();
  await socket.cleanDirtyBits('groups');
  expect((await sandbox.person(anna.id)).about).toBe('busy');
});

test('the texts pass over the tape with their times', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  const controller = new AbortController();
  const tape = await fetch(`${sandbox.control}/tape`, { signal: controller.signal });
  const lines: string[] = [];
  const reading = (async () => {
    if (tape.body === null) return;
    for await (const part of tape.body.pipeThrough(new TextDecoderStream())) {
      lines.push(...part.split('\n').filter((line) => line !== ''));
    }
  })().catch(() => undefined);
  await client.send(ben.pn, { text: 'coming in' });
  await sandbox.waitForText(ben.id, anna.id, 'coming in');
  await sandbox.write(ben.id, anna.id, 'going out');
  await client.untilText('going out');
  await sandbox.waitFor(async () => lines.length === 2);
  controller.abort();
  await reading;
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { way: 'in', text: 'coming in', at: expect.any(Number) },
    { way: 'out', text: 'going out', at: expect.any(Number) },
  ]);
  expect(client.messages.map(textOf)).toContain('going out');
});
