// Run by itself: links an account on the simulator, lets WhatsApp point at the hosts in the arguments, prints whom the process asked. Nothing
// but loopback is ever reached, whatever the program under test does.
import { Socket } from 'node:net';
import { WhatsAppSandbox, type ReadyLine } from '../../../../sandbox/whatsapp/control-client.ts';
import { as, type UserId } from '../../../../src/model/ids.ts';
import { House } from '../../../support/house.ts';
import { adapterFor, idOf, newPerson } from './world.ts';

const asked = new Set<string>();
const connect = Reflect.get(Socket.prototype, 'connect') as (this: Socket, ...args: unknown[]) => Socket;
Socket.prototype.connect = function watched(this: Socket, ...args: unknown[]): Socket {
  // Node hands its own calls on as a list in a list.
  const [first] = args.flat();
  const host = typeof first === 'object' && first !== null ? ((first as { host?: string | null }).host ?? '') : '';
  asked.add(host);
  if (/^(?:127\.0\.0\.1|localhost|)$/.test(host)) return connect.apply(this, args);
  setImmediate(() => this.destroy(new Error('nothing leaves this machine')));
  return this;
};

const [ready = '{}', ...paths] = process.argv.slice(2);
const sandbox = new WhatsAppSandbox(JSON.parse(ready) as ReadyLine);
const house = new House();
const adapter = adapterFor(sandbox, house);
const [me, friend] = [await newPerson(sandbox), await newPerson(sandbox)];
const collections = ['critical_block', 'critical_unblock_low', 'regular_high', 'regular_low', 'regular'];
for (const [index, directPath] of paths.entries()) {
  await sandbox.command('putSnapshot', { of: me.id, collection: collections[index] ?? '', directPath });
}
const owner = as<UserId>('@camille:example.org');
for await (const step of adapter.beginLogin('qr', owner).steps) {
  if (step.kind === 'show') await sandbox.scanQr(me.id, step.data);
  if (step.kind === 'failed') throw step.error;
  if (step.kind !== 'done') continue;
  const { puppet: id, self, name, vault } = step.login;
  await house.keep(vault);
  const puppet = { id, network: adapter.id, owner, self, name, state: 'online' } as const;
  const session = adapter.openSession(puppet, house.sink(puppet));
  await session.connect();
  // A word about a setting makes the library fetch the collection.
  for (const [index] of paths.entries()) {
    const collection = collections[index] ?? '';
    await sandbox.command('changeSetting', {
      by: me.id,
      collection,
      index: ['mute', `${friend.id}@lid`],
      value: { muteAction: { muted: true } },
    });
    await sandbox.waitFor(async () => {
      const asks = await sandbox.command('nodes', { person: me.id, kind: 'iq set w:sync:app:state sync', way: 'in' });
      return asks.some(({ text }) => text.includes(`name="${collection}"`));
    });
  }
  await sandbox.command('send', {
    by: friend.id,
    to: me.id,
    message: {
      imageMessage: { url: 'https://pictures.invalid/x', directPath: '/v/x', mediaKey: 'AA==', mimetype: 'image/png' },
    },
  });
  await sandbox.write(friend.id, me.id, 'look: https://preview.invalid/page');
  await house.until(() => house.texts(idOf(friend)).some((text) => text.includes('preview.invalid')));
}
await adapter.close();
process.stdout.write(JSON.stringify([...asked].toSorted()));
process.exit();
