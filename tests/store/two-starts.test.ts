// Workers that start at the same moment lay down the same rules at the same moment: each takes its turn, and none fails.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Rule } from '../../src/model/rules.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { testPostgres, type TestPostgres } from '../support/postgres.ts';
import { quiet } from '../support/quiet.ts';

let postgres: TestPostgres;
const open: Store[] = [];

beforeAll(async () => {
  postgres = await testPostgres();
});

afterAll(async () => {
  await Promise.all(open.map(async (store) => await store.close()));
  await postgres.stop();
});

test('the rules of the file, by four workers at once', async () => {
  const url = await postgres.database();
  for (const slot of ['a', 'b', 'c', 'd']) {
    const vaultKey = new Uint8Array(32).fill(7);
    open.push(await openStore({ database: { url }, vaultKey, slot, log: quiet, connections: 4 }));
  }
  const rules = ['f1', 'f2', 'f3'].map((id): Rule => ({
    id,
    effect: 'allow',
    action: 'any',
    source: 'file',
    by: 'file',
    madeAt: 0,
  }));
  // Connected beforehand, so that all begin at the same moment; whether they meet is still chance, hence the rounds.
  await Promise.all(open.map(async (store) => await store.ping()));
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(open.map(async (store) => await store.rules.replaceFileRules(rules)));
  }
  const kept = (await open[0]?.rules.all()) ?? [];
  expect(kept.map((rule) => rule.id).toSorted()).toEqual(['f1', 'f2', 'f3']);
});
