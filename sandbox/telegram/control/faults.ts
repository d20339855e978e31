// Commands that spoil something between the service and its clients. They change nothing of the world.

import type { SandboxOptions } from '../control-types.ts';
import type { TelegramServer } from '../server.ts';
import { accountIn, personIn, type Commands } from './commands.ts';

type FaultCommand =
  | 'options'
  | 'dropPushes'
  | 'spoilPushes'
  | 'holdPackets'
  | 'delayAnswers'
  | 'failNext'
  | 'loseReplies'
  | 'killSockets'
  | 'revoke'
  | 'forgetKeys'
  | 'rotateSalts'
  | 'refuseConnections'
  | 'clearFaults';

export function faultsCommands(server: TelegramServer): Commands<FaultCommand> {
  const { world, faults } = server;
  const human = (id: string) => personIn(world, id);
  const accountId = (id: string | undefined) => accountIn(world, id);

  return {
    options: (change: Partial<SandboxOptions>) => {
      server.options = { ...server.options, ...change };
      return server.options;
    },
    dropPushes: ({ account, count }) => {
      faults.drop(human(account).id, count === 'all' ? Number.POSITIVE_INFINITY : count);
      return null;
    },
    spoilPushes: ({ account, how, count }) => {
      faults.spoil(human(account).id, how, count);
      return null;
    },
    holdPackets: ({ account, hold }) => {
      for (const key of server.keys.ofAccount(human(account).id)) {
        for (const session of key.sessions.values()) session.hold(hold);
      }
      return null;
    },
    delayAnswers: ({ ms, method, account, times }) => {
      faults.delay(ms, method ?? null, accountId(account), times ?? Number.POSITIVE_INFINITY);
      return null;
    },
    failNext: ({ method, code, message, account, times }) => {
      faults.fail(method, code, message, accountId(account), times ?? 1);
      return null;
    },
    loseReplies: ({ method, account, times, kill }) => {
      faults.lose(method, accountId(account), times ?? 1, kill ?? false);
      return null;
    },
    killSockets: ({ account, forget = false }) => {
      const id = accountId(account);
      const connections = server.connectionsOf(id);
      for (const connection of connections) connection.kill();
      if (forget) for (const key of id === null ? server.keys.all() : server.keys.ofAccount(id)) key.sessions.clear();
      return { killed: connections.length };
    },
    revoke: ({ account, error, kill = false }) => {
      const { id } = human(account);
      const connections = kill ? server.connectionsOf(id) : [];
      const revoked = server.revoke(id, error ?? 'AUTH_KEY_UNREGISTERED');
      for (const connection of connections) connection.kill();
      return { revoked };
    },
    forgetKeys: ({ account }) => {
      const keys = server.keys.ofAccount(human(account).id);
      for (const key of keys) server.keys.remove(key);
      return { forgotten: keys.length };
    },
    rotateSalts: ({ account }) => {
      const id = accountId(account);
      const keys = id === null ? server.keys.all() : server.keys.ofAccount(id);
      for (const key of keys) key.rotate();
      return { rotated: keys.length };
    },
    refuseConnections: ({ ms }) => {
      faults.refuse(ms);
      return null;
    },
    clearFaults: () => {
      faults.clear();
      for (const key of server.keys.all()) for (const session of key.sessions.values()) session.hold(false);
      return null;
    },
  };
}
