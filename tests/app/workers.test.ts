// Two worker processes of the real program on one database: they share the work, lose one and go on; rules changed in one close what
// is open in the other, and whoever is refused hears why in their language.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SERVER, Town, until, type Person, type Worker } from './support/town.ts';

const EACH = 15;
const NAMES = ['marie', 'paul', 'lea', 'jean'];
/** How long a change of the rules may take to reach what is open. */
const PROMISE_MS = 60_000;

let town: Town;
let one: Worker;
let two: Worker;
let root: Person;

interface Resident {
  readonly person: Person;
  readonly account: string;
  readonly chat: string;
  readonly friend: string;
  room: string;
}
const residents: Resident[] = [];

beforeAll(async () => {
  town = await Town.open({
    administrators: [`@root:${SERVER}`],
    rules: [{ allow: 'any', user: `:${SERVER}` }],
  });
  [one, two] = await Promise.all([town.start('main'), town.start('second')]);
  root = await town.person('root');
  for (const name of NAMES) {
    const person = await town.person(name);
    const account = await town.login(person, name);
    const friend = (await town.pigeon.hands.person(`Friend of ${name}`)).id;
    const chat = (await town.pigeon.hands.direct(friend, account)).id;
    residents.push({ person, account, chat, friend, room: '' });
  }
}, 180_000);

afterAll(async () => {
  await town.close();
});

const leases = async (): Promise<readonly number[]> =>
  (
    await town.postgres.query<{ n: number }>(
      town.url,
      `select count(x.owner)::int as n from worker w left join lease x on x.worker = w.incarnation and x.owner like 'login:%'
       where w.beat_at > now() - interval '10 seconds' group by w.slot order by w.slot`,
    )
  ).map(({ n }) => n);

const settled = (worker: Worker): number => worker.log().filter((line) => line['msg'] === 'settled').length;

async function sentOver(chat: string, text: string): Promise<boolean> {
  return (await town.pigeon.hands.messages(chat)).some((message) => message.text === text);
}

test('each settles at least 30 % of a load, and every message arrives once and in order', async () => {
  await until('the logins to be shared', async () => (await leases()).join() === '2,2');
  for (const resident of residents) {
    await town.pigeon.hands.write(resident.friend, resident.chat, 'hello');
    resident.room = await resident.person.entered();
    await resident.person.sees(resident.room, 'hello');
  }
  const before = { one: settled(one), two: settled(two) };
  await Promise.all(
    residents.map(async ({ person, room, chat, friend }) => {
      for (let n = 0; n < EACH; n += 1) {
        await person.say(room, `here ${n}`);
        await town.pigeon.hands.write(friend, chat, `there ${n}`);
      }
    }),
  );
  const numbers = Array.from({ length: EACH }, (_, n) => n);
  for (const { person, room, chat } of residents) {
    await until('the last text over there', async () => await sentOver(chat, `here ${EACH - 1}`));
    await person.sees(room, `there ${EACH - 1}`);
    const over = (await town.pigeon.hands.messages(chat)).map(({ text }) => text);
    expect(over.filter((text) => text.startsWith('here'))).toEqual(numbers.map((n) => `here ${n}`));
    const seen = (await person.texts(room)).map(({ text }) => text);
    expect(seen.filter((text) => text.startsWith('there'))).toEqual(numbers.map((n) => `there ${n}`));
  }
  const [a, b] = [settled(one) - before.one, settled(two) - before.two];
  expect(Math.min(a, b) / (a + b)).toBeGreaterThanOrEqual(0.3);
}, 120_000);

test('a rule made through one worker closes what the other has open within a minute, and says why in two languages', async () => {
  const [marie, paul] = residents;
  if (marie === undefined || paul === undefined) throw new Error('nobody lives here');
  await paul.person.asks('lang fr', /français/i);
  const began = Date.now();
  await root.asks(`deny any ${marie.person.id} reason leaves us`, /r-[0-9a-f]{8}/);
  await root.asks(`deny any ${paul.person.id} reason part bientôt`, /r-[0-9a-f]{8}/);
  const told = async (person: Person, why: string): Promise<string> =>
    await until(
      `${person.id} to be told why`,
      async () => (await person.told()).find((text) => text.includes(why)),
      PROMISE_MS,
    );
  // What comes from over there just then is refused as well, and said.
  await told(marie.person, 'You may not sign in to Pigeon: leaves us');
  await told(paul.person, 'Vous ne pouvez pas vous connecter à Pigeon\u00A0: part bientôt');
  expect(Date.now() - began).toBeLessThan(PROMISE_MS);
  // What they write meanwhile is refused, and nothing of the chat comes in.
  await marie.person.say(marie.room, 'refused text');
  await until('the refusal in the room', async () =>
    (await marie.person.texts(marie.room)).some(({ text }) => text.includes('leaves us')),
  );
  expect(await sentOver(marie.chat, 'refused text')).toBe(false);

  const rules = await root.asks('rules', /r-[0-9a-f]{8}/);
  for (const [id] of rules.matchAll(/r-[0-9a-f]{8}/g)) await root.asks(`rules remove ${id}`, /removed|gone|no longer/i);
  await until('the sessions to be open again', async () => {
    const rows = await town.postgres.query<{ state: string }>(town.url, 'select state from puppet');
    return rows.every(({ state }) => state === 'online');
  });
  await marie.person.say(marie.room, 'welcome back');
  await until('the text over there', async () => await sentOver(marie.chat, 'welcome back'));
}, 180_000);

test('one worker is lost, and the other carries everything on', async () => {
  for (const { person, room, friend, chat } of residents) {
    await person.say(room, 'before the loss, here');
    await town.pigeon.hands.write(friend, chat, 'before the loss, there');
  }
  await two.kill();
  for (const { person, room, friend, chat } of residents) {
    await person.say(room, 'after the loss, here');
    await town.pigeon.hands.write(friend, chat, 'after the loss, there');
  }
  for (const { person, room, chat } of residents) {
    await until('the text over there', async () => await sentOver(chat, 'after the loss, here'));
    await person.sees(room, 'after the loss, there');
    const over = (await town.pigeon.hands.messages(chat)).map(({ text }) => text);
    expect(over.filter((text) => text.endsWith('the loss, here'))).toEqual([
      'before the loss, here',
      'after the loss, here',
    ]);
    const seen = (await person.texts(room)).map(({ text }) => text);
    expect(seen.filter((text) => text.endsWith('the loss, there'))).toEqual([
      'before the loss, there',
      'after the loss, there',
    ]);
  }
  expect(await leases()).toEqual([4]);
}, 120_000);
