// Signatures on the wire: whoever signs for another, or not at all, is refused; with the cure off the library takes them all.
import { afterAll, describe, expect, test } from '@jest/globals';
import { generateKeyPair, sign } from '../../../sandbox/whatsapp/curve.ts';
import type { Person } from '../../../sandbox/whatsapp/control-client.ts';
import { as, type ChatId } from '../../../src/model/ids.ts';
import type { LoginStep } from '../../../src/ports/login.ts';
import { allCures } from '../../../src/networks/whatsapp/cures.ts';
import { mendCurve } from '../../../src/networks/whatsapp/curve.ts';
import { isSignedBy } from '../../../src/networks/whatsapp/xeddsa.ts';
import { House, realClock } from '../../support/house.ts';
import { quiet } from '../../support/quiet.ts';
import { linked } from './support/linked.ts';
import { context, effect, OWNER, stepsOf, text } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { adapterFor, idOf, newPerson } from './support/world.ts';

const UNCURED = { cures: { signatures: false }, paced: false };

setStage();
afterAll(() => mendCurve(allCures));

/** A login by code to scan; `spoil`: a stranger signs in the phone's name. */
async function tryLogin(options = {}, spoil?: 'account-signature'): Promise<{ step: LoginStep; shown: number }> {
  const me = await newPerson(sandbox);
  let shown = 0;
  const step = await stepsOf(scenes.open(new House(), options), async (one) => {
    if (one.kind !== 'show') return;
    shown += 1;
    const scan = { by: me.id, qr: one.data, ...(spoil === undefined ? {} : { spoil }) };
    // The phone shows that it came to nothing: what the login says is looked at.
    await sandbox.command('scanQr', scan).catch(() => undefined);
  });
  const { devices } = await sandbox.person(me.id);
  expect(devices).toHaveLength(step.kind === 'done' ? 2 : 1);
  return { step, shown };
}

describe('a certificate of the server', () => {
  const FLAWS = ['root', 'leaf-signature', 'leaf-key', 'leaf-issuer'] as const;

  test.each(FLAWS)(
    'that is wrong (%s) is refused before anything is said; the next one that is right is taken',
    async (flaw) => {
      await sandbox.command('certificate', { flaw });
      expect(await tryLogin()).toMatchObject({ step: { kind: 'failed' }, shown: 0 });
      await sandbox.command('certificate', { flaw: null });
      expect(await tryLogin()).toMatchObject({ step: { kind: 'done' } });
    },
  );

  test.each(FLAWS)('that is wrong (%s) is taken by the library alone (cure signatures: false)', async (flaw) => {
    await sandbox.command('certificate', { flaw });
    expect(await tryLogin(UNCURED)).toMatchObject({ step: { kind: 'done' } });
  });

  test('that is wrong keeps a login off that stands already, until it is right', async () => {
    const { house, me } = await scenes.live({ paced: false });
    await sandbox.command('certificate', { flaw: 'leaf-key' });
    await sandbox.command('killSockets', { person: me.id });
    await house.until(() => house.states.find(({ state }) => state === 'offline'));
    expect((await sandbox.command('stats', {})).sessions).toBe(0);
    await sandbox.command('certificate', { flaw: null });
    await house.until(() => house.states.at(-1)?.state === 'online');
  });
});

describe('the account’s signature under a new device', () => {
  test('by a stranger links nothing', async () => {
    expect((await tryLogin({}, 'account-signature')).step.kind).toBe('failed');
  });

  test('by a stranger links by the library alone (cure signatures: false)', async () => {
    expect((await tryLogin(UNCURED, 'account-signature')).step.kind).toBe('done');
  });
});

describe('a signed prekey that the service made in another’s name', () => {
  const LINE = 'a device is sent nothing: its prekey is not signed by its identity';

  const leftFor = async (me: Person): Promise<readonly string[]> =>
    (await sandbox.command('nodes', { person: me.id, way: 'in' }))
      .filter(({ kind }) => kind.startsWith('message'))
      .map(({ text: words }) => words);

  test('begins no session: nothing leaves for that person until it is right, and one fixed line says so', async () => {
    const warned: unknown[] = [];
    const log = { ...quiet, warn: (...line: unknown[]) => void warned.push(line) };
    const house = new House();
    const [me, friend] = [await newPerson(sandbox), await newPerson(sandbox)];
    const adapter = adapterFor(sandbox, house, { paced: false }, {}, realClock, log);
    try {
      const { session } = await linked(sandbox, { adapter, house, owner: OWNER, me });
      const chat = as<ChatId>(idOf(friend));
      await sandbox.command('forgePrekey', { of: friend.id, forged: true });
      await expect(session.perform(text(chat, 'for nobody'), effect(), context)).rejects.toMatchObject({
        code: 'whatsapp-no-answer',
      });
      expect(await leftFor(me)).toEqual([]);
      expect(warned).toEqual([[{ network: 'whatsapp', code: 'forged-prekey' }, LINE]]);
      await sandbox.command('forgePrekey', { of: friend.id, forged: false });
      await session.perform(text(chat, 'for the friend'), effect(), context);
      await sandbox.waitForText(friend.id, me.id, 'for the friend');
    } finally {
      await adapter.close();
    }
  });

  test('begins one by the library alone (cure signatures: false)', async () => {
    const { session, me, friend, chat } = await scenes.live(UNCURED);
    await sandbox.command('setRetries', { by: friend.id, answer: false });
    await sandbox.command('forgePrekey', { of: friend.id, forged: true });
    await session.perform(text(chat, 'for the service'), effect(), context);
    expect(await leftFor(me)).toHaveLength(1);
  });

  test('of one device of several keeps nothing from the others', async () => {
    const { session, me, friend, chat } = await scenes.live({ paced: false });
    const { device } = await sandbox.command('addCompanion', { id: friend.id });
    await sandbox.command('forgePrekey', { of: friend.id, device, forged: true });
    await session.perform(text(chat, 'for the phone'), effect(), context);
    await sandbox.waitForText(friend.id, me.id, 'for the phone');
    expect((await leftFor(me)).join()).not.toContain(`:${String(device)}@`);
  });

  test('of whoever is new in a group keeps nobody else from reading there', async () => {
    const { session, me, friend, house } = await scenes.live({ paced: false });
    const { id: group } = await sandbox.createGroup(friend.id, 'Choir', [me.id]);
    const choir = as<ChatId>(`g${group.split('@')[0]}`);
    await session.perform(text(choir, 'before'), effect(), context);
    const other = await newPerson(sandbox);
    await sandbox.command('forgePrekey', { of: other.id, forged: true });
    await sandbox.command('members', { by: friend.id, group, change: 'add', people: [other.id] });
    await house.until(() => house.events.some(({ kind }) => kind === 'membership'));
    await session.perform(text(choir, 'after'), effect(), context);
    await sandbox.waitForText(friend.id, group, 'after');
    expect((await sandbox.messages(other.id, group)).filter(({ readable }) => readable)).toEqual([]);
  });
});

test('a group’s message under a wrong signature is not taken: it is asked for again', async () => {
  const { house, me, friend } = await scenes.live({ paced: false });
  const { id: group } = await sandbox.createGroup(friend.id, 'Choir', [me.id]);
  const choir = as<ChatId>(`g${group.split('@')[0]}`);
  await sandbox.write(friend.id, group, 'first');
  await house.until(() => house.texts(choir).includes('first'));
  await sandbox.command('clearRecords', {});
  await sandbox.command('damage', { by: friend.id });
  await sandbox.write(friend.id, group, 'second');
  const healed = await house.until(() => house.events.find(({ kind }) => kind === 'edit'));
  expect(healed).toMatchObject({ parts: [{ kind: 'text', text: { text: 'second' } }] });
  expect(house.texts(choir)).toEqual(['first', 'told']);
  expect((await sandbox.counts(me.id))['receipt retry']).toBe(1);
});

test('a signature is right for its key, its words and its bytes alone', () => {
  for (let round = 0; round < 20; round += 1) {
    const [one, other] = [generateKeyPair(), generateKeyPair()];
    const words = Buffer.from(`round ${round}`);
    const signature = sign(one.privateKey, words);
    expect(isSignedBy(one.publicKey, words, signature)).toBe(true);
    expect(isSignedBy(Buffer.concat([Buffer.of(5), one.publicKey]), words, signature)).toBe(true);
    expect(isSignedBy(other.publicKey, words, signature)).toBe(false);
    expect(isSignedBy(one.publicKey, Buffer.from('others'), signature)).toBe(false);
    for (const at of [0, 31, 32, 63]) {
      const spoilt = Uint8Array.from(signature);
      spoilt[at] = (spoilt[at] ?? 0) ^ (at === 63 ? 128 : 1);
      expect(isSignedBy(one.publicKey, words, spoilt)).toBe(false);
    }
    expect(isSignedBy(one.publicKey, words, signature.subarray(1))).toBe(false);
    expect(isSignedBy(Buffer.of(), words, signature)).toBe(false);
  }
  // u = -1 has no point.
  expect(isSignedBy(Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex'), Buffer.of(1), Buffer.alloc(64))).toBe(false);
});
