// A backup made while people talk, the loss of the database, and the start on the copy: refused first, then nothing lost and nothing
// twice, on the real program through its command line.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { exitCodes } from '../../src/app/exit-codes.ts';
import { Town, until, type Person, type Worker } from './support/town.ts';

let town: Town;
let worker: Worker;
let marie: Person;
let account: string;

beforeAll(async () => {
  town = await Town.open();
  worker = await town.start();
  marie = await town.person('marie');
  account = await town.login(marie, 'Marie');
}, 90_000);

afterAll(async () => {
  await town.close();
});

async function there(chat: string, text: string): Promise<void> {
  await until(`"${text}" over there`, async () =>
    (await town.pigeon.hands.messages(chat)).some((one) => one.text === text),
  );
}

test('a restored backup is refused until it is said, and then costs and doubles nothing', async () => {
  const { hands } = town.pigeon;
  const zoe = await hands.person('Zoe');
  const bob = await hands.person('Bob');
  const chat = (await hands.direct(zoe.id, account)).id;
  await hands.write(zoe.id, chat, 'before, from there');
  const room = await marie.entered();
  await marie.sees(room, 'before, from there');
  await marie.say(room, 'before, from here');
  await there(chat, 'before, from here');

  const file = join(town.dir, 'backup.jsonl.gz');
  expect(await town.command('db', 'backup', file)).toMatchObject({ code: exitCodes.ok });

  // What the lost database knew and the backup does not.
  await hands.write(zoe.id, chat, 'after, from there');
  await marie.sees(room, 'after, from there');
  await marie.say(room, 'after, from here');
  await there(chat, 'after, from here');
  await hands.write(account, chat, 'after, on the phone');
  await marie.sees(room, 'after, on the phone');
  const newer = (await hands.direct(bob.id, account)).id;
  await hands.write(bob.id, newer, 'a new chat');
  const second = await marie.entered();
  await marie.sees(second, 'a new chat');
  await marie.say(second, 'a new answer');
  await there(newer, 'a new answer');
  expect(await worker.stop()).toBe(exitCodes.ok);

  town.url = await town.postgres.emptyDatabase();
  town.configure({});
  expect(await town.command('db', 'restore', file)).toMatchObject({
    code: exitCodes.ok,
    output: expect.stringContaining('--after-restore'),
  });
  const refused = await town.launch();
  expect(await refused.ended()).toBe(exitCodes.restored);
  expect(refused.output).toContain('Start once with --after-restore');

  await hands.write(zoe.id, chat, 'while it was down');
  worker = await town.start('main', '--after-restore');
  await marie.sees(room, 'while it was down');
  await marie.say(room, 'and on we go');
  await there(chat, 'and on we go');
  await hands.write(bob.id, newer, 'and here too');
  await marie.sees(second, 'and here too');
  // The audit has brought back what was said here after the backup, and everything has found its link.
  await until(
    'everything to be settled and linked',
    async () => {
      const [row] = await town.postgres.query<{ entries: number; links: number }>(
        town.url,
        'select (select count(*)::int from entry) as entries, (select count(*)::int from message_link) as links',
      );
      return row?.entries === 0 && row.links === 10;
    },
    110_000,
  );

  const texts = async (of: string): Promise<readonly string[]> =>
    (await marie.texts(of)).map(({ text }) => text).toSorted();
  expect(await texts(room)).toEqual([
    'after, from here',
    'after, from there',
    'after, on the phone',
    'and on we go',
    'before, from here',
    'before, from there',
    'while it was down',
  ]);
  expect(await texts(second)).toEqual(['a new answer', 'a new chat', 'and here too']);
  const over = async (of: string): Promise<readonly string[]> =>
    (await hands.messages(of)).map(({ text }) => text).toSorted();
  expect(await over(chat)).toEqual(await texts(room));
  expect(await over(newer)).toEqual(await texts(second));
  expect((await marie.told()).filter((one) => one.includes('backup'))).toEqual([]);

  // From now on it is an ordinary database.
  expect(await worker.stop()).toBe(exitCodes.ok);
  worker = await town.start();
  await hands.write(zoe.id, chat, 'the next morning');
  await marie.sees(room, 'the next morning');
}, 240_000);
