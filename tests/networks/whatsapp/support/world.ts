// What the contract of the adapters asks of a network, on the simulated WhatsApp; one simulator serves many worlds in turn.
import { as, type ChatId, type MessageId, type PersonId } from '../../../../src/model/ids.ts';
import type { Clock, Logger } from '../../../../src/ports/stores.ts';
import type { NetworkAdapter } from '../../../../src/ports/network.ts';
import {
  createWhatsApp,
  settingsSchema,
  type WhatsAppOptions,
  type WhatsAppSettings,
} from '../../../../src/networks/whatsapp/index.ts';
import type { LoggedMessage, Person, WhatsAppSandbox } from '../../../../sandbox/whatsapp/control-client.ts';
import type { Account, NetworkWorld, Said, Seen, Somebody } from '../../../contracts/network-world.ts';
import { realClock, type House } from '../../../support/house.ts';
import { quiet } from '../../../support/quiet.ts';

const A_WHILE_MS = 10 * 60_000;

export const identityKey = Buffer.alloc(32, 7);

/** What an operator may set otherwise than usual. */
export type Chosen = Partial<Pick<WhatsAppSettings, 'presence' | 'disappearing'>>;

export function adapterFor(
  sandbox: Pick<WhatsAppSandbox, 'url' | 'rootKey' | 'web' | 'webCertificate'>,
  house: Pick<House, 'vault'>,
  options: WhatsAppOptions = {},
  chosen: Chosen = {},
  clock: Clock = realClock,
  log: Logger = quiet,
): NetworkAdapter {
  const settings = settingsSchema.parse({
    ...chosen,
    dangerousTestServers: true,
    test: {
      url: sandbox.url,
      root: sandbox.rootKey.toString('hex'),
      web: sandbox.web,
      webCertificate: sandbox.webCertificate,
    },
  });
  return createWhatsApp(settings, { vault: house.vault, identityKey, log, clock }, options);
}

let people = 0;

/** A person of a name nobody else in this simulator has. */
export async function newPerson(sandbox: WhatsAppSandbox, name = 'Person'): Promise<Person> {
  people += 1;
  return await sandbox.createPerson({ name: `${name} ${people}`, addressing: people % 2 === 0 ? 'lid' : 'pn' });
}

export function idOf(person: Pick<Person, 'id'>): PersonId {
  return as<PersonId>(`l${person.id}`);
}

export function messageOf(author: Pick<Person, 'id'>, id: string): MessageId {
  return as<MessageId>(`${idOf(author)}.${id}`);
}

export function whatsappWorld(sandbox: WhatsAppSandbox): NetworkWorld {
  const known = new Map<PersonId, Person>();

  async function person(name: string): Promise<Person> {
    const made = await newPerson(sandbox, name);
    known.set(idOf(made), made);
    return made;
  }

  function of(who: Account | Somebody): Person {
    const found = known.get('self' in who ? who.self : who.id);
    if (found === undefined) throw new Error('nobody of this world');
    return found;
  }

  async function write(author: Person, other: Person, text: string): Promise<Said> {
    const id = await sandbox.write(author.id, other.id, text);
    return {
      message: messageOf(author, id),
      async edit(words) {
        await sandbox.edit(author.id, other.id, id, words);
      },
      async remove() {
        await sandbox.remove(author.id, other.id, id);
      },
    };
  }

  return {
    adapter: (house) => adapterFor(sandbox, house, { paced: false, linksADay: 10, ackMs: 5_000 }, { presence: true }),
    async account() {
      return { self: idOf(await person('Account')) };
    },
    async somebody() {
      const made = await person('Somebody');
      return { id: idOf(made), name: made.name, identifier: `+${made.phone}` };
    },
    flow: 'code',
    async answer(account) {
      return await Promise.resolve({ phone: `+${of(account).phone}` });
    },
    async show(account, { data }) {
      await sandbox.typeCode(of(account).id, data.replace('-', ''));
    },
    async logins(account) {
      return (await sandbox.person(of(account).id)).devices.filter(({ simulated }) => !simulated).length;
    },

    says: async (who, to, text) => await write(of(who), of(to), text),
    phoneSays: async (account, to, text) => await write(of(account), of(to), text),
    async sees(who, other) {
      return shown(await sandbox.messages(of(who).id, of(other).id), of(who).id);
    },
    async types(who, to) {
      await sandbox.type(of(who).id, of(to).id);
    },

    groups: {
      async make(by, name, account, others) {
        const members = [of(account), ...others.map(of)].map(({ id }) => id);
        const group = await sandbox.createGroup(of(by).id, name, members);
        const promote = { by: of(by).id, group: group.id, change: 'promote', people: [of(account).id] } as const;
        await sandbox.command('members', promote);
        return as<ChatId>(`g${group.id.split('@')[0]}`);
      },
      async now(chat) {
        const found = await sandbox.command('group', { group: `${chat.slice(1)}@g.us` });
        if (found === null) throw new Error('no such group');
        const people = Object.entries(found.members);
        return {
          name: found.subject,
          topic: found.description ?? '',
          members: people.map(([id]) => as<PersonId>(`l${id}`)),
          admins: people.filter(([, role]) => role !== 'member').map(([id]) => as<PersonId>(`l${id}`)),
          announce: found.announce,
          locked: found.locked,
          picture: found.pictureId,
          timer: found.ephemeral,
        };
      },
      async change(by, chat, deed) {
        const about = { by: of(by).id, group: `${chat.slice(1)}@g.us` };
        if ('rename' in deed) await sandbox.command('changeGroup', { ...about, subject: deed.rename });
        else {
          const [change, who] = 'add' in deed ? (['add', deed.add] as const) : (['remove', deed.expel] as const);
          await sandbox.command('members', { ...about, change, people: [of(who).id] });
        }
      },
    },

    async cut(account) {
      await sandbox.command('killSockets', { person: of(account).id });
    },
    async shut() {
      await sandbox.command('refuseConnections', { ms: A_WHILE_MS });
      await sandbox.command('killSockets', {});
    },
    async open() {
      await sandbox.command('refuseConnections', { ms: 0 });
    },
    async loseReply(account) {
      await sandbox.command('loseReplies', { person: of(account).id, what: 'message', times: 1, kill: true });
    },
    async revoke(account) {
      await sandbox.command('unlink', { by: of(account).id });
    },
    async connections() {
      const { sessions, pairing } = await sandbox.command('stats', {});
      return sessions + pairing;
    },

    nowhere: { chat: as<ChatId>('l999999'), message: as<MessageId>('l999999.3EB0FF') },
    async close() {
      await sandbox.command('clearFaults', {});
    },
  };
}

/** A phone's chat as its person sees it: edits, removals and reactions are seen on what they are about. */
function shown(delivered: readonly LoggedMessage[], viewer: string): Seen[] {
  // The log has every delivery; a phone shows a message of one sender and one id once.
  const all = delivered.filter(
    (one, n) => delivered.findIndex(({ id, from }) => id === one.id && from === one.from) === n,
  );
  const about = (id: string, kind: LoggedMessage['kind']): readonly LoggedMessage[] =>
    all.filter((one) => one.kind === kind && one.target === id);
  return all
    .filter(({ kind, readable }) => kind === 'text' && readable)
    .map((one) => {
      const edits = about(one.id, 'edit');
      const answered = all.find(({ id, kind }) => kind === 'text' && id === one.quoted);
      return {
        text: edits.at(-1)?.text ?? one.text,
        mine: one.from === viewer,
        removed: about(one.id, 'revoke').length > 0,
        edits: edits.length,
        reactions: about(one.id, 'reaction')
          .slice(-1)
          .flatMap(({ text }) => (text === '' ? [] : [text])),
        ...(answered === undefined ? {} : { answers: answered.text }),
      };
    });
}
