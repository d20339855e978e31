// The people book of two processes on one vault: what one learns, the other knows before it names anybody; knows no wire.
import { beforeEach, expect, test } from '@jest/globals';
import { Names } from '../../../src/networks/whatsapp/ids.ts';
import type { Handles } from '../../../src/networks/whatsapp/jid.ts';
import { PeopleDesk } from '../../../src/networks/whatsapp/people-desk.ts';
import type { PersonId } from '../../../src/model/ids.ts';
import type { Vault } from '../../../src/ports/stores.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { MemoryDatabase } from '../../support/memory-database.ts';
import { memoryVault } from '../../support/memory-records.ts';

const MINUTE = 60_000;
const names = new Names(Buffer.alloc(32, 7));
const [lid, pn] = ['12345', '33612345678'];

let clock: MemoryClock;
let vault: Vault;

beforeEach(() => {
  clock = new MemoryClock();
  vault = memoryVault(new MemoryDatabase(clock));
});

/** A process with its book open: `meets` names somebody and writes down what it learnt. */
async function worker() {
  const desk = new PeopleDesk(vault, names);
  const book = await desk.book();
  return async (handles: Handles): Promise<PersonId> => {
    clock.pass(1_000);
    await desk.look(book, [handles], clock.now());
    const person = book.person(handles, clock.now());
    const { changes, written } = desk.take(book);
    await vault.write(changes);
    written();
    return person;
  };
}

test('whoever one process met by number is the same to another that meets them by both names', async () => {
  const [one, other] = [await worker(), await worker()];
  const person = await one({ pn });
  expect(await other({ lid, pn })).toBe(person);
  clock.pass(MINUTE);
  expect(await one({ lid })).toBe(person);
});

test('two people whom one process finds to be one are one to the other as well', async () => {
  const [one, other] = [await worker(), await worker()];
  const byNumber = await one({ pn });
  const byLid = await other({ lid });
  expect(byLid).not.toBe(byNumber);
  clock.pass(MINUTE);
  expect(await one({ lid, pn })).toBe(byNumber);
  clock.pass(MINUTE);
  expect(await other({ lid })).toBe(byNumber);
});

test('people found to be one are told with every commit until one of them is written', async () => {
  const desk = new PeopleDesk(vault, names);
  const book = await desk.book();
  const older = book.person({ pn }, 1);
  const younger = book.person({ lid }, 2);
  desk.take(book).written();
  book.person({ lid, pn }, 3);
  const failed = desk.take(book);
  const again = desk.take(book);
  expect([failed.merged, again.merged]).toEqual([[{ from: younger, to: older }], [{ from: younger, to: older }]]);
  expect(again.changes).toEqual(failed.changes);
  again.written();
  expect(desk.take(book)).toMatchObject({ merged: [], changes: [] });
});

test.each<[string, readonly Handles[], readonly (readonly [number, string | undefined])[]]>([
  ['is learnt later', [{ lid }, { lid, pn }], [[0, pn]]],
  ['was somebody’s who is found to be them', [{ lid }, { pn }, { lid, pn }], [[0, pn]]],
  [
    'goes to somebody else',
    [{ lid, pn }, { lid: '67890' }, { lid: '67890', pn }],
    [
      [0, undefined],
      [1, pn],
    ],
  ],
  [
    'was left for another before somebody else has it',
    [
      { lid, pn },
      { lid, pn: '33798765432' },
      { lid: '67890', pn },
    ],
    [[0, '33798765432']],
  ],
])('a number that %s is told of whom it concerns', async (_how, met, told) => {
  const desk = new PeopleDesk(vault, names);
  const book = await desk.book();
  const people = met.map((handles, index) => book.person(handles, 1_000 + index));
  const { numbered } = desk.take(book);
  expect(numbered).toEqual(told.map(([who, number]) => ({ person: people[who], pn: number })));
  // What is asked of a chat by then says the same.
  for (const { person, pn: number } of numbered) expect(book.handles(person)?.pn).toBe(number);
});

test('what was looked up is not asked for again within a minute', async () => {
  let reads = 0;
  const counted: Vault = {
    ...vault,
    readAll: async (scope) => await vault.readAll(scope),
    read: async (scope, key) => {
      reads += 1;
      return await vault.read(scope, key);
    },
  };
  const desk = new PeopleDesk(counted, names);
  const book = await desk.book();
  for (let second = 0; second < 60; second += 1) await desk.look(book, [{ lid, pn }], clock.now() + second * 1_000);
  expect(reads).toBe(2);
});

test('what another process wrote and nobody can read keeps nobody from being named', async () => {
  const [one, other] = [await worker(), await worker()];
  const person = await one({ pn });
  await vault.write([{ scope: 'whatsapp:people', key: `pn:${names.byNumber(pn)}`, value: Buffer.from('{') }]);
  expect(await other({ pn })).toBe(person);
});
