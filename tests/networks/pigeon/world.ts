// The toy network as the contract of the adapters wants it.
import { as, type PersonId } from '../../../src/model/ids.ts';
import { createPigeon, settingsSchema } from '../../../src/networks/pigeon/index.ts';
import { startPigeon, type Message, type Pigeon } from '../../../sandbox/pigeon/pigeon.ts';
import type { Account, NetworkWorld, Said, Seen, Somebody } from '../../contracts/network-world.ts';
import { realClock } from '../../support/house.ts';
import { quiet } from '../../support/quiet.ts';

export const PASSWORD = 'homing';

export async function pigeonWorld(): Promise<NetworkWorld & { readonly pigeon: Pigeon }> {
  const pigeon = await startPigeon();
  const { hands } = pigeon;
  let people = 0;
  const handles = new Map<string, string>();
  const chatOf = async (who: Somebody, account: Account): Promise<string> =>
    (await hands.direct(who.id, account.self)).id;
  const said = ({ id, by }: Message): Said => ({
    message: as(id),
    edit: async (text) => await hands.edit(by, id, text),
    remove: async () => await hands.remove(by, id),
  });
  return {
    pigeon,
    flow: 'password',
    nowhere: { chat: as('g999'), message: as('m999') },
    adapter: (house) =>
      createPigeon(settingsSchema.parse({ server: `127.0.0.1:${pigeon.port}` }), {
        vault: house.vault,
        identityKey: Buffer.alloc(32, 1),
        log: quiet,
        clock: realClock,
      }),
    account: async () => {
      people += 1;
      const { id, handle } = await hands.person(`Account ${people}`, PASSWORD);
      handles.set(id, handle);
      return { self: as(id) };
    },
    somebody: async () => {
      people += 1;
      const { id, name, handle } = await hands.person(`Somebody ${people}`);
      return { id: as(id), name, identifier: `@${handle}` };
    },
    answer: async (account, _step, right) =>
      await Promise.resolve({
        name: handles.get(account.self) ?? '',
        password: right ? PASSWORD : 'stray',
      }),
    logins: async (account) => (await hands.logins(account.self)).tokens,
    says: async (who, to, text) => said(await hands.write(who.id, await chatOf(who, to), text)),
    phoneSays: async (account, to, text) => said(await hands.write(account.self, await chatOf(to, account), text)),
    sees: async (who, other) => {
      const all = await hands.messages(await chatOf(who, other));
      return all.map((one): Seen => {
        const answered = all.find((other) => other.id === one.replyTo);
        return {
          text: one.text,
          mine: one.by === who.id,
          removed: one.removedAt !== undefined,
          edits: one.edits.length,
          reactions: Object.values(one.reactions),
          ...(answered === undefined ? {} : { answers: answered.text }),
        };
      });
    },
    types: async (who, to) => {
      await hands.pass({ kind: 'typing', by: who.id, chat: await chatOf(who, to), active: true });
    },
    groups: {
      make: async (by, name, account, others) => {
        const { id } = await hands.group(name, [by.id, account.self, ...others.map((one) => one.id)]);
        return as(id);
      },
      now: async (chat) => {
        const found = (await hands.chats()).find(({ id }) => id === chat);
        const members = (found?.members ?? []).map((id) => as<PersonId>(id));
        return { name: found?.name ?? '', topic: '', members, admins: [], announce: false, locked: false };
      },
      change: async (by, chat, deed) => {
        if ('rename' in deed) await hands.rename(chat, by.id, deed.rename);
        else if ('add' in deed) await hands.join(chat, deed.add.id, by.id);
        else await hands.leave(chat, deed.expel.id, by.id);
      },
    },
    cut: async (account) => void (await hands.cut(account.self)),
    shut: async () => await hands.shut(),
    open: async () => await hands.open(),
    loseReply: async (account, kind) => await hands.loseReplies({ count: 1, do: kind, person: account.self }),
    revoke: async (account) => await hands.revoke(account.self),
    connections: async () => await hands.sockets(),
    close: async () => await pigeon.stop(),
  };
}
