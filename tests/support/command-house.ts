// A worker that reads lines typed to the bot, over the real policy desk, login desk and in-memory stores; knows no homeserver.
import { Beginnings } from '../../src/bridge/beginnings.ts';
import { LoginDesk, type LoginNotice } from '../../src/bridge/logins.ts';
import { Commands } from '../../src/commands/dispatcher.ts';
import { as, type ChatId, type NetworkId, type PuppetId } from '../../src/model/ids.ts';
import type { Puppet } from '../../src/model/records.ts';
import { say } from '../../src/model/say.ts';
import { PolicyDesk } from '../../src/policy/policy-desk.ts';
import type { NetworkSession } from '../../src/ports/network.ts';
import { memoryStore, type MemoryStore } from './memory-store.ts';
import { quiet } from './quiet.ts';
import { root, scriptedNetwork, type ScriptedNetwork } from './scripted-network.ts';

export const pigeon = as<NetworkId>('pigeon');

export interface House {
  readonly store: MemoryStore;
  readonly desk: PolicyDesk;
  readonly logins: LoginDesk;
  readonly commands: Commands;
  readonly network: ScriptedNetwork;
  readonly notices: LoginNotice[];
  readonly opened: Puppet[];
  /** Chats whose rooms were asked for. */
  readonly asked: ChatId[];
  /** The lines that are open here. */
  readonly lines: Map<PuppetId, NetworkSession>;
  /** Of lines that are just being opened. */
  readonly opening: Map<PuppetId, Promise<void>>;
}

/** A worker; those over one database hear of each other. */
export async function build(slot = 'a', db?: MemoryStore['db']): Promise<House> {
  const store = memoryStore(slot, db);
  await store.leases.enlist();
  const network = scriptedNetwork(pigeon);
  const adapters = new Map([[pigeon, network.adapter]]);
  const desk = new PolicyDesk({ rules: store.rules, clock: store.clock, log: quiet, administrators: [root] });
  const notices: LoginNotice[] = [];
  const opened: Puppet[] = [];
  const asked: ChatId[] = [];
  const lines = new Map<PuppetId, NetworkSession>();
  const opening = new Map<PuppetId, Promise<void>>();
  const logins = new LoginDesk({
    caps: { perPerson: 10 },
    ...store,
    adapters,
    policy: desk,
    log: quiet,
    onLogin: async (puppet) => {
      await Promise.resolve();
      opened.push(puppet);
    },
    onNotice: async (notice) => {
      await Promise.resolve();
      notices.push(notice);
    },
  });
  const commands = new Commands({
    ...store,
    adapters,
    policy: desk,
    beginnings: new Beginnings({ ...store, may: async (facts) => await desk.may(facts), adapters }),
    logins,
    log: quiet,
    sessions: {
      session: ({ id }) => lines.get(id),
      opening: ({ id }) => opening.get(id),
      reconnect: async (puppet) => await store.puppets.setState(puppet.id, 'online'),
      logout: async (puppet) => await store.puppets.setState(puppet.id, 'signed-out'),
    },
    openChat: async (_, { chat }) => {
      asked.push(chat.id);
      return await Promise.resolve(undefined);
    },
    roomToGroup: async ({ room }) => await Promise.resolve([say('chat.opened', { name: 'room', room })]),
  });
  return { store, desk, logins, commands, network, notices, opened, asked, lines, opening };
}
