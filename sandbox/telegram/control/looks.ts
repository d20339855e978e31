// Commands that look: what people have, what clients did, when something changed. They change nothing of the world.

import type { TelegramServer } from '../server.ts';
import type { Human } from '../world/people.ts';
import { messageJson, personIn, type Commands } from './commands.ts';

const MAX_WAIT_MS = 30_000;

type LookCommand = 'messages' | 'chats' | 'sessions' | 'calls' | 'clearCalls' | 'stats' | 'version' | 'waitChange';

export function looksCommands(server: TelegramServer): Commands<LookCommand> {
  const { world } = server;
  const human = (id: string): Human => personIn(world, id);

  return {
    messages: ({ viewer, with: peer, after = 0 }) =>
      human(viewer)
        .box.chats.get(human(peer).id)
        ?.copies.filter(({ id }) => id > after)
        .map((copy) => messageJson(world, copy)) ?? [],
    chats: ({ viewer }) => {
      const { box } = human(viewer);
      return [...box.chats.values()].map((chat) => {
        const visible = box.visible(chat);
        return {
          with: String(chat.peer),
          messages: visible.length,
          unread: box.unread(chat),
          topMessage: visible.at(-1)?.id ?? 0,
        };
      });
    },
    sessions: ({ account }) =>
      server.keys.ofAccount(human(account).id).map((key) => {
        const sessions = [...key.sessions.values()].filter((session) => session.connected);
        return {
          key: key.id.toString(16).padStart(16, '0'),
          dc: key.dc,
          layer: key.layer ?? 0,
          sockets: sessions.length,
          receiving: sessions.filter((session) => session.receives).length,
        };
      }),
    calls: ({ method, account }) =>
      server.calls.filter(
        (call) =>
          (method === undefined || call.method === method) && (account === undefined || call.account === account),
      ),
    clearCalls: () => {
      server.calls = [];
      return null;
    },
    stats: () => ({
      people: world.people.size,
      messages: world.messages.count,
      keys: server.keys.size,
      sockets: server.connections.size,
      ...server.counts,
      rss: process.memoryUsage.rss(),
      unknownMethods: Object.fromEntries(server.unknownMethods),
    }),
    version: () => ({ version: world.news.current }),
    waitChange: async ({ version, timeout }) => {
      await world.news.changed(version, Math.min(Math.max(timeout, 0), MAX_WAIT_MS));
      return { version: world.news.current };
    },
  };
}
