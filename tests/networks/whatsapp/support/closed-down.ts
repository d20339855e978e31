// Run by itself: links an account on the simulator named in its arguments, talks, closes everything, prints what is left. Judges nothing.
import { createHook } from 'node:async_hooks';
import { WhatsAppSandbox, type ReadyLine } from '../../../../sandbox/whatsapp/control-client.ts';
import { allCures } from '../../../../src/networks/whatsapp/cures.ts';
import { as, type UserId } from '../../../../src/model/ids.ts';
import { House } from '../../../support/house.ts';
import { adapterFor, idOf, newPerson } from './world.ts';

/** Timers that were neither cleared nor have fired, and the file that made each: also those that keep no process alive. */
const alive = new Map<number, string>();
createHook({
  init(id, type) {
    if (type !== 'Timeout') return;
    const maker = /node_modules\/(?:@whiskeysockets\/baileys|@cacheable\/node-cache)\/[\w/-]+\.js/.exec(
      new Error('made').stack ?? '',
    );
    if (maker !== null) alive.set(id, maker[0]);
  },
  destroy(id) {
    alive.delete(id);
  },
}).enable();
Error.stackTraceLimit = 30;

const [ready = '{}', cure = 'on'] = process.argv.slice(2);
const sandbox = new WhatsAppSandbox(JSON.parse(ready) as ReadyLine);
const house = new House();
const adapter = adapterFor(sandbox, house, { cures: { ...allCures, timers: cure === 'on' } });
const [me, friend] = [await newPerson(sandbox), await newPerson(sandbox)];
const login = adapter.beginLogin('qr', as<UserId>('@camille:example.org'));
for await (const step of login.steps) {
  if (step.kind === 'show') await sandbox.scanQr(me.id, step.data);
  if (step.kind === 'failed') throw step.error;
  if (step.kind !== 'done') continue;
  const { puppet: id, self, name, vault } = step.login;
  await house.keep(vault);
  const puppet = {
    id,
    network: adapter.id,
    owner: as<UserId>('@camille:example.org'),
    self,
    name,
    state: 'online',
  } as const;
  const session = adapter.openSession(puppet, house.sink(puppet));
  await session.connect();
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(idOf(friend)).includes('met'));
  // A message without its words: the library asks the phone for them, and waits.
  await sandbox.command('sendUnavailable', { by: friend.id, to: me.id, type: 'other' });
  await sandbox.write(friend.id, me.id, 'and again');
  await house.until(() => house.texts(idOf(friend)).includes('and again'));
}
await adapter.close();
// What was cleared is told in a later turn.
await new Promise((resolve) => setImmediate(resolve));
await new Promise((resolve) => setImmediate(resolve));
const resources = process.getActiveResourcesInfo().filter((one) => one === 'Timeout' || one.startsWith('TCP'));
process.stdout.write(JSON.stringify({ resources, timers: [...alive.values()].toSorted() }));
process.exit();
