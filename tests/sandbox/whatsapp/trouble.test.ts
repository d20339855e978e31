// What goes wrong for a real Baileys client when it is told to: lost, late and doubled stanzas, lost acks, refusals, messages
// that cannot be read at first. Nothing that the service has accepted is lost.

import { describe, expect, test } from '@jest/globals';
import { makeStage } from './support/stage.ts';
import { textOf } from './support/plain-client.ts';

const stage = makeStage();

describe('the offline queue', () => {
  test('keeps messages in order until the client comes back, and tells it how many there are', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    // The phone's greetings are read and confirmed.
    await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.waiting === 0);
    await client.end();
    await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.online === false);
    const texts = Array.from({ length: 120 }, (_, at) => `missed ${at}`);
    for (const text of texts) await sandbox.write(ben.id, anna.id, text);
    client.connect();
    await client.untilOpen();
    await client.untilText('missed 119');
    expect(client.messages.map(textOf).filter((text) => text.startsWith('missed'))).toEqual(texts);
    const done = await client.untilStanza(
      'the end of the queue',
      ({ tag, content }) =>
        tag === 'ib' && Array.isArray(content) && content[0]?.tag === 'offline' && content[0].attrs['count'] === '120',
    );
    expect(done).toBeDefined();
    const marked = client.stanzas.filter(({ attrs }) => attrs['from'] === ben.pn && attrs['offline'] !== undefined);
    expect(marked.map(({ attrs }) => attrs['offline'])).toEqual(texts.map((_, at) => String(at)));
    await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.waiting === 0);
  });

  test('gives again what was not confirmed', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    await sandbox.write(ben.id, anna.id, 'begin');
    await client.untilText('begin');
    await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.waiting === 0);
    // Its connection breaks after the stanza was written to it and before it could answer.
    await sandbox.command('onDelivery', { person: anna.id, device: 1, how: 'hold', kind: 'message' });
    await sandbox.write(ben.id, anna.id, 'in the air');
    expect(await sandbox.command('mailbox', { of: anna.id, device: 1 })).toHaveLength(1);
    await sandbox.command('killSockets', { person: anna.id });
    await client.untilClosed();
    await sandbox.command('release', { person: anna.id });
    client.connect();
    await client.untilOpen();
    await client.untilText('in the air');
  });
});

test('deliveries are held, dropped, doubled, swapped and delayed', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  const about = { person: anna.id, device: 1, kind: 'message' };
  const got = (): string[] =>
    client.stanzas.filter(({ tag }) => tag === 'message').map(({ attrs }) => attrs['id'] ?? '');
  await sandbox.write(ben.id, anna.id, 'begin');
  await client.untilText('begin');

  await sandbox.command('onDelivery', { ...about, how: 'swap' });
  const late = await sandbox.write(ben.id, anna.id, 'late');
  const early = await sandbox.write(ben.id, anna.id, 'early');
  await client.untilText('late');
  expect(got().slice(-2)).toEqual([early, late]);

  await sandbox.command('onDelivery', { ...about, how: 'twice' });
  const twice = await sandbox.write(ben.id, anna.id, 'twice');
  await client.until('both', () => got().filter((id) => id === twice).length === 2);

  await sandbox.command('onDelivery', { ...about, how: 'drop' });
  const lost = await sandbox.write(ben.id, anna.id, 'lost');
  await sandbox.command('onDelivery', { ...about, how: 'delay', ms: 50 });
  const slow = await sandbox.write(ben.id, anna.id, 'slow');
  await client.untilText('slow');
  await sandbox.command('onDelivery', { ...about, how: 'hold' });
  const held = await sandbox.write(ben.id, anna.id, 'held');
  expect((await sandbox.command('mailbox', { of: anna.id, device: 1 })).some((stanza) => stanza.includes(held))).toBe(
    true,
  );
  expect(got()).not.toContain(held);
  await sandbox.command('release', { person: anna.id });
  await client.untilText('held');
  expect(got()).not.toContain(lost);
  expect(got()).toContain(slow);
});

describe('sending', () => {
  test('without an ack is known to the service all the same, and again under the same id', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    await sandbox.command('loseReplies', { person: anna.id, what: 'message', kill: true });
    const id = await client.send(ben.pn, { text: 'no ack' }, '3EB0AAAAAAAAAAAAAAAAAA');
    await client.untilClosed();
    await sandbox.waitForText(ben.id, anna.id, 'no ack');
    expect(client.stanzas.some(({ tag, attrs }) => tag === 'ack' && attrs['id'] === id)).toBe(false);
    client.connect();
    await client.untilOpen();
    await client.send(ben.pn, { text: 'no ack' }, id);
    await client.ack(id);
    // The telephone shows the second one no more than people do: it confirms it, and that is all.
    await client.until(
      'both confirmations',
      () => client.stanzas.filter(({ tag, attrs }) => tag === 'receipt' && attrs['id'] === id).length >= 2,
    );
    expect((await sandbox.messages(ben.id, anna.id)).filter((one) => one.id === id)).toHaveLength(1);
  });

  test('is refused with 463 to a restricted account, but for the chats it has', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    const cleo = await sandbox.createPerson({ name: 'Cleo' });
    await client.ack(await client.send(ben.pn, { text: 'known' }));
    await sandbox.command('setAccountState', { id: anna.id, state: 'restricted' });
    await client.untilStanza('the notice', ({ attrs }) => attrs['type'] === 'mex');
    expect(await client.socket.fetchAccountReachoutTimelock()).toMatchObject({ isActive: true });
    expect((await client.ack(await client.send(cleo.pn, { text: 'a stranger' }))).attrs['error']).toBe('463');
    expect((await client.ack(await client.send(ben.pn, { text: 'a friend' }))).attrs['error']).toBeUndefined();
    expect(await sandbox.messages(cleo.id)).toEqual([]);
  });

  test('and asking are refused with any code when told so', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    await sandbox.command('failNext', { person: anna.id, what: 'message', code: 429 });
    expect((await client.ack(await client.send(ben.pn, { text: 'too fast' }))).attrs['error']).toBe('429');
    await sandbox.command('failNext', { person: anna.id, what: 'w:g2', code: 429, text: 'rate-overlimit' });
    await expect(client.socket.groupFetchAllParticipating()).rejects.toMatchObject({ data: 429 });
    expect(await client.socket.groupFetchAllParticipating()).toEqual({});
  });
});

describe('what cannot be read', () => {
  test('by the client is asked for and comes again', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    await sandbox.write(ben.id, anna.id, 'begin');
    await client.untilText('begin');
    await sandbox.command('damage', { by: ben.id });
    const id = await sandbox.write(ben.id, anna.id, 'healed');
    await client.untilText('healed');
    const both = client.messages.filter((one) => one.key.id === id);
    expect(both.map((one) => one.messageStubType ?? 0)).toEqual([2, 0]);
    expect((await sandbox.receipts(ben.id, id)).map((one) => one.type)).toContain('retry');
  });

  test('by the client in a group is asked for and comes again', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    const chat = await sandbox.createGroup(ben.id, 'Group', [anna.id]);
    await sandbox.write(ben.id, chat.id, 'begin');
    await client.untilText('begin');
    await sandbox.command('damage', { by: ben.id });
    const id = await sandbox.write(ben.id, chat.id, 'healed');
    expect((await client.untilText('healed')).key.id).toBe(id);
    await sandbox.write(ben.id, chat.id, 'after');
    await client.untilText('after');
  });

  test('stays so when the phone does not answer', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    await sandbox.command('setRetries', { by: ben.id, answer: false });
    await sandbox.command('damage', { by: ben.id });
    const id = await sandbox.write(ben.id, anna.id, 'never');
    await sandbox.waitFor(async () => (await sandbox.receipts(ben.id, id)).some((one) => one.type === 'retry'));
    await sandbox.command('setRetries', { by: ben.id, answer: true });
    await sandbox.write(ben.id, anna.id, 'the next one');
    await client.untilText('the next one');
    expect(client.messages.map(textOf)).not.toContain('never');
  });

  test('by a contact is asked of the client and comes again', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben', companions: 1 });
    await client.send(ben.pn, { text: 'begin' });
    await sandbox.waitForText(ben.id, anna.id, 'begin', 1);
    for (const device of [0, 1]) {
      await sandbox.command('blind', { viewer: ben.id, device });
      const text = `seen at second sight by ${device}`;
      const id = await client.send(ben.pn, { text });
      expect(await sandbox.waitForText(ben.id, anna.id, text, device)).toMatchObject({ id });
    }
    await client.send(ben.pn, { text: 'after' });
    await sandbox.waitForText(ben.id, anna.id, 'after', 0);
    await sandbox.waitForText(ben.id, anna.id, 'after', 1);
  });

  test('by a member is asked of the client and comes again', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    const chat = await sandbox.createGroup(ben.id, 'Group', [anna.id]);
    await client.send(chat.id, { text: 'begin' });
    await sandbox.waitForText(ben.id, chat.id, 'begin');
    await sandbox.command('blind', { viewer: ben.id });
    const id = await client.send(chat.id, { text: 'second sight' });
    expect(await sandbox.waitForText(ben.id, chat.id, 'second sight')).toMatchObject({ id });
  });

  test('may only be seen on the phone: a notice of view once', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    const { id } = await sandbox.command('sendUnavailable', { by: ben.id, to: anna.id });
    expect((await client.untilMessage(id)).key.isViewOnce).toBe(true);
  });

  test('comes from the phone when a companion asks it for a message it never got', async () => {
    const { sandbox } = stage;
    const { person: anna, client } = await stage.linked();
    const ben = await sandbox.createPerson({ name: 'Ben' });
    await sandbox.write(ben.id, anna.id, 'begin');
    await client.untilText('begin');
    await sandbox.command('onDelivery', { person: anna.id, device: 1, kind: 'message', how: 'drop' });
    const id = await sandbox.write(ben.id, anna.id, 'only on the phone');
    await sandbox.waitForText(anna.id, ben.id, 'only on the phone');
    const key = { remoteJid: ben.pn, fromMe: false, id };
    await client.socket.requestPlaceholderResend(key);
    const resent = await client.untilText('only on the phone');
    expect(JSON.stringify(resent)).toContain(id);
  });
});

test('a fresh phone of a contact is told, and the talk goes on', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  await client.send(ben.pn, { text: 'to the old phone' });
  await sandbox.waitForText(ben.id, anna.id, 'to the old phone');
  await sandbox.command('resetPhone', { id: ben.id });
  await client.untilStanza(
    'the new identity',
    ({ attrs, content }) => attrs['type'] === 'encrypt' && Array.isArray(content) && content[0]?.tag === 'identity',
  );
  await client.send(ben.pn, { text: 'to the new phone' });
  await sandbox.waitForText(ben.id, anna.id, 'to the new phone');
  await sandbox.write(ben.id, anna.id, 'from the new phone');
  expect((await client.untilText('from the new phone')).key.remoteJid).toBe(ben.pn);
});

test('a client with few prekeys left is asked for more', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  await sandbox.command('drainPrekeys', { of: anna.id, device: 1, left: 3 });
  const ben = await sandbox.createPerson({ name: 'Ben' });
  await sandbox.write(ben.id, anna.id, 'takes one');
  await client.untilText('takes one');
  await sandbox.waitFor(async () => ((await sandbox.person(anna.id)).devices.at(1)?.prekeys ?? 0) > 3);
  expect((await sandbox.counts(anna.id))['iq set encrypt registration']).toBe(2);
});
