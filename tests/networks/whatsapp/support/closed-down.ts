// Run by itself: links an account on the simulator named in its arguments, talks, closes everything, prints what is left. Judges nothing.
import { createHook } from 'node:async_hooks';
import { WhatsAppSandbox, type ReadyLine } from '../../../../sandbox/whatsapp/control-client.ts';
import { allCures } from '../../../../src/networks/whatsapp/cures.ts';
import { as, type ChatId, type UserId } from '../../../../src/model/ids.ts';
import type { NetworkSession } from '../../../../src/ports/network.ts';
import { House } from '../../../support/house.ts';
import { context, effect, text } from './scene.ts';
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

const [ready = '{}', cure = 'on', story = 'plain'] = process.argv.slice(2);
const sandbox = new WhatsAppSandbox(JSON.parse(ready) as ReadyLine);
const house = new House();
const adapter = adapterFor(sandbox, house, { cures: { ...allCures, timers: cure === 'on' }, paced: false });
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
  if (story === 'cut') await cut(session);
}
await adapter.close();
// What was cleared is told in a later turn.
await new Promise((resolve) => setImmediate(resolve));
await new Promise((resolve) => setImmediate(resolve));
const resources = process.getActiveResourcesInfo().filter((one) => one === 'Timeout' || one.startsWith('TCP'));
process.stdout.write(JSON.stringify({ resources, timers: [...alive.values()].toSorted() }));
process.exit();

/**
 * A send that waits, behind a message that is read, for the database while its line ends goes on when that is back: it asks the
 * server for devices on a dead socket.
 */
async function cut(session: NetworkSession): Promise<void> {
  house.refusing = new Error('away');
  await sandbox.write(friend.id, me.id, 'held');
  await house.until(() => house.refused > 0);
  const action = text(as<ChatId>(idOf(friend)), 'held too');
  const sending = Promise.allSettled([session.perform(action, effect(), context)]);
  await house.until(() => house.refused > 2);
  await sandbox.command('killSockets', { person: me.id });
  await house.until(() => house.states.at(-1)?.state === 'offline');
  house.refusing = undefined;
  await house.until(() => house.states.at(-1)?.state === 'online');
  await sending;
  await house.until(() => house.texts(idOf(friend)).includes('held'));
}
