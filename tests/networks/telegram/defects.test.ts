// The library's defects, each with its cure on and off (docs/telegram-library.md); those of sending are in faults.test.ts.
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Wire, type WireListener, type WireSettings } from '../../../src/networks/telegram/wire/client.ts';
import type { BridgeError } from '../../../src/model/errors.ts';
import { as, type UserId } from '../../../src/model/ids.ts';
import { allCures, type Cures } from '../../../src/networks/telegram/cures.ts';
import { Directory, type Call } from '../../../src/networks/telegram/directory.ts';
import { PeerBook } from '../../../src/networks/telegram/peers.ts';
import { Turnstile } from '../../../src/networks/telegram/turns.ts';
import { Api, long } from '../../../src/networks/telegram/wire/api.ts';
import { LibraryLog } from '../../../src/networks/telegram/wire/library-log.ts';
import { TapSession } from '../../../src/networks/telegram/wire/session.ts';
import { trustServer } from '../../../src/networks/telegram/wire/server-keys.ts';
import { TelegramSandbox } from '../../../sandbox/telegram/control-client.ts';
import { quiet } from '../../support/quiet.ts';
import { House } from './support/house.ts';
import { bareLibrary, socketTo } from './support/library.ts';
import { excessOver, resources } from './support/resources.ts';
import { adapterFor, first, liveLogin, newEffect, newPerson, sendText, Steps, type Scene } from './support/telegram.ts';

let sandbox: TelegramSandbox;
const endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  sandbox = await TelegramSandbox.start({ dcs: [4, 2, 1] });
  trustServer(sandbox.rsa.pem);
});

afterEach(async () => {
  await sandbox.clearFaults();
  for (const end of endings.splice(0)) await end();
});

afterAll(async () => {
  await sandbox.stop();
});

async function live(cures: Partial<Cures> = {}): Promise<Scene & { house: House }> {
  const house = new House();
  const scene = await liveLogin(sandbox, house, { cures, callMs: 5_000 });
  endings.push(async () => {
    await scene.session.disconnect();
    await scene.adapter.close();
  });
  return { ...scene, house };
}

function redirect(port?: number): NonNullable<WireSettings['redirect']> {
  return new Map(
    Object.entries(sandbox.dcs).map(([dc, own]) => [`10.255.0.${dc}`, { host: '127.0.0.1', port: port ?? own }]),
  );
}

const deaf: WireListener = { news: () => undefined, desync: () => undefined, lost: () => undefined };

/** A connection without an account. */
async function wire(
  cures: Partial<Cures>,
  more: Partial<WireSettings> = {},
  listener = deaf,
  signal?: AbortSignal,
): Promise<Wire> {
  const opened = await Wire.open(
    {
      apiId: 1,
      apiHash: '0'.repeat(32),
      deviceModel: 'test',
      appVersion: '0',
      redirect: redirect(),
      firstDc: { dc: 4, address: '10.255.0.4' },
      log: quiet,
      cures: { ...allCures, ...cures },
      ...more,
    },
    undefined,
    listener,
    signal,
  );
  endings.push(async () => await opened.close());
  return opened;
}

test.each([
  [true, 0],
  [false, 1_000],
])('defect 4: no entity stays in the library (cure %s)', (boundedEntities, kept) => {
  const session = new TapSession(() => undefined, boundedEntities);
  for (let id = 1; id <= 1_000; id += 1) {
    const user = new Api.User({ id: long(BigInt(id)), accessHash: long('7'), firstName: 'A', username: `user_${id}` });
    session.processEntities(new Api.Updates({ updates: [], users: [user], chats: [], date: 1, seq: 0 }));
  }
  expect((session as unknown as { _entities: Set<unknown> })._entities.size).toBe(kept);
});

test.each([
  [true, ['lost unread']],
  [false, []],
])('defect 7: what a packet of unknown kind held is fetched (cure %s)', async (resync, expected) => {
  const { house, session, me } = await live({ resync });
  const alice = await newPerson(sandbox);
  await sandbox.clearCalls();
  await sandbox.spoilPushes(me.id, 'unknown');
  await sandbox.write(alice.id, me.id, 'lost unread');
  if (resync) await house.until(() => house.texts().includes('lost unread'));
  // An answer that was sent after the packet: whatever the packet leads to has begun.
  await session.describePerson(as(`u${me.id}`));
  expect((await sandbox.calls({ method: 'updates.getDifference', account: me.id })).length).toBe(expected.length);
  expect(house.texts()).toEqual(expected);
});

test.each([
  [true, ['behind a refusal']],
  [false, []],
])('defect 31: what follows a refusal in its packet is heard (cure %s)', async (wholePackets, expected) => {
  const { house, session, me } = await live({ wholePackets });
  const alice = await newPerson(sandbox);
  await sandbox.clearCalls();
  await sandbox.failNext('users.getUsers', 400, 'USER_ID_INVALID', { account: me.id });
  await sandbox.holdPackets(me.id, true);
  const asked = Promise.allSettled([1, 2].map(async () => await session.describePerson(as(`u${me.id}`))));
  await sandbox.waitFor(async () => (await sandbox.calls({ account: me.id })).length === 2);
  await sandbox.write(alice.id, me.id, 'behind a refusal');
  await sandbox.holdPackets(me.id, false);
  if (wholePackets) await house.until(() => house.texts().includes('behind a refusal'));
  await session.describePerson(as(`u${me.id}`));
  expect(house.texts()).toEqual(expected);
  const ends = (await asked).map((end) => (end.status === 'fulfilled' ? 'answered' : (end.reason as BridgeError).code));
  expect(ends).toEqual(['telegram-user-id-invalid', wholePackets ? 'answered' : 'telegram-no-answer']);
});

test.each([
  [true, 1],
  [false, 2],
])('defect 9: a packet that is repeated is news once (cure %s)', async (securityChecks, times) => {
  const bob = await newPerson(sandbox);
  const alice = await newPerson(sandbox);
  const heard: string[] = [];
  const listener: WireListener = {
    ...deaf,
    news: (envelope) => {
      if ('users' in envelope) heard.push(envelope.className);
    },
  };
  const line = await wire({ securityChecks }, {}, listener);
  const phoneNumber = bob.phone;
  const api = { apiId: 1, apiHash: '0'.repeat(32) };
  const sent = await line.call(new Api.auth.SendCode({ phoneNumber, ...api, settings: new Api.CodeSettings({}) }));
  if (!(sent instanceof Api.auth.SentCode)) throw new Error('no code');
  const { code } = await sandbox.waitForCode(phoneNumber);
  await line.call(new Api.auth.SignIn({ phoneNumber, phoneCodeHash: sent.phoneCodeHash, phoneCode: code }));
  await sandbox.spoilPushes(bob.id, 'twice');
  await sandbox.write(alice.id, bob.id, 'twice on the wire');
  await line.call(new Api.updates.GetState());
  await line.call(new Api.updates.GetState());
  expect(heard).toHaveLength(times);
});

test.each([true, false])('defects 11 and 12: the ping loop of the library does not run (cure %s)', async (ownPings) => {
  const spy = jest.spyOn(globalThis, 'setTimeout');
  try {
    await wire({ ownPings });
    const everyNineSeconds = spy.mock.calls.filter(([, ms]) => ms === 9_000).length;
    expect(everyNineSeconds).toBe(ownPings ? 0 : 1);
  } finally {
    spy.mockRestore();
  }
});

test.each([
  [true, 0],
  [false, 1],
])('defect 13: file connections end with their client (cure %s)', async (closeFileSenders, left) => {
  // What the test before has closed may still be closing over there.
  await sandbox.killSockets();
  await sandbox.waitFor(async () => (await sandbox.stats()).sockets === 0);
  const before = (await sandbox.stats()).sockets;
  const client = await bareLibrary(sandbox);
  // At home it needs no second login.
  await client.getSender(4);
  const open = async (): Promise<number> => (await sandbox.stats()).sockets - before;
  expect(await open()).toBe(2);
  const timers = client.fileTimers();
  await client.end(closeFileSenders);
  await sandbox.waitFor(async () => (await open()) <= left);
  expect(await open()).toBe(left);
  // What the library leaves, this test does not.
  for (const timer of timers) clearTimeout(timer);
  await sandbox.killSockets();
});

test('defect 16: a request that is too big is refused, where the library breaks its loop of sending', async () => {
  const message = 'x'.repeat(1_200_000);
  const randomId = long('1');
  const request = new Api.messages.SendMessage({ peer: new Api.InputPeerSelf(), message, randomId });
  await expect((await wire({})).call(request)).rejects.toMatchObject({ code: 'REQUEST_TOO_BIG' });
  // The most that the library itself can send is a little more: only our own limit keeps this from Telegram.
  const less = new Api.messages.SendMessage({
    peer: new Api.InputPeerSelf(),
    message: 'x'.repeat(1_010_000),
    randomId,
  });
  await expect((await wire({})).call(less)).rejects.toMatchObject({ code: 'REQUEST_TOO_BIG' });
  await expect((await wire({ capPayload: false })).call(less)).rejects.toMatchObject({ code: 'AUTH_KEY_UNREGISTERED' });
  const { MessagePacker } = await import('telegram/extensions/MessagePacker.js');
  const { RequestState } = await import('telegram/network/RequestState.js');
  const packer = new MessagePacker({} as never, new LibraryLog(quiet, () => undefined));
  packer.append(new RequestState(request));
  await expect(packer.get()).rejects.toThrow('reject is not a function');
});

test("defect 17: our transport reads packets that TCP has cut, which the library's abridged one does not", async () => {
  /** What arrives, a few bytes at a time, as the library's sockets hand it out. */
  const reader = (data: Buffer): object => {
    let at = 0;
    const read = async (count: number): Promise<Buffer> => {
      const chunk = data.subarray(at, at + Math.min(count, 5));
      at += chunk.length;
      return await Promise.resolve(chunk);
    };
    const readExactly = async (count: number): Promise<Buffer> => {
      const parts: Buffer[] = [];
      for (let left = count; left > 0;) {
        const part = await read(left);
        parts.push(part);
        left -= part.length;
      }
      return Buffer.concat(parts);
    };
    return { read, readExactly };
  };
  // Only now: the library's files load each other in circles, and only one way round.
  const { AbridgedPacketCodec } = await import('telegram/network/connection/TCPAbridged.js');
  const { FullPacketCodec } = await import('telegram/network/connection/TCPFull.js');
  const payload = Buffer.alloc(64, 7);
  const through = async (codec: { encodePacket(data: Buffer): Buffer; readPacket(from: never): Promise<Buffer> }) =>
    await codec.readPacket(reader(codec.encodePacket(payload)) as never);
  const connection = {} as never;
  expect(await through(new FullPacketCodec(connection))).toEqual(payload);
  expect(await through(new AbridgedPacketCodec(connection))).not.toEqual(payload);
});

test('defect 18: a server that says nothing is given up', async () => {
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => {
    mute.listen(0, '127.0.0.1', resolve);
  });
  const { port } = mute.address() as AddressInfo;
  const open = async (deadlines: boolean): Promise<unknown> =>
    await Promise.race([
      wire({ deadlines }, { redirect: redirect(port), openMs: 300 }, deaf, giveUp.signal).catch(
        (error: unknown) => error,
      ),
      new Promise((resolve) => setTimeout(() => resolve('still waiting'), 1_000)),
    ]);
  const giveUp = new AbortController();
  expect(await open(true)).toMatchObject({ kind: 'no-answer' });
  expect(await open(false)).toBe('still waiting');
  giveUp.abort();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => mute.close(resolve));
});

test('defect 19: dialogs without a message or a known peer are passed over, where the library throws', async () => {
  const peer = new Api.PeerUser({ userId: long('5') });
  const settings = new Api.PeerNotifySettings({});
  const dialog = new Api.Dialog({
    peer,
    topMessage: 1,
    readInboxMaxId: 0,
    readOutboxMaxId: 0,
    unreadCount: 0,
    unreadMentionsCount: 0,
    unreadReactionsCount: 0,
    notifySettings: settings,
  });
  const call = (async () =>
    await Promise.resolve(
      new Api.messages.Dialogs({ dialogs: [dialog], messages: [], chats: [], users: [] }),
    )) as unknown as Call;
  const { Dialog } = await import('telegram/tl/custom/dialog.js');
  const directory = new Directory(call, new PeerBook('login:test'), () => 4);
  expect(await directory.since(0)).toEqual({ messages: [], users: [], chats: [] });
  expect(() => new Dialog({} as never, dialog, new Map(), undefined)).toThrow(/reading 'date'/);
});

describe('defect 21: a login by QR code', () => {
  const OWNER = as<UserId>('@camille:example.org');

  test.each([
    ['at our own data centre', 4, undefined],
    ['that lives elsewhere', 2, undefined],
    ['with a second password', 4, 'open sesame'],
  ])('of an account %s', async (_where, dc, password) => {
    const adapter = adapterFor(sandbox, new House());
    endings.push(async () => await adapter.close());
    const me = await newPerson(sandbox, { dc, ...(password === undefined ? {} : { password }) });
    const login = adapter.beginLogin('qr', OWNER);
    const steps = new Steps(login);
    const shown = await steps.next('show');
    expect(shown).toMatchObject({ form: 'qr', data: expect.stringMatching(/^tg:\/\/login\?token=[\w-]+$/) });
    await sandbox.acceptLogin(me.id, shown.data.split('=')[1] ?? '');
    if (password !== undefined) {
      await steps.next('ask');
      login.answer({ password });
    }
    expect((await steps.next('done')).login.self).toBe(`u${me.id}`);
    await login.cancel();
  });

  test('leaves no socket and no timer when it is cancelled while the code is shown', async () => {
    const before = resources();
    const { sockets } = await sandbox.stats();
    const adapter = adapterFor(sandbox, new House());
    const login = adapter.beginLogin('qr', OWNER);
    await new Steps(login).next('show');
    await login.cancel();
    await sandbox.waitFor(async () => (await sandbox.stats()).sockets === sockets);
    expect(await excessOver(before)).toEqual([]);
    await adapter.close();
  });
});

test('defect 22: a picture is fetched from the data centre that has it, also when that was said wrongly', async () => {
  const { session, me } = await live();
  const alice = await newPerson(sandbox, { photo: true, dc: 2 });
  await sandbox.write(alice.id, me.id, 'met');
  const { avatar } = await session
    .resolve(`@${alice.username}`)
    .then(async () => await session.describePerson(as(`u${alice.id}`)));
  if (avatar?.source.from !== 'network') throw new Error('no avatar');
  expect(avatar.source.handle).toMatchObject({ dc: 2 });
  for (const dc of [2, 4]) {
    const handle = { ...(avatar.source.handle as object), dc };
    const { chunks } = await session.openMedia({ from: 'network', handle });
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    expect(Buffer.concat(parts).subarray(0, 2).toString('hex')).toBe('ffd8');
  }
});

test.each([
  [2, 2],
  [Number.POSITIVE_INFINITY, 6],
])('defect 23: heavy logins take turns (places %s)', async (places, atOnce) => {
  const turnstile = new Turnstile(places);
  let now = 0;
  let most = 0;
  await Promise.all(
    Array.from(
      { length: 6 },
      async () =>
        await turnstile.run(async () => {
          now += 1;
          most = Math.max(most, now);
          await new Promise((resolve) => setImmediate(resolve));
          now -= 1;
        }),
    ),
  );
  expect(most).toBe(atOnce);
});

test.each([
  [true, 2],
  [false, 4],
])('defect 23: logins that begin at once open so many connections (cure %s)', async (loginTurns, atOnce) => {
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket));
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  endings.push(async () => {
    mute.close();
    for (const socket of sockets) socket.destroy();
    await once(mute, 'close');
  });
  const { port } = mute.address() as AddressInfo;
  const dcs = Object.fromEntries(Object.keys(sandbox.dcs).map((dc) => [dc, port]));
  const adapter = adapterFor({ dcs, rsa: sandbox.rsa }, new House(), { cures: { loginTurns } });
  const logins = Array.from({ length: 4 }, () => adapter.beginLogin('qr', as<UserId>('@camille:example.org')));
  const ends = logins.map(async (login) => await new Steps(login).next('show').catch(() => 'cancelled'));
  while (sockets.length < atOnce) await once(mute, 'connection');
  // A connection that is made later is heard of later: whoever did not wait for a turn has come before it.
  const last = connect({ port, host: '127.0.0.1' });
  await once(last, 'connect');
  while (!sockets.some((one) => one.remotePort === last.localPort)) await once(mute, 'connection');
  expect(sockets.length - 1).toBe(atOnce);
  last.destroy();
  await Promise.all(logins.map(async (login) => await login.cancel()));
  expect(await Promise.all(ends)).toEqual(ends.map(() => 'cancelled'));
  await adapter.close();
});

test.each([true, false])('defect 25: two data centres are opened one after the other (cure %s)', async (fileTurns) => {
  const { session, me } = await live({ fileTurns });
  const pictures = await Promise.all(
    [2, 1].map(async (dc) => {
      const someone = await newPerson(sandbox, { photo: true, dc });
      await session.resolve(`@${someone.username}`);
      const { avatar } = await session.describePerson(as(`u${someone.id}`));
      if (!avatar) throw new Error('no avatar');
      return avatar.source;
    }),
  );
  const outcomes = await Promise.allSettled(
    pictures.map(async (source) => {
      let bytes = 0;
      for await (const chunk of (await session.openMedia(source)).chunks) bytes += chunk.length;
      return bytes > 0;
    }),
  );
  expect(outcomes.every((one) => one.status === 'fulfilled' && one.value)).toBe(true);
  const steps = ['auth.exportAuthorization', 'upload.getFile'];
  const done = (await sandbox.calls({ account: me.id })).map(({ method }) => method);
  const order = done.filter((method) => steps.includes(method));
  // Side by side, each connection greets with whatever the other last put into the greeting they share.
  expect(order.join() === [...steps, ...steps].join()).toBe(fileTurns);
});

test('defect 26: text is sent as it is, never as the markup of the library', async () => {
  const { session, me, house } = await live();
  const alice = await newPerson(sandbox);
  await sandbox.write(alice.id, me.id, 'met');
  await house.until(() => house.texts().includes('met'));
  const text = '**not bold** __nor this__ [nor](https://a.example) `a code`';
  await session.perform(sendText(alice, text), newEffect(), first());
  expect((await sandbox.messages(alice.id, me.id)).at(-1)).toMatchObject({ text, entities: [] });
});

test('defect 30: a connection that is still being made ends with its wire, which the library leaves open', async () => {
  // What other tests have left open on purpose ends whenever it likes.
  await sandbox.killSockets();
  await sandbox.waitFor(async () => (await sandbox.stats()).sockets === 0);
  const over = new AbortController();
  const Socket = socketTo(sandbox, over.signal);
  const connecting = new Socket().connect(80, '10.255.0.4');
  over.abort();
  await expect(connecting).rejects.toThrow('no longer wanted');
  await sandbox.waitFor(async () => (await sandbox.stats()).sockets === 0);
  const { ConnectionTCPFull } = await import('telegram/network/connection/index.js');
  const line = new ConnectionTCPFull({
    ip: '10.255.0.4',
    port: 80,
    dcId: 4,
    loggers: new LibraryLog(quiet, () => undefined),
    socket: socketTo(sandbox),
    testServers: false,
  });
  const opening = line.connect();
  await line.disconnect();
  await opening;
  await sandbox.waitFor(async () => (await sandbox.stats()).sockets > 0);
  expect((await sandbox.stats()).sockets).toBe(1);
  await line.disconnect();
});
