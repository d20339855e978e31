// What happens to a login's keys while one of its sends waits for the service, with the lock held: on the wire, with answers that come late.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { WhatsAppSandbox, type Person } from '../../../sandbox/whatsapp/control-client.ts';
import type { Cures } from '../../../src/networks/whatsapp/cures.ts';
import { context, effect, Scenes, text, type Scene } from './support/scene.ts';

/** The service takes so long for an answer. */
const LATE_MS = 2_000;

let sandbox: WhatsAppSandbox;
let scenes: Scenes;

beforeAll(async () => {
  sandbox = await WhatsAppSandbox.start();
  scenes = new Scenes(sandbox);
});

afterEach(async () => {
  await scenes.close();
});

afterAll(async () => {
  await sandbox.stop();
});

/** Two who have met, and know each other's devices; the contact has linked one. */
async function met(cures: Partial<Cures> = {}): Promise<Scene> {
  const scene = await scenes.live({ cures });
  const { house, session, chat, me, friend } = scene;
  await sandbox.command('addCompanion', { id: friend.id });
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(chat).includes('met'));
  await session.perform(text(chat, 'hello'), effect(), context);
  return scene;
}

/** As the records of the simulator name it. */
async function heard(me: Person, kind: string): Promise<void> {
  await sandbox.waitFor(async () => (await sandbox.counts(me.id))[kind] !== undefined);
}

/** What is sent while the contact unlinks a device: the list of devices that comes for it names that one still. */
async function sentMeanwhile(
  addressing: 'pn' | 'lid',
): Promise<Scene & { sent: Promise<unknown>; again: () => Promise<unknown> }> {
  const scene = await met();
  const { session, puppet, adapter, house, chat, me, friend } = scene;
  await sandbox.command('setAddressing', { id: me.id, addressing });
  // Another connection knows nobody's devices yet.
  await session.disconnect();
  const next = adapter.openSession(puppet, house.sink(puppet));
  await next.connect();
  await sandbox.command('delayReplies', { person: me.id, what: 'usync', ms: LATE_MS, times: 1 });
  await sandbox.command('clearRecords', {});
  const id = effect();
  const again = async (): Promise<unknown> => await next.perform(text(chat, 'to those who are left'), id, context);
  const sent = again();
  await heard(me, 'iq get usync usync');
  await sandbox.command('unlink', { by: friend.id });
  return { ...scene, sent, again };
}

test('a message leaves though its contact unlinks a device meanwhile', async () => {
  const { sent, me, friend } = await sentMeanwhile('pn');
  await sent;
  expect((await sandbox.waitForText(friend.id, me.id, 'to those who are left')).readable).toBe(true);
});

test('a device that is gone keeps a message once, and not as often as the library remembers it', async () => {
  // Named so, the deletion of its session comes before the message: the service has no keys for another one.
  const { sent, again, me, friend } = await sentMeanwhile('lid');
  await expect(sent).rejects.toMatchObject({ code: 'whatsapp-no-answer', retry: 'now' });
  await again();
  expect((await sandbox.waitForText(friend.id, me.id, 'to those who are left')).readable).toBe(true);
});

describe('a session that a contact begins while a send waits for the keys of its new device', () => {
  async function shown(cures: Partial<Cures>): Promise<readonly string[]> {
    const { house, session, chat, me, friend } = await met(cures);
    // Only so does the library find the list of devices that the new one is to be added to.
    await sandbox.command('setAddressing', { id: me.id, addressing: 'lid' });
    await sandbox.command('clearRecords', {});
    await sandbox.command('addCompanion', { id: friend.id });
    await heard(me, 'ack notification');
    await sandbox.command('delayReplies', { person: me.id, what: 'encrypt', ms: LATE_MS, times: 1 });
    const sent = session.perform(text(chat, 'to three devices'), effect(), context);
    await heard(me, 'iq get encrypt key');
    await sandbox.command('forgetSession', { by: friend.id, with: me.id });
    await sandbox.write(friend.id, me.id, 'first');
    await sent;
    await sandbox.write(friend.id, me.id, 'second');
    await house.until(() => house.texts(chat).length === 3);
    return house.texts(chat);
  }

  test('is kept', async () => {
    expect(await shown({})).toEqual(['met', 'first', 'second']);
  });

  test('is lost when transactions have locks of their own (cure oneLock: false)', async () => {
    expect(await shown({ oneLock: false })).toEqual(['met', 'first', 'told']);
  });
});
