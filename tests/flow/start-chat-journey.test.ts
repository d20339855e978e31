// Nobody new is written to unless a rule allows it, as the networks see it: no word arrives, and what both know goes on. The bridge
// is a process of its own.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TelegramSandbox } from '../../sandbox/telegram/control-client.ts';
import { eventually, type Person } from './journey/person.ts';
import { BOT, openTown, type Town } from './journey/town.ts';
import { linkByCode, openWhatsAppTown } from './journey/whatsapp.ts';

/** Somebody over there, with everything that is between them and the account. */
interface Contact {
  /** What is typed to find them. */
  readonly identifier: string;
  says(text: string): Promise<void>;
  sees(): Promise<readonly string[]>;
}

interface Stage {
  readonly title: string;
  readonly network: string;
  readonly town: Town<{ stop(): Promise<void> }>;
  readonly management: string;
  contact(name: string): Promise<Contact>;
}

async function onTelegram(): Promise<Stage> {
  const town = await openTown(
    'telegram',
    async () => await TelegramSandbox.start(),
    ({ dcs, rsa }) => ({
      apiId: 12345,
      apiHash: '0123456789abcdef0123456789abcdef',
      test: {
        dcs: Object.fromEntries(Object.entries(dcs).map(([dc, at]) => [dc, `127.0.0.1:${at}`])),
        rsa: [rsa.pem],
      },
    }),
    { chat: 'direct:*', starts: false },
  );
  const { sandbox: telegram, camille } = town;
  const account = await telegram.createPerson({ firstName: 'Camille' });
  const management = await camille.directRoom(BOT);
  await camille.answer(management, 'I am the bridge');
  await camille.say(management, 'login telegram');
  await camille.answer(management, 'Send the phone number');
  await camille.say(management, `+${account.phone}`);
  await camille.answer(management, 'Telegram sent you a login code');
  await camille.say(management, (await telegram.waitForCode(account.phone)).code);
  await camille.answer(management, 'You are signed in to Telegram as Camille.');
  const contact = async (name: string): Promise<Contact> => {
    const other = await telegram.createPerson({ firstName: name, username: `${name.toLowerCase()}_there` });
    return {
      identifier: `@${name.toLowerCase()}_there`,
      says: async (text) => void (await telegram.write(other.id, account.id, text)),
      sees: async () => (await telegram.messages(other.id, account.id)).map(({ text }) => text),
    };
  };
  return { title: 'Telegram', network: 'telegram', town, management, contact };
}

async function onWhatsApp(): Promise<Stage> {
  // How many may be begun is another measure.
  const town = await openWhatsAppTown({ chat: 'direct:*', starts: false }, { pacing: { youngLinkDays: 0 } });
  const { sandbox: whatsapp, camille } = town;
  const account = await whatsapp.createPerson({ name: 'Camille' });
  const management = await linkByCode(whatsapp, camille, account);
  const contact = async (name: string): Promise<Contact> => {
    const other = await whatsapp.createPerson({ name });
    return {
      identifier: `+${other.phone}`,
      says: async (text) => void (await whatsapp.write(other.id, account.id, text)),
      sees: async () => (await whatsapp.messages(other.id, account.id)).map(({ text }) => text ?? ''),
    };
  };
  return { title: 'WhatsApp', network: 'whatsapp', town, management, contact };
}

describe.each([
  ['Telegram', onTelegram],
  ['WhatsApp', onWhatsApp],
] as const)('somebody new on %s', (_, open) => {
  let stage: Stage | undefined;
  let camille: Person;
  let root: Person;
  let office: string;
  let bob: Contact;
  let room: string;

  const at = (): Stage => {
    if (stage === undefined) throw new Error('nothing is open');
    return stage;
  };
  /** @returns the rule's id */
  const allow = async (nth: number): Promise<string> => {
    await root.say(office, `allow start-chat ${camille.id} ${at().network}`);
    const made = await root.answer(office, 'In force', nth);
    const [id = ''] = /r-\w+/.exec(String(made.content['body'])) ?? [];
    return id;
  };

  beforeAll(async () => {
    stage = await open();
    ({ camille } = stage.town);
    root = await stage.town.person('root');
    office = await root.directRoom(BOT);
    await root.answer(office, 'I am the bridge');
    bob = await stage.contact('Bob');
  }, 120_000);

  afterAll(async () => {
    await stage?.town.close();
  }, 60_000);

  test('is not written to where no rule allows it: their person hears what to ask for', async () => {
    const { management, network, title } = at();
    await camille.say(management, `start-chat ${network} ${bob.identifier}`);
    const told = await camille.answer(management, `You may not begin this conversation on ${title}`);
    expect(told.content['body']).toContain(`allow start-chat ${camille.id} ${network}`);
  });

  test('is no reason to keep those who wrote first from being answered', async () => {
    const alice = await at().contact('Alice');
    await alice.says('hello');
    const portal = await camille.nextRoom();
    await camille.answer(portal, 'hello');
    await camille.say(portal, 'good to hear you');
    await eventually('the answer', async () => (await alice.sees()).includes('good to hear you'));
    expect(await bob.sees()).toEqual([]);
  });

  test('is written to when a rule allows it, and no word of it goes out when that rule is gone again', async () => {
    const { management, network, title } = at();
    const rule = await allow(1);
    await camille.say(management, `start-chat ${network} ${bob.identifier}`);
    room = await camille.nextRoom();
    await root.say(office, `rules remove ${rule}`);
    await root.answer(office, 'is removed');
    await camille.say(room, 'hello stranger');
    const refused = await camille.answer(room, `You may not begin this conversation on ${title}`);
    expect(refused.content['body']).toContain(`allow start-chat ${camille.id} ${network}`);
    expect(await bob.sees()).toEqual([]);
  });

  test('is written to once more when they have written themselves', async () => {
    await bob.says('who are you?');
    await camille.answer(room, 'who are you?');
    await camille.say(room, 'somebody you know');
    await eventually('the answer', async () => (await bob.sees()).includes('somebody you know'));
    expect((await bob.sees()).filter((text) => text === 'hello stranger')).toEqual([]);
  });
});
