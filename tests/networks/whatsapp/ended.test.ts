// What the library begins in a transaction and ends after it is kept: on the wire, the tokens that it hands out with its messages.
import { describe, expect, test } from '@jest/globals';
import type { Cures } from '../../../src/networks/whatsapp/cures.ts';
import { DraftLedger } from '../../../src/networks/whatsapp/state/ledger.ts';
import { Party } from './support/party.ts';
import { Post } from './support/post.ts';
import { context, effect, text } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';

setStage();

/** How often somebody who is written to four times is given the right to write back. */
async function tokens(cures: Partial<Cures>): Promise<number> {
  const { house, session, me, friend, chat } = await scenes.live({ cures, paced: false });
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(chat).includes('met'));
  const given = async (): Promise<number> =>
    (await sandbox.command('nodes', { person: me.id, way: 'in', kind: 'iq set privacy tokens' })).length;
  await session.perform(text(chat, 'one'), effect(), context);
  while ((await given()) === 0) await sandbox.messages(friend.id, me.id);
  for (const words of ['two', 'three', 'four']) await session.perform(text(chat, words), effect(), context);
  // Whatever it is followed by on the wire is there as well.
  await session.performEphemeral({ kind: 'typing', chat, active: true });
  await sandbox.messages(friend.id, me.id);
  return await given();
}

describe('a token for whoever is written to', () => {
  test('is handed out once', async () => {
    expect(await tokens({})).toBe(1);
  });

  test('is handed out with every message when it is noted in a transaction that has ended (cure ended: false)', async () => {
    expect(await tokens({ ended: false })).toBeGreaterThan(2);
  });
});

test('what is begun in a transaction and ends after it has the keys as they are, and a transaction of its own', async () => {
  const ledger = new DraftLedger();
  const anna = await Party.open({ number: 1, ledger, post: new Post() });
  const { keys } = anna;
  const { promise: over, resolve: end } = Promise.withResolvers<undefined>();
  let late: Promise<unknown> = Promise.resolve();
  await keys.transaction(async () => {
    await keys.set({ 'lid-mapping': { a: 'within' } });
    late = over.then(async () => {
      const found = [keys.isInTransaction(), await keys.get('lid-mapping', ['a'])];
      await keys.set({ 'lid-mapping': { b: 'late' } });
      await keys.transaction(async () => {
        found.push(keys.isInTransaction());
        await keys.set({ 'lid-mapping': { c: 'later' } });
      }, 'of its own');
      return found;
    });
  }, 'the first');
  await anna.state.keys.set({ 'lid-mapping': { a: 'after' } });
  end(undefined);
  expect(await late).toEqual([false, { a: 'after' }, true]);
  const kept = await Party.open({ number: 1, ledger, post: new Post() });
  expect(await kept.keys.get('lid-mapping', ['a', 'b', 'c'])).toEqual({ a: 'after', b: 'late', c: 'later' });
  await Promise.all([anna.close(), kept.close()]);
});

/** Turns of the smallest kind that something goes on after the transaction in which it was begun. */
describe.each([...Array(16).keys()])('what goes on for %i turns', (turns) => {
  test('finds what the transaction set, and is not undone by it', async () => {
    const ledger = new DraftLedger();
    const anna = await Party.open({ number: 1, ledger, post: new Post() });
    const { keys } = anna;
    let late: Promise<unknown> = Promise.resolve();
    await keys.transaction(async () => {
      await keys.set({ 'lid-mapping': { a: 'within', b: 'within' } });
      late = (async () => {
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        const { a } = await keys.get('lid-mapping', ['a']);
        await keys.set({ 'lid-mapping': { b: 'later' } });
        return a;
      })();
    }, 'the first');
    expect(await late).toBe('within');
    const kept = await Party.open({ number: 1, ledger, post: new Post() });
    expect(await kept.keys.get('lid-mapping', ['b'])).toEqual({ b: 'later' });
    await Promise.all([anna.close(), kept.close()]);
  });
});
