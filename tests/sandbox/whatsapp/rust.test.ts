// A client of another hand (Rust in WebAssembly) is linked, sends and receives, alone and with a Baileys client at the other end.

import { afterEach, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import { rustClient, type RustClient } from './support/rust.ts';
import { makeStage } from './support/stage.ts';

const stage = makeStage();
const open: RustClient[] = [];

/** A Rust client linked to the phone of `person`, and logged in. */
async function linked(person: Person): Promise<RustClient> {
  const made = await rustClient(stage.sandbox.url);
  open.push(made);
  made.client.run();
  const { data } = await made.event('qr');
  await stage.sandbox.scanQr(person.id, data.code);
  await made.event('pair_success');
  await made.event('connected');
  return made;
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

test('it is linked by QR, sends to every device and reads what comes from each', async () => {
  const { sandbox } = stage;
  const anna = await sandbox.createPerson({ name: 'Anna' });
  const ben = await sandbox.createPerson({ name: 'Ben', companions: 1 });
  const one = await linked(anna);

  const id = await one.send(ben.pn, 'from Rust');
  for (const device of [0, 1]) {
    expect(await sandbox.waitForText(ben.id, anna.id, 'from Rust', device)).toMatchObject({ id, fromDevice: 1 });
  }
  expect(await sandbox.waitForText(anna.id, ben.id, 'from Rust')).toMatchObject({ id });

  for (const device of [0, 1]) {
    const sent = await sandbox.write(ben.id, anna.id, `from device ${device}`, { device });
    expect(await one.message(`from device ${device}`)).toMatchObject({ id: sent, fromMe: false });
    await sandbox.waitFor(async () => (await sandbox.receipts(ben.id, sent, device)).length > 0);
  }
  const echo = await sandbox.write(anna.id, ben.id, 'typed on the phone');
  expect(await one.message('typed on the phone')).toMatchObject({ id: echo, fromMe: true });
  await sandbox.waitFor(async () => (await sandbox.person(anna.id)).devices.at(1)?.waiting === 0);
});

test('it reads and writes in groups', async () => {
  const { sandbox } = stage;
  const anna = await sandbox.createPerson({ name: 'Anna' });
  const ben = await sandbox.createPerson({ name: 'Ben', companions: 1 });
  const one = await linked(anna);
  const chat = await sandbox.createGroup(ben.id, 'Group', [anna.id]);
  for (const [text, device] of [
    ['first', 0],
    ['second', 0],
    ['other device', 1],
  ] as const) {
    await sandbox.write(ben.id, chat.id, text, { device });
    expect(await one.message(text)).toMatchObject({ chat: chat.id });
  }
  await one.send(chat.id, 'Rust in the group');
  for (const device of [0, 1]) await sandbox.waitForText(ben.id, chat.id, 'Rust in the group', device);
});

test('it talks with a Baileys client, neither end being ours', async () => {
  const { sandbox } = stage;
  const { person: anna, client } = await stage.linked();
  const ben = await sandbox.createPerson({ name: 'Ben' });
  const one = await linked(ben);
  for (const at of [1, 2, 3]) {
    await client.send(ben.pn, { text: `ping ${at}` });
    await one.message(`ping ${at}`);
    await one.send(anna.pn, `pong ${at}`);
    expect((await client.untilText(`pong ${at}`)).key.fromMe).toBe(false);
  }
  await sandbox.waitForText(ben.id, anna.id, 'ping 3');
});
