// What the library does by itself, where our cure is to do without it: docs/telegram-library.md names these tests beside ours.
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { Api, long } from '../../../src/networks/telegram/wire/api.ts';
import type { LibraryClient } from '../../../src/networks/telegram/wire/library.ts';
import { trustServer } from '../../../src/networks/telegram/wire/server-keys.ts';
import { TelegramSandbox, type Person } from '../../../sandbox/telegram/control-client.ts';
import { bareLibrary } from './support/library.ts';
import { newPerson } from './support/telegram.ts';

let sandbox: TelegramSandbox;
const open: LibraryClient[] = [];

beforeAll(async () => {
  sandbox = await TelegramSandbox.start();
  trustServer(sandbox.rsa.pem);
});

afterEach(async () => {
  jest.restoreAllMocks();
  for (const client of open.splice(0)) await client.end(true);
});

afterAll(async () => {
  await sandbox.stop();
});

async function library(...of: [person?: Person, more?: { readonly ownPings?: boolean }]): Promise<LibraryClient> {
  const client = await bareLibrary(sandbox, ...of);
  open.push(client);
  return client;
}

/** Every timer of `ms` that is made from here on; those that nobody has cleared are left over. */
function timersOf(ms: number): { readonly made: () => NodeJS.Timeout[]; readonly left: () => NodeJS.Timeout[] } {
  const setting = jest.spyOn(globalThis, 'setTimeout');
  const clearing = jest.spyOn(globalThis, 'clearTimeout');
  const made = (): NodeJS.Timeout[] =>
    setting.mock.results.flatMap(({ value }, call) =>
      setting.mock.calls[call]?.[1] === ms ? [value as NodeJS.Timeout] : [],
    );
  const left = (): NodeJS.Timeout[] => made().filter((timer) => clearing.mock.calls.every(([one]) => one !== timer));
  return { made, left };
}

async function peerOf(client: LibraryClient, person: Person): Promise<Api.InputPeerUser> {
  const { users } = await client.invoke(new Api.contacts.ResolveUsername({ username: person.username }));
  const user = users.find((one): one is Api.User => one instanceof Api.User && String(one.id) === person.id);
  if (user?.accessHash === undefined) throw new Error('nobody of this name');
  return new Api.InputPeerUser({ userId: user.id, accessHash: user.accessHash });
}

test('defect 8: a parse error in a vector lets the library read that type, but no longer write it', async () => {
  const { BinaryReader } = await import('telegram/extensions/BinaryReader.js');
  const bold = new Api.MessageEntityBold({ offset: 0, length: 1 });
  const reply = new Api.InputReplyToMessage({ replyToMsgId: 3, quoteText: 'x', quoteEntities: [bold] });
  const bytes = reply.getBytes();
  const spoiled = Buffer.from(bytes);
  spoiled.writeUInt32LE(0xdeadbeef, spoiled.indexOf(bold.getBytes()));
  expect(() => new BinaryReader(spoiled).tgReadObject()).toThrow('Could not find a matching Constructor ID');
  const read = new BinaryReader(bytes).tgReadObject() as Api.InputReplyToMessage;
  expect(read.quoteEntities).toMatchObject([{ className: 'MessageEntityBold' }]);
  expect(() => reply.getBytes()).toThrow('Required object quoteEntities');
});

test('defect 12: the ping loop of the library goes on after disconnect()', async () => {
  const real = setTimeout;
  // Its intervals and its waits for a pong, without the time between them.
  const setting = jest
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation((then: () => void, ms?: number) => real(then, ms === 9_000 || ms === 10_000 ? 0 : ms));
  const turns = (): number => setting.mock.calls.filter(([, ms]) => ms === 9_000).length;
  const client = await library(undefined, { ownPings: false });
  await client.disconnect();
  const before = turns();
  while (turns() < before + 2) await new Promise((resolve) => setImmediate(resolve));
  expect(turns()).toBeGreaterThan(before);
});

test.each([
  ['that has succeeded', true],
  ['that nobody waits for any more', false],
])('defect 21: a login by QR code %s leaves a handler and timers of the library behind', async (_which, scanned) => {
  const client = await library();
  const me = await newPerson(sandbox);
  const timers = timersOf(30_000);
  const shown = Promise.withResolvers<void>();
  const qrCode = async ({ token }: { token: Buffer }): Promise<void> => {
    if (scanned) await sandbox.acceptLogin(me.id, token.toString('base64url'));
    shown.resolve();
  };
  const api = { apiId: 1, apiHash: '0'.repeat(32) };
  const login = client.signInUserWithQrCode(api, { qrCode, onError: async () => await Promise.resolve(true) });
  await shown.promise;
  const user = scanned ? await login : undefined;
  expect(user?.id.toString()).toBe(scanned ? me.id : undefined);
  expect(client.listEventHandlers()).toHaveLength(1);
  await client.end(true);
  const left = timers.left();
  expect(left.length).toBeGreaterThan(0);
  // What the library leaves, this test does not.
  for (const timer of left) clearTimeout(timer);
});

test('defect 22: asked for a document, the library does not name the data centre that has it, as it does for a picture', async () => {
  const client = await library(await newPerson(sandbox));
  const asked: unknown[] = [];
  jest.spyOn(client, 'getSender').mockImplementation(async (dc) => {
    asked.push(dc);
    return await Promise.reject(new Error('far enough'));
  });
  const file = { id: long('1'), accessHash: long('2'), fileReference: Buffer.alloc(9), date: 1, dcId: 2 };
  const document = new Api.Document({ ...file, mimeType: 'text/plain', size: long('10'), attributes: [] });
  await expect(client.downloadMedia(new Api.MessageMediaDocument({ document }), {})).rejects.toThrow('far enough');
  const size = new Api.PhotoSize({ type: 'c', w: 1, h: 1, size: 10 });
  const photo = new Api.Photo({ ...file, sizes: [size] });
  await expect(client.downloadMedia(new Api.MessageMediaPhoto({ photo }), {})).rejects.toThrow('far enough');
  expect(asked).toEqual([undefined, 2]);
});

test('defect 24: the library sends the same message twice under two ids of its own', async () => {
  const me = await newPerson(sandbox);
  const alice = await newPerson(sandbox);
  const client = await library(me);
  const peer = await peerOf(client, alice);
  for (const time of [1, 2]) expect((await client.sendMessage(peer, { message: 'once' })).id).toBe(time);
  const ids = (await sandbox.messages(me.id, alice.id)).map(({ randomId }) => randomId);
  expect(new Set(ids).size).toBe(2);
});

test('defect 26: the library takes marks out of a text that were meant as they stand', async () => {
  const me = await newPerson(sandbox);
  const alice = await newPerson(sandbox);
  const client = await library(me);
  await client.sendMessage(await peerOf(client, alice), { message: '**not bold** `a code`' });
  const [message] = await sandbox.messages(alice.id, me.id);
  expect(message).toMatchObject({ text: 'not bold a code' });
  expect(message?.entities.map(({ type }) => type)).toEqual(['messageEntityBold', 'messageEntityCode']);
});
