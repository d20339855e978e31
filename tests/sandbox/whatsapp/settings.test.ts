// The settings that a phone and its companions share: a real Baileys client reads what the phone sets and the other way round,
// every hash and signature checked by both.

import { expect, test } from '@jest/globals';
import { makeStage } from './support/stage.ts';

const stage = makeStage();

test('a new client learns its own name from its phone', async () => {
  const { person, client } = await stage.linked({ name: 'Anna Weiss' });
  expect(await client.until('the name', () => client.creds.me?.name === 'Anna Weiss')).toBe(true);
  await client.until('the first settings', () => client.creds.accountSyncCounter === 1);
  await stage.sandbox.command('changePerson', { id: person.id, name: 'Anna Schwarz' });
  expect(await client.until('the new name', () => client.creds.me?.name === 'Anna Schwarz')).toBe(true);
});

test('what is muted and pinned passes both ways', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  await client.until('the key', () => client.creds.myAppStateKeyId !== undefined);

  await client.socket.chatModify({ mute: 4_000_000_000_000 }, ben.pn);
  const muted = await sandbox.waitFor(async () => {
    const all = await sandbox.command('settings', { viewer: anna.id, collection: 'regular_high' });
    return all.find(({ index }) => index[0] === 'mute');
  });
  expect(muted).toMatchObject({
    index: ['mute', ben.pn],
    value: { muteAction: { muted: true, muteEndTimestamp: '4000000000000' } },
  });

  const pin = { by: anna.id, collection: 'regular_low', index: ['pin_v1', ben.pn], version: 5 };
  await sandbox.command('changeSetting', { ...pin, value: { pinAction: { pinned: true } } });
  await client.untilEvent('chats.update', (data) => data.includes(ben.pn) && data.includes('"pinned":'));
  const mute = { by: anna.id, collection: 'regular_high', index: ['mute', ben.pn] };
  await sandbox.command('changeSetting', { ...mute, value: { muteAction: { muted: false } } });
  await client.untilEvent('chats.update', (data) => data.includes(ben.pn) && data.includes('"muteEndTime":null'));

  // And once more from the client, on what both have done.
  await client.socket.chatModify({ pin: false }, ben.pn);
  await sandbox.waitFor(async () => {
    const all = await sandbox.command('settings', { viewer: anna.id, collection: 'regular_low' });
    return all.some(({ index, value }) => index[0] === 'pin_v1' && JSON.stringify(value).includes('"pinned":false'));
  });
});
