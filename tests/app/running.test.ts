// The whole program as a service manager runs it: what it says when it starts and stops, when it is ready, what it leaves in its
// database and its log, and how it lives through the loss of both its servers.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { exitCodes } from '../../src/app/exit-codes.ts';
import { PASSWORD, Town, until, type Person, type Worker } from './support/town.ts';

let town: Town;
let worker: Worker;
let marie: Person;
let account: string;
let zoe: string;
let chat: string;
let room: string;
let serial = 0;

const said = (one: Worker): readonly unknown[] => one.log().map((line) => line['msg']);

beforeAll(async () => {
  town = await Town.open({ fsync: true });
  worker = await town.start();
  marie = await town.person('marie');
  account = await town.login(marie, 'Marie');
  zoe = (await town.pigeon.hands.person('Zoe')).id;
  chat = (await town.pigeon.hands.direct(zoe, account)).id;
}, 90_000);

afterAll(async () => {
  await town.close();
});

/** A text each way, each exactly once. */
async function cross(): Promise<void> {
  serial += 1;
  const [there, here] = [`canary-text ${serial} from there`, `canary-text ${serial} from here`];
  await town.pigeon.hands.write(zoe, chat, there);
  if (room === undefined) room = await marie.entered();
  await marie.sees(room, there);
  await marie.say(room, here);
  const sent = async (): Promise<number> =>
    (await town.pigeon.hands.messages(chat)).filter((one) => one.text === here).length;
  await until('the answer over there', async () => (await sent()) > 0);
  expect(await sent()).toBe(1);
  expect((await marie.texts(room)).filter((one) => one.text === there)).toHaveLength(1);
}

test('a start says what it does, and a conversation crosses both ways', async () => {
  expect(said(worker)).toEqual(
    expect.arrayContaining(['starting', 'the database is ready', 'health answers', 'the bridge is open']),
  );
  await cross();
});

test('it lives and is ready, and says so to whoever asks', async () => {
  expect(await worker.ask('/health/live')).toEqual({ status: 200, checks: { process: true } });
  const ready = { database: true, worker: true, homeserver: true, open: true };
  expect(await worker.ask('/health/ready')).toEqual({ status: 200, checks: ready });
});

test('a database that is killed is not ready, and everything comes back by itself', async () => {
  town.postgres.kill();
  await until('the loss of the database to be seen', async () => {
    const { status, checks } = await worker.ask('/health/ready');
    return status === 503 && checks['database'] === false;
  });
  expect((await worker.ask('/health/live')).status).toBe(200);
  await marie.say(room, 'canary-text while the database is away');
  await town.pigeon.hands.write(zoe, chat, 'canary-text from there meanwhile');
  await town.postgres.restart();
  await worker.ready();
  await marie.sees(room, 'canary-text from there meanwhile');
  await until('what was written meanwhile', async () =>
    (await town.pigeon.hands.messages(chat)).some((one) => one.text === 'canary-text while the database is away'),
  );
  await cross();
}, 90_000);

test('a homeserver that is away is not ready, and everything comes back by itself', async () => {
  await town.homeserver.stop();
  await until('the loss of the homeserver to be seen', async () => {
    const { status, checks } = await worker.ask('/health/ready');
    return status === 503 && checks['homeserver'] === false;
  });
  expect((await worker.ask('/health/live')).status).toBe(200);
  await town.pigeon.hands.write(zoe, chat, 'canary-text while it was away');
  // As after many tries: the next one is far away.
  const putOff =
    "update lane set ready_at = now() + interval '1 day' where worker is null and ready_at > now() returning id";
  await until('the message to wait', async () => (await town.postgres.query(town.url, putOff)).length > 0);
  await town.homeserver.restart();
  await worker.ready();
  await marie.sees(room, 'canary-text while it was away');
  await cross();
}, 90_000);

test('SIGTERM drains, says so, and ends with success; the next start goes on', async () => {
  await marie.say(room, 'canary-text just before the end');
  expect(await worker.stop()).toBe(exitCodes.ok);
  const last = worker.log().filter((line) => line['level'] !== 'debug');
  expect(last.slice(-2).map((line) => line['msg'])).toEqual(['stopping: what is in hand is finished first', 'stopped']);
  await town.pigeon.hands.write(zoe, chat, 'canary-text during the night');
  worker = await town.start();
  await marie.sees(room, 'canary-text during the night');
  await until('what was written before the end', async () =>
    (await town.pigeon.hands.messages(chat)).some((one) => one.text === 'canary-text just before the end'),
  );
  await cross();
}, 90_000);

test('a second worker of the same slot is refused in a sentence', async () => {
  const second = await town.launch();
  expect(await second.ended()).toBe(exitCodes.inUse);
  expect(second.output).toContain('Another process already runs in worker slot "main"');
});

test('nothing secret is in plain in any table, and no text once it has crossed', async () => {
  const { secrets, url, postgres } = town;
  const planted = [...Object.values(secrets), PASSWORD];
  await until('everything to be settled', async () => {
    const [row] = await postgres.query<{ n: number }>(url, 'select count(*)::int as n from entry');
    return row?.n === 0;
  });
  const dump = await everyRow();
  // The look itself must be able to find what is there.
  expect(dump).toContain(marie.id);
  expect(planted.filter((one) => dump.includes(one) || dump.includes(Buffer.from(one).toString('hex')))).toEqual([]);
  for (const trace of ['canary-text', Buffer.from('canary-text').toString('hex')]) expect(dump).not.toContain(trace);
});

test('no level of the log shows a secret, a text, a name or an id of somebody', async () => {
  const output = worker.output;
  expect(output.length).toBeGreaterThan(1000);
  const names = ['Marie', 'Zoe', marie.id, room, account.length > 3 ? account : 'Marie'];
  const planted = [...Object.values(town.secrets), PASSWORD, 'canary-text', ...names];
  expect(planted.filter((one) => output.includes(one))).toEqual([]);
});

/** Every row of every table, as text; bytes as hexadecimal. */
async function everyRow(): Promise<string> {
  const { postgres, url } = town;
  const tables = await postgres.query<{ name: string }>(
    url,
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
  );
  const texts = await Promise.all(
    tables.map(async ({ name }) => await postgres.query<{ row: string }>(url, `select t::text as row from ${name} t`)),
  );
  return texts
    .flat()
    .map(({ row }) => row)
    .join('\n');
}
