// Nothing of a send leaves before its body, its place in the pace and the ratchet's step are kept: on the wire, with a database that is away.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WhatsAppSandbox, type Person } from '../../../sandbox/whatsapp/control-client.ts';
import { FencedError } from '../../../src/model/errors.ts';
import { as, type ChatId, type EffectId, type UserId } from '../../../src/model/ids.ts';
import { plainText } from '../../../src/model/message.ts';
import type { NetworkAdapter, NetworkSession } from '../../../src/ports/network.ts';
import { House } from '../../support/house.ts';
import { adapterFor, idOf, newPerson } from './support/world.ts';
import { noPicture } from '../../support/no-picture.ts';

const OWNER = as<UserId>('@camille:example.org');
const LONG = 'long enough for the guard against the same text in many chats';

let sandbox: WhatsAppSandbox;
let house: House;
let adapter: NetworkAdapter;
let session: NetworkSession;
let me: Person;
let friend: Person;

beforeAll(async () => {
  sandbox = await WhatsAppSandbox.start();
  house = new House();
  adapter = adapterFor(sandbox, house);
  [me, friend] = [await newPerson(sandbox), await newPerson(sandbox)];
  for await (const step of adapter.beginLogin('qr', OWNER).steps) {
    if (step.kind === 'show') await sandbox.scanQr(me.id, step.data);
    if (step.kind === 'failed') throw step.error;
    if (step.kind !== 'done') continue;
    const { puppet: id, self, name, vault } = step.login;
    await house.keep(vault);
    const puppet = { id, network: adapter.id, owner: OWNER, self, name, state: 'online' } as const;
    session = adapter.openSession(puppet, house.sink(puppet));
  }
  await session.connect();
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(idOf(friend)).includes('met'));
});

afterAll(async () => {
  await adapter.close();
  await sandbox.stop();
});

function send(effect: string, words: string): Promise<unknown> {
  const chat = as<ChatId>(idOf(friend));
  const body = { kind: 'text', as: 'text', text: plainText(words) } as const;
  const context = { since: 0, again: false, isLinked: async () => await Promise.resolve(false), open: noPicture };
  return session.perform({ kind: 'send', chat, body }, as<EffectId>(effect), context);
}

async function came(words: string): Promise<boolean> {
  return (await sandbox.messages(friend.id, me.id)).some(({ text }) => text === words);
}

test('a message waits for the database, and goes when it is back', async () => {
  await send('held-1', LONG);
  // Read under the login's lock: what the library still wrote of the first is over, and holds up nothing of the second.
  await sandbox.write(friend.id, me.id, 'an answer');
  await house.until(() => house.texts(idOf(friend)).includes('an answer'));
  const refused = house.refused;
  house.refusing = new Error('away');
  const sending = send('held-2', `second, ${LONG}`);
  // One commit for all of it, tried again and again: by then the ciphertext is made, and would have left.
  await house.until(() => house.refused >= refused + 3);
  expect(await came(`second, ${LONG}`)).toBe(false);
  house.refusing = undefined;
  await sending;
  expect(await came(`second, ${LONG}`)).toBe(true);
});

test('a message whose login is no longer ours never leaves', async () => {
  house.refusing = new FencedError('login');
  await expect(send('held-3', 'of a lost login')).rejects.toThrow();
  expect(await came('of a lost login')).toBe(false);
});
