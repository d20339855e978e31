// The simulated WhatsApp as the load and the checker need it: two accounts in one group, private chats, and the troubles of a
// service that people reach by telephone. Knows no bridge.
import {
  WhatsAppSandbox,
  type GroupInfo,
  type LoggedMessage,
  type Person,
} from '../../sandbox/whatsapp/control-client.ts';
import type { Showing } from './checker.ts';
import type { Chance } from './random.ts';
import { TROUBLES } from './whatsapp-trouble.ts';
import type { WorldChat, WorldLogin } from './worlds.ts';

const QR = /https:\/\/wa\.me\/settings\/linked_devices#[^\s"\\<]+/;
const CONTACTS = 4;

export interface WhatsAppWorld {
  readonly logins: readonly WorldLogin[];
  readonly settings: Readonly<Record<string, unknown>>;
  /** What happens on a bad day: to each account, one thing that chance chooses. @param speak lets somebody say something at once */
  trouble(chance: Chance, speak: (speaker: string) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Nine chats: four private ones of each of two accounts, and a group with both of them. */
export async function startWhatsApp(...names: readonly [string, string]): Promise<WhatsAppWorld> {
  const whatsapp = await WhatsAppSandbox.start();
  try {
    const drafts = [await account(whatsapp, names[0], 'pn'), await account(whatsapp, names[1], 'lid')];
    const [first, second] = drafts;
    if (first === undefined || second === undefined) throw new Error('WhatsApp has two logins here');
    const contacts = [...first.contacts.slice(0, 2), ...second.contacts.slice(0, 1)];
    const people = [...contacts, first.self, second.self];
    const [founder, ...others] = people.map(({ id }) => id);
    const shared = groupChat(whatsapp, await whatsapp.createGroup(founder ?? '', 'Shared', others), people);
    return {
      logins: drafts.map(({ self, chats }) => login(whatsapp, self, [...chats, shared])),
      settings: {
        enabled: true,
        dangerousTestServers: true,
        test: { url: whatsapp.url, root: whatsapp.rootKey.toString('hex') },
        // The load of a day within minutes.
        pacing: { sendsAtOnce: 500, sendsPerMinute: 5000, youngLinkDays: 0, reconnectsPerDay: 5000 },
      },
      trouble: async (chance, speak) => {
        for (const draft of drafts) {
          const contacts = draft.contacts.map(({ id }) => id);
          await chance.pick(TROUBLES)({
            whatsapp,
            self: draft.self.id,
            contacts,
            contact: chance.pick(contacts),
            speak: async (contact) => await speak(`whatsapp/${contact}`),
          });
        }
      },
      stop: async () => await whatsapp.stop(),
    };
  } catch (error) {
    await whatsapp.stop();
    throw error;
  }
}

function login(whatsapp: WhatsAppSandbox, self: Person, chats: readonly WorldChat[]): WorldLogin {
  return {
    network: 'whatsapp',
    flow: 'qr',
    account: self.id,
    answers: [
      {
        asked: QR,
        answer: async (notice) => {
          await whatsapp.scanQr(self.id, QR.exec(notice)?.[0] ?? '');
          return undefined;
        },
      },
    ],
    chats,
  };
}

async function account(
  whatsapp: WhatsAppSandbox,
  name: string,
  addressing: 'pn' | 'lid',
): Promise<{ self: Person; contacts: readonly Person[]; chats: readonly WorldChat[] }> {
  const self = await whatsapp.createPerson({ name, addressing });
  const contacts: Person[] = [];
  for (let number = 1; number <= CONTACTS; number += 1) {
    // Every other contact has a second device, and every other one writes under the hidden name.
    const more = { companions: number % 2, addressing: number > CONTACTS / 2 ? ('lid' as const) : ('pn' as const) };
    contacts.push(await whatsapp.createPerson({ name: `${name}sfriend${number}`, ...more }));
  }
  const chats = contacts.map((contact) => directChat(whatsapp, self, contact));
  return { self, contacts, chats };
}

function directChat(whatsapp: WhatsAppSandbox, self: Person, contact: Person): WorldChat {
  const peer = (by: string): string => (by === self.id ? contact.id : self.id);
  return chatOf(whatsapp, `whatsapp/${contact.name}`, [contact, self], peer);
}

function groupChat(whatsapp: WhatsAppSandbox, { id, subject }: GroupInfo, people: readonly Person[]): WorldChat {
  return chatOf(whatsapp, `whatsapp/${subject}`, people, () => id);
}

/** @param chat the chat as the telephone of `by` names it */
function chatOf(
  whatsapp: WhatsAppSandbox,
  name: string,
  people: readonly Person[],
  chat: (by: string) => string,
): WorldChat {
  const members = people.map(({ id }) => id);
  const [viewer = ''] = members;
  let known = 0;
  return {
    name,
    members,
    write: async (by, text) => await whatsapp.write(by, chat(by), text),
    edit: async (by, handle, text) => void (await whatsapp.edit(by, chat(by), handle, text)),
    remove: async (by, handle) => void (await whatsapp.remove(by, chat(by), handle)),
    showings: async () => {
      const telephones = await Promise.all(members.map(async (one) => await whatsapp.messages(one, chat(one))));
      return sameEverywhere(telephones.map(showingsOf));
    },
    news: async () => {
      const fresh = await whatsapp.command('messages', { viewer, with: chat(viewer), from: known });
      const unread = fresh.findIndex(({ readable }) => !readable);
      known += unread < 0 ? fresh.length : unread;
      return fresh.filter(({ kind }) => kind === 'text').map(({ text }) => text);
    },
  };
}

/** What a telephone shows of its messages: an edit and a revocation count when they come from the author. */
export function showingsOf(messages: readonly LoggedMessage[]): readonly Showing[] {
  const drafts = new Map<string, { by: string; texts: string[]; removed: boolean }>();
  for (const { id, from, kind, text, target, readable } of messages) {
    const about = drafts.get(`${from} ${target}`);
    if (readable && kind === 'edit') about?.texts.push(text);
    else if (readable && kind === 'revoke') {
      if (about !== undefined) about.removed = true;
    } else drafts.set(`${from} ${id}`, { by: from, texts: readable ? [text] : [], removed: false });
  }
  return [...drafts.values()];
}

/** The first telephone's view, without what another one shows otherwise or not at all: that did not arrive. */
export function sameEverywhere([first = [], ...others]: readonly (readonly Showing[])[]): readonly Showing[] {
  const views = others.map((view) => new Set(view.map((showing) => JSON.stringify(showing))));
  return first.filter((showing) => views.every((view) => view.has(JSON.stringify(showing))));
}
