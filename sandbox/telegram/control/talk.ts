// Commands by which people write, change, read. Knows no clients.

import type { TelegramServer } from '../server.ts';
import type { Human } from '../world/people.ts';
import { messageJson, personIn, type Commands } from './commands.ts';

type TalkCommand = 'write' | 'createGroup' | 'writeIn' | 'edit' | 'remove' | 'react' | 'type' | 'read';

export function talkCommands(server: TelegramServer): Commands<TalkCommand> {
  const { world } = server;
  const human = (id: string): Human => personIn(world, id);

  return {
    write: ({ from, to, text, kind, entities, replyTo, randomId }) => {
      const what = {
        text,
        kind: kind ?? 'text',
        entities: entities ?? [],
        replyTo: replyTo ?? null,
        randomId: randomId === undefined ? null : BigInt(randomId),
      };
      return messageJson(world, world.messages.write(human(from), human(to), what).copy);
    },
    createGroup: ({ kind, title, members }) => {
      const made = world.groups.create(kind, title, members.map(human));
      return { id: String(made.peer), kind, title, members };
    },
    writeIn: ({ from, group, text }) => {
      const found = world.groups.get(BigInt(group));
      if (found === undefined) throw new Error(`there is no group ${group}`);
      return { id: world.groups.write(human(from), found, text) };
    },
    edit: ({ by, id, text, entities }) =>
      messageJson(world, world.messages.edit(human(by), id, { text, entities: entities ?? [] }).copy),
    remove: ({ by, ids, revoke }) => ({ removed: world.messages.remove(human(by), ids, revoke).count }),
    react: ({ by, id, emoji }) => {
      world.messages.react(human(by), id, emoji);
      return null;
    },
    type: ({ from, to, action }) => {
      world.messages.typing(human(from), human(to), action === 'cancel');
      return null;
    },
    read: ({ by, with: peer, maxId }) => {
      world.messages.read(human(by), human(peer), maxId);
      return null;
    },
  };
}
