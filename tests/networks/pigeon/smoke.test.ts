// The toy network in a process of its own, seen through its adapter: one conversation both ways, quickly.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { as, type UserId } from '../../../src/model/ids.ts';
import { plainText } from '../../../src/model/message.ts';
import type { Puppet } from '../../../src/model/records.ts';
import { createPigeon, settingsSchema } from '../../../src/networks/pigeon/index.ts';
import type { NewLogin } from '../../../src/ports/login.ts';
import type { NetworkAdapter, NetworkSession } from '../../../src/ports/network.ts';
import { spawnPigeon, type Person, type Pigeon } from '../../../sandbox/pigeon/pigeon.ts';
import { quiet } from '../../support/quiet.ts';
import { House, realClock } from '../../support/house.ts';
import { noPicture } from '../../support/no-picture.ts';

const house = new House();
let pigeon: Pigeon;
let adapter: NetworkAdapter;
let session: NetworkSession;
let me: Person;
let ada: Person;

beforeAll(async () => {
  pigeon = await spawnPigeon();
  const settings = settingsSchema.parse({ server: `127.0.0.1:${pigeon.port}` });
  adapter = createPigeon(settings, {
    vault: house.vault,
    identityKey: Buffer.alloc(32, 1),
    log: quiet,
    clock: realClock,
  });
  me = await pigeon.hands.person('Me', 'secret');
  ada = await pigeon.hands.person('Ada');
  const login = await logIn();
  await house.keep(login.vault);
  const puppet: Puppet = { ...login, id: login.puppet, network: adapter.id, owner: as('@me:here'), state: 'offline' };
  session = adapter.openSession(puppet, house.sink(puppet));
  await session.connect();
});

afterAll(async () => {
  await adapter.close();
  await pigeon.stop();
});

async function logIn(): Promise<NewLogin> {
  const process = adapter.beginLogin('password', as<UserId>('@me:here'));
  for await (const step of process.steps) {
    if (step.kind === 'ask') process.answer({ name: me.handle, password: 'secret' });
    if (step.kind !== 'done') continue;
    await process.cancel();
    return step.login;
  }
  throw new Error('no login');
}

test('a conversation crosses both ways', async () => {
  const chat = session.directChat(as(ada.id));
  await pigeon.hands.direct(ada.id, me.id);
  await pigeon.hands.write(ada.id, chat, 'coo');
  await house.until(() => house.texts(chat).includes('coo'));
  const receipt = await session.perform(
    { kind: 'send', chat, body: { kind: 'text', as: 'text', text: plainText('roo') } },
    as('effect-1'),
    { since: Date.now(), again: false, isLinked: async () => await Promise.resolve(false), open: noPicture },
  );
  const [, mine] = await pigeon.hands.messages(chat);
  expect(mine).toMatchObject({ id: receipt.message, by: me.id, text: 'roo' });
});

test('five thousand messages arrive in order', async () => {
  const { id } = await pigeon.hands.group('Loft', [me.id, ada.id]);
  const all = Array.from({ length: 5000 }, (_, n) => `message ${n}`);
  await Promise.all(all.map(async (text) => await pigeon.hands.write(ada.id, id, text)));
  await house.until(() => house.texts(id).length === all.length);
  expect(house.texts(id)).toEqual(all);
});
