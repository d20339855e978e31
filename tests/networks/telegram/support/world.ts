// What the contract of the adapters asks of a network, on the simulated Telegram; one simulator serves many worlds in turn.
import { as, type ChatId, type MessageId, type PersonId } from '../../../../src/model/ids.ts';
import type { ActionKind } from '../../../../src/model/delivery.ts';
import type { Person, TelegramSandbox, WorldMessage } from '../../../../sandbox/telegram/control-client.ts';
import type { Account, NetworkWorld, Said, Somebody } from '../../../contracts/network-world.ts';
import { adapterFor, newPerson } from './telegram.ts';

const METHODS: Readonly<Partial<Record<ActionKind, string>>> = {
  send: 'messages.sendMessage',
  edit: 'messages.editMessage',
  remove: 'messages.deleteMessages',
};
const A_WHILE_MS = 10 * 60_000;

export function telegramWorld(sandbox: TelegramSandbox): NetworkWorld {
  const people = new Map<PersonId, Person>();

  async function person(spec: Parameters<typeof newPerson>[1] = {}): Promise<Person> {
    const made = await newPerson(sandbox, spec);
    people.set(as<PersonId>(`u${made.id}`), made);
    return made;
  }

  function of(who: Account | Somebody): Person {
    const found = people.get('self' in who ? who.self : who.id);
    if (found === undefined) throw new Error('nobody of this world');
    return found;
  }

  /** `mine` is the author's numbering, `theirs` the reader's. */
  function said(author: Person, written: WorldMessage, message: number | null): Said {
    return {
      message: as<MessageId>(String(message)),
      async edit(text) {
        await sandbox.edit(author.id, written.id, text);
      },
      async remove() {
        await sandbox.remove(author.id, [written.id]);
      },
    };
  }

  return {
    adapter: (house) => adapterFor(sandbox, house, { callMs: 5_000 }),
    async account() {
      return { self: as<PersonId>(`u${(await person()).id}`) };
    },
    async somebody() {
      const made = await person({ lastName: 'Somebody' });
      return {
        id: as<PersonId>(`u${made.id}`),
        name: `${made.firstName} ${made.lastName}`,
        identifier: `@${made.username}`,
      };
    },
    flow: 'phone',
    async answer(account, step, right) {
      const [field] = step.fields;
      if (field?.name === 'phone') return { phone: `+${of(account).phone}` };
      const { code } = await sandbox.waitForCode(of(account).phone);
      return { code: right ? code : code.replaceAll(/\d/g, (digit) => String((Number(digit) + 1) % 10)) };
    },
    async logins(account) {
      return (await sandbox.sessions(of(account).id)).length;
    },

    async says(who, to, text) {
      const written = await sandbox.write(of(who).id, of(to).id, text);
      return said(of(who), written, written.peerMessageId);
    },
    async phoneSays(account, to, text) {
      const written = await sandbox.write(of(account).id, of(to).id, text);
      return said(of(account), written, written.id);
    },
    async sees(who, other) {
      const all = await sandbox.messages(of(who).id, of(other).id);
      return all.map((one) => {
        const answered = all.find(({ id }) => id === one.replyTo);
        return {
          text: one.text,
          mine: one.out,
          removed: one.deleted,
          edits: one.edits.length,
          reactions: [],
          ...(answered === undefined ? {} : { answers: answered.text }),
        };
      });
    },
    async types(who, to) {
      await sandbox.type(of(who).id, of(to).id);
    },

    async cut(account) {
      await sandbox.killSockets(of(account).id);
    },
    async shut() {
      await sandbox.refuseConnections(A_WHILE_MS);
      await sandbox.killSockets();
    },
    async open() {
      await sandbox.refuseConnections(0);
    },
    async loseReply(account, kind) {
      const method = METHODS[kind];
      if (method === undefined) throw new Error(`${kind} is not carried to Telegram`);
      await sandbox.loseReplies(method, { account: of(account).id, times: 1, kill: true });
    },
    async revoke(account) {
      await sandbox.revoke(of(account).id, 'SESSION_REVOKED', true);
    },
    async connections() {
      return (await sandbox.stats()).sockets;
    },

    nowhere: { chat: as<ChatId>('u999999'), message: as<MessageId>('999999') },
    async close() {
      await sandbox.clearFaults();
    },
  };
}
