// A client library nobody here wrote completes key exchange, login and a conversation with the simulator.

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Message } from '@mtcute/core';
import type { TelegramClient } from '@mtcute/core/client.js';
import type { Person, TelegramSandbox } from '../../../sandbox/telegram/control-client.ts';
import { mtcuteClient, sandboxForMtcute } from './support/mtcute.ts';

let sandbox: TelegramSandbox;
const open: TelegramClient[] = [];

beforeAll(async () => {
  sandbox = await sandboxForMtcute({ dcs: [4, 2] });
});

afterEach(async () => {
  for (const client of open.splice(0)) await client.destroy();
});

afterAll(async () => {
  await sandbox.stop();
});

async function logIn(
  person: Person,
  options: { dc?: number; obfuscated?: boolean; password?: string; layer?: 223 | undefined } = {},
) {
  const { client, listening } = mtcuteClient(sandbox, options.dc ?? person.dc, options);
  open.push(client);
  const self = await client.start({
    phone: `+${person.phone}`,
    codeSentCallback: () => undefined,
    code: async () => (await sandbox.waitForCode(person.phone)).code,
    ...(options.password === undefined ? {} : { password: options.password }),
  });
  await listening();
  return { client, self };
}

/** What reaches the client, in order, and a wait for the n-th of it. */
function inbox(client: TelegramClient) {
  const messages: Message[] = [];
  let wake = (): void => undefined;
  client.onNewMessage.add((message) => {
    messages.push(message);
    wake();
  });
  return {
    messages,
    async upTo(count: number): Promise<string[]> {
      while (messages.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return messages.map((message) => message.text);
    },
  };
}

test.each([
  [227, undefined],
  [223, 223],
] as const)(
  'logs in by code at layer %i, talks both ways, and catches up after its socket was cut',
  async (spoken, layer) => {
    const alice = await sandbox.createPerson({ firstName: 'Alice', lastName: 'Martin' });
    const bob = await sandbox.createPerson({ firstName: 'Bob', username: `bobby_${spoken}` });
    const { client, self } = await logIn(alice, { layer });
    expect(self.displayName).toBe('Alice Martin');
    expect(self.id).toBe(Number(alice.id));
    const received = inbox(client);

    await sandbox.write(bob.id, alice.id, 'hello');
    expect(await received.upTo(1)).toEqual(['hello']);
    expect(received.messages[0]?.sender.displayName).toBe('Bob');

    const sent = await client.sendText(`bobby_${spoken}`, 'hi Bob', { replyTo: received.messages[0]?.id ?? 0 });
    const world = await sandbox.messages(bob.id, alice.id);
    expect(world.map(({ text, out }) => ({ text, out }))).toEqual([
      { text: 'hello', out: true },
      { text: 'hi Bob', out: false },
    ]);
    expect(world[1]?.peerMessageId).toBe(sent.id);
    expect(world[1]?.replyTo).toBe(world[0]?.id);

    // While nobody can connect, the conversation goes on; afterwards everything comes, in order and once: pushed again as
    // long as the server remembers the session, else by the difference that the client asks for at the next push.
    const expected = ['hello'];
    for (const forgotten of [false, true]) {
      await sandbox.clearCalls();
      await sandbox.refuseConnections(60_000);
      expect(await sandbox.killSockets(alice.id, forgotten)).toBeGreaterThan(0);
      const missed = Array.from({ length: 7 }, (_, i) => `missed ${i}, session forgotten: ${forgotten}`);
      for (const text of missed) await sandbox.write(bob.id, alice.id, text);
      await sandbox.refuseConnections(0);
      await sandbox.waitFor(async () => (await sandbox.sessions(alice.id)).some(({ receiving }) => receiving > 0));
      await sandbox.write(bob.id, alice.id, `back, session forgotten: ${forgotten}`);
      expected.push(...missed, `back, session forgotten: ${forgotten}`);
      expect(await received.upTo(expected.length)).toEqual(expected);
      const differences = await sandbox.calls({ method: 'updates.getDifference', account: alice.id });
      expect(differences.length > 0).toBe(forgotten);
    }

    const [session] = await sandbox.sessions(alice.id);
    expect(session?.layer).toBe(spoken);
    expect((await sandbox.stats()).unknownMethods).toEqual({});
  },
);

test('recovers an update that was never sent', async () => {
  const carol = await sandbox.createPerson({ firstName: 'Carol' });
  const dave = await sandbox.createPerson({ firstName: 'Dave', username: 'dave_d' });
  const { client } = await logIn(carol);
  const received = inbox(client);
  await sandbox.write(dave.id, carol.id, 'one');
  await received.upTo(1);
  await sandbox.dropPushes(carol.id, 1);
  await sandbox.write(dave.id, carol.id, 'lost on the way');
  await sandbox.write(dave.id, carol.id, 'three');
  expect(await received.upTo(3)).toEqual(['one', 'lost on the way', 'three']);
});

test('is sent to the right data centre, obfuscated, and must give its password', async () => {
  const erin = await sandbox.createPerson({ firstName: 'Erin', dc: 2, password: 'correct horse', photo: true });
  const { client, self } = await logIn(erin, { dc: 4, obfuscated: true, password: 'correct horse' });
  expect(self.firstName).toBe('Erin');
  expect((await sandbox.sessions(erin.id)).map(({ dc }) => dc)).toEqual([2]);
  const picture = self.photo;
  if (picture === null) throw new Error('no photo');
  const bytes = await client.downloadAsBuffer(picture.big);
  expect(Buffer.from(bytes.subarray(0, 2)).toString('hex')).toBe('ffd8');
});

test('hears refusals by their names', async () => {
  const frank = await sandbox.createPerson({ firstName: 'Frank', password: 'right' });
  await expect(logIn(frank, { password: 'wrong' })).rejects.toThrow();
  const { client } = await logIn(frank, { password: 'right' });
  await expect(client.resolveUser('nobody_here')).rejects.toThrow();
  await sandbox.floodWait('contacts.resolvePhone', 3_600, { account: frank.id });
  await expect(client.call({ _: 'contacts.resolvePhone', phone: frank.phone })).rejects.toThrow(/FLOOD_WAIT/);
  await sandbox.revoke(frank.id);
  await expect(client.call({ _: 'updates.getState' })).rejects.toThrow(/AUTH_KEY_UNREGISTERED/);
});

test.each(['group', 'supergroup', 'channel'] as const)(
  'hears what is said in a %s, and catches up with what it has missed',
  async (kind) => {
    const grace = await sandbox.createPerson({ firstName: 'Grace' });
    const heidi = await sandbox.createPerson({ firstName: 'Heidi' });
    const { client } = await logIn(grace);
    const received = inbox(client);
    const choir = await sandbox.createGroup(kind, 'Choir', [grace.id, heidi.id]);
    // The second one comes in the short form, where there is one.
    for (const text of ['one', 'two']) await sandbox.writeIn(heidi.id, choir.id, text);
    expect(await received.upTo(2)).toEqual(['one', 'two']);
    expect(received.messages.map(({ chat }) => chat.displayName)).toEqual(['Choir', 'Choir']);
    expect(received.messages.map(({ sender }) => sender.displayName)).toEqual(
      kind === 'channel' ? ['Choir', 'Choir'] : ['Heidi', 'Heidi'],
    );
    await sandbox.refuseConnections(60_000);
    await sandbox.killSockets(grace.id, true);
    await sandbox.writeIn(heidi.id, choir.id, 'missed');
    await sandbox.refuseConnections(0);
    await sandbox.waitFor(async () => (await sandbox.sessions(grace.id)).some(({ receiving }) => receiving > 0));
    await sandbox.writeIn(heidi.id, choir.id, 'back');
    expect(await received.upTo(4)).toEqual(['one', 'two', 'missed', 'back']);
    const names: string[] = [];
    for await (const dialog of client.iterDialogs()) names.push(dialog.peer.displayName);
    expect(names).toContain('Choir');
    expect((await sandbox.stats()).unknownMethods).toEqual({});
  },
);
