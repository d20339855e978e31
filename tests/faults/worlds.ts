// The chats of the simulated networks as the load and the checker need them: people write there, and anybody may look. Knows no bridge.
import { spawnPigeon, type Pigeon } from '../../sandbox/pigeon/pigeon.ts';
import {
  TelegramSandbox,
  type Person as TelegramPerson,
  type WorldMessage,
} from '../../sandbox/telegram/control-client.ts';
import type { Showing } from './checker.ts';
import type { Chance } from './random.ts';
import { startWhatsApp } from './whatsapp.ts';

/** One chat seen from outside. Accounts are named by the network's own ids, with the network before them. */
export interface WorldChat {
  /** `network/name`, unique. */
  readonly name: string;
  /** Who may write here: contacts, and the accounts that are logged in to the bridge. */
  readonly members: readonly string[];
  /** @returns a handle for later changes */
  write(by: string, text: string): Promise<string>;
  edit(by: string, handle: string, text: string): Promise<void>;
  remove(by: string, handle: string): Promise<void>;
  /** Everything, oldest first. */
  showings(): Promise<readonly Showing[]>;
  /** Texts that are there since the last look. */
  news(): Promise<readonly string[]>;
}

export const NETWORKS = ['telegram', 'pigeon', 'whatsapp'] as const;
export type NetworkName = (typeof NETWORKS)[number];

/** What one login needs to know, and the chats it is in. */
export interface WorldLogin {
  readonly network: NetworkName;
  /** The way of logging in that is asked for. */
  readonly flow: string;
  /** The account, as `members` name it. */
  readonly account: string;
  /** The questions of the login, by words that each one holds, with what to say, in order; nothing when it is done elsewhere. */
  readonly answers: readonly {
    readonly asked: RegExp;
    readonly answer: (notice: string) => Promise<string | undefined>;
  }[];
  readonly chats: readonly WorldChat[];
}

/** @param speaker by name, as `networkSpeaker` makes it */
export type Speak = (speaker: string) => Promise<void>;

export interface Worlds {
  readonly logins: readonly WorldLogin[];
  readonly chats: readonly WorldChat[];
  /** The networks' sections of the bridge's configuration. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What the networks do to everybody before a kill. @param speak lets one of their people say something at once */
  trouble(chance: Chance, speak: Speak): Promise<void>;
  stop(): Promise<void>;
}

const CONTACTS_ON_TELEGRAM = 5;
const CONTACTS_ON_PIGEON = 4;

interface World {
  readonly logins: readonly WorldLogin[];
  readonly settings: Readonly<Record<string, unknown>>;
  trouble?(chance: Chance, speak: Speak): Promise<void>;
  stop(): Promise<void>;
}

const STARTS: Readonly<Record<NetworkName, () => Promise<World>>> = {
  telegram: startTelegram,
  pigeon: startPigeon,
  whatsapp: async () => await startWhatsApp('Emma', 'Finn'),
};

/**
 * Twenty-nine chats: ten private ones on Telegram; eight private ones and two groups on pigeon, one of them shared by two logins;
 * eight private ones and a shared group on WhatsApp.
 */
export async function startWorlds(networks: readonly NetworkName[]): Promise<Worlds> {
  const worlds = new Map<NetworkName, World>();
  const stop = async (): Promise<void> => {
    await Promise.allSettled([...worlds.values()].map(async (world) => await world.stop()));
  };
  try {
    for (const network of networks) worlds.set(network, await STARTS[network]());
  } catch (error) {
    await stop();
    throw error;
  }
  const logins = [...worlds.values()].flatMap((world) => world.logins);
  return {
    logins,
    chats: [...new Map(logins.flatMap(({ chats }) => chats).map((chat) => [chat.name, chat])).values()],
    settings: Object.fromEntries([...worlds].map(([network, { settings }]) => [network, settings])),
    trouble: async (chance, speak) => {
      for (const world of worlds.values()) await world.trouble?.(chance, speak);
    },
    stop,
  };
}

async function startTelegram(): Promise<World> {
  const telegram = await TelegramSandbox.start({ log: 'inherit' });
  try {
    return {
      logins: [await telegramLogin(telegram, 'Anna'), await telegramLogin(telegram, 'Bert')],
      settings: {
        enabled: true,
        apiId: 12345,
        apiHash: '0123456789abcdef0123456789abcdef',
        dangerousTestServers: true,
        test: {
          dcs: Object.fromEntries(Object.entries(telegram.dcs).map(([dc, port]) => [dc, `127.0.0.1:${port}`])),
          rsa: [telegram.rsa.pem],
        },
      },
      stop: async () => await telegram.stop(),
    };
  } catch (error) {
    await telegram.stop();
    throw error;
  }
}

async function startPigeon(): Promise<World> {
  const pigeon = await spawnPigeon();
  try {
    return {
      logins: await pigeonLogins(pigeon, 'Cleo', 'Dirk'),
      settings: { enabled: true, server: `127.0.0.1:${pigeon.port}` },
      stop: async () => await pigeon.stop(),
    };
  } catch (error) {
    await pigeon.stop();
    throw error;
  }
}

async function telegramLogin(telegram: TelegramSandbox, name: string): Promise<WorldLogin> {
  const self = await telegram.createPerson({ firstName: name });
  const chats: WorldChat[] = [];
  for (let number = 1; number <= CONTACTS_ON_TELEGRAM; number += 1) {
    const contact = await telegram.createPerson({ firstName: `${name}sfriend${number}` });
    chats.push(telegramChat(telegram, self, contact));
  }
  return {
    network: 'telegram',
    flow: 'phone',
    account: self.id,
    answers: [
      { asked: /^Send the phone number/, answer: async () => await Promise.resolve(`+${self.phone}`) },
      { asked: /login code/, answer: async () => (await telegram.waitForCode(self.phone)).code },
    ],
    chats,
  };
}

function telegramChat(telegram: TelegramSandbox, self: TelegramPerson, contact: TelegramPerson): WorldChat {
  const other = (by: string): string => (by === self.id ? contact.id : self.id);
  let last = 0;
  return {
    name: `telegram/${contact.firstName}`,
    members: [contact.id, self.id],
    write: async (by, text) => String((await telegram.write(by, other(by), text)).id),
    edit: async (by, handle, text) => void (await telegram.edit(by, Number(handle), text)),
    remove: async (by, handle) => void (await telegram.remove(by, [Number(handle)], true)),
    showings: async () => (await telegram.messages(self.id, contact.id)).map(telegramShowing),
    news: async () => {
      const fresh = await telegram.command('messages', { viewer: self.id, with: contact.id, after: last });
      last = fresh.at(-1)?.id ?? last;
      return fresh.map(({ text, edits }) => edits[0] ?? text);
    },
  };
}

function telegramShowing(message: WorldMessage): Showing {
  return { by: message.from, texts: [...message.edits, message.text], removed: message.deleted };
}

async function pigeonLogins(pigeon: Pigeon, ...names: readonly string[]): Promise<readonly WorldLogin[]> {
  const { hands } = pigeon;
  const drafts = [];
  for (const name of names) {
    const self = await hands.person(name);
    const contacts = [];
    for (let number = 1; number <= CONTACTS_ON_PIGEON; number += 1) {
      contacts.push(await hands.person(`${name}sfriend${number}`));
    }
    const chats: WorldChat[] = [];
    for (const contact of contacts) {
      const { id } = await hands.direct(self.id, contact.id);
      chats.push(pigeonChat(pigeon, `pigeon/${contact.name}`, id, [contact.id, self.id]));
    }
    drafts.push({ self, contacts, chats });
  }
  const [first, second] = drafts;
  if (first === undefined || second === undefined) throw new Error('pigeon has two logins here');
  const shared = [...first.contacts.slice(0, 2), ...second.contacts.slice(0, 1), first.self, second.self];
  const own = [...first.contacts.slice(2), first.self];
  const both = await hands.group(
    'Shared',
    shared.map(({ id }) => id),
  );
  const alone = await hands.group(
    'Alone',
    own.map(({ id }) => id),
  );
  const sharedChat = pigeonChat(pigeon, 'pigeon/Shared', both.id, both.members);
  const ownChat = pigeonChat(pigeon, 'pigeon/Alone', alone.id, alone.members);
  return [
    { ...first, chats: [...first.chats, sharedChat, ownChat] },
    { ...second, chats: [...second.chats, sharedChat] },
  ].map(({ self, chats }) => ({
    network: 'pigeon',
    flow: 'password',
    account: self.id,
    answers: [
      { asked: /^name$/, answer: async () => await Promise.resolve(self.handle) },
      { asked: /^password$/, answer: async () => await Promise.resolve(self.password) },
    ],
    chats,
  }));
}

function pigeonChat({ hands }: Pigeon, name: string, chat: string, members: readonly string[]): WorldChat {
  let known = 0;
  return {
    name,
    members,
    write: async (by, text) => (await hands.write(by, chat, text)).id,
    edit: async (by, handle, text) => await hands.edit(by, handle, text),
    remove: async (by, handle) => await hands.remove(by, handle),
    showings: async () =>
      (await hands.messages(chat)).map((message) => ({
        by: message.by,
        texts: [...message.edits.map(({ text }) => text), message.text],
        removed: message.removedAt !== undefined,
      })),
    news: async () => {
      const fresh = await hands.messages(chat, known);
      known += fresh.length;
      return fresh.map(({ text, edits }) => edits[0]?.text ?? text);
    },
  };
}
