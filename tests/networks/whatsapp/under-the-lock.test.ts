// What happens to a login's keys while one of its sends waits for the service, with the lock held: on the wire, with answers held back.
import { describe, expect, test } from '@jest/globals';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import type { Cures } from '../../../src/networks/whatsapp/cures.ts';
import { context, effect, text, type Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

setStage();

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
async function heard(me: Person, kind: string, times = 1): Promise<void> {
  await sandbox.waitFor(async () => ((await sandbox.counts(me.id))[kind] ?? 0) >= times);
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
  await sandbox.command('holdReplies', { person: me.id, what: 'usync' });
  await sandbox.command('clearRecords', {});
  const id = effect();
  const again = async (): Promise<unknown> => await next.perform(text(chat, 'to those who are left'), id, context);
  const sent = again();
  await heard(me, 'iq get usync usync');
  await sandbox.command('unlink', { by: friend.id });
  await heard(me, 'ack notification');
  await sandbox.command('answerNow', {});
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

describe('a session that a contact begins while a send waits for the keys of a new device of our own', () => {
  async function shown(cures: Partial<Cures>): Promise<readonly string[]> {
    const { house, session, chat, me, friend } = await met(cures);
    await sandbox.command('clearRecords', {});
    await sandbox.command('addCompanion', { id: me.id });
    await heard(me, 'ack notification');
    const hold = async (): Promise<unknown> => await sandbox.command('holdReplies', { person: me.id, what: 'encrypt' });
    await hold();
    const sent = session.perform(text(chat, 'to three devices'), effect(), context);
    // The first time it asks anew for what it knows; with the second it has read the sessions that there are.
    await heard(me, 'iq get encrypt key');
    await hold();
    await sandbox.command('answerNow', {});
    await heard(me, 'iq get encrypt key', 2);
    await sandbox.command('forgetSession', { by: friend.id, with: me.id });
    await sandbox.write(friend.id, me.id, 'first');
    if (cures.oneLock === false) await house.until(() => house.texts(chat).includes('first'));
    await sandbox.command('answerNow', {});
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
