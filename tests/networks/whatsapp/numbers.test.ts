// Numbers as people write them, at the wire: read as they are meant, or refused before WhatsApp is asked and anything of the day is spent.
import { expect, test } from '@jest/globals';
import { as, type ChatId } from '../../../src/model/ids.ts';
import type { LoginStep } from '../../../src/ports/login.ts';
import { House } from '../../support/house.ts';
import { OWNER, stepsOf } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { idOf, newPerson } from './support/world.ts';

setStage();

/** What the house keeps of how often this person linked an account today. */
async function spent(house: House): Promise<number> {
  return (await house.vault.readAll('whatsapp:links')).size;
}

async function linesOpened(): Promise<number> {
  return (await sandbox.command('nodes', { way: 'out' })).filter(({ kind }) => kind.includes('pair-device')).length;
}

const french = (digits: string): string => digits.replace(/^33/, '');

test.each([
  ['+33 (0)', (digits: string) => `+33 (0)${french(digits)}`],
  ['0033', (digits: string) => `0033 ${french(digits)}`],
  ['no-break spaces', (digits: string) => `+33\u00A0${french(digits)}`],
])('a login by code takes a number with %s for what it is', async (_, written) => {
  const me = await newPerson(sandbox);
  const step = await stepsOf(
    scenes.open(new House()),
    async (one) => {
      if (one.kind === 'show') await sandbox.typeCode(me.id, one.data.replace('-', ''));
    },
    'code',
    { phone: written(me.phone) },
  );
  expect(step).toMatchObject({ kind: 'done', login: { self: idOf(me) } });
});

test.each(['06 12 34 56 78', '0612345678', '33612345678'])(
  'a login by code asks once more when %s says no country: no line is opened, none of the day’s links is spent',
  async (typed) => {
    const house = new House();
    const before = await linesOpened();
    const process = scenes.open(house).beginLogin('code', OWNER);
    const asked: LoginStep[] = [];
    for await (const step of process.steps) {
      asked.push(step);
      if (asked.length === 2) break;
      process.answer({ phone: typed });
    }
    await process.cancel();
    expect(asked.map((step) => (step.kind === 'ask' ? step.say.key : step.kind))).toEqual([
      'whatsapp.ask-phone',
      'network.no-country-code',
    ]);
    expect([await spent(house), (await linesOpened()) - before]).toEqual([0, 0]);
  },
);

test('somebody is found by their number however it is written; one that says no country is not asked about', async () => {
  const { session, me } = await scenes.live();
  const somebody = await newPerson(sandbox);
  const digits = french(somebody.phone);
  const asked = async (): Promise<number> =>
    (await sandbox.command('nodes', { person: me.id, way: 'in' })).filter(({ kind }) => kind.includes('usync')).length;
  const before = await asked();
  // More often than there are look-ups in a day.
  for (let time = 0; time < 25; time += 1) {
    await expect(session.resolve(`0${digits}`)).rejects.toMatchObject({
      retry: 'never',
      human: { key: 'network.no-country-code' },
    });
  }
  expect(await asked()).toBe(before);
  for (const written of [`+33 (0)${digits}`, `0033 ${digits}`, `+33 0${digits}`, `+33.${digits}`]) {
    expect((await session.resolve(written)).chat.id).toBe(as<ChatId>(idOf(somebody)));
  }
  expect(await asked()).toBeGreaterThan(before);
});
